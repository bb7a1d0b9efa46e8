"""Layers that trade channels for resolution."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Make an image r times larger out of r² times fewer channels.

    Args:
        upscale_factor: the factor r.

    Shape: (*, C r², H, W) becomes (*, C, H r, W r).

    Source: Shi et al. 2016, "Real-time single image and video super-resolution using
    an efficient sub-pixel convolutional neural network".

    Example:
        >>> import tatami
        >>> tatami.nn.PixelShuffle(3)(tatami.ones(1, 9, 4, 4)).shape
        torch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the larger image."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Make an image r times smaller with r² times more channels.

    Args:
        downscale_factor: the factor r.

    Shape: (*, C, H r, W r) becomes (*, C r², H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.PixelUnshuffle(3)(tatami.ones(1, 1, 12, 12)).shape
        torch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the smaller image."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"downscale_factor={self.downscale_factor}"
