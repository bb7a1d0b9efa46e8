"""The newer spelling of transforms, for images without boxes or masks.

Classes that are the same in both spellings print as the older ones do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tatami

from ...nn import Module
from ...tensor import Tensor
from ..images import is_image
from . import functional as functional
from .colour import *
from .combine import *
from .convert import *
from .interpolation import InterpolationMode as InterpolationMode
from .motion import *
from .shape import *


class ToImage(Module):
    """Turn a Pillow image or an array (H, W, C) into a tensor (C, H, W), unscaled.

    Example:
        >>> import numpy as np
        >>> ToImage()(np.zeros((4, 5, 3), np.uint8)).shape
        torch.Size([3, 4, 5])
    """

    def forward(self, image: Any) -> Tensor:
        """Return the tensor."""
        if isinstance(image, Tensor):
            return image
        if is_image(image):
            return functional.pil_to_tensor(image)
        if not isinstance(image, np.ndarray):
            raise TypeError(
                "Input can either be a pure Tensor, a numpy array, or a PIL image, but "
                f"got {type(image)} instead."
            )
        array = np.atleast_3d(image).transpose(2, 0, 1)
        return tatami.from_numpy(np.ascontiguousarray(array))

    def __repr__(self) -> str:
        return "ToImage()"


class ToDtype(Module):
    """Change the type of a tensor image.

    Args:
        dtype: wanted type.
        scale: scale the values to the new type's range, as from 0 to 255 to 0 to 1.

    Example:
        >>> import tatami
        >>> pixels = tatami.tensor([0, 255], dtype=tatami.uint8)
        >>> ToDtype(tatami.float32, scale=True)(pixels)
        tensor([0., 1.])
    """

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def forward(self, image: Tensor) -> Tensor:
        """Return the image in the other type."""
        if self.scale:
            return functional.convert_image_dtype(image, self.dtype)
        return image.to(self.dtype)

    def __repr__(self) -> str:
        return f"ToDtype(scale={self.scale})"


class Identity(Module):
    """Return the image as it is.

    Example:
        >>> Identity()(3)
        3
    """

    def forward(self, image: Any) -> Any:
        """Return the image."""
        return image
