"""Error functions, sigmoid and logit, and the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .door import public
from .elementwise import as_floating
from .inplace import in_place

__all__ = [
    "erf",
    "erfc",
    "erfinv",
    "logit",
    "sigmoid",
    "sinc",
]

_ROOT_PI = math.sqrt(math.pi)


class Erf(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.erf(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (2 / _ROOT_PI) * (-x * x).exp()


@public
@tensor_method()
@in_place
def erf(input: Tensor) -> Tensor:
    """Return the error function: 2/sqrt(pi) times the integral of exp(-t^2) up to x.

    Example:
        >>> import tatami
        >>> tatami.erf(tatami.tensor([0.0, 0.5]))
        tensor([0.0000, 0.5205])
    """
    return Erf.apply(as_floating(input))


class Erfc(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.erfc(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (-2 / _ROOT_PI) * (-x * x).exp()


@public
@tensor_method()
@in_place
def erfc(input: Tensor) -> Tensor:
    """Return 1 - erf(x), exact where that is small.

    Example:
        >>> import tatami
        >>> tatami.erfc(tatami.tensor([0.0, 5.0]))
        tensor([1.0000e+00, 1.5375e-12])
    """
    return Erfc.apply(as_floating(input))


class Erfinv(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.erfinv(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * (_ROOT_PI / 2) * (result * result).exp()


@public
@tensor_method()
@in_place
def erfinv(input: Tensor) -> Tensor:
    """Return the number whose erf each element is.

    Example:
        >>> import tatami
        >>> tatami.erfinv(tatami.tensor([0.0, 0.5]))
        tensor([0.0000, 0.4769])
    """
    return Erfinv.apply(as_floating(input))


class SpecialErfcx(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.erfcx(array)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return grad_output * (2 * x * result - 2 / _ROOT_PI)


@public
def erfcx(input: Tensor) -> Tensor:
    """Return exp(x^2) erfc(x), which does not vanish for large x.

    Example:
        >>> import tatami
        >>> tatami.special.erfcx(tatami.tensor([0.0, 50.0]))
        tensor([1.0000, 0.0113])
    """
    return SpecialErfcx.apply(as_floating(input))


@public
def ndtr(input: Tensor) -> Tensor:
    """Return the probability that a standard normal number is below each element.

    Example:
        >>> import tatami
        >>> tatami.special.ndtr(tatami.tensor([0.0, 2.0]))
        tensor([0.5000, 0.9772])
    """
    x = as_floating(input) * math.sqrt(0.5)
    # erfc keeps the digits of the lower tail, which 1 + erf would lose.
    return erfc(-x) * 0.5


class SpecialLogNdtr(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.log_ndtr(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output / erfcx(x * -math.sqrt(0.5)) * math.sqrt(2 / math.pi)


@public
def log_ndtr(input: Tensor) -> Tensor:
    """Return the logarithm of ndtr, finite far below zero.

    Example:
        >>> import tatami
        >>> tatami.special.log_ndtr(tatami.tensor([0.0, -20.0]))
        tensor([  -0.6931, -203.9172])
    """
    return SpecialLogNdtr.apply(as_floating(input))


class SpecialNdtri(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.ndtri(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * math.sqrt(2 * math.pi) * (result * result / 2).exp()


@public
def ndtri(input: Tensor) -> Tensor:
    """Return the number below which a standard normal number lies with probability x.

    Example:
        >>> import tatami
        >>> tatami.special.ndtri(tatami.tensor([0.5, 0.975]))
        tensor([0.0000, 1.9600])
    """
    return SpecialNdtri.apply(as_floating(input))


class Sigmoid(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        result = kernels.sigmoid(array)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return grad_output * (1 - result) * result


@public
@tensor_method()
@in_place
def sigmoid(input: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)).

    Example:
        >>> import tatami
        >>> tatami.sigmoid(tatami.tensor([0.0, 2.0]))
        tensor([0.5000, 0.8808])
    """
    return Sigmoid.apply(as_floating(input))


expit = sigmoid


class Logit(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, eps: float | None) -> np.ndarray:
        ctx.eps = eps
        ctx.save_for_backward(array)
        inside = array if eps is None else kernels.clip(array, eps, 1 - eps)
        return kernels.log(kernels.div(inside, kernels.sub(1, inside)))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        slope = grad_output / (x * (1 - x))
        low = 0.0 if ctx.eps is None else ctx.eps
        outside = (x < low) | (x > 1 - low)
        return slope.masked_fill(outside, math.nan if ctx.eps is None else 0)


@public
@tensor_method()
@in_place
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """Return log(x / (1 - x)), the inverse of the sigmoid function.

    Args:
        input: tensor of numbers from 0 to 1.
        eps: cut the elements to [eps, 1 - eps] first; others than numbers from 0 to
            1 give NaN if left out.

    Example:
        >>> import tatami
        >>> tatami.logit(tatami.tensor([0.5, 0.9]))
        tensor([0.0000, 2.1972])
    """
    return Logit.apply(as_floating(input), eps)


class Sinc(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.sinc(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        angle = x * math.pi
        slope = (angle * angle.cos() - angle.sin()) / (angle * x)
        return grad_output * slope.masked_fill(x == 0, 0)


@public
@tensor_method()
@in_place
def sinc(input: Tensor) -> Tensor:
    """Return sin(pi x) / (pi x), and 1 at 0.

    Example:
        >>> import tatami
        >>> tatami.sinc(tatami.tensor([0.0, 0.5]))
        tensor([1.0000, 0.6366])
    """
    return Sinc.apply(as_floating(input))
