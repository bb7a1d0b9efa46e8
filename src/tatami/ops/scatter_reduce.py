"""Combining elements at indices by sum, product, mean or extreme."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import broadcastable
from .inplace import in_place
from .scatter import check_index

__all__ = ["index_reduce", "scatter_reduce"]

_KERNELS = {
    "sum": "add", "mean": "add", "prod": "multiply", "amax": "maximum",
    "amin": "minimum",
}  # fmt: skip
_STARTS = {"sum": 0, "mean": 0, "prod": 1}


def _start(reduce: str, kind: np.dtype[Any]) -> Any:
    """Return the value that changes nothing."""
    if reduce in _STARTS:
        return _STARTS[reduce]
    if kind.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    limits = np.iinfo(kind)
    return limits.min if reduce == "amax" else limits.max


class ScatterReduce(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, values: np.ndarray,
        reduce: str, include_self: bool,
    ) -> np.ndarray:  # fmt: skip
        ctx.dim, ctx.index, ctx.options = dim, index, (reduce, include_self)
        first = array
        if not include_self:
            start = np.asarray(_start(reduce, array.dtype), array.dtype)
            first = kernels.scatter(array, dim, index, start[()], "set")
        result = kernels.scatter(first, dim, index, values, _KERNELS[reduce])
        if reduce == "mean":
            result = _mean(result, _counts(array, dim, index, include_self))
        ctx.save_for_backward(array, values, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, values, result = ctx.saved_tensors
        slopes = _SLOPES[ctx.options[0]](ctx, grad_output, x, values, result)
        kept, added = slopes
        if not ctx.options[1]:
            kept = kept.scatter(ctx.dim, wrap(ctx.index), 0)
        return kept, None, None, added


def _counts(
    array: np.ndarray, dim: int, index: np.ndarray, include_self: bool
) -> np.ndarray:
    ones = np.ones(array.shape, np.int64)
    if not include_self:
        ones = kernels.scatter(ones, dim, index, 0, "set")
    counts = kernels.scatter(ones, dim, index, np.ones(index.shape, np.int64), "add")
    return np.maximum(counts, 1)


def _mean(total: np.ndarray, counts: np.ndarray) -> np.ndarray:
    if total.dtype.kind == "f":
        return kernels.div(total, counts.astype(total.dtype))
    return kernels.floor_divide(total, counts.astype(total.dtype))


def _sum_slope(
    ctx: Any, grad: Tensor, x: Tensor, values: Tensor, result: Tensor
) -> Any:
    return grad, grad.gather(ctx.dim, wrap(ctx.index))


def _mean_slope(
    ctx: Any, grad: Tensor, x: Tensor, values: Tensor, result: Tensor
) -> Any:
    counts = _counts(x._array, ctx.dim, ctx.index, ctx.options[1])
    share = grad / wrap(counts.astype(grad._array.dtype))
    return share, share.gather(ctx.dim, wrap(ctx.index))


def _extreme_slope(
    ctx: Any, grad: Tensor, x: Tensor, values: Tensor, result: Tensor
) -> Any:
    """Share the gradient among all elements that are the extreme one."""
    index = wrap(ctx.index)
    kind = grad.dtype
    own = (x == result).to(kind)
    if not ctx.options[1]:
        own = own.scatter(ctx.dim, index, 0)
    theirs = (values == result.gather(ctx.dim, index)).to(kind)
    counts = own.scatter_add(ctx.dim, index, theirs)
    share = grad / counts.clamp(min=1)
    touched = wrap(np.zeros(x._array.shape, bool))
    touched = touched.scatter(ctx.dim, index, True)
    kept = (share * own).where(touched, grad)
    return kept, share.gather(ctx.dim, index) * theirs


def _product_slope(
    ctx: Any, grad: Tensor, x: Tensor, values: Tensor, result: Tensor
) -> Any:
    """Divide the product by each factor; a single zero gets the product of the rest."""
    index, include_self = wrap(ctx.index), ctx.options[1]
    zero, theirs_zero = x == 0, values == 0
    own = x.masked_fill(zero, 1)
    filled = values.masked_fill(theirs_zero, 1)
    rest = own.scatter_reduce(ctx.dim, index, filled, "prod", include_self=include_self)
    count = zero.to(grad.dtype)
    if not include_self:
        count = count.scatter(ctx.dim, index, 0)
    count = count.scatter_add(ctx.dim, index, theirs_zero.to(grad.dtype))
    return _shares(ctx, grad, rest, count, (own, zero), (filled, theirs_zero))


def _shares(
    ctx: Any, grad: Tensor, rest: Tensor, count: Tensor, own: Any, theirs: Any
) -> Any:
    index = wrap(ctx.index)

    def slope(factor: Tensor, is_zero: Tensor, rest: Tensor, count: Tensor) -> Tensor:
        others = rest / factor
        others = others.masked_fill(
            (count > 1) | ((count == 1) & is_zero.logical_not()), 0
        )
        return others

    kept = grad * slope(own[0], own[1], rest, count)
    moved = [t.gather(ctx.dim, index) for t in (grad, rest, count)]
    return kept, moved[0] * slope(theirs[0], theirs[1], moved[1], moved[2])


_SLOPES = {
    "sum": _sum_slope, "mean": _mean_slope, "amax": _extreme_slope,
    "amin": _extreme_slope, "prod": _product_slope,
}  # fmt: skip


@tensor_method()
@in_place
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """Combine elements of ``src`` at indices with what is there.

    Args:
        input: tensor of any shape.
        dim: dimension the indices count along.
        index: int64 tensor.
        src: tensor at least as large as ``index``.
        reduce: ``'sum'``, ``'prod'``, ``'mean'``, ``'amax'`` or ``'amin'``.
        include_self: count what is there as one of the elements.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([0, 0, 1])
        >>> x = tatami.tensor([1.0, 2.0, 3.0])
        >>> tatami.scatter_reduce(tatami.zeros(2), 0, where, x, "sum")
        tensor([3., 3.])
    """
    if reduce not in _KERNELS:
        raise RuntimeError(
            "reduce argument must be either sum, prod, mean, amax or amin, got "
            f"{reduce}"
        )
    if input._array.dtype != src._array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    place = size.normalize_dim(dim, input._array.ndim)
    length = input._array.shape[place] if input._array.ndim else 1
    check_index("scatter", index, length, place)
    if src._array.shape != index._array.shape and src._array.ndim:
        src = src[tuple(slice(n) for n in index._array.shape)]
    return ScatterReduce.apply(input, place, index, src, reduce, include_self)


@tensor_method()
@in_place
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """Combine places of ``source`` with the places an index names.

    Args:
        input: tensor of any shape.
        dim: dimension the indices count along.
        index: one row of integers.
        source: tensor with as many places along ``dim``.
        reduce: ``'prod'``, ``'mean'``, ``'amax'`` or ``'amin'``.
        include_self: count what is there as one of the elements.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([1, 1])
        >>> x = tatami.tensor([5.0, 7.0])
        >>> tatami.index_reduce(tatami.ones(2), 0, where, x, "amax")
        tensor([1., 7.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but "
            f"got {reduce}."
        )
    if input._array.ndim == 0:
        flat = input.reshape(1).index_reduce(
            0, index.reshape(-1), source.reshape(-1), reduce, include_self=include_self
        )
        return flat.reshape(())
    place = size.normalize_dim(dim, input._array.ndim)
    shape = [1] * input._array.ndim
    shape[place] = -1
    row = index.reshape(shape).long().expand(source.size())
    return scatter_reduce(input, dim, row, source, reduce, include_self=include_self)


@tensor_method("sum_to_size")
def _sum_to_size(self: Tensor, *sizes: Any) -> Tensor:
    """Sum over dimensions until the tensor has a shape that stretches to its own."""
    from .arguments import unbroadcast
    from .movement import as_shape

    shape = as_shape(sizes)
    probe = wrap(np.empty(shape, bool))
    if not broadcastable(probe, self._array.shape):
        raise RuntimeError(
            f"size {{{list(shape)}}} is not expandable to size "
            f"{{{list(self._array.shape)}}}."
        )
    return unbroadcast(self, shape)
