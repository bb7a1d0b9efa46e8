"""Pooling, for any number of spatial dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor
from .arguments import as_ints

__all__ = ["max_pool2d"]


class MaxPool2DWithIndices(Operation):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, geometry: Any) -> tuple[np.ndarray, ...]:
        values, indices = kernels.max_pool(x, *geometry)
        ctx.shape = x.shape
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor, unused: Any = None) -> Any:
        (indices,) = ctx.saved_tensors
        return MaxPoolGrad.apply(grad_output, indices, ctx.shape)


class MaxPoolGrad(Operation):
    node_name = "MaxPool2DWithIndicesBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, indices: np.ndarray, shape: Any
    ) -> np.ndarray:
        ctx.save_for_backward(indices)
        return kernels.max_pool_grad(grad_output, indices, shape)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        shape = indices._array.shape
        flat = indices.view((*shape[:2], -1))
        picked = grad.reshape((*shape[:2], -1)).gather(2, flat)
        return picked.view(shape)


_MAX_POOLS = {2: MaxPool2DWithIndices}


def _geometry(
    d: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, name: str,
) -> tuple[Any, ...]:  # fmt: skip
    """Return the arguments as tuples, checked against each other and the input."""
    kernel = as_ints(kernel_size, d, "kernel_size", name)
    no_stride = stride is None or (not isinstance(stride, int) and len(stride) == 0)
    steps = kernel if no_stride else as_ints(stride, d, "stride", name)
    edge = as_ints(padding, d, "padding", name)
    spread = as_ints(dilation, d, "dilation", name)
    for k, s, p, w in zip(kernel, steps, edge, spread, strict=True):
        _check_window(k, s, p, w)
    shape = input._array.shape
    if len(shape) not in (d + 1, d + 2) or 0 in shape[-d - 1 :]:
        raise RuntimeError(
            f"Expected {d + 1}D or {d + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for input, but got: {list(shape)}"
        )
    lengths = size.pooling_lengths(shape[-d:], kernel, steps, edge, spread, ceil_mode)
    if any(n < 1 for n in lengths):
        raise RuntimeError(
            f"Given input size: ({_by(shape[-d - 1 :])}). Calculated output size: "
            f"({_by((shape[-d - 1], *lengths))}). Output size is too small"
        )
    return kernel, steps, edge, spread, ceil_mode


def _check_window(kernel: int, stride: int, padding: int, dilation: int) -> None:
    if kernel <= 0:
        raise RuntimeError("kernel size should be greater than zero, but got "
                           f"{kernel}")  # fmt: skip
    if stride <= 0:
        raise RuntimeError(f"stride should be greater than zero, but got {stride}")
    if dilation <= 0:
        raise RuntimeError(
            f"dilation should be greater than zero, but got {dilation}"
        )
    if padding < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {padding}")
    if padding > ((kernel - 1) * dilation + 1) // 2:
        raise RuntimeError(
            "pad should be at most half of effective kernel size, but got pad="
            f"{padding}, kernel_size={kernel} and dilation={dilation}"
        )


def _by(shape: Any) -> str:
    return "x".join(map(str, shape))


def max_pool(
    d: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    """Pool over ``d`` spatial dimensions; every max_poolNd is this function."""
    geometry = _geometry(
        d, input, kernel_size, stride, padding, dilation, ceil_mode, f"max_pool{d}d"
    )
    if input._array.ndim == d + 1:
        batched = input.unsqueeze(0)
        values, indices = _MAX_POOLS[d].apply(batched, geometry)
        values, indices = values.squeeze(0), indices.squeeze(0)
    else:
        values, indices = _MAX_POOLS[d].apply(input, geometry)
    return (values, indices) if return_indices else values


def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Keep the largest element of each window of an image.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of the window, one int or (height, width).
        stride: steps of the window; the window's size if left out.
        padding: border of minus infinity, at most half a window.
        dilation: distance between the window's elements.
        ceil_mode: let the last window hang over the edge.
        return_indices: return also where in its plane each element came from.

    Returns:
        (N, C, H', W') with H' = floor((H + 2 padding - dilation (K_H - 1) - 1) /
        stride) + 1, and W' alike; and the indices in the same shape, if asked for.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.max_pool2d(tatami.ones(1, 6, 13, 13), 2).shape
        torch.Size([1, 6, 6, 6])
    """
    return max_pool(
        2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )
