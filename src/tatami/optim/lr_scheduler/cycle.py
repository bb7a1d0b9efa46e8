"""Schedules that raise and lower the rate, and the momentum against it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, attributes_of, for_each_group, put, require_optimizer

__all__ = ["CyclicLR", "OneCycleLR"]


class _MomentumCycle(LRScheduler):
    """Change the momentum, or the first beta, of each group too."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, base: Any, most: Any, last_epoch: int) -> None:
        options = self.optimizer.defaults
        if "momentum" not in options and "betas" not in options:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option "
                "enabled"
            )
        self.use_beta1 = "betas" in options
        if last_epoch != -1:
            return
        groups = self.optimizer.param_groups
        for group, high, low in zip(groups, most, base, strict=True):
            self._put_momentum(group, high)
            group["max_momentum"], group["base_momentum"] = high, low

    def _put_momentum(self, group: dict[str, Any], value: Any) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_MomentumCycle):
    """Let the rate go up and down between two values, batch by batch.

    Args:
        optimizer: whose rates are changed.
        base_lr: lowest rate, or one for each group.
        max_lr: highest rate of the first cycle, or one for each group.
        step_size_up: number of batches of the rise.
        step_size_down: number of batches of the fall; as many if left out.
        mode: ``"triangular"``, ``"triangular2"`` (half the height each time) or
            ``"exp_range"`` (height ``gamma ** batch``).
        gamma: base of ``"exp_range"``.
        scale_fn: height of a cycle, in the place of ``mode``.
        scale_mode: whether ``scale_fn`` is given the ``"cycle"`` or ``"iterations"``.
        cycle_momentum: let the momentum go the other way.
        base_momentum: lowest momentum.
        max_momentum: highest momentum.
        last_epoch: number of the last batch; -1 to start.

    Source: Smith 2017, "Cyclical learning rates for training neural networks", section
    3.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(1, requires_grad=True)
        >>> optimizer = tatami.optim.SGD([weight], lr=1.0, momentum=0.9)
        >>> cyclic = tatami.optim.lr_scheduler.CyclicLR
        >>> schedule = cyclic(optimizer, 0.0, 1.0, step_size_up=2)
        >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, base_lr: Any, max_lr: Any, step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle",
        cycle_momentum: bool = True, base_momentum: Any = 0.8, max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        require_optimizer(optimizer)
        self.optimizer = optimizer
        lowest = for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if mode not in _HEIGHTS and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else _HEIGHTS[mode]
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums = for_each_group(
                "base_momentum", optimizer, base_momentum
            )
            self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
            self._start_momentum(self.base_momentums, self.max_momentums, last_epoch)
        if last_epoch == -1:
            for rate, group in zip(lowest, optimizer.param_groups, strict=True):
                put(group, "lr", rate)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """Return the height of cycle ``x``, or at batch ``x``, as part of the first."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        if self.mode == "triangular2":
            return float(1 / (2.0 ** (x - 1)))
        return float(self.gamma**x)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``, and set its momentum."""
        self._rates()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        if x <= self.step_ratio:
            part = x / self.step_ratio
        else:
            part = (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            groups = self.optimizer.param_groups
            momenta = zip(groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in momenta:
                self._put_momentum(group, high - (high - low) * part * height)
        rows = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * part * height for low, high in rows]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer; of a function only its attributes."""
        state = super().state_dict()
        state["_scale_fn_custom"] = attributes_of(self._scale_fn_custom)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned; the function stays."""
        state = dict(state_dict)
        known = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        if known is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(known)


_HEIGHTS = {"triangular": "cycle", "triangular2": "cycle", "exp_range": "iterations"}


class OneCycleLR(_MomentumCycle):
    """Raise the rate once to its highest value and let it fall far below the first.

    Args:
        optimizer: whose rates are changed.
        max_lr: highest rate, or one for each group.
        total_steps: number of batches of the whole training.
        epochs: with ``steps_per_epoch``, in the place of ``total_steps``.
        steps_per_epoch: number of batches of an epoch.
        pct_start: part of the training in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: let the momentum go the other way.
        base_momentum: lowest momentum, or one for each group.
        max_momentum: highest momentum, or one for each group.
        div_factor: the highest rate by the first.
        final_div_factor: the first rate by the last.
        three_phase: fall to the first rate as fast as it rose, then to the last.
        last_epoch: number of the last batch; -1 to start.

    Raises:
        ValueError: the number of batches is not known, or an option is out of range.

    Source: Smith and Topin 2018, "Super-convergence: very fast training of neural
    networks using large learning rates".

    Example:
        >>> import tatami
        >>> weight = tatami.ones(1, requires_grad=True)
        >>> optimizer = tatami.optim.SGD([weight], lr=1.0, momentum=0.9)
        >>> one_cycle = tatami.optim.lr_scheduler.OneCycleLR
        >>> one_cycle(optimizer, max_lr=1.0, total_steps=10).get_last_lr()
        [0.040000000000000036]
    """

    def __init__(
        self, optimizer: Optimizer, max_lr: Any, total_steps: int | None = None,
        epochs: int | None = None, steps_per_epoch: int | None = None,
        pct_start: float = 0.3, anneal_strategy: str = "cos",
        cycle_momentum: bool = True, base_momentum: Any = 0.85,
        max_momentum: Any = 0.95, div_factor: float = 25.0,
        final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        require_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _count_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(
                f"Expected float between 0 and 1 pct_start, but got {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{anneal_strategy}"
            )
        self._schedule_phases = _phases(pct_start, self.total_steps, three_phase)
        self._anneal_func_type = anneal_strategy
        highest = for_each_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            most = for_each_group("max_momentum", optimizer, max_momentum)
            least = for_each_group("base_momentum", optimizer, base_momentum)
            self._start_momentum(least, most, last_epoch)
        if last_epoch == -1:
            for rate, group in zip(highest, optimizer.param_groups, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)

    def _place(self) -> tuple[dict[str, Any], float]:
        """Return the phase of ``last_epoch`` and how much of it has gone by."""
        start = 0.0
        for phase in self._schedule_phases:
            end = phase["end_step"]
            if self.last_epoch <= end or phase is self._schedule_phases[-1]:
                break
            start = end
        return phase, (self.last_epoch - start) / (end - start)

    def get_lr(self) -> list[Any]:
        """Return the rates of ``last_epoch``, and set its momentum.

        Raises:
            ValueError: there were more steps than ``total_steps``.
        """
        self._rates()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total "
                f"steps is {self.total_steps}"
            )
        phase, part = self._place()
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                first, last = phase["start_momentum"], phase["end_momentum"]
                self._put_momentum(
                    group, self._between(group[first], group[last], part)
                )
        first, last = phase["start_lr"], phase["end_lr"]
        return [self._between(group[first], group[last], part) for group in groups]


def _count_steps(total: Any, epochs: Any, each: Any) -> int:
    given = {"total_steps": total}
    if total is None:
        given = {"epochs": epochs, "steps_per_epoch": each}
    if None in given.values():
        raise ValueError(
            "You must define either total_steps OR (epochs AND steps_per_epoch)"
        )
    count = 1
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value}")
        count *= value
    return count


def _phases(rise: float, total: int, three: bool) -> list[dict[str, Any]]:
    up = _phase(float(rise * total) - 1, "initial", "max", "max", "base")
    if not three:
        return [up, _phase(total - 1, "max", "min", "base", "max")]
    down = _phase(float(2 * rise * total) - 2, "max", "initial", "base", "max")
    return [up, down, _phase(total - 1, "initial", "min", "max", "max")]


def _phase(
    end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str
) -> dict[str, Any]:
    return {
        "end_step": end, "start_lr": f"{start_lr}_lr", "end_lr": f"{end_lr}_lr",
        "start_momentum": f"{start_momentum}_momentum",
        "end_momentum": f"{end_momentum}_momentum",
    }  # fmt: skip
