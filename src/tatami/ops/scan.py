"""Running totals, and what lies between neighbours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .door import public
from .elementwise import as_floating
from .inplace import in_place
from .joining import cat
from .reduce import summable
from .results import named

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "gradient",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]

cummax_result = named("cummax", "values", "indices")
cummin_result = named("cummin", "values", "indices")


class Cumsum(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        return kernels.cumsum(array, dim) if array.ndim else kernels.copy(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return _from_the_end(grad_output, ctx.dim)


def _from_the_end(tensor: Tensor, dim: int) -> Tensor:
    """Return the running sums that start at the end."""
    if not tensor._array.ndim:
        return tensor
    return tensor.flip(dim).cumsum(dim).flip(dim)


@tensor_method()
@public
@in_place
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Return the running sums along a dimension.

    Args:
        input: tensor of any shape.
        dim: dimension to sum along.
        dtype: type to sum in; integers are summed in int64 otherwise.

    Example:
        >>> import tatami
        >>> tatami.cumsum(tatami.tensor([1, 2, 3]), 0)
        tensor([1, 3, 6])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    return Cumsum.apply(summable(input, dtype), place)


class Cumprod(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        result = kernels.cumprod(array, dim) if array.ndim else kernels.copy(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        if not x._array.ndim:
            return grad_output
        if x._array.all():
            return _from_the_end(grad_output * result, ctx.dim) / x
        return _around_zeros(grad_output, x, ctx.dim)


def _around_zeros(gradient: Tensor, x: Tensor, dim: int) -> Tensor:
    """Leave out each element in turn, as no quotient can where one is zero."""
    length = x._array.shape[dim]
    shape = [length if i == dim else 1 for i in range(x._array.ndim)]
    kind = x._array.dtype
    total = x * 0
    for k in range(length):
        numbers = np.arange(length).reshape(shape)
        after = wrap((numbers >= k).astype(kind))
        here = wrap((numbers == k).astype(kind))
        others = x.index_fill(dim, wrap(np.array([k])), 1).cumprod(dim)
        total = total + (gradient * others * after).sum(dim, keepdim=True) * here
    return total


@tensor_method()
@public
@in_place
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Return the running products along a dimension.

    Args:
        input: tensor of any shape.
        dim: dimension to multiply along.
        dtype: type to multiply in; integers are multiplied in int64 otherwise.

    Example:
        >>> import tatami
        >>> tatami.cumprod(tatami.tensor([1, 2, 3]), 0)
        tensor([1, 2, 6])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    return Cumprod.apply(summable(input, dtype), place)


class Cummax(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
        ctx.shape, ctx.dim = array.shape, dim
        values, indices = _running(kernels.cummax, array, dim)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, grad_output: Any, indices: Any) -> Any:
        (places,) = ctx.saved_tensors
        if not ctx.shape:
            return grad_output
        empty = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return empty.scatter_add(ctx.dim, places, grad_output)


class Cummin(Cummax):
    node_name = "CumminBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
        ctx.shape, ctx.dim = array.shape, dim
        values, indices = _running(kernels.cummin, array, dim)
        ctx.save_for_backward(indices)
        return values, indices


def _running(kernel: Any, array: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return running extremes; a number without dimensions is its own."""
    if array.ndim:
        return kernel(array, dim)
    return kernels.copy(array), kernels.full((), 0, np.int64)


@tensor_method()
@public
def cummax(input: Tensor, dim: int) -> Any:
    """Return the running maxima along a dimension, and where each was last met.

    Returns:
        ``values`` and ``indices``.

    Example:
        >>> import tatami
        >>> tatami.cummax(tatami.tensor([1, 3, 2]), 0).values
        tensor([1, 3, 3])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    return cummax_result(Cummax.apply(input, place))


@tensor_method()
@public
def cummin(input: Tensor, dim: int) -> Any:
    """Return the running minima along a dimension, and where each was last met.

    Returns:
        ``values`` and ``indices``.

    Example:
        >>> import tatami
        >>> tatami.cummin(tatami.tensor([3, 1, 2]), 0).values
        tensor([3, 1, 1])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    return cummin_result(Cummin.apply(input, place))


class Logcumsumexp(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        result = kernels.logcumsumexp(array, dim) if array.ndim else kernels.copy(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        if not x._array.ndim:
            return grad_output
        # Each sign by itself, since the sums are reckoned in logarithms.
        parts = []
        shift = result.masked_fill(result == -math.inf, 0)
        for part in (grad_output, -grad_output):
            absent = part <= 0
            size_of_part = part.masked_fill(absent, 1).log()
            weight = size_of_part.masked_fill(absent, -math.inf) - shift
            ahead = weight.flip(ctx.dim).logcumsumexp(ctx.dim).flip(ctx.dim)
            parts.append((ahead + x).exp())
        return parts[0] - parts[1]


@tensor_method()
@public
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """Return the running log(sum(exp(input))) along a dimension, without overflow.

    Args:
        input: tensor of any shape.
        dim: dimension to sum along.

    Example:
        >>> import tatami
        >>> tatami.logcumsumexp(tatami.tensor([0.0, 0.0]), 0)
        tensor([0.0000, 0.6931])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    return Logcumsumexp.apply(as_floating(input), place)


@tensor_method()
@public
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """Return the differences between neighbours along a dimension.

    Args:
        input: tensor of at least one dimension.
        n: how many times to take differences.
        dim: dimension to go along.
        prepend: elements to put before the first.
        append: elements to put after the last.

    Raises:
        RuntimeError: the tensor has no dimensions, or ``n`` is negative.

    Example:
        >>> import tatami
        >>> tatami.diff(tatami.tensor([1, 3, 7]))
        tensor([2, 4])
    """
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    place = size.normalize_dim(dim, input._array.ndim)
    if n == 0:
        return input.clone()
    parts = [x for x in (prepend, input, append) if x is not None]
    row = input if len(parts) == 1 else cat(parts, place)
    for _ in range(min(n, row._array.shape[place])):
        last = row._array.shape[place] - 1
        above, below = row.narrow(place, 1, last), row.narrow(place, 0, last)
        row = above ^ below if row._array.dtype.kind == "b" else above - below
    return row


def _between(y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """Return the areas below the lines between neighbours."""
    last = max(y._array.shape[dim] - 1, 0)
    heights = y.narrow(dim, 0, last) + y.narrow(dim, y._array.shape[dim] - last, last)
    if x is None:
        return heights * (dx / 2) if dx != 1 else heights * 0.5
    if x._array.ndim == 1 and y._array.ndim > 1:
        if x._array.shape[0] != y._array.shape[dim]:
            raise RuntimeError(
                "trapezoid: There must be one `x` value for each sample point"
            )
        shape = [-1 if i == dim else 1 for i in range(y._array.ndim)]
        return heights * x.diff().reshape(shape) * 0.5
    axis = dim - y._array.ndim
    return heights * x.diff(dim=axis) * 0.5


@public
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Integrate along a dimension by the trapezoidal rule.

    Args:
        y: heights.
        x: where they stand; one unit apart if left out.
        dx: distance between neighbours, in the place of ``x``.
        dim: dimension to go along.

    Example:
        >>> import tatami
        >>> tatami.trapezoid(tatami.tensor([1.0, 2.0, 3.0]))
        tensor(4.)
    """
    place = size.normalize_dim(dim, y._array.ndim)
    areas = _between(y, x, 1 if dx is None else dx, place)
    return areas.sum(place - y._array.ndim)


trapz = trapezoid


@public
def cumulative_trapezoid(
    y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1
) -> Tensor:
    """Integrate along a dimension by the trapezoidal rule, with all totals on the way.

    Args:
        y: heights.
        x: where they stand; one unit apart if left out.
        dx: distance between neighbours, in the place of ``x``.
        dim: dimension to go along.

    Example:
        >>> import tatami
        >>> tatami.cumulative_trapezoid(tatami.tensor([1.0, 2.0, 3.0]))
        tensor([1.5000, 4.0000])
    """
    place = size.normalize_dim(dim, y._array.ndim)
    areas = _between(y, x, 1 if dx is None else dx, place)
    return cumsum(areas, place - y._array.ndim)


def _edge(row: Tensor, dim: int, steps: Any, order: int, last: bool) -> Tensor:
    """Return the slope at the first or the last point from those beside it."""
    count = row._array.shape[dim]
    places = (count - 1, count - 2, count - 3) if last else (0, 1, 2)
    points = [row.narrow(dim, place, 1) for place in places[: order + 1]]
    if last:
        steps = steps.flip(0)
    near = steps[0]
    sign = -1 if last else 1
    if order == 1:
        return (points[1] - points[0]) / near * sign
    both = near + steps[1]
    slope = points[1] * (both / (near * steps[1]))
    slope = slope - points[0] * ((near + both) / (near * both))
    return (slope - points[2] * (near / (steps[1] * both))) * sign


def _slopes(row: Tensor, dim: int, spacing: Any, order: int) -> Tensor:
    """Return slopes along a dimension: by three points inside, by fewer at the ends."""
    count = row._array.shape[dim]
    if isinstance(spacing, Tensor) and spacing._array.ndim:
        steps = spacing.diff().to(row.dtype)
    else:
        steps = wrap(kernels.full((count - 1,), float(spacing), row._array.dtype))
    inner = count - 2
    shape = [-1 if i == dim else 1 for i in np.arange(row._array.ndim)]
    back, ahead = (steps.narrow(0, i, inner).reshape(shape) for i in (0, 1))
    before, here, after = (row.narrow(dim, i, inner) for i in (0, 1, 2))
    rise = (after - here) * (back / (ahead * (back + ahead)))
    middle = rise + (here - before) * (ahead / (back * (back + ahead)))
    first, last = (_edge(row, dim, steps, order, end) for end in (False, True))
    return cat([first, middle, last], dim)


@public
def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> list[Tensor]:
    """Estimate the slopes of sampled values along each dimension.

    Args:
        input: the values.
        spacing: distance between neighbours, 1 if left out; or one for each
            dimension, or a tensor of coordinates for each.
        dim: dimension or dimensions; all if left out.
        edge_order: 1 or 2, how exact the slopes at both ends are.

    Returns:
        One tensor for each dimension.

    Raises:
        RuntimeError: a dimension has too few elements for ``edge_order``.

    Example:
        >>> import tatami
        >>> tatami.gradient(tatami.tensor([1.0, 4.0, 9.0]))
        [tensor([3., 4., 5.])]
    """
    dims = size.normalize_dims(dim, input._array.ndim)
    spacing = 1 if spacing is None else spacing
    spacings = list(spacing) if isinstance(spacing, (list, tuple)) else (
        [spacing] * len(dims)
    )  # fmt: skip
    if edge_order not in (1, 2):
        raise RuntimeError(
            "torch.gradient only supports edge_order=1 and edge_order=2."
        )
    if len(spacings) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or a list of "
            f"length equal to 'self.dim() = {input._array.ndim}', since dim argument "
            f"is of length {len(dims)}, but got a list of length {len(spacings)}"
        )
    for d in dims:
        if input._array.shape[d] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least "
                "edge_order+1"
            )
    row = as_floating(input)
    pairs = zip(dims, spacings, strict=True)
    return [_slopes(row, d, step, edge_order) for d, step in pairs]
