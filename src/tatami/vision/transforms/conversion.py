"""From Pillow images and arrays to tensors and back."""

from __future__ import annotations

from typing import Any

import numpy as np

import tatami

from ...tensor import Tensor
from ..images import image_from_array, is_image

__all__ = ["pil_to_tensor", "to_pil_image", "to_tensor"]

_ARRAY_KINDS = {"I": np.int32, "F": np.float32, "I;16": np.int16, "I;16B": np.int16}
_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
_GREY_MODES = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}


def to_tensor(pic: Any) -> Tensor:
    """Turn a Pillow image or an array (H, W, C) into a tensor (C, H, W).

    Bytes become floating-point numbers from 0 to 1; other types stay.

    Raises:
        TypeError: ``pic`` is neither an image nor an array.
        ValueError: the array has not two or three dimensions.

    Example:
        >>> import numpy as np
        >>> to_tensor(np.array([[0, 51]], np.uint8))
        tensor([[[0.0000, 0.2000]]])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(
                f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions."
            )
        array = pic[:, :, None] if pic.ndim == 2 else pic
    elif is_image(pic):
        array = _array_of(pic)
        array = array * np.uint8(255) if pic.mode == "1" else array
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    image = tatami.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    if image.dtype == tatami.uint8:
        return image.to(tatami.get_default_dtype()).div(255)
    return image


def _array_of(pic: Any) -> np.ndarray:
    """Return a copy of an image's numbers, of shape (H, W, C)."""
    array = np.array(pic, _ARRAY_KINDS.get(pic.mode, np.uint8))
    return array.reshape(pic.height, pic.width, len(pic.getbands()))


def pil_to_tensor(pic: Any) -> Tensor:
    """Turn a Pillow image into a tensor (C, H, W) of the same numbers.

    Raises:
        TypeError: ``pic`` is not a Pillow image.
    """
    if not is_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic)
    array = array.reshape(pic.height, pic.width, len(pic.getbands()))
    return tatami.from_numpy(array).permute(2, 0, 1)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """Turn a tensor (C, H, W) or an array (H, W, C) into a Pillow image.

    Args:
        pic: floating-point numbers from 0 to 1, or integers.
        mode: Pillow's name for the meaning of the channels.

    Raises:
        TypeError: ``pic`` is neither, or of a type no mode fits.
        ValueError: the number of dimensions or channels, or the mode, is wrong.
    """
    if isinstance(pic, Tensor):
        array = (pic.permute(1, 2, 0) if pic.ndim == 3 else pic).numpy(force=True)
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    array = array[:, :, None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    if array.shape[-1] > 4:
        raise ValueError(
            f"pic should not have > 4 channels. Got {array.shape[-1]} channels."
        )
    if array.dtype.kind == "f" and mode != "F":
        array = (array * 255).astype(np.uint8)
    return _image_of(array, mode)


def _image_of(array: np.ndarray, mode: str | None) -> Any:
    channels = array.shape[2]
    if channels == 1:
        fitting = _GREY_MODES.get(array.dtype.name)
        if mode is not None and mode != fitting:
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {array.dtype}. "
                f"Should be {fitting}"
            )
        array, mode = array[:, :, 0], fitting
    else:
        modes = _MODES[channels]
        if mode is not None and mode not in modes:
            raise ValueError(
                f"Only modes {list(modes)} are supported for {channels}D inputs"
            )
        mode = modes[0] if mode is None and array.dtype == np.uint8 else mode
    if mode is None:
        raise TypeError(f"Input type {array.dtype} is not supported")
    return image_from_array(array, mode)
