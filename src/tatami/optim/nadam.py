"""NAdam: Adam with Nesterov momentum."""

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

__all__ = ["NAdam"]


class NAdam(GroupOptimizer):
    """Take the step of Adam from where its momentum is about to lead.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        betas: how much the averages keep of the gradient and of its size.
        eps: added to the denominator.
        weight_decay: pull towards zero, added to the gradient.
        momentum_decay: how fast the momentum warms up.
        decoupled_weight_decay: decay the parameter, not the gradient, as AdamW does.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        capturable: has no effect; ``tatami.compile`` captures any step.
        differentiable: must be False.

    Raises:
        ValueError: an option is out of its range.

    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam", algorithm 2.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.NAdam([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7359, 0.7359], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: Any = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": number(0), "mu_product": number(1),
            "exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        beta1, beta2 = group["betas"]
        kernels.nadam_step(
            params, grads, arrays(states, "exp_avg"), arrays(states, "exp_avg_sq"),
            arrays(states, "mu_product"), arrays(states, "step"), scalar(group["lr"]),
            beta1, beta2, group["eps"], group["weight_decay"], group["momentum_decay"],
            group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
