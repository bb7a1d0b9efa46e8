"""Dropout: zeros at random in training, so that no unit relies on another.

Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
overfitting".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .random_fill import stream_of

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]


class Dropout(Operation):
    """Multiply by a mask that is drawn along the way."""

    node_name = "MulBackward0"

    @staticmethod
    def forward(ctx: Any, x: np.ndarray, keep: float) -> np.ndarray:
        result, mask = kernels.dropout(stream_of(None), x, keep)
        ctx.save_for_backward(mask)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (mask,) = ctx.saved_tensors
        return grad_output * mask


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(shape: Sequence[int], p: float, kind: Any) -> np.ndarray:
    """Draw ones, with the probability that an element is kept, and zeros."""
    return kernels.bernoulli(stream_of(None), tuple(shape), 1 - p, kind)


def _applied(input: Tensor, mask: np.ndarray, inplace: bool) -> Tensor:
    return input.mul_(wrap(mask)) if inplace else input * wrap(mask)


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set elements to zero at random, and scale the others by 1 / (1 - p).

    Args:
        input: floating-point tensor of any shape.
        p: probability of a zero.
        training: False to return the input as it is.
        inplace: write into the input.

    Raises:
        ValueError: ``p`` is not between 0 and 1.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.dropout(tatami.ones(3), training=False)
        tensor([1., 1., 1.])
    """
    _check(p)
    if not training or p == 0 or input._array.size == 0:
        return input
    array = input._array
    if p == 1:
        return _applied(input, np.zeros_like(array), inplace)
    if not inplace and array.dtype.kind == "f":
        return Dropout.apply(input, float(1 - p))
    mask = _kept(array.shape, p, array.dtype)
    return _applied(input, kernels.div(mask, 1 - p, out=mask), inplace)


def _feature_shape(input: Tensor, d: int) -> tuple[int, ...]:
    """Return one element for each channel of each sample."""
    shape = input._array.shape
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _features(
    function: str, d: int, input: Tensor, p: float, training: bool, inplace: bool
) -> Tensor:
    _check(p)
    rank = input._array.ndim
    if rank not in (d + 1, d + 2):
        raise RuntimeError(
            f"{function}: Expected {d + 1}D or {d + 2}D input, but received a {rank}D "
            "input."
        )
    if not training or p == 0:
        return input
    batched = input if rank == d + 2 else input.unsqueeze(0)
    shape, kind = _feature_shape(batched, d), input._array.dtype
    if p == 1:
        result = _applied(batched, np.zeros(shape, kind), inplace)
    else:
        mask = _kept(shape, p, kind)
        result = _applied(batched, kernels.div(mask, 1 - p, out=mask), inplace)
    return result if rank == d + 2 else result.squeeze(0)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels (N, C, L) to zero at random.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.dropout1d(tatami.ones(1, 2, 3), training=False).shape
        torch.Size([1, 2, 3])
    """
    return _features("dropout1d", 1, input, p, training, inplace)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels (N, C, H, W) to zero at random.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.dropout2d(tatami.ones(1, 2, 3, 3), training=False).shape
        torch.Size([1, 2, 3, 3])
    """  # noqa: E501
    return _features("dropout2d", 2, input, p, training, inplace)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels (N, C, D, H, W) to zero at random.

    Example:
        >>> import tatami
        >>> x = tatami.ones(1, 2, 3, 3, 3)
        >>> tatami.nn.functional.dropout3d(x, training=False).shape
        torch.Size([1, 2, 3, 3, 3])
    """
    return _features("dropout3d", 3, input, p, training, inplace)


# What SELU sends minus infinity to: minus its scale times its alpha.
_LOWEST = -1.7580993408473766


def _alpha(input: Tensor, shape: Sequence[int], p: float, inplace: bool) -> Tensor:
    """Keep mean and variance of what SELU gives (Klambauer et al. 2017, section 3)."""
    if p == 1:
        return _applied(input, np.zeros_like(input._array), inplace)
    scale = 1 / ((_LOWEST * _LOWEST * p + 1) * (1 - p)) ** 0.5
    mask = _kept(shape, p, input._array.dtype)
    shift = kernels.mul(kernels.sub(mask, 1), -_LOWEST * scale)
    shift = kernels.add(shift, -_LOWEST * scale * p)
    scaled = _applied(input, kernels.mul(mask, scale), inplace)
    return scaled.add_(wrap(shift)) if inplace else scaled + wrap(shift)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set elements to SELU's lowest value at random, keeping mean and variance.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", section 3.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.alpha_dropout(tatami.ones(2))
        tensor([1., 1.])
    """
    _check(p)
    if not training or p == 0 or input._array.size == 0:
        return input
    return _alpha(input, input._array.shape, p, inplace)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set whole channels to SELU's lowest value at random.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.feature_alpha_dropout(tatami.ones(1, 2, 3)).shape
        torch.Size([1, 2, 3])
    """
    _check(p)
    if not training or p == 0 or input._array.size == 0:
        return input
    if input._array.ndim < 2:
        raise RuntimeError(
            "Feature dropout requires at least 2 dimensions in the input"
        )
    return _alpha(input, _feature_shape(input, 0), p, inplace)
