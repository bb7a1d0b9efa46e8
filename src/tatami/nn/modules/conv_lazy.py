"""Convolution layers that learn ``in_channels`` from their first input."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..parameter import UninitializedParameter
from .conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _ConvNd,
)
from .lazy import LazyModuleMixin

__all__ = [
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _LazyConv(LazyModuleMixin, _ConvNd):
    weight: Any
    bias: Any

    def __init__(self, out_channels: int, *args: Any, **kwargs: Any) -> None:
        # Made without channels, so that nothing is drawn before the shape is known.
        self._wanted_channels = out_channels
        super().__init__(0, 0, *args, **kwargs)
        del self._wanted_channels

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = self._wanted_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)

    def reset_parameters(self) -> None:
        """Fill the parameters, once their shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Give the parameters the shapes that the input calls for."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._channels_of(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        self.weight.materialize(self._weight_shape())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _channels_of(self, input: Tensor) -> int:
        without, batched = self.dimensions + 1, self.dimensions + 2
        if input.dim() not in (without, batched):
            raise RuntimeError(
                f"Expected {without}D (unbatched) or {batched}D (batched) input to "
                f"{self.__class__.__name__}, but got input of size: {input.shape}"
            )
        return input.shape[-without]


class LazyConv1d(_LazyConv, Conv1d):
    """A Conv1d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConv1d(4, 3)(tatami.ones(1, 2, 8)).shape
        torch.Size([1, 4, 6])
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A Conv2d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConv2d(8, 3)(tatami.ones(1, 3, 6, 6)).shape
        torch.Size([1, 8, 4, 4])
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A Conv3d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConv3d(2, 3)(tatami.ones(1, 1, 4, 4, 4)).shape
        torch.Size([1, 2, 2, 2, 2])
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """A ConvTranspose1d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConvTranspose1d(4, 3)(tatami.ones(1, 2, 8)).shape
        torch.Size([1, 4, 10])
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """A ConvTranspose2d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConvTranspose2d(2, 2)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 2, 5, 5])
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """A ConvTranspose3d that learns ``in_channels`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyConvTranspose3d(2, 2)(tatami.ones(1, 1, 2, 2, 2)).shape
        torch.Size([1, 2, 3, 3, 3])
    """

    cls_to_become = ConvTranspose3d
