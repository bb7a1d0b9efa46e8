"""The line search of L-BFGS: a step length that satisfies the strong Wolfe conditions.

Source: Nocedal and Wright 2006, "Numerical optimization", algorithms 3.5 and 3.6, with
the cubic interpolation of equation 3.59.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..tensor import Tensor

__all__ = ["strong_wolfe"]

_DECREASE = 1e-4
_CURVATURE = 0.9
_SMALLEST = 1e-9


@dataclass
class _Point:
    """What is known some way along: length, loss, gradient and slope there."""

    length: Any
    loss: Any
    gradient: Tensor
    slope: Any


def cubic_minimum(a: _Point, b: _Point, bounds: Any = None) -> Any:
    """Return where the cubic through two points and their slopes is lowest."""
    if bounds is not None:
        low, high = bounds
    else:
        low, high = (
            (a.length, b.length) if a.length <= b.length else (b.length, a.length)
        )
    first = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    square = first**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    if not a.length <= b.length:
        a, b = b, a
    second = square.sqrt()
    share = (b.slope + second - first) / (b.slope - a.slope + 2 * second)
    return min(max(b.length - (b.length - a.length) * share, low), high)


class _Search:
    """One search: the start, the conditions, and the points looked at."""

    def __init__(
        self, look: Callable[..., Any], direction: Tensor, start: _Point, limit: int
    ) -> None:
        self.look = look
        self.direction = direction
        self.start = start
        self.limit = limit
        self.iterations = 0
        self.evaluations = 0

    def at(self, length: Any) -> _Point:
        """Return what is found ``length`` along."""
        self.evaluations += 1
        loss, gradient = self.look(length, self.direction)
        return _Point(length, loss, gradient, gradient.dot(self.direction))

    def too_high(self, point: _Point) -> bool:
        """Tell whether the loss has not fallen enough (the Armijo condition)."""
        start = self.start
        bound = start.loss + _DECREASE * point.length * start.slope
        return bool(point.loss > bound)

    def flat(self, point: _Point) -> bool:
        """Tell whether the slope is small enough (the curvature condition)."""
        return bool(abs(point.slope) <= -_CURVATURE * self.start.slope)

    def bracket(self, length: Any) -> tuple[list[_Point], bool]:
        """Go further until an interval holds a good point, or one is found."""
        before, point = self.start, self.at(length)
        while self.iterations < self.limit:
            rising = self.iterations > 1 and point.loss >= before.loss
            if self.too_high(point) or rising:
                return [before, point], False
            if self.flat(point):
                return [point], True
            if point.slope >= 0:
                return [before, point], False
            nearest = point.length + 0.01 * (point.length - before.length)
            bounds = (nearest, point.length * 10)
            length = cubic_minimum(before, point, bounds)
            before, point = point, self.at(length)
            self.iterations += 1
        return [self.start, point], False

    def zoom(self, bracket: list[_Point]) -> _Point:
        """Narrow the interval until it holds a good point or gets too small."""
        size = self.direction.abs().max()
        low, high = sorted(bracket, key=lambda point: point.loss)
        stuck = False
        while self.iterations < self.limit:
            if abs(bracket[1].length - bracket[0].length) * size < _SMALLEST:
                break
            length, stuck = _keep_off(bracket, cubic_minimum(*bracket), stuck)
            point = self.at(length)
            self.iterations += 1
            if self.too_high(point) or point.loss >= low.loss:
                _replace(bracket, high, point)
                low, high = sorted(bracket, key=lambda point: point.loss)
                continue
            done = self.flat(point)
            if not done and point.slope * (high.length - low.length) >= 0:
                _replace(bracket, high, low, copy=True)
                high = next(x for x in bracket if x is not low)
            _replace(bracket, low, point)
            low = point
            if done:
                break
        return low


def _replace(
    bracket: list[_Point], old: _Point, new: _Point, copy: bool = False
) -> None:
    """Put ``new`` in the place of ``old``; a copy if both ends would be one object."""
    if copy:
        new = _Point(new.length, new.loss, new.gradient, new.slope)
    index = next(i for i, point in enumerate(bracket) if point is old)
    bracket[index] = new


def _keep_off(bracket: list[_Point], length: Any, stuck: bool) -> tuple[Any, bool]:
    """Return a length off the ends of the interval, and whether it came close to one.

    A guess close to an end is taken once; the second time, or if it lies outside, it is
    moved a tenth of the interval inwards.
    """
    low, high = sorted(point.length for point in bracket)
    margin = 0.1 * (high - low)
    if not min(high - length, length - low) < margin:
        return length, False
    if stuck or length >= high or length <= low:
        near_high = abs(length - high) < abs(length - low)
        return (high - margin if near_high else low + margin), False
    return length, True


def strong_wolfe(
    look: Callable[..., Any], length: Any, direction: Tensor, loss: Any,
    gradient: Tensor, slope: Any, limit: int,
) -> tuple[Any, Tensor, Any, int]:  # fmt: skip
    """Find how far to go along a direction.

    Args:
        look: returns loss and gradient at ``(length, direction)``.
        length: first length to try.
        direction: where to go.
        loss: at the start.
        gradient: at the start.
        slope: of the loss along the direction, at the start.
        limit: most iterations.

    Returns:
        loss, gradient and length of the point found, and the number of looks.
    """
    start = _Point(0, loss, gradient, slope)
    search = _Search(look, direction, start, limit)
    bracket, done = search.bracket(length)
    point = bracket[0] if done else search.zoom(bracket)
    return point.loss, point.gradient, point.length, search.evaluations
