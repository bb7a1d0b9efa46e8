"""Convolution, for any number of spatial dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .arguments import as_ints

__all__ = ["conv2d"]


class Convolution(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, weight: np.ndarray, bias: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry, ctx.shapes = geometry, (x.shape, weight.shape)
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(x if second else None, weight if first else None)
        return kernels.convolution(x, weight, bias, *geometry)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x, weight), (x_shape, weight_shape) = ctx.saved_tensors, ctx.shapes
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = GradInput.apply(grad_output, weight, x_shape, ctx.geometry)
        if ctx.needs_input_grad[1]:
            grad_weight = GradWeight.apply(grad_output, x, weight_shape, ctx.geometry)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum((0, *range(2, len(x_shape))))
        return grad_input, grad_weight, grad_bias


class GradInput(Operation):
    node_name = "ConvolutionBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, weight: np.ndarray, shape: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry, ctx.weight_shape = geometry, weight.shape
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(
            grad_output if second else None, weight if first else None
        )
        return kernels.convolution_grad_input(grad_output, weight, shape, *geometry)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        grad_output, weight = ctx.saved_tensors
        first = second = None
        if ctx.needs_input_grad[0]:
            first = Convolution.apply(grad, weight, None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = GradWeight.apply(
                grad_output, grad, ctx.weight_shape, ctx.geometry
            )
        return first, second


class GradWeight(Operation):
    node_name = "ConvolutionBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, x: np.ndarray, shape: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry, ctx.x_shape = geometry, x.shape
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(grad_output if second else None, x if first else None)
        return kernels.convolution_grad_weight(grad_output, x, shape, *geometry)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        grad_output, x = ctx.saved_tensors
        first = second = None
        if ctx.needs_input_grad[0]:
            first = Convolution.apply(x, grad, None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = GradInput.apply(grad_output, grad, ctx.x_shape, ctx.geometry)
        return first, second


def _check(d: int, input: Tensor, weight: Tensor, bias: Any, groups: int) -> None:
    x, w = input._array, weight._array
    if x.ndim not in (d + 1, d + 2):
        raise RuntimeError(
            f"Expected {d + 1}D (unbatched) or {d + 2}D (batched) input to conv{d}d, "
            f"but got input of size: {list(x.shape)}"
        )
    channels = x.shape[-d - 1]
    if channels != w.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w.shape)}, expected "
            f"input{list(x.shape)} to have {w.shape[1] * groups} channels, but got "
            f"{channels} channels instead"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(
            f"Input type ({_name(input)}) and bias type ({_name(weight)}) should be "
            "the same"
        )
    if bias is not None and bias._array.shape != (w.shape[0],):
        raise RuntimeError(
            f"Given weight of size {list(w.shape)}, expected bias to be 1-dimensional "
            f"with {w.shape[0]} elements, but got bias of size "
            f"{list(bias.shape)} instead"
        )


def _name(tensor: Tensor) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long long"}
    return names.get(tensor.dtype.name, tensor.dtype.name)


def _check_fit(x: Any, kernel: Any, padding: Any, dilation: Any) -> None:
    padded = [n + 2 * p for n, p in zip(x, padding, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if any(k > n for k, n in zip(reach, padded, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({_times(padded)}). Kernel "
            f"size: ({_times(reach)}). Kernel size can't be greater than actual input "
            "size"
        )


def _times(lengths: Any) -> str:
    return " x ".join(map(str, lengths))


def convolve(
    d: int, input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Tensor:  # fmt: skip
    """Convolve over ``d`` spatial dimensions; every convNd is this function."""
    name = f"conv{d}d"
    _check(d, input, weight, bias, groups)
    stride = as_ints(stride, d, "stride", name)
    dilation = as_ints(dilation, d, "dilation", name)
    if input._array.ndim == d + 1:
        batched = input.unsqueeze(0)
        return convolve(
            d, batched, weight, bias, stride, padding, dilation, groups
        ).squeeze(0)  # type: ignore[no-any-return]
    kernel = weight._array.shape[2:]
    if isinstance(padding, str):
        input, padding = _named_padding(input, padding, kernel, stride, dilation)
    padding = as_ints(padding, d, "padding", name)
    _check_fit(input._array.shape[2:], kernel, padding, dilation)
    geometry = stride, padding, dilation, groups
    return Convolution.apply(input, weight, bias, geometry)  # type: ignore[no-any-return]


def _named_padding(
    input: Tensor, padding: str, kernel: Any, stride: Any, dilation: Any
) -> tuple[Tensor, tuple[int, ...]]:
    """Turn 'same' and 'valid' into numbers; an odd total pads the end once more."""
    if padding == "valid":
        return input, (0,) * len(kernel)
    if padding != "same":
        raise RuntimeError(
            f"Invalid padding string: '{padding}', should be one of 'valid' or 'same'"
        )
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    odd = [n % 2 for n in total]
    if any(odd):
        widths = [width for n in reversed(odd) for width in (0, n)]
        input = input._pad_constant(widths)
    return input, tuple(n // 2 for n in total)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide a kernel over images and sum what it covers.

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: (O, C / groups, K_H, K_W).
        bias: (O), added to every output pixel.
        stride: steps of the kernel, one int or (down, right).
        padding: zeros around the image, ints or ``'same'`` or ``'valid'``.
        dilation: distance between the kernel's elements.
        groups: number of blocks the channels are split into.

    Returns:
        (N, O, H', W') with H' = floor((H + 2 padding - dilation (K_H - 1) - 1) /
        stride) + 1, and W' alike.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> image, kernel = tatami.ones(1, 1, 32, 32), tatami.ones(6, 1, 3, 3)
        >>> tatami.conv2d(image, kernel).shape
        torch.Size([1, 6, 30, 30])
    """
    return convolve(2, input, weight, bias, stride, padding, dilation, groups)
