"""relu, and the gate that its gradient goes through."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..kernels import native
from ..tensor import Tensor, tensor_method
from .door import public
from .inplace import overwrite, update

__all__ = ["relu"]


class Relu(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, into: np.ndarray | None = None
    ) -> np.ndarray:
        result = kernels.relu(array) if into is None else kernels.relu(array, into)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return ThresholdBackward.apply(grad_output, result, 0)


class ThresholdBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, array: np.ndarray, threshold: float
    ) -> np.ndarray:
        ctx.threshold = threshold
        ctx.save_for_backward(array)
        return kernels.threshold_backward(grad_output, array, threshold)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return ThresholdBackward.apply(grad_output, x, ctx.threshold)


def _counts_holders() -> bool:
    """Tell whether a count of references shows if an argument has another holder."""

    def seen(*args: Any) -> int:
        return sys.getrefcount(args[0])

    held = object()
    return (seen(object()), seen(held)) == (2, 3)


def _taking_over(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let relu put its result where its operand lies, if nobody else holds that.

    Behind a convolution this saves half of the memory that relu goes through. Without
    compiled kernels, or where Python counts otherwise (before 3.11), all is as ever.
    """
    if kernels.in_use != "native" or not _counts_holders():
        return function
    getrefcount, take_memory = sys.getrefcount, native.take_memory

    @functools.wraps(function)
    def relu(*args: Any, **kwargs: Any) -> Tensor:
        if len(args) == 1 and not kwargs and getrefcount(args[0]) == 2:
            into = take_memory(args[0])
            if into is not None:
                return Relu.apply(args[0], into)
        return function(*args, **kwargs)

    return relu


@tensor_method("relu_")
def _relu_in_place(self: Tensor) -> Tensor:
    """Compute ``relu`` and put the result in place."""
    if self._array.dtype.kind != "f":
        return update(self, relu)
    return overwrite(self, Relu)


@_taking_over
@public
@tensor_method()
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Replace negative elements by zero: max(x, 0).

    Args:
        input: tensor of any shape and numeric type.
        inplace: put the result into ``input``.

    Returns:
        A tensor of the same shape and type.

    Example:
        >>> import tatami
        >>> tatami.relu(tatami.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if inplace:
        return _relu_in_place(input)
    if input._array.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return Relu.apply(input)
