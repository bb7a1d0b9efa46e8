"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import kernels
from ..tensor import wrap
from .group import check_options, evaluate, scalar, trained
from .optimizer import Closure, Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """Descend along the gradient, with momentum if wanted.

    Args:
        params: tensors, named tensors, or groups of them.
        lr: learning rate.
        momentum: part of the last step that is kept.
        dampening: part of the gradient that momentum leaves out.
        weight_decay: pull towards zero, added to the gradient.
        nesterov: look ahead along the momentum.
        maximize: ascend.
        foreach: has no effect; a step is one kernel call for each group.
        differentiable: must be False.
        fused: has no effect, for the same reason.

    Raises:
        ValueError: an option is negative, or Nesterov momentum has dampening.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in
    deep learning", section 2, with the learning rate outside the velocity.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> optimizer = tatami.optim.SGD([weight], lr=0.25)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.7500, 0.7500], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, momentum: float = 0,
        dampening: float = 0, weight_decay: float = 0, nesterov: bool = False, *,
        maximize: bool = False, foreach: bool | None = None,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        options = {
            "lr": lr, "momentum": momentum, "dampening": dampening,
            "weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize,
            "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        check_options(options)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, options)

    def step(self, closure: Closure | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: evaluates the model anew and returns the loss.

        Returns:
            what ``closure`` returned, or None.
        """
        loss = evaluate(closure)
        for group in self.param_groups:
            params, arrays, grads = trained(group["params"], factors=True)
            if not params:
                continue
            buffers, first = self._buffers(group, params)
            kernels.sgd_step(
                arrays, grads, buffers, first,
                scalar(group["lr"]), group["momentum"], group["dampening"],
                scalar(group["weight_decay"]), group["nesterov"], group["maximize"],
            )  # fmt: skip
            for param in params:
                param._counter[0] += 1
        return loss

    def _buffers(self, group: dict[str, Any], params: list[Any]) -> Any:
        """Return the momentum of each parameter, and whether it begins now."""
        if not group["momentum"]:
            return [None] * len(params), [True] * len(params)
        buffers, first = [], []
        for param in params:
            state = self.state[param]
            buffer = state.get("momentum_buffer")
            first.append(buffer is None)
            if buffer is None:
                array = kernels.full(param._array.shape, 0, param._array.dtype)
                buffer = state["momentum_buffer"] = wrap(array)
            buffers.append(buffer._array)
        return buffers, first
