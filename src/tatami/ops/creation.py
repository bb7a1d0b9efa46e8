"""Making tensors from data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..device import require_cpu
from ..tensor import Tensor, tensor_method
from .filled import finish, full

__all__ = [
    "as_tensor",
    "asarray",
    "from_dlpack",
    "from_numpy",
    "frombuffer",
    "scalar_tensor",
    "tensor",
]


def _inferred(data: Any, dtype: Any = None) -> np.ndarray:
    """Return data as an array; Python floats get the default type, if none is given."""
    if isinstance(data, Tensor):
        return data.detach()._array
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        dtypes.of(array)
        return array
    plain = _plain(data)
    try:
        array = np.array(plain)
    except ValueError:
        raise ValueError(_ragged(plain)) from None
    if array.dtype.kind == "O" or array.dtype.kind in "US":
        raise TypeError(_foreign(plain))
    if array.dtype.kind == "f" and dtype is None and not _has_numpy(data):
        return array.astype(dtypes.get_default_dtype().numpy)
    if array.size == 0:
        return array.astype(dtypes.get_default_dtype().numpy)
    dtypes.of(array)
    return array


def _plain(data: Any) -> Any:
    """Turn tensors nested in lists into what NumPy can stack."""
    if isinstance(data, (list, tuple)):
        return [_plain(entry) for entry in data]
    return data.detach()._array if isinstance(data, Tensor) else data


def _has_numpy(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic, Tensor))


def _ragged(data: Any, depth: int = 0) -> str:
    """Say at which depth the lengths of nested sequences differ."""
    rows = [row for row in data if isinstance(row, (list, np.ndarray))]
    for row in rows:
        if len(rows) == len(data) and len(row) != len(rows[0]):
            return (
                f"expected sequence of length {len(rows[0])} at dim {depth + 1} "
                f"(got {len(row)})"
            )
    for row in rows:
        found = _ragged(row, depth + 1) if isinstance(row, list) else ""
        if found:
            return found
    return (
        "only one element tensors can be converted to Python scalars" if (rows) else ""
    )


def _foreign(data: Any) -> str:
    while isinstance(data, list) and data:
        data = next((d for d in data if not isinstance(d, (int, float))), data[0])
    if isinstance(data, str):
        return "new(): invalid data type 'str'"
    return f"Could not infer dtype of {type(data).__name__}"


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Copy data into a new tensor.

    Args:
        data: number, nested sequences, NumPy array or tensor.
        dtype: type of the elements; found from the data if left out.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        ValueError: nested sequences differ in length.
        TypeError: the data are not numbers.

    Example:
        >>> import tatami
        >>> tatami.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    array = _inferred(data, dtype)
    kind = array.dtype if dtype is None else dtypes.parse(dtype).numpy
    with np.errstate(all="ignore"):
        copied = np.array(array, dtype=kind, order="C")
    return finish(copied, device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return data as a tensor, sharing memory where the type is right.

    Example:
        >>> import numpy, tatami
        >>> tatami.as_tensor(numpy.zeros(2))
        tensor([0., 0.], dtype=torch.float64)
    """
    require_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        shared = from_numpy(data)
        return shared if dtype is None else shared.to(dtype)
    return tensor(data, dtype=dtype)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """Make a tensor that shares memory with a NumPy array.

    Raises:
        TypeError: the argument is no array, or of a type tensors can't have.

    Example:
        >>> import numpy, tatami
        >>> tatami.from_numpy(numpy.arange(3))
        tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. "
            "Conversion between byte orders is currently not supported."
        )
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors "
            "with negative strides are not currently supported. (You can probably "
            "work around this by making a copy of your array  with array.copy().) "
        )
    dtypes.of(ndarray)
    return finish(ndarray if type(ndarray) is np.ndarray else np.asarray(ndarray))


def from_dlpack(
    ext_tensor: Any, *, device: Any = None, copy: bool | None = None
) -> Tensor:
    """Make a tensor that shares memory with an object that speaks DLPack.

    Args:
        ext_tensor: an array of another library.
        device: must be the CPU.
        copy: True to copy.

    Example:
        >>> import numpy, tatami
        >>> tatami.from_dlpack(numpy.arange(3))
        tensor([0, 1, 2])
    """
    require_cpu(device)
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.clone() if copy else ext_tensor.detach()
    array = np.from_dlpack(ext_tensor)
    return finish(array.copy() if copy else array)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of one dimension that shares memory with a buffer.

    Args:
        buffer: an object with the buffer protocol.
        dtype: type of the elements.
        count: how many elements; as many as there are if left out.
        offset: bytes to pass over.
        requires_grad: record operations on the tensor.

    Raises:
        ValueError: the buffer is too short.

    Example:
        >>> import tatami
        >>> tatami.frombuffer(bytearray([1, 2]), dtype=tatami.uint8)
        tensor([1, 2], dtype=torch.uint8)
    """
    kind = dtypes.parse(dtype).numpy
    length = memoryview(buffer).nbytes
    if length == 0 or count == 0:
        raise ValueError(
            f"both buffer length ({length}) and count ({count}) must not be 0"
        )
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer "
            f"length ({length} bytes) minus 1"
        )
    if count > 0 and offset + count * kind.itemsize > length:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset "
            f"({offset} bytes) must not be greater than actual buffer length ({length} "
            "bytes)"
        )
    return finish(np.frombuffer(buffer, kind, count, offset), None, requires_grad)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return data as a tensor, sharing memory where the type is right.

    Args:
        obj: tensor, NumPy array, number or nested sequences of numbers.
        dtype: type of the elements.
        device: must be the CPU.
        copy: True to copy always, False to refuse to copy.
        requires_grad: record operations on the tensor.

    Raises:
        ValueError: ``copy`` is False and the data can't be shared.

    Example:
        >>> import tatami
        >>> tatami.asarray([1, 2])
        tensor([1, 2])
    """
    result = as_tensor(obj, dtype, device)
    shares = isinstance(obj, (Tensor, np.ndarray)) and np.shares_memory(
        result._array, obj._array if isinstance(obj, Tensor) else obj
    )
    if copy and shares:
        result = result.clone()
    if copy is False and not shares:
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    return result.requires_grad_() if requires_grad else result


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor without dimensions from a number, of the default type.

    Example:
        >>> import tatami
        >>> tatami.scalar_tensor(3)
        tensor(3.)
    """
    kind = dtypes.get_default_dtype() if dtype is None else dtype
    return full((), s, dtype=kind, device=device, requires_grad=requires_grad)


@tensor_method("new_tensor")
def _new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Copy data into a new tensor, of the type of this one."""
    kind = self.dtype if dtype is None else dtype
    return tensor(data, dtype=kind, device=device, requires_grad=requires_grad)
