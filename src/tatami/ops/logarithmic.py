"""Sums and products that logarithms have a part in."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import operands, unbroadcast
from .door import public, refuse_type
from .elementwise import as_floating, shape_of
from .inplace import in_place

__all__ = ["logaddexp", "logaddexp2", "xlogy"]


class Logaddexp(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.logaddexp(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            unbroadcast(grad_output / (1 + (b - a).exp()), a._array.shape),
            unbroadcast(grad_output / (1 + (a - b).exp()), b._array.shape),
        )


@public
@tensor_method()
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """Return log(exp(input) + exp(other)) without overflow.

    Example:
        >>> import tatami
        >>> tatami.logaddexp(tatami.tensor([0.0, 1000.0]), tatami.tensor([0.0, 0.0]))
        tensor([6.9315e-01, 1.0000e+03])
    """
    a, b = operands(input, other)
    refuse_type("logaddexp_cpu", a, "biu")
    return Logaddexp.apply(a, b)


class Logaddexp2(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.logaddexp2(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            unbroadcast(grad_output / (1 + (b - a).exp2()), a._array.shape),
            unbroadcast(grad_output / (1 + (a - b).exp2()), b._array.shape),
        )


@public
@tensor_method()
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """Return log2(2^input + 2^other) without overflow.

    Example:
        >>> import tatami
        >>> tatami.logaddexp2(tatami.tensor([0.0, 3.0]), tatami.tensor([0.0, 3.0]))
        tensor([1., 4.])
    """
    a, b = operands(input, other)
    refuse_type("logaddexp2_cpu", a, "biu")
    return Logaddexp2.apply(a, b)


class Xlogy(Operation):
    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        ctx.save_for_backward(a, b)
        return kernels.xlogy(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (first, second) = ctx.saved_tensors, ctx.shapes
        one = other = None
        if ctx.needs_input_grad[0]:
            nothing = (a == 0) & (_like(b, a) <= 0)
            one = unbroadcast(xlogy(grad_output, b).masked_fill(nothing, 0), first)
        if ctx.needs_input_grad[1]:
            other = unbroadcast(grad_output * a / b, second)
        return one, other


class XlogyNumberFirst(Xlogy):
    node_name = "XlogyBackward1"


class XlogyNumberSecond(Xlogy):
    node_name = "XlogyBackward2"


def _like(value: Any, tensor: Tensor) -> Tensor:
    """Return a number as a tensor of the type of another."""
    if isinstance(value, Tensor):
        return value
    return wrap(np.asarray(value, tensor._array.dtype))


@public
@tensor_method()
@in_place
def xlogy(input: Any, other: Any) -> Tensor:
    """Return input log(other), and 0 where ``input`` is 0.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.xlogy(tatami.tensor([0.0, 2.0]), tatami.tensor([0.0, 1.0]))
        tensor([0., 0.])
    """
    return _product(input, other, (Xlogy, XlogyNumberFirst, XlogyNumberSecond))


class SpecialXlog1Py(Operation):
    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        ctx.save_for_backward(a, b)
        return kernels.xlog1py(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (first, second) = ctx.saved_tensors, ctx.shapes
        one = other = None
        if ctx.needs_input_grad[0]:
            nothing = (a == 0) & (_like(b, a) <= -1)
            one = unbroadcast(xlog1py(grad_output, b).masked_fill(nothing, 0), first)
        if ctx.needs_input_grad[1]:
            other = unbroadcast(grad_output * a / (b + 1), second)
        return one, other


class Xlog1PyNumberFirst(SpecialXlog1Py):
    node_name = "SpecialXlog1PyBackward1"


class Xlog1PyNumberSecond(SpecialXlog1Py):
    node_name = "SpecialXlog1PyBackward2"


@public
def xlog1py(input: Any, other: Any) -> Tensor:
    """Return input log(1 + other), and 0 where ``input`` is 0.

    Args:
        input: tensor or number.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.special.xlog1py(tatami.tensor([0.0, 2.0]), -1)
        tensor([0., -inf])
    """
    return _product(
        input, other, (SpecialXlog1Py, Xlog1PyNumberFirst, Xlog1PyNumberSecond)
    )


def _product(input: Any, other: Any, operations: tuple[Any, Any, Any]) -> Tensor:
    """Apply the operation for two tensors, or for a number first or second."""
    a, b = operands(input, other)
    if not isinstance(b, Tensor):
        return operations[2].apply(as_floating(a), b)
    if not isinstance(a, Tensor):
        return operations[1].apply(a, as_floating(b))
    a, b = operands(as_floating(a), as_floating(b))
    return operations[0].apply(a, b)


class SpecialEntr(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.entr(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad_output * (x.log() + 1)


@public
def entr(input: Tensor) -> Tensor:
    """Return the entropy -x log(x): 0 at 0, minus infinity below.

    Example:
        >>> import tatami
        >>> tatami.special.entr(tatami.tensor([0.0, 0.5, -1.0]))
        tensor([0.0000, 0.3466,   -inf])
    """
    return SpecialEntr.apply(as_floating(input))
