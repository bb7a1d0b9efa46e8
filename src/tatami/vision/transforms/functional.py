"""Transforms as functions, of Pillow images and of tensors of shape (..., C, H, W)."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import tatami

from ...tensor import Tensor
from ..images import is_image
from . import geometry, pillow_images, tensor_colours, tensor_images
from .conversion import pil_to_tensor, to_pil_image, to_tensor
from .interpolation import PILLOW_NUMBERS, InterpolationMode, parse_interpolation

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "affine",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "erase",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]


def _home(img: Any, tensors: ModuleType = tensor_images) -> ModuleType:
    """Return the module that knows images of this kind."""
    if isinstance(img, Tensor):
        return tensors
    if is_image(img):
        return pillow_images
    raise TypeError(f"img should be PIL Image. Got {type(img)}")


def get_dimensions(img: Any) -> list[int]:
    """Return the number of channels, the height and the width.

    Example:
        >>> import tatami
        >>> get_dimensions(tatami.zeros(3, 5, 7))
        [3, 5, 7]
    """
    if not isinstance(img, Tensor) and not is_image(img):
        raise TypeError(f"Unexpected type {type(img)}")
    return _home(img).get_dimensions(img)


def get_image_size(img: Any) -> list[int]:
    """Return the width and the height."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """Return the number of channels."""
    return get_dimensions(img)[0]


def convert_image_dtype(image: Tensor, dtype: Any = None) -> Tensor:
    """Return a tensor image in another type, scaled to that type's range.

    Raises:
        TypeError: ``image`` is not a tensor.
        RuntimeError: the type can't hold the integers exactly.

    Example:
        >>> import tatami
        >>> convert_image_dtype(tatami.tensor([0.0, 1.0]), tatami.uint8)
        tensor([  0, 255], dtype=torch.uint8)
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    wanted = tatami.float32 if dtype is None else dtype
    return tensor_images.convert_image_dtype(image, wanted)


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """Return (tensor - mean) / std, channel by channel.

    Raises:
        TypeError: the image is not a tensor of floating-point numbers.
        ValueError: it has no channels, or a deviation is 0.

    Example:
        >>> import tatami
        >>> normalize(tatami.ones(1, 1, 2), [0.5], [0.25])
        tensor([[[2., 2.]]])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return tensor_images.normalize(tensor, mean, std, inplace)


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Return the image in another size.

    Args:
        img: Pillow image, or tensor of shape (..., H, W).
        size: height and width, or the new length of the shorter side.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        max_size: limit of the longer side, which shortens both.
        antialias: widen the kernel where a tensor shrinks; Pillow always does.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: sizes contradict each other, or a tensor can't have the mode.

    Example:
        >>> import tatami
        >>> resize(tatami.zeros(1, 8, 6), 3).shape
        torch.Size([1, 4, 3])
    """
    mode = parse_interpolation(interpolation)
    _, height, width = get_dimensions(img)
    wanted = geometry.resized(height, width, size, max_size)
    if (height, width) == wanted:
        return img
    if isinstance(img, Tensor):
        return tensor_images.resize(img, wanted, mode.value, bool(antialias))
    if antialias is False:
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument "
            "antialias is ignored.",
            stacklevel=2,
        )
    return pillow_images.resize(img, wanted, PILLOW_NUMBERS[mode])


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Add pixels around the image.

    Args:
        img: Pillow image or tensor.
        padding: pixels on all sides; or left/right and top/bottom; or left, top, right
            and bottom.
        fill: value of the new pixels in mode ``'constant'``.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` or ``'symmetric'``.

    Example:
        >>> import tatami
        >>> pad(tatami.tensor([[[1, 2]]]), [1, 0], padding_mode="edge")
        tensor([[[1, 1, 2, 2]]])
    """
    geometry.check_padding(padding, 0 if fill is None else fill, padding_mode)
    return _home(img).pad(img, padding, 0 if fill is None else fill, padding_mode)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """Cut out a rectangle; what lies outside the image is 0.

    Example:
        >>> import tatami
        >>> crop(tatami.arange(6).view(1, 2, 3), 0, 1, 2, 2)
        tensor([[[1, 2],
                 [4, 5]]])
    """
    return _home(img).crop(img, top, left, height, width)


def center_crop(img: Any, output_size: Any) -> Any:
    """Cut out the middle; a smaller image is padded with 0.

    Example:
        >>> import tatami
        >>> center_crop(tatami.arange(5).view(1, 1, 5), (1, 3))
        tensor([[[1, 2, 3]]])
    """
    height, width = geometry.parse_pair(output_size, _TWO_SIZES)
    _, image_height, image_width = get_dimensions(img)
    missing = [max(width - image_width, 0), max(height - image_height, 0)]
    if any(missing):
        sides = [*(n // 2 for n in missing), *((n + 1) // 2 for n in missing)]
        img = pad(img, sides)
        _, image_height, image_width = get_dimensions(img)
    top = round((image_height - height) / 2.0)
    left = round((image_width - width) / 2.0)
    return crop(img, top, left, height, width)


_TWO_SIZES = "Please provide only two dimensions (h, w) for size."


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """Cut out a rectangle and resize it."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def hflip(img: Any) -> Any:
    """Mirror left and right.

    Example:
        >>> import tatami
        >>> hflip(tatami.tensor([[[1, 2, 3]]]))
        tensor([[[3, 2, 1]]])
    """
    return _home(img).hflip(img)


def vflip(img: Any) -> Any:
    """Mirror top and bottom."""
    return _home(img).vflip(img)


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Any:
    """Turn the image counter-clockwise.

    Args:
        img: Pillow image or tensor.
        angle: degrees.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        expand: make room for all of the turned image.
        center: the point that stays, from the upper left corner; the middle if None.
        fill: value of pixels from outside the image.

    Example:
        >>> import tatami
        >>> rotate(tatami.tensor([[[1, 2], [3, 4]]]), 90)
        tensor([[[2, 4],
                 [1, 3]]])
    """
    mode = parse_interpolation(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    _check_center(center)
    if not isinstance(img, Tensor):
        return _home(img).rotate(img, angle, PILLOW_NUMBERS[mode], expand, center, fill)
    matrix = geometry.inverse_affine(
        _from_middle(img, center), -angle, (0, 0), 1, (0, 0)
    )
    return tensor_images.rotate(img, matrix, mode.value, expand, fill)


def _check_center(center: Any) -> None:
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")


def _from_middle(img: Tensor, center: Sequence[float] | None) -> list[float]:
    if center is None:
        return [0.0, 0.0]
    lengths = (img.shape[-1], img.shape[-2])
    return [c - n * 0.5 for c, n in zip(center, lengths, strict=True)]


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:
    """Shear, scale, turn and move the image.

    Args:
        img: Pillow image or tensor.
        angle: degrees, clockwise.
        translate: pixels to the right and down.
        scale: factor of the size.
        shear: degrees along x, or along x and y.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        fill: value of pixels from outside the image.
        center: the point around which it turns; the middle if None.

    Example:
        >>> import tatami
        >>> affine(tatami.tensor([[[1, 2, 3]]]), 0, [1, 0], 1.0, 0)
        tensor([[[0, 1, 2]]])
    """
    mode = parse_interpolation(interpolation)
    shears = _check_affine(angle, translate, scale, shear)
    _check_center(center)
    if isinstance(img, Tensor):
        middle = _from_middle(img, center)
        matrix = geometry.inverse_affine(middle, angle, translate, scale, shears)
        return tensor_images.affine(img, matrix, mode.value, fill)
    _, height, width = get_dimensions(img)
    middle = [width * 0.5, height * 0.5] if center is None else list(center)
    matrix = geometry.inverse_affine(middle, angle, translate, scale, shears)
    return pillow_images.affine(img, matrix, PILLOW_NUMBERS[mode], fill)


def _check_affine(angle: Any, translate: Any, scale: Any, shear: Any) -> list[float]:
    """Check the arguments and return both shears."""
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if isinstance(shear, numbers.Number):
        return [shear, 0.0]  # type: ignore[list-item]
    if not isinstance(shear, (list, tuple)):
        raise TypeError(
            "Shear should be either a single value or a sequence of two values"
        )
    shears = list(shear) * 2 if len(shear) == 1 else list(shear)
    if len(shears) != 2:
        raise ValueError(
            f"Shear should be a sequence containing two values. Got {shears}"
        )
    return shears


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Return the image in grey, with one channel or three equal ones.

    Example:
        >>> import tatami
        >>> rgb_to_grayscale(tatami.ones(3, 2, 2)).shape
        torch.Size([1, 2, 2])
    """
    home = _home(img, tensor_colours)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    return home.rgb_to_grayscale(img, num_output_channels)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Return a Pillow image in grey.

    Raises:
        TypeError: ``img`` is not a Pillow image.
    """
    if not is_image(img):
        raise TypeError("Input should be PIL Image")
    return rgb_to_grayscale(img, num_output_channels)


def _check_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Make the image darker (factor below 1) or brighter.

    Example:
        >>> import tatami
        >>> adjust_brightness(tatami.full((1, 1, 2), 0.5), 0.5)
        tensor([[[0.2500, 0.2500]]])
    """
    home = _home(img, tensor_colours)
    _check_factor("brightness_factor", brightness_factor)
    return home.adjust_brightness(img, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Bring pixels nearer to their mean grey (factor below 1) or away from it."""
    home = _home(img, tensor_colours)
    _check_factor("contrast_factor", contrast_factor)
    return home.adjust_contrast(img, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Make colours paler (factor below 1) or stronger."""
    home = _home(img, tensor_colours)
    _check_factor("saturation_factor", saturation_factor)
    return home.adjust_saturation(img, saturation_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Move colours around the colour wheel, by -0.5 to 0.5 of it.

    Raises:
        ValueError: the factor is outside that range.
    """
    home = _home(img, tensor_colours)
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return home.adjust_hue(img, hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """Return gain * img^gamma of pixels from 0 to 1.

    Raises:
        ValueError: ``gamma`` is negative.
    """
    home = _home(img, tensor_colours)
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return home.adjust_gamma(img, gamma, gain)


def erase(
    img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False
) -> Tensor:
    """Write values into a rectangle of a tensor image.

    Args:
        img: tensor of shape (..., C, H, W).
        i: first row.
        j: first column.
        h: height.
        w: width.
        v: the values.
        inplace: change ``img`` itself.

    Raises:
        TypeError: ``img`` is not a tensor.
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    return tensor_images.erase(img, i, j, h, w, v, inplace)
