"""Norms of vectors, and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import cast, type_name
from .door import public
from .extrema import require_elements
from .inplace import in_place
from .reduce import unreduced

__all__ = ["cdist", "dist", "norm", "renorm"]


class LinalgVectorNorm(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, p: float, dims: tuple[int, ...], keepdim: bool
    ) -> np.ndarray:
        ctx.p, ctx.dims = p, dims
        result = kernels.vector_norm(array, p, dims, keepdim)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        shape = x._array.shape
        if ctx.p == 0:
            return None
        gradient = unreduced(grad_output, shape, ctx.dims)
        return _norm_slope(
            ctx.p, x, unreduced(result, shape, ctx.dims), gradient, ctx.dims
        )


def _norm_slope(
    p: float, x: Tensor, norm: Tensor, gradient: Tensor, dims: Any
) -> Tensor:
    """Return the gradient of a norm; where a norm is 0 the subgradient 0."""
    if p == 1:
        return x.sgn() * gradient
    if math.isinf(p):
        mask = x.abs() == norm
        return x.sgn() * mask * (gradient / mask.sum(dims, keepdim=True))
    if p == 2:
        return gradient * (x / norm).masked_fill(norm == 0, 0)
    if p < 2:
        power = x.abs().pow(p - 1).masked_fill(x == 0, 0)
        scaled = x.sgn() * power
    else:
        scaled = x * x.abs().pow(p - 2)
    scale = (gradient * norm.pow(1 - p)).masked_fill(norm == 0, 0)
    return scaled * scale


@public
def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    """Return the norm of vectors: the ``ord``-th root of the sum of |x|^ord.

    Args:
        x: floating-point tensor.
        ord: order; ``inf`` and ``-inf`` give the largest and the smallest |x|, 0 the
            number of elements that are not zero.
        dim: dimension or dimensions of the vectors; all if left out.
        keepdim: leave them in, with length 1.
        dtype: type to compute in.

    Raises:
        RuntimeError: the type is not a floating-point one.

    Example:
        >>> import tatami
        >>> tatami.linalg.vector_norm(tatami.tensor([3.0, 4.0]))
        tensor(5.)
    """
    if dtype is not None:
        x = cast(x, dtypes.parse(dtype))
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {type_name(x.dtype)}"
        )
    dims = size.normalize_dims(dim, x._array.ndim)
    if x._array.size == 0 and (ord < 0 or ord == math.inf):
        require_elements("linalg.vector_norm", x, dim)
    return LinalgVectorNorm.apply(x, float(ord), dims, keepdim)


@tensor_method()
@public
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    """Return the norm of a tensor seen as one vector, or of vectors in it.

    Args:
        input: floating-point tensor.
        p: order of the norm, ``'fro'`` (2), or ``'nuc'``: the sum of the singular
            values of a matrix.
        dim: dimension or dimensions of the vectors; all if left out.
        keepdim: leave them in, with length 1.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.norm(tatami.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor(5.)
    """
    if p == "nuc":
        return _nuclear(input, dim, keepdim, dtype)
    order = 2.0 if p in ("fro", None) else float(p)
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def _nuclear(input: Tensor, dim: Any, keepdim: bool, dtype: Any) -> Tensor:
    if dtype is not None:
        input = cast(input, dtypes.parse(dtype))
    rank = input._array.ndim
    dims = (0, 1) if dim is None else tuple(size.normalize_dim(d, rank) for d in dim)
    matrices = input.movedim(dims, (-2, -1))
    total = matrices.svd()[1].sum(-1)
    if not keepdim:
        return total
    return unreduced(total, input._array.shape, dims)


@tensor_method()
@public
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Return the norm of the difference of two tensors.

    Args:
        input: tensor of any shape.
        other: tensor whose shape stretches to that of ``input``, or back.
        p: order of the norm.

    Example:
        >>> import tatami
        >>> tatami.dist(tatami.tensor([1.0, 1.0]), tatami.tensor([4.0, 5.0]))
        tensor(5.)
    """
    return vector_norm(input - other, p)


@tensor_method()
@public
@in_place
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Shorten the slices along a dimension that are longer than ``maxnorm``.

    Args:
        input: tensor of at least two dimensions.
        p: order of the norm, positive.
        dim: dimension whose slices are measured.
        maxnorm: largest norm left as it is.

    Example:
        >>> import tatami
        >>> tatami.renorm(tatami.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
    """
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if input._array.ndim < 2:
        raise RuntimeError(
            "renorm: input needs at least 2 dimensions, got "
            f"{input._array.ndim} dimensions"
        )
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    place = size.normalize_dim(dim, input._array.ndim)
    others = [i for i in range(input._array.ndim) if i != place]
    length = vector_norm(input, p, others, True)
    factor = (maxnorm / (length + 1e-7)).masked_fill(length <= maxnorm, 1)
    return input * factor


@public
def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None
) -> Tensor:
    """Return the distances between all pairs of points.

    Args:
        x1: (..., points, coordinates).
        x2: (..., other points, coordinates).
        p: order of the norm.
        compute_mode: has no effect: distances never go through a matrix product.

    Returns:
        (..., points, other points).

    Example:
        >>> import tatami
        >>> tatami.cdist(tatami.tensor([[0.0, 0.0]]), tatami.tensor([[3.0, 4.0]]))
        tensor([[5.]])
    """
    if x1._array.shape[-1] != x2._array.shape[-1]:
        raise RuntimeError(
            "X1 and X2 must have the same number of columns. X1: "
            f"{x1._array.shape[-1]} X2: {x2._array.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if difference._array.shape[-1] == 0:
        return difference.sum(-1)
    return vector_norm(difference, p, -1)
