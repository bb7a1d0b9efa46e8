"""Adam: steps scaled by averages of the gradient and of its square."""

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

__all__ = ["Adam"]


class Adam(GroupOptimizer):
    """Scale each step by averages of the gradient and of its square.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        betas: how much the averages keep of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: pull towards zero.
        amsgrad: divide by the largest average of squares so far (Reddi et al. 2018).
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        capturable: has no effect; ``tatami.compile`` captures any step.
        differentiable: must be False.
        fused: has no effect, as ``foreach``.
        decoupled_weight_decay: decay the parameter, not the gradient, as AdamW does.

    Raises:
        ValueError: an option is out of its range.

    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization",
    algorithm 1.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.Adam([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Any = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, amsgrad: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        check_options(options)
        _check_betas(betas)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        state = {
            "step": number(0), "exp_avg": zeros_like(param),
            "exp_avg_sq": zeros_like(param),
        }  # fmt: skip
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(param)
        return state

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        amsgrad = group["amsgrad"]
        beta1, beta2 = group["betas"]
        kernels.adam_step(
            params, grads, arrays(states, "exp_avg"), arrays(states, "exp_avg_sq"),
            arrays(states, "max_exp_avg_sq") if amsgrad else [], arrays(states, "step"),
            scalar(group["lr"]), scalar(beta1), scalar(beta2), group["eps"],
            group["weight_decay"], group["decoupled_weight_decay"], amsgrad,
            group["maximize"],
        )  # fmt: skip


def _check_betas(betas: Any) -> None:
    kinds = [isinstance(beta, float) for beta in betas]
    tensors = [isinstance(beta, Tensor) for beta in betas]
    if not (all(kinds) or all(tensors)):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")
