"""Transforms of images that are tensors of shape (..., C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import tatami

from ...tensor import Tensor
from ..resample import nearest_indices, resampling_matrix
from .geometry import parse_padding, rotated_size


def get_dimensions(img: Tensor) -> list[int]:
    """Return the number of channels, the height and the width."""
    if img.ndim < 2:
        raise TypeError("Tensor is not a torch image.")
    channels = 1 if img.ndim == 2 else img.shape[-3]
    return [channels, img.shape[-2], img.shape[-1]]


def check_channels(img: Tensor) -> None:
    """Fail unless the image is grey or has three colours."""
    channels = get_dimensions(img)[0]
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are [1, 3], but found "
            f"{channels}"
        )


def max_value(dtype: Any) -> int:
    """Return the number that stands for full brightness."""
    return 1 if dtype.is_floating_point else tatami.iinfo(dtype).max


def convert_image_dtype(img: Tensor, dtype: Any) -> Tensor:
    """Return the image in another type, its brightness scaled to that type's range."""
    if img.dtype == dtype:
        return img
    if not img.is_floating_point():
        return _from_integers(img, dtype)
    if dtype.is_floating_point:
        return img.to(dtype)
    unsafe = {
        tatami.float32: (tatami.int32, tatami.int64),
        tatami.float64: (tatami.int64,),
    }
    if dtype in unsafe.get(img.dtype, ()):
        raise RuntimeError(
            f"The cast from {img.dtype} to {dtype} cannot be performed safely."
        )
    # Just under max + 1, so that each integer stands for an equal range.
    return img.mul(max_value(dtype) + 1.0 - 1e-3).to(dtype)


def _from_integers(img: Tensor, dtype: Any) -> Tensor:
    largest = max_value(img.dtype)
    if dtype.is_floating_point:
        return img.to(dtype) / largest
    target = max_value(dtype)
    if largest > target:
        step = (largest + 1) // (target + 1)
        return tatami.div(img, step, rounding_mode="floor").to(dtype)
    return img.to(dtype) * ((target + 1) // (largest + 1))


def hflip(img: Tensor) -> Tensor:
    """Mirror left and right."""
    return img.flip(-1)


def vflip(img: Tensor) -> Tensor:
    """Mirror top and bottom."""
    return img.flip(-2)


def crop(img: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """Cut out a rectangle; what lies outside the image is 0."""
    _, image_height, image_width = get_dimensions(img)
    bottom, right = top + height, left + width
    inside = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left >= 0 and top >= 0 and right <= image_width and bottom <= image_height:
        return inside
    sides = [
        max(min(0, right) - left, 0),
        max(min(0, bottom) - top, 0),
        max(right - max(image_width, left), 0),
        max(bottom - max(image_height, top), 0),
    ]
    return pad(inside, sides, 0, "constant")


def pad(img: Tensor, padding: Any, fill: Any, padding_mode: str) -> Tensor:
    """Add pixels around the image."""
    left, top, right, bottom = parse_padding(padding)
    if padding_mode == "constant":
        if isinstance(fill, (tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        sides = (left, right, top, bottom)
        return tatami.nn.functional.pad(img, sides, value=fill)
    rows, columns = (
        tatami.from_numpy(_mirrored(length, before, after, padding_mode))
        for length, before, after in (
            (img.shape[-2], top, bottom),
            (img.shape[-1], left, right),
        )
    )
    return img[..., rows[:, None], columns]


def _mirrored(length: int, before: int, after: int, mode: str) -> np.ndarray:
    """Return which pixel each place of a padded row repeats."""
    indices = np.arange(length)[max(-before, 0) : length - max(-after, 0)]
    widths = (max(before, 0), max(after, 0))
    return np.pad(indices, widths, mode)  # type: ignore[call-overload]


def resize(img: Tensor, size: Sequence[int], mode: str, antialias: bool) -> Tensor:
    """Return the image in another height and width."""
    _, height, width = get_dimensions(img)
    if mode in ("nearest", "nearest-exact"):
        rows, columns = (
            tatami.from_numpy(nearest_indices(old, new, mode == "nearest-exact"))
            for old, new in ((height, size[0]), (width, size[1]))
        )
        return img[..., rows[:, None], columns]
    if mode not in ("bilinear", "bicubic"):
        raise NotImplementedError(
            f"Interpolation mode '{mode}' is unsupported with Tensor input"
        )
    work = img if img.is_floating_point() else img.to(tatami.float32)
    down, across = (
        tatami.from_numpy(resampling_matrix(old, new, mode, antialias)).to(work.dtype)
        for old, new in ((height, size[0]), (width, size[1]))
    )
    result = down.matmul(work.matmul(across.t()))
    if mode == "bicubic" and img.dtype == tatami.uint8:
        result = result.clamp(0, 255)
    return _as(result, img.dtype)


def _as(img: Tensor, dtype: Any) -> Tensor:
    return img if dtype.is_floating_point else img.round().to(dtype)


def affine(img: Tensor, matrix: Sequence[float], mode: str, fill: Any) -> Tensor:
    """Take each pixel from where the matrix, seen from the centre, says."""
    return _moved(img, matrix, img.shape[-2:], mode, fill)


def rotate(
    img: Tensor, matrix: Sequence[float], mode: str, expand: bool, fill: Any
) -> Tensor:
    """Take each pixel from where the matrix says, in a larger image if ``expand``."""
    height, width = img.shape[-2:]
    size = (height, width)
    if expand:
        wide, high = rotated_size(matrix, width, height)
        size = (high, wide)
    return _moved(img, matrix, size, mode, fill)


def _moved(
    img: Tensor, matrix: Sequence[float], size: Sequence[int], mode: str, fill: Any
) -> Tensor:
    if mode not in ("nearest", "bilinear"):
        raise ValueError(
            f"Interpolation mode '{mode}' is unsupported with Tensor input"
        )
    work = img if img.is_floating_point() else img.to(tatami.float32)
    x, y = _places(matrix, size, img.shape[-2:], work._array.dtype)
    colour = _colour(fill, img)
    if mode == "nearest":
        values, inside = _pixels(work, np.rint(x), np.rint(y))
        mask = tatami.from_numpy(inside)
        return _as(tatami.where(mask, values, colour.to(work.dtype)), img.dtype)
    total, share = _mixed(work, x, y)
    if fill is not None:
        # Edges fade twice, as in torchvision.
        total = total * share + (1 - share) * colour.to(work.dtype)
    return _as(total, img.dtype)


def _places(
    matrix: Sequence[float], size: Sequence[int], source: Sequence[int], kind: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each pixel comes from, in the steps and the precision of a grid."""
    rows, columns = (np.arange(n, dtype=kind) - (n - 1) / 2 for n in size)
    grid = np.stack(
        [*np.meshgrid(columns, rows), np.ones(tuple(size), kind)], -1
    ).astype(kind)
    height, width = source
    theta = np.array(matrix, kind).reshape(2, 3)
    theta = theta / np.array([[width / 2], [height / 2]], kind)
    places = grid.reshape(-1, 3) @ theta.T
    lengths = np.array([width, height], kind)
    places = ((places + 1) * lengths - 1) / 2
    x, y = places.T.reshape(2, *size)
    return x, y


def _pixels(img: Tensor, x: np.ndarray, y: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Return the pixels at whole places, and which of them lie inside the image."""
    height, width = img.shape[-2:]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    rows = tatami.from_numpy(np.where(inside, y, 0).astype(np.int64))
    columns = tatami.from_numpy(np.where(inside, x, 0).astype(np.int64))
    return img[..., rows, columns], inside


def _mixed(img: Tensor, x: np.ndarray, y: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mix the four neighbours of each place; return also how much of it is inside."""
    left, top = np.floor(x), np.floor(y)
    total = share = tatami.zeros((), dtype=img.dtype)
    for right in (0, 1):
        for below in (0, 1):
            column, row = left + right, top + below
            values, inside = _pixels(img, column, row)
            weight = (1 - np.abs(x - column)) * (1 - np.abs(y - row)) * inside
            part = tatami.from_numpy(weight.astype(img._array.dtype))
            total, share = total + values * part, share + part
    return total, share


def _colour(fill: Any, img: Tensor) -> Tensor:
    values = (
        fill if isinstance(fill, (tuple, list)) else [0.0 if fill is None else fill]
    )
    channels = get_dimensions(img)[0]
    if len(values) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of "
            f"channels of the image ({len(values)} != {channels})"
        )
    return tatami.tensor([float(value) for value in values]).view(-1, 1, 1)


def normalize(
    img: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool
) -> Tensor:
    """Return (img - mean) / std, channel by channel."""
    if not img.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {img.dtype}.")
    if img.ndim < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). Got "
            f"tensor.size() = {img.size()}"
        )
    means = tatami.as_tensor(mean, dtype=img.dtype)
    deviations = tatami.as_tensor(std, dtype=img.dtype)
    if bool((deviations == 0).any()):
        raise ValueError(
            f"std evaluated to zero after conversion to {img.dtype}, leading to "
            "division by zero."
        )
    if means.ndim == 1:
        means = means.view(-1, 1, 1)
    if deviations.ndim == 1:
        deviations = deviations.view(-1, 1, 1)
    target = img if inplace else img.clone()
    return target.sub_(means).div_(deviations)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool) -> Tensor:
    """Write values into a rectangle."""
    target = img if inplace else img.clone()
    target[..., i : i + h, j : j + w] = v
    return target
