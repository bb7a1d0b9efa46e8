"""What callers may write that an operation need not know of.

NumPy's names of arguments, ``out=``, and the error for what is no tensor.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from .. import kernels
from ..autograd import grad_mode
from ..later import attach
from ..tensor import Tensor, wrap
from .arguments import Number, operands, type_name

__all__: list[str] = []

Public = TypeVar("Public", bound=Callable[..., Any])
_NUMPY_NAMES = {
    "axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input",
    "x2": "other",
}  # fmt: skip


def public(function: Public) -> Public:
    """Let a function take ``out=`` and NumPy's names for its arguments."""
    names = parameters(function)
    foreign = {
        theirs: ours
        for theirs, ours in _NUMPY_NAMES.items()
        if ours in names and theirs not in names
    }
    unknown = frozenset(foreign) | ({"out"} - set(names))

    @functools.wraps(function)
    def door(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not unknown.isdisjoint(kwargs):
            out = kwargs.pop("out", None)
            kwargs = {foreign.get(name, name): x for name, x in kwargs.items()}
            if out is not None:
                return _into(out, function.__name__, door, args, kwargs)
        try:
            return function(*args, **kwargs) if kwargs else function(*args)
        except AttributeError as error:
            if not (error.name or "").startswith("_array"):
                raise
            _refuse(function, args, kwargs, error)
            raise

    return door  # type: ignore[return-value]


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _refuse(
    function: Callable[..., Any], args: Any, kwargs: Any, error: AttributeError
) -> None:
    """Raise PyTorch's error if an argument should have been a tensor."""
    named = zip(parameters(function), args, strict=False)
    for i, (name, value) in enumerate([*named, *kwargs.items()]):
        if value is error.obj and not isinstance(value, Tensor):
            place = f" (position {i + 1})" if i < len(args) else ""
            raise TypeError(
                f"{function.__name__}(): argument '{name}'{place} must be Tensor, "
                f"not {type(value).__name__}"
            ) from None


def tensors_in(values: Iterable[Any]) -> Iterable[Tensor]:
    """Yield the tensors among values and in the sequences among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def _into(
    out: Any, name: str, function: Callable[..., Any], args: Any, kwargs: Any
) -> Any:
    """Put what the function returns into ``out``, a tensor or one for each result."""
    inputs = [*tensors_in((*args, *kwargs.values())), *tensors_in((out,))]
    if grad_mode.state.enabled and any(x.requires_grad for x in inputs):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic "
            "differentiation, but one of the arguments requires grad."
        )
    result = function(*args, **kwargs)
    if isinstance(out, Tensor):
        write(out, result)
        return out
    for target, value in zip(out, result, strict=True):
        write(target, value)
    return type(result)(out)


def write(out: Tensor, result: Tensor) -> None:
    """Put a result into a tensor, which takes its size.

    Raises:
        RuntimeError: the type of the result is of a higher category.
    """
    if result.dtype.category > out.dtype.category:
        raise RuntimeError(
            f"result type {type_name(result.dtype)} can't be cast to the desired "
            f"output type {type_name(out.dtype)}"
        )
    if out._array.shape != result._array.shape:
        if out._array.size:
            warnings.warn(_resized(out, result), UserWarning, stacklevel=4)
        out._array = kernels.cast(result._array, out._array.dtype)
    else:
        kernels.assign(out._array, result._array)
    out._counter[0] += 1


def _resized(out: Tensor, result: Tensor) -> str:
    return (
        "An output with one or more elements was resized since it had shape "
        f"{list(out.shape)}, which does not match the required output shape "
        f"{list(result.shape)}. This behavior is deprecated, and in a future PyTorch "
        "release outputs will not be resized unless they have zero elements. You can "
        "explicitly reuse an out tensor t by resizing it, inplace, to zero elements "
        "with t.resize_(0)."
    )


def arrays(a: Any, b: Any) -> tuple[Any, Any]:
    """Return both operands as arrays of one type, numbers as they are."""
    a, b = operands(a, b)
    return (
        a._array if isinstance(a, Tensor) else a,
        b._array if isinstance(b, Tensor) else b,
    )


def is_number(value: Any) -> bool:
    """Tell whether a value is a number that can stand for a tensor."""
    return isinstance(value, Number)


def dunder(name: str, function: Callable[..., Any]) -> None:
    """Attach an operator to Tensor that leaves foreign operands to their own class."""

    def operator(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            if isinstance(other, (Tensor, int, float)):
                raise
            return NotImplemented

    operator.__name__ = name
    operator.__doc__ = function.__doc__
    attach(Tensor, name, operator)


def operators(**methods: str) -> None:
    """Attach ``__name__`` for each ``name=method`` of Tensor."""
    for name, method in methods.items():
        dunder(f"__{name}__", getattr(Tensor, method))


def also(method: str, *names: str) -> None:
    """Give a method of Tensor, and its in-place form, other names."""
    for name in names:
        attach(Tensor, name, getattr(Tensor, method))
        if hasattr(Tensor, method + "_"):
            attach(Tensor, name + "_", getattr(Tensor, method + "_"))


def swapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of two operands with their places exchanged."""

    def reflected(self: Tensor, other: Any) -> Any:
        return function(other, self)

    reflected.__doc__ = function.__doc__
    return reflected


def refuse_type(kernel: str, tensor: Any, kinds: str) -> None:
    """Refuse a tensor whose NumPy kind is among ``kinds``, as PyTorch's kernels do."""
    if isinstance(tensor, Tensor) and tensor._array.dtype.kind in kinds:
        raise NotImplementedError(
            f"\"{kernel}\" not implemented for '{type_name(tensor.dtype)}'"
        )


def zeros_of(tensor: Tensor) -> Tensor:
    """Return zeros of the shape and type of a tensor."""
    return wrap(kernels.full(tensor._array.shape, 0, tensor._array.dtype))


def check_divisor(kernel: str, dividend: Any, divisor: Any) -> None:
    """Refuse truth values, and integers divided by zero.

    Raises:
        RuntimeError: an integer divisor is zero.
    """
    for operand in (dividend, divisor):
        kind = operand._array.dtype.kind if isinstance(operand, Tensor) else ""
        if kind == "f":
            return
        refuse_type(kernel, operand, "b")
    numbers = divisor._array if isinstance(divisor, Tensor) else np.asarray(divisor)
    if not numbers.all():
        raise RuntimeError("ZeroDivisionError")
