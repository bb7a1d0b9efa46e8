"""Pillow images: how they are made, opened and told from tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

__all__ = ["image_from_array", "is_image", "open_image", "require_pillow"]


def require_pillow() -> Any:
    """Return Pillow's ``Image`` module.

    Raises:
        ImportError: Pillow is not installed; the message says how to install it.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            'images need Pillow: pip install "tatami[train]"', name="PIL"
        ) from None
    return Image


def is_image(value: Any) -> bool:
    """Tell whether a value is a Pillow image, without importing Pillow for it.

    Example:
        >>> is_image(3)
        False
    """
    import sys

    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def image_from_array(array: np.ndarray, mode: str) -> Any:
    """Return a Pillow image of the given mode with the numbers of an array."""
    image = require_pillow().fromarray(np.ascontiguousarray(array))
    if image.mode == mode:
        return image
    return require_pillow().frombytes(mode, array.shape[1::-1], array.tobytes())


def open_image(source: str | Path | BinaryIO, name: str | Path = "") -> Any:
    """Read a whole image.

    Args:
        source: path or open file.
        name: what to call it in an error, if not its path.

    Raises:
        OSError: the file can't be opened.
        ValueError: it is not an image Pillow can read, or a broken one.
    """
    module = require_pillow()
    try:
        image = module.open(source)
        image.load()
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except (OSError, SyntaxError, ValueError, module.DecompressionBombError) as error:
        raise ValueError(
            f"{name or source}: expected an image, found something Pillow can't "
            f"read: {error}"
        ) from None
    return image
