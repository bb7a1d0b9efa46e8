"""Logic on truth values and on the bits of integers."""

from __future__ import annotations

from typing import Any

from .. import kernels
from ..tensor import Tensor, tensor_method, wrap
from .door import arrays, dunder, operators, public, refuse_type, swapped
from .inplace import in_place

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


@public
@tensor_method()
@in_place
def logical_not(input: Tensor) -> Tensor:
    """Tell which elements are zero.

    Example:
        >>> import tatami
        >>> tatami.logical_not(tatami.tensor([0, 3]))
        tensor([ True, False])
    """
    return wrap(kernels.logical_not(input._array))


@public
@tensor_method()
@in_place
def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Tell where neither element is zero.

    Args:
        input: tensor of any shape and type.
        other: tensor whose shape stretches to that of ``input``, or back.

    Example:
        >>> import tatami
        >>> tatami.logical_and(tatami.tensor([0, 3]), tatami.tensor([1, 1]))
        tensor([False,  True])
    """
    arrays(input, other)
    return wrap(kernels.logical_and(input._array, other._array))


@public
@tensor_method()
@in_place
def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Tell where at least one element is not zero.

    Example:
        >>> import tatami
        >>> tatami.logical_or(tatami.tensor([0, 3]), tatami.tensor([0, 0]))
        tensor([False,  True])
    """
    arrays(input, other)
    return wrap(kernels.logical_or(input._array, other._array))


@public
@tensor_method()
@in_place
def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Tell where exactly one element is not zero.

    Example:
        >>> import tatami
        >>> tatami.logical_xor(tatami.tensor([0, 3]), tatami.tensor([1, 1]))
        tensor([ True, False])
    """
    arrays(input, other)
    return wrap(kernels.logical_xor(input._array, other._array))


@public
@tensor_method()
@in_place
def bitwise_not(input: Tensor) -> Tensor:
    """Turn every bit over; for truth values, tell which are false.

    Raises:
        NotImplementedError: the type is a floating-point one.

    Example:
        >>> import tatami
        >>> tatami.bitwise_not(tatami.tensor([0, 5]))
        tensor([-1, -6])
    """
    refuse_type("bitwise_not_cpu", input, "f")
    return wrap(kernels.bitwise_not(input._array))


@tensor_method("__invert__")
def _invert(self: Tensor) -> Tensor:
    if self._array.dtype.kind == "f":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type "
            "tensors"
        )
    return bitwise_not(self)


def _bits(kernel: str, a: Any, b: Any, kinds: str = "f") -> tuple[Any, Any]:
    """Return operands whose bits can be combined."""
    x, y = arrays(a, b)
    for value in (x, y):
        if getattr(value, "dtype", None) is not None:
            refuse_type(kernel, wrap(value), kinds)
    return x, y


@public
@tensor_method()
@in_place
def bitwise_and(input: Any, other: Any) -> Tensor:
    """Keep the bits that are set in both operands.

    Args:
        input: tensor or number of an integer type or bool.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Raises:
        NotImplementedError: an operand is of a floating-point type.

    Example:
        >>> import tatami
        >>> tatami.bitwise_and(tatami.tensor([6, 5]), 3)
        tensor([2, 1])
    """
    return wrap(kernels.bitwise_and(*_bits("bitwise_and_cpu", input, other)))


@public
@tensor_method()
@in_place
def bitwise_or(input: Any, other: Any) -> Tensor:
    """Keep the bits that are set in one of the operands.

    Example:
        >>> import tatami
        >>> tatami.bitwise_or(tatami.tensor([6, 5]), 3)
        tensor([7, 7])
    """
    return wrap(kernels.bitwise_or(*_bits("bitwise_or_cpu", input, other)))


@public
@tensor_method()
@in_place
def bitwise_xor(input: Any, other: Any) -> Tensor:
    """Keep the bits that are set in exactly one of the operands.

    Example:
        >>> import tatami
        >>> tatami.bitwise_xor(tatami.tensor([6, 5]), 3)
        tensor([5, 6])
    """
    return wrap(kernels.bitwise_xor(*_bits("bitwise_xor_cpu", input, other)))


@public
@tensor_method()
@in_place
def bitwise_left_shift(input: Any, other: Any) -> Tensor:
    """Move the bits to the left: input 2^other.

    Example:
        >>> import tatami
        >>> tatami.bitwise_left_shift(tatami.tensor([1, 3]), 2)
        tensor([ 4, 12])
    """
    return wrap(kernels.bitwise_left_shift(*_bits("lshift_cpu", input, other, "fb")))


@public
@tensor_method()
@in_place
def bitwise_right_shift(input: Any, other: Any) -> Tensor:
    """Move the bits to the right: input / 2^other, rounded down.

    Example:
        >>> import tatami
        >>> tatami.bitwise_right_shift(tatami.tensor([8, -3]), 1)
        tensor([ 4, -2])
    """
    return wrap(kernels.bitwise_right_shift(*_bits("rshift_cpu", input, other, "fb")))


operators(
    **{"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"},
    lshift="bitwise_left_shift", rshift="bitwise_right_shift",
    iand="bitwise_and_", ior="bitwise_or_", ixor="bitwise_xor_",
    ilshift="bitwise_left_shift_", irshift="bitwise_right_shift_",
)  # fmt: skip
for _name, _function in {
    "__rand__": bitwise_and, "__ror__": bitwise_or, "__rxor__": bitwise_xor,
    "__rlshift__": bitwise_left_shift, "__rrshift__": bitwise_right_shift,
}.items():  # fmt: skip
    dunder(_name, swapped(_function))
