"""Losses that ask for a margin between right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .activation import gate
from .activation_smooth import logsigmoid
from .arguments import operands, type_name
from .door import public, refuse_type
from .loss import legacy_reduction, reduced
from .similarity import pairwise_distance

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


@public
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask for small distances where the target is 1 and for large ones where it is -1.

    Args:
        input: distances, of any shape.
        target: 1 or -1 for each.
        margin: distance that is large enough.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Example:
        >>> import tatami
        >>> x, y = tatami.tensor([0.5, 0.5]), tatami.tensor([1.0, -1.0])
        >>> tatami.nn.functional.hinge_embedding_loss(x, y, 2.0)
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    size.broadcast(target._array.shape, input._array.shape)
    near = input * (target * 0 + 1)
    far = (margin - near).clamp_min(0)
    near = gate(near, kernels.ne(target.expand_as(near)._array, -1))
    far = gate(far, kernels.ne(target.expand_as(far)._array, 1))
    return reduced(far + near, reduction)


@public
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask that the first input be above the second where the target is 1, else below.

    Args:
        input1: tensor of any shape.
        input2: tensor of the same shape.
        target: 1 or -1 for each.
        margin: difference that is large enough.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        RuntimeError: the tensors have different numbers of dimensions.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 2.0]), tatami.tensor([0.0, 4.0])
        >>> tatami.nn.functional.margin_ranking_loss(a, b, tatami.tensor([1, 1]))
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but "
            f"got sizes: input1: {input1.size()}, input2: {input2.size()}, target: "
            f"{target.size()} "
        )
    losses = (-target * (input1 - input2) + margin).clamp_min(0)
    return reduced(losses, reduction)


class SoftMarginLoss(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, reduction: str
    ) -> np.ndarray:
        ctx.reduction = reduction
        ctx.save_for_backward(x, target)
        power = kernels.exp(kernels.neg(kernels.mul(x, target)))
        losses = kernels.log1p(power)
        if reduction == "none":
            return losses
        total = kernels.sum(losses, tuple(range(losses.ndim)), False)
        return total if reduction == "sum" else kernels.div(total, losses.size)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target = ctx.saved_tensors
        if ctx.reduction == "mean":
            grad_output = grad_output / max(x._array.size, 1)
        slope = -(-target * x).sigmoid() * grad_output
        return (
            slope * target if ctx.needs_input_grad[0] else None,
            slope * x if ctx.needs_input_grad[1] else None,
        )


@public
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask for the target's sign, smoothly: log(1 + exp(-target input)).

    Args:
        input: tensor of any shape.
        target: 1 or -1 for each element.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Example:
        >>> import tatami
        >>> x, y = tatami.tensor([0.0, 2.0]), tatami.tensor([1.0, -1.0])
        >>> tatami.nn.functional.soft_margin_loss(x, y)
        tensor(1.4100)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            "result type Float can't be cast to the desired output type "
            f"{type_name(input.dtype)}"
        )
    kind = input.dtype
    x, y = operands(input, target)
    if x._array.shape != y._array.shape:
        shape = np.broadcast_shapes(x._array.shape, y._array.shape)
        x, y = x.expand(shape), y.expand(shape)
    return SoftMarginLoss.apply(x, y, reduction).to(kind)


def _by_row(input: Tensor) -> Tensor:
    """Return (N, C) for (C) as well.

    Raises:
        RuntimeError: the tensor is neither, or it has no classes.
    """
    shape = input._array.shape
    if len(shape) not in (1, 2) or shape[-1] == 0:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but "
            f"got: {list(shape)}"
        )
    return input.view(1, -1) if len(shape) == 1 else input


@public
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0,
    weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask that the right class's score be above every other one by a margin.

    Args:
        input: (N, C) or (C), scores.
        target: (N) or (), right classes.
        p: power of what is missing to the margin, 1 or 2.
        margin: difference that is large enough.
        weight: (C), factor for each right class.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        ValueError: ``p`` is neither 1 nor 2.
        RuntimeError: a target is not one of the classes, or sizes don't match.

    Example:
        >>> import tatami
        >>> scores = tatami.tensor([[1.0, 0.5, 3.0]])
        >>> tatami.nn.functional.multi_margin_loss(scores, tatami.tensor([2]))
        tensor(0.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    rows = _by_row(input)
    _check_classes(rows, input, target, weight)
    refuse_type("multi_margin_loss_cpu_kernel", input, "biu")
    labels = target.view(-1, 1)
    missing = (rows - rows.gather(1, labels) + margin).clamp(min=0)
    if p == 2:
        missing = missing * missing
    if weight is not None:
        missing = missing * weight.index_select(0, target.view(-1)).unsqueeze(1)
    right = np.arange(rows._array.shape[1]) == labels._array
    losses = gate(missing, kernels.logical_not(right)).sum(1) / rows._array.shape[1]
    losses = losses if target.dim() else losses.view(())
    return reduced(losses, reduction)


def _check_classes(
    rows: Tensor, input: Tensor, target: Tensor, weight: Tensor | None
) -> None:
    (N, C), labels = rows._array.shape, target._array
    if labels.ndim > 1 or labels.size != N:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the "
            f"number of input samples (batch size). Expected target size [{N}], but "
            f"got {list(labels.shape)}. Input has shape {list(input.shape)}."
        )
    if ((labels < 0) | (labels >= C)).any():
        raise RuntimeError("target out of range")
    if weight is not None and weight._array.shape != (C,):
        raise RuntimeError(
            f"inconsistent weight size, expected {C} but got {list(weight.shape)}"
        )


@public
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask that every right class's score be above every wrong one by 1.

    Args:
        input: (N, C) or (C), scores.
        target: the same shape; in each row right classes, up to the first -1.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        RuntimeError: a target is not one of the classes, or shapes differ.

    Example:
        >>> import tatami
        >>> scores, right = tatami.tensor([0.1, 0.9]), tatami.tensor([1, -1])
        >>> tatami.nn.functional.multilabel_margin_loss(scores, right)
        tensor(0.1000)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    rows = _by_row(input)
    labels = _check_labels(input, target).reshape(rows._array.shape)
    listed = np.logical_and.accumulate(labels >= 0, axis=1)
    safe = np.where(listed, labels, 0)
    right = np.zeros(labels.shape, bool)
    np.logical_or.at(right, (np.arange(len(labels))[:, None], safe), listed)
    scores = rows.gather(1, wrap(safe)).unsqueeze(2)
    missing = (1 - (scores - rows.unsqueeze(1))).clamp(min=0)
    counted = np.logical_and(listed[:, :, None], ~right[:, None, :])
    losses = gate(missing, counted).sum((1, 2)) / rows._array.shape[1]
    return reduced(losses if input.dim() == 2 else losses.view(()), reduction)


def _check_labels(input: Tensor, target: Tensor) -> np.ndarray:
    labels = target._array
    if labels.dtype != np.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {type_name(target.dtype)}"
        )
    if labels.shape != input._array.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(labels.shape)} for input of size: "
            f"{list(input.shape)}"
        )
    if ((labels < -1) | (labels >= labels.shape[-1])).any():
        raise RuntimeError("argument #2 'target' is out of range")
    return labels


@public
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Measure how unlikely several yes-or-no targets are, averaged over classes.

    Args:
        input: (*, C), scores.
        target: (*, C), 0 or 1.
        weight: factor for each class.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Example:
        >>> import tatami
        >>> x, t = tatami.tensor([[0.0, 0.0]]), tatami.tensor([[0.0, 1.0]])
        >>> tatami.nn.functional.multilabel_soft_margin_loss(x, t)
        tensor(0.6931)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    classes = input.dim() - 1
    losses = losses.sum(classes) / input.size(classes)
    return reduced(losses, reduction)


def _check_triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float
) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    a, p, n = anchor.dim(), positive.dim(), negative.dim()
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same "
            f"number of dimensions, but got: anchor {a}D, positive {p}D, and negative "
            f"{n}D inputs"
        )


@public
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0,
    p: float = 2, eps: float = 1e-6, swap: bool = False, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask that anchors be nearer to positive than to negative examples by a margin.

    Args:
        anchor: (N, D) or (D).
        positive: the same shape.
        negative: the same shape.
        margin: difference that is large enough.
        p: power of the norm that measures distances.
        eps: added to differences, so that their norm has a gradient.
        swap: measure also from positive to negative, and take the smaller distance.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Source: Balntas et al. 2016, "Learning shallow convolutional feature descriptors
    with triplet losses", section 3.

    Raises:
        ValueError: ``margin`` is not positive.

    Example:
        >>> import tatami
        >>> a = tatami.tensor([[0.0, 0.0]])
        >>> tatami.nn.functional.triplet_margin_loss(a, a, a)
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    _check_triplet(anchor, positive, negative, margin)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduced((margin + near - far).clamp_min(0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask that anchors be nearer to positive examples, by a distance of your own.

    Args:
        anchor: (N, *).
        positive: the same shape.
        negative: the same shape.
        distance_function: returns the distances of two tensors;
            :func:`pairwise_distance` if left out.
        margin: difference that is large enough.
        swap: measure also from positive to negative, and take the smaller distance.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        ValueError: ``margin`` is not positive.

    Example:
        >>> import tatami
        >>> a = tatami.tensor([[0.0, 0.0]])
        >>> tatami.nn.functional.triplet_margin_with_distance_loss(a, a, a)
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, None, None)
    _check_triplet(anchor, positive, negative, margin)
    measure = pairwise_distance if distance_function is None else distance_function
    near, far = measure(anchor, positive), measure(anchor, negative)
    if swap:
        far = far.minimum(measure(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)


@public
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Ask for like directions where the target is 1, for unlike ones where it is -1.

    Args:
        input1: (N, D) or (D).
        input2: the same shape.
        target: (N) or (), 1 or -1.
        margin: largest cosine that counts as unlike.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        RuntimeError: the numbers of dimensions don't match.

    Example:
        >>> import tatami
        >>> a, b = tatami.tensor([1.0, 0.0]), tatami.tensor([0.0, 1.0])
        >>> tatami.nn.functional.cosine_embedding_loss(a, b, tatami.tensor(1))
        tensor(1.)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    rank = target.dim()
    if rank > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not "
                           "supported")  # fmt: skip
    if input1.dim() != rank + 1 or input2.dim() != rank + 1:
        raise RuntimeError(
            f"{rank}D target tensor expects {rank + 1}D input tensors, but found inputs "  # noqa: E501
            f"with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    products = (input1 * input2).sum(rank)
    lengths = (input1 * input1).sum(rank) + 1e-12
    lengths = (lengths * ((input2 * input2).sum(rank) + 1e-12)).sqrt()
    cosine = products / lengths
    size.broadcast(target._array.shape, cosine._array.shape)
    alike = 1 - cosine + target * 0
    unlike = (cosine - margin).clamp(min=0) + target * 0
    alike = gate(alike, kernels.eq(target.expand_as(alike)._array, 1))
    unlike = gate(unlike, kernels.eq(target.expand_as(unlike)._array, -1))
    return reduced(alike + unlike, reduction)
