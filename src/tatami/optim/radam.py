"""RAdam: Adam that waits until its variance is known."""

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

__all__ = ["RAdam"]


class RAdam(GroupOptimizer):
    """Take the step of Adam, but a plain one while too few squares were averaged.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        betas: how much the averages keep of the gradient and of its size.
        eps: added to the denominator.
        weight_decay: pull towards zero, added to the gradient.
        decoupled_weight_decay: decay the parameter, not the gradient, as AdamW does.
        foreach: has no effect; a step is one kernel call for each group.
        maximize: ascend.
        capturable: has no effect; ``tatami.compile`` captures any step.
        differentiable: must be False.

    Raises:
        ValueError: an option is out of its range.

    Source: Liu et al. 2020, "On the variance of the adaptive learning rate and
    beyond", algorithm 2.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.RAdam([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Any = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": number(0), "exp_avg": zeros_like(param),
            "exp_avg_sq": zeros_like(param),
        }  # fmt: skip

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        beta1, beta2 = group["betas"]
        kernels.radam_step(
            params, grads, arrays(states, "exp_avg"), arrays(states, "exp_avg_sq"),
            arrays(states, "step"), scalar(group["lr"]), beta1, beta2, group["eps"],
            group["weight_decay"], group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
