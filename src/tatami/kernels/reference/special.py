"""Special functions: error functions, the gamma family, Bessel functions.

All are computed in float64 and rounded to the type of the argument at the end.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import as_array

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "lgamma",
    "log_ndtr",
    "ndtri",
    "zeta",
]

Array = np.ndarray
_ROOT_PI = math.sqrt(math.pi)
# B_2, B_4, ... (Abramowitz and Stegun 1964, table 23.2).
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
    43867 / 798, -174611 / 330,
)  # fmt: skip


def _in_double(function: Callable[..., Array]) -> Callable[..., Array]:
    """Let a function of float64 arrays take and return any floating-point type."""

    @functools.wraps(function)
    def kernel(*values: Any) -> Array:
        kind = np.result_type(*values)
        doubles = [np.asarray(value, np.float64) for value in values]
        with np.errstate(all="ignore"):
            return as_array(function(*doubles).astype(kind))

    return kernel


def _each(function: Callable[[float], float], x: Array) -> Array:
    """Apply a function of the C library to each element."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(
        x.shape
    )


@_in_double
def erf(x: Array) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return _each(math.erf, x)


@_in_double
def erfc(x: Array) -> Array:
    """1 - erf(x), exact where that is small."""
    return _each(math.erfc, x)


@_in_double
def erfcx(x: Array) -> Array:
    """exp(x^2) erfc(x); from 10 on by the series of Abramowitz and Stegun, 7.1.23."""
    direct = np.exp(x * x) * erfc(x)
    far = np.where(x > 10, x, 10)
    total, term = np.ones_like(far), np.ones_like(far)
    for k in range(1, 20):
        term = term * -(2 * k - 1) / (2 * far * far)
        total = total + term
    return np.where(x > 10, total / (far * _ROOT_PI), direct)


@_in_double
def erfinv(x: Array) -> Array:
    """The number whose erf is x: Winitzki's estimate, then three steps of Halley."""
    size = np.abs(x)
    # 1 - size is exact near 1, where 1 - size^2 would have lost its digits.
    fall = np.log1p(-size) + np.log1p(size)
    half = 2 / (math.pi * 0.147) + fall / 2
    y = np.sqrt(np.sqrt(half * half - fall / 0.147) - half)
    for _ in range(3):
        above = np.where(size > 0.5, (1 - size) - erfc(y), erf(y) - size)
        error = above * _ROOT_PI / 2 * np.exp(y * y)
        y = y - error / (1 + y * error)
    edge = np.where(size == 1, np.inf, np.nan)
    return np.copysign(np.where(size < 1, y, edge), x)


def _normal_quantile_estimate(p: Array) -> Array:
    """Abramowitz and Stegun 1964, 26.2.23, for p up to 1/2."""
    t = np.sqrt(-2 * np.log(p))
    above = 2.515517 + t * (0.802853 + t * 0.010328)
    below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return t - above / below


@_in_double
def ndtri(p: Array) -> Array:
    """The point below which a standard normal number lies with probability p."""
    tail = np.minimum(p, 1 - p)
    x = _normal_quantile_estimate(tail)
    for _ in range(3):
        # Newton's step on the logarithm, which is nearly a parabola far out.
        log_tail = log_ndtr(-x)
        density = np.exp(-x * x / 2 - log_tail) / math.sqrt(2 * math.pi)
        x = x + (log_tail - np.log(tail)) / density
    x = np.where(tail == 0, np.inf, np.where(p < 0.5, -x, x))
    x = np.where((tail == 0) & (p < 0.5), -np.inf, x)
    x = np.where(tail > 0.1, math.sqrt(2) * erfinv(2 * p - 1), x)
    return np.where((p >= 0) & (p <= 1), x, np.nan)


@_in_double
def log_ndtr(x: Array) -> Array:
    """The logarithm of the probability that a standard normal number is below x."""
    far = np.log(erfcx(-x / math.sqrt(2)) / 2) - x * x / 2
    return np.where(x < -1, far, np.log1p(-erfc(x / math.sqrt(2)) / 2))


def _lgamma(value: float) -> float:
    if math.isinf(value) or (value <= 0 and value.is_integer()):
        return math.inf
    return math.lgamma(value)


@_in_double
def lgamma(x: Array) -> Array:
    """The logarithm of the absolute value of gamma(x)."""
    return _each(_lgamma, x)


@_in_double
def digamma(x: Array) -> Array:
    """The slope of lgamma: moved beyond 10, then Abramowitz and Stegun 6.3.18."""
    positive = np.where(x > 0, x, 1 - x)
    shift, y = np.zeros_like(x), positive.copy()
    for _ in range(10):
        near = y < 10
        shift -= np.where(near, 1 / y, 0)
        y = y + near
    inverse = 1 / (y * y)
    series, power = np.zeros_like(y), np.ones_like(y)
    for k, number in enumerate(_BERNOULLI[:8]):
        power = power * inverse
        series = series + number / (2 * k + 2) * power
    value = np.log(y) - 0.5 / y - series + shift
    # The angle keeps its digits if whole turns are taken off first.
    reflected = value - math.pi / np.tan(math.pi * (x - np.rint(x)))
    below = np.where(x == np.floor(x), np.nan, reflected)
    return np.where(x > 0, value, np.where(x == 0, -np.copysign(np.inf, x), below))


@_in_double
def zeta(s: Array, q: Array) -> Array:
    """The sum of (q + k)^-s over k = 0, 1, ... (Hurwitz), by Euler and Maclaurin."""
    total = np.zeros(np.broadcast_shapes(s.shape, q.shape))
    # Enough terms that what follows starts beyond 10, where the series is exact.
    steps = math.ceil(10 - max(float(np.nanmin(q, initial=10)), -10_000))
    y = np.broadcast_to(q, total.shape)
    for _ in range(steps):
        total, y = total + y**-s, y + 1
    total = total + y ** (1 - s) / (s - 1) + y**-s / 2
    factor = s * y ** (-s - 1) / 2
    for k, number in enumerate(_BERNOULLI):
        total = total + number * factor
        j = 2 * k + 1
        factor = factor * (s + j) * (s + j + 1) / (y * y * (j + 2) * (j + 3))
    pole = (q <= 0) & (q == np.floor(q))
    undefined = (s < 1) | ((q < 0) & (s != np.floor(s)))
    total = np.where(pole | (s == 1), np.inf, np.where(undefined, np.nan, total))
    return np.where(np.isnan(s + q), np.nan, total)


def _bessel_scaled(order: int, x: Array) -> Array:
    """exp(-|x|) I_order(|x|): Abramowitz and Stegun 9.6.10 near 0, 9.7.1 beyond 20."""
    size = np.abs(x)
    near, far = np.minimum(size, 20), np.maximum(size, 20)
    quarter = near * near / 4
    term = (near / 2) ** order
    total = term.copy()
    for k in range(1, 60):
        term = term * quarter / (k * (k + order))
        total = total + term
    series, part = np.ones_like(far), np.ones_like(far)
    for k in range(1, 30):
        part = part * ((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * far)
        series = series + part
    beyond = series / np.sqrt(2 * math.pi * far)
    return np.where(size > 20, beyond, total * np.exp(-near))


def _grown(scaled: Array, x: Array) -> Array:
    """Multiply by exp(|x|) in two steps, which overflow later than one."""
    half = np.exp(np.abs(x) / 2)
    return scaled * half * half


@_in_double
def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind, of order 0."""
    return _grown(_bessel_scaled(0, x), x)


@_in_double
def i0e(x: Array) -> Array:
    """exp(-|x|) i0(x)."""
    return np.where(np.isinf(x), 0, _bessel_scaled(0, x))


@_in_double
def i1(x: Array) -> Array:
    """The modified Bessel function of the first kind, of order 1."""
    return np.copysign(_grown(_bessel_scaled(1, x), x), x)


@_in_double
def i1e(x: Array) -> Array:
    """exp(-|x|) i1(x)."""
    return np.copysign(np.where(np.isinf(x), 0, _bessel_scaled(1, x)), x)
