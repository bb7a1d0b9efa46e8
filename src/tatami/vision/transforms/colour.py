"""Transforms of colours, and one that erases."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import tatami

from ...nn import Module
from ...tensor import Tensor
from . import functional
from .shape import chance, check_ranges, draw_area, draw_corner, uniform

__all__ = ["ColorJitter", "Grayscale", "RandomErasing", "RandomGrayscale"]

Range = tuple[float, float]


class ColorJitter(Module):
    """Change brightness, contrast, saturation and hue at random, in random order.

    Args:
        brightness: range of the factor, or a number x for 1 - x to 1 + x.
        contrast: likewise.
        saturation: likewise.
        hue: range within -0.5 to 0.5, or a number x for -x to x.

    Example:
        >>> ColorJitter(brightness=0.5)
        ColorJitter(brightness=(0.5, 1.5), contrast=None, saturation=None, hue=None)
    """

    def __init__(
        self,
        brightness: Any = 0,
        contrast: Any = 0,
        saturation: Any = 0,
        hue: Any = 0,
    ) -> None:
        super().__init__()
        self.brightness = _factors(brightness, "brightness")
        self.contrast = _factors(contrast, "contrast")
        self.saturation = _factors(saturation, "saturation")
        self.hue = _factors(hue, "hue", center=0, bound=(-0.5, 0.5))

    @staticmethod
    def get_params(
        brightness: Range | None,
        contrast: Range | None,
        saturation: Range | None,
        hue: Range | None,
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """Draw the order, then the factors."""
        order = tatami.randperm(4)
        b, c, s, h = (
            None if limits is None else uniform(*limits)
            for limits in (brightness, contrast, saturation, hue)
        )
        return order, b, c, s, h

    def forward(self, img: Any) -> Any:
        """Return the changed image."""
        order, *factors = self.get_params(
            self.brightness, self.contrast, self.saturation, self.hue
        )
        changes = (
            functional.adjust_brightness,
            functional.adjust_contrast,
            functional.adjust_saturation,
            functional.adjust_hue,
        )
        for i in order.tolist():
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, "
            f"contrast={self.contrast}, saturation={self.saturation}, hue={self.hue})"
        )


def _factors(
    value: Any, name: str, center: float = 1, bound: Range = (0, float("inf"))
) -> Range | None:
    """Return a range of factors, or None if it is the one that changes nothing."""
    if isinstance(value, numbers.Real):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        low = max(low, 0.0) if center == 1 else low
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(
            f"{name} should be a single number or a list/tuple with length 2."
        )
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(
            f"{name} values should be between {bound}, but got {[low, high]}."
        )
    return None if low == high == center else (low, high)


class Grayscale(Module):
    """Turn the image grey.

    Example:
        >>> import tatami
        >>> Grayscale()(tatami.zeros(3, 2, 2)).shape
        torch.Size([1, 2, 2])
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        """Return the image in grey."""
        return functional.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(Module):
    """Turn the image grey with likelihood ``p``, keeping its number of channels.

    Example:
        >>> import tatami
        >>> RandomGrayscale(p=1.0)(tatami.zeros(3, 2, 2)).shape
        torch.Size([3, 2, 2])
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """Return the image, in grey or as it was."""
        channels = functional.get_image_num_channels(img)
        if chance(self.p):
            return functional.rgb_to_grayscale(img, channels)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomErasing(Module):
    """Write over a random rectangle of a tensor image.

    Args:
        p: how likely it is.
        scale: smallest and largest part of the image's area.
        ratio: smallest and largest height divided by width.
        value: number, or one for each channel, or ``'random'``.
        inplace: change the tensor itself.

    Example:
        >>> RandomErasing(p=0.2).p
        0.2

    Source: Zhong, Zheng, Kang, Li and Yang 2020, "Random erasing data augmentation".
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (numbers.Number, str, tuple, list)):
            raise TypeError(
                "Argument value should be either a number or str or a sequence"
            )
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        check_ranges(scale, ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor,
        scale: Sequence[float],
        ratio: Sequence[float],
        value: Sequence[float] | None = None,
    ) -> tuple[int, int, int, int, Tensor]:
        """Draw top, left, height, width and what to write, or the whole image."""
        channels, image_height, image_width = img.shape[-3:]
        log_ratio = tatami.log(tatami.tensor(ratio))
        for _ in range(10):
            area, aspect = draw_area(image_height * image_width, scale, log_ratio)
            height, width = (
                round(math.sqrt(area * aspect)),
                round(math.sqrt(area / aspect)),
            )
            if height >= image_height or width >= image_width:
                continue
            if value is None:
                written = tatami.empty(channels, height, width).normal_()
            else:
                written = tatami.tensor(value)[:, None, None]
            top, left = draw_corner(image_height, image_width, height, width)
            return top, left, height, width, written
        return 0, 0, image_height, image_width, img

    def _values(self, channels: int) -> list[float] | None:
        if isinstance(self.value, str):
            return None
        value: Any = self.value
        values = [value] if isinstance(value, numbers.Real) else list(value)
        if len(values) not in (1, channels):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{channels} (number of input channels)"
            )
        return [float(number) for number in values]

    def forward(self, img: Tensor) -> Tensor:
        """Return the image, with a rectangle written over or as it was."""
        if not chance(self.p):
            return img
        values = self._values(img.shape[-3])
        drawn = self.get_params(img, self.scale, self.ratio, values)
        return functional.erase(img, *drawn, self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, "
            f"ratio={self.ratio}, value={self.value}, inplace={self.inplace})"
        )
