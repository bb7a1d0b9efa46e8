"""The softmax family: positive numbers that add up to one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import cast
from .door import public, refuse_type

__all__ = ["gumbel_softmax", "log_softmax", "softmax"]


class Softmax(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        result = kernels.softmax(np.atleast_1d(array), dim).reshape(array.shape)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return SoftmaxBackward.apply(grad_output, result, ctx.dim)


class SoftmaxBackward(Operation):
    node_name = "SoftmaxBackwardDataBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, result: np.ndarray, dim: int
    ) -> np.ndarray:
        ctx.dim = dim
        ctx.save_for_backward(grad_output, result)
        grad, found = np.atleast_1d(grad_output), np.atleast_1d(result)
        return kernels.softmax_grad(grad, found, dim).reshape(result.shape)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        grad_output, result = ctx.saved_tensors
        along = (slope * result).sum(ctx.dim, keepdim=True)
        total = (grad_output * result).sum(ctx.dim, keepdim=True)
        return (slope - along) * result, slope * (grad_output - total) - (
            grad_output * along
        )


class LogSoftmax(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        result = kernels.log_softmax(np.atleast_1d(array), dim).reshape(array.shape)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        return LogSoftmaxBackward.apply(grad_output, result, ctx.dim)


class LogSoftmaxBackward(Operation):
    node_name = "LogSoftmaxBackwardDataBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, result: np.ndarray, dim: int
    ) -> np.ndarray:
        ctx.dim = dim
        ctx.save_for_backward(grad_output, result)
        grad, found = np.atleast_1d(grad_output), np.atleast_1d(result)
        return kernels.log_softmax_grad(grad, found, dim).reshape(result.shape)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        grad_output, result = ctx.saved_tensors
        share = result.exp()
        total = grad_output.sum(ctx.dim, keepdim=True)
        first = slope - (slope * share).sum(ctx.dim, keepdim=True)
        return first, -slope * share * total


def _prepared(input: Tensor, dim: int, dtype: Any, name: str) -> tuple[Tensor, int]:
    if dtype is not None:
        input = cast(input, dtypes.parse(dtype))
    refuse_type(f"{name}_lastdim_kernel_impl", input, "biu")
    return input, size.normalize_dim(dim, input._array.ndim)


@public
@tensor_method()
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Make positive numbers that add up to one along a dimension.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension along which the result adds up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.softmax(tatami.zeros(2), 0)
        tensor([0.5000, 0.5000])
    """
    input, dim = _prepared(input, dim, dtype, "softmax")
    return Softmax.apply(input, dim)


@public
@tensor_method()
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Take the logarithm of the softmax along a dimension, without overflow.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension whose exponentials add up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.log_softmax(tatami.zeros(2), 0)
        tensor([-0.6931, -0.6931])
    """
    input, dim = _prepared(input, dim, dtype, "log_softmax")
    return LogSoftmax.apply(input, dim)


def chosen_dim(name: str, rank: int, stacklevel: int) -> int:
    """Return the dimension older programs mean when they name none, with a warning."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call "
        "to include dim=X as an argument.",
        UserWarning,
        stacklevel=stacklevel + 1,
    )
    return 0 if rank in (0, 1, 3) else 1


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10,
    dim: int = -1,
) -> Tensor:  # fmt: skip
    """Draw from a categorical distribution in a way that has a gradient.

    Args:
        logits: (*, number of classes), logarithms of unnormalised probabilities.
        tau: temperature; the lower it is, the closer the result is to a choice.
        hard: return exact choices; gradients are those of the soft ones.
        eps: has no effect.
        dim: dimension of the classes.

    Source: Jang et al. 2017, "Categorical Reparameterization with Gumbel-Softmax".

    Example:
        >>> import tatami
        >>> logits = tatami.zeros(2, 3)
        >>> tatami.nn.functional.gumbel_softmax(logits, hard=True).sum(1)
        tensor([1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -logits.detach().clone().exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    best = soft.detach().argmax(dim, keepdim=True)
    exact = (soft.detach() * 0).scatter(dim, best, 1.0)
    return exact - soft.detach() + soft
