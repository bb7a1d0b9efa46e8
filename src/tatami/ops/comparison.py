"""Comparing elements, and asking what kind of numbers they are."""

from __future__ import annotations

from typing import Any

from .. import dtypes, kernels
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, type_name
from .door import also, arrays, operators, public
from .inplace import in_place

__all__ = [
    "allclose",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "lt",
    "ne",
    "not_equal",
]


@public
@tensor_method()
@in_place
def eq(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` equals ``other``.

    Args:
        input: tensor of any shape.
        other: tensor or number whose shape stretches to that of ``input``, or back.

    Returns:
        A tensor of the stretched shape and of type bool.

    Example:
        >>> import tatami
        >>> tatami.eq(tatami.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    return wrap(kernels.eq(*arrays(input, other)))


@public
@tensor_method()
@in_place
def ne(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` differs from ``other``; NaN differs from everything.

    Example:
        >>> import tatami
        >>> tatami.ne(tatami.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    return wrap(kernels.ne(*arrays(input, other)))


@public
@tensor_method()
@in_place
def lt(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` is less than ``other``.

    Example:
        >>> import tatami
        >>> tatami.lt(tatami.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    return wrap(kernels.lt(*arrays(input, other)))


@public
@tensor_method()
@in_place
def le(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` is at most ``other``.

    Example:
        >>> import tatami
        >>> tatami.le(tatami.tensor([1, 2]), 1)
        tensor([ True, False])
    """
    return wrap(kernels.le(*arrays(input, other)))


@public
@tensor_method()
@in_place
def gt(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` is greater than ``other``.

    Example:
        >>> import tatami
        >>> tatami.gt(tatami.tensor([1, 2]), 1)
        tensor([False,  True])
    """
    return wrap(kernels.gt(*arrays(input, other)))


@public
@tensor_method()
@in_place
def ge(input: Tensor, other: Any) -> Tensor:
    """Tell where ``input`` is at least ``other``.

    Example:
        >>> import tatami
        >>> tatami.ge(tatami.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    return wrap(kernels.ge(*arrays(input, other)))


operators(eq="eq", ne="ne", lt="lt", le="le", gt="gt", ge="ge")
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
also("ne", "not_equal")
also("lt", "less")
also("le", "less_equal")
also("gt", "greater")
also("ge", "greater_equal")


@public
@tensor_method()
def equal(input: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors have the same size and the same elements.

    Example:
        >>> import tatami
        >>> tatami.equal(tatami.tensor([1, 2]), tatami.tensor([1, 2]))
        True
    """
    if input._array.shape != other._array.shape:
        return False
    return bool(kernels.eq(*arrays(input, other)).all())


@public
@tensor_method()
def isclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Tell where |input - other| is at most atol + rtol |other|.

    Args:
        input: tensor of any shape.
        other: tensor of the same type whose shape stretches to that of ``input``.
        rtol: allowed difference relative to ``other``.
        atol: allowed absolute difference.
        equal_nan: count two NaNs as close.

    Raises:
        RuntimeError: types differ, or a tolerance is negative.

    Example:
        >>> import tatami
        >>> tatami.isclose(tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 2.1]))
        tensor([ True, False])
    """
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(
            f"{type_name(input.dtype)} did not match {type_name(other.dtype)}"
        )
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(
                f"{name} must be greater than or equal to zero, but got {value:g}"
            )
    x, y = arrays(input, other)
    close = kernels.eq(x, y)
    if equal_nan and x.dtype.kind == "f":
        both = kernels.logical_and(kernels.isnan(x), kernels.isnan(y))
        close = kernels.logical_or(close, both)
    if rtol == 0 and atol == 0:
        return wrap(close)
    near = kernels.isclose(x, y, rtol, atol)
    return wrap(kernels.logical_or(close, near))


@public
@tensor_method()
def allclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Tell whether all elements of two tensors are close; see ``isclose``.

    Example:
        >>> import tatami
        >>> tatami.allclose(tatami.tensor([1.0]), tatami.tensor([1.0 + 1e-7]))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def _whole(input: Tensor, answer: bool) -> Tensor:
    """Return the answer for every element, where all numbers are finite."""
    return wrap(kernels.full(input._array.shape, answer, dtypes.bool.numpy))


@public
@tensor_method()
def isnan(input: Tensor) -> Tensor:
    """Tell which elements are NaN.

    Example:
        >>> import tatami
        >>> tatami.isnan(tatami.tensor([1.0, float("nan")]))
        tensor([False,  True])
    """
    if input._array.dtype.kind != "f":
        return _whole(input, False)
    return wrap(kernels.isnan(input._array))


@public
@tensor_method()
def isinf(input: Tensor) -> Tensor:
    """Tell which elements are infinite.

    Example:
        >>> import tatami
        >>> tatami.isinf(tatami.tensor([1.0, -float("inf")]))
        tensor([False,  True])
    """
    if input._array.dtype.kind != "f":
        return _whole(input, False)
    return wrap(kernels.isinf(input._array))


@public
@tensor_method()
def isfinite(input: Tensor) -> Tensor:
    """Tell which elements are neither infinite nor NaN.

    Example:
        >>> import tatami
        >>> tatami.isfinite(tatami.tensor([1.0, float("nan")]))
        tensor([ True, False])
    """
    if input._array.dtype.kind != "f":
        return _whole(input, True)
    return wrap(kernels.isfinite(input._array))


@public
@tensor_method()
def isposinf(input: Tensor) -> Tensor:
    """Tell which elements are plus infinity.

    Example:
        >>> import tatami
        >>> tatami.isposinf(tatami.tensor([float("inf"), -float("inf")]))
        tensor([ True, False])
    """
    return eq(input, float("inf"))


@public
@tensor_method()
def isneginf(input: Tensor) -> Tensor:
    """Tell which elements are minus infinity.

    Example:
        >>> import tatami
        >>> tatami.isneginf(tatami.tensor([float("inf"), -float("inf")]))
        tensor([False,  True])
    """
    return eq(input, -float("inf"))


@public
@tensor_method()
def isreal(input: Tensor) -> Tensor:
    """Tell which elements are real numbers: all of them.

    Example:
        >>> import tatami
        >>> tatami.isreal(tatami.tensor([1.0, 2.0]))
        tensor([True, True])
    """
    return _whole(input, True)


def as_bool(tensor: Tensor) -> Tensor:
    """Return where the elements are not zero."""
    return cast(tensor, dtypes.bool)
