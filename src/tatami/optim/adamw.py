"""AdamW: Adam with weight decay of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter and not on the averages.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        betas: how much the averages keep of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: pull towards zero.
        amsgrad: divide by the largest average of squares so far.
        maximize: ascend.
        foreach: has no effect; a step is one kernel call for each group.
        capturable: has no effect; ``tatami.compile`` captures any step.
        differentiable: must be False.
        fused: has no effect, as ``foreach``.

    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization",
    algorithm 2.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.AdamW([weight], lr=0.25, weight_decay=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.6250, 0.6250], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Any = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *,
        maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach,
            maximize=maximize, capturable=capturable, differentiable=differentiable,
            fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
