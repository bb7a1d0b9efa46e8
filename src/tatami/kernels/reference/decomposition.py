"""Decompositions and solutions of matrices: LAPACK, by way of NumPy."""

from __future__ import annotations

import numpy as np

__all__ = [
    "cholesky",
    "determinant",
    "eigh",
    "inverse",
    "least_squares",
    "qr",
    "signed_log_determinant",
    "singular_values",
    "solve",
    "svd",
]

Array = np.ndarray


def _as(x: Array, like: Array) -> Array:
    return np.asarray(x, dtype=like.dtype)


def cholesky(x: Array) -> Array:
    """The lower triangle L with x = L L^T."""
    return _as(np.linalg.cholesky(x), x)


def determinant(x: Array) -> Array:
    """The determinant of each matrix."""
    return _as(np.linalg.det(x), x)


def signed_log_determinant(x: Array) -> tuple[Array, Array]:
    """The sign of the determinant and the logarithm of its absolute value."""
    sign, logarithm = np.linalg.slogdet(x)
    return _as(sign, x), _as(logarithm, x)


def eigh(x: Array, upper: bool) -> tuple[Array, Array]:
    """The eigenvalues and eigenvectors of a symmetric matrix given by one triangle."""
    values, vectors = np.linalg.eigh(x, UPLO="U" if upper else "L")
    return _as(values, x), _as(vectors, x)


def inverse(x: Array) -> Array:
    """The inverse of each matrix."""
    return _as(np.linalg.inv(x), x)


def solve(a: Array, b: Array) -> Array:
    """The x with a x = b, for stacks of matrices."""
    return _as(np.linalg.solve(a, b), a)


def svd(x: Array, full: bool) -> tuple[Array, Array, Array]:
    """U, S and Vh with x = U diag(S) Vh."""
    u, s, vh = np.linalg.svd(x, full_matrices=full)
    return _as(u, x), _as(s, x), _as(vh, x)


def singular_values(x: Array) -> Array:
    """The singular values, largest first."""
    return _as(np.linalg.svd(x, compute_uv=False), x)


def qr(x: Array, mode: str) -> tuple[Array, Array]:
    """Q and R with x = Q R; ``mode`` is reduced or complete."""
    q, r = np.linalg.qr(x, mode=mode)  # type: ignore[call-overload]
    return _as(q, x), _as(r, x)


def least_squares(a: Array, b: Array, cutoff: float) -> tuple[Array, int]:
    """The x that brings a x closest to b, and the rank of a."""
    x, _, rank, _ = np.linalg.lstsq(a, b, rcond=cutoff)
    return _as(x, a), int(rank)
