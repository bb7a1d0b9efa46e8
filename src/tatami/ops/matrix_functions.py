"""Functions of matrices composed of products and decompositions; norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels, size
from ..tensor import Tensor, tensor_method, wrap
from .decomposition import check_matrix, check_square, inv, lapack, linalg_svd, svdvals
from .distance import vector_norm

__all__ = [
    "chain_matmul",
    "cond",
    "cross",
    "kron",
    "linalg_norm",
    "lstsq",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "pinv",
    "pinverse",
]


@tensor_method()
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Return the vector at right angles to two vectors of three elements.

    Args:
        input: tensor with a dimension of length 3.
        other: tensor of a shape that stretches with it.
        dim: dimension of the vectors; the first of length 3 if left out.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1, 0, 0]), tatami.tensor([0, 1, 0])
        >>> tatami.cross(a, b)
        tensor([0, 0, 1])
    """
    shape = size.broadcast(input._array.shape, other._array.shape)
    if dim is None:
        dims = [i for i, n in enumerate(shape) if n == 3]
        if not dims:
            raise RuntimeError("no dimension of size 3 in input")
        dim = dims[0]
    place = size.normalize_dim(dim, len(shape))
    if shape[place] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got "
            f"{input.size(dim)} and {other.size(dim)}"
        )
    a, b = input.expand(shape), other.expand(shape)
    ahead, behind = wrap(np.array([1, 2, 0])), wrap(np.array([2, 0, 1]))
    return a.index_select(place, ahead) * b.index_select(
        place, behind
    ) - a.index_select(place, behind) * b.index_select(place, ahead)


@tensor_method()
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Put a copy of ``other``, times the element, for each element of ``input``.

    Example:
        >>> import tatami
        >>> tatami.kron(tatami.tensor([1, 2]), tatami.tensor([1, 1]))
        tensor([1, 1, 2, 2])
    """
    rank = max(input._array.ndim, other._array.ndim)
    a = (1,) * (rank - input._array.ndim) + input._array.shape
    b = (1,) * (rank - other._array.ndim) + other._array.shape
    left = input.reshape([n for length in a for n in (length, 1)])
    right = other.reshape([n for length in b for n in (1, length)])
    return (left * right).reshape([n * m for n, m in zip(a, b, strict=True)])


@tensor_method()
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Multiply square matrices by themselves; a negative power inverts first.

    Example:
        >>> import tatami
        >>> tatami.matrix_power(tatami.tensor([[2.0]]), 3)
        tensor([[8.]])
    """
    check_square("linalg.matrix_power", input)
    if n == 0:
        eye = np.broadcast_to(
            np.eye(input._array.shape[-1], dtype=input._array.dtype),
            input._array.shape,
        )
        return wrap(np.array(eye))
    base, count = (inv(input), -n) if n < 0 else (input, n)
    result = None
    while count:
        if count % 2:
            result = base if result is None else result @ base
        count //= 2
        base = base @ base if count else base
    assert result is not None
    return result


@tensor_method()
def matrix_exp(input: Tensor) -> Tensor:
    """Sum the series 1 + A + A^2/2! + ... of square matrices.

    The matrix is halved until it is small, its series summed, and the result squared
    as often (Moler and Van Loan 2003, "Nineteen dubious ways", method 3).

    Example:
        >>> import tatami
        >>> tatami.matrix_exp(tatami.zeros(1, 1))
        tensor([[1.]])
    """
    check_square("linalg.matrix_exp", input)
    array = input._array
    largest = float(np.abs(array).sum(-1).max(initial=0))
    halvings = max(0, int(np.ceil(np.log2(largest / 0.25)))) if largest else 0
    small = input / 2**halvings
    term = total = matrix_power(small, 0) + small * 0
    for i in range(1, 15):
        term = term @ small / i
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Multiply several matrices in the order that needs the fewest operations.

    Example:
        >>> import tatami
        >>> tatami.linalg.multi_dot([tatami.ones(2, 3), tatami.ones(3, 2)]).shape
        torch.Size([2, 2])
    """
    given = list(tensors)
    if len(given) < 2:
        raise RuntimeError("multi_dot(): expected at least 2 tensors but got "
                           f"{len(given)}")  # fmt: skip
    first, last = given[0]._array.ndim == 1, given[-1]._array.ndim == 1
    given[0] = given[0].unsqueeze(0) if first else given[0]
    given[-1] = given[-1].unsqueeze(1) if last else given[-1]
    product = _in_best_order(given)
    product = product.squeeze(-1) if last else product
    return product.squeeze(0) if first else product


def _in_best_order(given: list[Tensor]) -> Tensor:
    """Source: Cormen et al., "Introduction to Algorithms", section 15.2."""
    lengths = [t._array.shape[0] for t in given] + [given[-1]._array.shape[1]]
    best: dict[tuple[int, int], tuple[int, int]] = {}
    count = len(given)
    for i in range(count):
        best[i, i] = (0, i)
    for span in range(1, count):
        for i in range(count - span):
            j = i + span
            best[i, j] = min(
                (
                    best[i, k][0] + best[k + 1, j][0]
                    + lengths[i] * lengths[k + 1] * lengths[j + 1],
                    k,
                )
                for k in range(i, j)
            )  # fmt: skip

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return given[i]
        k = best[i, j][1]
        return product(i, k).mm(product(k + 1, j))

    return product(0, count - 1)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Multiply several matrices in the order that needs the fewest operations.

    Example:
        >>> import tatami
        >>> tatami.chain_matmul(tatami.ones(2, 3), tatami.ones(3, 2)).shape
        torch.Size([2, 2])
    """
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def pinv(
    A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False
) -> Tensor:
    """Return the pseudoinverse of matrices (Moore and Penrose).

    Args:
        A: (..., N, M).
        atol: singular values up to this count as zero.
        rtol: the same, as a share of the largest one.
        hermitian: has no effect.

    Example:
        >>> import tatami
        >>> tatami.linalg.pinv(tatami.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    check_matrix("linalg.pinv", A)
    u, s, vh = linalg_svd(A, False)
    small = s <= _cutoff(A, s, atol, rtol)
    inverted = (1 / s.masked_fill(small, 1)).masked_fill(small, 0)
    return (vh.mT * inverted.unsqueeze(-2)) @ u.mT


def _cutoff(A: Tensor, s: Tensor, atol: Any, rtol: Any) -> Tensor:
    absolute = 0.0 if atol is None else atol
    if rtol is None:
        precision = float(np.finfo(A._array.dtype).eps)
        rtol = 0.0 if atol else max(A._array.shape[-2:]) * precision
    largest = s.detach().amax(-1, keepdim=True) if s._array.shape[-1] else s
    return (largest * rtol).clamp(min=absolute)


@tensor_method()
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudoinverse of matrices (Moore and Penrose).

    Example:
        >>> import tatami
        >>> tatami.pinverse(tatami.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    return pinv(input, rtol=rcond)


def matrix_rank(
    A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False
) -> Tensor:
    """Count the singular values that are not zero, up to rounding.

    Example:
        >>> import tatami
        >>> tatami.linalg.matrix_rank(tatami.eye(2))
        tensor(2)
    """
    s = svdvals(A.detach())
    return (s > _cutoff(A, s, atol, rtol)).sum(-1)


LSTSQ_FIELDS = ("solution", "residuals", "rank", "singular_values")


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: Any = None) -> Any:
    """Find X that brings A X closest to B.

    Args:
        A: (N, M).
        B: (N, K).
        rcond: singular values below this share of the largest count as zero.
        driver: has no effect; singular values are used.

    Example:
        >>> import tatami
        >>> tatami.linalg.lstsq(tatami.tensor([[2.0]]), tatami.tensor([[6.0]])).solution
        tensor([[3.]])
    """
    from .results import KINDS, named

    check_matrix("linalg.lstsq", A)
    precision = float(np.finfo(A._array.dtype).eps) * max(A._array.shape)
    cutoff = precision if rcond is None else float(rcond)
    _, rank = lapack("linalg.lstsq", kernels.least_squares, A._array, B._array, cutoff)
    result = KINDS.get("linalg_lstsq") or named("linalg_lstsq", *LSTSQ_FIELDS)
    solution = pinv(A, rtol=cutoff) @ B
    empty = wrap(np.empty(0, A._array.dtype))
    return result((solution, empty, wrap(np.array(rank)), empty))


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False,
    *, dtype: Any = None,
) -> Tensor:  # fmt: skip
    """Measure the size of matrices.

    Args:
        A: tensor with at least two dimensions.
        ord: ``'fro'``, ``'nuc'``, 1, 2, infinity, or one of these negative.
        dim: the two dimensions of the matrices.
        keepdim: leave them in, with length 1.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.linalg.matrix_norm(tatami.eye(4))
        tensor(2.)
    """
    A = A if dtype is None else A.to(dtype)
    rows, columns = (size.normalize_dim(d, A._array.ndim) for d in dim)
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord == "nuc" or np.abs(ord) == 2:
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        total = (
            values.sum(-1)
            if ord == "nuc"
            else (values.amax(-1) if ord > 0 else values.amin(-1))
        )
    elif np.abs(ord) in (1, np.inf):
        first, second = (rows, columns) if np.abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(first, keepdim=True)
        total = sums.amax(second, True) if ord > 0 else sums.amin(second, True)
        total = total.squeeze((rows, columns))
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if keepdim:
        for place in sorted((rows, columns)):
            total = total.unsqueeze(place)
    return total


def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    """Measure vectors or matrices, whichever the dimensions say.

    Example:
        >>> import tatami
        >>> tatami.linalg.norm(tatami.tensor([3.0, 4.0]))
        tensor(5.)
    """
    rank = A._array.ndim
    if dim is None and ord is not None and rank not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or "
            f"2D. Got {rank}D."
        )
    count = rank if dim is None else 1 if isinstance(dim, int) else len(dim)
    if ord is not None and count == 2:
        return matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Any = None) -> Tensor:
    """Return the norm of matrices times the norm of their inverses.

    Example:
        >>> import tatami
        >>> tatami.linalg.cond(tatami.eye(2))
        tensor(1.)
    """
    if p is None or p in (2, -2):
        values = svdvals(A)
        high, low = values[..., 0], values[..., -1]
        return low / high if p == -2 else high / low
    return matrix_norm(A, p) * matrix_norm(inv(A), p)
