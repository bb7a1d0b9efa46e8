"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import operands, unbroadcast
from .door import also, public, refuse_type
from .elementwise import as_floating
from .inplace import in_place

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


class Sin(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.sin(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * x.cos()


@public
@tensor_method()
@in_place
def sin(input: Tensor) -> Tensor:
    """Take the sine of each element, in radians.

    Example:
        >>> import tatami
        >>> tatami.sin(tatami.tensor([0.0, 1.5]))
        tensor([0.0000, 0.9975])
    """
    return Sin.apply(as_floating(input))


class Cos(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.cos(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad_output * x.sin()


@public
@tensor_method()
@in_place
def cos(input: Tensor) -> Tensor:
    """Take the cosine of each element, in radians.

    Example:
        >>> import tatami
        >>> tatami.cos(tatami.tensor([0.0, 1.5]))
        tensor([1.0000, 0.0707])
    """
    return Cos.apply(as_floating(input))


class Tan(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.tan(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * (1 + result * result)


@public
@tensor_method()
@in_place
def tan(input: Tensor) -> Tensor:
    """Take the tangent of each element, in radians.

    Example:
        >>> import tatami
        >>> tatami.tan(tatami.tensor([0.0, 1.5]))
        tensor([ 0.0000, 14.1014])
    """
    return Tan.apply(as_floating(input))


class Asin(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.asin(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (1 - x * x).rsqrt()


@public
@tensor_method()
@in_place
def asin(input: Tensor) -> Tensor:
    """Return the angle, in radians, whose sine each element is.

    Example:
        >>> import tatami
        >>> tatami.asin(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5708])
    """
    return Asin.apply(as_floating(input))


class Acos(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.acos(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad_output * (1 - x * x).rsqrt()


@public
@tensor_method()
@in_place
def acos(input: Tensor) -> Tensor:
    """Return the angle, in radians, whose cosine each element is.

    Example:
        >>> import tatami
        >>> tatami.acos(tatami.tensor([0.0, 1.0]))
        tensor([1.5708, 0.0000])
    """
    return Acos.apply(as_floating(input))


class Atan(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.atan(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / (x * x + 1)


@public
@tensor_method()
@in_place
def atan(input: Tensor) -> Tensor:
    """Return the angle, in radians, whose tangent each element is.

    Example:
        >>> import tatami
        >>> tatami.atan(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7854])
    """
    return Atan.apply(as_floating(input))


class Sinh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.sinh(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * x.cosh()


@public
@tensor_method()
@in_place
def sinh(input: Tensor) -> Tensor:
    """Take the hyperbolic sine.

    Example:
        >>> import tatami
        >>> tatami.sinh(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 1.1752])
    """
    return Sinh.apply(as_floating(input))


class Cosh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.cosh(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * x.sinh()


@public
@tensor_method()
@in_place
def cosh(input: Tensor) -> Tensor:
    """Take the hyperbolic cosine.

    Example:
        >>> import tatami
        >>> tatami.cosh(tatami.tensor([0.0, 1.0]))
        tensor([1.0000, 1.5431])
    """
    return Cosh.apply(as_floating(input))


class Tanh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.tanh(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * (1 - result * result)


@public
@tensor_method()
@in_place
def tanh(input: Tensor) -> Tensor:
    """Take the hyperbolic tangent.

    Example:
        >>> import tatami
        >>> tatami.tanh(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """
    return Tanh.apply(as_floating(input))


class Asinh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.asinh(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (x * x + 1).rsqrt()


@public
@tensor_method()
@in_place
def asinh(input: Tensor) -> Tensor:
    """Take the inverse hyperbolic sine.

    Example:
        >>> import tatami
        >>> tatami.asinh(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8814])
    """
    return Asinh.apply(as_floating(input))


class Acosh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.acosh(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (x * x - 1).rsqrt()


@public
@tensor_method()
@in_place
def acosh(input: Tensor) -> Tensor:
    """Take the inverse hyperbolic cosine.

    Example:
        >>> import tatami
        >>> tatami.acosh(tatami.tensor([1.0, 2.0]))
        tensor([0.0000, 1.3170])
    """
    return Acosh.apply(as_floating(input))


class Atanh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.atanh(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / (1 - x * x)


@public
@tensor_method()
@in_place
def atanh(input: Tensor) -> Tensor:
    """Take the inverse hyperbolic tangent.

    Example:
        >>> import tatami
        >>> tatami.atanh(tatami.tensor([0.0, 0.5]))
        tensor([0.0000, 0.5493])
    """
    return Atanh.apply(as_floating(input))


class Atan2(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.atan2(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        share = grad_output / (a * a + b * b)
        first, second = ctx.needs_input_grad[:2]
        return (
            unbroadcast(share * b, a._array.shape) if first else None,
            unbroadcast(share * -a, b._array.shape) if second else None,
        )


@public
@tensor_method()
@in_place
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Return the angle, in radians, of the points (other, input).

    Args:
        input: tensor of ordinates.
        other: tensor of abscissas whose shape stretches to that of ``input``.

    Example:
        >>> import tatami
        >>> tatami.atan2(tatami.tensor([1.0, -1.0]), tatami.tensor([0.0, -1.0]))
        tensor([ 1.5708, -2.3562])
    """
    a, b = operands(as_floating(input), as_floating(other))
    return Atan2.apply(a, b)


class Hypot(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        result = kernels.hypot(a, b)
        ctx.save_for_backward(a, b, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b, result = ctx.saved_tensors
        share = grad_output / result
        return (
            unbroadcast(share * a, a._array.shape),
            unbroadcast(share * b, b._array.shape),
        )


@public
@tensor_method()
@in_place
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """Return sqrt(input^2 + other^2) without overflow.

    Args:
        input: floating-point tensor.
        other: tensor whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.hypot(tatami.tensor([3.0, 5.0]), tatami.tensor([4.0, 12.0]))
        tensor([ 5., 13.])
    """
    a, b = operands(input, other)
    refuse_type("hypot_cpu", a, "biu")
    return Hypot.apply(a, b)


class Deg2rad(Operation):
    node_name = "Deg2RadBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.mul(array, math.pi / 180)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output * (math.pi / 180)


@public
@tensor_method()
@in_place
def deg2rad(input: Tensor) -> Tensor:
    """Turn degrees into radians.

    Example:
        >>> import tatami
        >>> tatami.deg2rad(tatami.tensor([180.0, -90.0]))
        tensor([ 3.1416, -1.5708])
    """
    return Deg2rad.apply(as_floating(input))


class Rad2deg(Operation):
    node_name = "Rad2DegBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.mul(array, 180 / math.pi)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output * (180 / math.pi)


@public
@tensor_method()
@in_place
def rad2deg(input: Tensor) -> Tensor:
    """Turn radians into degrees.

    Example:
        >>> import tatami
        >>> tatami.rad2deg(tatami.tensor([3.1416, -1.5708]))
        tensor([180.0004, -90.0002])
    """
    return Rad2deg.apply(as_floating(input))


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
also("asin", "arcsin")
also("acos", "arccos")
also("atan", "arctan")
also("asinh", "arcsinh")
also("acosh", "arccosh")
also("atanh", "arctanh")
also("atan2", "arctan2")
