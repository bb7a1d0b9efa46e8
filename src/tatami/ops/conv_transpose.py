"""Transposed convolution: the gradient of a convolution, used as an operation."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor
from .conv import (
    GradWeight,
    Shape,
    _convolved_to,
    check_shapes,
    check_steps,
    check_types,
    hashable,
    spread_out,
)

__all__ = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


class ConvTranspose(Operation):
    node_name = "ConvolutionBackward0"

    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, weight: np.ndarray, bias: Any, shape: Any,
        geometry: Any,
    ) -> np.ndarray:  # fmt: skip
        ctx.geometry, ctx.shapes = geometry, (x.shape, weight.shape)
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(x if second else None, weight if first else None)
        result = kernels.convolution_grad_input(x, weight, shape, *geometry)
        if bias is None:
            return result
        return kernels.add(result, bias.reshape(-1, *(1,) * (x.ndim - 2)), out=result)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x, weight), (x_shape, weight_shape) = ctx.saved_tensors, ctx.shapes
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = _convolved_to(x_shape, grad_output, weight, ctx.geometry)
        if ctx.needs_input_grad[1]:
            grad_weight = GradWeight.apply(x, grad_output, weight_shape, ctx.geometry)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum((0, *range(2, len(x_shape))))
        return grad_input, grad_weight, grad_bias


def _check_extra(extra: Shape, stride: Shape, dilation: Shape) -> None:
    if any(n < 0 for n in extra):
        raise RuntimeError("negative output_padding is not supported")
    if all(n < max(s, d) for n, s, d in zip(extra, stride, dilation, strict=True)):
        return
    names = ("depth", "height", "width")[-max(len(extra), 2) :]
    rows = {"output_padding": (0, *extra), "stride": (1, *stride)}
    rows["dilation"] = (1, *dilation)
    found = " ".join(
        f"{row}_{name}: {value}"
        for row, values in rows.items()
        for name, value in zip(names, values[-len(names) :], strict=True)
    )
    raise RuntimeError(
        "output padding must be smaller than either stride or dilation, but got "
        + found
    )


@functools.lru_cache(maxsize=1024)
def _planned(
    d: int, x: Shape, weight: Shape, bias: Shape | None, stride: Any, padding: Any,
    extra: Any, groups: int, dilation: Any,
) -> tuple[Any, Shape]:  # fmt: skip
    """Check a transposed convolution; return its geometry and what it gives."""
    check_shapes(f"conv_transpose{d}d", d, x, weight, bias, groups)
    stride = spread_out(stride, d, "stride")
    padding = spread_out(padding, d, "padding")
    dilation = spread_out(dilation, d, "dilation")
    extra = spread_out(extra, d, "output_padding")
    kernel = weight[2:]
    check_steps(stride, padding, dilation, kernel)
    _check_extra(extra, stride, dilation)
    rows = zip(x[-d:], kernel, stride, padding, extra, dilation, strict=True)
    lengths = tuple(size.transposed_length(*row) for row in rows)
    if any(n < 1 for n in lengths):
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, x[-d:]))}). "
            f"Calculated output size per channel: ({' x '.join(map(str, lengths))}). "
            "Output size is too small"
        )
    return (stride, padding, dilation, groups), (weight[1] * groups, *lengths)


def _transposed(
    d: int, input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    """Do for ``d`` spatial dimensions what every conv_transposeNd does."""
    x = input._array
    if isinstance(padding, str):
        raise TypeError(
            f"conv_transpose{d}d(): argument 'padding' must be tuple of ints, not str"
        )
    geometry, shape = _planned(
        d, x.shape, weight._array.shape, None if bias is None else bias._array.shape,
        hashable(stride), hashable(padding), hashable(output_padding), groups,
        hashable(dilation),
    )  # fmt: skip
    check_types(input, weight, bias)
    if x.ndim == d + 1:
        batched = input.unsqueeze(0)
        result = ConvTranspose.apply(batched, weight, bias, (1, *shape), geometry)
        return result.squeeze(0)
    shape = (x.shape[0], *shape)
    return ConvTranspose.apply(input, weight, bias, shape, geometry)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Spread every element of sequences over a kernel; the transpose of conv1d.

    Args:
        input: (N, C, L) or (C, L).
        weight: (C, O / groups, K).
        bias: (O), added everywhere.
        stride: step of the kernel over the output.
        padding: how much is cut off the output at both ends.
        output_padding: how much is added to one end of the output.
        groups: number of blocks the channels are split into.
        dilation: distance between the kernel's elements.

    Returns:
        (N, O, L') with L' = (L - 1) stride - 2 padding + dilation (K - 1) +
        output_padding + 1.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> sequence, kernel = tatami.ones(1, 1, 2), tatami.ones(1, 1, 2)
        >>> tatami.conv_transpose1d(sequence, kernel)
        tensor([[[1., 2., 1.]]])
    """
    return _transposed(
        1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Spread every pixel of images over a kernel; the transpose of conv2d.

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: (C, O / groups, K_H, K_W).
        bias: (O), added everywhere.
        stride: steps of the kernel over the output, one int or (down, right).
        padding: how much is cut off the output on all sides.
        output_padding: how much is added to one side of the output.
        groups: number of blocks the channels are split into.
        dilation: distance between the kernel's elements.

    Returns:
        (N, O, H', W') with H' = (H - 1) stride - 2 padding + dilation (K_H - 1) +
        output_padding + 1, and W' alike.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> image, kernel = tatami.ones(1, 3, 5, 5), tatami.ones(3, 2, 2, 2)
        >>> tatami.conv_transpose2d(image, kernel, stride=2).shape
        torch.Size([1, 2, 10, 10])
    """
    return _transposed(
        2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Spread every element of volumes over a kernel; the transpose of conv3d.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        weight: (C, O / groups, K_D, K_H, K_W).
        bias: (O), added everywhere.
        stride: steps of the kernel over the output, one int or one per dimension.
        padding: how much is cut off the output on all sides.
        output_padding: how much is added to one side of the output.
        groups: number of blocks the channels are split into.
        dilation: distance between the kernel's elements.

    Returns:
        (N, O, D', H', W'), each length as in :func:`conv_transpose2d`.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> volume, kernel = tatami.ones(1, 1, 2, 2, 2), tatami.ones(1, 1, 3, 3, 3)
        >>> tatami.conv_transpose3d(volume, kernel).shape
        torch.Size([1, 1, 4, 4, 4])
    """
    return _transposed(
        3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )
