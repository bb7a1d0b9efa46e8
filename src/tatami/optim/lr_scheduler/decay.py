"""Schedules that multiply the rate: by functions, steps, lines and powers."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, attributes_of, functions_for

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]

Functions = Callable[[int], float] | list[Callable[[int], float]]


class _FunctionLR(LRScheduler):
    """Keep functions of the epoch; a checkpoint holds the attributes of objects."""

    lr_lambdas: list[Callable[[int], float]]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer; of functions only their attributes."""
        state = super().state_dict()
        state["lr_lambdas"] = [attributes_of(each) for each in self.lr_lambdas]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned; the functions stay."""
        rest = {key: state_dict[key] for key in state_dict if key != "lr_lambdas"}
        self.__dict__.update(rest)
        saved = state_dict["lr_lambdas"]
        for function, known in zip(self.lr_lambdas, saved, strict=True):
            if known is not None:
                function.__dict__.update(known)


class LambdaLR(_FunctionLR):
    """Multiply the first rate by a function of the epoch.

    Args:
        optimizer: whose rates are changed.
        lr_lambda: a function of the epoch, or one for each group.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> halve = lambda epoch: 0.5 ** epoch
        >>> schedule = tatami.optim.lr_scheduler.LambdaLR(optimizer, halve)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Functions, last_epoch: int = -1
    ) -> None:
        self.optimizer = optimizer
        self.lr_lambdas = functions_for(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        self._rates()
        rows = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * function(self.last_epoch) for base, function in rows]


class MultiplicativeLR(_FunctionLR):
    """Multiply the present rate by a function of the epoch.

    Args:
        optimizer: whose rates are changed.
        lr_lambda: a function of the epoch, or one for each group.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> same = lambda epoch: 0.5
        >>> schedule = tatami.optim.lr_scheduler.MultiplicativeLR(optimizer, same)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Functions, last_epoch: int = -1
    ) -> None:
        self.optimizer = optimizer
        self.lr_lambdas = functions_for(optimizer, lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self._is_initial:
            return rates
        rows = zip(rates, self.lr_lambdas, strict=True)
        return [rate * function(self.last_epoch) for rate, function in rows]


class StepLR(LRScheduler):
    """Multiply the rate by ``gamma`` every ``step_size`` epochs.

    Args:
        optimizer: whose rates are changed.
        step_size: number of epochs between two changes.
        gamma: factor.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return rates
        return [rate * self.gamma for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        count = self.last_epoch // self.step_size
        return [base * self.gamma**count for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the rate by ``gamma`` at given epochs.

    Args:
        optimizer: whose rates are changed.
        milestones: the epochs; one that is given twice counts twice.
        gamma: factor.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.lr_scheduler.MultiStepLR(optimizer, [1, 5], 0.5)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self.last_epoch not in self.milestones:
            return rates
        return [rate * self.gamma ** self.milestones[self.last_epoch] for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiply the rate by ``factor`` for the first epochs.

    Args:
        optimizer: whose rates are changed.
        factor: between 0 and 1.
        total_iters: number of epochs.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> tatami.optim.lr_scheduler.ConstantLR(optimizer, 0.5).get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if factor > 1.0 or factor < 0:
            raise ValueError(
                "Constant multiplicative factor expected to be between 0 and 1."
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self.last_epoch == 0:
            return [rate * self.factor for rate in rates]
        if self.last_epoch != self.total_iters:
            return rates
        return [rate * (1.0 / self.factor) for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        over = self.last_epoch >= self.total_iters
        scale = self.factor + over * (1 - self.factor)
        return [base * scale for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Let a factor of the rate go in a line from one value to another.

    Args:
        optimizer: whose rates are changed.
        start_factor: above 0, up to 1.
        end_factor: between 0 and 1.
        total_iters: number of epochs until the end.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> tatami.optim.lr_scheduler.LinearLR(optimizer, 0.5).get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3,
        end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and "
                "less or equal to 1."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError(
                "Ending multiplicative factor expected to be between 0 and 1."
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self.last_epoch == 0:
            return [rate * self.start_factor for rate in rates]
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return [rate * (1.0 + rise / before) for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        rise = self.end_factor - self.start_factor
        done = min(self.total_iters, self.last_epoch)
        scale = self.start_factor + rise * done / self.total_iters
        return [base * scale for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rate by ``gamma`` every epoch.

    Args:
        optimizer: whose rates are changed.
        gamma: factor.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, gamma: float, last_epoch: int = -1
    ) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        return rates if self._is_initial else [rate * self.gamma for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Let the rate fall to zero with a power of the epochs that are left.

    Args:
        optimizer: whose rates are changed.
        total_iters: number of epochs until zero.
        power: the power.
        last_epoch: number of the last epoch; -1 to start.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedule = tatami.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.75]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``."""
        rates = self._rates()
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates
        left = 1.0 - self.last_epoch / self.total_iters
        before = 1.0 - (self.last_epoch - 1) / self.total_iters
        return [rate * (left / before) ** self.power for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
