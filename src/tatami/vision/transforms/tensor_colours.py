"""Brightness, contrast, saturation, hue and grey of images that are tensors."""

from __future__ import annotations

from typing import Any

import tatami

from ...tensor import Tensor
from .tensor_images import check_channels, convert_image_dtype, max_value

# Red, green and blue's parts of the brightness (ITU-R BT.601).
_PARTS = (0.2989, 0.587, 0.114)


def rgb_to_grayscale(img: Tensor, num_output_channels: int) -> Tensor:
    """Return the image in grey, with one channel or three equal ones."""
    if img.ndim < 3:
        raise TypeError(
            "Input image tensor should have at least 3 dimensions, but found "
            f"{img.ndim}"
        )
    check_channels(img)
    if img.shape[-3] == 3:
        red, green, blue = img.unbind(-3)
        grey = _PARTS[0] * red + _PARTS[1] * green + _PARTS[2] * blue
        grey = grey.to(img.dtype).unsqueeze(-3)
    else:
        grey = img.clone()
    if num_output_channels == 1:
        return grey
    sizes = [-1] * img.ndim
    sizes[-3] = 3
    return grey.expand(sizes)


def _blend(img: Tensor, other: Any, factor: float) -> Tensor:
    mixed = float(factor) * img + (1 - float(factor)) * other
    return mixed.clamp(0, max_value(img.dtype)).to(img.dtype)


def adjust_brightness(img: Tensor, factor: float) -> Tensor:
    """Mix the image with black."""
    check_channels(img)
    return _blend(img, tatami.zeros_like(img), factor)


def adjust_contrast(img: Tensor, factor: float) -> Tensor:
    """Mix the image with its mean grey."""
    check_channels(img)
    grey = rgb_to_grayscale(img, 1)
    grey = grey if grey.is_floating_point() else grey.to(tatami.float32)
    return _blend(img, grey.mean((-3, -2, -1), keepdim=True), factor)


def adjust_saturation(img: Tensor, factor: float) -> Tensor:
    """Mix the image with its grey version; grey images stay."""
    check_channels(img)
    if img.shape[-3] == 1:
        return img
    return _blend(img, rgb_to_grayscale(img, 1), factor)


def adjust_gamma(img: Tensor, gamma: float, gain: float) -> Tensor:
    """Raise each pixel, as a part of 1, to a power."""
    check_channels(img)
    work = img if img.is_floating_point() else convert_image_dtype(img, tatami.float32)
    return convert_image_dtype((gain * work.pow(gamma)).clamp(0, 1), img.dtype)


def adjust_hue(img: Tensor, factor: float) -> Tensor:
    """Move each colour around the colour wheel; grey images stay."""
    check_channels(img)
    if img.shape[-3] == 1:
        return img
    hue, saturation, value = _hsv(convert_image_dtype(img, tatami.float32))
    turned = _rgb((hue + factor) % 1.0, saturation, value)
    return convert_image_dtype(turned, img.dtype)


def _hsv(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue, saturation and value, each from 0 to 1 (Smith 1978)."""
    red, green, blue = img.unbind(-3)
    high, low = img.max(-3).values, img.min(-3).values
    grey = high == low
    one = tatami.ones_like(high)
    saturation = (high - low) / tatami.where(grey, one, high)
    span = tatami.where(grey, one, high - low)
    from_red, from_green, from_blue = (
        (high - colour) / span for colour in (red, green, blue)
    )
    hue = tatami.where(
        high == red,
        from_blue - from_green,
        tatami.where(
            high == green, 2.0 + from_red - from_blue, 4.0 + from_green - from_red
        ),
    )
    return (hue / 6.0 + 1.0) % 1.0, saturation, high


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sixth = (hue * 6.0).floor()
    rest = hue * 6.0 - sixth
    p = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    q = (value * (1.0 - saturation * rest)).clamp(0.0, 1.0)
    t = (value * (1.0 - saturation * (1.0 - rest))).clamp(0.0, 1.0)
    sector = (sixth.to(tatami.int64) % 6).unsqueeze(0)
    channels = (
        (value, q, p, p, t, value),
        (t, value, value, q, p, p),
        (p, p, t, value, value, q),
    )
    return tatami.stack(
        [tatami.stack(row).gather(0, sector).squeeze(0) for row in channels], -3
    )
