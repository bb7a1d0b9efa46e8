"""The same elements several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .movement import as_shape

__all__ = ["repeat_interleave", "tile"]


class Repeat(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, repeats: tuple[int, ...]) -> np.ndarray:
        ctx.shape, ctx.repeats = array.shape, repeats
        return kernels.copy(np.tile(array, repeats))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        shape = (1,) * (len(ctx.repeats) - len(ctx.shape)) + tuple(ctx.shape)
        pairs = zip(ctx.repeats, shape, strict=True)
        split = [n for pair in pairs for n in pair]
        folded = grad_output.reshape(split).sum(list(range(0, len(split), 2)))
        return folded.reshape(ctx.shape)


@tensor_method("repeat")
def _repeat(self: Tensor, *repeats: Any) -> Tensor:
    """Put copies of the tensor beside each other along each dimension.

    Args:
        repeats: how many copies along each dimension; new dimensions come first.

    Example:
        >>> import tatami
        >>> tatami.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    counts = as_shape(repeats)
    if len(counts) < self._array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of "
            "dimensions of tensor"
        )
    if any(n < 0 for n in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension {counts}")
    return Repeat.apply(self, counts)


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Put copies beside each other; missing counts are 1.

    Example:
        >>> import tatami
        >>> tatami.tile(tatami.tensor([1, 2]), (2,))
        tensor([1, 2, 1, 2])
    """
    counts = as_shape((dims,))
    missing = input._array.ndim - len(counts)
    return input.repeat((1,) * missing + counts)


@tensor_method("tile")
def _tile(self: Tensor, *dims: Any) -> Tensor:
    """Put copies beside each other; missing counts are 1."""
    return tile(self, as_shape(dims))


@tensor_method()
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *,
    output_size: int | None = None,
) -> Tensor:  # fmt: skip
    """Repeat each element, one after the other.

    Args:
        input: tensor of any shape; alone, it holds the counts.
        repeats: how often, one number or one for each place along ``dim``.
        dim: dimension to repeat along; all elements as one row if left out.
        output_size: has no effect.

    Example:
        >>> import tatami
        >>> tatami.repeat_interleave(tatami.tensor([1, 2]), 2)
        tensor([1, 1, 2, 2])
    """
    if repeats is None:
        counts = input._array
        return wrap(np.repeat(np.arange(counts.size, dtype=np.int64), counts))
    if dim is None:
        input, dim = input.reshape(-1), 0
    place = size.normalize_dim(dim, input._array.ndim)
    length = input._array.shape[place]
    counts = np.asarray(repeats._array if isinstance(repeats, Tensor) else repeats)
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    if counts.size not in (1, length):
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got "
            f"repeats.size(0) = {counts.size} and input.size({dim}) = {length}"
        )
    where = np.repeat(np.arange(length, dtype=np.int64), counts.ravel())
    return input.index_select(place, wrap(where))
