"""Spread, correlation, quantiles and histograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .door import public
from .reduce import count_of, unreduced

__all__ = [
    "corrcoef",
    "cov",
    "nanquantile",
    "quantile",
    "std",
    "std_mean",
    "var",
    "var_mean",
]


def _var_slope(gradient: Tensor, x: Tensor, ctx: Any) -> Tensor:
    """Return gradient 2 (x - mean) / (count - correction)."""
    shape = x._array.shape
    centred = x - x.mean(ctx.dims, keepdim=True)
    degrees = max(count_of(shape, ctx.dims) - ctx.correction, 0)
    factor = 2 / degrees if degrees else math.nan
    return unreduced(gradient, shape, ctx.dims) * centred * factor


def _std_gradient(gradient: Tensor, result: Tensor) -> Tensor:
    """Return the gradient of the variance, and 0 where there is no spread."""
    slope = gradient / (result * 2)
    return slope.masked_fill(result == 0, 0)


class Var(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], correction: float,
        keepdim: bool,
    ) -> np.ndarray:  # fmt: skip
        ctx.dims, ctx.correction = dims, correction
        ctx.save_for_backward(array)
        return kernels.var(array, dims, correction, keepdim)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return _var_slope(grad_output, ctx.saved_tensors[0], ctx)


class Std(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], correction: float,
        keepdim: bool,
    ) -> np.ndarray:  # fmt: skip
        ctx.dims, ctx.correction = dims, correction
        result = kernels.sqrt(kernels.var(array, dims, correction, keepdim))
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return _var_slope(_std_gradient(grad_output, result), x, ctx)


class VarMean(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], correction: float,
        keepdim: bool,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        ctx.dims, ctx.correction = dims, correction
        spread, centre = _spread_and_centre(array, dims, correction, keepdim)
        ctx.save_for_backward(array)
        return spread, centre

    @staticmethod
    def backward(ctx: Any, spread: Any, centre: Any) -> Any:
        return _both(ctx, ctx.saved_tensors[0], spread, centre)


class StdMean(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, dims: tuple[int, ...], correction: float,
        keepdim: bool,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        ctx.dims, ctx.correction = dims, correction
        spread, centre = _spread_and_centre(array, dims, correction, keepdim)
        deviation = kernels.sqrt(spread)
        ctx.save_for_backward(array, deviation)
        return deviation, centre

    @staticmethod
    def backward(ctx: Any, deviation: Any, centre: Any) -> Any:
        x, result = ctx.saved_tensors
        if deviation is not None:
            deviation = _std_gradient(deviation, result)
        return _both(ctx, x, deviation, centre)


def _spread_and_centre(
    array: np.ndarray, dims: tuple[int, ...], correction: float, keepdim: bool
) -> tuple[np.ndarray, np.ndarray]:
    total = kernels.sum(array, dims, keepdim)
    centre = kernels.div(total, count_of(array.shape, dims))
    return kernels.var(array, dims, correction, keepdim), centre


def _both(ctx: Any, x: Tensor, spread: Any, centre: Any) -> Any:
    total = None
    if spread is not None:
        total = _var_slope(spread, x, ctx)
    if centre is not None:
        shape = x._array.shape
        share = unreduced(centre, shape, ctx.dims) / max(count_of(shape, ctx.dims), 1)
        total = share.expand(shape) if total is None else total + share
    return total


def _spread(
    operation: Any, input: Tensor, dim: Any, unbiased: Any, keepdim: bool,
    correction: Any,
) -> Any:  # fmt: skip
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    if input._array.dtype.kind != "f":
        name = operation.__name__.lower()
        name = name.replace("mean", "_mean") if "mean" in name else "std and var"
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    dims = size.normalize_dims(dim, input._array.ndim)
    return operation.apply(input, dims, correction, keepdim)


@tensor_method()
@public
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None,
    keepdim: bool = False, *, correction: float | None = None,
) -> Tensor:  # fmt: skip
    """Return the variance: the mean squared difference from the mean.

    Args:
        input: floating-point tensor.
        dim: dimension or dimensions to reduce; all if left out.
        unbiased: divide by the number of elements less one (the default).
        keepdim: leave the reduced dimensions in, with length 1.
        correction: divide by the number of elements less this.

    Example:
        >>> import tatami
        >>> tatami.var(tatami.tensor([1.0, 2.0, 3.0]))
        tensor(1.)
    """
    return _spread(Var, input, dim, unbiased, keepdim, correction)


@tensor_method()
@public
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None,
    keepdim: bool = False, *, correction: float | None = None,
) -> Tensor:  # fmt: skip
    """Return the standard deviation: the root of the variance; see ``var``.

    Example:
        >>> import tatami
        >>> tatami.std(tatami.tensor([1.0, 3.0, 5.0]))
        tensor(2.)
    """
    return _spread(Std, input, dim, unbiased, keepdim, correction)


@public
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None,
    keepdim: bool = False, *, correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the variance and the mean; see ``var``.

    Example:
        >>> import tatami
        >>> tatami.var_mean(tatami.tensor([1.0, 2.0, 3.0]))
        (tensor(1.), tensor(2.))
    """
    return _spread(VarMean, input, dim, unbiased, keepdim, correction)


@public
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None,
    keepdim: bool = False, *, correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the standard deviation and the mean; see ``var``.

    Example:
        >>> import tatami
        >>> tatami.std_mean(tatami.tensor([1.0, 3.0, 5.0]))
        (tensor(2.), tensor(3.))
    """
    return _spread(StdMean, input, dim, unbiased, keepdim, correction)


@tensor_method()
@public
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return the covariances of variables, one for each row.

    Args:
        input: (variables, observations), or one variable.
        correction: divide by the number of observations less this.
        fweights: how often each observation counts, whole numbers.
        aweights: weight of each observation.

    Returns:
        (variables, variables), or a single number.

    Example:
        >>> import tatami
        >>> tatami.cov(tatami.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    if input._array.ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input "
            f"with {input._array.ndim} dimensions"
        )
    x = input.reshape(-1, 1) if not input._array.ndim else input
    x = x.unsqueeze(0) if x._array.ndim == 1 else x
    weights, total = _weights(x, fweights, aweights)
    if weights is None:
        norm: Any = total - correction
        centred = x - (x.sum(1, keepdim=True) / total if total else x.mean(1, True))
        other = centred
    else:
        centred = x - (x * weights).sum(1, keepdim=True) / weights.sum()
        norm = _degrees(weights, aweights, correction)
        other = centred * weights
    norm = norm.clamp(min=0) if isinstance(norm, Tensor) else max(norm, 0)
    product = centred.mm(other.t())
    return (product / norm).squeeze()


def _weights(x: Tensor, fweights: Any, aweights: Any) -> tuple[Any, int]:
    weights = fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    return weights, x._array.shape[1]


def _degrees(weights: Tensor, aweights: Any, correction: int) -> Any:
    total = weights.sum()
    if not correction or aweights is None:
        return total - correction
    return total - correction * (weights * aweights).sum() / total


@tensor_method()
@public
def corrcoef(input: Tensor) -> Tensor:
    """Return the correlation coefficients of variables, one for each row.

    Args:
        input: (variables, observations), or one variable.

    Returns:
        (variables, variables), or a single number.

    Example:
        >>> import tatami
        >>> tatami.corrcoef(tatami.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    if input._array.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an "
            f"input with {input._array.ndim} dimensions"
        )
    covariances = cov(input)
    if not covariances._array.ndim:
        return covariances / covariances
    deviations = covariances.diagonal().sqrt()
    scaled = covariances / deviations.view(-1, 1) / deviations.view(1, -1)
    return scaled.clamp(-1, 1)


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(name: str, input: Tensor, q: Any, interpolation: str) -> Tensor:
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint "
            f"or nearest, but got {interpolation}"
        )
    if input._array.size == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input._array.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype"
        )
    if not isinstance(q, Tensor):
        q = wrap(np.asarray(q, input._array.dtype))
    if q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q._array.dtype != input._array.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if not ((q._array >= 0) & (q._array <= 1)).all():
        raise RuntimeError(f"{name}() q {_outside(q)}")
    return q


def _outside(q: Tensor) -> str:
    if q._array.ndim:
        return "values must be in the range [0, 1]"
    return f"must be in the range [0, 1] but got {q.item():g}"


def _quantile(
    name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool,
    interpolation: str,
) -> Tensor:  # fmt: skip
    """Sort, and read between the ranks; a row with NaN gives NaN unless skipped."""
    q = _check_quantile(name, input, q, interpolation)
    rank = input._array.ndim
    place = 0 if dim is None else size.normalize_dim(dim, rank)
    row = input.reshape(-1) if dim is None else input
    row = row.reshape(1) if not row._array.ndim else row.transpose(place, -1)
    ordered = row.sort(-1)[0].unsqueeze(-2)
    count = row._array.shape[-1]
    missing = row.isnan().sum(-1, keepdim=True).unsqueeze(-1)
    positions = q.reshape(-1)
    if name == "nanquantile":
        ranks = (positions * (count - missing - 1)).clamp(min=0)
    else:
        full = (positions * (count - 1)).expand(*missing.shape[:-1], -1)
        ranks = full.masked_fill(missing != 0, count - 1)
    ranks = ranks.transpose(-1, -2)
    wide = ordered.transpose(-1, -2)
    result = _read(wide, ranks, interpolation).squeeze(-1)
    return _arranged(result, q, input, place, dim, keepdim)


def _read(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """Return the elements at fractional ranks along the last dimension but one."""
    if interpolation == "nearest":
        return ordered.gather(-2, ranks.round().long())
    if interpolation == "higher":
        return ordered.gather(-2, ranks.ceil().long())
    below = ordered.gather(-2, ranks.floor().long())
    if interpolation == "lower":
        return below
    weight = ranks.frac() if interpolation == "linear" else _halfway(ranks)
    above = ordered.gather(-2, ranks.ceil().long())
    return below.lerp(above, weight)


def _halfway(ranks: Tensor) -> Tensor:
    return wrap(kernels.full(ranks._array.shape, 0.5, ranks._array.dtype))


def _arranged(
    result: Tensor, q: Tensor, input: Tensor, place: int, dim: int | None, keepdim: bool
) -> Tensor:
    """Bring quantiles to the front, and reduced dimensions back where they were."""
    rank = input._array.ndim
    if not rank:
        return result.reshape(q._array.shape)
    if dim is None:
        result = result.reshape(-1, *(1,) * (rank if keepdim else 0))
    else:
        result = result.unsqueeze(-1).movedim(-2, 0).transpose(place + 1, -1)
        if not keepdim:
            result = result.squeeze(place + 1)
    return result if q._array.ndim else result.squeeze(0)


@tensor_method()
@public
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """Return the elements below which given fractions of a dimension lie.

    Args:
        input: float32 or float64 tensor.
        q: fraction, or several as a tensor; those come as the first dimension.
        dim: dimension to look along; all elements are looked at if left out.
        keepdim: leave the dimension in, with length 1.
        interpolation: ``linear``, ``lower``, ``higher``, ``midpoint`` or ``nearest``
            between two elements.

    Raises:
        RuntimeError: a fraction is not between 0 and 1, or there are no elements.

    Example:
        >>> import tatami
        >>> tatami.quantile(tatami.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
        tensor(2.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@tensor_method()
@public
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """Return quantiles of the elements that are not NaN; see ``quantile``.

    Example:
        >>> import tatami
        >>> tatami.nanquantile(tatami.tensor([1.0, float("nan"), 3.0]), 0.5)
        tensor(2.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)
