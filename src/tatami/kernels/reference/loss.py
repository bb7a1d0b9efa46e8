"""Kernels of losses that look targets up or refuse values out of range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = [
    "binary_cross_entropy",
    "nll_loss",
    "nll_loss_grad",
]

Array = np.ndarray


def _check_targets(target: Array, counted: Array, classes: int) -> None:
    wrong = counted & ((target < 0) | (target >= classes))
    if wrong.any():
        raise IndexError(f"Target {target[wrong][0]} is out of bounds.")


def _weights(target: Array, counted: Array, weight: Array | None, kind: Array) -> Array:
    if weight is None:
        return counted.astype(kind.dtype)
    safe = np.where(counted, target, 0)
    return np.where(counted, weight[safe], weight.dtype.type(0))


def nll_loss(
    x: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str
) -> tuple[Array, Array]:
    """The losses -weight[t] x[t] of x (N, C, *) at target (N, *), and what they weigh.

    With reduction ``mean`` the loss is their sum divided by the sum of weights.
    """
    counted = target != ignore_index
    _check_targets(target, counted, x.shape[1])
    share = _weights(target, counted, weight, x)
    safe = np.where(counted, target, 0)
    total = np.asarray(share.sum(dtype=x.dtype))
    if x.shape[1] == 0:
        losses = np.zeros(target.shape, x.dtype)
    else:
        picked = np.take_along_axis(x, np.expand_dims(safe, 1), 1)[:, 0]
        losses = np.where(counted, -picked * share, x.dtype.type(0))
    if reduction == "none":
        return losses, total
    loss = np.asarray(losses.sum(dtype=x.dtype))
    if reduction == "mean":
        with np.errstate(all="ignore"):
            loss = np.asarray(loss / total)
    return loss, total


def nll_loss_grad(
    grad_output: Array, target: Array, weight: Array | None, ignore_index: int,
    reduction: str, total: Array, input_shape: Sequence[int],
) -> Array:  # fmt: skip
    """The gradient of x: -weight[t] at the targets, else 0."""
    counted = target != ignore_index
    share = _weights(target, counted, weight, grad_output)
    with np.errstate(all="ignore"):
        slope = -share * grad_output
        if reduction == "mean":
            slope = slope / total
    out = np.zeros(tuple(input_shape), grad_output.dtype)
    safe = np.expand_dims(np.where(counted, target, 0), 1)
    if out.size:
        np.put_along_axis(out, safe, np.where(counted, slope, 0)[:, None], 1)
    return out


def binary_cross_entropy(x: Array, target: Array) -> Array:
    """-(t log x + (1 - t) log(1 - x)), logarithms cut off at -100.

    Raises:
        RuntimeError: an element is not between 0 and 1.
    """
    for name, values in (("input", x), ("target", target)):
        if not ((values >= 0) & (values <= 1)).all():
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    with np.errstate(all="ignore"):
        yes = np.maximum(np.log(x), -100)
        no = np.maximum(np.log1p(-x), -100)
    return np.asarray((target - 1) * no - target * yes)
