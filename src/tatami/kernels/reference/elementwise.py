"""Element-wise kernels: each is its NumPy definition.

Binary kernels stretch their operands as NumPy does; either may be a Python number,
which takes the type of the array. ``out`` receives the result and may be an operand.
"""

from __future__ import annotations

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
    "entr",
    "eq",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "gcd",
    "ge",
    "gt",
    "heaviside",
    "hypot",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "lcm",
    "le",
    "lerp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "nan_to_num",
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
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
    "threshold_backward",
    "tril",
    "triu",
    "trunc",
    "truncate_divide",
    "where",
    "xlog1py",
    "xlogy",
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
maximum = _kernel(np.maximum, "The larger operand; NaN if either is")
minimum = _kernel(np.minimum, "The smaller operand; NaN if either is")
fmax = _kernel(np.fmax, "The larger operand, passing over NaN")
fmin = _kernel(np.fmin, "The smaller operand, passing over NaN")
atan2 = _kernel(np.arctan2, "The angle of the point (b, a)")
hypot = _kernel(np.hypot, "sqrt(a^2 + b^2) without overflow")
copysign = _kernel(np.copysign, "|a| with the sign of b")
nextafter = _kernel(np.nextafter, "The next floating-point number after a, towards b")
gcd = _kernel(np.gcd, "The greatest common divisor of two integers")
lcm = _kernel(np.lcm, "The least common multiple of two integers")
logaddexp = _kernel(np.logaddexp, "log(exp(a) + exp(b)) without overflow")
logaddexp2 = _kernel(np.logaddexp2, "log2(2^a + 2^b) without overflow")
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


def truncate_divide(a: Array, b: Array) -> Array:
    """a / b of integers, rounded towards zero."""
    quotient = np.floor_divide(a, b)
    exact = quotient * b == a
    return as_array(quotient + ((quotient < 0) & ~exact).astype(quotient.dtype))


_power = _kernel(np.power, "a to the power of b, which is not negative for integers")


def pow(a: Any, b: Any, out: Array | None = None) -> Array:
    """a to the power of b; an integer to a negative power is rounded towards zero."""
    x, y = np.asarray(a), np.asarray(b)
    if y.dtype.kind == "i" and x.dtype.kind in "iub" and y.size and y.min() < 0:
        # Of all integers only 1 and -1 have powers of 1 or -1 there.
        odd = np.where(y % 2, x, 1)
        inverse = np.where(x == -1, odd, x == 1)
        return as_array(np.where(y < 0, inverse, np.power(x, np.maximum(y, 0))))
    return _power(a, b, out)


def _through_double(ufunc: np.ufunc, meaning: str) -> Kernel:
    def kernel(x: Array) -> Array:
        with np.errstate(all="ignore"):
            wide = as_array(ufunc(x.astype(np.float64, copy=False)))
            return wide.astype(x.dtype, copy=False)

    kernel.__name__, kernel.__doc__ = ufunc.__name__, meaning
    return kernel


# NumPy's float32 versions miss whole results: log10(1000) is not 3.
log2 = _through_double(np.log2, "The logarithm to base 2")
log10 = _through_double(np.log10, "The logarithm to base 10")


def sign(x: Array) -> Array:
    """-1, 0 or 1; 0 for NaN."""
    if x.dtype.kind == "f":
        return as_array(np.where(np.isnan(x), x.dtype.type(0), np.sign(x)))
    return x.copy() if x.dtype.kind == "b" else as_array(np.sign(x))


def isclose(a: Array, b: Array, rtol: float, atol: float) -> Array:
    """Whether |a - b| is finite and at most atol + rtol |b|."""
    if a.dtype.kind != "f":
        a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        difference = np.absolute(a - b)
        near = difference <= atol + np.absolute(rtol * b)
        return as_array(np.isfinite(difference) & near)


def lerp(a: Array, b: Array, weight: Any) -> Array:
    """a + weight (b - a), reckoned from the nearer end."""
    with np.errstate(all="ignore"):
        step = b - a
        near = np.asarray(weight) < 0.5
        return as_array(np.where(near, a + weight * step, b - step * (1 - weight)))


def _both_arrays(a: Any, b: Any) -> tuple[Array, Array]:
    """Return a number as an array of the type of the other operand."""
    kind = a.dtype if isinstance(a, Array) else b.dtype
    return np.asarray(a, kind), np.asarray(b, kind)


def xlogy(a: Any, b: Any) -> Array:
    """a log(b), and 0 where a is 0 and b is a number."""
    a, b = _both_arrays(a, b)
    with np.errstate(all="ignore"):
        product = a * np.log(b)
        nothing = np.equal(a, 0) & ~np.isnan(b)
        return as_array(np.where(nothing, product.dtype.type(0), product))


def xlog1py(a: Any, b: Any) -> Array:
    """a log(1 + b), and 0 where a is 0 and b is a number."""
    a, b = _both_arrays(a, b)
    with np.errstate(all="ignore"):
        product = a * np.log1p(b)
        nothing = np.equal(a, 0) & ~np.isnan(b)
        return as_array(np.where(nothing, product.dtype.type(0), product))


def entr(x: Array) -> Array:
    """-x log(x), 0 at 0, minus infinity below."""
    with np.errstate(all="ignore"):
        inside = np.where(x > 0, -x * np.log(x), x.dtype.type(-np.inf))
        inside = np.where(x == 0, x.dtype.type(0), inside)
        return as_array(np.where(np.isnan(x), x, inside))


def heaviside(x: Array, values: Array) -> Array:
    """0 below 0, ``values`` at 0, 1 elsewhere."""
    above = np.where(x < 0, 0, 1).astype(x.dtype)
    return as_array(np.where(x == 0, values, above))


def sinc(x: Array) -> Array:
    """sin(pi x) / (pi x), and 1 at 0."""
    with np.errstate(all="ignore"):
        angle = x * x.dtype.type(np.pi)
        return as_array(np.where(x == 0, x.dtype.type(1), np.sin(angle) / angle))


def nan_to_num(x: Array, nan: float, high: Any, low: Any) -> Array:
    """x with other numbers for NaN and the infinities; None means the extremes."""
    return as_array(np.nan_to_num(x, nan=nan, posinf=high, neginf=low))


def frexp(x: Array) -> tuple[Array, Array]:
    """Mantissas from 0.5 to 1 and the powers of two they are multiplied by."""
    mantissa, exponent = np.frexp(x)
    return as_array(mantissa), as_array(exponent)


def tril(x: Array, diagonal: int) -> Array:
    """The lower triangles of matrices, zeros elsewhere."""
    return as_array(np.tril(x, diagonal))


def triu(x: Array, diagonal: int) -> Array:
    """The upper triangles of matrices, zeros elsewhere."""
    return as_array(np.triu(x, diagonal))
