"""Adamax: Adam with the largest gradient in the place of the mean square."""

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
    number,
    scalar,
    zeros_like,
)

__all__ = ["Adamax"]


class Adamax(GroupOptimizer):
    """Scale an average of the gradient by its largest recent size.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        betas: how much the averages keep of the gradient and of its size.
        eps: added to the denominator.
        weight_decay: pull towards zero, added to the gradient.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        differentiable: must be False.
        capturable: has no effect; ``tatami.compile`` captures any step.

    Raises:
        ValueError: an option is out of its range.

    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization",
    algorithm 2.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.Adamax([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: Any = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": number(0), "exp_avg": zeros_like(param),
            "exp_inf": zeros_like(param),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        beta1, beta2 = group["betas"]
        kernels.adamax_step(
            params, grads, arrays(states, "exp_avg"), arrays(states, "exp_inf"),
            arrays(states, "step"), scalar(group["lr"]), beta1, beta2, group["eps"],
            group["weight_decay"], group["maximize"],
        )  # fmt: skip
