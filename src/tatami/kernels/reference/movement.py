"""Kernels that move elements: joining, taking, scattering, filling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .elementwise import as_array

__all__ = [
    "concatenate",
    "embedding",
    "embedding_grad",
    "full",
    "gather",
    "one_hot",
    "pad",
    "put",
    "scatter",
    "take",
]

Array = np.ndarray


def concatenate(arrays: Sequence[Array], dim: int) -> Array:
    """The arrays one after the other along a dimension."""
    return np.concatenate(arrays, axis=dim)


def full(shape: Sequence[int], value: Any, kind: Any) -> Array:
    """An array of one value."""
    return np.full(tuple(shape), value, kind)


def take(x: Array, index: Any) -> Array:
    """A copy of x at a NumPy index."""
    return np.array(x[index], order="C")


def embedding(weight: Array, indices: Array) -> Array:
    """The rows of weight (count, length) at indices from 0 on.

    Raises:
        IndexError: there is no such row.
    """
    if indices.size and (indices.min() < 0 or indices.max() >= len(weight)):
        raise IndexError("index out of range in self")
    return take(weight, indices)


def embedding_grad(
    grad: Array, indices: Array, count: int, padding: int, by_count: bool
) -> Array:
    """The gradient of ``count`` rows; that of row ``padding`` is 0.

    With ``by_count`` each row's is divided by how often it was looked up.
    """
    flat = indices.reshape(-1)
    rows = grad.reshape(flat.size, grad.shape[-1])
    out = np.zeros((count, grad.shape[-1]), grad.dtype)
    if by_count:
        often = np.bincount(flat, minlength=1)[flat][:, None]
        rows = rows * (1 / often).astype(grad.dtype)
    kept = flat != padding
    np.add.at(out, flat[kept], rows[kept])
    return out


def one_hot(indices: Array, classes: int) -> Array:
    """Rows of zeros, of type int64, with a 1 at each index.

    Raises:
        RuntimeError: an index is not one of the classes.
    """
    if indices.size and indices.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if indices.size and indices.max() >= classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = np.zeros((*indices.shape, classes), np.int64)
    if out.size:
        np.put_along_axis(out, indices[..., None], 1, -1)
    return out


def put(x: Array, index: Any, values: Any, accumulate: bool) -> Array:
    """A copy of x with values written, or added, at a NumPy index."""
    out = np.array(x, order="C")
    if accumulate:
        np.add.at(out, index, values)
    else:
        out[index] = values
    return out


def gather(x: Array, dim: int, index: Array) -> Array:
    """out[i][j] = x[index[i][j]][j] for dim 0, and alike for the others."""
    if index.size == 0:
        return np.empty(index.shape, x.dtype)
    source, places = np.atleast_1d(x), np.atleast_1d(index)
    return as_array(source[_along(source.shape, dim, places)]).reshape(index.shape)


def _along(shape: Sequence[int], dim: int, index: Array) -> tuple[Array, ...]:
    place = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    place[dim] = index
    return tuple(place)


def scatter(x: Array, dim: int, index: Array, values: Any, reduce: str) -> Array:
    """A copy of x with out[index[i][j]][j] = values[i][j] for dim 0, and alike.

    ``reduce`` is one of "set", "add", "multiply", "maximum", "minimum".
    """
    out = np.array(x, order="C")
    if index.size == 0:
        return out
    if out.ndim == 0:
        out, index = out.reshape(1), index.reshape(1)
        values = values.reshape(1) if isinstance(values, Array) else values
        return scatter(out, 0, index, values, reduce).reshape(())
    place = _along(out.shape, dim, index)
    if isinstance(values, Array):
        values = values[tuple(slice(n) for n in index.shape)]
    if reduce == "set":
        out[place] = values
    else:
        getattr(np, reduce).at(out, place, values)
    return out


def pad(x: Array, widths: Sequence[tuple[int, int]], mode: str, value: Any) -> Array:
    """x with a border; ``mode`` is constant, reflect, edge or wrap."""
    if mode == "constant":
        return np.pad(x, widths, constant_values=value)
    return np.pad(x, widths, mode=mode)  # type: ignore[call-overload]
