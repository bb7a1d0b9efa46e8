"""Sizes, sides and matrices: the arithmetic that Pillow images and tensors share."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def parse_pair(size: Any, message: str) -> tuple[int, int]:
    """Return height and width from one number or two.

    Raises:
        ValueError: there are more than two; the message is the caller's.
    """
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(message)
    return size[0], size[1]


def parse_padding(padding: Any) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom from one, two or four numbers."""
    if isinstance(padding, numbers.Number):
        padding = (padding,)
    if len(padding) == 4:
        return tuple(padding)
    return (padding[0], padding[-1]) * 2


def check_padding(padding: Any, fill: Any, padding_mode: Any) -> None:
    """Fail unless the arguments of padding are of the right kind.

    Raises:
        TypeError: one is of the wrong type.
        ValueError: there are not 1, 2 or 4 sides, or the mode is unknown.
    """
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if not isinstance(fill, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            "Padding mode should be either constant, edge, reflect or symmetric"
        )
    if isinstance(padding, (tuple, list)) and len(padding) not in (1, 2, 4):
        raise ValueError(
            "Padding must be an int or a 1, 2, or 4 element tuple, not a "
            f"{len(padding)} element tuple"
        )


def resized(
    height: int, width: int, size: Any, max_size: int | None
) -> tuple[int, int]:
    """Return the height and width of a resized image.

    One number is the new length of the shorter side; the other side follows.

    Raises:
        ValueError: ``max_size`` is not above the wanted shorter side, or is given with
            both sides.
    """
    if not isinstance(size, (list, tuple)):
        size = [size]
    if len(size) not in (1, 2):
        raise ValueError(
            f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} "
            "element tuple/list"
        )
    if len(size) == 2:
        if max_size is not None:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the "
                "smaller edge, i.e. size should be an int or a sequence of length 1 in "
                "torchscript mode."
            )
        return size[0], size[1]
    short, long = _shorter_first(height, width, size[0], max_size)
    return (long, short) if width <= height else (short, long)


def _shorter_first(
    height: int, width: int, wanted: int, max_size: int | None
) -> tuple[int, int]:
    long = int(wanted * max(height, width) / min(height, width))
    if max_size is None:
        return wanted, long
    if max_size <= wanted:
        raise ValueError(
            f"max_size = {max_size} must be strictly greater than the requested size "
            f"for the smaller edge size = {[wanted]}"
        )
    if long > max_size:
        return int(max_size * wanted / long), max_size
    return wanted, long


def inverse_affine(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
) -> list[float]:
    """Return the 2x3 matrix, row by row, that leads from a new pixel to its old place.

    It undoes: shear by x, shear by y, scale, turn by ``angle`` around ``center``, move.
    """
    turn, shear_x, shear_y = (math.radians(x) for x in (angle, *shear))
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -a * math.tan(shear_x) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -c * math.tan(shear_x) + math.cos(turn)
    # The determinant of turn and shear is 1, so this is their inverse.
    inverse = [d / scale, -b / scale, -c / scale, a / scale]
    x, y = (-c - t for c, t in zip(center, translate, strict=True))
    return [
        inverse[0], inverse[1], inverse[0] * x + inverse[1] * y + center[0],
        inverse[2], inverse[3], inverse[2] * x + inverse[3] * y + center[1],
    ]  # fmt: skip


def rotated_size(matrix: Sequence[float], width: int, height: int) -> tuple[int, int]:
    """Return the width and height that hold all corners of a turned image."""
    corners = [(sx * width / 2, sy * height / 2) for sx in (-1, 1) for sy in (-1, 1)]
    lengths = []
    for (a, b, c), length in ((matrix[:3], width), (matrix[3:], height)):
        places = [a * x + b * y + c + length / 2 for x, y in corners]
        # Cut off at 1e-4, or rounding errors would cost a pixel.
        low, high = (math.trunc(x * 1e4) * 1e-4 for x in (min(places), max(places)))
        lengths.append(math.ceil(round(high, 4)) - math.floor(round(low, 4)))
    return lengths[0], lengths[1]
