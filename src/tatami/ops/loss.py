"""Losses: how far outputs are from targets."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .arguments import operands

__all__ = ["mse_loss"]

REDUCTIONS = ("none", "mean", "sum")


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
        return check_reduction(reduction)
    average = True if size_average is None else size_average
    wanted = "mean" if average else "sum"
    wanted = wanted if reduce is None or reduce else "none"
    warnings.warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{wanted}' instead.",
        UserWarning,
        stacklevel=3,
    )
    return wanted


def reduced(loss: np.ndarray, reduction: str) -> np.ndarray:
    """Return the losses of all elements, their mean or their sum."""
    if reduction == "none":
        return loss
    total = kernels.sum(loss, tuple(range(loss.ndim)), False)
    return total if reduction == "sum" else kernels.div(total, loss.size)


def spread_loss(gradient: Tensor, count: int, reduction: str) -> Tensor:
    """Return the gradient that each element's loss receives."""
    return gradient / count if reduction == "mean" else gradient


def warn_about_sizes(input: Tensor, target: Tensor) -> None:
    """Warn as PyTorch does where a loss stretches its operands."""
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input "
            f"size ({input.size()}). This will likely lead to incorrect results due to "
            "broadcasting. Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )


class MseLoss(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, reduction: str
    ) -> np.ndarray:
        ctx.reduction = reduction
        ctx.save_for_backward(x, target)
        difference = kernels.sub(x, target)
        return reduced(kernels.mul(difference, difference), reduction)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target = ctx.saved_tensors
        scale = 2 / max(x._array.size, 1) if ctx.reduction == "mean" else 2
        slope = (x - target) * scale * grad_output
        return (
            slope if ctx.needs_input_grad[0] else None,
            -slope if ctx.needs_input_grad[1] else None,
        )


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
    warn_about_sizes(input, target)
    shape = np.broadcast_shapes(input._array.shape, target._array.shape)
    x, y = operands(input.expand(shape), target.expand(shape))
    if weight is not None:
        return _weighted(MseLoss.apply(x, y, "none"), weight, reduction)
    return MseLoss.apply(x, y, reduction)  # type: ignore[no-any-return]


def _weighted(loss: Tensor, weight: Tensor, reduction: str) -> Tensor:
    if weight.size() != loss.size():
        raise ValueError("Inputs and weights must have the same size.")
    total = loss * weight
    if reduction == "none":
        return total
    return total.sum() if reduction == "sum" else total.sum() / weight.sum()
