"""Adding a gradient to ``grad`` of a leaf."""

from __future__ import annotations

import sys

from .. import kernels
from ..tensor import Tensor, wrap

__all__ = ["accumulate", "sole"]


class _Sole:
    """How many references a gradient has that only the backward pass holds.

    The interpreter's own references differ between versions of Python, so they are
    counted once, by letting a gradient of which all is known go the usual way.
    """

    def __init__(self) -> None:
        self.counting = False
        self.tensor = self.array = 0


sole = _Sole()


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
    tensor_count, array_count = sys.getrefcount(gradient), sys.getrefcount(array)
    if sole.counting:
        sole.tensor, sole.array = tensor_count, array_count
    if (
        tensor_count <= sole.tensor
        and array_count <= sole.array
        and array.base is None
        and gradient._base is None
        and gradient._node is None
        and array.flags.c_contiguous
    ):
        return gradient
    return wrap(kernels.copy(array))
