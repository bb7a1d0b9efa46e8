"""Adding a gradient to ``grad`` of a leaf."""

from __future__ import annotations

import sys

import numpy as np

from .. import kernels
from ..tensor import Tensor, wrap

__all__ = ["accumulate"]

# What sys.getrefcount says of a gradient that only the backward pass holds: the names
# of the three functions it goes through, and the argument of the call itself.
_SOLE_TENSOR = 5
_SOLE_ARRAY = 3


def accumulate(leaf: Tensor, gradient: Tensor, create_graph: bool) -> None:
    """Add a gradient to ``leaf.grad``."""
    if gradient._array.shape != leaf._array.shape:
        raise RuntimeError(
            "Function AccumulateGrad returned an invalid gradient at index 0 - got "
            f"{list(gradient.shape)} but expected shape compatible with "
            f"{list(leaf.shape)}"
        )
    known = leaf._grad
    if known is None:
        leaf._grad = gradient if create_graph else _own(gradient)
    elif create_graph:
        leaf._grad = known + gradient
    else:
        kernels.add(known._array, gradient._array, out=known._array)
        known._counter[0] += 1


def _own(gradient: Tensor) -> Tensor:
    """Take the gradient over if nobody else holds it, else copy it."""
    array = gradient._array
    if (
        array.base is None
        and array.flags.c_contiguous
        and gradient._base is None
        and gradient._node is None
        and sys.getrefcount(array) <= _SOLE_ARRAY
        and sys.getrefcount(gradient) <= _SOLE_TENSOR
    ):
        return gradient
    return wrap(np.array(array, order="C"))
