"""Making tensors: from data, from a value, from a pattern."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd import grad_mode
from ..device import require_cpu
from ..tensor import Tensor, wrap
from .movement import as_shape

__all__ = ["arange", "as_tensor", "from_numpy", "full", "ones", "tensor", "zeros"]


def finish(array: np.ndarray, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Wrap a fresh array as a leaf."""
    if device is not None:
        require_cpu(device)
    made = wrap(array)
    if requires_grad:
        made.requires_grad_()
    if grad_mode.state.inference:
        made._inference = True
    return made


def kind_of(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy type of a dtype, or of the default one."""
    return (dtypes.get_default_dtype() if dtype is None else dtypes.parse(dtype)).numpy


def check_sizes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes if none of them is negative."""
    for n in shape:
        if n < 0:
            raise RuntimeError(
                "Trying to create tensor with negative dimension "
                f"{n}: {list(shape)}"
            )
    return shape


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
    return "only one element tensors can be converted to Python scalars" if (
        rows
    ) else ""


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


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    layout: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of one value.

    Args:
        size: sizes of the result.
        fill_value: number; decides the type if ``dtype`` is left out.
        dtype: type of the elements.
        device: must be the CPU.
        layout: has no effect; every tensor is dense.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> tatami.full((2,), 7)
        tensor([7, 7])
    """
    if dtype is None:
        dtype = dtypes.of_number(fill_value)
    if isinstance(fill_value, Tensor):
        dtype, fill_value = dtype or fill_value.dtype, fill_value.item()
    shape = check_sizes(as_shape((size,)))
    return finish(kernels.full(shape, fill_value, kind_of(dtype)), device, requires_grad)


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of zeros.

    Example:
        >>> import tatami
        >>> tatami.zeros(2, 3).shape
        torch.Size([2, 3])
    """
    shape = check_sizes(as_shape(size))
    return finish(kernels.full(shape, 0, kind_of(dtype)), device, requires_grad)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of ones.

    Example:
        >>> import tatami
        >>> tatami.ones(2)
        tensor([1., 1.])
    """
    shape = check_sizes(as_shape(size))
    return finish(kernels.full(shape, 1, kind_of(dtype)), device, requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None,
    device: Any = None, layout: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Count from ``start`` up to, but not including, ``end``.

    Args:
        start: first number; with a single argument, the end of a count from 0.
        end: where to stop.
        step: distance between two numbers.
        dtype: type of the elements; int64 if all three are integers.
        device: must be the CPU.
        layout: has no effect; every tensor is dense.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: the step is zero or leads away from the end.

    Example:
        >>> import tatami
        >>> tatami.arange(1, 6, 2)
        tensor([1, 3, 5])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (
        x.item() if isinstance(x, Tensor) else x for x in (start, end, step)
    )
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign"
        )
    if dtype is None:
        whole = all(isinstance(x, (int, np.integer)) for x in (start, end, step))
        dtype = dtypes.int64 if whole else None
    kind = kind_of(dtype)
    count = int(np.ceil((end - start) / step))
    numbers = start + np.arange(count) * step
    return finish(np.asarray(numbers).astype(kind), device, requires_grad)
