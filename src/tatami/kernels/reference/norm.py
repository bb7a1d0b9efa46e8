"""Kernels that normalise: channels of (N, C, ...) over a batch, or last dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "batch_norm",
    "batch_norm_grad",
    "channel_affine",
    "layer_norm",
    "layer_norm_grad",
]

Array = np.ndarray
Dims = tuple[int, ...]


def _average(x: Array, dims: Dims) -> Array:
    count = max(math.prod(x.shape[d] for d in dims), 1)
    return np.asarray(x.sum(axis=dims, keepdims=True, dtype=x.dtype) / count, x.dtype)


def _standardized(x: Array, dims: Dims, eps: float) -> tuple[Array, ...]:
    mean = _average(x, dims)
    centred = x - mean
    variance = _average(centred * centred, dims)
    with np.errstate(all="ignore"):
        scale = np.asarray(1 / np.sqrt(variance + eps), x.dtype)
        return centred * scale, mean, variance, scale


def _affine(x: Array, weight: Any, bias: Any) -> Array:
    if weight is not None:
        x = x * weight
    return np.asarray(x if bias is None else x + bias)


def _grad_input(slope: Array, hat: Array, scale: Array, dims: Dims) -> Array:
    along = _average(slope * hat, dims)
    return np.asarray((slope - _average(slope, dims) - hat * along) * scale)


def _by_channel(values: Array | None, rank: int) -> Array | None:
    """Return (C) so that it stretches to (N, C, ...)."""
    return None if values is None else values.reshape(-1, *(1,) * (rank - 2))


def channel_affine(x: Array, weight: Array | None, bias: Array | None) -> Array:
    """x (N, C, ...) times weight (C) plus bias (C)."""
    rank = x.ndim
    result = _affine(x, _by_channel(weight, rank), _by_channel(bias, rank))
    return result if result is not x else x.copy()


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, ...]:
    """Normalise the channels of x (N, C, ...) over the batch.

    Returns the result, and the mean, variance and 1 / deviation of each channel.
    """
    rank = x.ndim
    hat, *found = _standardized(x, (0, *range(2, rank)), eps)
    result = _affine(hat, _by_channel(weight, rank), _by_channel(bias, rank))
    return result, *(values.reshape(-1) for values in found)


def batch_norm_grad(
    grad: Array, x: Array, weight: Array | None, mean: Array, scale: Array
) -> tuple[Array, ...]:
    """The gradients of x, weight and bias from what batch_norm found."""
    rank = x.ndim
    dims, width = (0, *range(2, rank)), _by_channel(scale, rank)
    assert width is not None
    hat = (x - _by_channel(mean, rank)) * width
    slope = _affine(grad, _by_channel(weight, rank), None)
    first = _grad_input(slope, hat, width, dims)
    return first, (grad * hat).sum(axis=dims), grad.sum(axis=dims)


def layer_norm(
    x: Array, d: int, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, ...]:
    """Normalise x over its last d dimensions, whose shape weight and bias have.

    Returns the result, and the mean, variance and 1 / deviation of the others.
    """
    kept = x.ndim - d
    hat, *found = _standardized(x, tuple(range(kept, x.ndim)), eps)
    shape = x.shape[:kept]
    return _affine(hat, weight, bias), *(values.reshape(shape) for values in found)


def layer_norm_grad(
    grad: Array, x: Array, d: int, weight: Array | None, mean: Array, scale: Array
) -> tuple[Array, ...]:
    """The gradients of x, weight and bias from what layer_norm found."""
    kept = x.ndim - d
    lead, shape = tuple(range(kept)), (*x.shape[:kept], *(1,) * d)
    hat = (x - mean.reshape(shape)) * scale.reshape(shape)
    slope, dims = _affine(grad, weight, None), tuple(range(kept, x.ndim))
    first = _grad_input(slope, hat, scale.reshape(shape), dims)
    return first, (grad * hat).sum(axis=lead), np.asarray(grad.sum(axis=lead))
