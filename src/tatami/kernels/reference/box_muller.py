"""Normal numbers in float32, from the polynomials of the Cephes library.

Source: Box and Muller 1958, "A note on the generation of random normal deviates";
Moshier, Cephes Mathematical Library 2.2, ``logf.c`` and ``sinf.c``. The steps round as
they do on a processor with fused multiply-add.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["box_muller_float32"]

Array = np.ndarray
_PAIRS_AT_ONCE = 4096
_LOG = np.array(
    [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1,
     1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
     3.3333331174e-1], np.float32,
)  # fmt: skip
_COS = np.array(
    [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], np.float32
)
_SIN = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], np.float32)
_LAST_STEPS = np.stack((_LOG[7:], _COS[1:], _SIN[1:]), 1).astype(np.float64)[..., None]
_LOG_TWO, _LOG_TWO_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_QUARTER_TURN = np.float32(1.5703125), np.float32(4.837512969970703125e-4)
_QUARTER_TURN_LOW = np.float64(-2 * np.float32(3.77489497744594108e-8))
_FOUR_OVER_PI, _TWO_PI = np.float32(4 / math.pi), np.float32(2 * math.pi)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_SIGNS = np.array([[1, -1, -1, 1, 1], [1, 1, -1, -1, 1]], np.float32)


def box_muller_float32(units: Array) -> Array:
    """Turn two rows of units in [0, 1) into two rows of standard normal numbers."""
    count = units.shape[1]
    if count <= _PAIRS_AT_ONCE:
        return _transform(units)
    values = np.empty_like(units)
    for start in range(0, count, _PAIRS_AT_ONCE):
        chunk = slice(start, start + _PAIRS_AT_ONCE)
        values[:, chunk] = _transform(units[:, chunk])
    return values


def _multiply_add(a: Array, b: Any, c: Any) -> Array:
    """Return ``a * b + c`` in float32, where ``b`` is of float64.

    The sum is rounded twice, to float64 and to float32; for the arguments below this
    gives the bits of a single rounding, for every one of the 2**24 units.
    """
    total = a.astype(np.float64)
    total *= b
    total += c
    return total.astype(np.float32)


def _transform(units: Array) -> Array:
    """Take a radius from the first row, an angle from the second: the Box-Muller pair.

    Logarithm, cosine and sine share the last steps, as three rows of one polynomial.
    """
    exponent, fraction = _split(_ONE - units[0])
    quarter, angle = _reduce(_TWO_PI * units[1])
    variable = np.empty((3, fraction.size), np.float32)
    variable[0], variable[1:] = fraction, angle * angle
    wide = variable.astype(np.float64)
    rows = np.empty_like(variable)
    rows[0] = _log_start(wide[0])
    rows[1], rows[2] = _COS[0], _SIN[0]
    for coefficients in _LAST_STEPS:
        rows = _multiply_add(rows, wide, coefficients)
    rows *= variable
    variable[0] *= fraction
    half_squares = variable[:2] * _HALF
    wide[0], wide[2] = variable[0], angle
    addend = variable
    addend[0], addend[1], addend[2] = exponent * _LOG_TWO_LOW, -half_squares[1], angle
    rows = _multiply_add(rows, wide, addend)
    rows[0] -= half_squares[0]
    rows[0] += fraction
    rows[0] += exponent * _LOG_TWO
    rows[1] += _ONE
    turned = _turn(rows[1:], quarter)
    turned *= np.sqrt(np.float32(-2) * rows[0])
    return turned


def _split(values: Array) -> tuple[Array, Array]:
    """Write ``values`` as ``2**exponent * (1 + fraction)``, fraction nearest zero."""
    bits = values.view(np.int32)
    exponent = (bits - _SQRT_HALF_BITS) >> 23
    fraction = (bits - (exponent << 23)).view(np.float32)
    fraction -= _ONE
    return exponent.astype(np.float32), fraction


def _reduce(angle: Array) -> tuple[Array, Array]:
    """Subtract the nearest quarter turn, whose number is also returned."""
    quarter = ((angle * _FOUR_OVER_PI).astype(np.int32) + 1) >> 1
    turns = quarter.astype(np.float32)
    for part in _QUARTER_TURN:
        angle = angle - turns * part
    return quarter, _multiply_add(turns, _QUARTER_TURN_LOW, angle)


def _log_start(fraction: Array) -> Array:
    """Evaluate the first seven coefficients of the logarithm's polynomial."""
    row = np.full(fraction.size, _LOG[0])
    for coefficient in _LOG[1:7]:
        row = _multiply_add(row, fraction, coefficient)
    return row


def _turn(cos_sin: Array, quarter: Array) -> Array:
    """Swap and negate the rows cosine and sine, after turning by quarters."""
    turned = np.where(quarter & 1, cos_sin[::-1], cos_sin)
    turned *= _SIGNS.take(quarter, axis=1)
    return turned
