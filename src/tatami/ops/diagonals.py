"""Diagonals: looking at them, making matrices of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import same_type

__all__ = [
    "block_diag",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "select_scatter",
    "slice_scatter",
    "trace",
]


class Diagonal(Operation):
    is_view = True

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, offset: int, dim1: int, dim2: int
    ) -> np.ndarray:
        ctx.shape, ctx.place = array.shape, (offset, dim1, dim2)
        view = array.diagonal(offset, dim1, dim2)
        # NumPy's diagonal is read-only; the memory is the array's own.
        return np.lib.stride_tricks.as_strided(
            _corner(array, offset, dim1, dim2), view.shape, view.strides
        )

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return DiagonalPlaced.apply(grad_output, ctx.shape, ctx.place)


def _corner(array: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    """Return the array from where the diagonal starts."""
    where: list[Any] = [slice(None)] * array.ndim
    where[dim2 if offset > 0 else dim1] = slice(np.abs(offset), None)
    return array[tuple(where)] if offset else array


class DiagonalPlaced(Operation):
    node_name = "DiagonalBackwardBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, shape: Any, place: Any) -> np.ndarray:
        ctx.place = place
        out = kernels.full(shape, 0, array.dtype)
        view = Diagonal.forward(ctx, out, *place)
        ctx.place = place
        kernels.assign(view, array)
        return out

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Diagonal.apply(grad_output, *ctx.place)


@tensor_method()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return the diagonal of two dimensions as the last one, sharing memory.

    Args:
        input: tensor with at least two dimensions.
        offset: how far above (positive) or below the main diagonal.
        dim1: first dimension.
        dim2: second dimension.

    Example:
        >>> import tatami
        >>> tatami.diagonal(tatami.tensor([[1, 2], [3, 4]]))
        tensor([1, 4])
    """
    rank = input._array.ndim
    first, second = size.normalize_dim(dim1, rank), size.normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return Diagonal.apply(input, offset, first, second)


@tensor_method()
def diag_embed(
    input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1
) -> Tensor:
    """Make matrices whose diagonals are the last dimension of a tensor.

    Example:
        >>> import tatami
        >>> tatami.diag_embed(tatami.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    rank = input._array.ndim + 1
    first, second = size.normalize_dim(dim1, rank), size.normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    length = input._array.shape[-1] + int(np.abs(offset))
    shape = list(input._array.shape[:-1])
    for dim in sorted((first, second)):
        shape.insert(dim, length)
    return DiagonalPlaced.apply(input, tuple(shape), (offset, first, second))


@tensor_method()
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the diagonal of a matrix, or the matrix with a vector as its diagonal.

    Example:
        >>> import tatami
        >>> tatami.diag(tatami.tensor([[1, 2], [3, 4]]), 1)
        tensor([2])
    """
    if input._array.ndim == 1:
        return diag_embed(input, diagonal)
    if input._array.ndim != 2:
        raise RuntimeError(
            f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D"
        )
    return input.diagonal(diagonal).clone()


@tensor_method()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Make a matrix whose diagonal holds all elements of a tensor.

    Example:
        >>> import tatami
        >>> tatami.diagflat(tatami.tensor([[1], [2]])).shape
        torch.Size([2, 2])
    """
    return diag_embed(input.contiguous().view(-1), offset)


@tensor_method()
def trace(input: Tensor) -> Tensor:
    """Sum the diagonal of a matrix.

    Example:
        >>> import tatami
        >>> tatami.trace(tatami.tensor([[1, 2], [3, 4]]))
        tensor(5)
    """
    if input._array.ndim != 2:
        raise RuntimeError("trace: expected a matrix, but got tensor with dim "
                           f"{input._array.ndim}")  # fmt: skip
    return diagonal(input).sum()


def block_diag(*tensors: Tensor) -> Tensor:
    """Put matrices along the diagonal of a larger one.

    Example:
        >>> import tatami
        >>> tatami.block_diag(tatami.ones(1, 1), tatami.ones(1, 2)).shape
        torch.Size([2, 3])
    """
    blocks = same_type([_matrix(i, t) for i, t in enumerate(tensors)])
    width = sum(b._array.shape[1] for b in blocks)
    rows, start = [], 0
    for block in blocks:
        right = width - start - block._array.shape[1]
        rows.append(block._pad_constant([start, right]))
        start += block._array.shape[1]
    from .joining import cat

    return cat(rows, 0)


def _matrix(i: int, tensor: Tensor) -> Tensor:
    if tensor._array.ndim > 2:
        raise RuntimeError(
            "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
            f"{i} has {tensor._array.ndim} dimensions"
        )
    return tensor.reshape((1,) * (2 - tensor._array.ndim) + tensor._array.shape)


def _written(input: Tensor, view: Any, src: Tensor) -> Tensor:
    """Return a copy of ``input`` in whose part ``view`` finds ``src`` is written."""
    copied = input.clone()
    part = view(copied)
    if part.size() != src.size():
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.size())}, slice size = {list(part.size())}"
        )
    part.copy_(src)
    return copied


@tensor_method()
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """Return a copy with another diagonal.

    Example:
        >>> import tatami
        >>> tatami.diagonal_scatter(tatami.zeros(2, 2), tatami.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    return _written(input, lambda x: x.diagonal(offset, dim1, dim2), src)


@tensor_method()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Return a copy with another tensor at one place along a dimension.

    Example:
        >>> import tatami
        >>> tatami.select_scatter(tatami.zeros(2, 2), tatami.ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
    """
    return _written(input, lambda x: x.select(dim, index), src)


@tensor_method()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None,
    end: int | None = None, step: int = 1,
) -> Tensor:  # fmt: skip
    """Return a copy with another tensor in a range along a dimension.

    Example:
        >>> import tatami
        >>> tatami.slice_scatter(tatami.zeros(3), tatami.ones(2), 0, 1)
        tensor([0., 1., 1.])
    """
    place = size.normalize_dim(dim, input._array.ndim)
    where = (*(slice(None),) * place, slice(start, end, step))
    return _written(input, lambda x: x[where], src)
