"""Image files as tensors of bytes, under torchvision's names."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import tatami

from ..tensor import Tensor
from .images import open_image
from .transforms.functional import pil_to_tensor, to_pil_image

__all__ = ["ImageReadMode", "read_image", "write_jpeg", "write_png"]


class ImageReadMode(Enum):
    """Name the channels wanted of an image file.

    Example:
        >>> ImageReadMode.GRAY.name
        'GRAY'
    """

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_PILLOW_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


def read_image(path: str | Path, mode: Any = ImageReadMode.UNCHANGED) -> Tensor:
    """Read an image file.

    Args:
        path: the file.
        mode: an :class:`ImageReadMode` or its name.

    Returns:
        Bytes of shape (C, H, W).

    Raises:
        OSError: the file can't be opened.
        ValueError: it is not an image, or a broken one.

    Example:
        >>> import tatami, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "black.png"
        >>> write_png(tatami.zeros(3, 2, 5, dtype=tatami.uint8), path)
        >>> read_image(path, ImageReadMode.GRAY).shape
        torch.Size([1, 2, 5])
    """
    wanted = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    image = open_image(path)
    if wanted is not ImageReadMode.UNCHANGED:
        image = image.convert(_PILLOW_MODES[wanted])
    elif image.mode == "P":
        image = image.convert("RGB")
    return pil_to_tensor(image).contiguous()


def _checked(input: Tensor) -> Any:
    if input.dtype != tatami.uint8:
        raise RuntimeError(
            f"Input tensor dtype should be uint8, but it is {input.dtype}"
        )
    return to_pil_image(input)


def write_png(input: Tensor, filename: str | Path, compression_level: int = 6) -> None:
    """Write an image of bytes (C, H, W) as a PNG file.

    Raises:
        RuntimeError: the tensor is not of type uint8.
    """
    _checked(input).save(filename, "PNG", compress_level=compression_level)


def write_jpeg(input: Tensor, filename: str | Path, quality: int = 75) -> None:
    """Write an image of bytes (C, H, W) as a JPEG file.

    Raises:
        RuntimeError: the tensor is not of type uint8.
    """
    _checked(input).save(filename, "JPEG", quality=quality)
