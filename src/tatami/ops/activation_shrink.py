"""Activation functions that move small elements to zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .activation import gate
from .arguments import type_name
from .door import public, refuse_type

__all__ = ["hardshrink", "softshrink"]


class Hardshrink(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, limit: float) -> np.ndarray:
        ctx.inside = kernels.logical_and(
            kernels.ge(array, -limit), kernels.le(array, limit)
        )
        return kernels.where(ctx.inside, 0, array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return gate(grad_output, kernels.logical_not(ctx.inside))


@public
@tensor_method()
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Replace elements from ``-lambd`` to ``lambd`` by zero.

    Example:
        >>> import tatami
        >>> tatami.hardshrink(tatami.tensor([-0.2, 2.0]))
        tensor([0., 2.])
    """
    refuse_type("hardshrink_cpu", input, "biu")
    return Hardshrink.apply(input, lambd)


class Softshrink(Hardshrink):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, limit: float) -> np.ndarray:
        ctx.inside = kernels.logical_and(
            kernels.ge(array, -limit), kernels.le(array, limit)
        )
        step = kernels.mul(kernels.sign(array), limit)
        return kernels.where(ctx.inside, 0, kernels.sub(array, step))


@public
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Move elements towards zero by ``lambd``, those closer than that onto it.

    Raises:
        RuntimeError: ``lambd`` is negative.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.softshrink(tatami.tensor([-0.2, 2.0]))
        tensor([0.0000, 1.5000])
    """
    refuse_type("softshrink_check", input, "biu")
    if not 0 <= lambd <= float(np.finfo(input._array.dtype).max):
        largest = float(np.finfo(input._array.dtype).max)
        raise RuntimeError(
            f"lambda must be in range [0, {largest:g}] for input dtype "
            f"{type_name(input.dtype)}, but found {lambd:g}"
        )
    return Softshrink.apply(input, lambd)
