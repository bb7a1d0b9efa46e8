"""Functions that mix elements of two or three tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import operands, same_type, unbroadcast
from .door import public, refuse_type, zeros_of
from .elementwise import as_floating, shape_of
from .inplace import in_place
from .results import named

__all__ = [
    "addcdiv",
    "addcmul",
    "frexp",
    "gcd",
    "heaviside",
    "lcm",
    "ldexp",
    "lerp",
    "nan_to_num",
    "nextafter",
]

frexp_result = named("frexp", "mantissa", "exponent")


def together(*tensors: Tensor) -> list[Tensor]:
    """Return tensors in one type, with shapes known to stretch to each other."""
    size.broadcast(*(tensor._array.shape for tensor in tensors))
    return same_type(tensors)


class Addcmul(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, a: np.ndarray, b: np.ndarray, value: float
    ) -> np.ndarray:
        ctx.shape, ctx.value = array.shape, value
        ctx.save_for_backward(a, b)
        return kernels.add(array, kernels.mul(kernels.mul(a, value), b))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        scaled = grad_output * ctx.value
        return (
            unbroadcast(grad_output, ctx.shape),
            unbroadcast(scaled * b, a._array.shape),
            unbroadcast(scaled * a, b._array.shape),
        )


@public
@tensor_method()
@in_place
def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1
) -> Tensor:
    """Return input + value tensor1 tensor2.

    Args:
        input: tensor of any shape.
        tensor1: tensor whose shape stretches with the others.
        tensor2: tensor whose shape stretches with the others.
        value: factor of the product.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.addcmul(x, x, x, value=10)
        tensor([11., 42.])
    """
    tensors = together(input, tensor1, tensor2)
    return Addcmul.apply(*tensors, value)


class Addcdiv(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, a: np.ndarray, b: np.ndarray, value: float
    ) -> np.ndarray:
        ctx.shape, ctx.value = array.shape, value
        ctx.save_for_backward(a, b)
        return kernels.add(array, kernels.div(kernels.mul(a, value), b))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        share = grad_output * ctx.value / b
        return (
            unbroadcast(grad_output, ctx.shape),
            unbroadcast(share, a._array.shape),
            unbroadcast(-share * (a / b), b._array.shape),
        )


_WHOLE_ADDCDIV = (
    "Integer division with addcdiv is no longer supported, and in a future  release "
    "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
    "behavior can be implemented as (input + value * torch.trunc(tensor1 / tensor2))."
    "to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for "
    "float inputs. The future addcdiv behavior is just the latter implementation: "
    "(input + value * tensor1 / tensor2), for all dtypes."
)


@public
@tensor_method()
@in_place
def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1
) -> Tensor:
    """Return input + value tensor1 / tensor2.

    Args:
        input: tensor of any shape.
        tensor1: tensor whose shape stretches with the others.
        tensor2: tensor whose shape stretches with the others.
        value: factor of the quotient.

    Raises:
        RuntimeError: integers would be divided.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.addcdiv(x, x, x, value=10)
        tensor([11., 12.])
    """
    if tensor1._array.dtype.kind != "f" and tensor2._array.dtype.kind != "f":
        raise RuntimeError(_WHOLE_ADDCDIV)
    tensors = together(input, tensor1, tensor2)
    return Addcdiv.apply(*tensors, value)


class Lerp(Operation):
    node_name = "LerpBackward0"

    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray, weight: Any) -> np.ndarray:
        ctx.shapes = a.shape, b.shape, shape_of(weight)
        tensor = isinstance(weight, np.ndarray)
        ctx.weight = None if tensor else weight
        ctx.save_for_backward(a, b, weight if tensor else None)
        return kernels.lerp(a, b, weight)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b, weight = ctx.saved_tensors
        first, second, third = ctx.shapes
        slope = None
        if weight is None:
            weight = ctx.weight
        elif ctx.needs_input_grad[2]:
            slope = unbroadcast(grad_output * (b - a), third)
        return (
            unbroadcast(grad_output * (1 - weight), first),
            unbroadcast(grad_output * weight, second),
            slope,
        )


class LerpTensor(Lerp):
    node_name = "LerpBackward1"


@public
@tensor_method()
@in_place
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """Go from ``input`` towards ``end``: input + weight (end - input).

    Args:
        input: floating-point tensor, the start.
        end: tensor of the same type.
        weight: number, or tensor of the same type.

    Raises:
        RuntimeError: types differ.

    Example:
        >>> import tatami
        >>> tatami.lerp(tatami.tensor([0.0, 1.0]), tatami.tensor([10.0, 2.0]), 0.5)
        tensor([5.0000, 1.5000])
    """
    for name, value in (("end", end), ("weight", weight)):
        if isinstance(value, Tensor) and value._array.dtype != input._array.dtype:
            raise RuntimeError(
                f"expected dtype {_c_name(input)} for `{name}` but got dtype "
                f"{_c_name(value)}"
            )
    operands(input, end)
    if isinstance(weight, Tensor):
        together(input, end, weight)
        return LerpTensor.apply(input, end, weight)
    return Lerp.apply(input, end, weight)


def _c_name(tensor: Tensor) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long int"}
    return names.get(tensor.dtype.name, tensor.dtype.name)


class Heaviside(Operation):
    node_name = "torch::autograd::NotImplemented"

    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return kernels.heaviside(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        raise RuntimeError("derivative for aten::heaviside is not implemented")


@public
@tensor_method()
@in_place
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """Return 0 where ``input`` is negative, ``values`` where it is 0, and 1 elsewhere.

    Raises:
        RuntimeError: types differ.

    Example:
        >>> import tatami
        >>> tatami.heaviside(tatami.tensor([-1.0, 0.0, 2.0]), tatami.tensor([0.5]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    if input._array.dtype != values._array.dtype:
        raise RuntimeError(
            "heaviside is not yet implemented for tensors with different dtypes."
        )
    return Heaviside.apply(*operands(input, values))


class NanToNum(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, nan: float, high: Any, low: Any
    ) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.nan_to_num(array, nan, high, low)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output.masked_fill(x.isfinite().logical_not(), 0)


@public
@tensor_method()
@in_place
def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: Any = None, neginf: Any = None
) -> Tensor:
    """Replace NaN and infinities by numbers.

    Args:
        input: tensor of any shape.
        nan: number for NaN.
        posinf: number for infinity; the largest of the type if left out.
        neginf: number for minus infinity; the smallest of the type if left out.

    Example:
        >>> import tatami
        >>> tatami.nan_to_num(tatami.tensor([float("nan"), 1.0]), nan=7.0)
        tensor([7., 1.])
    """
    if input._array.dtype.kind != "f":
        return input.clone()
    return NanToNum.apply(input, nan or 0.0, posinf, neginf)


class Ldexp(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        result = kernels.mul(a, kernels.exp2(b))
        ctx.shape = a.shape
        ctx.save_for_backward(b, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        b, result = ctx.saved_tensors
        growth = grad_output * result * math.log(2)
        return (
            unbroadcast(grad_output * b.exp2(), ctx.shape),
            unbroadcast(growth, b._array.shape),
        )


@public
@tensor_method()
@in_place
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """Return input 2^other.

    Example:
        >>> import tatami
        >>> tatami.ldexp(tatami.tensor([1.0, 3.0]), tatami.tensor([2, 0]))
        tensor([4., 3.])
    """
    a, b = operands(as_floating(input), as_floating(other))
    return Ldexp.apply(a, b)


class Frexp(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mantissa, exponent = kernels.frexp(array)
        ctx.save_for_backward(exponent)
        return mantissa, exponent

    @staticmethod
    def backward(ctx: Any, mantissa: Tensor, exponent: Any) -> Any:
        (power,) = ctx.saved_tensors
        return mantissa / power.to(mantissa.dtype).exp2()


@public
@tensor_method()
def frexp(input: Tensor) -> Any:
    """Split each element into a mantissa below 1 and a power of 2.

    Returns:
        ``mantissa`` and ``exponent`` with input = mantissa 2^exponent.

    Example:
        >>> import tatami
        >>> tatami.frexp(tatami.tensor([8.0])).exponent
        tensor([4], dtype=torch.int32)
    """
    if input._array.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return frexp_result(Frexp.apply(input))


@public
@tensor_method()
@in_place
def gcd(input: Tensor, other: Tensor) -> Tensor:
    """Return the greatest common divisor of two integers.

    Example:
        >>> import tatami
        >>> tatami.gcd(tatami.tensor([12, 7]), tatami.tensor([8, 21]))
        tensor([4, 7])
    """
    a, b = operands(input, other)
    refuse_type("gcd_cpu", a, "fb")
    return wrap(kernels.gcd(a._array, b._array))


@public
@tensor_method()
@in_place
def lcm(input: Tensor, other: Tensor) -> Tensor:
    """Return the least common multiple of two integers.

    Example:
        >>> import tatami
        >>> tatami.lcm(tatami.tensor([12, 7]), tatami.tensor([8, 21]))
        tensor([24, 21])
    """
    a, b = operands(input, other)
    refuse_type("lcm_cpu", a, "fb")
    return wrap(kernels.lcm(a._array, b._array))


class Nextafter(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.nextafter(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            unbroadcast(grad_output.masked_fill(a == b, 0), a._array.shape),
            unbroadcast(zeros_of(grad_output), b._array.shape),
        )


@public
@tensor_method()
@in_place
def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """Return the next floating-point number after ``input``, towards ``other``.

    Example:
        >>> import tatami
        >>> float(tatami.nextafter(tatami.tensor(1.0), tatami.tensor(2.0)) - 1)
        1.1920928955078125e-07
    """
    a, b = operands(input, other)
    refuse_type("nextafter_cpu", a, "biu")
    return Nextafter.apply(a, b)
