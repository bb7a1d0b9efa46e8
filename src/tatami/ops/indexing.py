"""Square brackets: views by numbers and slices, copies by tensors, and writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, type_name, unbroadcast
from .inplace import in_place, update

__all__ = ["index_put", "narrow", "select"]


class Slice(Operation):
    """Look at part of a tensor: ``where`` is an index of slices and numbers."""

    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, where: Any) -> np.ndarray:
        ctx.shape, ctx.where = array.shape, where
        return array[where]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Placed.apply(grad_output, ctx.shape, ctx.where)


class Select(Slice):
    pass


class Alias(Slice):
    pass


class Placed(Operation):
    """Put a tensor into zeros at ``where``: the way back of a view."""

    node_name = "SliceBackwardBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, shape: Any, where: Any) -> np.ndarray:
        ctx.where = where
        out = kernels.full(shape, 0, array.dtype)
        kernels.assign(out[where], array)
        return out

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Slice.apply(grad_output, ctx.where)


def _before(dim: int) -> tuple[slice, ...]:
    return (slice(None),) * dim


@tensor_method()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Take one place along a dimension, sharing memory.

    Args:
        input: tensor with at least one dimension.
        dim: dimension that goes away.
        index: which place; negative numbers count from the end.

    Raises:
        IndexError: there is no such place.

    Example:
        >>> import tatami
        >>> tatami.select(tatami.tensor([[1, 2], [3, 4]]), 0, 1)
        tensor([3, 4])
    """
    if input._array.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    place = size.normalize_dim(dim, input._array.ndim)
    length = input._array.shape[place]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size "
            f"{list(input.shape)} at dimension {place}"
        )
    return Select.apply(input, (*_before(place), int(index), Ellipsis))


@tensor_method()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Take ``length`` places along a dimension from ``start``, sharing memory.

    Raises:
        RuntimeError: the range leaves the tensor.

    Example:
        >>> import tatami
        >>> tatami.narrow(tatami.arange(5), 0, 1, 3)
        tensor([1, 2, 3])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    first, extent = int(start), input._array.shape[place]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -extent <= first <= extent:
        raise IndexError(
            f"start out of range (expected to be in range of [-{extent}, {extent}], "
            f"but got {first})"
        )
    first += extent if first < 0 else 0
    if first + length > extent:
        raise RuntimeError(
            f"start ({first}) + length ({length}) exceeds dimension size ({extent})."
        )
    where = (*_before(place), slice(first, first + length))
    return Slice.apply(input, where)


class Index(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, *indices: Any) -> np.ndarray:
        ctx.shape, ctx.indices = array.shape, indices
        return kernels.take(array, _numpy_index(indices))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        zeros = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return IndexPut.apply(zeros, grad_output, True, *ctx.indices)


def _numpy_index(indices: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([slice(None) if index is None else index for index in indices])


class IndexPut(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, values: np.ndarray, accumulate: bool, *indices: Any
    ) -> np.ndarray:
        ctx.shape, ctx.accumulate, ctx.indices = values.shape, accumulate, indices
        return kernels.put(array, _numpy_index(indices), values, accumulate)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        kept = written = None
        if ctx.needs_input_grad[0]:
            kept = grad_output
            if not ctx.accumulate:
                zero = wrap(np.zeros((), grad_output._array.dtype))
                kept = IndexPut.apply(grad_output, zero, False, *ctx.indices)
        if ctx.needs_input_grad[1]:
            written = unbroadcast(Index.apply(grad_output, *ctx.indices), ctx.shape)
        return kept, written


def _as_index(value: Any, position: int) -> np.ndarray:
    """Return what stands between brackets as an array of numbers or truth values."""
    if isinstance(value, (float, str, dict)):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte "
            f"Variables are valid indices (got {type(value).__name__})"
        )
    array = value._array if isinstance(value, Tensor) else np.asarray(value)
    if array.size == 0 and not isinstance(value, (Tensor, np.ndarray)):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise IndexError(
            "tensors used as indices must be long, int, byte or bool tensors"
        )
    return array.astype(bool) if array.dtype == np.uint8 else array


def _check_mask(mask: np.ndarray, shape: tuple[int, ...], dim: int) -> None:
    for i, length in enumerate(mask.shape):
        if dim + i >= len(shape) or shape[dim + i] != length:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {i} does not match "
                f"the shape of the indexed tensor {list(shape)} at index {dim + i}"
            )


def _span(item: Any) -> int:
    """Return how many dimensions one entry of an index uses up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, (Tensor, np.ndarray)):
        array = item._array if isinstance(item, Tensor) else item
        return array.ndim if array.dtype.name in ("bool", "uint8") else 1
    if isinstance(item, (list, tuple)):
        array = np.asarray([x.item() if isinstance(x, Tensor) else x for x in item])
        return array.ndim if array.dtype == bool else 1
    return 1


def _entries(index: Any, rank: int) -> list[Any]:
    """Return the entries of an index, with ... replaced by full slices."""
    items = list(index) if isinstance(index, tuple) else [index]
    used = sum(map(_span, items))
    if used > rank:
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    places = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if places:
        items[places[0] : places[0] + 1] = [slice(None)] * (rank - used)
    return items


def _number(item: Any) -> Any:
    """Return an entry that is a whole number as one, anything else as it is."""
    if isinstance(item, bool) or item is None or isinstance(item, slice):
        return item
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, Tensor) and item._array.ndim == 0:
        return (
            int(item._array)
            if item._array.dtype.kind in "iu" and (item._array.dtype != np.uint8)
            else item
        )
    return item


def _sliced(tensor: Tensor, item: slice, dim: int) -> Tensor:
    parts = [None if x is None else int(x) for x in (item.start, item.stop, item.step)]
    step = 1 if parts[2] is None else parts[2]
    if step <= 0:
        raise ValueError("step must be greater than zero")
    length = tensor._array.shape[dim]
    start, stop, _ = slice(*parts).indices(length)
    if (start, stop, step) == (0, length, 1):
        return tensor
    where = (*_before(dim), slice(start, max(start, stop), step))
    return Slice.apply(tensor, where)


def _parsed(tensor: Tensor, index: Any) -> tuple[Tensor, list[Any]]:
    """Apply the numbers, slices and Nones; return the view and the arrays left over."""
    view, dim = tensor, 0
    left: list[Any] = []
    for entry in _entries(index, tensor._array.ndim):
        item = _number(entry)
        if item is None:
            view = view.unsqueeze(dim)
        elif isinstance(item, slice):
            view = _sliced(view, item, dim)
        elif isinstance(item, int) and not isinstance(item, bool):
            view = _selected(view, item, dim)
            continue
        else:
            view, arrays = _arrays(view, item, dim)
            left += [None] * (dim - len(left)) + arrays
            dim += len(arrays) - 1
        dim += 1
    return view, left


def _selected(view: Tensor, index: int, dim: int) -> Tensor:
    length = view._array.shape[dim]
    if not -length <= index < length:
        raise IndexError(
            f"index {index} is out of bounds for dimension {dim} with size {length}"
        )
    return Select.apply(view, (*_before(dim), index, Ellipsis))


def _arrays(view: Tensor, item: Any, dim: int) -> tuple[Tensor, list[np.ndarray]]:
    """Return index arrays for the dimensions one entry covers."""
    if isinstance(item, (list, tuple)):
        item = [x.item() if isinstance(x, Tensor) else x for x in item]
    array = _as_index(item, dim)
    if array.dtype != bool:
        _check_range(array, view._array.shape[dim], dim)
        return view, [array]
    if array.ndim == 0:
        view = view.unsqueeze(dim)
        return view, [np.zeros(int(array), np.int64)]
    _check_mask(array, view._array.shape, dim)
    return view, list(np.nonzero(array))


def _check_range(array: np.ndarray, length: int, dim: int) -> None:
    if array.size and (array.min() < -length or array.max() >= length):
        wrong = array[(array < -length) | (array >= length)].flat[0]
        raise IndexError(
            f"index {wrong} is out of bounds for dimension {dim} with size {length}"
        )


@tensor_method("__getitem__")
def _getitem(self: Tensor, index: Any) -> Tensor:
    """Return part of a tensor: a view for numbers and slices, else a copy."""
    view, arrays = _parsed(self, index)
    if arrays:
        return Index.apply(view, *arrays)
    if view is self:
        return Alias.apply(self, (Ellipsis,))
    return view


class CopyInto(Operation):
    """Overwrite all of a tensor: the gradient goes to what was written."""

    node_name = "CopyBackwards"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, values: np.ndarray) -> np.ndarray:
        ctx.shape = values.shape
        out = kernels.full(array.shape, 0, array.dtype)
        kernels.assign(out, values)
        return out

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        zeros = None
        if ctx.needs_input_grad[0]:
            zeros = grad_output * 0
        return zeros, unbroadcast(grad_output, ctx.shape)


def overwrite(target: Tensor, values: Tensor) -> Tensor:
    """Write values, stretched and cast as needed, into all of a tensor."""
    if values._array.shape != target._array.shape:
        values.expand(target._array.shape)
    values = cast(values, target.dtype)
    return update(target, lambda original: CopyInto.apply(original, values))


def _as_values(value: Any, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return cast(value, like.dtype)
    with np.errstate(all="ignore"):
        return wrap(np.asarray(value).astype(like._array.dtype))


def _without_leading_ones(values: Tensor, rank: int) -> Tensor:
    while values._array.ndim > rank and values._array.shape[0] == 1:
        values = values.squeeze(0)
    return values


@tensor_method("__setitem__")
def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """Write into part of a tensor; values stretch to its shape."""
    view, arrays = _parsed(self, index)
    values = _as_values(value, self)
    if not arrays:
        target = view if view is not self else Alias.apply(self, (Ellipsis,))
        overwrite(target, _without_leading_ones(values, target._array.ndim))
        return
    if isinstance(value, Tensor) and value._array.ndim:
        _check_types(self, value)
    _check_values(view, arrays, values)
    update(view, lambda original: IndexPut.apply(original, values, False, *arrays))


def _check_types(input: Tensor, values: Tensor) -> None:
    if values._array.dtype != input._array.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{type_name(input.dtype)} for the destination and "
            f"{type_name(values.dtype)} for the source."
        )


def _check_values(view: Tensor, arrays: list[Any], values: Tensor) -> None:
    place = _numpy_index(arrays)
    shape = np.broadcast_to(np.empty((), bool), view._array.shape)[place].shape
    own = values._array.shape
    rows = zip(reversed(own), reversed(shape), strict=False)
    extra = own[: max(len(own) - len(shape), 0)]
    if any(n != 1 for n in extra) or any(n not in (1, m) for n, m in rows):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(own)} cannot be broadcast to "
            f"indexing result of shape {list(shape)}"
        )


@tensor_method()
@in_place
def index_put(
    input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Write values at the places that index tensors name.

    Args:
        input: tensor of any shape.
        indices: one integer or bool tensor (or None for all) for each dimension.
        values: stretches to the shape the index tensors have together.
        accumulate: add to what is there instead, also several times.

    Raises:
        IndexError: a place is outside the tensor.

    Example:
        >>> import tatami
        >>> where = (tatami.tensor([0, 0]),)
        >>> tatami.index_put(tatami.zeros(2), where, tatami.ones(2), accumulate=True)
        tensor([2., 0.])
    """
    places: list[Any] = []
    for item in indices:
        if item is None:
            places.append(None)
        else:
            places += _arrays(input, item, len(places))[1]
    _check_types(input, values)
    _check_values(input, places, values)
    return IndexPut.apply(input, values, accumulate, *places)
