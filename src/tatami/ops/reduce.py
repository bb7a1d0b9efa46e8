"""Reductions: many elements to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import cast, type_name

__all__ = ["mean", "sum"]


def kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with the reduced dimensions left in as ones."""
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def spread(gradient: Tensor, shape: tuple[int, ...], dims: tuple[int, ...]) -> Tensor:
    """Give every element of a reduced dimension the gradient of the result."""
    if gradient._array.ndim:
        gradient = gradient.view(kept(shape, dims))
    return gradient.expand(shape)


class Sum(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.shape, ctx.dims = array.shape, dims
        return kernels.sum(array, dims, keepdim)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return spread(grad_output.contiguous(), ctx.shape, ctx.dims)


class SumDim(Sum):
    node_name = "SumBackward1"


def summable(input: Tensor, dtype: Any) -> Tensor:
    """Return the tensor in the type it is summed in: int64 for all integers."""
    if dtype is not None:
        return cast(input, dtypes.parse(dtype))
    return cast(input, dtypes.int64) if input._array.dtype.kind != "f" else input


@tensor_method()
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Add up elements.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to sum over; all if left out.
        keepdim: leave the summed dimensions in, with length 1.
        dtype: type to sum in; integers are summed in int64 otherwise.

    Example:
        >>> import tatami
        >>> tatami.sum(tatami.tensor([[1, 2], [3, 4]]), dim=0)
        tensor([4, 6])
    """
    operation = Sum if dim is None else SumDim
    dims = size.normalize_dims(dim, input._array.ndim)
    return operation.apply(summable(input, dtype), dims, keepdim)  # type: ignore[no-any-return]


class Mean(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.shape, ctx.dims = array.shape, dims
        ctx.count = int(np.prod([array.shape[d] for d in dims]))
        total = kernels.sum(array, dims, keepdim)
        return kernels.div(total, ctx.count)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        share = grad_output.contiguous() / max(ctx.count, 1)
        return spread(share, ctx.shape, ctx.dims)


class MeanDim(Mean):
    node_name = "MeanBackward1"


@tensor_method()
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Average elements.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension or dimensions to average over; all if left out.
        keepdim: leave the averaged dimensions in, with length 1.
        dtype: type to compute in.

    Raises:
        RuntimeError: the type is not a floating-point one.

    Example:
        >>> import tatami
        >>> tatami.mean(tatami.tensor([1.0, 2.0, 6.0]))
        tensor(3.)
    """
    if dtype is not None:
        input = cast(input, dtypes.parse(dtype))
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a "
            f"floating point or complex dtype. Got: {type_name(input.dtype)}"
        )
    operation = Mean if dim is None else MeanDim
    dims = size.normalize_dims(dim, input._array.ndim)
    return operation.apply(input, dims, keepdim)  # type: ignore[no-any-return]
