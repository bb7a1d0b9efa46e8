"""How pixels between pixels are computed."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["InterpolationMode"]


class InterpolationMode(Enum):
    """Name a way to compute pixels between pixels.

    ``BOX``, ``HAMMING`` and ``LANCZOS`` exist for Pillow images only.

    Example:
        >>> InterpolationMode("nearest")
        <InterpolationMode.NEAREST: 'nearest'>
    """

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PILLOW_NUMBERS = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}
_BY_NUMBER = {
    number: mode
    for mode, number in PILLOW_NUMBERS.items()
    if mode is not InterpolationMode.NEAREST_EXACT
}


def parse_interpolation(value: Any) -> InterpolationMode:
    """Return a mode, which may be given by Pillow's number.

    Raises:
        TypeError: ``value`` is neither.
    """
    if isinstance(value, InterpolationMode):
        return value
    if isinstance(value, int) and value in _BY_NUMBER:
        return _BY_NUMBER[value]
    raise TypeError(
        "Argument interpolation should be a InterpolationMode or a corresponding "
        "Pillow integer constant"
    )
