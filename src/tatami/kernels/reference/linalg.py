"""Matrix products."""

from __future__ import annotations

import numpy as np

from .elementwise import as_array

__all__ = [
    "addmm",
    "matmul",
]

Array = np.ndarray


def matmul(a: Array, b: Array) -> Array:
    """The matrix product over the last two dimensions, stretching the others."""
    with np.errstate(all="ignore"):
        return as_array(np.matmul(a, b))


def addmm(bias: Array, a: Array, b: Array, beta: float, alpha: float) -> Array:
    """beta bias + alpha (a b); with beta 0, bias is not looked at."""
    with np.errstate(all="ignore"):
        product = np.matmul(a, b)
        if alpha != 1:
            product *= alpha
        if beta == 0:
            return as_array(product)
        product += bias if beta == 1 else bias * beta
        return as_array(product)
