"""Activation functions and the softmax family."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import cast, type_name
from .inplace import in_place

__all__ = ["log_softmax", "relu"]


class Relu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.relu(array)
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


@tensor_method()
@in_place
def relu(input: Tensor) -> Tensor:
    """Replace negative elements by zero: max(x, 0).

    Args:
        input: tensor of any shape and numeric type.

    Returns:
        A tensor of the same shape and type.

    Example:
        >>> import tatami
        >>> tatami.relu(tatami.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return Relu.apply(input)  # type: ignore[no-any-return]


class LogSoftmax(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        result = kernels.log_softmax(np.atleast_1d(array), dim).reshape(array.shape)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        total = grad_output.sum(ctx.dim, keepdim=True)
        return grad_output - result.exp() * total


@tensor_method()
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Take the logarithm of the softmax along a dimension, without overflow.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension whose exponentials add up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.log_softmax(tatami.zeros(2), 0)
        tensor([-0.6931, -0.6931])
    """
    if dtype is not None:
        input = cast(input, dtypes.parse(dtype))
    if input._array.dtype.kind != "f":
        raise NotImplementedError(
            f'"log_softmax_lastdim_kernel_impl" not implemented for '
            f"'{type_name(input.dtype)}'"
        )
    dim = size.normalize_dim(dim, input._array.ndim)
    return LogSoftmax.apply(input, dim)  # type: ignore[no-any-return]
