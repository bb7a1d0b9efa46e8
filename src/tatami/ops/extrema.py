"""The largest, the smallest, the middle and the most frequent element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .door import public, zeros_of
from .reduce import unreduced
from .results import named

__all__ = [
    "amax",
    "amin",
    "aminmax",
    "argmax",
    "argmin",
    "max",
    "min",
]

max_result = named("max", "values", "indices")
min_result = named("min", "values", "indices")
aminmax_result = named("aminmax", "min", "max")


def spread_evenly(gradient: Tensor, x: Tensor, result: Tensor, dims: Any) -> Tensor:
    """Share a gradient among the elements that equal the result."""
    shape = x._array.shape
    wanted = unreduced(result, shape, dims)
    mask = x == wanted
    if x._array.dtype.kind == "f":
        mask = mask | (x.isnan() & wanted.isnan())
    share = unreduced(gradient, shape, dims) / mask.sum(dims, keepdim=True)
    return share * mask


class Amax(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.dims = dims
        result = kernels.amax(array, dims, keepdim)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return spread_evenly(grad_output, x, result, ctx.dims)


class Amin(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.dims = dims
        result = kernels.amin(array, dims, keepdim)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return spread_evenly(grad_output, x, result, ctx.dims)


class MaxAll(Amax):
    node_name = "MaxBackward1"


class MinAll(Amin):
    node_name = "MinBackward1"


def require_elements(name: str, input: Tensor, dim: Any) -> None:
    """Refuse to look for an extreme where there is no element.

    Raises:
        RuntimeError: there is no dimension to look along.
        IndexError: the dimension has no elements.
    """
    if input._array.size:
        return
    if dim is None or dim == ():
        error = IndexError if name.startswith("arg") else RuntimeError
        hint = "" if error is IndexError else (
            " Specify the reduction dim with the 'dim' argument."
        )  # fmt: skip
        raise error(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            + hint
        )
    for d in size.normalize_dims(dim, input._array.ndim):
        if input._array.shape[d] == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim {d} to have non-zero size."
            )


@tensor_method()
@public
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Return the largest element; the gradient is shared among equal ones.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to look along; all if left out.
        keepdim: leave them in, with length 1.

    Example:
        >>> import tatami
        >>> tatami.amax(tatami.tensor([[1, 5], [3, 2]]), 1)
        tensor([5, 3])
    """
    require_elements("amax", input, dim)
    dims = size.normalize_dims(dim, input._array.ndim)
    return Amax.apply(input, dims, keepdim)


@tensor_method()
@public
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Return the smallest element; the gradient is shared among equal ones.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to look along; all if left out.
        keepdim: leave them in, with length 1.

    Example:
        >>> import tatami
        >>> tatami.amin(tatami.tensor([[1, 5], [3, 2]]), 1)
        tensor([1, 2])
    """
    require_elements("amin", input, dim)
    dims = size.normalize_dims(dim, input._array.ndim)
    return Amin.apply(input, dims, keepdim)


class Aminmax(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], keepdim: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        ctx.dims = dims
        low = kernels.amin(array, dims, keepdim)
        high = kernels.amax(array, dims, keepdim)
        ctx.save_for_backward(array, low, high)
        return low, high

    @staticmethod
    def backward(ctx: Any, low: Any, high: Any) -> Any:
        x, *results = ctx.saved_tensors
        total = zeros_of(x)
        for gradient, result in zip((low, high), results, strict=True):
            if gradient is not None:
                total = total + spread_evenly(gradient, x, result, ctx.dims)
        return total


@tensor_method()
@public
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the smallest and the largest element.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; all if left out.
        keepdim: leave it in, with length 1.

    Returns:
        ``min`` and ``max``.

    Example:
        >>> import tatami
        >>> tatami.aminmax(tatami.tensor([3, 1, 2])).max
        tensor(3)
    """
    if dim is None and not input._array.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the "
            "operation has no identity."
        )
    require_elements("aminmax", input, dim)
    dims = size.normalize_dims(dim, input._array.ndim)
    return aminmax_result(Aminmax.apply(input, dims, keepdim))


class Choose(Operation):
    """Take one element of each row along a dimension; ``find`` tells which."""

    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        raise NotImplementedError

    @classmethod
    def forward(
        cls, ctx: Any, array: np.ndarray, dim: int, keepdim: bool, *options: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        ctx.shape, ctx.dim, ctx.keepdim = array.shape, dim, keepdim
        if array.ndim == 0:
            indices = kernels.full((), 0, np.int64)
            ctx.save_for_backward(indices)
            return kernels.copy(array), indices
        indices = cls.find(array, dim, *options)
        values = kernels.take_along(array, np.expand_dims(indices, dim), dim)
        if keepdim:
            indices = np.expand_dims(indices, dim)
        else:
            values = values.squeeze(dim)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, grad_output: Any, indices: Any) -> Any:
        (places,) = ctx.saved_tensors
        if not ctx.shape:
            return grad_output
        if not ctx.keepdim:
            grad_output = grad_output.unsqueeze(ctx.dim)
            places = places.unsqueeze(ctx.dim)
        empty = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return empty.scatter(ctx.dim, places, grad_output)


class Max(Choose):
    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        return kernels.argmax(array, dim, False)


class Min(Choose):
    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        return kernels.argmin(array, dim, False)


def chosen(
    operation: Any, result: Any, input: Tensor, dim: Any, keepdim: bool, *options: Any
) -> Any:
    """Apply an operation that takes one element of each row."""
    place = size.normalize_dim(int(dim), input._array.ndim)
    if place < input._array.ndim:
        require_elements(result.__name__, input, place)
    return result(operation.apply(input, place, keepdim, *options))


@tensor_method()
@public
def max(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None
) -> Any:
    """Return the largest element, that of each row, or the larger of two tensors'.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; or another tensor, to compare with element by
            element; all elements are looked at if left out.
        keepdim: leave the dimension in, with length 1.
        other: tensor to compare with.

    Returns:
        A tensor; with a dimension, ``values`` and ``indices``, of the first of equal
        elements.

    Raises:
        RuntimeError: there are no elements and no dimension is given.

    Example:
        >>> import tatami
        >>> tatami.max(tatami.tensor([[1, 5], [3, 2]]), 1).indices
        tensor([1, 0])
    """
    if other is not None or isinstance(dim, Tensor):
        from .bounds import maximum

        return maximum(input, dim if other is None else other)
    if dim is not None:
        return chosen(Max, max_result, input, dim, keepdim)
    require_elements("max", input, None)
    return MaxAll.apply(input, tuple(range(input._array.ndim)), False)


@tensor_method()
@public
def min(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None
) -> Any:
    """Return the smallest element, that of each row, or the smaller of two tensors'.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; or another tensor, to compare with element by
            element; all elements are looked at if left out.
        keepdim: leave the dimension in, with length 1.
        other: tensor to compare with.

    Returns:
        A tensor; with a dimension, ``values`` and ``indices``, of the first of equal
        elements.

    Raises:
        RuntimeError: there are no elements and no dimension is given.

    Example:
        >>> import tatami
        >>> tatami.min(tatami.tensor([[1, 5], [3, 2]]), 1).indices
        tensor([0, 1])
    """
    if other is not None or isinstance(dim, Tensor):
        from .bounds import minimum

        return minimum(input, dim if other is None else other)
    if dim is not None:
        return chosen(Min, min_result, input, dim, keepdim)
    require_elements("min", input, None)
    return MinAll.apply(input, tuple(range(input._array.ndim)), False)


def _place(name: str, kernel: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    require_elements(name, input, dim)
    if input._array.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input")
    array, rank = input._array, input._array.ndim
    if dim is not None and rank:
        return wrap(kernel(array, size.normalize_dim(dim, rank), keepdim))
    found = kernel(array.reshape(-1), 0, False)
    return wrap(found.reshape((1,) * rank) if keepdim else found)


@tensor_method()
@public
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the largest element is: the first of equal ones.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; if left out, all elements are numbered in a row.
        keepdim: leave the dimension in, with length 1.

    Raises:
        IndexError: there are no elements.

    Example:
        >>> import tatami
        >>> tatami.argmax(tatami.tensor([[1, 5], [3, 2]]), 1)
        tensor([1, 0])
    """
    return _place("argmax", kernels.argmax, input, dim, keepdim)


@tensor_method()
@public
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Return where the smallest element is: the first of equal ones.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; if left out, all elements are numbered in a row.
        keepdim: leave the dimension in, with length 1.

    Raises:
        IndexError: there are no elements.

    Example:
        >>> import tatami
        >>> tatami.argmin(tatami.tensor([[1, 5], [3, 2]]), 1)
        tensor([0, 1])
    """
    return _place("argmin", kernels.argmin, input, dim, keepdim)
