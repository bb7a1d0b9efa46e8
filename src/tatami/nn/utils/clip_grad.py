"""Limiting gradients."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

from ...autograd.grad_mode import no_grad
from ...ops.creation import tensor as make_tensor
from ...ops.joining import stack
from ...tensor import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]

Tensors = Tensor | Iterable[Tensor]


def _gradients(parameters: Tensors) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [p.grad for p in parameters if p.grad is not None]


def _norm(tensor: Tensor, order: float) -> Tensor:
    if order == math.inf:
        return tensor.abs().max()
    if order == -math.inf:
        return tensor.abs().min()
    if order == 0:
        return (tensor != 0).sum().to(tensor.dtype)
    if order == 2:
        return (tensor * tensor).sum().sqrt()
    total = (tensor.abs() ** order).sum()
    return total ** (1.0 / order)


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """Return the norm of all tensors, as if they were one vector.

    Args:
        tensors: one or several.
        norm_type: order of the norm; may be infinite.
        error_if_nonfinite: raise an error if the norm is infinite or no number.
        foreach: has no effect.

    Raises:
        RuntimeError: the norm is not finite, if asked for.

    Example:
        >>> import tatami
        >>> tatami.nn.utils.get_total_norm([tatami.tensor([3.0]), tatami.tensor([4.0])])
        tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return make_tensor(0.0)
    with no_grad():
        total = _norm(stack([_norm(t, norm_type) for t in tensors]), norm_type)
    if error_if_nonfinite and not math.isfinite(float(total)):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the "
            "gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor,
    foreach: bool | None = None,
) -> None:  # fmt: skip
    """Scale gradients down by a norm that is known.

    Args:
        parameters: one or several.
        max_norm: norm the gradients shall have at most.
        total_norm: norm they have.
        foreach: has no effect.
    """
    with no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for gradient in _gradients(parameters):
            gradient.mul_(factor)


def clip_grad_norm_(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0,
    error_if_nonfinite: bool = False, foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """Scale the gradients of parameters down so that their common norm is limited.

    Args:
        parameters: one or several.
        max_norm: largest norm.
        norm_type: order of the norm; may be infinite.
        error_if_nonfinite: raise an error if the norm is infinite or no number.
        foreach: has no effect.

    Returns:
        The norm before.

    Raises:
        RuntimeError: the norm is not finite, if asked for.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.Parameter(tatami.ones(2))
        >>> weight.grad = tatami.tensor([3.0, 4.0])
        >>> tatami.nn.utils.clip_grad_norm_(weight, 1.0)
        tensor(5.)
        >>> weight.grad
        tensor([0.6000, 0.8000])
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.",
            stacklevel=3,
        )
    norm = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def clip_grad_norm(*args: Any, **kwargs: Any) -> Tensor:
    """Call ``clip_grad_norm_``: an old name of it."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


def clip_grad_value_(
    parameters: Tensors, clip_value: float, foreach: bool | None = None
) -> None:
    """Limit every element of the gradients of parameters.

    Args:
        parameters: one or several.
        clip_value: largest size of an element.
        foreach: has no effect.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.Parameter(tatami.ones(2))
        >>> weight.grad = tatami.tensor([3.0, 0.5])
        >>> tatami.nn.utils.clip_grad_value_(weight, 1.0)
        >>> weight.grad
        tensor([1.0000, 0.5000])
    """
    limit = float(clip_value)
    with no_grad():
        for gradient in _gradients(parameters):
            gradient.clamp_(min=-limit, max=limit)
