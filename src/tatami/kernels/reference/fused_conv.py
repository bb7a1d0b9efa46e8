"""Convolution, bias, relu and max pooling as one step, and its gradients.

Shapes: x (N, C, H, W), weight (O, C, *kernel), output (N, O, *pooled). The convolution
moves by 1 and has one group; the windows of the pooling are tiles. The code is theirs,
or 255 where relu closed one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .conv import convolution, convolution_grad_input, convolution_grad_weight
from .pool import CLOSED, max_pool_tiles, max_pool_tiles_grad

__all__ = [
    "convolution_max_pool",
    "convolution_max_pool_grad",
    "convolution_max_pool_infer",
    "convolution_max_pool_pays",
]

Array = np.ndarray
Ints = Sequence[int]
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
    out, code = max_pool_tiles(
        convolution(x, weight, bias, _ONES, padding, _ONES, 1), pool
    )
    if not relu:
        return out, code % CLOSED
    out[code >= CLOSED] = 0
    return out, np.where(code >= CLOSED, np.uint8(255), code)


def convolution_max_pool_infer(
    x: Array, weight: Array, bias: Array | None, padding: Ints, pool: Ints, relu: bool
) -> Array:
    """Do what convolution_max_pool does, without the code."""
    return convolution_max_pool(x, weight, bias, padding, pool, relu)[0]


def convolution_max_pool_grad(
    grad_output: Array, code: Array, x: Array, weight: Array | None, shape: Ints,
    padding: Ints, pool: Ints, relu: bool, needs_bias: bool,
) -> tuple[Array | None, Array, Array | None]:  # fmt: skip
    """The gradients of the input, the weight and the bias.

    With ``relu``, closed tiles have none. Without ``weight``, nobody asks for the
    gradient of the input; ``shape`` is that of the weight.
    """
    lengths = [
        n + 2 * p - k + 1
        for n, p, k in zip(x.shape[2:], padding, shape[2:], strict=True)
    ]
    closed = (code >= CLOSED) & relu
    grad = np.where(closed, grad_output.dtype.type(0), grad_output)
    plane = np.broadcast_to(grad.dtype.type(0), (*grad.shape[:2], *lengths))
    inner = max_pool_tiles_grad(grad, np.where(closed, 0, code), plane, pool)
    geometry = (_ONES, padding, _ONES, 1)
    grad_weight = convolution_grad_weight(inner, x, shape, *geometry)
    grad_input = None
    if weight is not None:
        grad_input = convolution_grad_input(inner, weight, x.shape, *geometry)
    grad_bias = inner.sum(axis=(0, 2, 3)) if needs_bias else None
    return grad_input, grad_weight, grad_bias
