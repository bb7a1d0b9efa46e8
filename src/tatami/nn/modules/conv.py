"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .. import init
from .linear import reset_bias
from .module import Module
from .utils import as_tuple, doubled_backwards, fresh_parameter, weight_and_bias

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")

_CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


class _ConvNd(Module):
    """Base of convolutions in any number of dimensions."""

    dimensions: int
    transposed = False
    in_channels: int
    out_channels: int
    bias: Any

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0,
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _set_up(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any,
        padding: Any, dilation: Any, output_padding: Any, groups: int, bias: bool,
        padding_mode: str, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        count = self.dimensions
        stride = as_tuple(stride, count)
        if not isinstance(padding, str):
            padding = as_tuple(padding, count)
        _check(in_channels, out_channels, groups, padding, stride, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = as_tuple(kernel_size, count)
        self.stride = stride
        self.padding = padding
        self.dilation = as_tuple(dilation, count)
        self.output_padding = as_tuple(output_padding, count)
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._border()
        self._make_parameters(bias, device, dtype)

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        shape = self._weight_shape()
        self.weight = fresh_parameter(*shape, device=device, dtype=dtype)
        if bias:
            self.bias = fresh_parameter(self.out_channels, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_shape(self) -> tuple[int, ...]:
        outer, inner = self.out_channels, self.in_channels
        if self.transposed:
            outer, inner = inner, outer
        return (outer, inner // self.groups, *self.kernel_size)

    def _border(self) -> Any:
        """Return how many elements to add on each side, as ``F.pad`` wants them."""
        if self.padding == "valid":
            return [0] * 2 * self.dimensions
        if self.padding != "same":
            return tuple(doubled_backwards(self.padding))
        border = []
        sizes = zip(self.kernel_size, self.dilation, strict=True)
        for size, gap in reversed(list(sizes)):
            total = gap * (size - 1)
            border += [total // 2, total - total // 2]
        return border

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-k, k) with k = 1 / sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of the input with the weight."""
        return self._conv_forward(input, *weight_and_bias(self))

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Any) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            border = self._reversed_padding_repeated_twice
            input, padding = F.pad(input, border, mode=self.padding_mode), 0
        return _CONVOLVE[self.dimensions](
            input, weight, bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        zero, one = (0,) * self.dimensions, (1,) * self.dimensions
        parts = [f"{self.in_channels}, {self.out_channels}"]
        parts += [f"kernel_size={self.kernel_size}, stride={self.stride}"]
        for name, usual in (
            ("padding", zero), ("dilation", one), ("output_padding", zero),
            ("groups", 1),
        ):  # fmt: skip
            if getattr(self, name) != usual:
                parts.append(f"{name}={getattr(self, name)}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


def _check(
    in_channels: int, out_channels: int, groups: int, padding: Any,
    stride: tuple[int, ...], padding_mode: str,
) -> None:  # fmt: skip
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(
            f"Invalid padding string {padding!r}, should be one of 'same', 'valid'"
        )
    if padding == "same" and any(step != 1 for step in stride):
        raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            f"padding_mode must be one of {_PADDING_MODES}, but got "
            f"padding_mode='{padding_mode}'"
        )


class Conv1d(_ConvNd):
    """Slide learnt filters along signals.

    Args:
        in_channels: channels of the input, of shape (N, C, L) or (C, L).
        out_channels: number of filters.
        kernel_size: length of a filter.
        stride: step from one place to the next.
        padding: elements added on both sides, ``'valid'`` or ``'same'``.
        dilation: distance between the elements a filter looks at.
        groups: number of groups of channels that are convolved apart.
        bias: learn an additive bias for each filter.
        padding_mode: ``'zeros'``, ``'reflect'``, ``'replicate'`` or ``'circular'``.
        device: must be the CPU.
        dtype: type of the parameters.

    Shape: L becomes (L + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1.

    Example:
        >>> import tatami
        >>> tatami.nn.Conv1d(2, 4, 3)(tatami.ones(1, 2, 8)).shape
        torch.Size([1, 4, 6])
    """

    dimensions = 1


class Conv2d(_ConvNd):
    """Slide learnt filters over images.

    The arguments are those of :class:`Conv1d`; sizes may be given as an int or as two.

    Shape: (N, C, H, W) or (C, H, W); H and W change as L does in :class:`Conv1d`.

    Example:
        >>> import tatami
        >>> tatami.nn.Conv2d(3, 8, 3, padding=1)(tatami.ones(1, 3, 6, 6)).shape
        torch.Size([1, 8, 6, 6])
    """

    dimensions = 2


class Conv3d(_ConvNd):
    """Slide learnt filters through volumes.

    The arguments are those of :class:`Conv1d`; sizes may be given as an int or as
    three.

    Shape: (N, C, D, H, W) or (C, D, H, W); D, H and W change as L does in
    :class:`Conv1d`.

    Example:
        >>> import tatami
        >>> tatami.nn.Conv3d(1, 2, 3)(tatami.ones(1, 1, 4, 4, 4)).shape
        torch.Size([1, 2, 2, 2, 2])
    """

    dimensions = 3


class _ConvTransposeNd(_ConvNd):
    """Base of transposed convolutions in any number of dimensions."""

    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
        dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {self.__class__.__name__}'
            )
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation,
            output_padding, groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """Return the transposed convolution of the input with the weight.

        Args:
            input: tensor with the channels of the layer.
            output_size: wanted sizes, where the stride leaves several possible.
        """
        transpose = getattr(F, f"conv_transpose{self.dimensions}d")
        return transpose(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        if output_size is None:
            return self.output_padding
        count, total = self.dimensions, input.dim()
        outer = total - count
        output_size = list(output_size)
        if len(output_size) == total:
            output_size = output_size[outer:]
        if len(output_size) != count:
            raise ValueError(
                f"ConvTranspose{count}D: for {total}D input, output_size must have "
                f"{count} or {total} elements (got {len(output_size)})"
            )
        smallest = [
            (input.shape[outer + i] - 1) * self.stride[i]
            - 2 * self.padding[i]
            + self.dilation[i] * (self.kernel_size[i] - 1)
            + 1
            for i in range(count)
        ]
        largest = [smallest[i] + self.stride[i] - 1 for i in range(count)]
        for size, low, high in zip(output_size, smallest, largest, strict=True):
            if not low <= size <= high:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range "
                    f"from {smallest} to {largest} (for an input of {input.shape[2:]})"
                )
        return tuple(s - low for s, low in zip(output_size, smallest, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """Spread learnt filters along signals: the gradient of :class:`Conv1d`.

    Args:
        in_channels: channels of the input, of shape (N, C, L) or (C, L).
        out_channels: channels of the output.
        kernel_size: length of a filter.
        stride: step between the places of neighbouring input elements.
        padding: elements taken away on both sides of the result.
        output_padding: elements added on one side of the result.
        groups: number of groups of channels that are convolved apart.
        bias: learn an additive bias for each output channel.
        dilation: distance between the elements of a filter.
        padding_mode: only ``'zeros'``.
        device: must be the CPU.
        dtype: type of the parameters.

    Shape: L becomes (L - 1) stride - 2 padding + dilation (kernel_size - 1)
    + output_padding + 1.

    Example:
        >>> import tatami
        >>> tatami.nn.ConvTranspose1d(2, 4, 3)(tatami.ones(1, 2, 8)).shape
        torch.Size([1, 4, 10])
    """

    dimensions = 1


class ConvTranspose2d(_ConvTransposeNd):
    """Spread learnt filters over images: the gradient of :class:`Conv2d`.

    The arguments are those of :class:`ConvTranspose1d`; sizes may be given as an int
    or as two.

    Example:
        >>> import tatami
        >>> tatami.nn.ConvTranspose2d(3, 2, 2, stride=2)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 2, 8, 8])
    """

    dimensions = 2


class ConvTranspose3d(_ConvTransposeNd):
    """Spread learnt filters through volumes: the gradient of :class:`Conv3d`.

    The arguments are those of :class:`ConvTranspose1d`; sizes may be given as an int
    or as three.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.ConvTranspose3d(1, 2, 2, stride=2)
        >>> layer(tatami.ones(1, 1, 2, 2, 2)).shape
        torch.Size([1, 2, 4, 4, 4])
    """

    dimensions = 3
