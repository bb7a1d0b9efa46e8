"""Joining tensors and taking them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import same_type
from .indexing import Placed, Slice

__all__ = [
    "cat",
    "chunk",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "row_stack",
    "split",
    "stack",
    "tensor_split",
    "unbind",
    "vsplit",
    "vstack",
]


def _check_list(function: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, "
            f"not {type(tensors).__name__}"
        )
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got "
                f"{type(tensor).__name__}"
            )
    return list(tensors)


class Cat(Operation):
    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: np.ndarray) -> np.ndarray:
        ctx.dim, ctx.shapes = dim, [array.shape for array in arrays]
        joined = [array for array in arrays if array.shape != (0,)]
        return kernels.concatenate(joined or arrays, dim)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        parts: list[Any] = [None]
        start = 0
        for i, shape in enumerate(ctx.shapes):
            part = None
            skipped = shape == (0,)
            length = 0 if skipped else shape[ctx.dim]
            if ctx.needs_input_grad[i + 1]:
                part = grad_output.narrow(ctx.dim, start, length)
                part = part.reshape(shape) if skipped else part
            parts.append(part)
            start += length
        return tuple(parts)


def _check_cat(tensors: list[Tensor], dim: int) -> int:
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, tensor in enumerate(tensors):
        if tensor._array.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {i}) cannot be concatenated"
            )
    shapes = [t._array.shape for t in tensors if t._array.shape != (0,)] or [(0,)]
    place = size.normalize_dim(dim, len(shapes[0]))
    for i, shape in enumerate(shapes):
        if len(shape) != len(shapes[0]):
            raise RuntimeError(
                "Tensors must have same number of dimensions: got "
                f"{len(shapes[0])} and {len(shape)}"
            )
        for d, (n, m) in enumerate(zip(shapes[0], shape, strict=True)):
            if n != m and d != place:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {place}. "
                    f"Expected size {n} but got size {m} for tensor number {i} in the "
                    "list."
                )
    return place


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Put tensors one after the other along a dimension.

    Args:
        tensors: tensors whose other dimensions are equal.
        dim: dimension to join along.

    Raises:
        RuntimeError: other dimensions differ.

    Example:
        >>> import tatami
        >>> tatami.cat([tatami.zeros(1), tatami.ones(2)])
        tensor([0., 1., 1.])
    """
    given = _check_list("cat", tensors)
    place = _check_cat(given, dim)
    return Cat.apply(place, *same_type(given))


concat = concatenate = cat


class Stack(Operation):
    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: np.ndarray) -> np.ndarray:
        ctx.dim = dim
        where = (*(slice(None),) * dim, None)
        return kernels.concatenate([array[where] for array in arrays], dim)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return None, *grad_output.unbind(ctx.dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Put tensors of one shape beside each other along a new dimension.

    Args:
        tensors: tensors of equal shape.
        dim: where the new dimension goes.

    Raises:
        RuntimeError: shapes differ.

    Example:
        >>> import tatami
        >>> tatami.stack([tatami.zeros(2), tatami.ones(2)])
        tensor([[0., 0.],
                [1., 1.]])
    """
    given = _check_list("stack", tensors)
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = given[0]._array.shape
    for i, tensor in enumerate(given):
        if tensor._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at "
                f"entry 0 and {list(tensor.shape)} at entry {i}"
            )
    place = size.normalize_dim(dim, len(first) + 1)
    return Stack.apply(place, *same_type(given))


def _at_least(rank: int, tensor: Tensor) -> Tensor:
    """Add dimensions as NumPy's stacks do: in front, and behind for the third."""
    if tensor._array.ndim == 0:
        tensor = tensor.reshape(1)
    if rank >= 2 and tensor._array.ndim == 1:
        tensor = tensor.unsqueeze(0)
    if rank == 3 and tensor._array.ndim == 2:
        tensor = tensor.unsqueeze(2)
    return tensor


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join side by side: along dimension 1, or 0 for vectors.

    Example:
        >>> import tatami
        >>> tatami.hstack([tatami.zeros(1), tatami.ones(1)])
        tensor([0., 1.])
    """
    rows = [_at_least(1, t) for t in _check_list("hstack", tensors)]
    return cat(rows, 0 if rows and rows[0]._array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join on top of each other; vectors are rows.

    Example:
        >>> import tatami
        >>> tatami.vstack([tatami.zeros(2), tatami.ones(2)]).shape
        torch.Size([2, 2])
    """
    return cat([_at_least(2, t) for t in _check_list("vstack", tensors)], 0)


row_stack = vstack


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join behind each other, along dimension 2.

    Example:
        >>> import tatami
        >>> tatami.dstack([tatami.zeros(2), tatami.ones(2)]).shape
        torch.Size([1, 2, 2])
    """
    return cat([_at_least(3, t) for t in _check_list("dstack", tensors)], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Join side by side; vectors are columns.

    Example:
        >>> import tatami
        >>> tatami.column_stack([tatami.zeros(2), tatami.ones(2)]).shape
        torch.Size([2, 2])
    """
    given = _check_list("column_stack", tensors)
    columns = [t.reshape(-1, 1) if t._array.ndim <= 1 else t for t in given]
    return hstack(columns)


class Split(Operation):
    is_view = True

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, sections: Any, dim: int
    ) -> tuple[np.ndarray, ...]:
        ctx.shape, before = array.shape, (slice(None),) * dim
        ctx.places, start = [], 0
        for length in sections:
            ctx.places.append((*before, slice(start, start + length)))
            start += length
        return tuple([array[place] for place in ctx.places])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        total = None
        for gradient, place in zip(gradients, ctx.places, strict=True):
            if gradient is not None:
                part = Placed.apply(gradient, ctx.shape, place)
                total = part if total is None else total + part
        return total


class SplitWithSizes(Split):
    pass


@tensor_method()
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Cut a tensor into parts along a dimension, sharing memory.

    Args:
        tensor: tensor with at least one dimension.
        split_size_or_sections: length of a part (the last may be shorter), or the
            lengths of all parts.
        dim: dimension to cut.

    Raises:
        RuntimeError: the lengths don't add up.

    Example:
        >>> import tatami
        >>> tatami.split(tatami.arange(5), 2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if tensor._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    place = size.normalize_dim(dim, tensor._array.ndim)
    extent = tensor._array.shape[place]
    if isinstance(split_size_or_sections, int):
        return Split.apply(tensor, _equal(split_size_or_sections, extent), place)
    sections = [int(n) for n in split_size_or_sections]
    if sum(sections) != extent or any(n < 0 for n in sections):
        raise RuntimeError(
            "split_with_sizes expects split_sizes to sum exactly to "
            f"{extent} (input tensor's size at dimension {dim}), but got "
            f"split_sizes={sections}"
        )
    return SplitWithSizes.apply(tensor, sections, place)


def _equal(length: int, extent: int) -> list[int]:
    if length < 0:
        raise RuntimeError(
            f"split expects split_size be non-negative, but got split_size={length}"
        )
    if length == 0:
        if extent:
            raise RuntimeError(
                "split_size can only be 0 if dimension size is 0, but got dimension "
                f"size of {extent}"
            )
        return [0]
    if extent == 0:
        return [0]
    return [min(length, extent - start) for start in range(0, extent, length)]


@tensor_method("split_with_sizes")
def _split_with_sizes(self: Tensor, split_sizes: Sequence[int], dim: int = 0) -> Any:
    """Cut a tensor into parts of the given lengths."""
    return split(self, list(split_sizes), dim)


@tensor_method()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    """Cut a tensor into at most ``chunks`` parts of equal length, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.chunk(tatami.arange(5), 2)
        (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if input._array.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(
            f"chunk expects `chunks` to be greater than 0, got: {chunks}"
        )
    place = size.normalize_dim(dim, input._array.ndim)
    extent = input._array.shape[place]
    if extent == 0:
        return split(input, [0] * chunks, dim)
    return split(input, -(-extent // chunks), dim)


@tensor_method()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> Any:
    """Cut a tensor into parts whose lengths differ by one at most, or at indices.

    Example:
        >>> import tatami
        >>> tatami.tensor_split(tatami.arange(5), 3)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if input._array.ndim == 0:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor "
            "with 0 dims"
        )
    place = size.normalize_dim(dim, input._array.ndim)
    extent = input._array.shape[place]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        return _in_sections(input, indices_or_sections, extent, place)
    bounds = [0, *indices_or_sections, extent]
    ranges = [slice(*pair).indices(extent) for pair in zip(bounds, bounds[1:])]  # noqa: B905
    return tuple(_part(input, place, a, max(a, b)) for a, b, _ in ranges)


def _in_sections(input: Tensor, sections: int, extent: int, dim: int) -> Any:
    if sections <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
    short, longer = divmod(extent, sections)
    ends = [0]
    for i in range(sections):
        ends.append(ends[-1] + short + (i < longer))
    pairs = zip(ends, ends[1:], strict=False)
    return tuple(_part(input, dim, a, b) for a, b in pairs)


def _part(input: Tensor, dim: int, start: int, stop: int) -> Tensor:
    where = (*(slice(None),) * dim, slice(start, stop))
    return Slice.apply(input, where)


def _split_along(input: Tensor, parts: Any, dim: int, name: str, rank: int) -> Any:
    if input._array.ndim < rank:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {rank} dimension"
            f"{'s' if rank > 1 else ''}, but got a tensor with {input._array.ndim} "
            "dimensions!"
        )
    extent = input._array.shape[dim]
    if isinstance(parts, int) and (parts == 0 or extent % parts):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of "
            f"the dimension {extent} is not divisible by the split_size {parts}!"
        )
    return tensor_split(input, parts, dim)


@tensor_method()
def hsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Cut side by side: along dimension 1, or 0 for vectors.

    Example:
        >>> import tatami
        >>> tatami.hsplit(tatami.arange(4), 2)
        (tensor([0, 1]), tensor([2, 3]))
    """
    dim = 0 if input._array.ndim == 1 else 1
    return _split_along(input, indices_or_sections, dim, "hsplit", 1)


@tensor_method()
def vsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Cut into upper and lower parts, along dimension 0.

    Example:
        >>> import tatami
        >>> len(tatami.vsplit(tatami.ones(4, 2), 2))
        2
    """
    return _split_along(input, indices_or_sections, 0, "vsplit", 2)


@tensor_method()
def dsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Cut into front and back parts, along dimension 2.

    Example:
        >>> import tatami
        >>> len(tatami.dsplit(tatami.ones(2, 2, 4), 2))
        2
    """
    return _split_along(input, indices_or_sections, 2, "dsplit", 3)


class Unbind(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> tuple[np.ndarray, ...]:
        ctx.dim, ctx.shape = dim, array.shape
        before: tuple[Any, ...] = (slice(None),) * dim
        return tuple([array[(*before, i, ...)] for i in range(array.shape[dim])])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        known = next(g for g in gradients if g is not None)
        filled = [known * 0 if g is None else g for g in gradients]
        return stack(filled, ctx.dim)


@tensor_method()
def unbind(input: Tensor, dim: int = 0) -> Any:
    """Return each place along a dimension as a tensor of its own, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.unbind(tatami.tensor([[1, 2], [3, 4]]))
        (tensor([1, 2]), tensor([3, 4]))
    """
    if input._array.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    place = size.normalize_dim(dim, input._array.ndim)
    return Unbind.apply(input, place)
