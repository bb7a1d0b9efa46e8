"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, current, put
from .plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Combined(LRScheduler):
    """Keep schedules, which have a checkpoint each."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[Any], optimizer: Any) -> None:
        name = type(self).__name__
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    f"{name} at index {i} should have `optimizer` as its attribute."
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it "
                    "requires additional kwargs to be specified when calling `step`, "
                    f"but got one at index {i} in the given schedulers sequence."
                )
            if optimizer is not scheduler.optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, "
                    f"but got scheduler {type(scheduler).__name__} at index {i} has "
                    f"{scheduler.optimizer}, which is different from "
                    f"{type(optimizer).__name__}."
                )

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, and the state of each schedule."""
        state = super().state_dict()
        state["_schedulers"] = [each.state_dict() for each in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""
        state = dict(state_dict)
        for scheduler, known in zip(
            self._schedulers, state.pop("_schedulers"), strict=True
        ):
            scheduler.load_state_dict(known)
        self.__dict__.update(state)


class SequentialLR(_Combined):
    """Follow one schedule after another.

    Args:
        optimizer: whose rates are changed.
        schedulers: in their order.
        milestones: the epochs at which the second, the third ... begin.
        last_epoch: number of the last epoch; -1 to start.

    Raises:
        ValueError: the numbers of schedules and epochs don't fit, or a schedule is of
            another optimizer.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedules = tatami.optim.lr_scheduler
        >>> warm = schedules.ConstantLR(optimizer, 0.5)
        >>> fall = schedules.ExponentialLR(optimizer, gamma=0.9)
        >>> both = schedules.SequentialLR(optimizer, [warm, fall], milestones=[1])
        >>> optimizer.step(); both.step(); both.get_last_lr()
        [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler],
        milestones: list[int], last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if len(schedulers) < 1:
            raise ValueError(
                f"{type(self).__name__} expects at least one scheduler, but got no "
                "scheduler."
            )
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one "
                "more than the number of milestone points, but got number of "
                f"schedulers {len(schedulers)} and the number of milestones to be equal"
                f" to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            put(group, "lr", group["initial_lr"])
        _undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch of the schedule whose turn it is."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo(scheduler: LRScheduler) -> None:
    """Take back the first step that each schedule made when it was constructed."""
    if isinstance(scheduler, _Combined):
        for inner in scheduler._schedulers:
            _undo(inner)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(_Combined):
    """Follow several schedules at once, each changing what the others left.

    Args:
        schedulers: all of them.
        optimizer: whose rates are changed; that of the first schedule if left out.

    Raises:
        ValueError: there is no schedule, or one is of another optimizer.

    Example:
        >>> import tatami
        >>> optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        >>> schedules = tatami.optim.lr_scheduler
        >>> parts = [schedules.ExponentialLR(optimizer, 0.5) for _ in range(2)]
        >>> chained = schedules.ChainedScheduler(parts)
        >>> optimizer.step(); chained.step(); chained.get_last_lr()
        [0.25]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError(
                f"{type(self).__name__} expects at least one scheduler to be chained, "
                "but got no scheduler."
            )
        if optimizer is None:
            optimizer = schedulers[0].optimizer
        self._check(schedulers, optimizer)
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = current(optimizer)

    def step(self) -> None:  # type: ignore[override]
        """Let each schedule go to its next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = current(self.optimizer)
