"""A schedule that follows a measurement."""

from __future__ import annotations

import math
import warnings
from typing import Any, SupportsFloat

from ..optimizer import Optimizer
from .base import EPOCH_DEPRECATED, LRScheduler, current, put, require_optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Lower the rate when a measurement has stopped getting better.

    Args:
        optimizer: whose rates are changed.
        mode: ``"min"`` if lower is better, ``"max"`` if higher.
        factor: of the rate, below 1.
        patience: number of epochs without improvement that are let pass.
        threshold: what counts as an improvement.
        threshold_mode: ``"rel"`` if the threshold is a part of the best, or ``"abs"``.
        cooldown: number of epochs after a change in which nothing is counted.
        min_lr: lowest rate, or one for each group.
        eps: a smaller change of the rate is not made.

    Raises:
        ValueError: the factor is not below 1, or a mode is unknown.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> plateau = tatami.optim.lr_scheduler.ReduceLROnPlateau
        >>> schedule = plateau(optimizer, factor=0.5, patience=0)
        >>> schedule.step(3.0); schedule.step(3.0); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1,
        patience: int = 10, threshold: float = 1e-4, threshold_mode: str = "rel",
        cooldown: int = 0, min_lr: Any = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        require_optimizer(optimizer)
        self.factor = factor
        self.optimizer = optimizer
        self.default_min_lr, self.min_lrs = _lowest(min_lr, optimizer)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = current(optimizer)
        self._set_comparison(mode, threshold, threshold_mode)
        self._reset()

    def _reset(self) -> None:
        """Forget what was measured."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def _set_comparison(self, mode: str, threshold: float, threshold_mode: str) -> None:
        if mode not in {"min", "max"}:
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in {"rel", "abs"}:
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode

    def step(  # type: ignore[override]
        self, metrics: SupportsFloat, epoch: int | None = None
    ) -> None:
        """Take a measurement into account, and lower the rate if it is time.

        Args:
            metrics: the measurement of an epoch.
            epoch: number of the epoch (deprecated).
        """
        value = float(metrics)
        if epoch is None:
            epoch = self.last_epoch + 1
        else:
            warnings.warn(EPOCH_DEPRECATED, UserWarning, stacklevel=2)
        self.last_epoch = epoch
        if self._is_better(value, self.best):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = current(self.optimizer)

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) "
                    "differs from when `ReduceLROnPlateau` was initialized "
                    f"({len(self.min_lrs)}), usually due to a new param group being "
                    "added to the optimizer. Please modify the `min_lrs` field to "
                    "match the length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                put(group, "lr", new)

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs are being let pass after a change."""
        return self.cooldown_counter > 0

    def _is_better(self, value: float, best: float) -> bool:
        relative = self.threshold_mode == "rel"
        if self.mode == "min":
            bound = best * (1.0 - self.threshold) if relative else best - self.threshold
            return value < bound
        bound = best * (self.threshold + 1.0) if relative else best + self.threshold
        return value > bound

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        self.__dict__.update(state_dict)
        self._set_comparison(self.mode, self.threshold, self.threshold_mode)


def _lowest(given: Any, optimizer: Optimizer) -> tuple[Any, list[Any]]:
    count = len(optimizer.param_groups)
    if not isinstance(given, (list, tuple)):
        return given, [given] * count
    if len(given) != count:
        raise ValueError(f"expected {count} min_lrs, got {len(given)}")
    return None, list(given)
