"""Schedules along a cosine."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


class CosineAnnealingLR(LRScheduler):
    """Let the rate fall along half a cosine, and rise again after it.

    Args:
        optimizer: whose rates are changed.
        T_max: number of epochs of half a cosine.
        eta_min: lowest rate.
        last_epoch: number of the last epoch; -1 to start.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm
    restarts", equation 5, without the restarts.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates, low, epoch = self._rates(), self.eta_min, self.last_epoch
        if self._is_initial:
            return rates
        if self._step_count == 1 and epoch > 0:
            height = 1 + math.cos(epoch * math.pi / self.T_max)
            return [low + (base - low) * height / 2 for base in self.base_lrs]
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The rate is at its lowest, so the quotient below would be 0 / 0.
            first = 1 - math.cos(math.pi / self.T_max)
            rows = zip(rates, self.base_lrs, strict=True)
            return [rate + (base - low) * first / 2 for rate, base in rows]
        ratio = self._height(epoch) / self._height(epoch - 1)
        return [ratio * (rate - low) + low for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        low, height = self.eta_min, self._height(self.last_epoch)
        return [low + (base - low) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate fall along half a cosine, again and again.

    Args:
        optimizer: whose rates are changed.
        T_0: number of epochs until the first restart.
        T_mult: factor by which each period is longer than the one before.
        eta_min: lowest rate.
        last_epoch: number of the last epoch; -1 to start.

    Raises:
        ValueError: a period is not a positive integer.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm
    restarts", equation 5.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> restarts = tatami.optim.lr_scheduler.CosineAnnealingWarmRestarts
        >>> schedule = restarts(optimizer, T_0=2)
        >>> schedule.step(); schedule.step(); schedule.get_last_lr()
        [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type "
                f"{type(eta_min)}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of the present place in the period."""
        self._rates()
        low, height = self.eta_min, 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [low + (base - low) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to a fraction of one.

        Args:
            epoch: where to go, such as ``epoch + batch / batches``.

        Raises:
            ValueError: ``epoch`` is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur = self.T_cur + 1
            if self.T_cur >= self.T_i:
                self.T_cur = self.T_cur % self.T_i
                self.T_i = self.T_i * self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self._within_step(self.get_lr))

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            periods = int(
                math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult)
            )
            scale = self.T_mult**periods
            self.T_cur = epoch - self.T_0 * (scale - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * scale
