"""Blocks of images as columns, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor
from .door import refuse_type

__all__ = ["fold", "unfold"]

Shape = tuple[int, ...]


class Im2Col(Operation):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, geometry: Any) -> np.ndarray:
        ctx.shape, ctx.geometry = x.shape, geometry
        batched = x if x.ndim == 4 else x[None]
        columns = kernels.unfold(batched, *geometry)
        return columns if x.ndim == 4 else columns[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Col2Im.apply(grad_output, ctx.shape[-2:], ctx.geometry)


class Col2Im(Operation):
    @staticmethod
    def forward(
        ctx: Any, columns: np.ndarray, output_size: Any, geometry: Any
    ) -> np.ndarray:
        ctx.geometry = geometry
        batched = columns if columns.ndim == 3 else columns[None]
        image = kernels.fold(batched, output_size, *geometry)
        return image if columns.ndim == 3 else image[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Im2Col.apply(grad_output, ctx.geometry)


def _pair(value: Any, name: str) -> Shape:
    if isinstance(value, int):
        return value, value
    if len(value) == 1:
        return (int(value[0]),) * 2
    if len(value) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size "
                           f"{len(value)}")  # fmt: skip
    return int(value[0]), int(value[1])


def _geometry(kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    """Return the arguments as pairs, in the order of the kernels."""
    kernel, dilation = _pair(kernel, "kernel_size"), _pair(dilation, "dilation")
    padding, stride = _pair(padding, "padding"), _pair(stride, "stride")
    for name, text, values in (
        ("kernel size", "kernel_{}", kernel),
        ("dilation", "dilation_{}", dilation),
        ("stride", "stride_{}", stride),
    ):
        if min(values) <= 0:
            raise RuntimeError(
                f"{name} should be greater than zero, but got "
                f"{text.format('height')}: {values[0]} {text.format('width')}: "
                f"{values[1]}"
            )
    if min(padding) < 0:
        raise RuntimeError(
            f"padding should be non-negative, but got pad_height: {padding[0]} "
            f"pad_width: {padding[1]}"
        )
    return kernel, stride, padding, dilation


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Copy every block a kernel would cover into a column.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of the blocks, one int or (height, width).
        dilation: distance between a block's elements.
        padding: zeros around the image.
        stride: steps from block to block.

    Returns:
        (N, C K_H K_W, L), L being the number of blocks.

    Raises:
        RuntimeError: no block fits into the image.

    Example:
        >>> import tatami
        >>> image = tatami.arange(9.0).view(1, 1, 3, 3)
        >>> tatami.nn.functional.unfold(image, 2)[0, :, 0]
        tensor([0., 1., 3., 4.])
    """
    x = input._array
    geometry = kernel, stride, padding, dilation = _geometry(
        kernel_size, dilation, padding, stride
    )
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        if x.ndim < 3:
            size.normalize_dim(2, x.ndim)
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and "
            f"other non-zero dimensions for input, but got: {list(x.shape)}"
        )
    lengths = size.convolution_lengths(x.shape[-2:], kernel, stride, padding, dilation)
    if min(lengths) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(x.shape[-2:])}, kernel_size="
            f"{kernel}, dilation={dilation}, padding={padding}, calculated shape of "
            f"the array of sliding blocks as {lengths}, but its components must be at "
            "least one."
        )
    refuse_type("im2col_out_cpu", input, "iu")
    return Im2Col.apply(input, geometry)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1,
    padding: Any = 0, stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Put columns back as blocks of an image, summing where they overlap.

    Args:
        input: (N, C K_H K_W, L) or (C K_H K_W, L), a column for each of L blocks.
        output_size: size of the image, one int or (height, width).
        kernel_size: size of the blocks.
        dilation: distance between a block's elements.
        padding: how much is cut off the image on all sides.
        stride: steps from block to block.

    Returns:
        (N, C, H, W).

    Raises:
        RuntimeError: the columns are not those of such an image.

    Example:
        >>> import tatami
        >>> columns = tatami.ones(1, 4, 4)
        >>> tatami.nn.functional.fold(columns, 3, 2)[0, 0, 1]
        tensor([2., 4., 2.])
    """
    wanted = _pair(output_size, "output_size")
    geometry = _geometry(kernel_size, dilation, padding, stride)
    _check_columns(input._array.shape, wanted, *geometry)
    refuse_type("col2im_out_cpu", input, "iu")
    return Col2Im.apply(input, wanted, geometry)


def _check_columns(
    shape: Shape, output_size: Shape, kernel: Shape, stride: Shape, padding: Shape,
    dilation: Shape,
) -> None:  # fmt: skip
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch "
            f"size and non-zero dimensions for input, but got: {list(shape)}"
        )
    rows, found = shape[-2:]
    first = len(shape) - 2
    if rows % (kernel[0] * kernel[1]):
        raise RuntimeError(
            f"Expected size of input's dimension {first} to be divisible by the "
            f"product of kernel_size, but got input.size({first})={rows} and "
            f"kernel_size={kernel}."
        )
    down, right = size.convolution_lengths(
        output_size, kernel, stride, padding, dilation
    )
    if down * right != found or min(down, right) < 1:
        raise RuntimeError(
            f"Given output_size={output_size}, kernel_size={kernel}, dilation="
            f"{dilation}, padding={padding}, stride={stride}, expected size of input's "
            f"dimension {first + 1} to match the calculated number of sliding blocks "
            f"{down} * {right} = {down * right}, but got input.size({first + 1})="
            f"{found}."
        )
