"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, operands, type_name, unbroadcast
from .door import dunder, operators, public, swapped, zeros_of
from .elementwise import as_floating, shape_of
from .inplace import in_place

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "float_power",
    "log",
    "log1p",
    "log2",
    "log10",
    "pow",
    "reciprocal",
    "rsqrt",
    "sqrt",
    "square",
]


class Exp(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.exp(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * result


@public
@tensor_method()
@in_place
def exp(input: Tensor) -> Tensor:
    """Raise e to the power of each element.

    Example:
        >>> import tatami
        >>> tatami.exp(tatami.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """
    return Exp.apply(as_floating(input))


class Exp2(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.exp2(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * result * math.log(2)


@public
@tensor_method()
@in_place
def exp2(input: Tensor) -> Tensor:
    """Raise 2 to the power of each element.

    Example:
        >>> import tatami
        >>> tatami.exp2(tatami.tensor([0.0, 3.0]))
        tensor([1., 8.])
    """
    return Exp2.apply(as_floating(input))


class Expm1(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.expm1(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * (result + 1)


@public
@tensor_method()
@in_place
def expm1(input: Tensor) -> Tensor:
    """Return exp(x) - 1, exact near 0.

    Example:
        >>> import tatami
        >>> tatami.expm1(tatami.tensor([0.0, 1e-10]))
        tensor([0.0000e+00, 1.0000e-10])
    """
    return Expm1.apply(as_floating(input))


class Log(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / x


@public
@tensor_method()
@in_place
def log(input: Tensor) -> Tensor:
    """Take the natural logarithm of each element.

    Example:
        >>> import tatami
        >>> tatami.log(tatami.tensor([1.0, 0.0]))
        tensor([0., -inf])
    """
    return Log.apply(as_floating(input))


class Log2(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log2(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / (x * math.log(2))


@public
@tensor_method()
@in_place
def log2(input: Tensor) -> Tensor:
    """Take the logarithm to base 2.

    Example:
        >>> import tatami
        >>> tatami.log2(tatami.tensor([1.0, 8.0]))
        tensor([0., 3.])
    """
    return Log2.apply(as_floating(input))


class Log10(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log10(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / (x * math.log(10))


@public
@tensor_method()
@in_place
def log10(input: Tensor) -> Tensor:
    """Take the logarithm to base 10.

    Example:
        >>> import tatami
        >>> tatami.log10(tatami.tensor([1.0, 1000.0]))
        tensor([0., 3.])
    """
    return Log10.apply(as_floating(input))


class Log1p(Operation):
    node_name = "Log1PBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log1p(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / (x + 1)


@public
@tensor_method()
@in_place
def log1p(input: Tensor) -> Tensor:
    """Return log(1 + x), exact near 0.

    Example:
        >>> import tatami
        >>> tatami.log1p(tatami.tensor([0.0, 1e-10]))
        tensor([0.0000e+00, 1.0000e-10])
    """
    return Log1p.apply(as_floating(input))


class Sqrt(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.sqrt(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output / (2 * result)


@public
@tensor_method()
@in_place
def sqrt(input: Tensor) -> Tensor:
    """Take the square root of each element.

    Example:
        >>> import tatami
        >>> tatami.sqrt(tatami.tensor([4.0, 9.0]))
        tensor([2., 3.])
    """
    return Sqrt.apply(as_floating(input))


class Rsqrt(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.rsqrt(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return -0.5 * grad_output * result**3


@public
@tensor_method()
@in_place
def rsqrt(input: Tensor) -> Tensor:
    """Divide 1 by the square root of each element.

    Example:
        >>> import tatami
        >>> tatami.rsqrt(tatami.tensor([4.0, 16.0]))
        tensor([0.5000, 0.2500])
    """
    return Rsqrt.apply(as_floating(input))


class Reciprocal(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.reciprocal(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return -grad_output * result * result


@public
@tensor_method()
@in_place
def reciprocal(input: Tensor) -> Tensor:
    """Divide 1 by each element.

    Example:
        >>> import tatami
        >>> tatami.reciprocal(tatami.tensor([4.0, -2.0]))
        tensor([ 0.2500, -0.5000])
    """
    return Reciprocal.apply(as_floating(input))


class Pow(Operation):
    @staticmethod
    def forward(ctx: Any, base: Any, exponent: Any) -> np.ndarray:
        ctx.shapes = shape_of(base), shape_of(exponent)
        result = kernels.pow(base, exponent)
        second = ctx.needs_input_grad[1]
        ctx.save_for_backward(base, exponent, result if second else None)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        base, exponent, result = ctx.saved_tensors
        slope = rise = None
        if ctx.needs_input_grad[0]:
            slope = grad_output * _power_slope(base, exponent)
            slope = unbroadcast(slope, ctx.shapes[0])
        if ctx.needs_input_grad[1]:
            rise = unbroadcast(grad_output * _growth(base, exponent, result),
                               ctx.shapes[1])  # fmt: skip
        return slope, rise


class PowTensors(Pow):
    node_name = "PowBackward1"


class PowNumber(Pow):
    node_name = "PowBackward2"


def _power_slope(base: Tensor, exponent: Any) -> Tensor:
    """exponent base^(exponent - 1), and 0 where the exponent is 0."""
    if not isinstance(exponent, Tensor):
        if exponent == 0:
            return zeros_of(base)
        return base * 2 if exponent == 2 else exponent * base ** (exponent - 1)
    slope = exponent * base ** (exponent - 1)
    return slope.masked_fill(exponent == 0, 0)


def _growth(base: Any, exponent: Tensor, result: Tensor) -> Tensor:
    """result log(base), and 0 where the base is 0 and the exponent not negative."""
    if not isinstance(base, Tensor):
        base = wrap(np.asarray(base, exponent._array.dtype))
    return (result * base.log()).masked_fill((base == 0) & (exponent >= 0), 0)


@public
@tensor_method()
@in_place
def pow(input: Any, exponent: Any) -> Tensor:
    """Raise each element to a power.

    Args:
        input: tensor or number, the base.
        exponent: tensor or number; integers can't be raised to a negative number.

    Returns:
        A tensor of the stretched shape and the promoted type.

    Raises:
        RuntimeError: integers are raised to a negative power.

    Example:
        >>> import tatami
        >>> tatami.pow(tatami.tensor([1.0, 2.0, 3.0]), 2)
        tensor([1., 4., 9.])
    """
    a, b = operands(input, exponent)
    if isinstance(b, int) and b < 0 and a._array.dtype.kind != "f":
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if not isinstance(a, Tensor):
        return PowNumber.apply(a, b)
    operation = PowTensors if isinstance(b, Tensor) else Pow
    return operation.apply(a, b)


operators(pow="pow", ipow="pow_")
dunder("__rpow__", swapped(pow))


@public
@tensor_method()
@in_place
def square(input: Tensor) -> Tensor:
    """Multiply each element by itself.

    Example:
        >>> import tatami
        >>> tatami.square(tatami.tensor([1.0, -3.0]))
        tensor([1., 9.])
    """
    return pow(input, 2)


def _double(value: Any) -> Any:
    return cast(value, dtypes.float64) if isinstance(value, Tensor) else float(value)


@public
@tensor_method()
def float_power(input: Any, exponent: Any) -> Tensor:
    """Raise each element to a power, in float64.

    Args:
        input: tensor or number, the base.
        exponent: tensor or number.

    Example:
        >>> import tatami
        >>> tatami.float_power(tatami.tensor([1, 2]), 2)
        tensor([1., 4.], dtype=torch.float64)
    """
    return pow(_double(input), _double(exponent))


@tensor_method("float_power_")
def _float_power_in_place(self: Tensor, exponent: Any) -> Tensor:
    """Raise each element of a float64 tensor to a power, in place."""
    if self.dtype is not dtypes.float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {type_name(self.dtype)} but the "
            "operation's result requires dtype Double"
        )
    return self.pow_(_double(exponent))
