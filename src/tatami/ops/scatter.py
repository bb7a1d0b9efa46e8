"""Taking and writing elements along one dimension, by index tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import type_name
from .inplace import in_place

__all__ = [
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "scatter",
    "scatter_add",
    "take",
    "take_along_dim",
]


def check_index(function: str, index: Tensor, length: int, dim: int) -> None:
    """Refuse an index tensor that is not int64 or names a place that isn't there."""
    array = index._array
    if array.size == 0:
        return
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    if array.min() < 0 or array.max() >= length:
        wrong = array[(array < 0) | (array >= length)].flat[0]
        raise RuntimeError(
            f"index {wrong} is out of bounds for dimension {dim} with size {length}"
        )


def _length(tensor: Tensor, dim: int) -> int:
    return tensor._array.shape[dim] if tensor._array.ndim else 1


def _check_sizes(function: str, dim: int, index: Tensor, *others: Tensor) -> None:
    for other in others:
        a, b = index._array.shape or (1,), other._array.shape or (1,)
        if len(a) != len(b) and index._array.size:
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as "
                f"{'input' if other is others[0] else 'src'} tensor"
            )
        for i, (n, m) in enumerate(zip(a, b, strict=False)):
            if n > m and not (i == dim and other is others[0]):
                raise RuntimeError(
                    f"Size does not match at dimension {i} expected index "
                    f"{list(index.shape)} to be no larger than "
                    f"{'self' if other is others[0] else 'src'} {list(other.shape)} "
                    f"apart from dimension {dim}"
                )


class Gather(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
        ctx.shape, ctx.dim, ctx.index = array.shape, dim, index
        return kernels.gather(array, dim, index)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        zeros = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return zeros.scatter_add(ctx.dim, wrap(ctx.index), grad_output)


@tensor_method()
def gather(
    input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False
) -> Tensor:
    """Take one element for each index: out[i][j] = input[index[i][j]][j] for dim 0.

    Args:
        input: tensor of any shape.
        dim: dimension the indices count along.
        index: int64 tensor, no longer than ``input`` in the other dimensions.
        sparse_grad: must be False.

    Returns:
        A tensor of the shape of ``index``.

    Raises:
        RuntimeError: an index is outside the dimension.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[1, 2], [3, 4]])
        >>> tatami.gather(x, 1, tatami.tensor([[1], [0]]))
        tensor([[2],
                [3]])
    """
    dim = size.normalize_dim(dim, input._array.ndim)
    _check_sizes("gather", dim, index, input)
    check_index("gather", index, _length(input, dim), dim)
    return Gather.apply(input, dim, index)


class Scatter(Operation):
    """Write values; ``node_name`` of the two forms differs as in PyTorch."""

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, values: Any
    ) -> np.ndarray:
        ctx.dim, ctx.index = dim, index
        ctx.shape = values.shape if isinstance(values, np.ndarray) else None
        return kernels.scatter(array, dim, index, values, "set")

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        index = wrap(ctx.index)
        kept = grad_output.scatter(ctx.dim, index, 0)
        written = None
        if ctx.shape is not None and ctx.needs_input_grad[3]:
            written = _widened(grad_output.gather(ctx.dim, index), ctx.shape)
        return kept, None, None, written


class ScatterNumber(Scatter):
    node_name = "ScatterBackward1"


def _widened(gradient: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Add zeros for the elements of a source that the index didn't reach."""
    if gradient._array.shape == shape:
        return gradient
    zeros = wrap(kernels.full(shape, 0, gradient._array.dtype))
    where = tuple(slice(n) for n in gradient._array.shape)
    zeros[where] = gradient
    return zeros


class ScatterAdd(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, values: np.ndarray
    ) -> np.ndarray:
        ctx.dim, ctx.index, ctx.shape = dim, index, values.shape
        return kernels.scatter(array, dim, index, values, "add")

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        added = None
        if ctx.needs_input_grad[3]:
            gathered = grad_output.gather(ctx.dim, wrap(ctx.index))
            added = _widened(gathered, ctx.shape)
        return grad_output, None, None, added


@tensor_method()
@in_place
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """Write elements at indices: out[index[i][j]][j] = src[i][j] for dim 0.

    Args:
        input: tensor of any shape.
        dim: dimension the indices count along.
        index: int64 tensor.
        src: tensor at least as large as ``index``, or a number.
        value: a number, in the place of ``src``.
        reduce: ``'add'`` or ``'multiply'`` to combine with what is there.

    Raises:
        RuntimeError: an index is outside the dimension, or types differ.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([[1], [0]])
        >>> tatami.scatter(tatami.zeros(2, 2), 1, where, 1.0)
        tensor([[0., 1.],
                [1., 0.]])
    """
    dim = size.normalize_dim(dim, input._array.ndim)
    source = value if src is None else src
    tensors = [input, source] if isinstance(source, Tensor) else [input]
    _check_sizes("scatter", dim, index, *tensors)
    check_index("scatter", index, _length(input, dim), dim)
    if reduce is not None:
        return _scatter_reduced(input, dim, index, source, reduce)
    if not isinstance(source, Tensor):
        return ScatterNumber.apply(input, dim, index, source)
    _check_type("scatter", input, source)
    return Scatter.apply(input, dim, index, source)


def _check_type(function: str, input: Tensor, source: Tensor) -> None:
    if input._array.dtype != source._array.dtype:
        raise RuntimeError(
            f"{function}(): Expected self.dtype to be equal to src.dtype"
        )


def _scatter_reduced(
    input: Tensor, dim: int, index: Tensor, source: Any, reduce: str
) -> Tensor:
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    if input.requires_grad or getattr(source, "requires_grad", False):
        raise NotImplementedError(
            f"scatter with reduce={reduce!r} has no gradient; use scatter_add or "
            "scatter_reduce"
        )
    values = source._array if isinstance(source, Tensor) else source
    return wrap(kernels.scatter(input._array, dim, index._array, values, reduce))


@tensor_method()
@in_place
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Add elements at indices: out[index[i][j]][j] += src[i][j] for dim 0.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([0, 0, 1])
        >>> tatami.scatter_add(tatami.zeros(2), 0, where, tatami.ones(3))
        tensor([2., 1.])
    """
    dim = size.normalize_dim(dim, input._array.ndim)
    _check_sizes("scatter_add", dim, index, input, src)
    check_index("scatter_add", index, _length(input, dim), dim)
    _check_type("scatter", input, src)
    return ScatterAdd.apply(input, dim, index, src)


def _row_index(function: str, input: Tensor, dim: int, index: Tensor) -> int:
    """Check an index tensor that is one row; return the dimension from the front."""
    if index._array.ndim > 1:
        raise IndexError(f"{function}(): Index is supposed to be a vector")
    if index._array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{function}(): Expected dtype int32 or int64 for index")
    place = size.normalize_dim(dim, input._array.ndim)
    length, array = _length(input, place), index._array
    if array.size and (array.min() < 0 or array.max() >= length):
        raise IndexError("index out of range in self")
    return place


class IndexSelect(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
        ctx.shape, ctx.dim, ctx.index = array.shape, dim, index
        return kernels.take(array, (*(slice(None),) * dim, index))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        zeros = wrap(kernels.full(ctx.shape, 0, grad_output._array.dtype))
        return zeros.index_add(ctx.dim, wrap(ctx.index), grad_output)


@tensor_method()
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Take places along a dimension, in the order of an index tensor.

    Args:
        input: tensor of any shape.
        dim: dimension the indices count along.
        index: one row of integers.

    Example:
        >>> import tatami
        >>> tatami.index_select(tatami.arange(4), 0, tatami.tensor([3, 0]))
        tensor([3, 0])
    """
    place = _row_index("index_select", input, dim, index)
    if input._array.ndim == 0:
        return input.view(1).index_select(0, index.reshape(-1)).view(())
    return IndexSelect.apply(input, place, index.reshape(-1))


class IndexAdd(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray,
        alpha: float,
    ) -> np.ndarray:  # fmt: skip
        ctx.dim, ctx.index, ctx.alpha = dim, index, alpha
        values = source if alpha == 1 else kernels.mul(source, alpha)
        return kernels.put(array, (*(slice(None),) * dim, index), values, True)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        added = grad_output.index_select(ctx.dim, wrap(ctx.index))
        added = added if ctx.alpha == 1 else added * ctx.alpha
        return grad_output, None, None, added


@tensor_method()
@in_place
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1
) -> Tensor:
    """Add ``alpha`` times the places of ``source`` to the places an index names.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([1, 1])
        >>> tatami.index_add(tatami.zeros(2), 0, where, tatami.ones(2))
        tensor([0., 2.])
    """
    place = _row_index("index_add", input, dim, index)
    _check_type("index_add", input, source)
    if input._array.ndim == 0:
        flat = input.view(1).index_add(
            0, index.reshape(-1), source.view(1), alpha=alpha
        )
        return flat.view(())
    row = index.reshape(-1)
    return IndexAdd.apply(input, place, row, _aligned(source, place, row), alpha)


def _aligned(source: Tensor, dim: int, index: Tensor) -> Tensor:
    if source._array.ndim == 0:
        return source.view(1)
    if source._array.shape[dim] != index._array.size:
        raise RuntimeError(
            f"index_add_(): Number of indices ({index._array.size}) should be equal to "
            f"source.size(dim): ({source._array.shape[dim]}), for dim: {dim}"
        )
    return source


class IndexFill(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, value: Any
    ) -> np.ndarray:
        ctx.dim, ctx.index = dim, index
        return kernels.put(array, (*(slice(None),) * dim, index), value, False)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        kept = grad_output.index_fill(ctx.dim, wrap(ctx.index), 0)
        filled = (grad_output - kept).sum() if ctx.needs_input_grad[3] else None
        return kept, None, None, filled


class IndexFillTensor(IndexFill):
    node_name = "IndexFillBackward1"


@tensor_method()
@in_place
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Write one value at the places an index names.

    Example:
        >>> import tatami
        >>> tatami.index_fill(tatami.zeros(3), 0, tatami.tensor([0, 2]), 1.0)
        tensor([1., 0., 1.])
    """
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor "
            f"with {value._array.ndim} dimension(s)."
        )
    place = _row_index("index_fill_", input, dim, index)
    if input._array.ndim == 0:
        return input.view(1).index_fill(0, index.reshape(-1), value).view(())
    operation = IndexFillTensor if isinstance(value, Tensor) else IndexFill
    return operation.apply(input, place, index.reshape(-1), value)


class IndexCopy(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray
    ) -> np.ndarray:
        ctx.dim, ctx.index = dim, index
        return kernels.put(array, (*(slice(None),) * dim, index), source, False)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        index = wrap(ctx.index)
        kept = grad_output.index_fill(ctx.dim, index, 0)
        return kept, None, None, grad_output.index_select(ctx.dim, index)


@tensor_method()
@in_place
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Write the places of ``source`` to the places an index names.

    Example:
        >>> import tatami
        >>> where = tatami.tensor([2, 0])
        >>> tatami.index_copy(tatami.zeros(3), 0, where, tatami.tensor([5.0, 6.0]))
        tensor([6., 0., 5.])
    """
    place = _row_index("index_copy_", input, dim, index)
    if input._array.dtype != source._array.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got "
            f"(self) {type_name(input.dtype)} and (source) {type_name(source.dtype)}"
        )
    if input._array.ndim == 0:
        flat = input.view(1).index_copy(0, index.reshape(-1), source.view(1))
        return flat.view(())
    row = index.reshape(-1)
    return IndexCopy.apply(input, place, row, _aligned(source, place, row))


class Take(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, index: np.ndarray) -> np.ndarray:
        ctx.shape, ctx.index = array.shape, index
        return kernels.take(array.reshape(-1), index)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        count = int(np.prod(ctx.shape))
        zeros = wrap(kernels.full((count,), 0, grad_output._array.dtype))
        where = wrap(ctx.index.reshape(-1))
        return zeros.index_add(0, where, grad_output.reshape(-1)).view(ctx.shape)


@tensor_method()
def take(input: Tensor, index: Tensor) -> Tensor:
    """Take elements by their number, counted row by row through the tensor.

    Example:
        >>> import tatami
        >>> tatami.take(tatami.tensor([[1, 2], [3, 4]]), tatami.tensor([3, 0]))
        tensor([4, 1])
    """
    if index._array.dtype != np.int64:
        raise RuntimeError(
            "take(): Expected a long tensor for index, but got "
            f"{type_name(index.dtype)}"
        )
    count, array = input._array.size, index._array
    if array.size and (array.min() < -count or array.max() >= count):
        wrong = array[(array < -count) | (array >= count)].flat[0]
        raise IndexError(
            f"out of range: tried to access index {wrong} on a tensor of {count} "
            "elements."
        )
    positive = wrap(np.asarray(np.where(array < 0, array + count, array)))
    return Take.apply(input, positive)


@tensor_method()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Take one element for each index along a dimension, stretching both tensors.

    Args:
        input: tensor of any shape.
        indices: int64 tensor.
        dim: dimension the indices count along; the flat tensor if left out.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[3, 1], [5, 7]])
        >>> tatami.take_along_dim(x, tatami.argsort(x, 1), 1)
        tensor([[1, 3],
                [5, 7]])
    """
    if indices._array.dtype != np.int64:
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{type_name(indices.dtype)}"
        )
    if dim is None:
        input, indices, dim = input.reshape(-1), indices.reshape(-1), 0
    place = size.normalize_dim(dim, input._array.ndim)
    numbers, length = indices._array, _length(input, place)
    indices = wrap(np.asarray(np.where(numbers < 0, numbers + length, numbers)))
    shape = list(size.broadcast(
        _without(input._array.shape, place), _without(indices._array.shape, place)
    ))  # fmt: skip
    own, wanted = list(shape), list(shape)
    own[place], wanted[place] = input._array.shape[place], indices._array.shape[place]
    return gather(input.expand(own), place, indices.expand(wanted))


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return tuple([1 if i == dim else n for i, n in enumerate(shape)])
