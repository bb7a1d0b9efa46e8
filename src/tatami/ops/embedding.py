"""Tables of vectors looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .arguments import type_name

__all__ = ["embedding", "embedding_bag", "one_hot"]


class Embedding(Operation):
    @staticmethod
    def forward(
        ctx: Any, weight: np.ndarray, indices: np.ndarray, padding: int, by_count: bool
    ) -> np.ndarray:
        ctx.shape, ctx.indices, ctx.options = weight.shape, indices, (padding, by_count)
        return kernels.embedding(weight, indices)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        padding, by_count = ctx.options
        if not grad_mode.state.enabled:
            grad, count = grad_output._array, ctx.shape[0]
            return wrap(
                kernels.embedding_grad(grad, ctx.indices, count, padding, by_count)
            )
        flat = ctx.indices.reshape(-1)
        rows = grad_output.reshape(flat.size, ctx.shape[1])
        scale = np.ones((flat.size, 1), rows._array.dtype)
        scale[flat == padding] = 0
        if by_count:
            scale /= np.bincount(flat, minlength=1)[flat][:, None]
        zeros = wrap(kernels.full(ctx.shape, 0, rows._array.dtype))
        return zeros.index_add(0, wrap(flat), rows * wrap(scale))


def _check(function: str, indices: Tensor, weight: Tensor) -> None:
    array = indices._array
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following "
            f"scalar types: Long, Int; but got {indices.type()} instead (while "
            f"checking arguments for {function})"
        )
    if weight._array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")


def _padding(padding_idx: int | None, count: int) -> int:
    if padding_idx is None:
        return -1
    if not -count <= padding_idx < count:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % count


def _limit(weight: Tensor, indices: Tensor, longest: float, kind: float) -> None:
    """Shorten the vectors that are looked up to a length, in place."""
    with grad_mode.no_grad():
        used = wrap(np.unique(indices._array))
        rows = weight.detach().index_select(0, used)
        lengths = rows.norm(kind, 1, True)
        factor = (longest / (lengths + 1e-7)).clamp(max=1)
        weight.index_copy_(0, used, rows * factor)


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None,
    max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Look up one row of a table for each index.

    Args:
        input: int64 or int32 tensor of any shape (*).
        weight: (count, length), the table.
        padding_idx: row that gets no gradient.
        max_norm: shorten rows that are longer, in place, before they are looked up.
        norm_type: which norm measures their length.
        scale_grad_by_freq: divide gradients by how often an index occurs.
        sparse: must be False.

    Returns:
        (*, length).

    Raises:
        IndexError: an index is outside the table.

    Example:
        >>> import tatami
        >>> table = tatami.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tatami.nn.functional.embedding(tatami.tensor([1, 0]), table)
        tensor([[3., 4.],
                [1., 2.]])
    """
    _refuse_sparse(sparse)
    _check("embedding", input, weight)
    padding = _padding(padding_idx, weight._array.shape[0])
    if max_norm is not None:
        _limit(weight, input, max_norm, norm_type)
    return Embedding.apply(weight, input, padding, scale_grad_by_freq)


def _refuse_sparse(sparse: bool) -> None:
    if sparse:
        raise NotImplementedError(
            "sparse=True asks for sparse gradients, which tatami has not; use "
            "sparse=False, which gives the same numbers"
        )


def _bags(input: Tensor, offsets: Tensor | None, last: bool) -> np.ndarray:
    """Return which bag each index of a flat input belongs to, and the bag count."""
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    starts = offsets._array[:-1] if last else offsets._array
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to "
            f"start from position 0. However, got {starts[0]}"
        )
    steps = np.zeros(input._array.size + 1, np.int64)
    np.add.at(steps, starts[1:], 1)
    return np.cumsum(steps)[:-1]


def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None,
    max_norm: float | None = None, norm_type: float = 2, scale_grad_by_freq: bool = False,  # noqa: E501
    mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """Look up rows of a table and combine those of each bag.

    Args:
        input: (bags, indices), or all indices in one row with ``offsets``.
        weight: (count, length), the table.
        offsets: where each bag begins.
        max_norm: shorten rows that are longer, in place.
        norm_type: which norm measures their length.
        scale_grad_by_freq: divide gradients by how often an index occurs.
        mode: ``'sum'``, ``'mean'`` or ``'max'``.
        sparse: must be False.
        per_sample_weights: factor for each index, with ``mode='sum'``.
        include_last_offset: the last offset is the end of the last bag.
        padding_idx: row that counts for nothing.

    Returns:
        (bags, length).

    Example:
        >>> import tatami
        >>> table = tatami.tensor([[1.0], [3.0]])
        >>> tatami.nn.functional.embedding_bag(tatami.tensor([[0, 1]]), table)
        tensor([[2.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only "  # noqa: E501
            f"supported for mode='sum' (got mode='{mode}'). Please open a feature "
            "request on GitHub."
        )
    if input._array.ndim == 2:
        count, width = input._array.shape
        bags = np.repeat(np.arange(count), width)
    else:
        bags = _bags(input, offsets, include_last_offset)
        assert offsets is not None
        count = offsets._array.size - include_last_offset
    flat = input.reshape(-1)
    rows = embedding(flat, weight, padding_idx, max_norm, norm_type,
                     scale_grad_by_freq, sparse)  # fmt: skip
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    kept = np.ones(flat._array.size, bool)
    if padding_idx is not None:
        kept = flat._array != _padding(padding_idx, weight._array.shape[0])
    return _combined(rows[wrap(kept)], bags[kept], count, mode)


def _combined(rows: Tensor, bags: np.ndarray, count: int, mode: str) -> Tensor:
    zeros = wrap(np.zeros((count, rows._array.shape[1]), rows._array.dtype))
    where = wrap(bags.astype(np.int64))
    if mode == "max":
        return zeros.index_reduce(0, where, rows, "amax", include_self=False)
    total = zeros.index_add(0, where, rows)
    if mode == "sum":
        return total
    sizes = np.maximum(np.bincount(bags, minlength=count), 1)[:, None]
    return total / wrap(sizes.astype(rows._array.dtype))


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Write each number as a row of zeros with a single one.

    Args:
        input: int64 tensor of any shape (*).
        num_classes: length of the rows; one more than the largest number if left out.

    Returns:
        (*, num_classes), of type int64.

    Raises:
        RuntimeError: a number is negative or too large.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.one_hot(tatami.tensor([0, 2]))
        tensor([[1, 0, 0],
                [0, 0, 1]])
    """
    array = input._array
    if array.dtype != np.int64:
        raise RuntimeError(
            "one_hot is only applicable to index tensor of type LongTensor, but got "
            f"{type_name(input.dtype)}"
        )
    if array.size == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if num_classes == -1:
        num_classes = max(int(array.max()), 0) + 1
    return wrap(kernels.one_hot(array, num_classes))
