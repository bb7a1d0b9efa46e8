"""RMSprop: steps scaled by an average of the squared gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import kernels
from ..tensor import Tensor
from .group import (
    GroupOptimizer,
    arrays,
    check_options,
    count_steps,
    number,
    scalar,
    zeros_like,
)

__all__ = ["RMSprop"]


class RMSprop(GroupOptimizer):
    """Divide each gradient by the root of an average of its square.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        alpha: how much the average keeps of the square of the gradient.
        eps: added to the denominator.
        weight_decay: pull towards zero, added to the gradient.
        momentum: part of the last step that is kept.
        centered: subtract the squared average of the gradient: divide by a deviation.
        capturable: has no effect; ``tatami.compile`` captures any step.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        differentiable: must be False.

    Raises:
        ValueError: an option is out of its range.

    Source: Hinton 2012, "Neural networks for machine learning", lecture 6e; centred:
    Graves 2013, "Generating sequences with recurrent neural networks".

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.RMSprop([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([-1.5000, -1.5000], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, alpha: float = 0.99,
        eps: float = 1e-8, weight_decay: float = 0, momentum: float = 0,
        centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps,
            "centered": centered, "weight_decay": weight_decay,
            "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        state = {"step": number(0), "square_avg": zeros_like(param)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(param)
        if group["centered"]:
            state["grad_avg"] = zeros_like(param)
        return state

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        count_steps(states)
        kernels.rmsprop_step(
            params, grads, arrays(states, "square_avg"),
            arrays(states, "grad_avg") if group["centered"] else [],
            arrays(states, "momentum_buffer") if group["momentum"] > 0 else [],
            scalar(group["lr"]), group["alpha"], group["eps"], group["weight_decay"],
            group["momentum"], group["maximize"],
        )  # fmt: skip
