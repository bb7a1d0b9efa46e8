"""Matrix products together with what a network does before or after them."""

from __future__ import annotations

import numpy as np

from .elementwise import as_array, relu
from .linalg import addmm, matmul

__all__ = [
    "linear_relu",
    "matmul_masked",
]

Array = np.ndarray


def linear_relu(x: Array, weight: Array, bias: Array) -> Array:
    """relu(x weight^T + bias), for x (M, K), weight (O, K) and bias (O)."""
    return relu(addmm(bias, x, weight.T, 1, 1))


def matmul_masked(a: Array, b: Array, mask: Array) -> Array:
    """The matrix product of a and b, set to 0 where the mask is at most 0.

    The mask has the shape of the product. With the output of relu as the mask, this is
    the gradient of a linear layer and of the relu before it.
    """
    product = matmul(a, b)
    return as_array(np.where(mask <= 0, product.dtype.type(0), product))
