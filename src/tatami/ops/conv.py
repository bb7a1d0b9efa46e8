"""Convolution and its transpose, for any number of spatial dimensions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .arguments import type_name
from .reduce import SumDim

__all__ = ["conv1d", "conv2d", "conv3d"]

Shape = tuple[int, ...]


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
            dims = (0, *range(2, len(x_shape)))
            grad_bias = SumDim.apply(grad_output, dims, False)
        return grad_input, grad_weight, grad_bias


class GradInput(Operation):
    node_name = "ConvolutionBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, weight: np.ndarray, shape: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry, ctx.shapes = geometry, (grad_output.shape, weight.shape)
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(
            grad_output if second else None, weight if first else None
        )
        return kernels.convolution_grad_input(grad_output, weight, shape, *geometry)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (grad_output, weight), (small, kernel) = ctx.saved_tensors, ctx.shapes
        first = second = None
        if ctx.needs_input_grad[0]:
            first = _convolved_to(small, grad, weight, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = GradWeight.apply(grad_output, grad, kernel, ctx.geometry)
        return first, second


def _convolved_to(shape: Shape, x: Tensor, weight: Tensor, geometry: Any) -> Tensor:
    """Convolve, and cut off what goes beyond ``shape`` (wide output padding)."""
    result: Tensor = Convolution.apply(x, weight, None, geometry)
    for dim, length in enumerate(shape):
        if result._array.shape[dim] != length:
            result = result.narrow(dim, 0, length)
    return result


class GradWeight(Operation):
    node_name = "ConvolutionBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, x: np.ndarray, shape: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry, ctx.shapes = geometry, (grad_output.shape, x.shape)
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(grad_output if second else None, x if first else None)
        return kernels.convolution_grad_weight(grad_output, x, shape, *geometry)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (grad_output, x), (small, large) = ctx.saved_tensors, ctx.shapes
        first = second = None
        if ctx.needs_input_grad[0]:
            first = _convolved_to(small, x, grad, ctx.geometry)
        if ctx.needs_input_grad[1]:
            second = GradInput.apply(grad_output, grad, large, ctx.geometry)
        return first, second


def check_types(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse inputs of different types.

    Raises:
        RuntimeError: input, weight and bias are not of one type.
    """
    kind = input._array.dtype
    if bias is not None and bias._array.dtype != kind:
        raise RuntimeError(
            f"Input type ({_name(input)}) and bias type ({_name(bias)}) should be "
            "the same"
        )
    if weight._array.dtype != kind:
        raise RuntimeError(
            f"expected scalar type {type_name(input.dtype)} but found "
            f"{type_name(weight.dtype)}"
        )


def _name(tensor: Tensor) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long long"}
    return names.get(tensor.dtype.name, tensor.dtype.name)


def check_shapes(
    name: str, d: int, x: Shape, weight: Shape, bias: Shape | None, groups: int
) -> None:
    """Refuse shapes that no convolution accepts, whatever its stride and padding.

    Raises:
        RuntimeError: ranks, channels or groups don't match.
    """
    transposed = "transpose" in name
    if len(weight) < 3:
        raise RuntimeError("weight should have at least three dimensions")
    if len(x) not in (d + 1, d + 2):
        raise RuntimeError(
            f"Expected {d + 1}D (unbatched) or {d + 2}D (batched) input to {name}, "
            f"but got input of size: {list(x)}"
        )
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    _check_groups(weight, groups)
    channels = x[-d - 1]
    expected = weight[0] if transposed else weight[1] * groups
    if channels != expected:
        raise RuntimeError(
            f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of "
            f"size {list(weight)}, expected input{_batched(x, d)} to have {expected} "
            f"channels, but got {channels} channels instead"
        )
    _check_bias(weight, bias, groups, transposed)


def _batched(x: Shape, d: int) -> list[int]:
    return list(x) if len(x) == d + 2 else [1, *x]


def _check_groups(weight: Shape, groups: int) -> None:
    if weight[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at "
            f"dimension 0, but got weight of size {list(weight)} instead"
        )
    if weight[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at "
            f"dimension 0, but got weight of size [{list(weight)}] instead"
        )


def _check_bias(
    weight: Shape, bias: Shape | None, groups: int, transposed: bool
) -> None:
    count = weight[1] * groups if transposed else weight[0]
    if bias is not None and bias != (count,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size "
            f"{list(weight)}, expected bias to be 1-dimensional with {count} elements, "
            f"but got bias of size {list(bias)} instead"
        )


def spread_out(value: Any, d: int, name: str) -> tuple[int, ...]:
    """Return one int, or one for each dimension, as a tuple of ``d`` ints.

    Raises:
        RuntimeError: there are neither one nor ``d`` of them.
    """
    if isinstance(value, int):
        return (value,) * d
    if len(value) == 1:
        return (int(value[0]),) * d
    if len(value) != d:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {d} values to "
            f"match the convolution dimensions, but got {name}={list(value)}"
        )
    return tuple(int(n) for n in value)


def check_steps(stride: Shape, padding: Shape, dilation: Shape, kernel: Shape) -> None:
    """Refuse steps that lead nowhere.

    Raises:
        RuntimeError: a stride, dilation or kernel is below 1 or a padding below 0.
    """
    if any(p < 0 for p in padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(n <= 0 for n in dilation):
        raise RuntimeError(
            f"dilation should be greater than zero, but got {list(dilation)}"
        )
    if any(n <= 0 for n in kernel):
        names = ("depth", "height", "width")[-len(kernel) :]
        sizes = " ".join(f"kernel_{a}: {n}" for a, n in zip(names, kernel, strict=True))
        raise RuntimeError(f"kernel size should be greater than zero, but got {sizes}")


def _check_fit(x: Shape, kernel: Shape, padding: Shape, dilation: Shape) -> None:
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


def hashable(value: Any) -> Any:
    """Return a list as a tuple, everything else as it is."""
    return tuple(value) if isinstance(value, list) else value


@functools.lru_cache(maxsize=1024)
def _planned(
    d: int, x: Shape, weight: Shape, bias: Shape | None, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> tuple[Any, list[int]]:  # fmt: skip
    """Check a convolution; return its geometry, and what an odd 'same' adds at ends."""
    check_shapes(f"conv{d}d", d, x, weight, bias, groups)
    stride = spread_out(stride, d, "stride")
    dilation = spread_out(dilation, d, "dilation")
    kernel, lengths, odd = weight[2:], list(x[-d:]), [0] * d
    if isinstance(padding, str):
        total = _named_padding(padding, kernel, stride, dilation)
        padding, odd = tuple(n // 2 for n in total), [n % 2 for n in total]
    padding = spread_out(padding, d, "padding")
    check_steps(stride, padding, dilation, kernel)
    lengths = [n + extra for n, extra in zip(lengths, odd, strict=True)]
    _check_fit(tuple(lengths), kernel, padding, dilation)
    if 0 in lengths:
        raise RuntimeError(
            "Only zero batch or zero channel inputs are supported, but got input "
            f"shape: {_batched(x, d)}"
        )
    ends = [width for n in reversed(odd) for width in (0, n)] if any(odd) else []
    return (stride, padding, dilation, groups), ends


def _named_padding(
    padding: str, kernel: Shape, stride: Shape, dilation: Shape
) -> list[int]:
    """Return how much 'same' or 'valid' adds along each dimension."""
    if padding == "valid":
        return [0] * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    return [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]


def convolve(
    d: int, input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Tensor:  # fmt: skip
    """Convolve over ``d`` spatial dimensions; every convNd is this function."""
    x, w = input._array, weight._array
    b = None if bias is None else bias._array
    if list in (type(stride), type(padding), type(dilation)):
        stride, padding = hashable(stride), hashable(padding)
        dilation = hashable(dilation)
    geometry, ends = _planned(
        d, x.shape, w.shape, None if b is None else b.shape,
        stride, padding, dilation, groups,
    )  # fmt: skip
    kind = x.dtype
    if w.dtype is not kind or (b is not None and b.dtype is not kind):
        check_types(input, weight, bias)
    if x.ndim == d + 1:
        input = input.unsqueeze(0)
    if ends:
        input = _padded(input, ends)
    result = Convolution.apply(input, weight, bias, geometry)
    return result if x.ndim == d + 2 else result.squeeze(0)


def _padded(input: Tensor, widths: list[int]) -> Tensor:
    from .padding import pad

    return pad(input, widths)


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide a kernel over sequences and sum what it covers.

    Args:
        input: (N, C, L) or (C, L).
        weight: (O, C / groups, K).
        bias: (O), added everywhere.
        stride: step of the kernel.
        padding: zeros at both ends, an int or ``'same'`` or ``'valid'``.
        dilation: distance between the kernel's elements.
        groups: number of blocks the channels are split into.

    Returns:
        (N, O, L') with L' = floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> sequence, kernel = tatami.ones(1, 1, 4), tatami.ones(1, 1, 3)
        >>> tatami.conv1d(sequence, kernel)
        tensor([[[3., 3.]]])
    """
    return convolve(1, input, weight, bias, stride, padding, dilation, groups)


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


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide a kernel over volumes and sum what it covers.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        weight: (O, C / groups, K_D, K_H, K_W).
        bias: (O), added everywhere.
        stride: steps of the kernel, one int or one for each dimension.
        padding: zeros around the volume, ints or ``'same'`` or ``'valid'``.
        dilation: distance between the kernel's elements.
        groups: number of blocks the channels are split into.

    Returns:
        (N, O, D', H', W'), each length as in :func:`conv2d`.

    Raises:
        RuntimeError: channels, types or sizes don't match.

    Example:
        >>> import tatami
        >>> volume, kernel = tatami.ones(1, 1, 4, 4, 4), tatami.ones(2, 1, 3, 3, 3)
        >>> tatami.conv3d(volume, kernel).shape
        torch.Size([1, 2, 2, 2, 2])
    """
    return convolve(3, input, weight, bias, stride, padding, dilation, groups)
