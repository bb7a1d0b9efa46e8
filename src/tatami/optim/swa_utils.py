"""Averages of weights: a model that follows another, and the schedule beside it."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import dtypes
from ..autograd import no_grad
from ..nn import Module
from ..nn.modules.batchnorm import _BatchNorm
from ..ops.creation import tensor
from ..tensor import Tensor
from .lr_scheduler.base import LRScheduler, for_each_group
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] "
            "range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return a function that moves an average towards a value by ``1 - decay``.

    Example:
        >>> import tatami
        >>> average = tatami.optim.swa_utils.get_ema_avg_fn(0.5)
        >>> average(tatami.zeros(1), tatami.ones(1), 0)
        tensor([0.5000])
    """
    _check_decay(decay)

    def average(averaged: Tensor, value: Tensor, count: Any) -> Tensor:
        with no_grad():
            return decay * averaged + (1 - decay) * value

    return average


def get_swa_avg_fn() -> Average:
    """Return a function that takes one more value into an equal average.

    Example:
        >>> import tatami
        >>> average = tatami.optim.swa_utils.get_swa_avg_fn()
        >>> average(tatami.zeros(1), tatami.ones(1), 3)
        tensor([0.2500])
    """

    def average(averaged: Tensor, value: Tensor, count: Any) -> Tensor:
        with no_grad():
            step: Tensor = (value - averaged) / (count + 1)
            return averaged + step

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """Return a function that moves averages in place towards values by ``1 - decay``.

    Example:
        >>> import tatami
        >>> average = tatami.optim.swa_utils.get_ema_multi_avg_fn(0.5)
        >>> averaged = tatami.zeros(1)
        >>> average([averaged], [tatami.ones(1)], 0)
        >>> averaged
        tensor([0.5000])
    """
    _check_decay(decay)
    return _blend(lambda count: 1 - decay)


def get_swa_multi_avg_fn() -> Averages:
    """Return a function that takes one more value into equal averages, in place.

    Example:
        >>> import tatami
        >>> average = tatami.optim.swa_utils.get_swa_multi_avg_fn()
        >>> averaged = tatami.zeros(1)
        >>> average([averaged], [tatami.ones(1)], 3)
        >>> averaged
        tensor([0.2500])
    """
    return _blend(lambda count: 1 / (float(count) + 1))


def _blend(weight: Callable[[Any], float]) -> Averages:
    def average(
        averaged: Sequence[Tensor], values: Sequence[Tensor], count: Any
    ) -> None:
        part = weight(count)
        with no_grad():
            for old, new in zip(averaged, values, strict=True):
                if old.is_floating_point():
                    old.lerp_(new, part)
                else:
                    old.copy_(old * (1 - part) + new * part)

    return average


class AveragedModel(Module):
    """Hold a copy of a model whose parameters are averages of the model's.

    Args:
        model: is copied.
        device: must be the CPU.
        avg_fn: gives the new average of one parameter from the old one, the model's
            and how many were averaged; equal averages if left out.
        multi_avg_fn: does the same for all at once, in place.
        use_buffers: average buffers too, rather than copy them.

    Raises:
        AssertionError: both functions are given.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better
    generalization", section 3.

    Example:
        >>> import tatami
        >>> model = tatami.nn.Linear(1, 1)
        >>> averaged = tatami.optim.swa_utils.AveragedModel(model)
        >>> averaged.update_parameters(model)
        >>> averaged.n_averaged
        tensor(1)
    """

    n_averaged: Tensor

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None, use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(
                "Only one of avg_fn and multi_avg_fn should be provided"
            )
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count = tensor(0, dtype=dtypes.int64, device=device)
        self.register_buffer("n_averaged", count)
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    @no_grad()  # type: ignore[untyped-decorator]
    def update_parameters(self, model: Module) -> None:
        """Take the parameters of the model into the averages."""
        averaged, values = self._tensors(self.module), self._tensors(model)
        if self.n_averaged.item() == 0:
            for old, new in zip(averaged, values, strict=True):
                old.copy_(new)
        elif self.avg_fn is not None:
            for old, new in zip(averaged, values, strict=True):
                old.copy_(self.avg_fn(old, new, self.n_averaged))
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(
                averaged, values, self.n_averaged
            )
        if not self.use_buffers:
            buffers = zip(self.module.buffers(), model.buffers(), strict=True)
            for old, new in buffers:
                old.copy_(new)
        self.n_averaged.add_(1)

    def _tensors(self, model: Module) -> list[Tensor]:
        buffers: Iterable[Tensor] = model.buffers() if self.use_buffers else ()
        return [x.detach() for x in itertools.chain(model.parameters(), buffers)]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of batch normalisation anew.

    Args:
        loader: gives batches; of a list or tuple the first entry is the input.
        model: is run on them in training mode.
        device: must be the CPU.

    Example:
        >>> import tatami
        >>> model = tatami.nn.BatchNorm1d(1)
        >>> model.running_mean.fill_(5)
        tensor([5.])
        >>> tatami.optim.swa_utils.update_bn([], model)
        >>> model.running_mean
        tensor([0.])
    """
    layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    training = model.training
    model.train()
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
        with no_grad():
            for batch in loader:
                given = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(given if device is None else given.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """Bring the rate to a constant one, which averaging of weights goes with.

    Args:
        optimizer: whose rates are changed.
        swa_lr: the constant rate, or one for each group.
        anneal_epochs: number of epochs until it is reached.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: number of the last epoch; -1 to start.

    Raises:
        ValueError: the strategy is unknown, or the number of epochs negative.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.swa_utils.SWALR(optimizer, 0.5, anneal_epochs=1)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: Any, anneal_epochs: int = 10,
        anneal_strategy: str = "cos", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        rates = for_each_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            )
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """Return how much of the way is gone when ``t`` of the time is."""
        if self._anneal_strategy == "linear":
            return t
        return (1 - math.cos(math.pi * t)) / 2

    def _gone(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return self.anneal_func(t)

    def get_lr(self) -> list[Any]:
        """Return the rates of the present step, from those of the step before."""
        rates, step = self._rates(), self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._gone(step - 1), self._gone(step)
        ends = [group["swa_lr"] for group in self.optimizer.param_groups]
        starts = [
            end if before == 1 else (rate - before * end) / (1 - before)
            for rate, end in zip(rates, ends, strict=True)
        ]
        return [
            end * now + start * (1 - now)
            for start, end in zip(starts, ends, strict=True)
        ]
