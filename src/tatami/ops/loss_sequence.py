"""The loss of a sequence of scores for a shorter text, however it is aligned.

Source: Graves et al. 2006, "Connectionist temporal classification".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .door import public, refuse_type
from .loss import check_reduction

__all__ = ["ctc_loss"]

_CHECKED = " (while checking arguments for ctc_loss_allocate_outputs)"


class CtcLoss(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, targets: np.ndarray, lengths: Any, blank: int,
        zero_infinity: bool,
    ) -> np.ndarray:  # fmt: skip
        steps, letters = lengths
        losses, ctx.ways = kernels.ctc_loss(x, targets, steps, letters, blank)
        ctx.targets, ctx.lengths = targets, lengths
        ctx.blank, ctx.zero_infinity = blank, zero_infinity
        ctx.save_for_backward(x, losses)
        return losses

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return CtcLossBackward.apply(grad_output, *ctx.saved_tensors, ctx)


class CtcLossBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, x: np.ndarray, losses: np.ndarray, step: Any
    ) -> np.ndarray:
        steps, letters = step.lengths
        return kernels.ctc_loss_grad(
            grad_output, x, step.targets, steps, letters, losses, step.ways, step.blank,
            step.zero_infinity,
        )  # fmt: skip

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        raise RuntimeError("derivative for aten::_ctc_loss_backward is not implemented")


def _lengths(name: str, given: Tensor | Sequence[int], count: int) -> np.ndarray:
    """Return the lengths as an array, one for each sample."""
    array = given._array if isinstance(given, Tensor) else np.asarray(given)
    if array.dtype.kind not in "iu" and array.size:
        raise RuntimeError(f"{name} must be integral")
    array = array.reshape(-1).astype(np.int64)
    if len(array) != count:
        raise RuntimeError(f"{name} must be of size batch_size")
    if len(array) and array.min() < 0:
        wrong = array[array < 0][0]
        raise RuntimeError(
            f"Expected {name} to have value at least 0, but got value {wrong}{_CHECKED}"
        )
    return array


def _padded(targets: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the texts as rows (N, S); a single row holds them one after the other."""
    longest = int(lengths.max(initial=0))
    if targets.ndim == 2:
        if targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but "
                f"got size {targets.shape[1]} for argument #2 'targets'{_CHECKED}"
            )
        return targets[:, :longest]
    if len(targets) != lengths.sum():
        raise RuntimeError(
            f"Expected tensor to have size {lengths.sum()} at dimension 0, but got "
            f"size {len(targets)} for argument #2 'targets'{_CHECKED}"
        )
    rows = np.zeros((len(lengths), longest), np.int64)
    rows[np.arange(longest) < lengths[:, None]] = targets
    return rows


def _check_steps(lengths: np.ndarray, steps: int) -> None:
    if len(lengths) and lengths.max() > steps:
        wrong = lengths[lengths > steps][0]
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value "
            f"{wrong}{_CHECKED}"
        )


def _check_letters(rows: np.ndarray, lengths: np.ndarray, classes: int) -> np.ndarray:
    """Return the texts with zeros after their ends."""
    counted = np.arange(rows.shape[1]) < lengths[:, None]
    wrong = counted & ((rows < 0) | (rows >= classes))
    if wrong.any():
        raise IndexError(
            f"targets must be classes from 0 to {classes - 1}, but one is "
            f"{rows[wrong][0]}"
        )
    return np.where(counted, rows, 0).astype(np.int64)


def _reduced(
    losses: Tensor, lengths: np.ndarray, reduction: str, zero_infinity: bool
) -> Tensor:
    if zero_infinity:
        endless = np.isinf(losses._array)
        losses = wrap(np.zeros((), losses._array.dtype)).where(wrap(endless), losses)
    if reduction == "mean":
        parts = wrap(np.maximum(lengths, 1).astype(losses._array.dtype))
        return (losses / parts).mean()
    return losses.sum() if reduction == "sum" else losses


@public
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any,
    blank: int = 0, reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Measure how unlikely texts are, over all ways to align them with the scores.

    As PyTorch's, the gradient is that of scores whose ``log_softmax`` is ``log_probs``.

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of probabilities.
        targets: (N, S), (S), or all texts one after the other; not the blank.
        input_lengths: steps that count, for each sample.
        target_lengths: letters of each text.
        blank: class that stands for no letter.
        reduction: ``'none'``, ``'sum'``, or ``'mean'`` of the losses for each letter.
        zero_infinity: let texts that are too long for their scores cost nothing.

    Raises:
        RuntimeError: sizes, lengths or the blank don't match.
        IndexError: a target is not one of the classes.

    Example:
        >>> import tatami
        >>> scores = tatami.zeros(2, 1, 3).log_softmax(2)
        >>> tatami.nn.functional.ctc_loss(scores, tatami.tensor([[1]]), (2,), (1,))
        tensor(1.0986)
    """
    check_reduction(reduction)
    single = log_probs.dim() == 2
    batch = log_probs.unsqueeze(1) if single else log_probs
    T, N, C = batch._array.shape
    refuse_type("ctc_loss_cpu", log_probs, "biu")
    if not 0 <= blank < C:
        raise RuntimeError("blank must be in label range")
    steps = _lengths("input_lengths", input_lengths, N)
    letters = _lengths("target_lengths", target_lengths, N)
    rows = _padded(targets._array, letters)
    _check_steps(steps, T)
    rows = _check_letters(rows, letters, C)
    losses = CtcLoss.apply(batch, wrap(rows), (steps, letters), blank, zero_infinity)
    losses = _reduced(losses, letters, reduction, zero_infinity)
    return losses.squeeze(0) if single and reduction == "none" else losses
