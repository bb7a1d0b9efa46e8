"""The door: arguments of operations made uniform, and checked, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, wrap

__all__ = [
    "as_ints",
    "broadcastable",
    "cast",
    "operands",
    "require_tensor",
    "result_type",
    "same_type",
    "type_name",
    "unbroadcast",
]

Number = bool | int | float
_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long",
    "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


def type_name(kind: dtypes.dtype) -> str:
    """Return the word PyTorch's errors have for a type, such as ``Float``."""
    return _NAMES[kind.name]


def require_tensor(function: str, name: str, position: int, value: Any) -> Tensor:
    """Return ``value`` if it is a tensor.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, Tensor):
        return value
    raise TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )


class ToCopy(Operation):
    """Copy into another type; the gradient comes back in the old one."""

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, kind: Any) -> np.ndarray:
        ctx.kind = dtypes.of(array)
        return kernels.cast(array, kind)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return cast(grad_output, ctx.kind)


def cast(tensor: Tensor, kind: dtypes.dtype) -> Tensor:
    """Return the tensor in type ``kind``, itself if it has that type already."""
    if tensor._array.dtype == kind.numpy:
        return tensor
    return ToCopy.apply(tensor, kind.numpy)


def result_type(*values: Any) -> dtypes.dtype:
    """Return the type arithmetic between tensors and numbers gives.

    Example:
        >>> import tatami
        >>> tatami.result_type(tatami.tensor([1, 2]), 1.5)
        torch.float32
    """
    found: list[dtypes.dtype | None] = [None, None, None]
    for value in values:
        if isinstance(value, Tensor):
            slot, kind = (0 if value._array.ndim else 1), value.dtype
        else:
            slot, kind = 2, dtypes.of_number(value)
        known = found[slot]
        found[slot] = kind if known is None else dtypes.promote_types(known, kind)
    return dtypes.combine(*found)


def operands(a: Any, b: Any) -> tuple[Any, Any]:
    """Return both operands in one type, with shapes known to stretch to each other.

    A Python number stays a number; at least one operand is a tensor.
    """
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        x, y = a._array, b._array
        if x.dtype is not y.dtype and x.dtype != y.dtype:
            kind = result_type(a, b)
            a, b = cast(a, kind), cast(b, kind)
        if x.shape != y.shape:
            size.broadcast(x.shape, y.shape)
        return a, b
    if isinstance(a, Tensor):
        return _with_number(a, b)
    b, a = _with_number(b, a)
    return a, b


def _with_number(tensor: Tensor, value: Any) -> tuple[Any, Any]:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (int, float)):
        if not isinstance(tensor, Tensor) or not isinstance(value, np.ndarray):
            raise TypeError(
                "unsupported operand type(s): "
                f"'{type(tensor).__name__}' and '{type(value).__name__}'"
            )
        return operands(tensor, wrap(value))
    kind = tensor._array.dtype.kind
    if kind == "f":
        return tensor, value
    wanted = result_type(tensor, value)
    if wanted.category == 1 and not isinstance(value, bool):
        value = _wrap_around(int(value), wanted)
    return cast(tensor, wanted), value


def _wrap_around(value: int, kind: dtypes.dtype) -> int:
    limits = dtypes.iinfo(kind)
    if limits.min <= value <= limits.max:
        return value
    return (value - limits.min) % 2**limits.bits + limits.min


def same_type(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors in the type that holds them all."""
    first = tensors[0]._array.dtype
    if all(tensor._array.dtype == first for tensor in tensors):
        return list(tensors)
    kind = result_type(*tensors)
    return [cast(tensor, kind) for tensor in tensors]


def broadcastable(tensor: Tensor, shape: Sequence[int]) -> bool:
    """Tell whether a tensor stretches to exactly this shape."""
    own = tensor._array.shape
    rows = zip(reversed(own), reversed(shape), strict=False)
    return len(own) <= len(shape) and all(n in (1, m) for n, m in rows)


def unbroadcast(gradient: Tensor, shape: tuple[int, ...] | None) -> Any:
    """Sum a gradient over the dimensions along which its input was stretched."""
    if shape is None:
        return None
    own = gradient._array.shape
    if own == shape:
        return gradient
    extra = len(own) - len(shape)
    dims = [*range(extra)]
    dims += [extra + i for i, n in enumerate(shape) if n == 1 and own[extra + i] != 1]
    if dims:
        gradient = gradient.sum(dims, keepdim=True)
    return gradient.view(shape) if extra else gradient


def as_ints(value: Any, count: int, name: str, function: str) -> tuple[int, ...]:
    """Return an int, or one int for each of ``count`` dimensions, as a tuple.

    Raises:
        RuntimeError: there are neither one nor ``count`` of them.
    """
    if isinstance(value, Iterable):
        entries = tuple(int(v) for v in value)
        if len(entries) == 1:
            return entries * count
        if len(entries) != count:
            raise RuntimeError(
                f"{function}: {name} must be one int or {count} ints, but got "
                f"{name}={list(entries)}"
            )
        return entries
    return (int(value),) * count
