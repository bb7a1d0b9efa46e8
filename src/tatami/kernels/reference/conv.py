"""Convolution for any number of dimensions, as windows times weights.

Shapes: x (N, C, *lengths), weight (O, C / groups, *kernel), output (N, O, *lengths).
``stride``, ``padding`` and ``dilation`` have one entry for each spatial dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...size import convolution_lengths

__all__ = [
    "convolution",
    "convolution_grad_input",
    "convolution_grad_weight",
    "convolution_relu",
    "fold",
    "unfold",
]

Array = np.ndarray
Ints = Sequence[int]


def _pad(x: Array, padding: Ints) -> Array:
    if not any(padding):
        return x
    return np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])


def windows(
    x: Array, kernel: Ints, stride: Ints, dilation: Ints, lengths: Ints
) -> Array:
    """View x (N, C, *) as windows (N, C, *lengths, *kernel), without a copy."""
    strides = x.strides[2:]
    steps = tuple(s * t for s, t in zip(strides, stride, strict=True))
    inner = tuple(s * t for s, t in zip(strides, dilation, strict=True))
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *lengths, *kernel),
        (*x.strides[:2], *steps, *inner),
    )


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Array:
    """Slide the kernel over x; without flipping it (a cross-correlation)."""
    kernel = weight.shape[2:]
    lengths = convolution_lengths(x.shape[2:], kernel, stride, padding, dilation)
    view = windows(_pad(x, padding), kernel, stride, dilation, lengths)
    N, O = x.shape[0], weight.shape[0]
    columns = _columns(view, groups, len(lengths))
    rows = weight.reshape(groups, O // groups, columns.shape[2])
    out = np.matmul(rows, columns).reshape(N, O, *lengths)
    if bias is not None:
        out += bias.reshape(-1, *(1,) * len(lengths))
    return out


def convolution_relu(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Array:
    """The positive part of a convolution; NaN stays."""
    out = convolution(x, weight, bias, stride, padding, dilation, groups)
    return np.maximum(out, 0, out=out)


def _columns(view: Array, groups: int, d: int) -> Array:
    """(N, C, *lengths, *kernel) -> (N, groups, C/groups * kernel, lengths)."""
    N, C = view.shape[:2]
    lengths, kernel = view.shape[2 : 2 + d], view.shape[2 + d :]
    order = (0, 1, *range(2 + d, 2 + 2 * d), *range(2, 2 + d))
    channels = C // groups
    taps = int(np.prod(kernel)) * channels
    if view.size == 0:
        return np.zeros((N, groups, taps, int(np.prod(lengths))), view.dtype)
    return view.transpose(order).reshape(N, groups, taps, int(np.prod(lengths)))


def convolution_grad_input(
    grad_output: Array,
    weight: Array,
    input_shape: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Array:
    """The gradient of the input; also the transposed convolution."""
    N, O = grad_output.shape[:2]
    kernel, lengths = weight.shape[2:], grad_output.shape[2:]
    taps = int(np.prod(weight.shape[1:]))
    rows = weight.reshape(groups, O // groups, taps).transpose(0, 2, 1)
    area = int(np.prod(lengths))
    columns = np.matmul(rows, grad_output.reshape(N, groups, O // groups, area))
    columns = columns.reshape(N, input_shape[1], *kernel, *lengths)
    return _overlaid(columns, input_shape, stride, padding, dilation)


def _overlaid(
    columns: Array, shape: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> Array:
    """Add windows (N, C, *kernel, *lengths) up where they came from in ``shape``."""
    d = len(stride)
    kernel, lengths = columns.shape[2 : 2 + d], columns.shape[2 + d :]
    padded = [n + 2 * p for n, p in zip(shape[2:], padding, strict=True)]
    out = np.zeros((*shape[:2], *padded), columns.dtype)
    for tap in np.ndindex(*kernel):
        place: tuple[Any, ...] = tuple(
            slice(t * d, t * d + s * (n - 1) + 1, s)
            for t, d, s, n in zip(tap, dilation, stride, lengths, strict=True)
        )
        out[(..., *place)] += columns[(slice(None), slice(None), *tap)]
    inner: tuple[Any, ...] = tuple(
        slice(p, p + n) for n, p in zip(shape[2:], padding, strict=True)
    )
    return np.ascontiguousarray(out[(..., *inner)])


def convolution_grad_weight(
    grad_output: Array,
    x: Array,
    weight_shape: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Array:
    """The gradient of the weight."""
    kernel, lengths = weight_shape[2:], grad_output.shape[2:]
    view = windows(_pad(x, padding), kernel, stride, dilation, lengths)
    columns = _columns(view, groups, len(lengths))
    N, O = grad_output.shape[:2]
    area = int(np.prod(lengths))
    rows = grad_output.reshape(N, groups, O // groups, area)
    out = np.matmul(rows, columns.transpose(0, 1, 3, 2)).sum(axis=0)
    return out.reshape(tuple(weight_shape))


def unfold(
    x: Array, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> Array:
    """Every window of x as a column: (N, C * kernel, windows)."""
    lengths = convolution_lengths(x.shape[2:], kernel, stride, padding, dilation)
    view = windows(_pad(x, padding), kernel, stride, dilation, lengths)
    return np.ascontiguousarray(_columns(view, 1, len(lengths))[:, 0])


def fold(
    columns: Array, output_size: Ints, kernel: Ints, stride: Ints, padding: Ints,
    dilation: Ints,
) -> Array:  # fmt: skip
    """Columns added up where ``unfold`` would have taken them from."""
    lengths = convolution_lengths(output_size, kernel, stride, padding, dilation)
    N, C = columns.shape[0], columns.shape[1] // int(np.prod(kernel))
    blocks = columns.reshape(N, C, *kernel, *lengths)
    return _overlaid(blocks, (N, C, *output_size), stride, padding, dilation)
