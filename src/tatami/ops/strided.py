"""Views by strides, windows, views of another type, and changes of shape in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, size
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..later import attach
from ..tensor import Tensor, tensor_method, wrap
from .inplace import AsStrided, address, check_writable

__all__ = ["as_strided"]


def _storage(array: np.ndarray) -> np.ndarray:
    """Return the memory an array looks at, as one row of its elements."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not root.flags.c_contiguous or root.dtype != array.dtype:
        return array
    return root.reshape(-1)


@tensor_method()
def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """Look at a tensor's memory with other sizes and strides.

    Args:
        input: tensor of any shape.
        size: wanted sizes.
        stride: how many elements apart neighbours are, along each dimension.
        storage_offset: where to start in memory; where ``input`` starts if left out.

    Raises:
        RuntimeError: the view would leave the memory.

    Example:
        >>> import tatami
        >>> tatami.as_strided(tatami.arange(4), (2, 2), (1, 1))
        tensor([[0, 1],
                [1, 2]])
    """
    storage = _storage(input._array)
    own = (address(input._array) - address(storage)) // input._array.itemsize
    offset = own if storage_offset is None else storage_offset
    reach = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    if 0 not in size and (reach > storage.size or offset < 0):
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset "
            f"{offset}, and itemsize {storage.itemsize} requiring a storage size of "
            f"{reach * storage.itemsize} are out of bounds for storage of size "
            f"{storage.nbytes}"
        )
    start = storage[offset:] if storage.ndim else storage
    return AsStrided.apply(input, start, tuple(size), tuple(stride))


@tensor_method("storage_offset")
def _storage_offset(self: Tensor) -> int:
    """Return where in its memory the tensor starts, in elements."""
    array = self._array
    return (address(array) - address(_storage(array))) // array.itemsize


class Unfold(Operation):
    is_view = True

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, length: int, step: int
    ) -> np.ndarray:
        ctx.shape, ctx.window = array.shape, (dim, length, step)
        count = (array.shape[dim] - length) // step + 1
        shape = (*array.shape[:dim], count, *array.shape[dim + 1 :], length)
        strides = list(array.strides)
        inner = strides[dim]
        strides[dim] *= step
        return np.lib.stride_tricks.as_strided(array, shape, (*strides, inner))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        dim, length, step = ctx.window
        count = grad_output._array.shape[dim]
        total = wrap(np.zeros(ctx.shape, grad_output._array.dtype))
        for i in range(length):
            where = wrap(np.arange(count, dtype=np.int64) * step + i)
            total = total.index_add(dim, where, grad_output.select(-1, i))
        return total


@tensor_method("unfold")
def _unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Look at windows along a dimension; the windows' elements are the last one.

    Example:
        >>> import tatami
        >>> tatami.arange(4).unfold(0, 2, 1)
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
    """
    rank = self._array.ndim
    place = normalize(dimension, rank)
    length = self._array.shape[place] if rank else 1
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {place} is {length} but size is "
            f"{size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if rank == 0:
        return self.reshape(1)[:size] if size else self.reshape(1)[:0]
    return Unfold.apply(self, place, size, step)


def normalize(dim: int, rank: int) -> int:
    """Return a dimension counted from the front."""
    return size.normalize_dim(dim, rank)


@tensor_method("_view_as_type")
def _view_as_type(self: Tensor, kind: Any) -> Tensor:
    """Read the memory as elements of another type."""
    wanted = dtypes.parse(kind)
    if wanted is self.dtype:
        return self.view(self._array.shape)
    own, other = self._array.itemsize, wanted.itemsize
    if own != other:
        _check_last(self, own, other, wanted)
    try:
        view = wrap(self._array.view(wanted.numpy))
    except ValueError as error:
        raise RuntimeError(
            f"self.stride(-1) must be 1 to view {self.dtype} as {wanted} (different "
            f"element sizes), but got {self.stride(-1)}"
        ) from error
    view._counter = self._counter
    return view


def _check_last(tensor: Tensor, own: int, other: int, wanted: dtypes.dtype) -> None:
    if tensor._array.ndim == 0:
        raise RuntimeError(
            f"self.dim() cannot be 0 to view {tensor.dtype} as {wanted} (different "
            "element sizes)"
        )
    last = tensor._array.shape[-1]
    if other > own and last * own % other:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {other // own} to view {tensor.dtype} "
            f"as {wanted} (different element sizes), but got {last}"
        )


_HISTORY = ("_counter", "_node", "_output_nr", "_requires_grad", "_base",
            "_view_version", "_inference")  # fmt: skip


def _reshaped_in_place(name: str) -> None:
    """Attach ``name_``: the tensor itself becomes its own view."""

    def changed(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if self._requires_grad and grad_mode.state.enabled:
            check_writable(self)
        old = wrap(self._array)
        for field in _HISTORY:
            setattr(old, field, getattr(self, field))
        view = getattr(old, name)(*args, **kwargs)
        self._array = view._array
        if view._node is not None:
            self._node, self._output_nr = view._node, view._output_nr
        self._counter[0] += 1
        if self._base is not None:
            self._view_version = self._counter[0]
        return self

    changed.__name__ = name + "_"
    changed.__doc__ = f"Take the shape ``{name}`` gives, in place."
    attach(Tensor, name + "_", changed)


for _name in ("t", "transpose", "squeeze", "unsqueeze", "swapaxes", "swapdims"):
    _reshaped_in_place(_name)


@tensor_method("as_strided_")
def _as_strided_(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Look at the memory with other sizes and strides, in place."""
    self._array = as_strided(self.detach(), *args, **kwargs)._array
    self._counter[0] += 1
    return self


@tensor_method("set_")
def _set_(self: Tensor, source: Tensor) -> Tensor:
    """Share the memory of another tensor from now on."""
    if source._array.dtype != self._array.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source.dtype} to a tensor of type "
            f"{self.dtype}"
        )
    self._array, self._counter = source._array, source._counter
    return self


@tensor_method("resize_")
def _resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Take another shape in place; new elements are not initialised.

    Raises:
        RuntimeError: the tensor requires grad.
    """
    from .movement import as_shape

    if self._requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    shape = as_shape(sizes)
    count = int(np.prod(shape))
    flat = np.empty(count, self._array.dtype)
    kept = min(count, self._array.size)
    flat[:kept] = self._array.reshape(-1)[:kept]
    if count <= self._array.size and self._array.flags.c_contiguous:
        flat = self._array.reshape(-1)[:count]
    self._array = flat.reshape(shape)
    self._counter[0] += 1
    return self


@tensor_method("resize_as_")
def _resize_as_(self: Tensor, other: Tensor, memory_format: Any = None) -> Tensor:
    """Take the shape of another tensor in place."""
    return self.resize_(other.size())
