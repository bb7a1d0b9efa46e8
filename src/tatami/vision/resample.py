"""Resizing as a product: every output pixel is a weighted sum of input pixels."""

from __future__ import annotations

import numpy as np

__all__ = ["nearest_indices", "resampling_matrix"]

_RADIUS = {"bilinear": 1.0, "bicubic": 2.0}


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Return Keys's kernel (1981, "Cubic convolution interpolation", equation 4)."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def resampling_matrix(
    length: int, new_length: int, mode: str, antialias: bool
) -> np.ndarray:
    """Return the weights that turn a row of pixels into a longer or shorter one.

    Args:
        length: number of pixels.
        new_length: wanted number of pixels.
        mode: ``'bilinear'`` or ``'bicubic'``.
        antialias: widen the kernel where the row becomes shorter.

    Returns:
        float64 matrix of shape (new_length, length) whose rows sum to 1.

    Example:
        >>> resampling_matrix(4, 2, "bilinear", antialias=False)
        array([[0.5, 0.5, 0. , 0. ],
               [0. , 0. , 0.5, 0.5]])
    """
    scale = length / new_length
    centers = (np.arange(new_length)[:, None] + 0.5) * scale
    if not antialias:
        return _interpolated(centers - 0.5, length, mode)
    stretch = max(scale, 1.0)
    reach = _RADIUS[mode] * stretch
    pixels = np.arange(length)[None, :]
    first = np.maximum(np.floor(centers - reach + 0.5), 0)
    last = np.minimum(np.floor(centers + reach + 0.5), length)
    distance = (pixels + 0.5 - centers) / stretch
    weights = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.5)
    weights = np.where((pixels >= first) & (pixels < last), weights, 0)
    return weights / weights.sum(1, keepdims=True)


def _interpolated(places: np.ndarray, length: int, mode: str) -> np.ndarray:
    """Weigh the neighbours of each place; beyond the ends the last pixel repeats."""
    if mode == "bilinear":
        places = np.maximum(places, 0)
    base = np.floor(places).astype(np.int64)
    offsets = (0, 1) if mode == "bilinear" else (-1, 0, 1, 2)
    matrix = np.zeros((len(places), length))
    rows = np.arange(len(places))
    for offset in offsets:
        distance = places - base - offset
        weight = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.75)
        column = np.clip(base + offset, 0, length - 1)
        np.add.at(matrix, (rows, column[:, 0]), weight[:, 0])
    return matrix


def nearest_indices(length: int, new_length: int, exact: bool) -> np.ndarray:
    """Return which pixel each pixel of the resized row repeats.

    Example:
        >>> nearest_indices(2, 4, exact=False)
        array([0, 0, 1, 1])
    """
    shift = 0.5 if exact else 0.0
    scale = np.float32(length / new_length)
    places = (np.arange(new_length, dtype=np.float32) + np.float32(shift)) * scale
    return np.minimum(np.floor(places).astype(np.int64), length - 1)
