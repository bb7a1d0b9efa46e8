"""Adagrad: steps scaled by the sum of all squared gradients."""

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
    number,
    scalar,
)

__all__ = ["Adagrad"]


class Adagrad(GroupOptimizer):
    """Divide each gradient by the root of the sum of its squares so far.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        lr_decay: how fast the learning rate falls with the number of steps.
        weight_decay: pull towards zero, added to the gradient.
        initial_accumulator_value: what the sum of squares starts with.
        eps: added to the denominator.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        differentiable: must be False.
        fused: has no effect, as ``foreach``.

    Raises:
        ValueError: an option is out of its range.

    Source: Duchi et al. 2011, "Adaptive subgradient methods for online learning and
    stochastic optimization", figure 1.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.Adagrad([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, lr_decay: float = 0,
        weight_decay: float = 0, initial_accumulator_value: float = 0,
        eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)
        for group in self.param_groups:
            for param in group["params"]:
                self._state_of(group, param)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        start = self.defaults["initial_accumulator_value"]
        return {"step": number(0), "sum": wrap(np.full_like(param._array, start))}

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        kernels.adagrad_step(
            params, grads, arrays(states, "sum"), arrays(states, "step"),
            scalar(group["lr"]), group["lr_decay"], group["weight_decay"],
            group["eps"], group["maximize"],
        )  # fmt: skip
