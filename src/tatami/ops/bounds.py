"""Sign and size: absolute values, and the larger or smaller of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, operands, result_type, unbroadcast
from .door import also, public, refuse_type, zeros_of
from .elementwise import as_floating, shape_of
from .inplace import in_place
from .masking import where
from .rounding import Flat

__all__ = [
    "abs",
    "absolute",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "copysign",
    "fmax",
    "fmin",
    "maximum",
    "minimum",
    "sgn",
    "sign",
    "signbit",
]


def kept_where(mask: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient where the mask is true, and zero elsewhere."""
    return gradient.masked_fill(mask.logical_not(), 0)


class Abs(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.abs(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * x.sgn()


@public
@tensor_method("abs", "__abs__")
@in_place
def abs(input: Tensor) -> Tensor:
    """Return the distance of each element from zero; its slope at zero is zero.

    Example:
        >>> import tatami
        >>> tatami.abs(tatami.tensor([1, -2]))
        tensor([1, 2])
    """
    refuse_type("abs_cpu", input, "b")
    return Abs.apply(input)


absolute = abs
also("abs", "absolute")


class Sign(Flat, Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.sign(array)


@public
@tensor_method()
@in_place
def sign(input: Tensor) -> Tensor:
    """Return -1, 0 or 1 by the sign of each element; NaN gives 0.

    Example:
        >>> import tatami
        >>> tatami.sign(tatami.tensor([2.5, 0.0, -1.0]))
        tensor([ 1.,  0., -1.])
    """
    return Sign.apply(input)


class Sgn(Sign):
    node_name = "SgnBackward0"


@public
@tensor_method()
@in_place
def sgn(input: Tensor) -> Tensor:
    """Return -1, 0 or 1 by the sign of each element; NaN gives 0.

    Example:
        >>> import tatami
        >>> tatami.sgn(tatami.tensor([2.5, 0.0, -1.0]))
        tensor([ 1.,  0., -1.])
    """
    return Sgn.apply(input)


@public
@tensor_method()
def signbit(input: Tensor) -> Tensor:
    """Tell which elements have their sign bit set, -0.0 among them.

    Example:
        >>> import tatami
        >>> tatami.signbit(tatami.tensor([1.0, -0.0]))
        tensor([False,  True])
    """
    if input._array.dtype.kind == "f":
        return wrap(kernels.signbit(input._array))
    return wrap(kernels.lt(input._array, 0))


class Copysign(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: Any) -> np.ndarray:
        ctx.shapes = shape_of(a), shape_of(b)
        result = kernels.copysign(a, b)
        ctx.save_for_backward(a, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, result), (first, second) = ctx.saved_tensors, ctx.shapes
        turned = grad_output * (a.sgn() * result.sgn())
        flat = unbroadcast(zeros_of(grad_output), second)
        return unbroadcast(turned, first), flat


class CopysignTensors(Copysign):
    node_name = "CopysignBackward0"


class CopysignNumber(Copysign):
    node_name = "CopysignBackward1"


@public
@tensor_method()
@in_place
def copysign(input: Tensor, other: Any) -> Tensor:
    """Give each element the sign of ``other``.

    Args:
        input: tensor of any shape.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.copysign(tatami.tensor([1.0, -2.0]), -1)
        tensor([-1., -2.])
    """
    a, b = operands(as_floating(input), other)
    operation = CopysignTensors if isinstance(b, Tensor) else CopysignNumber
    return operation.apply(a, b)


class Maximum(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.maximum(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return _shares(ctx, grad_output, a < b, b < a)


class Minimum(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.minimum(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return _shares(ctx, grad_output, b < a, a < b)


def _shares(ctx: Any, gradient: Tensor, *lost: Tensor) -> tuple[Any, ...]:
    """Give the gradient where an operand has not lost, half to each of equal ones."""
    a, b = ctx.saved_tensors
    gradient = where(a == b, gradient / 2, gradient)
    return tuple(
        unbroadcast(gradient.masked_fill(mask, 0), x._array.shape) if needed else None
        for mask, x, needed in zip(lost, (a, b), ctx.needs_input_grad, strict=False)
    )


@public
@tensor_method()
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Return the larger of two elements; NaN if either is.

    Args:
        input: tensor of any shape.
        other: tensor whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.maximum(tatami.tensor([1, 5]), tatami.tensor([3, 2]))
        tensor([3, 5])
    """
    a, b = operands(input, _tensor(other))
    return Maximum.apply(a, b)


@public
@tensor_method()
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Return the smaller of two elements; NaN if either is.

    Args:
        input: tensor of any shape.
        other: tensor whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.minimum(tatami.tensor([1, 5]), tatami.tensor([3, 2]))
        tensor([1, 2])
    """
    a, b = operands(input, _tensor(other))
    return Minimum.apply(a, b)


def _tensor(value: Any) -> Tensor:
    """Return a tensor, leaving the error for anything else to the door."""
    return wrap(value._array) if not isinstance(value, Tensor) else value


class Fmax(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.fmax(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        chosen = (a >= b) | b.isnan()
        return (
            unbroadcast(kept_where(chosen, grad_output), a._array.shape),
            unbroadcast(grad_output.masked_fill(chosen, 0), b._array.shape),
        )


class Fmin(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(a, b)
        return kernels.fmin(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        chosen = (a <= b) | b.isnan()
        return (
            unbroadcast(kept_where(chosen, grad_output), a._array.shape),
            unbroadcast(grad_output.masked_fill(chosen, 0), b._array.shape),
        )


@public
@tensor_method()
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """Return the larger of two elements, passing over NaN.

    Example:
        >>> import tatami
        >>> tatami.fmax(tatami.tensor([1.0, 5.0]), tatami.tensor([float("nan"), 2.0]))
        tensor([1., 5.])
    """
    return Fmax.apply(*operands(input, _tensor(other)))


@public
@tensor_method()
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """Return the smaller of two elements, passing over NaN.

    Example:
        >>> import tatami
        >>> tatami.fmin(tatami.tensor([1.0, 5.0]), tatami.tensor([float("nan"), 2.0]))
        tensor([1., 2.])
    """
    return Fmin.apply(*operands(input, _tensor(other)))


class Clamp(Operation):
    node_name = "ClampBackward1"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, low: Any, high: Any) -> np.ndarray:
        ctx.bounds = low, high
        ctx.save_for_backward(array)
        return kernels.clip(array, low, high)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,), (low, high) = ctx.saved_tensors, ctx.bounds
        if low is None:
            return kept_where(x <= high, grad_output)
        inside = x >= low if high is None else (x >= low) & (x <= high)
        return kept_where(inside, grad_output)


class ClampMin(Clamp):
    node_name = "ClampMinBackward0"


class ClampMax(Clamp):
    node_name = "ClampMaxBackward0"


class ClampTensors(Operation):
    node_name = "ClampBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, low: Any, high: Any) -> np.ndarray:
        ctx.save_for_backward(array, low, high)
        return kernels.clip(array, low, high)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, low, high = ctx.saved_tensors
        never = wrap(kernels.full((), False, np.bool_))
        under = never if low is None else x < low
        over = never if high is None else x > high
        if low is not None and high is not None:
            under, over = under & (low < high), over | (high < low)
        inside = (under | over).logical_not() & x.isnan().logical_not()
        masks = zip((inside, under, over), (x, low, high), strict=True)
        return tuple(
            None
            if source is None or not ctx.needs_input_grad[i]
            else unbroadcast(kept_where(mask, grad_output), source._array.shape)
            for i, (mask, source) in enumerate(masks)
        )


class ClampMinTensor(ClampTensors):
    node_name = "ClampMinBackward1"


class ClampMaxTensor(ClampTensors):
    node_name = "ClampMaxBackward1"


def _clamp(input: Tensor, low: Any, high: Any, operations: tuple[Any, Any]) -> Tensor:
    """Cut to bounds that are both numbers, or both tensors; either may be None."""
    bounds = [x for x in (low, high) if x is not None]
    if not all(isinstance(x, Tensor) for x in bounds):
        low, high = (x.item() if isinstance(x, Tensor) else x for x in (low, high))
        bounds = [x for x in (low, high) if x is not None]
        input = cast(input, result_type(input, *bounds))
        return operations[0].apply(input, low, high)
    kind = result_type(input, *bounds)
    for bound in bounds:
        operands(input, bound)
    low, high = (None if x is None else cast(x, kind) for x in (low, high))
    return operations[1].apply(cast(input, kind), low, high)


@public
@tensor_method()
@in_place
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Cut elements to a range; the gradient passes inside it and at its bounds.

    Args:
        input: tensor of any shape.
        min: lower bound, a number or tensor; none if left out.
        max: upper bound, a number or tensor; it wins over a lower bound above it.

    Raises:
        RuntimeError: neither bound is given.

    Example:
        >>> import tatami
        >>> tatami.clamp(tatami.tensor([-1.0, 0.5, 2.0]), 0, 1)
        tensor([0.0000, 0.5000, 1.0000])
    """
    if min is None and max is None:
        raise RuntimeError(
            "torch.clamp: At least one of 'min' or 'max' must not be None"
        )
    return _clamp(input, min, max, (Clamp, ClampTensors))


clip = clamp
also("clamp", "clip")


@public
@tensor_method()
@in_place
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Raise elements that are below ``min`` to it.

    Example:
        >>> import tatami
        >>> tatami.clamp_min(tatami.tensor([-1.0, 2.0]), 0)
        tensor([0., 2.])
    """
    return _clamp(input, min, None, (ClampMin, ClampMinTensor))


@public
@tensor_method()
@in_place
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Lower elements that are above ``max`` to it.

    Example:
        >>> import tatami
        >>> tatami.clamp_max(tatami.tensor([-1.0, 2.0]), 1)
        tensor([-1.,  1.])
    """
    return _clamp(input, None, max, (ClampMax, ClampMaxTensor))
