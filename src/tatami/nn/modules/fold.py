"""Layers that take blocks out of images, and put them together."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["Fold", "Unfold"]


class Fold(Module):
    """Add overlapping blocks up to an image.

    Args:
        output_size: height and width of the image.
        kernel_size: size of a block.
        dilation: distance between the elements of a block.
        padding: border that is taken away.
        stride: step from one block to the next.

    Shape: (N, C * kernel elements, blocks) becomes (N, C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.Fold((4, 5), (2, 2))(tatami.ones(1, 12, 12)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
        stride: Any = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Return the sum of the blocks."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding,
            self.stride,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Unfold(Module):
    """Take overlapping blocks out of an image, one for each column.

    Args:
        kernel_size: size of a block.
        dilation: distance between the elements of a block.
        padding: zeros added on all sides.
        stride: step from one block to the next.

    Shape: (N, C, H, W) becomes (N, C * kernel elements, blocks).

    Example:
        >>> import tatami
        >>> tatami.nn.Unfold(2)(tatami.ones(1, 3, 4, 5)).shape
        torch.Size([1, 12, 12])
    """

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Return the blocks."""
        return F.unfold(
            input, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
