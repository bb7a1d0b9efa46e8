"""Images made larger or smaller, one axis after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .pool_adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate"]

_MODES = {
    "nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "linear": (1,), "bilinear": (2,),
    "bicubic": (2,), "trilinear": (3,), "area": (1, 2, 3),
}  # fmt: skip


def _places(
    length: int, target: int, scale: float | None, align_corners: bool
) -> np.ndarray:
    """Return where each new element lies among the old ones."""
    numbers = np.arange(target, dtype=np.float64)
    if align_corners:
        return numbers * ((length - 1) / (target - 1) if target > 1 else 0)
    step = 1 / scale if scale else length / target
    return (numbers + 0.5) * step - 0.5


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys 1981, "Cubic convolution interpolation", equation 15, with a = -0.75."""
    a, x = -0.75, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _weights(mode: str, places: np.ndarray, length: int) -> np.ndarray:
    """Return (target, length): how much each old element counts for each new one."""
    if mode == "bicubic":
        first = np.floor(places).astype(np.int64)
        taps = range(-1, 3)
        shares = [_cubic(places - (first + tap)) for tap in taps]
    else:
        places = np.maximum(places, 0)
        first = np.minimum(places.astype(np.int64), length - 1)
        part = places - first
        taps, shares = range(2), [1 - part, part]
    matrix = np.zeros((len(places), length))
    rows = np.arange(len(places))
    for tap, share in zip(taps, shares, strict=True):
        np.add.at(matrix, (rows, np.clip(first + tap, 0, length - 1)), share)
    return matrix


def _nearest(mode: str, length: int, target: int, scale: float | None) -> np.ndarray:
    step = np.float32(1 / scale if scale else length / target)
    shift = 0.5 if mode == "nearest-exact" else 0
    numbers = (np.arange(target, dtype=np.float32) + np.float32(shift)) * step
    return np.minimum(numbers.astype(np.int64), length - 1)


def _resized(
    x: Tensor, dim: int, target: int, scale: float | None, mode: str, corners: bool
) -> Tensor:
    length = x._array.shape[dim]
    if mode.startswith("nearest"):
        return x.index_select(dim, wrap(_nearest(mode, length, target, scale)))
    matrix = _weights(mode, _places(length, target, scale, corners), length)
    turned = wrap(matrix.astype(x._array.dtype))
    return x.movedim(dim, -1).matmul(turned.t()).movedim(-1, dim)


def _targets(
    lengths: tuple[int, ...], size: Any, scale_factor: Any
) -> tuple[list[int], list[float | None]]:
    d = len(lengths)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "only one of size or scale_factor should be defined"
            if size is not None
            else "either size or scale_factor should be defined"
        )
    if size is not None:
        wanted = [size] * d if isinstance(size, int) else [int(n) for n in size]
        if len(wanted) != d:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but "
                f"got input with spatial dimensions of {list(lengths)} and output size "
                f"of {size}."
            )
        return wanted, [None] * d
    single = isinstance(scale_factor, (int, float))
    factors = [float(scale_factor)] * d if single else [float(f) for f in scale_factor]
    if len(factors) != d:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, "
            f"but got input with spatial dimensions of {list(lengths)} and "
            f"scale_factor of shape {scale_factor}."
        )
    pairs = zip(lengths, factors, strict=True)
    return [math.floor(n * f) for n, f in pairs], list(factors)


def _check_mode(mode: str, rank: int) -> None:
    if mode not in _MODES or rank not in (3, 4, 5):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {rank}D) "
            "for the modes: nearest | linear | bilinear | bicubic | trilinear | area | "
            f"nearest-exact (got {mode})"
        )
    if rank - 2 not in _MODES[mode]:
        raise NotImplementedError(
            f"Got {rank}D input, but {mode} mode needs {_MODES[mode][0] + 2}D input"
        )


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Change the size of the spatial dimensions.

    Args:
        input: (N, C, ...) with one to three spatial dimensions.
        size: wanted lengths.
        scale_factor: factor of the lengths, in the place of ``size``.
        mode: ``'nearest'``, ``'nearest-exact'``, ``'linear'`` (one dimension),
            ``'bilinear'`` or ``'bicubic'`` (two), ``'trilinear'`` (three) or
            ``'area'``.
        align_corners: let the corner elements keep their values.
        recompute_scale_factor: compute the factor anew from the rounded lengths.
        antialias: must be False.

    Raises:
        NotImplementedError: the mode doesn't suit the number of dimensions.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[[1.0, 2.0]]])
        >>> tatami.nn.functional.interpolate(x, scale_factor=2)
        tensor([[[1., 1., 2., 2.]]])
    """
    lengths = input._array.shape[2:]
    if antialias:
        raise NotImplementedError(
            "interpolate with antialias=True is not available; use avg_pool2d or "
            "mode='area' to make images smaller"
        )
    if mode in ("nearest", "nearest-exact", "area") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear "
            "| bilinear | bicubic | trilinear"
        )
    targets, factors = _targets(lengths, size, scale_factor)
    if recompute_scale_factor:
        factors = [None] * len(factors)
    _check_mode(mode, input._array.ndim)
    if mode == "area":
        pools = adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
        return pools[len(lengths) - 1](input, targets)
    result = input
    for i, (target, factor) in enumerate(zip(targets, factors, strict=True)):
        result = _resized(result, i + 2, target, factor, mode, bool(align_corners))
    return result
