"""Smooth activation functions, such as gelu and softplus."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .activation import gate, perhaps_in_place
from .door import public, refuse_type

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "logsigmoid",
    "mish",
    "selu",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


class Elu(Operation):
    """scale x above 0; scale alpha (exp(steepness x) - 1) below."""

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, alpha: float, scale: float, steepness: float
    ) -> np.ndarray:
        ctx.factors = alpha * scale * steepness, scale, steepness
        ctx.save_for_backward(array)
        bent = kernels.expm1(kernels.mul(kernels.minimum(array, 0), steepness))
        low = kernels.mul(bent, alpha * scale)
        return kernels.where(kernels.gt(array, 0), kernels.mul(array, scale), low)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,), (low, high, steepness) = ctx.saved_tensors, ctx.factors
        positive = kernels.gt(x._array, 0)
        below = gate(x, kernels.logical_not(positive))
        slope = (below * steepness).exp() * low
        bent = gate(grad_output * slope, kernels.logical_not(positive))
        return gate(grad_output * high, positive) + bent


class Celu(Elu):
    pass


@public
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Bend negative elements towards ``-alpha``: alpha (exp(x) - 1).

    Args:
        input: floating-point tensor of any shape.
        alpha: depth of the negative side.
        inplace: put the result into ``input``.

    Source: Clevert et al. 2016, "Fast and Accurate Deep Network Learning by
    Exponential Linear Units", section 3.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.elu(tatami.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """
    refuse_type("elu_cpu", input, "biu")
    return perhaps_in_place(inplace, input, lambda x: Elu.apply(x, alpha, 1.0, 1.0))


@public
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Apply the elu scaled so that mean 0 and variance 1 are kept.

    Source: Klambauer et al. 2017, "Self-Normalizing Neural Networks", section 2.

    Example:
        >>> import tatami
        >>> tatami.selu(tatami.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """
    refuse_type("elu_cpu", input, "biu")
    return perhaps_in_place(
        inplace, input, lambda x: Elu.apply(x, _SELU_ALPHA, _SELU_SCALE, 1.0)
    )


@public
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Bend negative elements: alpha (exp(x / alpha) - 1).

    Args:
        input: floating-point tensor of any shape.
        alpha: depth of the negative side.
        inplace: put the result into ``input``.

    Source: Barron 2017, "Continuously Differentiable Exponential Linear Units".

    Raises:
        RuntimeError: ``alpha`` is 0.

    Example:
        >>> import tatami
        >>> tatami.celu(tatami.tensor([-1.0, 2.0]), 2.0)
        tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    refuse_type("elu_cpu", input, "biu")
    return perhaps_in_place(
        inplace, input, lambda x: Celu.apply(x, alpha, 1.0, 1 / alpha)
    )


class Gelu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.gelu(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        if not grad_mode.state.enabled:
            return wrap(kernels.gelu_grad(grad_output._array, x._array))
        share = ((x * math.sqrt(0.5)).erf() + 1) * 0.5
        density = (x * x * -0.5).exp() * (1 / math.sqrt(2 * math.pi))
        return grad_output * (share + x * density)


class GeluTanh(Operation):
    node_name = "GeluBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        cube = kernels.mul(kernels.mul(kernels.mul(array, array), array), 0.044715)
        inner = kernels.mul(kernels.add(array, cube), math.sqrt(2 / math.pi))
        share = kernels.mul(kernels.add(kernels.tanh(inner), 1), 0.5)
        return kernels.mul(array, share)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        square = x * x
        steep = math.sqrt(2 / math.pi)
        bend = (x * (square * 0.044715 + 1) * steep).tanh()
        inner = (square * (3 * 0.044715) + 1) * steep
        slope = (bend + 1) * 0.5 + x * 0.5 * (1 - bend * bend) * inner
        return grad_output * slope


@public
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Multiply elements by the normal distribution's share below them.

    Args:
        input: floating-point tensor of any shape.
        approximate: ``'none'``, or ``'tanh'`` for the faster approximation.

    Source: Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", section 2.

    Raises:
        RuntimeError: ``approximate`` is something else.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.gelu(tatami.tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    refuse_type("GeluKernelImpl", input, "biu")
    operation = Gelu if approximate == "none" else GeluTanh
    return operation.apply(input)


class Silu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.silu(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        if not grad_mode.state.enabled:
            return wrap(kernels.silu_grad(grad_output._array, x._array))
        share = x.sigmoid()
        return grad_output * (share * (x * (1 - share) + 1))


@public
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Multiply elements by their sigmoid.

    Source: Elfwing et al. 2017, "Sigmoid-Weighted Linear Units for Neural Network
    Function Approximation in Reinforcement Learning", section 2.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.silu(tatami.tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])
    """
    refuse_type("silu_cpu", input, "biu")
    return perhaps_in_place(inplace, input, Silu.apply)


def _softplus(array: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x)) without overflow."""
    fade = kernels.log1p(kernels.exp(kernels.neg(kernels.abs(array))))
    return kernels.add(kernels.relu(array), fade)


class Mish(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.mul(array, kernels.tanh(_softplus(array)))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        share = softplus(x).tanh()
        return grad_output * (share + x * x.sigmoid() * (1 - share * share))


@public
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Multiply elements by the tanh of their softplus.

    Source: Misra 2020, "Mish: A Self Regularized Non-Monotonic Activation Function",
    section 3.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.mish(tatami.tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.9440])
    """
    refuse_type("mish_cpu", input, "biu")
    return perhaps_in_place(inplace, input, Mish.apply)


class Softplus(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, beta: float, threshold: float
    ) -> np.ndarray:
        ctx.beta = beta
        scaled = kernels.mul(array, beta)
        ctx.straight = kernels.gt(scaled, threshold)
        ctx.save_for_backward(array)
        bent = kernels.div(_softplus(scaled), beta)
        return kernels.where(ctx.straight, array, bent)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        bent = grad_output * (x * ctx.beta).sigmoid()
        straight = gate(grad_output, ctx.straight)
        return straight + gate(bent, kernels.logical_not(ctx.straight))


@public
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Round the corner of relu: log(1 + exp(beta x)) / beta.

    Args:
        input: floating-point tensor of any shape.
        beta: sharpness of the corner.
        threshold: where beta x exceeds it, the result is x itself.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.softplus(tatami.tensor([0.0, 2.0]))
        tensor([0.6931, 2.1269])
    """
    refuse_type("softplus_cpu", input, "biu")
    return Softplus.apply(input, beta, threshold)


class LogSigmoid(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.neg(_softplus(kernels.neg(array)))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad_output * (-x).sigmoid()


@public
def logsigmoid(input: Tensor) -> Tensor:
    """Take the logarithm of the sigmoid, without overflow.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.logsigmoid(tatami.tensor([0.0, 2.0]))
        tensor([-0.6931, -0.1269])
    """
    refuse_type("log_sigmoid_cpu", input, "biu")
    return LogSigmoid.apply(input)


@public
def softsign(input: Tensor) -> Tensor:
    """Squash elements between -1 and 1: x / (1 + |x|).

    Example:
        >>> import tatami
        >>> tatami.nn.functional.softsign(tatami.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])
    """
    return input / (input.abs() + 1)


@public
def tanhshrink(input: Tensor) -> Tensor:
    """Subtract from elements their tanh.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.tanhshrink(tatami.tensor([0.0, 2.0]))
        tensor([0.0000, 1.0360])
    """
    return input - input.tanh()


class Glu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim, ctx.half = dim, array.shape[dim] // 2
        ctx.save_for_backward(array)
        value, control = np.split(array, 2, dim)
        return kernels.mul(value, kernels.sigmoid(control))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,), dim, half = ctx.saved_tensors, ctx.dim, ctx.half
        value, control = x.narrow(dim, 0, half), x.narrow(dim, half, half)
        share = control.sigmoid()
        passed = grad_output * share
        return _joined(passed, passed * (1 - share) * value, dim)


def _joined(first: Tensor, second: Tensor, dim: int) -> Tensor:
    from .joining import cat

    return cat((first, second), dim)


@public
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Multiply the first half by the sigmoid of the second half.

    Args:
        input: floating-point tensor.
        dim: dimension of even length that is halved.

    Source: Dauphin et al. 2017, "Language Modeling with Gated Convolutional
    Networks", section 2.

    Raises:
        RuntimeError: the dimension can't be halved.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.glu(tatami.tensor([4.0, 0.0]))
        tensor([2.])
    """
    if input._array.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be "
                           "even")  # fmt: skip
    place = size.normalize_dim(dim, input._array.ndim)
    length = input._array.shape[place]
    if length % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {place} is size {length}"
        )
    refuse_type("glu_cpu", input, "biu")
    return Glu.apply(input, place)
