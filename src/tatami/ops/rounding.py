"""Rounding, and division with a whole quotient or its remainder."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import operands, unbroadcast
from .door import (
    also,
    check_divisor,
    dunder,
    operators,
    public,
    refuse_type,
    swapped,
    zeros_of,
)
from .elementwise import shape_of
from .inplace import in_place

__all__ = [
    "ceil",
    "fix",
    "floor",
    "floor_divide",
    "fmod",
    "frac",
    "remainder",
    "round",
    "trunc",
]


class Flat:
    """A function of steps: its slope is zero wherever it has one."""

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return zeros_of(grad_output)


class Floor(Flat, Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.floor(array)


class Ceil(Flat, Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.ceil(array)


class Trunc(Flat, Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.trunc(array)


def _rounded(operation: type[Operation], input: Tensor) -> Tensor:
    """Round floating-point numbers; integers are whole already."""
    if input._array.dtype.kind in "iu":
        return input.clone()
    refuse_type(f"{operation.__name__.lower()}_vml_cpu", input, "b")
    return operation.apply(input)


@public
@tensor_method()
@in_place
def floor(input: Tensor) -> Tensor:
    """Round down to whole numbers.

    Example:
        >>> import tatami
        >>> tatami.floor(tatami.tensor([1.7, -1.2]))
        tensor([ 1., -2.])
    """
    return _rounded(Floor, input)


@public
@tensor_method()
@in_place
def ceil(input: Tensor) -> Tensor:
    """Round up to whole numbers.

    Example:
        >>> import tatami
        >>> tatami.ceil(tatami.tensor([1.2, -1.7]))
        tensor([ 2., -1.])
    """
    return _rounded(Ceil, input)


@public
@tensor_method()
@in_place
def trunc(input: Tensor) -> Tensor:
    """Round towards zero.

    Example:
        >>> import tatami
        >>> tatami.trunc(tatami.tensor([1.7, -1.7]))
        tensor([ 1., -1.])
    """
    return _rounded(Trunc, input)


fix = trunc
also("trunc", "fix")


class Round(Flat, Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.rint(array)


class RoundDecimals(Flat, Operation):
    node_name = "RoundBackward1"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, decimals: int) -> np.ndarray:
        factor = 10.0 ** abs(decimals)
        if decimals < 0:
            return kernels.mul(kernels.rint(kernels.div(array, factor)), factor)
        return kernels.div(kernels.rint(kernels.mul(array, factor)), factor)


@public
@tensor_method()
@in_place
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Round to the nearest number of so many decimals; halves go to even.

    Args:
        input: tensor of any shape.
        decimals: digits to keep; negative counts digits before the point.

    Raises:
        NotImplementedError: integers are to be rounded to decimals.

    Example:
        >>> import tatami
        >>> tatami.round(tatami.tensor([0.5, 1.5, 2.6]))
        tensor([0., 2., 3.])
    """
    if decimals == 0:
        return _rounded(Round, input)
    refuse_type("round_cpu", input, "biu")
    return RoundDecimals.apply(input, decimals)


class Frac(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.sub(array, kernels.trunc(array))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output


@public
@tensor_method()
@in_place
def frac(input: Tensor) -> Tensor:
    """Return what rounding towards zero takes away.

    Example:
        >>> import tatami
        >>> tatami.frac(tatami.tensor([1.5, -1.5]))
        tensor([ 0.5000, -0.5000])
    """
    refuse_type("frac_cpu", input, "biu")
    return Frac.apply(input)


class FloorDivide(Operation):
    node_name = "torch::autograd::NotImplemented"

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        return kernels.floor_divide(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        raise RuntimeError(
            "derivative for aten::floor_divide is not implemented; use "
            "div(..., rounding_mode='floor') where a gradient of zero will do"
        )


@public
@tensor_method()
@in_place
def floor_divide(input: Any, other: Any) -> Tensor:
    """Divide and round down; the operator ``//``.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Raises:
        RuntimeError: an integer is divided by zero.

    Example:
        >>> import tatami
        >>> tatami.floor_divide(tatami.tensor([7, -7]), 2)
        tensor([ 3, -4])
    """
    a, b = operands(input, other)
    check_divisor("div_floor_cpu", a, b)
    return FloorDivide.apply(a, b)


class Remainder(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        if ctx.needs_input_grad[1]:
            ctx.save_for_backward(kernels.floor_divide(a, b))
        return kernels.remainder(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        first, second = ctx.shapes
        slope = None
        if ctx.needs_input_grad[1]:
            slope = unbroadcast(-grad_output * ctx.saved_tensors[0], second)
        return unbroadcast(grad_output, first), slope


class RemainderTensors(Remainder):
    node_name = "RemainderBackward1"


@public
@tensor_method()
@in_place
def remainder(input: Any, other: Any) -> Tensor:
    """Return input - other floor(input / other); the operator ``%``.

    Args:
        input: tensor or number.
        other: tensor or number whose sign the result takes.

    Raises:
        RuntimeError: an integer is divided by zero.

    Example:
        >>> import tatami
        >>> tatami.remainder(tatami.tensor([7, -7]), 4)
        tensor([3, 1])
    """
    a, b = operands(input, other)
    check_divisor("remainder_cpu", a, b)
    operation = RemainderTensors if isinstance(b, Tensor) else Remainder
    return operation.apply(a, b)


class Fmod(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        if ctx.needs_input_grad[1]:
            ctx.save_for_backward(kernels.trunc(kernels.div(a, b)))
        return kernels.fmod(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        first, second = ctx.shapes
        slope = None
        if ctx.needs_input_grad[1]:
            slope = unbroadcast(-grad_output * ctx.saved_tensors[0], second)
        return unbroadcast(grad_output, first), slope


class FmodTensors(Fmod):
    node_name = "FmodBackward1"


@public
@tensor_method()
@in_place
def fmod(input: Tensor, other: Any) -> Tensor:
    """Return input - other trunc(input / other): the sign is that of ``input``.

    Raises:
        RuntimeError: an integer is divided by zero.

    Example:
        >>> import tatami
        >>> tatami.fmod(tatami.tensor([7, -7]), 4)
        tensor([ 3, -3])
    """
    a, b = operands(input, other)
    check_divisor("fmod_cpu", a, b)
    operation = FmodTensors if isinstance(b, Tensor) else Fmod
    return operation.apply(a, b)


operators(floordiv="floor_divide", mod="remainder")
operators(ifloordiv="floor_divide_", imod="remainder_")
dunder("__rfloordiv__", swapped(floor_divide))
dunder("__rmod__", swapped(remainder))
