"""How near vectors are to each other, and vectors of length one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import size
from ..autograd import grad_mode
from ..tensor import Tensor, wrap
from .arguments import operands, type_name
from .distance import LinalgVectorNorm, vector_norm
from .door import public

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Divide vectors by their norm.

    Args:
        input: floating-point tensor of any shape.
        p: power of the norm.
        dim: dimension or dimensions of the vectors.
        eps: smallest norm to divide by.
        out: tensor that receives the result.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.normalize(tatami.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {type_name(input.dtype)}"
        )
    length = vector_norm(input, p, dim, keepdim=True).clamp(min=eps)
    result = input / length.expand_as(input)
    if out is None:
        return result
    return out.copy_(result)


@public
def cosine_similarity(
    x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8
) -> Tensor:
    """Take the cosine of the angle between vectors.

    Args:
        x1: tensor of any shape.
        x2: tensor whose shape stretches to that of ``x1``, or back.
        dim: dimension of the vectors.
        eps: smallest length to divide by.

    Returns:
        The stretched shape without ``dim``.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 0.0]), tatami.tensor([1.0, 1.0])
        >>> tatami.cosine_similarity(a, b, dim=0)
        tensor(0.7071)
    """
    x1, x2 = operands(x1, x2)
    if x1._array.dtype.kind != "f":
        raise RuntimeError(
            "expected common dtype to be floating point, yet common dtype is "
            f"{type_name(x1.dtype)}"
        )
    shape = size.broadcast(x1._array.shape, x2._array.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    return (_unit(x1, dim, eps) * _unit(x2, dim, eps)).sum(dim)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    length = vector_norm(x, 2, dim, keepdim=True).clone()
    with grad_mode.no_grad():
        length.clamp_(min=eps)
    return x / length


class _Norm(LinalgVectorNorm):
    node_name = "NormBackward1"


@public
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Measure the distance of vectors from their counterparts.

    Args:
        x1: (N, D) or (D).
        x2: the same shape.
        p: power of the norm.
        eps: added to differences, so that their norm has a gradient.
        keepdim: leave the last dimension in, with length 1.

    Returns:
        (N), or (N, 1) with ``keepdim``.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([[0.0, 0.0]]), tatami.tensor([[3.0, 4.0]])
        >>> tatami.pairwise_distance(a, b)
        tensor([5.0000])
    """
    difference = x1 - x2 + eps
    rank = max(x1.dim(), x2.dim())
    return _Norm.apply(difference, float(p), (rank - 1,), keepdim)


@public
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """Measure the distances between all rows of a matrix.

    Args:
        input: (N, D).
        p: power of the norm.

    Returns:
        (N (N - 1) / 2): row 0 to rows 1, 2, ..., row 1 to rows 2, 3, ...

    Raises:
        RuntimeError: the tensor is no floating-point matrix, or ``p`` is negative.

    Example:
        >>> import tatami
        >>> tatami.pdist(tatami.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
        tensor([5.0000, 1.0000, 4.2426])
    """
    x = input._array
    if x.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {x.ndim}D")
    if x.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if not (p >= 0 or math.isnan(p)):
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = (wrap(a) for a in np.triu_indices(x.shape[0], 1))
    difference = input.index_select(0, first) - input.index_select(0, second)
    if x.shape[1] == 0:
        return difference.sum(1)
    return vector_norm(difference, p, 1)
