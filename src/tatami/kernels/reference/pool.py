"""Pooling for any number of dimensions.

Shapes: x (N, C, *lengths). Indices count through the whole spatial plane, row by row.

Windows that lie side by side are tiles. The code of a tile says which tap is the
largest, counted row by row, plus CLOSED if it is not positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...size import adaptive_window, pooling_lengths
from .conv import windows

__all__ = [
    "adaptive_avg_pool",
    "adaptive_avg_pool_grad",
    "adaptive_max_pool",
    "avg_pool",
    "avg_pool_grad",
    "fractional_max_pool",
    "max_pool",
    "max_pool_grad",
    "max_pool_tiles",
    "max_pool_tiles_grad",
    "tile_indices",
]

Array = np.ndarray
Ints = Sequence[int]
CLOSED = 128
_ONES = (1, 1)


def _padded(
    x: Array, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
    lengths: Ints, value: float,
) -> Array:  # fmt: skip
    """Pad x on both sides, and at the end as far as the last window reaches."""
    rows = zip(x.shape[2:], kernel, stride, padding, dilation, lengths, strict=True)
    ends = [
        (p, max(0, (n - 1) * s + d * (k - 1) + 1 - length - p))
        for length, k, s, p, d, n in rows
    ]
    if not any(a or b for a, b in ends):
        return x
    return np.pad(x, [(0, 0), (0, 0), *ends], constant_values=value)


def _lowest(x: Array) -> float:
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min


def max_pool(
    x: Array, kernel_size: Ints, stride: Ints, padding: Ints, dilation: Ints,
    ceil_mode: bool,
) -> tuple[Array, Array]:  # fmt: skip
    """The largest element of each window, the first if several, and its index."""
    plane = x.shape[2:]
    lengths = pooling_lengths(plane, kernel_size, stride, padding, dilation, ceil_mode)
    index = np.arange(int(np.prod(plane)), dtype=np.int64).reshape(1, 1, *plane)
    geometry = (kernel_size, stride, padding, dilation, lengths)
    values = _padded(x, *geometry, _lowest(x))
    places = _padded(index, *geometry, -1)
    view = windows(values, kernel_size, stride, dilation, lengths)
    places = windows(places, kernel_size, stride, dilation, lengths)
    count = int(np.prod(kernel_size))
    flat = view.reshape(*view.shape[: 2 + len(plane)], count)
    sources = places.reshape(*places.shape[: 2 + len(plane)], count)
    best = _first_best(flat, sources >= 0)
    taken = np.take_along_axis(flat, best, -1)[..., 0]
    origin = np.broadcast_to(sources, flat.shape)
    return taken, np.take_along_axis(origin, best, -1)[..., 0]


def _first_best(flat: Array, real: Array) -> Array:
    """Find the first maximum (NaN counts as such) that is not padding."""
    if flat.dtype.kind != "f":
        return flat.argmax(-1, keepdims=True)
    lost = ~np.isneginf(flat) | ~real
    every = np.where(lost.all(-1, keepdims=True), False, real & np.isneginf(flat))
    first = np.argmax(real & every, -1, keepdims=True)
    best = flat.argmax(-1, keepdims=True)
    all_low = np.isneginf(np.take_along_axis(flat, best, -1))
    return np.where(all_low, first, best)


def max_pool_grad(grad_output: Array, indices: Array, input_shape: Ints) -> Array:
    """Bring each gradient to the place its maximum came from."""
    planes = int(np.prod(input_shape[:2]))
    area = int(np.prod(input_shape[2:]))
    out = np.zeros(planes * area, grad_output.dtype)
    start = np.arange(planes, dtype=np.int64)[:, None] * area
    flat = indices.reshape(planes, int(np.prod(indices.shape[2:]))) + start
    np.add.at(out, flat.ravel(), grad_output.ravel())
    return out.reshape(tuple(input_shape))


def max_pool_tiles(x: Array, pool: Ints) -> tuple[Array, Array]:
    """The largest element of each tile of x (N, C, H, W), and the code."""
    if pool[0] * pool[1] >= CLOSED:
        raise ValueError(f"pool must have less than {CLOSED} taps, but is {pool}")
    out, indices = max_pool(x, pool, pool, (0, 0), _ONES, False)
    rows, columns = indices // x.shape[3], indices % x.shape[3]
    code = (rows % pool[0] * pool[1] + columns % pool[1]).astype(np.uint8)
    return out, np.where(out <= 0, code | np.uint8(CLOSED), code)


def max_pool_tiles_grad(grad_output: Array, code: Array, x: Array, pool: Ints) -> Array:
    """Bring each gradient to where the largest element of its tile was in x."""
    return max_pool_grad(grad_output, tile_indices(code, x, pool), x.shape)


def tile_indices(code: Array, x: Array, pool: Ints) -> Array:
    """Turn codes into indices of the planes of x."""
    taps = code % CLOSED
    if taps.size and taps.max() >= pool[0] * pool[1]:
        raise IndexError(f"a code is that of tap {taps.max()}, but pool is {pool}")
    rows = np.arange(code.shape[2])[:, None] * pool[0] + taps // pool[1]
    columns = np.arange(code.shape[3]) * pool[1] + taps % pool[1]
    return (rows * x.shape[3] + columns).astype(np.int64)


def _counts(
    length: int, kernel: int, stride: int, padding: int, windows: int,
    count_include_pad: bool,
) -> list[int]:  # fmt: skip
    counts = []
    for i in range(windows):
        start = i * stride - padding
        end = min(start + kernel, length + padding)
        if not count_include_pad:
            start, end = max(start, 0), min(end, length)
        counts.append(end - start)
    return counts


def _divisors(
    input_shape: Ints, kernel_size: Ints, stride: Ints, padding: Ints,
    lengths: Ints, count_include_pad: bool, divisor_override: int | None,
) -> Array:  # fmt: skip
    if divisor_override is not None:
        return np.full((1,) * len(lengths), divisor_override)
    rows = zip(input_shape[2:], kernel_size, stride, padding, lengths, strict=True)
    result = np.ones((1,) * len(lengths), np.int64)
    for i, row in enumerate(rows):
        shape = [1] * len(lengths)
        shape[i] = lengths[i]
        counts = np.array(_counts(*row, count_include_pad), dtype=np.int64)
        result = result * counts.reshape(shape)
    return result


def avg_pool(
    x: Array, kernel_size: Ints, stride: Ints, padding: Ints, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Array:  # fmt: skip
    """The mean of each window."""
    ones = (1,) * len(kernel_size)
    plane = x.shape[2:]
    lengths = pooling_lengths(plane, kernel_size, stride, padding, ones, ceil_mode)
    padded = _padded(x, kernel_size, stride, padding, ones, lengths, 0)
    view = windows(padded, kernel_size, stride, ones, lengths)
    total = view.sum(axis=tuple(range(2 + len(plane), view.ndim)), dtype=x.dtype)
    divisors = _divisors(
        x.shape, kernel_size, stride, padding, lengths, count_include_pad,
        divisor_override,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        return (total / divisors).astype(x.dtype)


def avg_pool_grad(
    grad_output: Array, input_shape: Ints, kernel_size: Ints, stride: Ints,
    padding: Ints, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None,
) -> Array:  # fmt: skip
    """Spread each gradient evenly over its window."""
    lengths = grad_output.shape[2:]
    divisors = _divisors(
        input_shape, kernel_size, stride, padding, lengths, count_include_pad,
        divisor_override,
    )  # fmt: skip
    share = (grad_output / divisors).astype(grad_output.dtype)
    rows = list(zip(input_shape[2:], kernel_size, stride, padding, lengths,
                    strict=True))  # fmt: skip
    padded = [max(n + 2 * p, (m - 1) * s + k) for n, k, s, p, m in rows]
    out = np.zeros((*input_shape[:2], *padded), grad_output.dtype)
    for tap in np.ndindex(*kernel_size):
        place: tuple[Any, ...] = tuple(
            slice(t, t + row[2] * (row[4] - 1) + 1, row[2])
            for t, row in zip(tap, rows, strict=True)
        )
        out[(..., *place)] += share
    inner: tuple[Any, ...] = tuple(slice(r[3], r[3] + r[0]) for r in rows)
    return np.ascontiguousarray(out[(..., *inner)])


def _adaptive_cells(plane: Ints, output_size: Ints) -> list[tuple[Any, ...]]:
    cells = []
    for cell in np.ndindex(*output_size):
        cells.append(
            tuple(
                slice(*adaptive_window(i, n, m))
                for i, n, m in zip(cell, plane, output_size, strict=True)
            )
        )
    return cells


def adaptive_avg_pool(x: Array, output_size: Ints) -> Array:
    """The mean of each of ``output_size`` windows that cover x evenly."""
    axes = tuple(range(2, x.ndim))
    out = np.empty((*x.shape[:2], *output_size), x.dtype)
    cells = _adaptive_cells(x.shape[2:], output_size)
    for cell, place in zip(np.ndindex(*output_size), cells, strict=True):
        out[(..., *cell)] = x[(..., *place)].mean(axis=axes)
    return out


def adaptive_avg_pool_grad(grad_output: Array, input_shape: Ints) -> Array:
    """Spread each gradient evenly over its window."""
    out = np.zeros(tuple(input_shape), grad_output.dtype)
    output_size = grad_output.shape[2:]
    cells = _adaptive_cells(input_shape[2:], output_size)
    for cell, place in zip(np.ndindex(*output_size), cells, strict=True):
        window = out[(..., *place)]
        area = int(np.prod(window.shape[2:]))
        share = grad_output[(..., *cell)] / area
        window += share[(..., *(None,) * len(output_size))]
    return out


def adaptive_max_pool(x: Array, output_size: Ints) -> tuple[Array, Array]:
    """The largest element of each adaptive window, and its index in the plane."""
    plane = x.shape[2:]
    index = np.arange(int(np.prod(plane)), dtype=np.int64).reshape(plane)
    out = np.empty((*x.shape[:2], *output_size), x.dtype)
    origin = np.empty(out.shape, np.int64)
    cells = _adaptive_cells(plane, output_size)
    for cell, place in zip(np.ndindex(*output_size), cells, strict=True):
        window = x[(..., *place)]
        window = window.reshape(*x.shape[:2], int(np.prod(window.shape[2:])))
        best = window.argmax(-1, keepdims=True)
        out[(..., *cell)] = np.take_along_axis(window, best, -1)[..., 0]
        origin[(..., *cell)] = index[place].ravel()[best[..., 0]]
    return out, origin


def _fractional_starts(
    unit: float, length: int, windows: int, kernel: int
) -> list[int]:
    """Where windows begin: at steps of random length, the last at the end."""
    if windows == 1:
        return [length - kernel]
    step = (length - kernel) / (windows - 1)
    first = int(unit * step)
    starts = [int((i + unit) * step) - first for i in range(windows - 1)]
    return [*starts, length - kernel]


def fractional_max_pool(
    x: Array, units: Array, kernel: Ints, output_size: Ints
) -> tuple[Array, Array]:
    """The largest element of windows at places chosen by ``units`` (N, C, d)."""
    plane, d = x.shape[2:], len(kernel)
    index = np.arange(int(np.prod(plane)), dtype=np.int64).reshape(plane)
    out = np.empty((*x.shape[:2], *output_size), x.dtype)
    origin = np.empty(out.shape, np.int64)
    for n, c in np.ndindex(*x.shape[:2]):
        rows = zip(units[n, c], plane, output_size, kernel, strict=True)
        starts = [_fractional_starts(float(u), *row) for u, *row in rows]
        for cell in np.ndindex(*output_size):
            place = tuple(slice(starts[i][cell[i]], starts[i][cell[i]] + kernel[i])
                          for i in range(d))  # fmt: skip
            best = x[n, c][place].argmax()
            out[(n, c, *cell)] = x[n, c][place].ravel()[best]
            origin[(n, c, *cell)] = index[place].ravel()[best]
    return out, origin
