"""Data types: PyTorch's names over NumPy's, and the promotion rules between them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "bool",
    "double",
    "dtype",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "set_default_dtype",
    "short",
    "uint8",
]

_python_bool = bool
_python_int = int
_python_float = float


class dtype:
    """Name the type of the elements of a tensor, such as ``tatami.float32``.

    Example:
        >>> import tatami
        >>> tatami.float32.itemsize, tatami.float32.is_floating_point
        (4, True)
    """

    __slots__ = ("_rank", "category", "is_floating_point", "itemsize", "name", "numpy")

    def __init__(self, name: str, category: _python_int, rank: _python_int) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.category = category
        self.is_floating_point = category == 2
        self._rank = rank

    @property
    def is_complex(self) -> _python_bool:
        """Tell whether the type is complex, which tatami has none of."""
        return False

    @property
    def is_signed(self) -> _python_bool:
        """Tell whether the type can hold negative numbers."""
        return self.name not in ("uint8", "bool")

    def to_real(self) -> dtype:
        """Return the real counterpart, which is the type itself."""
        return self

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return by_name, (self.name,)


bool = dtype("bool", 0, 0)
uint8 = dtype("uint8", 1, 1)
int8 = dtype("int8", 1, 2)
int16 = short = dtype("int16", 1, 3)
int32 = int = dtype("int32", 1, 4)
int64 = long = dtype("int64", 1, 5)
float16 = half = dtype("float16", 2, 6)
float32 = float = dtype("float32", 2, 7)
float64 = double = dtype("float64", 2, 8)

ALL = (bool, uint8, int8, int16, int32, int64, float16, float32, float64)
_BY_NUMBER = {kind.numpy.num: kind for kind in ALL}
_BY_NUMBER[np.dtype(np.longlong).num] = int64
_PYTHON_TYPES: dict[type, dtype] = {
    _python_bool: bool,
    _python_int: int64,
    _python_float: float64,
}


def by_name(name: str) -> dtype:
    """Return the dtype called ``name``."""
    return _BY_NUMBER[np.dtype(name).num]


def of(array: np.ndarray) -> dtype:
    """Return the dtype of a NumPy array."""
    try:
        return _BY_NUMBER[array.dtype.num]
    except KeyError:
        raise TypeError(unsupported(array.dtype)) from None


def unsupported(kind: Any) -> str:
    """Say which NumPy types a tensor can be made of."""
    names = ", ".join(
        ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8"]
    )
    return (
        f"can't convert np.ndarray of type {kind}. "
        f"The only supported types are: {names}, and bool."
    )


def parse(value: Any) -> dtype:
    """Return ``value`` as a dtype; Python's bool, int and float are accepted.

    Raises:
        TypeError: ``value`` names no data type.
    """
    if isinstance(value, dtype):
        return value
    if isinstance(value, type) and value in _PYTHON_TYPES:
        return _PYTHON_TYPES[value]
    raise TypeError(f"expected a dtype such as torch.float32, but got {value!r}")


_default = float32


def get_default_dtype() -> dtype:
    """Return the floating-point type that new tensors have.

    Example:
        >>> import tatami
        >>> tatami.get_default_dtype()
        torch.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the floating-point type that new tensors have.

    Raises:
        TypeError: ``d`` is not a floating-point type.

    Example:
        >>> import tatami
        >>> tatami.set_default_dtype(tatami.float32)
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            "only floating-point types are supported as the default type, "
            f"but got {d!r}"
        )
    _default = d


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Return the smallest type that holds both, by PyTorch's rules.

    Example:
        >>> import tatami
        >>> tatami.promote_types(tatami.int64, tatami.float16)
        torch.float16
    """
    if type1 is type2:
        return type1
    low, high = sorted((type1, type2), key=lambda kind: kind._rank)
    if low is uint8 and high is int8:
        return int16
    return high


def of_number(value: Any) -> dtype:
    """Return the type a Python number stands for in arithmetic."""
    if isinstance(value, _python_bool):
        return bool
    if isinstance(value, _python_int):
        return int64
    return _default


def combine(
    dimensioned: dtype | None, zero_dim: dtype | None, number: dtype | None
) -> dtype:
    """Return the result type of operands of the three priorities.

    A lower priority matters only where its category (bool < integer < floating)
    is higher: ``int_tensor + 1.5`` is floating, ``float16_tensor + float64_scalar``
    stays float16.
    """
    result = None
    for kind in (dimensioned, zero_dim, number):
        if kind is not None and (result is None or kind.category > result.category):
            result = kind
    assert result is not None
    return result


class finfo:
    """Give the limits of a floating-point type.

    Example:
        >>> import tatami
        >>> tatami.finfo(tatami.float32).eps
        1.1920928955078125e-07
    """

    def __init__(self, type: dtype | None = None) -> None:
        kind = _default if type is None else type
        if not kind.is_floating_point:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. "
                f"Use torch.iinfo to handle '{kind.name}'"
            )
        limits: Any = np.finfo(kind.numpy)
        self.dtype = kind.name
        self.bits = kind.itemsize * 8
        self.eps = _python_float(limits.eps)
        self.max = _python_float(limits.max)
        self.min = _python_float(limits.min)
        self.tiny = self.smallest_normal = _python_float(limits.tiny)
        self.resolution = _python_float(limits.resolution)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, "
            f"max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """Give the limits of an integer type.

    Example:
        >>> import tatami
        >>> tatami.iinfo(tatami.int8).max
        127
    """

    def __init__(self, type: dtype) -> None:
        if type.category != 1:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. "
                f"Use torch.finfo to handle '{type.name}'"
            )
        limits = np.iinfo(type.numpy)
        self.dtype = type.name
        self.bits = type.itemsize * 8
        self.max = _python_int(limits.max)
        self.min = _python_int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
