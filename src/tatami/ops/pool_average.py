"""Average of sliding windows, for any number of spatial dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .conv import hashable
from .door import public, refuse_type
from .pool import batch, planned

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d"]


class AvgPool2D(Operation):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, *options: Any) -> np.ndarray:
        d = len(options[0])
        ctx.shape, ctx.options = x.shape, options
        result = kernels.avg_pool(batch(x, d), *options)
        return result if x.ndim == d + 2 else result[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return AvgPool2DBackward.apply(grad_output, ctx.shape, *ctx.options)


class AvgPool2DBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, shape: Any, *options: Any
    ) -> np.ndarray:
        d = len(options[0])
        ctx.options = options
        whole = shape if len(shape) == d + 2 else (1, *shape)
        result = kernels.avg_pool_grad(batch(grad_output, d), whole, *options)
        return result if len(shape) == d + 2 else result[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return AvgPool2D.apply(grad_output, *ctx.options)


class AvgPool3D(AvgPool2D):
    pass


_AVG_POOLS = {2: AvgPool2D, 3: AvgPool3D}


def _avg_pool(
    d: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any,
    ceil_mode: bool, count_include_pad: bool, divisor_override: int | None,
) -> Tensor:  # fmt: skip
    kernel, steps, edge, _, _ = planned(
        f"avg_pool{d}d", d, input._array.shape, hashable(kernel_size),
        hashable(stride), hashable(padding), 1, ceil_mode,
    )  # fmt: skip
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    refuse_type(f"avg_pool{d}d", input, "b")
    return _AVG_POOLS[d].apply(
        input, kernel, steps, edge, ceil_mode, count_include_pad, divisor_override
    )


def check_sequence(input: Tensor, function: str) -> None:
    """Refuse what is neither (N, C, L) nor (C, L).

    Raises:
        RuntimeError: the tensor has another number of dimensions.
    """
    rank = input._array.ndim
    if rank not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {rank}-dimensional tensor for "
            f"argument #1 'self' (while checking arguments for {function})"
        )


def only_int(value: Any, name: str, function: str) -> int:
    """Return an int, given as such or alone in a sequence.

    Raises:
        RuntimeError: there are several.
    """
    if isinstance(value, int):
        return value
    if len(value) != 1:
        raise RuntimeError(
            f"{function}() argument '{name}' should contain one int (got {len(value)})"
        )
    return int(value[0])


@public
def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """Average each window of a sequence.

    Args:
        input: (N, C, L) or (C, L).
        kernel_size: length of the window.
        stride: step of the window; its length if left out.
        padding: zeros at both ends, at most half a window.
        ceil_mode: let the last window hang over the end.
        count_include_pad: whether padding counts in the mean.

    Returns:
        (N, C, L') with L' = floor((L + 2 padding - K) / stride) + 1.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.avg_pool1d(tatami.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
        tensor([[2., 1.]])
    """
    name = "avg_pool1d"
    check_sequence(input, name)
    kernel = only_int(kernel_size, "kernel_size", name)
    no_stride = stride is None or stride in ((), [])
    step = kernel if no_stride else only_int(stride, "stride", name)
    edge = only_int(padding, "padding", name)
    plane = input.unsqueeze(-2)
    pooled = _avg_pool(2, plane, (1, kernel), (1, step), (0, edge), ceil_mode,
                       count_include_pad, None)  # fmt: skip
    return pooled.squeeze(-2)


@public
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """Average each window of an image.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of the window, one int or (height, width).
        stride: steps of the window; the window's size if left out.
        padding: border of zeros, at most half a window.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether padding counts in the mean.
        divisor_override: what to divide the sums by, instead of the window's size.

    Returns:
        (N, C, H', W') with H' = floor((H + 2 padding - K_H) / stride) + 1, and W'
        alike.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.avg_pool2d(tatami.arange(4.0).view(1, 2, 2), 2)
        tensor([[[1.5000]]])
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode,
                     count_include_pad, divisor_override)  # fmt: skip


@public
def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """Average each window of a volume.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size: size of the window, one int or (depth, height, width).
        stride: steps of the window; the window's size if left out.
        padding: border of zeros, at most half a window.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether padding counts in the mean.
        divisor_override: what to divide the sums by, instead of the window's size.

    Returns:
        (N, C, D', H', W'), each length as in :func:`avg_pool2d`.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.avg_pool3d(tatami.ones(1, 4, 4, 4), 2).shape
        torch.Size([1, 2, 2, 2])
    """
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode,
                     count_include_pad, divisor_override)  # fmt: skip
