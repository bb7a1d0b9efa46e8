"""Rprop: steps whose size depends on signs only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import kernels
from ..tensor import Tensor, wrap
from .group import (
    GroupOptimizer,
    arrays,
    check_options,
    count_steps,
    number,
    scalar,
    zeros_like,
)

__all__ = ["Rprop"]


class Rprop(GroupOptimizer):
    """Give each number a step size that grows while the gradient keeps its sign.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        etas: factors by which a step size shrinks and grows.
        step_sizes: smallest and largest step size.
        capturable: has no effect; ``tatami.compile`` captures any step.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        differentiable: must be False.

    Raises:
        ValueError: an option is out of its range.

    Source: Riedmiller and Braun 1993, "A direct adaptive method for faster
    backpropagation learning: the RPROP algorithm", section IV.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.Rprop([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        check_options(options)
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        start = scalar(group["lr"])
        return {
            "step": number(0), "prev": zeros_like(param),
            "step_size": wrap(np.full_like(param._array, start)),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        count_steps(states)
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        kernels.rprop_step(
            params, grads, arrays(states, "prev"), arrays(states, "step_size"),
            shrink, grow, smallest, largest, group["maximize"],
        )  # fmt: skip
