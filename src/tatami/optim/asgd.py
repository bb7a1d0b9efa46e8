"""ASGD: gradient descent that also averages the parameters."""

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

__all__ = ["ASGD"]


class ASGD(GroupOptimizer):
    """Descend at a falling rate, and average the parameters from step ``t0`` on.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        lambd: decay of the parameters towards zero.
        alpha: power with which the rate falls.
        t0: step at which averaging starts.
        weight_decay: pull towards zero, added to the gradient.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        differentiable: must be False.
        capturable: has no effect; ``tatami.compile`` captures any step.

    Raises:
        ValueError: an option is out of its range.

    Source: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by
    averaging".

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.ASGD([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, lambd: float = 1e-4,
        alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
        foreach: bool | None = None, maximize: bool = False,
        differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0,
            "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": number(0), "eta": number(scalar(group["lr"])), "mu": number(1),
            "ax": zeros_like(param),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        counts = count_steps(states)
        kernels.asgd_step(
            params, grads, arrays(states, "ax"),
            [state["mu"].item() for state in states],
            [state["eta"].item() for state in states],
            group["lambd"], group["weight_decay"], group["maximize"],
        )  # fmt: skip
        rate, decay = scalar(group["lr"]), group["lambd"]
        for state, count in zip(states, counts, strict=True):
            eta = rate / (1 + decay * rate * count) ** group["alpha"]
            mu = 1 / max(1, count - group["t0"])
            # A checkpoint may hold them in float64; the rounding must not depend on it.
            state["eta"]._array.fill(number(eta).item())
            state["mu"]._array.fill(number(mu).item())
