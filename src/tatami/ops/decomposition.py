"""Determinants, inverses, solutions and decompositions of matrices.

Sources of the derivatives: Giles 2008, "An extended collection of matrix derivative
results for forward and reverse mode algorithmic differentiation".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import type_name
from .results import named

__all__ = [
    "cholesky", "det", "eigh", "eigvalsh", "inv", "inverse", "linalg_svd", "logdet",
    "qr", "slogdet", "solve", "svd", "svdvals",
]  # fmt: skip


def check_square(function: str, tensor: Tensor) -> None:
    """Refuse what is no stack of square matrices of a floating-point type."""
    check_matrix(function, tensor)
    shape = tensor._array.shape
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"{function}: A must be batches of square matrices, but they are "
            f"{shape[-2]} by {shape[-1]} matrices"
        )


def check_matrix(function: str, tensor: Tensor) -> None:
    """Refuse what is no stack of matrices of a floating-point type."""
    if tensor._array.ndim < 2:
        raise RuntimeError(
            f"{function}: The input tensor A must have at least 2 dimensions."
        )
    if tensor._array.dtype not in (np.float32, np.float64):
        raise RuntimeError(
            f"{function}: Expected a floating point or complex tensor as input. Got "
            f"{type_name(tensor.dtype)}"
        )


def lapack(function: str, kernel: Any, *arguments: Any) -> Any:
    """Call a kernel and turn NumPy's error into PyTorch's."""
    try:
        return kernel(*arguments)
    except np.linalg.LinAlgError as error:
        from ..linalg import LinAlgError

        raise LinAlgError(f"{function}: {error}") from None


class LinalgInvEx(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result: np.ndarray = lapack("linalg.inv", kernels.inverse, array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        turned = result.mT
        return -(turned @ grad_output @ turned)


@tensor_method("inverse")
def inv(A: Tensor) -> Tensor:
    """Invert square matrices.

    Args:
        A: (..., N, N).

    Raises:
        LinAlgError: a matrix has no inverse.

    Example:
        >>> import tatami
        >>> tatami.linalg.inv(tatami.tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    check_square("linalg.inv", A)
    return LinalgInvEx.apply(A)


def inverse(input: Tensor) -> Tensor:
    """Invert square matrices.

    Example:
        >>> import tatami
        >>> tatami.inverse(tatami.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    return inv(input)


class LinalgDet(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.determinant(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        if bool((result._array == 0).any()):
            return _cofactors(x) * grad_output[..., None, None]
        return (grad_output * result)[..., None, None] * inv(x).mT


def _cofactors(x: Tensor) -> Tensor:
    """Return the derivative of the determinant where there is no inverse."""
    u, s, vh = linalg_svd(x)
    n = s._array.shape[-1]
    keep = 1 - wrap(np.eye(n, dtype=s._array.dtype))
    others = (s.unsqueeze(-2) * keep + (1 - keep)).prod(-1)
    sign = det(u.detach()) * det(vh.detach())
    middle = (sign.unsqueeze(-1) * others).unsqueeze(-2)
    return (u * middle) @ vh


@tensor_method()
def det(A: Tensor) -> Tensor:
    """Return the determinants of square matrices.

    Args:
        A: (..., N, N).

    Example:
        >>> import tatami
        >>> tatami.linalg.det(tatami.tensor([[2.0, 1.0], [1.0, 3.0]]))
        tensor(5.)
    """
    check_square("linalg.det", A)
    return LinalgDet.apply(A)


class LinalgSlogdet(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> tuple[np.ndarray, ...]:
        ctx.save_for_backward(array)
        return kernels.signed_log_determinant(array)

    @staticmethod
    def backward(ctx: Any, grad_sign: Any, grad_logarithm: Any) -> Any:
        (x,) = ctx.saved_tensors
        if grad_logarithm is None:
            return x * 0
        return grad_logarithm[..., None, None] * inv(x).mT


SlogdetResult = named("linalg_slogdet", "sign", "logabsdet")


@tensor_method()
def slogdet(A: Tensor) -> Any:
    """Return the signs of determinants and the logarithms of their sizes.

    Example:
        >>> import tatami
        >>> tatami.linalg.slogdet(tatami.tensor([[1.0]])).logabsdet
        tensor(0.)
    """
    check_square("linalg.slogdet", A)
    return SlogdetResult(LinalgSlogdet.apply(A))


@tensor_method()
def logdet(input: Tensor) -> Tensor:
    """Return the logarithms of determinants; NaN where one is negative.

    Example:
        >>> import tatami
        >>> tatami.logdet(tatami.eye(2))
        tensor(0.)
    """
    sign, logarithm = slogdet(input)
    return logarithm.masked_fill(sign < 0, float("nan"))


class LinalgSolveEx(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        result: np.ndarray = lapack("linalg.solve", kernels.solve, a, b)
        ctx.save_for_backward(a, result)
        ctx.shapes = a.shape, b.shape
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        from .arguments import unbroadcast

        a, result = ctx.saved_tensors
        slope = LinalgSolveEx.apply(a.mT, grad_output)
        first, second = ctx.shapes
        return unbroadcast(-(slope @ result.mT), first), unbroadcast(slope, second)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Find X with A X = B.

    Args:
        A: (..., N, N).
        B: (..., N) or (..., N, K).
        left: False to find X with X A = B.

    Raises:
        LinAlgError: a matrix has no inverse.

    Example:
        >>> import tatami
        >>> tatami.linalg.solve(tatami.tensor([[2.0]]), tatami.tensor([[6.0]]))
        tensor([[3.]])
    """
    check_square("linalg.solve", A)
    if A._array.dtype != B._array.dtype:
        raise RuntimeError(
            "linalg.solve: Expected A and B to have the same dtype, but found A of "
            f"type {type_name(A.dtype)} and B of type {type_name(B.dtype)} instead"
        )
    a, b = A._array.shape, B._array.shape
    if len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1]):
        return LinalgSolveEx.apply(A, B.unsqueeze(-1)).squeeze(-1)
    if not left:
        return LinalgSolveEx.apply(A.mT, B.mT).mT
    if b[-2] != a[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B "
            f"({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})"
        )
    return LinalgSolveEx.apply(A, B)


class LinalgCholeskyEx(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result: np.ndarray = lapack("linalg.cholesky", kernels.cholesky, array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (factor,) = ctx.saved_tensors
        lower = (factor.mT @ grad_output).tril()
        halved = lower - lower.diagonal(0, -2, -1).diag_embed() / 2
        turned = inv(factor)
        slope = turned.mT @ halved @ turned
        return (slope + slope.mT) / 2


@tensor_method()
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """Factor positive definite matrices into L L^T.

    Args:
        input: (..., N, N), symmetric and positive definite.
        upper: return L^T rather than L.

    Raises:
        LinAlgError: a matrix is not positive definite.

    Example:
        >>> import tatami
        >>> tatami.linalg.cholesky(tatami.tensor([[4.0]]))
        tensor([[2.]])
    """
    check_square("linalg.cholesky", input)
    factor = LinalgCholeskyEx.apply(input)
    return factor.mT if upper else factor


class LinalgEigh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, upper: bool) -> tuple[np.ndarray, ...]:
        values, vectors = lapack("linalg.eigh", kernels.eigh, array, upper)
        ctx.save_for_backward(values, vectors)
        return values, vectors

    @staticmethod
    def backward(ctx: Any, grad_values: Any, grad_vectors: Any) -> Any:
        values, vectors = ctx.saved_tensors
        middle: Any = 0
        if grad_vectors is not None:
            middle = vectors.mT @ grad_vectors / _gaps(values)
        if grad_values is not None:
            middle = middle + grad_values.diag_embed()
        return vectors @ middle @ vectors.mT


def _gaps(values: Tensor) -> Tensor:
    """Return values[j] - values[i], infinite on the diagonal."""
    gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
    diagonal = np.eye(values._array.shape[-1], dtype=bool)
    return gaps.masked_fill(wrap(diagonal), float("inf"))


EighResult = named("linalg_eigh", "eigenvalues", "eigenvectors")


def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Return eigenvalues, in ascending order, and eigenvectors of symmetric matrices.

    Args:
        A: (..., N, N).
        UPLO: ``'L'`` or ``'U'``, the triangle that is read.

    Example:
        >>> import tatami
        >>> tatami.linalg.eigh(tatami.tensor([[2.0]])).eigenvalues
        tensor([2.])
    """
    check_square("linalg.eigh", A)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return EighResult(LinalgEigh.apply(A, UPLO.upper() == "U"))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues of symmetric matrices, in ascending order.

    Example:
        >>> import tatami
        >>> tatami.linalg.eigvalsh(tatami.eye(2))
        tensor([1., 1.])
    """
    return eigh(A, UPLO)[0]


class LinalgSvd(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, full: bool) -> tuple[np.ndarray, ...]:
        u, s, vh = lapack("linalg.svd", kernels.svd, array, full)
        ctx.save_for_backward(u, s, vh)
        ctx.full = full and array.shape[-1] != array.shape[-2]
        return u, s, vh

    @staticmethod
    def backward(ctx: Any, grad_u: Any, grad_s: Any, grad_vh: Any) -> Any:
        u, s, vh = ctx.saved_tensors
        if ctx.full:
            if grad_u is not None or grad_vh is not None:
                raise RuntimeError(
                    "svd_backward: the gradient of the singular vectors needs "
                    "full_matrices=False"
                )
            n = s._array.shape[-1]
            u, vh = u[..., :n], vh[..., :n, :]
        middle: Any = grad_s.diag_embed() if grad_s is not None else 0
        if grad_u is None and grad_vh is None:
            return u @ middle @ vh
        return _svd_slope(u, s, vh, grad_u, middle, grad_vh)


def _svd_slope(
    u: Tensor, s: Tensor, vh: Tensor, grad_u: Any, middle: Any, grad_vh: Any
) -> Tensor:
    """Return the derivative through the singular vectors (Giles 2008, section 2.2.5)."""  # noqa: E501
    squares = _gaps(s * s)
    total: Any = middle
    outside: Any = 0
    if grad_u is not None:
        inner = u.mT @ grad_u / squares
        total = total + (inner + inner.mT) * s.unsqueeze(-2)
        rest = grad_u - u @ (u.mT @ grad_u)
        outside = outside + (rest / s.unsqueeze(-2)) @ vh
    if grad_vh is not None:
        inner = vh @ grad_vh.mT / squares
        total = total + s.unsqueeze(-1) * (inner + inner.mT)
        rest = grad_vh - (grad_vh @ vh.mT) @ vh
        outside = outside + u @ (rest / s.unsqueeze(-1))
    return u @ total @ vh + outside


LinalgSvdResult = named("linalg_svd", "U", "S", "Vh")
SvdResult = named("svd", "U", "S", "V")


def linalg_svd(A: Tensor, full_matrices: bool = True) -> Any:
    """Factor matrices into U diag(S) Vh, with S in descending order.

    Args:
        A: (..., N, M).
        full_matrices: return square U and Vh.

    Example:
        >>> import tatami
        >>> tatami.linalg.svd(tatami.tensor([[3.0]])).S
        tensor([3.])
    """
    check_matrix("linalg.svd", A)
    return LinalgSvdResult(LinalgSvd.apply(A, full_matrices))


@tensor_method()
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """Factor matrices into U diag(S) V^T, with S in descending order.

    Args:
        input: (..., N, M).
        some: return as many columns of U and V as there are singular values.
        compute_uv: False to return zeros in the place of U and V.

    Example:
        >>> import tatami
        >>> tatami.svd(tatami.tensor([[3.0]])).S
        tensor([3.])
    """
    if not compute_uv:
        shape = input._array.shape
        sizes = [(*shape[:-2], n, n) for n in shape[-2:]]
        u, v = (wrap(np.zeros(n, input._array.dtype)) for n in sizes)
        return SvdResult((u, svdvals(input), v))
    u, s, vh = linalg_svd(input, not some)
    return SvdResult((u, s, vh.mT))


def svdvals(A: Tensor) -> Tensor:
    """Return singular values, in descending order.

    Example:
        >>> import tatami
        >>> tatami.linalg.svdvals(tatami.tensor([[3.0]]))
        tensor([3.])
    """
    return linalg_svd(A, False)[1]


class LinalgQr(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, mode: str) -> tuple[np.ndarray, ...]:
        q, r = kernels.qr(array, mode)
        ctx.save_for_backward(q, r)
        ctx.reduced = mode == "reduced" and array.shape[-2] >= array.shape[-1]
        return q, r

    @staticmethod
    def backward(ctx: Any, grad_q: Any, grad_r: Any) -> Any:
        q, r = ctx.saved_tensors
        if not ctx.reduced:
            raise NotImplementedError(
                "The derivative of linalg.qr is not implemented for matrices wider "
                "than high, nor for mode='complete'; use mode='reduced' on high ones"
            )
        middle: Any = 0
        if grad_r is not None:
            middle = middle + r @ grad_r.mT
        if grad_q is not None:
            middle = middle - grad_q.mT @ q
        lower = middle.tril(-1)
        symmetric = middle.tril() + lower.mT
        outer = q @ symmetric + (0 if grad_q is None else grad_q)
        return solve(r, outer.mT).mT


QrResult = named("linalg_qr", "Q", "R")


@tensor_method()
def qr(A: Tensor, mode: Any = "reduced") -> Any:
    """Factor matrices into an orthogonal Q and an upper triangular R.

    Args:
        A: (..., N, M).
        mode: ``'reduced'``, ``'complete'``, or ``'r'`` for R alone. ``torch.qr`` calls
            it ``some``: True is reduced.

    Example:
        >>> import tatami
        >>> q, r = tatami.linalg.qr(tatami.eye(2))
        >>> (q @ r).shape
        torch.Size([2, 2])
    """
    check_matrix("linalg.qr", A)
    if isinstance(mode, bool):
        mode = "reduced" if mode else "complete"
    if mode == "r":
        r = LinalgQr.apply(A, "reduced")[1]
        return QrResult((wrap(np.empty(0, A._array.dtype)), r))
    if mode not in ("reduced", "complete"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' "
            "(default), 'r', or 'complete'"
        )
    return QrResult(LinalgQr.apply(A, mode))
