"""Adadelta: steps in the units of the parameters."""

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

__all__ = ["Adadelta"]


class Adadelta(GroupOptimizer):
    """Scale each gradient by the root of past squared steps over squared gradients.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        rho: how much the averages keep.
        eps: added to the denominator.
        weight_decay: pull towards zero, added to the gradient.
        foreach: has no effect; a step is one kernel call for each group.
        capturable: has no effect; ``tatami.compile`` captures any step.
        maximize: ascend.
        differentiable: must be False.

    Raises:
        ValueError: an option is out of its range.

    Source: Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.Adadelta([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.9992, 0.9992], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1.0, rho: float = 0.9,
        eps: float = 1e-6, weight_decay: float = 0, foreach: bool | None = None, *,
        capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "capturable": capturable, "foreach": foreach,
            "differentiable": differentiable,
        }  # fmt: skip
        check_options(options)
        if not 0 <= rho <= 1:
            raise ValueError(f"Invalid rho value: {rho}")
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": number(0), "square_avg": zeros_like(param),
            "acc_delta": zeros_like(param),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        count_steps(states)
        kernels.adadelta_step(
            params, grads, arrays(states, "square_avg"), arrays(states, "acc_delta"),
            scalar(group["lr"]), group["rho"], group["eps"], group["weight_decay"],
            group["maximize"],
        )  # fmt: skip
