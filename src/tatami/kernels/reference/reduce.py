"""Reductions: ``dim`` is a tuple of dimensions counted from the front."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementwise import as_array

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "bincount",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "histogram",
    "histogramdd",
    "isin",
    "log_softmax",
    "log_softmax_grad",
    "logcumsumexp",
    "logsumexp",
    "median",
    "mode",
    "prod",
    "searchsorted",
    "softmax",
    "softmax_grad",
    "sort",
    "sum",
    "take_along",
    "unique",
    "var",
    "vector_norm",
]

Array = np.ndarray
Dims = tuple[int, ...]


def sum(x: Array, dim: Dims, keepdim: bool) -> Array:
    """The sum; in the type of x."""
    return as_array(np.sum(x, axis=dim, keepdims=keepdim, dtype=x.dtype))


def prod(x: Array, dim: Dims, keepdim: bool) -> Array:
    """The product; in the type of x."""
    return as_array(np.prod(x, axis=dim, keepdims=keepdim, dtype=x.dtype))


def amax(x: Array, dim: Dims, keepdim: bool) -> Array:
    """The largest element; NaN if there is one."""
    return as_array(np.max(x, axis=dim, keepdims=keepdim))


def amin(x: Array, dim: Dims, keepdim: bool) -> Array:
    """The smallest element; NaN if there is one."""
    return as_array(np.min(x, axis=dim, keepdims=keepdim))


def all(x: Array, dim: Dims, keepdim: bool) -> Array:
    """Whether every element is non-zero."""
    return as_array(np.all(x, axis=dim, keepdims=keepdim))


def any(x: Array, dim: Dims, keepdim: bool) -> Array:
    """Whether some element is non-zero."""
    return as_array(np.any(x, axis=dim, keepdims=keepdim))


def argmax(x: Array, dim: int, keepdim: bool) -> Array:
    """The index of the first largest element along one dimension."""
    return as_array(np.argmax(x, axis=dim, keepdims=keepdim))


def argmin(x: Array, dim: int, keepdim: bool) -> Array:
    """The index of the first smallest element along one dimension."""
    return as_array(np.argmin(x, axis=dim, keepdims=keepdim))


def cumsum(x: Array, dim: int) -> Array:
    """Running sums along one dimension, kept in float64 for floating-point types."""
    wide = np.float64 if x.dtype.kind == "f" else x.dtype
    return as_array(np.cumsum(x, axis=dim, dtype=wide)).astype(x.dtype, copy=False)


def cumprod(x: Array, dim: int) -> Array:
    """Running products along one dimension, kept in float64 as running sums are."""
    wide = np.float64 if x.dtype.kind == "f" else x.dtype
    with np.errstate(all="ignore"):
        products = as_array(np.cumprod(x, axis=dim, dtype=wide))
        return products.astype(x.dtype, copy=False)


def softmax(x: Array, dim: int) -> Array:
    """exp(x) divided by its sum along one dimension, without overflow."""
    with np.errstate(all="ignore"):
        shifted = np.exp(x - np.max(x, axis=dim, keepdims=True, initial=-np.inf))
        return as_array(shifted / shifted.sum(axis=dim, keepdims=True))


def log_softmax(x: Array, dim: int) -> Array:
    """The logarithm of softmax, without overflow."""
    with np.errstate(all="ignore"):
        shifted = x - np.max(x, axis=dim, keepdims=True, initial=-np.inf)
        total = np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
        return as_array(shifted - total)


def softmax_grad(grad: Array, result: Array, dim: int) -> Array:
    """The gradient of x in softmax, from that of its result."""
    total = (grad * result).sum(axis=dim, keepdims=True)
    return as_array((grad - total) * result)


def log_softmax_grad(grad: Array, result: Array, dim: int) -> Array:
    """The gradient of x in log_softmax, from that of its result."""
    return as_array(grad - np.exp(result) * grad.sum(axis=dim, keepdims=True))


def sort(x: Array, dim: int, descending: bool) -> tuple[Array, Array]:
    """The elements in order, equal ones as they stood, and where they came from."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    source = np.flip(x, dim) if descending else x
    order = np.argsort(source, axis=dim, kind="stable")
    if descending:
        order = np.flip(x.shape[dim] - 1 - order, dim)
    order = np.ascontiguousarray(order, dtype=np.int64)
    return np.take_along_axis(x, order, dim), order


def var(x: Array, dim: Dims, correction: float, keepdim: bool) -> Array:
    """The sum of squared differences from the mean, over (count - correction)."""
    count = math.prod(x.shape[d] for d in dim)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64, copy=False)
        centre = wide.sum(axis=dim, keepdims=True) / np.float64(count)
        total = np.square(wide - centre).sum(axis=dim, keepdims=keepdim)
        return as_array(total / np.float64(max(count - correction, 0))).astype(x.dtype)


def logsumexp(x: Array, dim: Dims, keepdim: bool) -> Array:
    """log(sum(exp(x))) without overflow."""
    with np.errstate(all="ignore"):
        peak = np.max(x, axis=dim, keepdims=True, initial=-np.inf)
        peak = np.where(np.isinf(peak), x.dtype.type(0), peak)
        total = np.log(np.exp(x - peak).sum(axis=dim, keepdims=True)) + peak
    return as_array(total if keepdim else total.squeeze(dim))


def logcumsumexp(x: Array, dim: int) -> Array:
    """Running log(sum(exp(x))) along one dimension."""
    with np.errstate(all="ignore"):
        wide = np.logaddexp.accumulate(x.astype(np.float64, copy=False), axis=dim)
        return as_array(wide).astype(x.dtype, copy=False)


def _running(best: np.ufunc, x: Array, dim: int) -> tuple[Array, Array]:
    values = best.accumulate(x, axis=dim)
    along = [-1 if i == dim else 1 for i in range(x.ndim)]
    places = np.arange(x.shape[dim]).reshape(along)
    found = np.where((x == values) | (x != x), places, 0)
    return values, np.maximum.accumulate(found, axis=dim)


def cummax(x: Array, dim: int) -> tuple[Array, Array]:
    """Running maxima along one dimension, and where each was last met."""
    return _running(np.maximum, x, dim)


def cummin(x: Array, dim: int) -> tuple[Array, Array]:
    """Running minima along one dimension, and where each was last met."""
    return _running(np.minimum, x, dim)


def mode(x: Array, dim: int) -> Array:
    """Where the most frequent element along one dimension is; the least of several."""
    rows = np.moveaxis(x, dim, -1)
    found = np.empty(rows.shape[:-1], np.int64)
    for place in np.ndindex(*found.shape):
        values, counts = np.unique(rows[place], return_counts=True)
        best = values[counts.argmax()]
        found[place] = np.flatnonzero(rows[place] == best)[-1] if best == best else 0
    return found


def searchsorted(rows: Array, values: Array, right: bool) -> Array:
    """Where values would go in sorted rows; one row serves values of any shape."""
    side: Any = "right" if right else "left"
    if rows.ndim == 1:
        return as_array(np.searchsorted(rows, values, side))
    found = np.empty(values.shape, np.int64)
    for place in np.ndindex(*rows.shape[:-1]):
        found[place] = np.searchsorted(rows[place], values[place], side)
    return found


def unique(x: Array, dim: int | None) -> tuple[Array, Array, Array]:
    """Distinct elements in order, where each element went, and how often each came."""
    values, inverse, counts = np.unique(
        x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    shape = x.shape if dim is None else (x.shape[dim],)
    return values, as_array(inverse).reshape(shape), counts


def bincount(x: Array, weights: Array | None, minlength: int) -> Array:
    """How often each number from 0 on comes, or the sum of its weights."""
    return as_array(np.bincount(x, weights, minlength))


def histogram(x: Array, edges: Array, weight: Array | None) -> Array:
    """How many elements, or how much weight, lie between edges; the last belongs in."""
    inside = (x >= edges[0]) & (x <= edges[-1])
    places = np.searchsorted(edges, x[inside], "right") - 1
    places = np.minimum(places, len(edges) - 2)
    weights = None if weight is None else weight[inside]
    return as_array(np.bincount(places, weights, len(edges) - 1))


def median(x: Array, dim: int, skip_nan: bool) -> Array:
    """Where the middle element along one dimension is, the lower of two.

    The first NaN counts as the middle unless NaN is to be skipped.
    """
    order = np.argsort(x, axis=dim, kind="stable")
    missing = np.isnan(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)
    count = x.shape[dim] - missing.sum(axis=dim, keepdims=True)
    if skip_nan:
        rank = np.maximum(count - 1, 0) // 2
    else:
        rank = np.where(count < x.shape[dim], count, (x.shape[dim] - 1) // 2)
    found = np.take_along_axis(order, rank, dim)
    return as_array(found.squeeze(dim)).astype(np.int64)


def take_along(x: Array, indices: Array, dim: int) -> Array:
    """The elements of x at the indices along one dimension."""
    return as_array(np.take_along_axis(x, indices, dim))


def isin(x: Array, others: Array) -> Array:
    """Whether each element of x is among the others."""
    return as_array(np.isin(x, others))


def histogramdd(x: Array, edges: list[Array], weight: Array | None) -> Array:
    """How many points, the rows of x, lie between edges along each coordinate."""
    inside = np.ones(len(x), np.bool_)
    places = np.zeros(len(x), np.int64)
    for column, edge in zip(x.T, edges, strict=True):
        inside &= (column >= edge[0]) & (column <= edge[-1])
        found = np.searchsorted(edge, column, "right") - 1
        places = places * (len(edge) - 1) + np.clip(found, 0, len(edge) - 2)
    shape = [len(edge) - 1 for edge in edges]
    weights = None if weight is None else weight[inside]
    counts = np.bincount(places[inside], weights, math.prod(shape))
    return as_array(counts).reshape(shape)


def vector_norm(x: Array, p: float, dim: Dims, keepdim: bool) -> Array:
    """The p-th root of the sum of |x|^p."""
    with np.errstate(all="ignore"):
        size = np.abs(x)
        if p == 0:
            total = (x != 0).sum(axis=dim, keepdims=keepdim)
        elif p == 1:
            total = size.sum(axis=dim, keepdims=keepdim)
        elif p == 2:
            total = np.sqrt((x * x).sum(axis=dim, keepdims=keepdim))
        elif p == math.inf:
            total = size.max(axis=dim, keepdims=keepdim, initial=0)
        elif p == -math.inf:
            total = size.min(axis=dim, keepdims=keepdim)
        else:
            total = (size**p).sum(axis=dim, keepdims=keepdim) ** (1 / p)
        return as_array(total).astype(x.dtype, copy=False)
