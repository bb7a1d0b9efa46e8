"""Arithmetic on elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, operands, result_type, unbroadcast
from .inplace import in_place

__all__ = [
    "add",
    "div",
    "divide",
    "exp",
    "log",
    "mul",
    "multiply",
    "neg",
    "negative",
    "pow",
    "rsub",
    "sqrt",
    "sub",
    "subtract",
    "true_divide",
]


def shape_of(operand: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, None of a number."""
    return operand.shape if isinstance(operand, np.ndarray) else None


def as_floating(tensor: Tensor) -> Tensor:
    """Return the tensor in a floating-point type: its own, or the default one."""
    if tensor._array.dtype.kind == "f":
        return tensor
    return cast(tensor, dtypes.get_default_dtype())


class Add(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = (shape_of(a), shape_of(b)), alpha
        return kernels.add(a, b if alpha == 1 else _scaled(b, alpha))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        first, second = ctx.shapes
        scaled = None
        if ctx.needs_input_grad[1]:
            scaled = grad_output if ctx.alpha == 1 else grad_output * ctx.alpha
            scaled = unbroadcast(scaled, second)
        return unbroadcast(grad_output, first), scaled


def _scaled(operand: Any, alpha: float) -> Any:
    if isinstance(operand, np.ndarray):
        return kernels.mul(operand, alpha)
    return operand * alpha


@tensor_method("add", "__add__")
@in_place
def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Add ``alpha`` times ``other`` to ``input``.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.
        alpha: factor for ``other``.

    Returns:
        A tensor of the stretched shape and the promoted type.

    Example:
        >>> import tatami
        >>> tatami.add(tatami.tensor([1, 2]), 10, alpha=2)
        tensor([21, 22])
    """
    a, b = operands(input, other)
    return Add.apply(a, b, alpha)  # type: ignore[no-any-return]


class Sub(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = (shape_of(a), shape_of(b)), alpha
        return kernels.sub(a, b if alpha == 1 else _scaled(b, alpha))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        first, second = ctx.shapes
        scaled = None
        if ctx.needs_input_grad[1]:
            scaled = unbroadcast(grad_output * -ctx.alpha, second)
        return unbroadcast(grad_output, first), scaled


_NO_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
    "trying to invert a mask, use the `~` or `logical_not()` operator instead."
)
_NO_TWO_BOOLS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
    "`^` or `logical_xor()` operator instead."
)


def _refuse_bool(a: Any, b: Any) -> None:
    def is_bool(x: Any) -> bool:
        return isinstance(x, bool) or (
            isinstance(x, Tensor) and x._array.dtype.kind == "b"
        )

    if is_bool(a) and is_bool(b):
        raise RuntimeError(_NO_TWO_BOOLS)
    if is_bool(a) or is_bool(b):
        raise RuntimeError(_NO_BOOL)


@tensor_method("sub", "__sub__")
@in_place
def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Subtract ``alpha`` times ``other`` from ``input``.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.
        alpha: factor for ``other``.

    Returns:
        A tensor of the stretched shape and the promoted type.

    Raises:
        RuntimeError: an operand is of type bool.

    Example:
        >>> import tatami
        >>> tatami.sub(tatami.tensor([1, 2]), 1)
        tensor([0, 1])
    """
    _refuse_bool(input, other)
    a, b = operands(input, other)
    return Sub.apply(a, b, alpha)  # type: ignore[no-any-return]


class Rsub(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = (shape_of(a), shape_of(b)), alpha
        return kernels.sub(b, a if alpha == 1 else _scaled(a, alpha))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        first, second = ctx.shapes
        scaled = None
        if ctx.needs_input_grad[0]:
            scaled = unbroadcast(grad_output * -ctx.alpha, first)
        return scaled, unbroadcast(grad_output, second)


class RsubNumber(Rsub):
    node_name = "RsubBackward1"
    tensor_arguments = 0


@tensor_method("__rsub__")
def rsub(input: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """Subtract ``alpha`` times ``input`` from ``other``.

    Example:
        >>> import tatami
        >>> 3 - tatami.tensor([1, 2])
        tensor([2, 1])
    """
    _refuse_bool(input, other)
    a, b = operands(input, other)
    operation = Rsub if isinstance(other, Tensor) else RsubNumber
    return operation.apply(a, b, alpha)  # type: ignore[no-any-return]


class Mul(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.mul(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (first, second) = ctx.saved_tensors, ctx.shapes
        return (
            None if b is None else unbroadcast(grad_output * b, first),
            None if a is None else unbroadcast(grad_output * a, second),
        )


@tensor_method("mul", "__mul__", "__rmul__", "multiply")
@in_place
def mul(input: Any, other: Any) -> Tensor:
    """Multiply element by element.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Returns:
        A tensor of the stretched shape and the promoted type.

    Example:
        >>> import tatami
        >>> tatami.mul(tatami.tensor([1, 2]), 10)
        tensor([10, 20])
    """
    a, b = operands(input, other)
    return Mul.apply(a, b)  # type: ignore[no-any-return]


class Div(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        ctx.save_for_backward(a if ctx.needs_input_grad[1] else None, b)
        return kernels.div(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (first, second) = ctx.saved_tensors, ctx.shapes
        slope = None
        if a is not None:
            slope = unbroadcast(-grad_output * ((a / b) / b), second)
        return unbroadcast(grad_output / b, first), slope


def _rounded(quotient: Tensor, mode: str | None) -> Tensor:
    if mode is None:
        return quotient
    return quotient.floor() if mode == "floor" else quotient.trunc()


def _divide_integers(input: Any, other: Any, mode: str) -> Tensor:
    a, b = operands(input, other)
    divisor = b._array if isinstance(b, Tensor) else np.asarray(b)
    if not divisor.all():
        raise RuntimeError("ZeroDivisionError")
    if mode == "floor":
        return a.floor_divide(b)  # type: ignore[no-any-return]
    x = a._array if isinstance(a, Tensor) else a
    y = b._array if isinstance(b, Tensor) else b
    return wrap(kernels.truncate_divide(x, y))


@tensor_method("div", "divide", "__truediv__", "true_divide")
@in_place
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Divide element by element; integers give floating-point quotients.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.
        rounding_mode: None, ``'trunc'`` (towards zero) or ``'floor'``; with a mode,
            integers stay integers.

    Returns:
        A tensor of the stretched shape.

    Raises:
        RuntimeError: integers are divided by zero in a rounding mode.

    Example:
        >>> import tatami
        >>> tatami.div(tatami.tensor([1, 2]), 2)
        tensor([0.5000, 1.0000])
    """
    if rounding_mode not in (None, "trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but "
            f"found '{rounding_mode}'"
        )
    if not result_type(input, other).is_floating_point:
        if rounding_mode is not None:
            return _divide_integers(input, other, rounding_mode)
        input = as_floating(input) if isinstance(input, Tensor) else float(input)
    a, b = operands(input, other)
    return _rounded(Div.apply(a, b), rounding_mode)


@tensor_method("__rtruediv__")
def _rdiv(self: Tensor, other: Any) -> Tensor:
    return div(other, self)


multiply, divide, true_divide, subtract = mul, div, div, sub
Tensor.subtract = sub  # type: ignore[method-assign]


class Neg(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.neg(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return -grad_output


@tensor_method("neg", "negative", "__neg__")
@in_place
def neg(input: Tensor) -> Tensor:
    """Change the sign of each element.

    Example:
        >>> import tatami
        >>> tatami.neg(tatami.tensor([1, -2]))
        tensor([-1,  2])
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you "
            "are trying to invert a mask, use the `~` or `logical_not()` operator "
            "instead."
        )
    return Neg.apply(input)  # type: ignore[no-any-return]


negative = neg


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


@tensor_method()
@in_place
def exp(input: Tensor) -> Tensor:
    """Raise e to the power of each element.

    Example:
        >>> import tatami
        >>> tatami.exp(tatami.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """
    return Exp.apply(as_floating(input))  # type: ignore[no-any-return]


class Log(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / x


@tensor_method()
@in_place
def log(input: Tensor) -> Tensor:
    """Take the natural logarithm of each element.

    Example:
        >>> import tatami
        >>> tatami.log(tatami.tensor([1.0, 0.0]))
        tensor([0., -inf])
    """
    return Log.apply(as_floating(input))  # type: ignore[no-any-return]


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


@tensor_method()
@in_place
def sqrt(input: Tensor) -> Tensor:
    """Take the square root of each element.

    Example:
        >>> import tatami
        >>> tatami.sqrt(tatami.tensor([4.0, 9.0]))
        tensor([2., 3.])
    """
    return Sqrt.apply(as_floating(input))  # type: ignore[no-any-return]


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
            return base * 0
        return base * 2 if exponent == 2 else exponent * base ** (exponent - 1)
    slope = exponent * base ** (exponent - 1)
    return slope.masked_fill(exponent == 0, 0)


def _growth(base: Any, exponent: Tensor, result: Tensor) -> Tensor:
    """result log(base), and 0 where the base is 0 and the exponent not negative."""
    if not isinstance(base, Tensor):
        base = wrap(np.asarray(base, exponent._array.dtype))
    return (result * base.log()).masked_fill((base == 0) & (exponent >= 0), 0)


@tensor_method("pow", "__pow__")
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
    if isinstance(b, int) and b < 0 and not result_type(a, b).is_floating_point:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if not isinstance(a, Tensor):
        return PowNumber.apply(a, b)  # type: ignore[no-any-return]
    operation = PowTensors if isinstance(b, Tensor) else Pow
    return operation.apply(a, b)  # type: ignore[no-any-return]


@tensor_method("__rpow__")
def _rpow(self: Tensor, other: Any) -> Tensor:
    return pow(other, self)
