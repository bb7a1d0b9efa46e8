"""The base of all schedules of the learning rate."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]

_ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
    "will result in PyTorch skipping the first value of the learning rate schedule. "
    "See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
_OVERRIDDEN = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
    "initialization. Please, make sure to call `optimizer.step()` before "
    "`lr_scheduler.step()`. See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
EPOCH_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the scheduler. "
    "During the deprecation, if epoch is different from None, the closed form is used "
    "instead of the new chainable form, where available."
)


def current(optimizer: Optimizer, key: str = "lr") -> list[Any]:
    """Return an option of every group; tensors are copied."""
    values = [group[key] for group in optimizer.param_groups]
    return [x.clone() if isinstance(x, Tensor) else x for x in values]


def put(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option of a group; a tensor is filled in place."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def require_optimizer(optimizer: Any) -> None:
    """Refuse what is not an optimizer.

    Raises:
        TypeError: it is not one.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value for each group, from one for all or a list of them."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * count
    elif len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {count}."
        )
    return [x.clone() if isinstance(x, Tensor) else x for x in value]


def functions_for(optimizer: Optimizer, given: Any) -> list[Callable[[int], float]]:
    """Return one function for each group."""
    count = len(optimizer.param_groups)
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ValueError(f"Expected {count} lr_lambdas, but got {len(given)}")
    return list(given)


def attributes_of(function: Any) -> dict[str, Any] | None:
    """Return what a checkpoint keeps of a function: an object's attributes, or None."""
    if function is None or isinstance(function, types.FunctionType):
        return None
    return dict(function.__dict__)


class LRScheduler:
    """Change the learning rate of an optimizer, epoch by epoch.

    A subclass gives ``get_lr``, which returns the new rates from the present ones and
    from ``last_epoch``; ``_get_closed_form_lr``, if there is one, returns them from
    ``last_epoch`` alone.

    Args:
        optimizer: whose groups' ``"lr"`` is changed.
        last_epoch: number of the last epoch; -1 to start.

    Raises:
        TypeError: ``optimizer`` is not one.
        KeyError: a resumed schedule doesn't find ``"initial_lr"`` in the groups.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        require_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                rate = group["lr"]
                start = rate.clone() if isinstance(rate, Tensor) else rate
                group.setdefault("initial_lr", start)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when "
                    "resuming scheduler with last_epoch >= 0. Load the optimizer's "
                    "state first, or leave last_epoch out to start anew."
                )
        self.base_lrs: list[Any] = current(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        if optimizer._step_seen is None:
            optimizer._step_seen = False
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of epoch 0."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {key: self.__dict__[key] for key in self.__dict__ if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the rates that were set last."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``; a subclass says how."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch and set its rates.

        Args:
            epoch: go to this one instead (deprecated).
        """
        if self._step_count == 1:
            if "step" in self.optimizer.__dict__:
                warnings.warn(_OVERRIDDEN, UserWarning, stacklevel=2)
            elif not self.optimizer._step_seen:
                warnings.warn(_ORDER, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATED, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None)
        chained = epoch is None or closed is None
        self._set(self._within_step(self.get_lr if chained else closed))

    def _within_step(self, compute: Any) -> list[Any]:
        self._get_lr_called_within_step = True
        try:
            return compute()
        finally:
            self._get_lr_called_within_step = False

    def _set(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            put(group, "lr", rate)
        self._last_lr: list[Any] = current(self.optimizer)

    def _rates(self) -> list[Any]:
        """Return the present rates, warning a caller who wants ``get_last_lr``."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, "
                "please use `get_last_lr()`.",
                UserWarning, stacklevel=3,
            )  # fmt: skip
        return current(self.optimizer)
