"""Transforms that resize, cut, pad, mirror and turn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import tatami

from ...nn import Module
from ...tensor import Tensor
from . import functional
from .geometry import check_padding, parse_pair
from .interpolation import InterpolationMode, parse_interpolation

__all__ = [
    "CenterCrop",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomVerticalFlip",
    "Resize",
]

_TWO_SIZES = "Please provide only two dimensions (h, w) for size."


def uniform(low: float, high: float) -> float:
    """Draw a number from tatami's generator as torchvision does from PyTorch's."""
    return float(tatami.empty(1).uniform_(float(low), float(high)).item())


def chance(p: float) -> bool:
    """Draw whether something of likelihood ``p`` happens."""
    return float(tatami.rand(1).item()) < p


def draw_corner(
    image_height: int, image_width: int, height: int, width: int
) -> tuple[int, int]:
    """Draw where a rectangle lies in an image."""
    top = int(tatami.randint(0, image_height - height + 1, (1,)).item())
    left = int(tatami.randint(0, image_width - width + 1, (1,)).item())
    return top, left


def check_ranges(scale: Any, ratio: Any) -> None:
    """Fail unless both are sequences; warn unless both are in order."""
    if not isinstance(scale, Sequence):
        raise TypeError("Scale should be a sequence")
    if not isinstance(ratio, Sequence):
        raise TypeError("Ratio should be a sequence")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=3)


def draw_area(
    area: int, scale: Sequence[float], log_ratio: Tensor
) -> tuple[float, float]:
    """Draw a part of an area and the ratio of its sides."""
    part = area * uniform(scale[0], scale[1])
    exponent = tatami.empty(1).uniform_(log_ratio[0].item(), log_ratio[1].item())
    return part, float(tatami.exp(exponent).item())


class Resize(Module):
    """Change the size.

    Args:
        size: height and width, or the new length of the shorter side.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        max_size: limit of the longer side, which shortens both.
        antialias: widen the kernel where a tensor shrinks; Pillow always does.

    Example:
        >>> import tatami
        >>> Resize((2, 3))(tatami.zeros(1, 8, 8)).shape
        torch.Size([1, 2, 3])
    """

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.max_size = max_size
        self.interpolation = parse_interpolation(interpolation)
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        """Return the resized image."""
        return functional.resize(
            img, self.size, self.interpolation, self.max_size, self.antialias
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, "
            f"interpolation={self.interpolation.value}, max_size={self.max_size}, "
            f"antialias={self.antialias})"
        )


class CenterCrop(Module):
    """Cut out the middle.

    Example:
        >>> import tatami
        >>> CenterCrop(2)(tatami.zeros(1, 8, 8)).shape
        torch.Size([1, 2, 2])
    """

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = parse_pair(size, _TWO_SIZES)

    def forward(self, img: Any) -> Any:
        """Return the middle of the image."""
        return functional.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Module):
    """Add pixels around the image; see :func:`functional.pad`.

    Example:
        >>> import tatami
        >>> Pad(1)(tatami.ones(1, 1, 1))
        tensor([[[0., 0., 0.],
                 [0., 1., 0.],
                 [0., 0., 0.]]])
    """

    def __init__(
        self, padding: Any, fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        check_padding(padding, fill, padding_mode)
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        """Return the padded image."""
        return functional.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, "
            f"padding_mode={self.padding_mode})"
        )


class RandomCrop(Module):
    """Cut out a rectangle at a random place.

    Args:
        size: height and width, or one number for both.
        padding: pixels to add first, as for :class:`Pad`.
        pad_if_needed: pad an image that is smaller than ``size``.
        fill: value of the added pixels.
        padding_mode: what the added pixels are.

    Raises:
        ValueError: the image is smaller than the rectangle; both sizes are given.

    Example:
        >>> import tatami
        >>> RandomCrop(2)(tatami.zeros(1, 8, 8)).shape
        torch.Size([1, 2, 2])
    """

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = parse_pair(size, _TWO_SIZES)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: Sequence[int]) -> tuple[int, int, int, int]:
        """Draw top, left, height and width."""
        _, image_height, image_width = functional.get_dimensions(img)
        height, width = output_size
        if image_height < height or image_width < width:
            raise ValueError(
                f"Required crop size {(height, width)} is larger than input image size "
                f"{(image_height, image_width)}"
            )
        if (image_height, image_width) == (height, width):
            return 0, 0, height, width
        top, left = draw_corner(image_height, image_width, height, width)
        return top, left, height, width

    def _pad(self, img: Any, padding: Any) -> Any:
        return functional.pad(img, padding, self.fill, self.padding_mode)

    def forward(self, img: Any) -> Any:
        """Return a part of the image."""
        if self.padding is not None:
            img = self._pad(img, self.padding)
        _, height, width = functional.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = self._pad(img, [self.size[1] - width, 0])
        if self.pad_if_needed and height < self.size[0]:
            img = self._pad(img, [0, self.size[0] - height])
        return functional.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomHorizontalFlip(Module):
    """Mirror left and right with likelihood ``p``.

    Example:
        >>> import tatami
        >>> RandomHorizontalFlip(p=1.0)(tatami.tensor([[[1, 2]]]))
        tensor([[[2, 1]]])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """Return the image, mirrored or as it was."""
        return functional.hflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(RandomHorizontalFlip):
    """Mirror top and bottom with likelihood ``p``.

    Example:
        >>> import tatami
        >>> RandomVerticalFlip(p=1.0)(tatami.tensor([[[1], [2]]])).flatten()
        tensor([2, 1])
    """

    def forward(self, img: Any) -> Any:
        """Return the image, mirrored or as it was."""
        return functional.vflip(img) if chance(self.p) else img


class RandomResizedCrop(Module):
    """Cut out a rectangle of random place, area and shape, and resize it.

    Args:
        size: height and width, or one number for both.
        scale: smallest and largest part of the image's area.
        ratio: smallest and largest width divided by height.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        antialias: widen the kernel where a tensor shrinks.

    Example:
        >>> import tatami
        >>> RandomResizedCrop(4)(tatami.zeros(1, 8, 8)).shape
        torch.Size([1, 4, 4])

    Source: Szegedy et al. 2015, "Going deeper with convolutions", section 6.
    """

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = parse_pair(size, _TWO_SIZES)
        check_ranges(scale, ratio)
        self.interpolation = parse_interpolation(interpolation)
        self.antialias = antialias
        self.scale = scale
        self.ratio = ratio

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """Draw top, left, height and width; after ten misfits take the middle."""
        _, image_height, image_width = functional.get_dimensions(img)
        log_ratio = tatami.log(tatami.tensor(ratio))
        for _ in range(10):
            area, aspect = draw_area(image_height * image_width, scale, log_ratio)
            width, height = (
                round(math.sqrt(area * aspect)),
                round(math.sqrt(area / aspect)),
            )
            if 0 < width <= image_width and 0 < height <= image_height:
                top, left = draw_corner(image_height, image_width, height, width)
                return top, left, height, width
        height, width = image_height, image_width
        if width / height < min(ratio):
            height = round(width / min(ratio))
        elif width / height > max(ratio):
            width = round(height * max(ratio))
        return (image_height - height) // 2, (image_width - width) // 2, height, width

    def forward(self, img: Any) -> Any:
        """Return a part of the image in the wanted size."""
        place = self.get_params(img, self.scale, self.ratio)
        return functional.resized_crop(
            img, *place, self.size, self.interpolation, self.antialias
        )

    def __repr__(self) -> str:
        scale = tuple(round(x, 4) for x in self.scale)
        ratio = tuple(round(x, 4) for x in self.ratio)
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )
