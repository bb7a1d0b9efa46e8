"""Losses of classification: how unlikely the right classes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .activation import gate
from .arguments import operands, type_name
from .door import public, refuse_type
from .loss import DivideByNumber, legacy_reduction, reduced
from .softmax import log_softmax

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "nll_loss",
]


class NllLoss(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, weight: Any, ignore_index: int,
        reduction: str,
    ) -> np.ndarray:  # fmt: skip
        ctx.shape, ctx.options = x.shape, (ignore_index, reduction)
        ctx.save_for_backward(target, weight)
        if x.ndim == 1:
            x, target = x[None], target.reshape(1)
        loss, ctx.total = kernels.nll_loss(x, target, weight, ignore_index, reduction)
        return loss if len(ctx.shape) > 1 else loss.reshape(())

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        target, weight = ctx.saved_tensors
        return NllLossBackward.apply(
            grad_output, target, weight, ctx.shape, ctx.total, *ctx.options
        )


class NllLossBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, target: np.ndarray, weight: Any, shape: Any,
        total: np.ndarray, ignore_index: int, reduction: str,
    ) -> np.ndarray:  # fmt: skip
        ctx.options = ignore_index, reduction
        ctx.save_for_backward(target, weight)
        if len(shape) == 1:
            target, whole = target.reshape(1), (1, *shape)
        else:
            whole = shape
        slope = kernels.nll_loss_grad(
            grad_output, target, weight, ignore_index, reduction, total, whole
        )
        return slope.reshape(shape)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return NllLoss.apply(grad_output, *ctx.saved_tensors, *ctx.options)


class NllLoss2D(NllLoss):
    pass


def _check_target(target: Tensor) -> None:
    if target._array.dtype not in (np.int64, np.uint8):
        raise RuntimeError(
            "expected target dtype to be Long or Byte, but got "
            f"{type_name(target.dtype)}"
        )


def _check_batch(input: Tensor, target: Tensor) -> None:
    x, labels = input._array.shape, target._array.shape
    if len(x) < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {len(x)})")
    if len(x) != 1 and (not labels or x[0] != labels[0]):
        raise ValueError(
            f"Expected input batch_size ({x[0]}) to match target batch_size "
            f"({labels[0] if labels else 1})."
        )


def _check_weight(input: Tensor, weight: Tensor | None, classes: int) -> None:
    if weight is None:
        return
    if weight._array.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no "
            f"classes but got weight tensor of shape: {list(weight.shape)}"
        )
    if weight._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"expected scalar type {type_name(input.dtype)} but found "
            f"{type_name(weight.dtype)}"
        )


def _nll(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str
) -> Tensor:
    """Choose the right class's loss, for any number of dimensions."""
    x, labels = input._array, target._array
    _check_batch(input, target)
    if x.ndim <= 2:
        if labels.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not "
                               "supported")  # fmt: skip
        return _checked_nll(NllLoss, input, target, weight, ignore_index, reduction)
    if x.ndim == 4:
        _check_planes(x.shape, labels.shape)
        return _checked_nll(NllLoss2D, input, target, weight, ignore_index, reduction)
    wanted = (x.shape[0], *x.shape[2:])
    if labels.shape != wanted:
        raise RuntimeError(
            f"Expected target size {list(wanted)}, got {list(labels.shape)}"
        )
    area = int(np.prod(x.shape[2:]))
    flat = input.contiguous().view(x.shape[0], x.shape[1], 1, area)
    flat_target = target.contiguous().view(x.shape[0], 1, area)
    loss = _checked_nll(NllLoss2D, flat, flat_target, weight, ignore_index, reduction)
    return loss.view(wanted) if reduction == "none" else loss


def _check_planes(x: tuple[int, ...], labels: tuple[int, ...]) -> None:
    if len(labels) != 3:
        raise RuntimeError(
            "only batches of spatial targets supported (3D tensors) but got targets of "
            f"dimension: {len(labels)}"
        )
    if labels != (x[0], *x[2:]):
        raise RuntimeError(
            f"size mismatch (got input: {list(x)} , target: {list(labels)}"
        )


def _checked_nll(
    operation: Any, input: Tensor, target: Tensor, weight: Any, ignore_index: int,
    reduction: str,
) -> Tensor:  # fmt: skip
    _check_target(target)
    classes = input._array.shape[1] if input._array.ndim > 1 else input._array.shape[0]
    _check_weight(input, weight, classes)
    refuse_type("nll_loss_out_frame", input, "biu")
    return operation.apply(input, target, weight, ignore_index, reduction)


@public
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Take the negative logarithm of the right classes' probabilities.

    Args:
        input: (N, C), (C) or (N, C, *), logarithms of probabilities.
        target: (N), () or (N, *), right classes from 0 to C - 1.
        weight: (C), factor for each class; ``'mean'`` divides by the factors' sum.
        size_average: older way to choose the reduction.
        ignore_index: target that doesn't count.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        IndexError: a target is not one of the classes.
        ValueError: there are not as many targets as samples.

    Example:
        >>> import tatami
        >>> log_probabilities = tatami.tensor([[-1.0, -2.0], [-3.0, -4.0]])
        >>> tatami.nn.functional.nll_loss(log_probabilities, tatami.tensor([0, 1]))
        tensor(2.5000)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    return _nll(input, target, weight, ignore_index, reduction)


@public
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Measure how unlikely the right classes are, given scores.

    Args:
        input: (N, C), (C) or (N, C, *), unnormalised scores.
        target: (N), () or (N, *), right classes from 0 to C - 1; or probabilities in
            the shape of ``input``.
        weight: (C), factor for each class; ``'mean'`` divides by the factors' sum.
        size_average: older way to choose the reduction.
        ignore_index: target that doesn't count.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        label_smoothing: share of the target that is spread over all classes
            (Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7).

    Raises:
        IndexError: a target is not one of the classes.
        ValueError: there are not as many targets as samples.

    Example:
        >>> import tatami
        >>> scores = tatami.tensor([[0.0, 0.0], [0.0, 0.0]])
        >>> tatami.nn.functional.cross_entropy(scores, tatami.tensor([0, 1]))
        tensor(0.6931)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    x = input._array
    classes = 0 if x.ndim == 1 else 1
    if label_smoothing > 1:
        raise RuntimeError(
            f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}"
        )
    if x.shape == target._array.shape:
        return _soft_target(
            input, target, weight, ignore_index, reduction, label_smoothing
        )
    log_probabilities = log_softmax(input, classes)
    loss = _nll(log_probabilities, target, weight, ignore_index, reduction)
    if label_smoothing <= 0:
        return loss
    spread = _spread(log_probabilities, target, weight, ignore_index, reduction)
    share = label_smoothing / x.shape[classes]
    return loss * (1 - label_smoothing) + spread * share


def _class_weights(weight: Tensor, rank: int, classes: int) -> Tensor:
    shape = [1] * rank
    shape[classes] = weight._array.shape[0]
    return weight.view(shape)


def _spread(
    log_probabilities: Tensor, target: Tensor, weight: Any, ignore_index: int,
    reduction: str,
) -> Tensor:  # fmt: skip
    """Return the loss of all classes together, where targets count."""
    rank = log_probabilities._array.ndim
    classes = 0 if rank == 1 else 1
    if weight is not None:
        weights = _class_weights(weight, rank, classes)
        losses = -(log_probabilities * weights).sum(classes)
    else:
        losses = -log_probabilities.sum(classes)
    counted = kernels.ne(target._array, ignore_index)
    losses = gate(losses, counted.reshape(losses._array.shape))
    if reduction != "mean":
        return reduced(losses, reduction)
    if weight is None:
        numbers = kernels.cast(counted, losses._array.dtype)
        every = tuple(range(numbers.ndim))
        return losses.sum() / wrap(kernels.sum(numbers, every, False))
    kept = target.view(-1)[wrap(counted.reshape(-1))]
    heavy = weight.index_select(0, kept.long())
    return losses.sum() / heavy.sum()


def _soft_target(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str,
    label_smoothing: float,
) -> Tensor:  # fmt: skip
    """Measure the cross entropy with probabilities as targets."""
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{type_name(target.dtype)}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    rank = input._array.ndim
    classes = 0 if rank == 1 else 1
    _check_weight(input, weight, input._array.shape[classes])
    if label_smoothing > 0:
        share = label_smoothing / input._array.shape[classes]
        target = target * (1 - label_smoothing) + share
    losses = log_softmax(input, classes) * target
    if weight is not None:
        losses = losses * _class_weights(weight, rank, classes)
    if reduction == "none":
        return -losses.sum(classes)
    if reduction == "sum":
        return -losses.sum()
    count = input._array.size / max(input._array.shape[classes], 1)
    return DivideByNumber.apply(-losses.sum(), count)


class BinaryCrossEntropy(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, weight: Any, reduction: str
    ) -> np.ndarray:
        ctx.reduction = reduction
        ctx.save_for_backward(x, target, weight)
        losses = kernels.binary_cross_entropy(x, target)
        return _weighed(losses, weight, reduction)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target, weight = ctx.saved_tensors
        scale = _scale(grad_output, x, weight, ctx.reduction)
        first = second = None
        if ctx.needs_input_grad[0]:
            first = scale * (x - target) / ((1 - x) * x).clamp(min=1e-12)
        if ctx.needs_input_grad[1]:
            no, yes = (-x).log1p().clamp(min=-100), x.log().clamp(min=-100)
            second = scale * (no - yes)
        return first, second


def _weighed(losses: np.ndarray, weight: Any, reduction: str) -> np.ndarray:
    if weight is not None:
        losses = kernels.mul(losses, weight)
    if reduction == "none":
        return losses
    total = kernels.sum(losses, tuple(range(losses.ndim)), False)
    return total if reduction == "sum" else kernels.div(total, losses.size)


def _scale(grad_output: Tensor, x: Tensor, weight: Any, reduction: str) -> Tensor:
    """Return the gradient that each element's loss receives."""
    if reduction == "mean":
        grad_output = grad_output / max(x._array.size, 1)
    return grad_output if weight is None else grad_output * weight


@public
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Measure how unlikely yes-or-no targets are, given probabilities.

    Args:
        input: probabilities, of any shape.
        target: probabilities, of the same shape.
        weight: factor for each element, in a shape that stretches to theirs.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.

    Raises:
        ValueError: the shapes differ.
        RuntimeError: an element is not between 0 and 1.

    Example:
        >>> import tatami
        >>> p, t = tatami.tensor([0.5, 0.5]), tatami.tensor([0.0, 1.0])
        >>> tatami.nn.functional.binary_cross_entropy(p, t)
        tensor(0.6931)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    x, y = input._array, target._array
    if x.shape != y.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input "
            f"size ({input.size()}) is deprecated. Please ensure they have the same "
            "size."
        )
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"Found dtype {type_name(target.dtype)} but expected "
            f"{type_name(input.dtype)}"
        )
    refuse_type("binary_cross_entropy", input, "biu")
    if weight is not None:
        weight = weight.expand(size.broadcast(y.shape, weight._array.shape))
    return BinaryCrossEntropy.apply(input, target, weight, reduction)


class BinaryCrossEntropyWithLogits(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, target: np.ndarray, weight: Any, pos_weight: Any,
        reduction: str,
    ) -> np.ndarray:  # fmt: skip
        ctx.reduction = reduction
        ctx.save_for_backward(x, target, weight, pos_weight)
        fade = kernels.log1p(kernels.exp(kernels.neg(kernels.abs(x))))
        miss = kernels.add(kernels.relu(kernels.neg(x)), fade)
        if pos_weight is not None:
            more = kernels.mul(kernels.sub(pos_weight, 1), target)
            miss = kernels.mul(miss, kernels.add(more, 1))
        losses = kernels.add(kernels.mul(kernels.sub(1, target), x), miss)
        return _weighed(losses, weight, reduction)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, target, weight, pos_weight = ctx.saved_tensors
        scale = _scale(grad_output, x, weight, ctx.reduction)
        first = second = None
        if ctx.needs_input_grad[0]:
            yes = target if pos_weight is None else target * pos_weight
            first = ((yes + 1 - target) * x.sigmoid() - yes) * scale
        if ctx.needs_input_grad[1]:
            second = -x
            if pos_weight is not None:
                from .activation_smooth import logsigmoid

                second = second - (pos_weight - 1) * logsigmoid(x)
            second = second * scale
        return first, second


@public
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Measure how unlikely yes-or-no targets are, given scores.

    Args:
        input: scores, whose sigmoid is the probability, of any shape.
        target: probabilities, of the same shape.
        weight: factor for each element, in a shape that stretches to theirs.
        size_average: older way to choose the reduction.
        reduce: older way to choose the reduction.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        pos_weight: factor for the yes part, in a shape that stretches to theirs.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> import tatami
        >>> x, t = tatami.tensor([0.0, 0.0]), tatami.tensor([0.0, 1.0])
        >>> tatami.nn.functional.binary_cross_entropy_with_logits(x, t)
        tensor(0.6931)
    """
    reduction = legacy_reduction(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size "
            f"({input.size()})"
        )
    refuse_type("log_sigmoid_cpu", input, "biu")
    if target._array.dtype.kind in "iu":
        raise RuntimeError(
            f"result type {type_name(input.dtype)} can't be cast to the desired output "
            f"type {type_name(target.dtype)}"
        )
    input, target = operands(input, target)
    for factor in (pos_weight, weight):
        if factor is not None:
            size.broadcast(factor._array.shape, input._array.shape)
    return BinaryCrossEntropyWithLogits.apply(
        input, target, weight, pos_weight, reduction
    )
