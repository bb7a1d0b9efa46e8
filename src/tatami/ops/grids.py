"""Triangles of matrices, and grids of coordinates."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .door import public
from .filled import finish
from .inplace import in_place
from .joining import stack

__all__ = [
    "cartesian_prod",
    "combinations",
    "meshgrid",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
    "vander",
]


class Tril(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, diagonal: int) -> np.ndarray:
        ctx.diagonal = diagonal
        return kernels.tril(array, diagonal)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.tril(ctx.diagonal)


class Triu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, diagonal: int) -> np.ndarray:
        ctx.diagonal = diagonal
        return kernels.triu(array, diagonal)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.triu(ctx.diagonal)


def _require_matrix(name: str, input: Tensor) -> None:
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


@public
@tensor_method()
@in_place
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the lower triangle of matrices, with zeros above.

    Args:
        input: (..., rows, columns).
        diagonal: how far above the main diagonal the triangle goes.

    Raises:
        RuntimeError: the tensor has fewer than two dimensions.

    Example:
        >>> import tatami
        >>> tatami.tril(tatami.ones(2, 2))
        tensor([[1., 0.],
                [1., 1.]])
    """
    _require_matrix("tril", input)
    return Tril.apply(input, diagonal)


@public
@tensor_method()
@in_place
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the upper triangle of matrices, with zeros below.

    Args:
        input: (..., rows, columns).
        diagonal: how far above the main diagonal the triangle starts.

    Raises:
        RuntimeError: the tensor has fewer than two dimensions.

    Example:
        >>> import tatami
        >>> tatami.triu(tatami.ones(2, 2))
        tensor([[1., 1.],
                [0., 1.]])
    """
    _require_matrix("triu", input)
    return Triu.apply(input, diagonal)


def _places(found: Any, dtype: Any, device: Any) -> Tensor:
    kind = dtypes.int64 if dtype is None else dtypes.parse(dtype)
    return finish(np.stack(found).astype(kind.numpy), device)


def _check_counts(row: int, col: int) -> None:
    for name, count in (("row", row), ("col", col)):
        if count < 0:
            raise RuntimeError(f"{name} must be non-negative, got{count}")


@public
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """Return the rows and the columns of the lower triangle of a matrix.

    Args:
        row: number of rows of the matrix.
        col: number of its columns.
        offset: how far above the main diagonal the triangle goes.
        dtype: type of the result; int64 if left out.
        device: must be the CPU.
        layout: must be ``strided``.

    Returns:
        (2, elements).

    Example:
        >>> import tatami
        >>> tatami.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    _check_counts(row, col)
    return _places(np.tril_indices(row, offset, col), dtype, device)


@public
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """Return the rows and the columns of the upper triangle of a matrix.

    Args:
        row: number of rows of the matrix.
        col: number of its columns.
        offset: how far above the main diagonal the triangle starts.
        dtype: type of the result; int64 if left out.
        device: must be the CPU.
        layout: must be ``strided``.

    Returns:
        (2, elements).

    Example:
        >>> import tatami
        >>> tatami.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    _check_counts(row, col)
    return _places(np.triu_indices(row, offset, col), dtype, device)


@public
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the powers of each element as the rows of a matrix.

    Args:
        x: tensor of one dimension.
        N: number of powers; as many as there are elements if left out.
        increasing: lowest power first.

    Returns:
        (elements, N).

    Example:
        >>> import tatami
        >>> tatami.vander(tatami.tensor([2, 3]), 3)
        tensor([[4, 2, 1],
                [9, 3, 1]])
    """
    if x._array.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x._array.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = np.arange(count) if increasing else np.arange(count)[::-1]
    kind = x._array.dtype if x._array.dtype.kind == "f" else np.dtype(np.int64)
    return x.unsqueeze(-1) ** wrap(powers.astype(kind))


@public
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return the coordinates of all points of a grid, one tensor for each axis.

    Args:
        tensors: coordinates along each axis, of one dimension or none.
        indexing: ``'ij'``: the first axis is the first dimension; ``'xy'``: the first
            two are swapped.

    Example:
        >>> import tatami
        >>> x, y = tatami.arange(2), tatami.arange(3)
        >>> tatami.meshgrid(x, y, indexing="ij")[0]
        tensor([[0, 0, 0],
                [1, 1, 1]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the "
            "indexing argument.", UserWarning, stacklevel=3,
        )  # fmt: skip
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: '
            f"{indexing}"
        )
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    lengths = [x._array.size for x in tensors]
    grids = []
    for i, x in enumerate(tensors):
        shape = [-1 if i == j else 1 for j, _ in enumerate(lengths)]
        grids.append(x.reshape(shape).expand(lengths))
    if swap:
        grids = [grids[1], grids[0], *grids[2:]]
    return tuple(grids)


@public
def cartesian_prod(*tensors: Any) -> Tensor:
    """Return all combinations of an element of each tensor, one for each row.

    Args:
        tensors: tensors of one dimension.

    Example:
        >>> import tatami
        >>> tatami.cartesian_prod(tatami.tensor([1, 2]), tatami.tensor([5]))
        tensor([[1, 5],
                [2, 5]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    for x in tensors:
        if x._array.ndim != 1:
            raise RuntimeError(
                "Expect a 1D vector, but got shape " + str(list(x._array.shape))
            )
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.reshape(-1) for grid in meshgrid(*tensors, indexing="ij")], 1)


@public
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return all combinations of ``r`` elements, one for each row.

    Args:
        input: tensor of one dimension.
        r: how many elements to combine.
        with_replacement: let an element come more than once.

    Example:
        >>> import tatami
        >>> tatami.combinations(tatami.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    if input._array.ndim != 1:
        raise RuntimeError(
            "Expect a 1D vector, but got shape " + str(list(input._array.shape))
        )
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return finish(np.empty(0, input._array.dtype))
    choose: Any = itertools.combinations
    if with_replacement:
        choose = itertools.combinations_with_replacement
    rows = list(choose(np.arange(input._array.shape[0]).tolist(), r))
    places = wrap(np.array(rows, np.int64).reshape(-1))
    return input.index_select(0, places).reshape(-1, r)
