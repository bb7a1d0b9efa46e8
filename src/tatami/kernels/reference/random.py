"""Random numbers: the draws of PyTorch's CPU generator, bit for bit.

A :class:`Stream` yields the 32-bit words of a Mersenne Twister; each kernel turns
words into numbers with the roundings of PyTorch's AVX2 build, which its AVX-512 build
shares (the build for older processors rounds ``low + x * (high - low)`` twice).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .box_muller import box_muller_float32

__all__ = [
    "Stream",
    "bernoulli",
    "bernoulli_tensor",
    "cauchy",
    "dropout",
    "exponential",
    "fill_in_memory_order",
    "geometric",
    "log_normal",
    "multinomial",
    "normal",
    "randint",
    "random_bits",
    "random_full",
    "randperm",
    "uniform",
]

Array = np.ndarray
Shape = Sequence[int]
_BLOCK = 16
_LARGEST_RANDPERM = (2**32 - 1) // 20 - 1
_LARGEST_EXPONENT = 709.782712893384


class Stream:
    """Yield the words of a Mersenne Twister (Matsumoto and Nishimura 1998, MT19937).

    ``raw(n)`` draws ``n`` 32-bit words into a uint64 array. ``sample`` is the second
    number of the last pair of normal numbers, kept for the next draw, or None.
    NumPy's twister is made at the first draw: importing it takes time.
    """

    __slots__ = ("_legacy", "_twister", "float_sample", "raw", "sample", "seed")

    raw: Callable[[int], Array]
    sample: float | None
    float_sample: float | None

    def __init__(self, seed: int) -> None:
        self._twister: Any = None
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start over from ``seed``, an unsigned 64-bit number."""
        self.seed = seed
        self.sample = self.float_sample = None
        if self._twister is None:
            self.raw = self._first
        else:  # A program draws from the twister without asking for it first.
            self._start()

    def _first(self, size: int) -> Array:
        self._start()
        return self.raw(size)

    def _start(self) -> None:
        if self._twister is None:
            from numpy.random import MT19937, RandomState

            self._twister = MT19937(0)
            self._legacy = RandomState(self._twister)
        self._legacy.seed(self.seed & 0xFFFFFFFF)
        self.raw = self._twister.random_raw

    @property
    def capsule(self) -> Any:
        """The twister as compiled code takes it; the same one for good."""
        if self._twister is None:
            self._start()
        return self._twister.capsule

    def position(self) -> tuple[Array, int]:
        """Return the 624 words of the twister and how many of them are used up."""
        if self._twister is None:
            self._start()
        state = self._twister.state["state"]
        return state["key"], int(state["pos"])

    def move_to(self, key: Array, used: int) -> None:
        """Continue from the 624 words ``key`` of which ``used`` are used up."""
        self._start()
        state = {"key": key, "pos": used}
        self._twister.state = {"bit_generator": "MT19937", "state": state}


def _long_words(stream: Stream, count: int) -> Array:
    """Draw 64-bit words, high half first."""
    words = stream.raw(2 * count)
    long_words = words[::2] << np.uint64(32)
    long_words |= words[1::2]
    return long_words


def _units(stream: Stream, count: int, dtype: Any) -> Array:
    """Draw multiples of 2**-24 (float32) or 2**-53 (float64) from [0, 1)."""
    if dtype == np.float64:
        words = _long_words(stream, count)
        words &= np.uint64(2**53 - 1)
        return words.view(np.int64) * 2.0**-53
    words = stream.raw(count)
    words &= np.uint64(2**24 - 1)
    units = words.astype(np.float32)
    units *= np.float32(2.0**-24)
    return units


def _libm(function: Callable[[float], float], values: Array) -> Array:
    """Apply the C library's function, from which NumPy's may differ in the last bit."""
    return np.fromiter(map(function, values.tolist()), np.float64, values.size)


def _cast(values: Array, shape: Shape, dtype: Any) -> Array:
    """Convert as C++ does: without warnings, and to float16 by way of float32."""
    if values.dtype == dtype:
        return values.reshape(shape)
    with np.errstate(all="ignore"):
        if dtype == np.float16:
            values = values.astype(np.float32, copy=False)
        return values.astype(dtype).reshape(shape)


def _two_sum(a: Array, b: Any) -> tuple[Array, Array]:
    """Return the rounded sum and its exact error (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _sum_to_odd(a: Array, b: Any) -> Array:
    """Add float64 numbers so that rounding the sum again loses nothing."""
    total, error = _two_sum(a, b)
    bits = total.view(np.int64)
    even = (error != 0) & (bits & 1 == 0)
    if even.any():
        bits[even] += np.where((error > 0) == (total > 0), 1, -1)[even]
    return total


def _two_product(a: Array, b: float) -> tuple[Array, Array]:
    """Return the rounded product and its exact error (Dekker 1971, section 5)."""
    product = a * b
    factor = 2.0**27 + 1
    a_high = a * factor - (a * factor - a)
    b_high = b * factor - (b * factor - b)
    a_low, b_low = a - a_high, b - b_high
    rest = product - a_high * b_high - a_low * b_high - a_high * b_low
    return product, a_low * b_low - rest


def _scale(values: Array, factor: Any, offset: Any) -> Array:
    """Return ``values * factor + offset``, rounded once.

    Source: Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums:
    proved algorithms using rounding to odd", figure 5.
    """
    kind = values.dtype.type
    factor, offset = kind(factor), kind(offset)
    if factor == 1 or offset == 0:
        return np.asarray(values * factor + offset)
    if values.dtype == np.float32:
        product = np.multiply(values, factor, dtype=np.float64)
        total = product + np.float64(offset)
        halfway = (total.view(np.int64) & (2**29 - 1)) == 2**28
        if halfway.any():  # Only here does rounding a second time tell.
            total[halfway] = _sum_to_odd(product[halfway], np.float64(offset))
        return np.asarray(total, np.float32)
    if not 2.0**-500 < abs(factor) < 2.0**500:  # Dekker's splitting would overflow.
        return np.asarray(values * factor + offset)
    high, low = _two_product(values, factor)
    middle, rest = _two_sum(low, offset)
    total, error = _two_sum(high, middle)
    return np.asarray(total + _sum_to_odd(rest, error))


def uniform(stream: Stream, shape: Shape, low: float, high: float, dtype: Any) -> Array:
    """Draw from [low, high)."""
    kind = np.float64 if dtype == np.float64 else np.float32
    values = _units(stream, math.prod(shape), kind)
    if dtype == kind and low == 0 and high == 1:
        return values.reshape(shape)
    values = _scale(values, kind(high) - kind(low), low)
    values = _cast(values, shape, dtype)
    values[values == values.dtype.type(high)] = low
    return values


# Normal numbers (Box and Muller 1958).


def normal(
    stream: Stream, shape: Shape, mean: float, std: float, dtype: Any,
    contiguous: bool = True,
) -> Array:  # fmt: skip
    """Draw normal numbers: 16 at a time, or in pairs if few or not ``contiguous``."""
    count = math.prod(shape)
    if count < _BLOCK or not contiguous:
        pairs = _scale(_normal_pairs(stream, count), std, mean)
        return _cast(pairs, shape, dtype)
    kind = np.float64 if dtype == np.float64 else np.float32
    full = count // _BLOCK * _BLOCK
    units = _block_units(stream, count, kind, dtype == np.float16)
    rows = units.reshape(-1, 2, _BLOCK // 2).swapaxes(0, 1).reshape(2, -1)
    transform = _box_muller if kind is np.float64 else box_muller_float32
    rows = _scale(transform(rows), std, mean)
    drawn = rows.reshape(2, -1, _BLOCK // 2).swapaxes(0, 1).reshape(-1)
    if count == full:
        return _cast(drawn, shape, dtype)
    values = np.empty(count, kind)
    values[:full] = drawn[:full]
    values[-_BLOCK:] = drawn[full:]
    return _cast(values, shape, dtype)


def _block_units(stream: Stream, count: int, kind: Any, by_block: bool) -> Array:
    """Draw the units of whole blocks; a last block covers what they leave over.

    Unless it goes ``by_block`` (float16), PyTorch also draws, and drops, as many
    units as are left over.
    """
    full = count // _BLOCK * _BLOCK
    last = _BLOCK if count != full else 0
    if by_block:
        return _units(stream, full + last, kind)
    units = _units(stream, count + last, kind)
    return units if not last else np.concatenate((units[:full], units[count:]))


def _normal_pairs(stream: Stream, count: int) -> Array:
    """Draw standard normal float64 numbers in pairs, starting with a kept one."""
    kept = stream.sample is not None and count > 0
    pairs = (count - kept + 1) // 2
    values = np.empty(kept + 2 * pairs)
    if kept:
        values[0], stream.sample = stream.sample, None
    if pairs:
        units = _units(stream, 2 * pairs, np.float64)
        radius = np.sqrt(-2.0 * _libm(math.log1p, -units[1::2]))
        theta = 2.0 * math.pi * units[::2]
        values[kept::2] = radius * np.cos(theta)
        values[kept + 1 :: 2] = radius * np.sin(theta)
    if values.size > count:
        stream.sample = float(values[-1])
    return values[:count]


def _box_muller(units: Array) -> Array:
    """Turn two rows of units into two rows of normal numbers, in float64."""
    radius = np.sqrt(-2.0 * _libm(math.log, 1.0 - units[0]))
    theta = 2.0 * math.pi * units[1]
    return np.stack((radius * np.cos(theta), radius * np.sin(theta)))


# Integers.


def randint(stream: Stream, shape: Shape, low: int, high: int, dtype: Any) -> Array:
    """Draw integers from low to high - 1; more than 2**28 of them take long words."""
    count = math.prod(shape)
    if np.dtype(dtype).kind == "f":
        low, high = _representable(low, high, np.dtype(dtype))
    span = high - low
    if span >= 2**28:
        words = _long_words(stream, count) % np.uint64(span)
    else:
        words = stream.raw(count).astype(np.uint32) % np.uint32(span)
    values = words.astype(np.int64)
    values += np.int64(low)
    return _cast(values, shape, dtype)


def _representable(low: int, high: int, dtype: Any) -> tuple[int, int]:
    """Move bounds inwards so that no integer between rounds to ``high`` or beyond."""
    digits = np.finfo(dtype).nmant + 1
    above, below = (int(dtype.type(np.int64(v))) for v in (low + 1, high - 1))
    if above < low:
        low = above + (1 << (abs(low + 1).bit_length() - digits))
    if below >= high:
        high = below - (1 << (abs(high - 1).bit_length() - digits))
    return low, high


_WORD_RANGES = {
    "bool": 2, "uint8": 2**8, "int8": 2**7, "int16": 2**15, "int32": 2**31,
    "float16": 2**11 + 1, "float32": 2**24 + 1,
}  # fmt: skip


def random_bits(stream: Stream, shape: Shape, dtype: Any) -> Array:
    """Draw what ``random_()`` does: non-negative integers the type holds exactly."""
    name, count = np.dtype(dtype).name, math.prod(shape)
    if name in _WORD_RANGES:
        words = stream.raw(count) % np.uint64(_WORD_RANGES[name])
    else:
        limit = 2**63 if name == "int64" else 2**53 + 1
        words = _long_words(stream, count) % np.uint64(limit)
    return _cast(words.view(np.int64), shape, dtype)


def random_full(stream: Stream, shape: Shape, dtype: Any) -> Array:
    """Draw from all 2**64 integers of int64."""
    words = _long_words(stream, math.prod(shape))
    return _cast(words.view(np.int64), shape, dtype)


def randperm(stream: Stream, n: int, dtype: Any) -> Array:
    """Shuffle 0 ... n - 1 (Fisher and Yates; Knuth, TAOCP 2, 3.4.2, algorithm P)."""
    if n > _LARGEST_RANDPERM:
        raise NotImplementedError(
            f"randperm can shuffle up to {_LARGEST_RANDPERM} numbers, but n is {n}"
        )
    order = list(range(n))
    steps = np.arange(max(n - 1, 0), dtype=np.uint64)
    chosen = stream.raw(steps.size) % (np.uint64(n) - steps) + steps
    for i, j in enumerate(chosen.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype)


# Other distributions.


def bernoulli(stream: Stream, shape: Shape, p: float, dtype: Any) -> Array:
    """Draw ones with probability ``p``: a 53-bit unit for each, whatever the type."""
    words = _long_words(stream, math.prod(shape))
    words &= np.uint64(2**53 - 1)
    return _cast(words < np.uint64(math.ceil(p * 2.0**53)), shape, dtype)


def bernoulli_tensor(stream: Stream, probabilities: Array, dtype: Any) -> Array:
    """Draw ones with ``probabilities``: 24-bit units unless these are float64."""
    kind = np.float64 if probabilities.dtype == np.float64 else np.float32
    units = _units(stream, probabilities.size, kind).reshape(probabilities.shape)
    return _cast(units < probabilities.astype(kind), probabilities.shape, dtype)


def dropout(stream: Stream, x: Array, keep: float) -> tuple[Array, Array]:
    """Keep elements with a probability and divide them by it; and by what factors."""
    factors = bernoulli(stream, x.shape, keep, x.dtype)
    np.divide(factors, keep, out=factors)
    with np.errstate(all="ignore"):
        return np.asarray(x * factors), factors


def exponential(stream: Stream, shape: Shape, rate: float, dtype: Any) -> Array:
    """Draw waiting times of the given rate."""
    units = _units(stream, math.prod(shape), np.float64)
    return _cast(-1.0 / rate * _libm(math.log1p, -units), shape, dtype)


def geometric(stream: Stream, shape: Shape, p: float, dtype: Any) -> Array:
    """Draw the number of trials up to the first success."""
    units = _units(stream, math.prod(shape), np.float64)
    trials = np.ceil(_libm(math.log, np.where(units == 0, 1, units)) / math.log1p(-p))
    trials[units == 0] = math.inf
    return _cast(trials, shape, dtype)


def cauchy(
    stream: Stream, shape: Shape, median: float, sigma: float, dtype: Any
) -> Array:
    """Draw from the Cauchy distribution."""
    units = _units(stream, math.prod(shape), np.float64)
    tangents = _libm(math.tan, math.pi * (units - 0.5))
    return _cast(_scale(tangents, sigma, median), shape, dtype)


def log_normal(
    stream: Stream, shape: Shape, mean: float, std: float, dtype: Any
) -> Array:
    """Draw numbers whose logarithm is normal."""
    exponents = _scale(_normal_pairs(stream, math.prod(shape)), std, mean)
    values = _libm(math.exp, np.minimum(exponents, _LARGEST_EXPONENT))
    values[exponents > _LARGEST_EXPONENT] = math.inf
    return _cast(values, shape, dtype)


def multinomial(
    stream: Stream, probabilities: Array, count: int, replacement: bool
) -> Array:
    """Draw ``count`` columns for each row of ``probabilities``, or for its one row.

    Without replacement the largest ratios of probability and waiting time win;
    equal ratios, which are common in float16 only, keep the order of the columns.
    """
    if replacement and count > 1:
        return _multinomial_by_search(stream, probabilities, count)
    kind = probabilities.dtype
    waits = exponential(stream, probabilities.shape, 1.0, kind)
    scores = probabilities / waits
    if count == 1:
        return np.asarray(scores.argmax(-1, keepdims=True))
    return np.argsort(-scores, -1, kind="stable")[..., :count]


def _multinomial_by_search(stream: Stream, probabilities: Array, count: int) -> Array:
    """Look 53-bit units up in the cumulative probabilities of each row."""
    kind = np.float64 if probabilities.dtype == np.float64 else np.float32
    rows = np.atleast_2d(probabilities)
    cumulative = np.add.accumulate(rows, -1, dtype=kind)
    cumulative /= cumulative[:, -1:].copy()
    cumulative[:, -1] = 1
    units = _units(stream, rows.shape[0] * count, np.float64).reshape(-1, count)
    bounds = cumulative.astype(np.float64)
    columns = [row.searchsorted(unit) for row, unit in zip(bounds, units, strict=True)]
    return np.stack(columns).reshape(*probabilities.shape[:-1], count)


def fill_in_memory_order(array: Array, values: Array) -> None:
    """Put ``values`` into ``array`` in the order its elements lie in memory.

    That is the order in which PyTorch draws for tensors that are not contiguous.
    """
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    target = array.transpose(order)
    target[...] = values.reshape(target.shape)
