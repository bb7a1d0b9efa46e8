"""Transforms that turn, shear and move at random."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from ...nn import Module
from ...tensor import Tensor
from . import functional
from .interpolation import InterpolationMode, parse_interpolation
from .shape import uniform

__all__ = ["RandomAffine", "RandomRotation"]


def _check_sequence(value: Any, name: str, lengths: tuple[int, ...]) -> None:
    wanted = " or ".join(str(length) for length in lengths)
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be a sequence of length {wanted}.")
    if len(value) not in lengths:
        raise ValueError(f"{name} should be a sequence of length {wanted}.")


def _angles(value: Any, name: str, lengths: tuple[int, ...] = (2,)) -> list[float]:
    """Return ranges of angles; one number stands for minus to plus it."""
    if isinstance(value, numbers.Real):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        value = [-value, value]
    _check_sequence(value, name, lengths)
    return [float(angle) for angle in value]


def _parse_fill(fill: Any) -> Any:
    if fill is None:
        return 0
    if not isinstance(fill, (Sequence, numbers.Number)):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill


def _fill_for(img: Any, fill: Any) -> Any:
    """Return a tensor's fill as one number for each channel."""
    if not isinstance(img, Tensor):
        return fill
    channels = functional.get_image_num_channels(img)
    values = [fill] * channels if isinstance(fill, (int, float)) else fill
    return [float(value) for value in values]


class RandomRotation(Module):
    """Turn the image by a random angle.

    Args:
        degrees: smallest and largest angle, or a number d for -d to d.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        expand: make room for all of the turned image.
        center: the point that stays; the middle if None.
        fill: value of pixels from outside the image.

    Example:
        >>> import tatami
        >>> RandomRotation((90, 90))(tatami.tensor([[[1, 2], [3, 4]]]))
        tensor([[[2, 4],
                 [1, 3]]])
    """

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.interpolation = parse_interpolation(interpolation)
        self.degrees = _angles(degrees, "degrees")
        if center is not None:
            _check_sequence(center, "center", (2,))
        self.center = center
        self.expand = expand
        self.fill = _parse_fill(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """Draw the angle."""
        return uniform(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        """Return the turned image."""
        fill = _fill_for(img, self.fill)
        angle = self.get_params(self.degrees)
        return functional.rotate(
            img, angle, self.interpolation, self.expand, self.center, fill
        )

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}{center}, "
            f"fill={self.fill})"
        )


class RandomAffine(Module):
    """Turn, move, scale and shear the image at random, around its middle.

    Args:
        degrees: smallest and largest angle, or a number d for -d to d.
        translate: largest part of the width and of the height to move by.
        scale: smallest and largest factor of the size.
        shear: angles along x, or along x and y, or a number d for -d to d along x.
        interpolation: an :class:`InterpolationMode` or Pillow's number.
        fill: value of pixels from outside the image.
        center: the point around which it turns; the middle if None.

    Example:
        >>> RandomAffine(5, translate=(0.1, 0.1))
        RandomAffine(degrees=[-5.0, 5.0], translate=(0.1, 0.1))
    """

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.interpolation = parse_interpolation(interpolation)
        self.degrees = _angles(degrees, "degrees")
        for name, value in (("translate", translate), ("scale", scale)):
            if value is not None:
                _check_sequence(value, name, (2,))
        if translate is not None and not all(0.0 <= t <= 1.0 for t in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(s > 0 for s in scale):
            raise ValueError("scale values should be positive")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else _angles(shear, "shear", (2, 4))
        self.fill = _parse_fill(fill)
        if center is not None:
            _check_sequence(center, "center", (2,))
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """Draw angle, translation, scale and shears, in that order."""
        angle = uniform(degrees[0], degrees[1])
        moved = (0, 0)
        if translate is not None:
            x, y = (float(t * n) for t, n in zip(translate, img_size, strict=True))
            moved = (round(uniform(-x, x)), round(uniform(-y, y)))
        scale = 1.0 if scale_ranges is None else uniform(*scale_ranges)
        shear = [0.0, 0.0]
        for i in range(0 if shears is None else len(shears) // 2):
            assert shears is not None
            shear[i] = uniform(shears[2 * i], shears[2 * i + 1])
        return angle, moved, scale, (shear[0], shear[1])

    def forward(self, img: Any) -> Any:
        """Return the moved image."""
        size = functional.get_image_size(img)
        drawn = self.get_params(
            self.degrees, self.translate, self.scale, self.shear, size
        )
        fill = _fill_for(img, self.fill)
        return functional.affine(
            img, *drawn, self.interpolation, fill=fill, center=self.center
        )

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        for name in ("translate", "scale", "shear"):
            if getattr(self, name) is not None:
                parts.append(f"{name}={getattr(self, name)}")
        if self.interpolation != InterpolationMode.NEAREST:
            parts.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            parts.append(f"fill={self.fill}")
        if self.center is not None:
            parts.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(parts)})"
