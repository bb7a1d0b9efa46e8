"""Convolution, bias, relu and max pooling as one step, and its gradients.

Shapes: x (N, C, H, W), weight (O, C, *kernel), output (N, O, *pooled). The convolution
moves by 1 and has one group; the windows of the pooling lie side by side. The code of
an output says which tap of its window was the largest, counted row by row, or 255
where relu closed it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .conv import convolution, convolution_grad_input, convolution_grad_weight
from .pool import max_pool, max_pool_grad

__all__ = [
    "convolution_indexed_grad",
    "convolution_max_pool",
    "convolution_max_pool_grad",
    "convolution_max_pool_infer",
    "convolution_max_pool_pays",
]

Array = np.ndarray
Ints = Sequence[int]
_CLOSED = 255
_ONES = (1, 1)


def convolution_max_pool_pays(
    x_shape: Ints, weight_shape: Ints, padding: Ints, pool: Ints
) -> bool:
    """Say whether one step is faster than the steps it stands for.

    With windows of 2 x 2 it is, for 1 as for 64 channels: forward it computes only what
    the pooling looks at, at the speed of a convolution alone or better, and backward a
    quarter of the products at most. Other windows have no fast way.
    """
    rows, columns = (n + 2 * p for n, p in zip(x_shape[2:], padding, strict=True))
    channels = max(x_shape[1], weight_shape[0])
    return tuple(pool) == (2, 2) and (rows + 1) * (columns + 1) * channels < 1 << 26


def convolution_max_pool(
    x: Array, weight: Array, bias: Array | None, padding: Ints, pool: Ints, relu: bool
) -> tuple[Array, Array]:
    """Convolve, add the bias, rectify if ``relu``, and pool; with the code."""
    if pool[0] * pool[1] >= _CLOSED:
        raise ValueError(f"pool must have less than {_CLOSED} taps, but is {pool}")
    y = convolution(x, weight, bias, _ONES, padding, _ONES, 1)
    out, indices = max_pool(y, pool, pool, (0, 0), _ONES, False)
    code = _taps(indices, y.shape[3], pool)
    if relu:
        closed = out <= 0
        out[closed] = 0
        code[closed] = _CLOSED
    return out, code


def _taps(indices: Array, width: int, pool: Ints) -> Array:
    """Turn places in a plane into places in a window."""
    rows, columns = indices // max(width, 1), indices % max(width, 1)
    return (rows % pool[0] * pool[1] + columns % pool[1]).astype(np.uint8)


def convolution_max_pool_infer(
    x: Array, weight: Array, bias: Array | None, padding: Ints, pool: Ints, relu: bool
) -> Array:
    """Do what convolution_max_pool does, without the code."""
    return convolution_max_pool(x, weight, bias, padding, pool, relu)[0]


def convolution_max_pool_grad(
    grad_output: Array, code: Array, x: Array, weight: Array, padding: Ints,
    pool: Ints, needs_input: bool, needs_bias: bool,
) -> tuple[Array | None, Array, Array | None]:  # fmt: skip
    """The gradients of the input, the weight and the bias."""
    grad = np.where(code == _CLOSED, grad_output.dtype.type(0), grad_output)
    width = x.shape[3] + 2 * padding[1] - weight.shape[3] + 1
    indices = _places(np.where(code == _CLOSED, 0, code), width, pool)
    return convolution_indexed_grad(
        grad, indices, None, x, weight if needs_input else None, weight.shape, padding,
        needs_bias,
    )  # fmt: skip


def convolution_indexed_grad(
    grad_output: Array, indices: Array, opened: Array | None, x: Array,
    weight: Array | None, shape: Ints, padding: Ints, needs_bias: bool,
) -> tuple[Array | None, Array, Array | None]:  # fmt: skip
    """The gradients of the input, the weight and the bias, by a pooling's indices.

    Where ``opened``, what relu made of the convolution, is not positive, there is none.
    Without ``weight``, nobody asks for the gradient of the input; ``shape`` is its.
    """
    plane = [
        n + 2 * p - k + 1
        for n, p, k in zip(x.shape[2:], padding, shape[2:], strict=True)
    ]
    inner = max_pool_grad(grad_output, indices, (*grad_output.shape[:2], *plane))
    if opened is not None:
        inner = np.where(opened <= 0, inner.dtype.type(0), inner)
    geometry = (_ONES, padding, _ONES, 1)
    grad_weight = convolution_grad_weight(inner, x, shape, *geometry)
    grad_input = None
    if weight is not None:
        grad_input = convolution_grad_input(inner, weight, x.shape, *geometry)
    grad_bias = inner.sum(axis=(0, 2, 3)) if needs_bias else None
    return grad_input, grad_weight, grad_bias


def _places(taps: Array, width: int, pool: Ints) -> Array:
    """Turn places in a window into places in a plane."""
    rows = np.arange(taps.shape[2])[:, None] * pool[0] + taps // pool[1]
    columns = np.arange(taps.shape[3]) * pool[1] + taps % pool[1]
    return (rows * width + columns).astype(np.int64)
