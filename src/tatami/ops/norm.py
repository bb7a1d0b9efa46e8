"""Normalisation: subtract a mean, divide by a deviation, scale and shift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..tensor import Tensor, wrap

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]


class _Normalize(Operation):
    """Standardise over some dimensions, then scale and shift."""

    @staticmethod
    def composed(
        ctx: Any, grad_output: Tensor, x: Tensor, weight: Any, shape: Sequence[int]
    ) -> Any:
        """Return the gradients by operations, which can be differentiated again."""
        dims, others = ctx.dims
        centred = x - x.mean(dims, True)
        scale = (centred.square().mean(dims, True) + ctx.eps).rsqrt()
        hat = centred * scale
        slope = grad_output if weight is None else grad_output * weight.view(shape)
        along = (slope * hat).mean(dims, True)
        first = (slope - slope.mean(dims, True) - hat * along) * scale
        along_hat = grad_output * hat
        if others:
            along_hat, grad_output = along_hat.sum(others), grad_output.sum(others)
        return first, along_hat, grad_output

    @staticmethod
    def wanted(ctx: Any, gradients: Sequence[Any]) -> Any:
        """Return the gradients somebody asks for."""
        return tuple(
            gradient if needed else None
            for gradient, needed in zip(
                gradients, ctx.needs_input_grad[:3], strict=True
            )
        )


class BatchNorm(_Normalize):
    node_name = "NativeBatchNormBackward0"

    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, weight: Any, bias: Any, eps: float
    ) -> tuple[np.ndarray, ...]:
        result, mean, variance, scale = kernels.batch_norm(x, weight, bias, eps)
        dims = (0, *range(2, x.ndim))
        ctx.eps, ctx.dims = eps, (dims, dims)
        ctx.save_for_backward(x, weight, mean, scale)
        return result, mean, variance

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor, *unused: Any) -> Any:
        x, weight, mean, scale = ctx.saved_tensors
        if grad_mode.state.enabled:
            shape = (-1, *(1,) * (x._array.ndim - 2))
            return BatchNorm.wanted(
                ctx, BatchNorm.composed(ctx, grad_output, x, weight, shape)
            )
        factor = None if weight is None else weight._array
        found = kernels.batch_norm_grad(
            grad_output._array, x._array, factor, mean._array, scale._array
        )
        return BatchNorm.wanted(ctx, [wrap(array) for array in found])


class LayerNorm(_Normalize):
    node_name = "NativeLayerNormBackward0"

    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, weight: Any, bias: Any, eps: float, d: int
    ) -> tuple[np.ndarray, ...]:
        result, mean, variance, scale = kernels.layer_norm(x, d, weight, bias, eps)
        kept = x.ndim - d
        ctx.eps, ctx.d = eps, d
        ctx.dims = tuple(range(kept, x.ndim)), tuple(range(kept))
        ctx.save_for_backward(x, weight, mean, scale)
        return result, mean, variance

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor, *unused: Any) -> Any:
        x, weight, mean, scale = ctx.saved_tensors
        if grad_mode.state.enabled:
            shape = x._array.shape[x._array.ndim - ctx.d :]
            return LayerNorm.wanted(
                ctx, LayerNorm.composed(ctx, grad_output, x, weight, shape)
            )
        factor = None if weight is None else weight._array
        found = kernels.layer_norm_grad(
            grad_output._array, x._array, ctx.d, factor, mean._array, scale._array
        )
        return LayerNorm.wanted(ctx, [wrap(array) for array in found])


class GroupNorm(LayerNorm):
    node_name = "NativeGroupNormBackward0"


class ChannelAffine(Operation):
    """x (N, C, ...) times a factor (C) plus a summand (C) of each channel."""

    node_name = "NativeBatchNormBackward0"

    @staticmethod
    def forward(ctx: Any, x: np.ndarray, weight: Any, bias: Any) -> np.ndarray:
        ctx.rank = x.ndim
        ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, weight)
        return kernels.channel_affine(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        dims = (0, *range(2, ctx.rank))
        first = second = third = None
        if ctx.needs_input_grad[0]:
            first = grad_output
            if weight is not None:
                first = ChannelAffine.apply(grad_output, weight, None)
        if ctx.needs_input_grad[1]:
            second = (grad_output * x).sum(dims)
        if ctx.needs_input_grad[2]:
            third = grad_output.sum(dims)
        return first, second, third


def _by_channel(x: Tensor, weight: Any, bias: Any) -> Tensor:
    if weight is None and bias is None:
        return x
    return ChannelAffine.apply(x, weight, bias)


def _affine(x: Tensor, weight: Any, bias: Any, shape: Sequence[int]) -> Tensor:
    if weight is not None:
        x = x * weight.view(shape)
    return x if bias is None else x + bias.view(shape)


def _check_length(name: str, value: Any, length: int) -> None:
    if value is not None and value._array.size != length:
        raise RuntimeError(
            f"{name} should contain {length} elements not {value._array.size}"
        )


def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel over the batch, in training, or by running statistics.

    Args:
        input: (N, C, ...).
        running_mean: (C), changed in training; may be None.
        running_var: (C), changed in training, by the unbiased variance.
        weight: (C), factor for each channel.
        bias: (C), added to each channel.
        training: use the statistics of this batch.
        momentum: share of this batch in the running statistics.
        eps: added to the variance.

    Raises:
        ValueError: in training, a channel has a single value.

    Source: Ioffe and Szegedy 2015, "Batch normalization", algorithm 1.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[1.0], [3.0]])
        >>> tatami.nn.functional.batch_norm(x, None, None, training=True)
        tensor([[-1.0000],
                [ 1.0000]])
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"batch_norm: expected at least 2D input (got {len(shape)}D input)"
        )
    C = shape[1]
    named = {"running_mean": running_mean, "running_var": running_var}
    for name, value in {**named, "weight": weight, "bias": bias}.items():
        _check_length(name, value, C)
    if training:
        count = input._array.size // C if C else 0
        if count == 1:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size "
                f"{input.size()}"
            )
        result, mean, variance = BatchNorm.apply(input, weight, bias, eps)
        if count:
            _follow(running_mean, mean, momentum, 1)
            _follow(running_var, variance, momentum, count / max(count - 1, 1))
        return result
    if running_mean is None or running_var is None:
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when training=False"
        )
    factor = (running_var + eps).rsqrt()
    if weight is not None:
        factor = factor * weight
    summand = -running_mean * factor
    return _by_channel(input, factor, summand if bias is None else summand + bias)


def _follow(
    running: Tensor | None, current: Tensor, momentum: float, factor: float
) -> None:
    """Move a running statistic towards that of a batch."""
    if running is None:
        return
    with grad_mode.no_grad():
        share = kernels.mul(current._array, momentum * factor)
        running.mul_(1 - momentum).add_(wrap(share))


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None,
    running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel of each sample by itself.

    Args:
        input: (N, C, ...) with at least one spatial dimension.
        running_mean: (C), changed if statistics of the input are used.
        running_var: (C), changed if statistics of the input are used.
        weight: (C), factor for each channel.
        bias: (C), added to each channel.
        use_input_stats: False to use the running statistics.
        momentum: share of this batch in the running statistics.
        eps: added to the variance.

    Source: Ulyanov et al. 2016, "Instance normalization", section 2.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[[1.0, 3.0]]])
        >>> tatami.nn.functional.instance_norm(x)
        tensor([[[-1.0000,  1.0000]]])
    """
    shape = input._array.shape
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False,
                          momentum, eps)  # fmt: skip
    count = math.prod(shape[2:])
    if count == 1:
        raise ValueError(
            "Expected more than 1 spatial element when training, got input size "
            f"{input.size()}"
        )
    result, mean, variance = GroupNorm.apply(input, None, None, eps, len(shape) - 2)
    if running_mean is not None:
        _follow(running_mean, mean.detach().mean(0), momentum, 1)
    if running_var is not None:
        unbiased = count / max(count - 1, 1)
        _follow(running_var, variance.detach().mean(0), momentum, unbiased)
    return _by_channel(result, weight, bias)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
    bias: Tensor | None = None, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise over the last dimensions.

    Args:
        input: (..., *normalized_shape).
        normalized_shape: the lengths of the dimensions to normalise over.
        weight: factor of that shape.
        bias: summand of that shape.
        eps: added to the variance.

    Raises:
        RuntimeError: the input doesn't end with ``normalized_shape``.

    Source: Ba et al. 2016, "Layer normalization", section 3.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.layer_norm(tatami.tensor([1.0, 3.0]), (2,))
        tensor([-1.0000,  1.0000])
    """
    wanted = _last_shape("layer_norm", input, normalized_shape)
    return LayerNorm.apply(input, weight, bias, eps, len(wanted))[0]


def _last_shape(
    function: str, input: Tensor, normalized_shape: Sequence[int]
) -> tuple[int, ...]:
    wanted = tuple(normalized_shape)
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing "
            f"at least one element, but got normalized_shape = {list(wanted)}"
        )
    own = input._array.shape
    if own[-len(wanted) :] != wanted:
        stars = "".join(f", {n}" for n in wanted)
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape "
            f"[*{stars}], but got input of size{list(own)}"
        )
    return wanted


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:  # fmt: skip
    """Divide by the root of the mean square over the last dimensions.

    Args:
        input: (..., *normalized_shape).
        normalized_shape: the lengths of the dimensions to normalise over.
        weight: factor of that shape.
        eps: added to the mean square; the type's smallest step if left out.

    Source: Zhang and Sennrich 2019, "Root mean square layer normalization", section 4.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.rms_norm(tatami.tensor([1.0, 7.0]), (2,))
        tensor([0.2000, 1.4000])
    """
    wanted = _last_shape("rms_norm", input, normalized_shape)
    rank = input._array.ndim
    dims = tuple(range(rank - len(wanted), rank))
    step = float(np.finfo(input._array.dtype).eps) if eps is None else eps
    scale = (input.square().mean(dims, True) + step).rsqrt()
    return _affine(input * scale, weight, None, wanted)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None,
    bias: Tensor | None = None, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each group of channels of each sample by itself.

    Args:
        input: (N, C, ...).
        num_groups: number of groups the channels are split into.
        weight: (C), factor for each channel.
        bias: (C), added to each channel.
        eps: added to the variance.

    Raises:
        RuntimeError: the channels can't be split evenly.

    Source: Wu and He 2018, "Group normalization", section 3.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[1.0, 3.0]])
        >>> tatami.nn.functional.group_norm(x, 1)
        tensor([[-1.0000,  1.0000]])
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    N, C = shape[:2]
    if num_groups <= 0 or C % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but "
            f"got input of shape {list(shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value._array.shape != (C,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of "
                f"channels in input, but got {name} of shape {list(value.shape)} and "
                f"input of shape {list(shape)}"
            )
    grouped = input.reshape(N, num_groups, -1 if input._array.size else 0)
    result = GroupNorm.apply(grouped, None, None, eps, 1)[0].view(shape)
    return _by_channel(result, weight, bias)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by the strength of neighbouring channels.

    Args:
        input: (N, C, ...) with at least one spatial dimension.
        size: number of neighbouring channels.
        alpha: factor of the mean square.
        beta: exponent.
        k: summand.

    Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional
    neural networks", section 3.3.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.local_response_norm(tatami.zeros(1, 2, 3), 2).shape
        torch.Size([1, 2, 3])
    """
    if input._array.ndim < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality input (got "
            f"{input._array.ndim} dimensions)"
        )
    if input._array.size == 0:
        return input
    edges = [0, 0] * (input._array.ndim - 2) + [size // 2, (size - 1) // 2]
    squares = (input * input)._pad_constant(edges)
    windows = squares.unfold(1, size, 1).mean(-1)
    return input / (windows * alpha + k) ** beta
