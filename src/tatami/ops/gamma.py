"""The gamma family, zeta, and Bessel functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, operands, unbroadcast
from .door import public
from .elementwise import as_floating
from .inplace import in_place, update

__all__ = [
    "digamma",
    "i0",
    "lgamma",
    "mvlgamma",
    "polygamma",
]

_LOG_PI = math.log(math.pi)


class Lgamma(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.lgamma(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * x.digamma()


@public
@tensor_method()
@in_place
def lgamma(input: Tensor) -> Tensor:
    """Return the logarithm of the absolute value of the gamma function.

    Example:
        >>> import tatami
        >>> tatami.lgamma(tatami.tensor([4.0, 0.5]))
        tensor([1.7918, 0.5724])
    """
    return Lgamma.apply(as_floating(input))


class Digamma(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.digamma(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * polygamma(1, x)


@public
@tensor_method()
@in_place
def digamma(input: Tensor) -> Tensor:
    """Return the slope of lgamma.

    Example:
        >>> import tatami
        >>> tatami.digamma(tatami.tensor([1.0, 0.5]))
        tensor([-0.5772, -1.9635])
    """
    return Digamma.apply(as_floating(input))


class Polygamma(Operation):
    @staticmethod
    def forward(ctx: Any, order: int, array: np.ndarray) -> np.ndarray:
        ctx.order = order
        ctx.save_for_backward(array)
        if order == 0:
            return kernels.digamma(array)
        sign = 1.0 if order % 2 else -1.0
        series = kernels.zeta(array.dtype.type(order + 1), array)
        return kernels.mul(series, sign * math.factorial(order))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return None, grad_output * polygamma(ctx.order + 1, x)


@public
def polygamma(n: int, input: Tensor) -> Tensor:
    """Return the ``n``-th derivative of digamma.

    Args:
        n: order, not negative.
        input: tensor of any shape.

    Raises:
        RuntimeError: the order is negative.

    Example:
        >>> import tatami
        >>> tatami.polygamma(1, tatami.tensor([1.0, 0.5]))
        tensor([1.6449, 4.9348])
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return Polygamma.apply(n, as_floating(input))


@tensor_method("polygamma")
def _polygamma(self: Tensor, n: int) -> Tensor:
    """Return the ``n``-th derivative of digamma."""
    return polygamma(n, self)


@tensor_method("polygamma_")
def _polygamma_in_place(self: Tensor, n: int) -> Tensor:
    """Put the ``n``-th derivative of digamma in place."""
    return update(self, lambda original: polygamma(n, original))


class Mvlgamma(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, p: int) -> np.ndarray:
        ctx.steps = [-i / 2 for i in range(p)]
        ctx.save_for_backward(array)
        total = kernels.full(array.shape, p * (p - 1) / 4 * _LOG_PI, array.dtype)
        for step in ctx.steps:
            total = kernels.add(total, kernels.lgamma(kernels.add(array, step)))
        return total

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        slope = x.digamma()
        for step in ctx.steps[1:]:
            slope = slope + (x + step).digamma()
        return grad_output * slope


@public
@tensor_method()
@in_place
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """Return the logarithm of the multivariate gamma function of dimension ``p``.

    Args:
        input: tensor of numbers above (p - 1) / 2.
        p: dimension, at least 1.

    Raises:
        RuntimeError: the dimension is less than 1.

    Example:
        >>> import tatami
        >>> tatami.mvlgamma(tatami.tensor([2.0]), 2)
        tensor([0.4516])
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return Mvlgamma.apply(as_floating(input), p)


class SpecialZeta(Operation):
    @staticmethod
    def forward(ctx: Any, s: Any, q: Any) -> np.ndarray:
        ctx.shape = q.shape
        ctx.save_for_backward(s, q)
        return kernels.zeta(s, q)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        s, q = ctx.saved_tensors
        if ctx.needs_input_grad[0]:
            raise RuntimeError(
                "the derivative for 'self' of special_zeta is not implemented"
            )
        slope = grad_output * -s * zeta(s + 1, q)
        return None, unbroadcast(slope, ctx.shape)


@public
def zeta(input: Any, other: Any) -> Tensor:
    """Return the Hurwitz zeta function: the sum of (other + k)^-input over k.

    Args:
        input: tensor or number, the exponent, above 1.
        other: tensor or number, the start.

    Example:
        >>> import tatami
        >>> tatami.special.zeta(tatami.tensor([2.0, 4.0]), 1)
        tensor([1.6449, 1.0823])
    """
    a, b = operands(input, other)
    kind = as_floating(a if isinstance(a, Tensor) else b).dtype
    a, b = (
        cast(x, kind) if isinstance(x, Tensor) else wrap(np.asarray(x, kind.numpy))
        for x in (a, b)
    )
    return SpecialZeta.apply(a, b)


class I0(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.i0(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * i1(x)


@public
@tensor_method()
@in_place
def i0(input: Tensor) -> Tensor:
    """Return the modified Bessel function of the first kind, of order 0.

    Example:
        >>> import tatami
        >>> tatami.i0(tatami.tensor([0.0, 1.0]))
        tensor([1.0000, 1.2661])
    """
    return I0.apply(as_floating(input))


class SpecialI0E(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.i0e(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return grad_output * (i1e(x) - x.sgn() * result)


@public
def i0e(input: Tensor) -> Tensor:
    """Return exp(-|x|) i0(x).

    Example:
        >>> import tatami
        >>> tatami.special.i0e(tatami.tensor([0.0, 1.0]))
        tensor([1.0000, 0.4658])
    """
    return SpecialI0E.apply(as_floating(input))


class SpecialI1(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.i1(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        slope = i0(x) - result / x
        return grad_output * slope.masked_fill(x == 0, 0.5)


@public
def i1(input: Tensor) -> Tensor:
    """Return the modified Bessel function of the first kind, of order 1.

    Example:
        >>> import tatami
        >>> tatami.special.i1(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.5652])
    """
    return SpecialI1.apply(as_floating(input))


class SpecialI1E(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.i1e(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        slope = i0e(x) - result * (x.sgn() + x.reciprocal())
        return grad_output * slope.masked_fill(x == 0, 0.5)


@public
def i1e(input: Tensor) -> Tensor:
    """Return exp(-|x|) i1(x).

    Example:
        >>> import tatami
        >>> tatami.special.i1e(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2079])
    """
    return SpecialI1E.apply(as_floating(input))
