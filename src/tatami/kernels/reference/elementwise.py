"""Element-wise kernels: each is its NumPy definition.

Binary kernels stretch their operands as NumPy does; either may be a Python number,
which takes the type of the array. ``out`` receives the result and may be an operand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "assign",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cast",
    "ceil",
    "clip",
    "copy",
    "copysign",
    "cos",
    "cosh",
    "div",
    "eq",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "ge",
    "gt",
    "hypot",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "ne",
    "neg",
    "nextafter",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "rint",
    "rsqrt",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
    "threshold_backward",
    "trunc",
    "truncate_divide",
    "where",
]

Array = np.ndarray
Kernel = Callable[..., Array]

_quiet = {"all": "ignore"}


def as_array(value: Any) -> Array:
    """Return ``value`` as an array: NumPy turns 0-d results into bare numbers."""
    return value if type(value) is Array else np.asarray(value)


def _kernel(ufunc: np.ufunc, meaning: str) -> Kernel:
    name = ufunc.__name__

    if ufunc.nin == 1:

        def unary(x: Array, out: Array | None = None) -> Array:
            with np.errstate(all="ignore"):
                return as_array(ufunc(x, out=out))

        kernel: Kernel = unary
    else:

        def binary(a: Any, b: Any, out: Array | None = None) -> Array:
            with np.errstate(all="ignore"):
                return as_array(ufunc(a, b, out=out))

        kernel = binary
    kernel.__name__ = kernel.__qualname__ = name
    kernel.__doc__ = meaning
    return kernel


add = _kernel(np.add, "a + b")
sub = _kernel(np.subtract, "a - b")
mul = _kernel(np.multiply, "a b")
div = _kernel(np.true_divide, "a / b, for floating-point operands")
floor_divide = _kernel(np.floor_divide, "The floor of a / b")
remainder = _kernel(np.remainder, "a - b floor(a / b): the sign is that of b")
fmod = _kernel(np.fmod, "The remainder with the sign of a")
pow = _kernel(np.power, "a to the power of b")
maximum = _kernel(np.maximum, "The larger operand; NaN if either is")
minimum = _kernel(np.minimum, "The smaller operand; NaN if either is")
fmax = _kernel(np.fmax, "The larger operand, passing over NaN")
fmin = _kernel(np.fmin, "The smaller operand, passing over NaN")
atan2 = _kernel(np.arctan2, "The angle of the point (b, a)")
hypot = _kernel(np.hypot, "sqrt(a^2 + b^2) without overflow")
copysign = _kernel(np.copysign, "|a| with the sign of b")
nextafter = _kernel(np.nextafter, "The next floating-point number after a, towards b")
eq = _kernel(np.equal, "a == b")
ne = _kernel(np.not_equal, "a != b")
lt = _kernel(np.less, "a < b")
le = _kernel(np.less_equal, "a <= b")
gt = _kernel(np.greater, "a > b")
ge = _kernel(np.greater_equal, "a >= b")
logical_and = _kernel(np.logical_and, "Both are non-zero")
logical_or = _kernel(np.logical_or, "One is non-zero")
logical_xor = _kernel(np.logical_xor, "Exactly one is non-zero")
bitwise_and = _kernel(np.bitwise_and, "a & b, bit by bit")
bitwise_or = _kernel(np.bitwise_or, "a | b, bit by bit")
bitwise_xor = _kernel(np.bitwise_xor, "a ^ b, bit by bit")
bitwise_left_shift = _kernel(np.left_shift, "a moved b bits to the left")
bitwise_right_shift = _kernel(np.right_shift, "a moved b bits to the right")

neg = _kernel(np.negative, "-x")
abs = _kernel(np.absolute, "|x|")
exp = _kernel(np.exp, "e to the power of x")
exp2 = _kernel(np.exp2, "2 to the power of x")
expm1 = _kernel(np.expm1, "exp(x) - 1, exact near 0")
log = _kernel(np.log, "The natural logarithm")
log2 = _kernel(np.log2, "The logarithm to base 2")
log10 = _kernel(np.log10, "The logarithm to base 10")
log1p = _kernel(np.log1p, "log(1 + x), exact near 0")
sqrt = _kernel(np.sqrt, "The square root")
reciprocal = _kernel(np.reciprocal, "1 / x")
square = _kernel(np.square, "x^2")
sin = _kernel(np.sin, "The sine of x radians")
cos = _kernel(np.cos, "The cosine of x radians")
tan = _kernel(np.tan, "The tangent of x radians")
asin = _kernel(np.arcsin, "The angle whose sine is x")
acos = _kernel(np.arccos, "The angle whose cosine is x")
atan = _kernel(np.arctan, "The angle whose tangent is x")
sinh = _kernel(np.sinh, "The hyperbolic sine")
cosh = _kernel(np.cosh, "The hyperbolic cosine")
tanh = _kernel(np.tanh, "The hyperbolic tangent")
asinh = _kernel(np.arcsinh, "The inverse hyperbolic sine")
acosh = _kernel(np.arccosh, "The inverse hyperbolic cosine")
atanh = _kernel(np.arctanh, "The inverse hyperbolic tangent")
floor = _kernel(np.floor, "The largest integer not above x")
ceil = _kernel(np.ceil, "The smallest integer not below x")
trunc = _kernel(np.trunc, "The integer part")
rint = _kernel(np.rint, "The nearest integer, halves to even")
sign = _kernel(np.sign, "-1, 0 or 1")
signbit = _kernel(np.signbit, "Whether the sign bit is set")
isnan = _kernel(np.isnan, "Whether x is not a number")
isinf = _kernel(np.isinf, "Whether x is infinite")
isfinite = _kernel(np.isfinite, "Whether x is neither infinite nor NaN")
logical_not = _kernel(np.logical_not, "Whether x is zero")
bitwise_not = _kernel(np.bitwise_not, "~x, bit by bit")


def relu(x: Array, out: Array | None = None) -> Array:
    """max(x, 0); NaN stays."""
    return as_array(np.maximum(x, 0, out=out))


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x))."""
    with np.errstate(all="ignore"):
        return as_array(np.divide(1, 1 + np.exp(-x), out=out, dtype=x.dtype))


def rsqrt(x: Array, out: Array | None = None) -> Array:
    """1 / sqrt(x)."""
    with np.errstate(all="ignore"):
        return as_array(np.divide(1, np.sqrt(x), out=out))


def threshold_backward(grad: Array, x: Array, threshold: float) -> Array:
    """``grad`` where x is above the threshold, else 0."""
    return as_array(np.where(x <= threshold, grad.dtype.type(0), grad))


def where(condition: Array, a: Any, b: Any) -> Array:
    """a where the condition holds, else b; one of them is an array."""
    return as_array(np.where(condition, a, b))


def clip(x: Array, low: Any, high: Any) -> Array:
    """x cut to the range from low to high; either may be None."""
    result = x
    if low is not None:
        result = np.maximum(result, low)
    if high is not None:
        result = np.minimum(result, high)
    return as_array(result) if result is not x else x.copy()


def cast(x: Array, kind: Any) -> Array:
    """A copy with elements of another type."""
    with np.errstate(all="ignore"):
        return x.astype(kind)


def copy(x: Array) -> Array:
    """A contiguous copy."""
    return np.array(x, order="C")


def assign(out: Array, values: Any) -> None:
    """Write values into an array, casting and stretching as needed."""
    with np.errstate(all="ignore"):
        np.copyto(out, values, casting="unsafe")


def _special(function: Callable[[float], float], meaning: str) -> Kernel:
    def kernel(x: Array) -> Array:
        flat = [function(value) for value in x.ravel().tolist()]
        return np.array(flat, dtype=x.dtype).reshape(x.shape)

    kernel.__doc__ = meaning
    return kernel


def _lgamma(value: float) -> float:
    if value <= 0 and value == math.floor(value) or math.isinf(value):
        return math.inf
    return math.lgamma(value)


erf = _special(math.erf, "The error function")
erfc = _special(math.erfc, "1 - erf(x)")
lgamma = _special(_lgamma, "The logarithm of the absolute value of gamma(x)")


def truncate_divide(a: Array, b: Array) -> Array:
    """a / b of integers, rounded towards zero."""
    quotient = np.floor_divide(a, b)
    exact = quotient * b == a
    return as_array(quotient + ((quotient < 0) & ~exact).astype(quotient.dtype))
