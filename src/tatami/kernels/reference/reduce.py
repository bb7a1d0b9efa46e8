"""Reductions: ``dim`` is a tuple of dimensions counted from the front."""

from __future__ import annotations

import numpy as np

from .elementwise import as_array

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "prod",
    "softmax",
    "sort",
    "sum",
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
    """Running sums along one dimension."""
    return as_array(np.cumsum(x, axis=dim, dtype=x.dtype))


def cumprod(x: Array, dim: int) -> Array:
    """Running products along one dimension."""
    return as_array(np.cumprod(x, axis=dim, dtype=x.dtype))


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
