"""Sorting, searching in what is sorted, and distinct elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .door import public
from .results import named

__all__ = [
    "argsort",
    "bucketize",
    "isin",
    "msort",
    "searchsorted",
    "sort",
    "topk",
    "unique",
    "unique_consecutive",
]

sort_result = named("sort", "values", "indices")
topk_result = named("topk", "values", "indices")


class Sort(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, descending: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        ctx.shape, ctx.dim = array.shape, dim
        values, indices = kernels.sort(array, dim, descending)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, grad_output: Any, indices: Any) -> Any:
        (places,) = ctx.saved_tensors
        if not ctx.shape:
            return grad_output
        empty = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return empty.scatter(ctx.dim, places, grad_output)


@tensor_method()
@public
def sort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> Any:
    """Put elements along a dimension in order; NaN counts as the largest.

    Args:
        input: tensor of any shape.
        dim: dimension to sort along.
        descending: largest first.
        stable: equal elements always keep their order here.

    Returns:
        ``values``, and ``indices``: where each was before.

    Example:
        >>> import tatami
        >>> tatami.sort(tatami.tensor([3, 1, 2])).values
        tensor([1, 2, 3])
    """
    if not isinstance(dim, int) or isinstance(dim, bool):
        dim, descending = -1, bool(dim)
    place = size.normalize_dim(dim, input._array.ndim)
    return sort_result(Sort.apply(input, place, descending))


@tensor_method()
@public
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False
) -> Tensor:
    """Return the places of the elements along a dimension in the order of their size.

    Args:
        input: tensor of any shape.
        dim: dimension to sort along.
        descending: largest first.
        stable: equal elements always keep their order here.

    Example:
        >>> import tatami
        >>> tatami.argsort(tatami.tensor([3, 1, 2]))
        tensor([1, 2, 0])
    """
    indices: Tensor = sort(input.detach(), dim, descending, stable=stable)[1]
    return indices


@tensor_method()
@public
def msort(input: Tensor) -> Tensor:
    """Sort along the first dimension.

    Example:
        >>> import tatami
        >>> tatami.msort(tatami.tensor([3, 1, 2]))
        tensor([1, 2, 3])
    """
    values: Tensor = sort(input, 0)[0]
    return values


class Topk(Sort):
    node_name = "TopkBackward0"

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, descending: bool, k: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        ctx.shape, ctx.dim = array.shape, dim
        values, indices = kernels.sort(array, dim, descending)
        if array.ndim:
            first = (slice(None),) * dim + (slice(k),)
            values, indices = kernels.copy(values[first]), kernels.copy(indices[first])
        elif not k:
            values, indices = values.reshape(1)[:0], indices.reshape(1)[:0]
        ctx.save_for_backward(indices)
        return values, indices


@tensor_method()
@public
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> Any:
    """Return the ``k`` largest elements along a dimension.

    Args:
        input: tensor of any shape.
        k: how many.
        dim: dimension to look along.
        largest: False for the smallest.
        sorted: they are always in order here.

    Returns:
        ``values`` and ``indices``.

    Raises:
        RuntimeError: there are not that many.

    Example:
        >>> import tatami
        >>> tatami.topk(tatami.tensor([3, 1, 2]), 2).values
        tensor([3, 2])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    if not 0 <= k <= (input._array.shape[place] if input._array.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return topk_result(Topk.apply(input, place, largest, k))


def _several(values: np.ndarray, *extras: tuple[bool, Any]) -> Any:
    """Return a tensor, followed by those of the others that are wanted."""
    wanted = [wrap(kernels.copy(extra)) for want, extra in extras if want]
    first = wrap(kernels.copy(values))
    return (first, *wanted) if wanted else first


@tensor_method()
@public
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False,
    return_counts: bool = False, dim: int | None = None,
) -> Any:  # fmt: skip
    """Return the distinct elements, or the distinct slices along a dimension.

    Args:
        input: tensor of any shape.
        sorted: they are always in order here.
        return_inverse: also return where each element went.
        return_counts: also return how often each came.
        dim: dimension whose slices to compare; single elements if left out.

    Returns:
        A tensor, or a tuple with what else is wanted.

    Example:
        >>> import tatami
        >>> tatami.unique(tatami.tensor([3, 1, 3]))
        tensor([1, 3])
    """
    place = None if dim is None else size.normalize_dim(dim, input._array.ndim)
    values, inverse, counts = kernels.unique(input._array, place)
    return _several(values, (return_inverse, inverse), (return_counts, counts))


@tensor_method()
@public
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Return elements without those that equal the one before.

    Args:
        input: tensor of any shape.
        return_inverse: also return where each element went.
        return_counts: also return how often each came in a row.
        dim: dimension whose slices to compare; single elements if left out.

    Returns:
        A tensor, or a tuple with what else is wanted.

    Example:
        >>> import tatami
        >>> tatami.unique_consecutive(tatami.tensor([3, 3, 1, 3]))
        tensor([3, 1, 3])
    """
    array = input._array
    shape = array.shape if dim is None else None
    place = 0 if dim is None else size.normalize_dim(dim, array.ndim)
    if dim is None:
        array = array.reshape(-1)
    rows = np.moveaxis(array, place, 0).reshape(array.shape[place], -1)
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = kernels.ne(rows[1:], rows[:-1]).any(1)
    starts = np.flatnonzero(fresh)
    inverse = np.cumsum(fresh) - 1
    counts = np.diff(starts, append=len(rows))
    if shape is not None:
        inverse = inverse.reshape(shape)
    values = array.compress(fresh, place)
    return _several(values, (return_inverse, inverse), (return_counts, counts))


@public
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False,
    right: bool = False, side: str | None = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return where elements would go in sorted rows.

    Args:
        sorted_sequence: rows in order along the last dimension.
        input: number or tensor, whose dimensions but the last match the rows'.
        out_int32: return int32 rather than int64.
        right: go after equal elements rather than before them.
        side: ``'left'`` or ``'right'``, in the place of ``right``.
        sorter: the order of rows that are not sorted themselves.

    Raises:
        RuntimeError: the rows don't match.

    Example:
        >>> import tatami
        >>> tatami.searchsorted(tatami.tensor([1, 3, 5]), 3)
        tensor(1)
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(
            "torch.searchsorted(): side can only be 'left' or 'right' but got " + side
        )
    rows = sorted_sequence._array
    values = input._array if isinstance(input, Tensor) else np.asarray(input)
    if rows.ndim != 1 and rows.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the "
            "first N-1 dimensions of boundaries tensor and input value tensor must "
            f"match, but we got boundaries tensor {list(rows.shape)} and input value "
            f"tensor {list(values.shape)}"
        )
    if sorter is not None:
        rows = kernels.take_along(rows, sorter._array, -1)
    places = kernels.searchsorted(rows, values, right or side == "right")
    return wrap(kernels.cast(places, np.int32 if out_int32 else np.int64))


@public
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Return the number of the bucket between boundaries that each element is in.

    Args:
        input: tensor or number.
        boundaries: the boundaries in order.
        out_int32: return int32 rather than int64.
        right: an element on a boundary belongs to the bucket above it.

    Example:
        >>> import tatami
        >>> tatami.bucketize(tatami.tensor([0, 3, 9]), tatami.tensor([1, 3, 5]))
        tensor([0, 1, 3])
    """
    if boundaries._array.ndim != 1:
        raise RuntimeError(
            "boundaries tensor must be 1 dimension, but got dim("
            f"{boundaries._array.ndim})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@public
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:  # fmt: skip
    """Tell which elements are among others.

    Args:
        elements: tensor or number.
        test_elements: tensor or number, what to look for.
        assume_unique: has no effect.
        invert: tell which are not.

    Example:
        >>> import tatami
        >>> tatami.isin(tatami.tensor([1, 2, 3]), tatami.tensor([2, 5]))
        tensor([False,  True, False])
    """
    x, y = (
        value._array if isinstance(value, Tensor) else np.asarray(value)
        for value in (elements, test_elements)
    )
    found = kernels.isin(x, y)
    return wrap(kernels.logical_not(found) if invert else found)
