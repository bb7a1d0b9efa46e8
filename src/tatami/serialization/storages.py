"""Storages: the memory behind tensors, as files know it."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np

from .. import dtypes
from ..nn.parameter import Buffer, Parameter
from ..tensor import Tensor, rebuild, wrap

__all__ = ["KINDS", "REBUILD", "Kind", "Storage", "locate"]

_NAMES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
    "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}  # fmt: skip
_FOREIGN = ("BFloat16", "ComplexFloat", "ComplexDouble", "ComplexHalf", "QInt8",
            "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")  # fmt: skip


class Kind:
    """The type of a storage: its name in files and its NumPy type, if there is one."""

    __slots__ = ("name", "numpy")

    def __init__(self, name: str, numpy: Any) -> None:
        self.name = name
        self.numpy = numpy

    def require(self) -> Any:
        """Return the NumPy type.

        Raises:
            RuntimeError: numbers of this type can't be held.
        """
        if self.numpy is None:
            kind = self.name.removesuffix("Storage")
            raise RuntimeError(
                f"the file holds {kind} numbers, which tatami has no type for. In "
                "PyTorch, convert the tensors first, as in "
                "`{name: tensor.float() for name, tensor in state_dict.items()}`"
            )
        return self.numpy


KINDS = {name: Kind(name, np.dtype(kind)) for name, kind in _NAMES.items()}
KINDS.update({f"{name}Storage": Kind(f"{name}Storage", None) for name in _FOREIGN})
_BY_NUMPY = {
    kind.numpy: kind for kind in KINDS.values() if kind.name != "UntypedStorage"
}


class Storage:
    """Bytes of a file that tensors are made around."""

    __slots__ = ("data", "kind")

    def __init__(self, data: np.ndarray, kind: Kind) -> None:
        self.data = data
        self.kind = kind


def address(array: np.ndarray) -> int:
    """Return where the first element of an array lies in memory."""
    return int(array.__array_interface__["data"][0])


def _is_dense(array: np.ndarray) -> bool:
    """Tell whether the elements fill a piece of memory, in whatever order."""
    expected = array.itemsize
    for step, n in sorted(zip(array.strides, array.shape, strict=True)):
        if n == 1:
            continue
        if step != expected:
            return False
        expected *= n
    return True


def locate(tensor: Tensor) -> tuple[np.ndarray, Kind, int, tuple[int, ...]]:
    """Return the memory of a tensor and where in it the elements are.

    Returns:
        the array that owns the memory, the kind of storage, and the tensor's offset and
        strides in elements. A tensor that shows its memory in a way files can't say is
        copied.
    """
    array = tensor._array
    kind = _BY_NUMPY[dtypes.of(array).numpy]
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    step = array.itemsize
    offset = address(array) - address(root)
    plain = (
        root.size > 0 and array.size > 0 and _is_dense(root) and offset % step == 0
        and all(s >= 0 and s % step == 0 for s in array.strides)
        and array.dtype.isnative and root.nbytes % step == 0
    )  # fmt: skip
    if not plain:
        root = array = np.array(array, array.dtype.newbyteorder("="), order="C")
        offset = 0
    if array.size == 0:
        return root, kind, 0, _row_strides(tensor._array.shape)
    return root, kind, offset // step, tuple(s // step for s in array.strides)


def _row_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(
        math.prod(max(n, 1) for n in shape[i + 1 :]) for i in range(len(shape))
    )


def as_bytes(root: np.ndarray) -> np.ndarray:
    """Return the memory of a dense array as a row of bytes."""
    row = np.lib.stride_tricks.as_strided(root, (root.size,), (root.itemsize,))
    return row.view(np.uint8)


def _around(storage: Any, offset: Any, size: Any, stride: Any, kind: Any) -> Tensor:
    """Make a tensor that shows part of a storage."""
    if not isinstance(storage, Storage):
        raise ValueError(f"expected a storage, but got {type(storage).__name__}")
    numbers = (offset, *size, *stride)
    if not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise ValueError(f"offset, sizes and strides must not be negative: {numbers}")
    if len(size) != len(stride):
        raise ValueError(f"{len(size)} sizes, but {len(stride)} strides")
    step = kind.itemsize
    strides = tuple(s * step for s in stride)
    array = np.ndarray(tuple(size), kind, storage.data, offset * step, strides)
    return wrap(array)


def rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """Make a tensor as the first versions of the format wrote it."""
    return _around(storage, offset, size, stride, storage.kind.require())


def rebuild_tensor_v2(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any,
    backward_hooks: Any, metadata: Any = None,
) -> Tensor:  # fmt: skip
    """Make a tensor; hooks are not kept in files."""
    tensor = rebuild_tensor(storage, offset, size, stride)
    tensor._requires_grad = bool(requires_grad) and tensor.is_floating_point()
    return tensor


def rebuild_tensor_v3(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any,
    backward_hooks: Any, dtype: Any, metadata: Any = None,
) -> Tensor:  # fmt: skip
    """Make a tensor whose type is given beside an untyped storage."""
    tensor = _around(storage, offset, size, stride, dtypes.parse(dtype).numpy)
    tensor._requires_grad = bool(requires_grad) and tensor.is_floating_point()
    return tensor


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Tensor:
    """Make a parameter."""
    return Parameter(data, bool(requires_grad))


def rebuild_parameter_with_state(
    data: Any, requires_grad: Any, backward_hooks: Any, state: Any
) -> Tensor:
    """Make a parameter with attributes."""
    return _with_attributes(Parameter(data, bool(requires_grad)), state)


def rebuild_from_type_v2(function: Any, kind: Any, args: Any, state: Any) -> Tensor:
    """Make a tensor of a subclass, or one with attributes."""
    if function not in REBUILD.values():
        raise ValueError(f"{function!r} does not make tensors")
    tensor: Tensor = function(*args)
    if isinstance(kind, type) and issubclass(kind, Tensor) and type(tensor) is not kind:
        tensor = rebuild(kind, tensor._array, tensor._requires_grad, {})
    return _with_attributes(tensor, state)


def _with_attributes(tensor: Tensor, state: Any) -> Tensor:
    """Set the attributes a user has given; those of the package begin with ``_``."""
    if isinstance(state, tuple):
        state = state[0] or {}
    for name, value in (state or {}).items():
        if not name.startswith("_"):
            setattr(tensor, name, value)
    return tensor


REBUILD: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): rebuild_tensor_v3,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type_v2,
}
CLASSES: dict[tuple[str, str], Any] = {
    ("torch", "Tensor"): Tensor,
    ("torch._tensor", "Tensor"): Tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
    ("torch.nn.parameter", "Buffer"): Buffer,
    ("collections", "OrderedDict"): OrderedDict,
}
