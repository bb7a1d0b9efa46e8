"""Arithmetic on elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import cast, operands, unbroadcast
from .door import (
    also,
    check_divisor,
    dunder,
    operators,
    public,
    swapped,
    zeros_of,
)
from .inplace import in_place

__all__ = [
    "add",
    "div",
    "divide",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "rsub",
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


def _shapes(a: Any, b: Any) -> Any:
    """Return both shapes, None of a number."""
    return getattr(a, "shape", None), getattr(b, "shape", None)


class Add(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = _shapes(a, b), alpha
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


@public
@tensor_method()
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
    return Add.apply(a, b, alpha)


class Sub(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = _shapes(a, b), alpha
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


@public
@tensor_method()
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
    return Sub.apply(a, b, alpha)


class Rsub(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, alpha: float) -> np.ndarray:
        ctx.shapes, ctx.alpha = _shapes(a, b), alpha
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


@public
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
    return operation.apply(a, b, alpha)


class Mul(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = _shapes(a, b)
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


@public
@tensor_method()
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
    return Mul.apply(a, b)


class Div(Operation):
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = _shapes(a, b)
        ctx.save_for_backward(a if ctx.needs_input_grad[1] else None, b)
        return kernels.div(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (first, second) = ctx.saved_tensors, ctx.shapes
        slope = None
        if a is not None:
            slope = unbroadcast(-grad_output * ((a / b) / b), second)
        return unbroadcast(grad_output / b, first), slope


class DivRounded(Operation):
    node_name = "DivBackward2"
    tensor_arguments = 2

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, mode: str) -> np.ndarray:
        ctx.shapes = _shapes(a, b)
        if mode == "floor":
            return kernels.floor_divide(a, b)
        kind = (a if isinstance(a, np.ndarray) else b).dtype.kind
        if kind == "f":
            return kernels.trunc(kernels.div(a, b))
        return kernels.truncate_divide(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        flat = zeros_of(grad_output)
        return tuple(unbroadcast(flat, shape) for shape in ctx.shapes)


def divide_rounded(input: Any, other: Any, mode: str) -> Tensor:
    """Divide and round ``'floor'`` down, or ``'trunc'`` towards zero."""
    a, b = operands(input, other)
    check_divisor(f"div_{mode}_cpu", a, b)
    return DivRounded.apply(a, b, mode)


@public
@tensor_method()
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
    if rounding_mode is not None:
        return divide_rounded(input, other, rounding_mode)
    a, b = operands(input, other)
    if (a if isinstance(a, Tensor) else b)._array.dtype.kind != "f":
        a = as_floating(a) if isinstance(a, Tensor) else float(a)
        a, b = operands(a, b)
    return Div.apply(a, b)


multiply, divide, true_divide, subtract = mul, div, div, sub


class Neg(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.neg(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return -grad_output


@public
@tensor_method("neg", "__neg__")
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
    return Neg.apply(input)


negative = neg


@public
@tensor_method("positive", "__pos__")
def positive(input: Tensor) -> Tensor:
    """Return the tensor itself: +x.

    Raises:
        RuntimeError: the type is bool.

    Example:
        >>> import tatami
        >>> tatami.positive(tatami.tensor([1, -2]))
        tensor([ 1, -2])
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


operators(add="add", radd="add", iadd="add_", sub="sub", isub="sub_", mul="mul",
          rmul="mul", imul="mul_", truediv="div", itruediv="div_")  # fmt: skip
dunder("__rsub__", rsub)
dunder("__rtruediv__", swapped(div))
dunder("__rdiv__", swapped(div))
also("sub", "subtract")
also("mul", "multiply")
also("div", "divide", "true_divide")
also("neg", "negative")
