"""Linear algebra under the names of ``torch.linalg``."""

from __future__ import annotations

from .ops.decomposition import (
    cholesky,
    det,
    eigh,
    eigvalsh,
    inv,
    qr,
    slogdet,
    solve,
    svdvals,
)
from .ops.decomposition import linalg_svd as svd
from .ops.diagonals import diagonal
from .ops.distance import vector_norm
from .ops.matrix_functions import (
    cond,
    cross,
    lstsq,
    matrix_exp,
    matrix_norm,
    matrix_power,
    matrix_rank,
    multi_dot,
    pinv,
)
from .ops.matrix_functions import linalg_norm as norm
from .ops.products import matmul

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]


class LinAlgError(RuntimeError):
    """A matrix has no inverse, or is not positive definite."""
