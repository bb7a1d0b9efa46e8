"""Reductions: many elements to one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, type_name
from .door import public
from .elementwise import as_floating

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "sum",
]


def kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with the reduced dimensions left in as ones."""
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def spread(gradient: Tensor, shape: tuple[int, ...], dims: tuple[int, ...]) -> Tensor:
    """Give every element of a reduced dimension the gradient of the result."""
    return gradient.view(kept(shape, dims)).expand(shape)


def unreduced(tensor: Tensor, shape: tuple[int, ...], dims: Any) -> Tensor:
    """Return a reduced tensor with the reduced dimensions back in as ones."""
    return tensor.reshape(kept(shape, dims))


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
@public
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
    return operation.apply(summable(input, dtype), dims, keepdim)


class Nansum(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.shape, ctx.dims = array.shape, dims
        ctx.save_for_backward(array)
        numbers = kernels.where(kernels.isnan(array), array.dtype.type(0), array)
        return kernels.sum(numbers, dims, keepdim)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        shared = spread(grad_output.contiguous(), ctx.shape, ctx.dims)
        return shared.masked_fill(x.isnan(), 0)


@tensor_method()
@public
def nansum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Add up elements, counting NaN as zero.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to sum over; all if left out.
        keepdim: leave the summed dimensions in, with length 1.
        dtype: type to sum in.

    Example:
        >>> import tatami
        >>> tatami.nansum(tatami.tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    dims = size.normalize_dims(dim, input._array.ndim)
    numbers = summable(input, dtype)
    if numbers._array.dtype.kind != "f":
        return sum(numbers, dim, keepdim)
    return Nansum.apply(numbers, dims, keepdim)


def count_of(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    """Return how many elements go into each result of a reduction."""
    return math.prod(shape[d] for d in dims)


class Mean(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.shape, ctx.dims = array.shape, dims
        ctx.count = count_of(array.shape, dims)
        total = kernels.sum(array, dims, keepdim)
        return kernels.div(total, ctx.count)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        share = grad_output.contiguous() / max(ctx.count, 1)
        return spread(share, ctx.shape, ctx.dims)


class MeanDim(Mean):
    node_name = "MeanBackward1"


@tensor_method()
@public
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
    return operation.apply(input, dims, keepdim)


@tensor_method()
@public
def nanmean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Average the elements that are not NaN.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension or dimensions to average over; all if left out.
        keepdim: leave the averaged dimensions in, with length 1.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.nanmean(tatami.tensor([1.0, float("nan"), 2.0]))
        tensor(1.5000)
    """
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but "
            f"got {type_name(input.dtype)}"
        )
    count = input.isnan().logical_not().sum(dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


class Prod(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.dims = dims
        result = kernels.prod(array, dims, keepdim)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        shape = x._array.shape
        gradient = unreduced(grad_output, shape, ctx.dims)
        if x._array.all():
            return gradient * unreduced(result, shape, ctx.dims) / x
        if len(ctx.dims) == 1:
            return gradient * _product_of_others(x, ctx.dims[0])
        others = _product_of_others(x.reshape(-1), 0)
        return gradient * others.reshape(shape)


class ProdDim(Prod):
    node_name = "ProdBackward1"


def _product_of_others(x: Tensor, dim: int) -> Tensor:
    """Multiply all elements along a dimension but one, for each one."""
    before, after = x.roll(1, dim), x.roll(-1, dim)
    last = x._array.shape[dim] - 1
    before = before.index_fill(dim, wrap(np.array([0])), 1).cumprod(dim)
    after = after.index_fill(dim, wrap(np.array([last])), 1)
    return before * after.flip(dim).cumprod(dim).flip(dim)


@tensor_method()
@public
def prod(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Multiply elements.

    Args:
        input: tensor of any shape.
        dim: dimension to multiply along; all if left out.
        keepdim: leave that dimension in, with length 1.
        dtype: type to multiply in; integers are multiplied in int64 otherwise.

    Example:
        >>> import tatami
        >>> tatami.prod(tatami.tensor([[1, 2], [3, 4]]), 1)
        tensor([ 2, 12])
    """
    operation = Prod if dim is None else ProdDim
    dims = size.normalize_dims(dim, input._array.ndim)
    return operation.apply(summable(input, dtype), dims, keepdim)


class Logsumexp(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.dims = dims
        result = kernels.logsumexp(array, dims, keepdim)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        shape = x._array.shape
        peak = unreduced(result, shape, ctx.dims)
        share = (x - peak).exp().masked_fill((x == peak) & x.isinf(), 1)
        return unreduced(grad_output, shape, ctx.dims) * share


@tensor_method()
@public
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """Return log(sum(exp(input))) without overflow.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to sum over.
        keepdim: leave them in, with length 1.

    Example:
        >>> import tatami
        >>> tatami.logsumexp(tatami.tensor([1000.0, 1000.0]), 0)
        tensor(1000.6932)
    """
    dims = size.normalize_dims(dim, input._array.ndim)
    return Logsumexp.apply(as_floating(input), dims, keepdim)


def _truth(kernel: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    """Reduce truth values; uint8, an older type for them, stays uint8."""
    dims = size.normalize_dims(dim, input._array.ndim)
    result = kernel(input._array, dims, keepdim)
    if input._array.dtype == np.uint8:
        result = kernels.cast(result, np.uint8)
    return wrap(result)


@tensor_method()
@public
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Tell whether every element is not zero.

    Args:
        input: tensor of any shape and type.
        dim: dimension or dimensions to look along; all if left out.
        keepdim: leave them in, with length 1.

    Returns:
        A tensor of type bool, or uint8 if the input is.

    Example:
        >>> import tatami
        >>> tatami.all(tatami.tensor([[1, 0], [1, 1]]), 1)
        tensor([False,  True])
    """
    return _truth(kernels.all, input, dim, keepdim)


@tensor_method()
@public
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Tell whether some element is not zero.

    Args:
        input: tensor of any shape and type.
        dim: dimension or dimensions to look along; all if left out.
        keepdim: leave them in, with length 1.

    Returns:
        A tensor of type bool, or uint8 if the input is.

    Example:
        >>> import tatami
        >>> tatami.any(tatami.tensor([[1, 0], [0, 0]]), 1)
        tensor([ True, False])
    """
    return _truth(kernels.any, input, dim, keepdim)


@tensor_method()
@public
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Count the elements that are not zero.

    Args:
        input: tensor of any shape and type.
        dim: dimension or dimensions to count along; all if left out.

    Example:
        >>> import tatami
        >>> tatami.count_nonzero(tatami.tensor([[1, 0], [1, 1]]), 1)
        tensor([1, 2])
    """
    dims = size.normalize_dims(dim, input._array.ndim)
    found = kernels.cast(kernels.ne(input._array, 0), np.int64)
    return wrap(kernels.sum(found, dims, False))
