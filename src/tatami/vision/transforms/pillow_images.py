"""Transforms of Pillow images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..images import image_from_array, require_pillow
from .geometry import parse_padding

Image = Any
Fill = Any


def get_dimensions(img: Image) -> list[int]:
    """Return the number of channels, the height and the width."""
    width, height = img.size
    return [len(img.getbands()), height, width]


def hflip(img: Image) -> Image:
    """Mirror left and right."""
    return img.transpose(require_pillow().Transpose.FLIP_LEFT_RIGHT)


def vflip(img: Image) -> Image:
    """Mirror top and bottom."""
    return img.transpose(require_pillow().Transpose.FLIP_TOP_BOTTOM)


def crop(img: Image, top: int, left: int, height: int, width: int) -> Image:
    """Cut out a rectangle."""
    return img.crop((left, top, left + width, top + height))


def resize(img: Image, size: Sequence[int], number: int) -> Image:
    """Return the image in another height and width."""
    height, width = size
    return img.resize((width, height), number)


def fill_colour(fill: Fill, img: Image) -> Any:
    """Return a fill value in the form Pillow wants for this image.

    Raises:
        ValueError: the number of values is not that of the channels.
    """
    channels = len(img.getbands())
    fill = 0 if fill is None else fill
    if isinstance(fill, (int, float)):
        fill = (fill,) * channels
    elif len(fill) == 1:
        fill = tuple(fill) * channels
    elif len(fill) != channels:
        raise ValueError(
            "The number of elements in 'fill' does not match the number of channels of "
            f"the image ({len(fill)} != {channels})"
        )
    values = tuple(fill) if img.mode == "F" else tuple(int(value) for value in fill)
    return values if channels > 1 else values[0]


def pad(img: Image, padding: Any, fill: Fill, padding_mode: str) -> Image:
    """Add pixels around the image."""
    left, top, right, bottom = sides = parse_padding(padding)
    if padding_mode == "constant":
        size = (img.width + left + right, img.height + top + bottom)
        padded = require_pillow().new(img.mode, size, fill_colour(fill, img))
        if img.mode == "P":
            padded.putpalette(img.getpalette())
        padded.paste(img, (left, top))
        return padded
    if min(sides) < 0:
        cut = [-min(side, 0) for side in sides]
        img = img.crop((cut[0], cut[1], img.width - cut[2], img.height - cut[3]))
        left, top, right, bottom = (max(side, 0) for side in sides)
    array = np.asarray(img)
    widths = [(top, bottom), (left, right), (0, 0)][: array.ndim]
    padded = image_from_array(np.pad(array, widths, padding_mode), img.mode)  # type: ignore[call-overload]
    if img.mode == "P":
        padded.putpalette(img.getpalette())
    return padded


def affine(img: Image, matrix: list[float], number: int, fill: Fill) -> Image:
    """Take each pixel from where the matrix says."""
    how = require_pillow().Transform.AFFINE
    colour = fill_colour(fill, img)
    return img.transform(img.size, how, matrix, number, fillcolor=colour)


def rotate(
    img: Image, angle: float, number: int, expand: bool, center: Any, fill: Fill
) -> Image:
    """Turn the image counter-clockwise by degrees."""
    colour = fill_colour(fill, img)
    return img.rotate(angle, number, expand, center, fillcolor=colour)


def rgb_to_grayscale(img: Image, num_output_channels: int) -> Image:
    """Return the image in grey, with one channel or three equal ones."""
    grey = img.convert("L")
    if num_output_channels == 1:
        return grey
    return require_pillow().merge("RGB", (grey, grey, grey))


def _enhanced(img: Image, kind: str, factor: float) -> Image:
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def adjust_brightness(img: Image, factor: float) -> Image:
    """Mix the image with black."""
    return _enhanced(img, "Brightness", factor)


def adjust_contrast(img: Image, factor: float) -> Image:
    """Mix the image with its mean grey."""
    return _enhanced(img, "Contrast", factor)


def adjust_saturation(img: Image, factor: float) -> Image:
    """Mix the image with its grey version."""
    return _enhanced(img, "Color", factor)


def adjust_hue(img: Image, factor: float) -> Image:
    """Move each colour around the colour wheel; grey images stay."""
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    turned = (np.asarray(hue, np.int16) + int(factor * 255)) % 256
    hue = image_from_array(turned.astype(np.uint8), "L")
    return require_pillow().merge("HSV", (hue, saturation, value)).convert(img.mode)


def adjust_gamma(img: Image, gamma: float, gain: float) -> Image:
    """Raise each pixel, as a part of 1, to a power."""
    table = [int((256 - 1e-3) * gain * (x / 255) ** gamma) for x in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)
