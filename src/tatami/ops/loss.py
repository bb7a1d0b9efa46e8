"""Losses between tensors of one shape: how far outputs are from targets."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..tensor import Tensor
from .activation import gate
from .arguments import operands, unbroadcast
from .door import public, refuse_type
from .elementwise import Div

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]

REDUCTIONS = ("none", "mean", "sum")


class DivideByNumber(Div):
    node_name = "DivBackward1"
    tensor_arguments = 0


def check_reduction(reduction: Any) -> str:
    """Return the reduction if it is one.

    Raises:
        ValueError: it is neither ``'none'`` nor ``'mean'`` nor ``'sum'``.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return str(reduction)


def legacy_reduction(reduction: str, size_average: Any, reduce: Any) -> str:
    """Return the reduction the two older arguments ask for, if they are given."""
    if size_average is None and reduce is None:
        return reduction if reduction in REDUCTIONS else check_reduction(reduction)
    average = True if size_average is None else size_average
    wanted = "mean" if average else "sum"
    wanted = wanted if reduce is None or reduce else "none"
    warnings.warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{wanted}' instead.",
        UserWarning,
        stacklevel=4,
    )
    return wanted


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """Return the losses of all elements, their mean or their sum."""
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


def _total(loss: np.ndarray, reduction: str) -> np.ndarray:
    if reduction == "none":
        return loss
    total = kernels.sum(loss, tuple(range(loss.ndim)), False)
    return total if reduction == "sum" else kernels.div(total, loss.size)


class ElementLoss(Operation):
    """Base of losses that are a function of the difference of two tensors."""

    @staticmethod
    def values(difference: np.ndarray, width: float) -> np.ndarray:
        """Return the loss of each element."""
        raise NotImplementedError

    @staticmethod
    def slope(difference: Tensor, width: float) -> Tensor:
        """Return the derivative of each element's loss."""
        raise NotImplementedError

    @classmethod
    def run(
        cls, ctx: Any, x: np.ndarray, target: np.ndarray, reduction: str, width: float
    ) -> np.ndarray:
        """Compute the loss: what every forward does."""
        ctx.reduction, ctx.width = reduction, width
        ctx.save_for_backward(x, target)
        return _total(cls.values(kernels.sub(x, target), width), reduction)

    @classmethod
    def step_back(cls, ctx: Any, grad_output: Tensor) -> Any:
        """Return the gradients of both tensors: what every backward does."""
        x, target = ctx.saved_tensors
        if ctx.reduction == "mean":
            grad_output = grad_output / max(x._array.size, 1)
        slope = cls.slope(x - target, ctx.width) * grad_output
        return (
            slope if ctx.needs_input_grad[0] else None,
            -slope if ctx.needs_input_grad[1] else None,
        )


class MseLoss(ElementLoss):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, target: np.ndarray, *rest: Any) -> np.ndarray:
        ctx.reduction = reduction = rest[0]
        ctx.save_for_backward(x, target)
        difference = kernels.sub(x, target)
        return _total(kernels.mul(difference, difference), reduction)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target = ctx.saved_tensors
        scale = 2 / max(x._array.size, 1) if ctx.reduction == "mean" else 2
        slope = MseSlope.apply(x, target, grad_output, scale)
        return (
            slope if ctx.needs_input_grad[0] else None,
            -slope if ctx.needs_input_grad[1] else None,
        )


class MseSlope(Operation):
    """scale (x - target) grad_output: in one step, for it is in every training loop."""

    node_name = "MseLossBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, grad: np.ndarray, scale: float
    ) -> np.ndarray:
        ctx.save_for_backward(x, target, grad)
        ctx.scale = scale
        slope = kernels.mul(kernels.sub(x, target), scale)
        return kernels.mul(slope, grad)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target, grad = ctx.saved_tensors
        scaled = grad_output * ctx.scale
        first = scaled * grad
        third = unbroadcast(scaled * (x - target), grad._array.shape)
        return first, -first, third


class SmoothL1Loss(ElementLoss):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, target: np.ndarray, *rest: Any) -> np.ndarray:
        return SmoothL1Loss.run(ctx, x, target, *rest)

    @staticmethod
    def values(difference: np.ndarray, width: float) -> np.ndarray:
        far = kernels.abs(difference)
        near = kernels.mul(kernels.mul(far, far), 0.5 / width)
        return kernels.where(kernels.lt(far, width), near, kernels.sub(far, width / 2))

    @staticmethod
    def slope(difference: Tensor, width: float) -> Tensor:
        return (difference / width).clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return SmoothL1Loss.step_back(ctx, grad_output)


class HuberLoss(ElementLoss):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, target: np.ndarray, *rest: Any) -> np.ndarray:
        return HuberLoss.run(ctx, x, target, *rest)

    @staticmethod
    def values(difference: np.ndarray, width: float) -> np.ndarray:
        far = kernels.abs(difference)
        near = kernels.mul(kernels.mul(far, far), 0.5)
        line = kernels.mul(kernels.sub(far, width / 2), width)
        return kernels.where(kernels.le(far, width), near, line)

    @staticmethod
    def slope(difference: Tensor, width: float) -> Tensor:
        return difference.clamp(-width, width)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return HuberLoss.step_back(ctx, grad_output)


def _alike(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return both tensors in one shape, warning as PyTorch does if they differ."""
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input "
            f"size ({input.size()}). This will likely lead to incorrect results due to "
            "broadcasting. Please ensure they have the same size.",
            UserWarning,
            stacklevel=4,
        )
        shape = size.broadcast(input._array.shape, target._array.shape)
        input, target = input.expand(shape), target.expand(shape)
    if input._array.dtype is not target._array.dtype:
        input, target = operands(input, target)
    return input, target


def _times(loss: Tensor, weight: Tensor, input: Tensor) -> Tensor:
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    return loss * weight


def _weighted(loss: Tensor, weight: Tensor, reduction: str, input: Tensor) -> Tensor:
    total = _times(loss, weight, input)
    if reduction == "none":
        return total
    return total.sum() if reduction == "sum" else total.sum() / weight.sum()


@public
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Measure the squared distance of two tensors: (input - target)^2.

    Args:
        input: tensor of any shape.
        target: tensor of the same shape.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        weight: factor for each element; ``'mean'`` divides by its sum.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 4.0])
        >>> tatami.nn.functional.mse_loss(a, b)
        tensor(2.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    x, y = _alike(input, target)
    if weight is not None:
        return _weighted((x - y) ** 2, weight, reduction, input)
    if x._array.dtype.kind in "biu":
        refuse_type("mse_cpu", x, "biu")
    return MseLoss.apply(x, y, reduction, 1.0)


@public
def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Measure the absolute distance of two tensors: abs(input - target).

    Args:
        input: tensor of any shape.
        target: tensor of the same shape.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        weight: factor for each element; ``'mean'`` divides by its sum.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 4.0])
        >>> tatami.nn.functional.l1_loss(a, b)
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    x, y = _alike(input, target)
    distance = (x - y).abs()
    if weight is not None:
        return _weighted(distance, weight, reduction, input)
    return reduced(distance, reduction)


@public
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """Measure a distance that is squared when small and absolute when large.

    Args:
        input: tensor of any shape.
        target: tensor of the same shape.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        beta: where one becomes the other; with 0 this is :func:`l1_loss`.

    Source: Girshick 2015, "Fast R-CNN", section 2.3.

    Raises:
        RuntimeError: ``beta`` is negative.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 4.0])
        >>> tatami.nn.functional.smooth_l1_loss(a, b)
        tensor(0.7500)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    x, y = _alike(input, target)
    if beta == 0:
        return reduced((x - y).abs(), reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    refuse_type("smooth_l1_cpu", x, "biu")
    return SmoothL1Loss.apply(x, y, reduction, beta)


@public
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Measure a distance that is squared when small and linear when large.

    Args:
        input: tensor of any shape.
        target: tensor of the same shape.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        delta: where one becomes the other.
        weight: factor for each element; ``'mean'`` divides by their number.

    Source: Huber 1964, "Robust Estimation of a Location Parameter".

    Raises:
        RuntimeError: ``delta`` is not positive.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 4.0])
        >>> tatami.nn.functional.huber_loss(a, b, delta=0.5)
        tensor(0.4375)
    """
    check_reduction(reduction)
    x, y = _alike(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    refuse_type("huber_cpu", x, "biu")
    if weight is None:
        return HuberLoss.apply(x, y, reduction, delta)
    losses = HuberLoss.apply(x, y, "none", delta)
    return reduced(_times(losses, weight, input), reduction)


_MEAN_OF_DIVERGENCE = (
    "reduction: 'mean' divides the total loss by both the batch size and the support "
    "size.'batchmean' divides only by the batch size, and aligns with the KL div math "
    "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
    "major release."
)


@public
def kl_div(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """Measure the divergence of a distribution from a target: t (log t - input).

    Args:
        input: logarithms of probabilities, of any shape.
        target: probabilities, of the same shape.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'``, ``'sum'``, or ``'batchmean'`` for the sum
            divided by the batch size, which is the divergence of the definition.
        log_target: whether ``target`` holds logarithms too.

    Source: Kullback and Leibler 1951, "On Information and Sufficiency".

    Raises:
        RuntimeError: a tensor is of integers.

    Example:
        >>> import tatami
        >>> p = tatami.tensor([0.5, 0.5])
        >>> tatami.nn.functional.kl_div(p.log(), p, reduction="sum")
        tensor(0.)
    """
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    wanted = "sum" if by_batch else legacy_reduction(reduction, size_average, reduce)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(_MEAN_OF_DIVERGENCE, UserWarning, stacklevel=3)
    if input._array.dtype.kind != "f" or target._array.dtype.kind != "f":
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = target.xlogy(target) - target * input
    total = reduced(losses, wanted)
    return total / input._array.shape[0] if by_batch and input.dim() else total


@public
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: Any = None, eps: float = 1e-8, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Measure how unlikely counts are under Poisson distributions.

    Args:
        input: rates, or their logarithms, of any shape.
        target: counts, of the same shape.
        log_input: whether ``input`` holds logarithms.
        full: add Stirling's approximation of log(target!).
        size_average: older way to choose the reduction.
        eps: added to the rate before its logarithm is taken.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Example:
        >>> import tatami
        >>> rate, count = tatami.tensor([0.0, 0.0]), tatami.tensor([1.0, 2.0])
        >>> tatami.nn.functional.poisson_nll_loss(rate, count)
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    if log_input:
        losses = input.exp() - target * input
    else:
        losses = input - target * (input + eps).log()
    if full:
        term = target * target.log() - target + (target * (2 * math.pi)).log() * 0.5
        losses = losses + gate(term, kernels.gt(target._array, 1))
    return reduced(losses, reduction)


@public
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Measure how unlikely targets are under normal distributions.

    Args:
        input: means, of any shape.
        target: what is measured, of the same shape.
        var: variances: one number, or a tensor of the same shape, or with one number
            for all of the last dimension.
        full: add the constant 0.5 log(2 pi).
        eps: smallest variance; smaller ones count as this.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Source: Nix and Weigend 1994, "Estimating the mean and variance of the target
    probability distribution".

    Raises:
        ValueError: a variance is negative, or there are too few.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([1.0, 4.0])
        >>> tatami.nn.functional.gaussian_nll_loss(a, b, tatami.ones(2))
        tensor(1.)
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = input.detach() * 0 + var
    elif kernels.any(kernels.lt(var._array, 0), tuple(range(var.dim())), False).item():
        raise ValueError("var has negative entry/entries")
    var = _aligned(var, input._array.shape)
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with grad_mode.no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


def _aligned(var: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return variances in a shape that stretches to ``shape``."""
    own = var._array.shape
    if own == shape:
        return var
    if own == shape[:-1]:
        return var.unsqueeze(-1)
    if len(own) == len(shape):
        unequal = [b for a, b in zip(shape, own, strict=True) if a != b]
        if unequal == [1]:
            return var
    raise ValueError("var is of incorrect size")
