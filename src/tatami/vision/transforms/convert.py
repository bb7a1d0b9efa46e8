"""Transforms between kinds of images and types of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...nn import Module
from ...tensor import Tensor
from . import functional

__all__ = [
    "ConvertImageDtype",
    "Normalize",
    "PILToTensor",
    "ToPILImage",
    "ToTensor",
]


class ToTensor:
    """Turn a Pillow image or an array (H, W, C) into a tensor (C, H, W) of 0 to 1.

    Example:
        >>> import numpy as np
        >>> ToTensor()(np.full((1, 1, 3), 255, np.uint8)).flatten()
        tensor([1., 1., 1.])
    """

    def __call__(self, pic: Any) -> Tensor:
        return functional.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """Turn a Pillow image into a tensor (C, H, W) of the same numbers.

    Example:
        >>> PILToTensor()
        PILToTensor()
    """

    def __call__(self, pic: Any) -> Tensor:
        return functional.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """Turn a tensor (C, H, W) or an array (H, W, C) into a Pillow image.

    Args:
        mode: Pillow's name for the meaning of the channels.

    Example:
        >>> ToPILImage("RGB")
        ToPILImage(mode=RGB)
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return functional.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        mode = "" if self.mode is None else f"mode={self.mode}"
        return f"{type(self).__name__}({mode})"


class ConvertImageDtype(Module):
    """Change the type of a tensor image, scaled to the new type's range.

    Example:
        >>> import tatami
        >>> ConvertImageDtype(tatami.float32)(tatami.tensor([255]).to(tatami.uint8))
        tensor([1.])
    """

    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        """Return the image in the other type."""
        return functional.convert_image_dtype(image, self.dtype)


class Normalize(Module):
    """Subtract a mean from each channel and divide it by a deviation.

    Args:
        mean: one number for each channel.
        std: one number for each channel.
        inplace: change the tensor itself.

    Example:
        >>> import tatami
        >>> Normalize((0.5,), (0.5,))(tatami.ones(1, 1, 1))
        tensor([[[1.]]])
    """

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], inplace: bool = False
    ) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        """Return the normalised image."""
        return functional.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"
