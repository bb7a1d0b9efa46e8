"""Layers that make images larger."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """Make signals, images or volumes larger.

    Args:
        size: sizes of the result.
        scale_factor: how many times larger, if ``size`` is left out.
        mode: ``'nearest'``, ``'linear'`` (N, C, L), ``'bilinear'`` or ``'bicubic'``
            (N, C, H, W), or ``'trilinear'`` (N, C, D, H, W).
        align_corners: let the corners of input and result coincide.
        recompute_scale_factor: compute the factor anew from the sizes.

    Example:
        >>> import tatami
        >>> tatami.nn.Upsample(scale_factor=2)(tatami.ones(1, 1, 2, 3)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
        align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Return the larger input."""
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({"recompute_scale_factor": True, **state})


class UpsamplingNearest2d(Upsample):
    """Make images larger by repeating pixels.

    Args:
        size: height and width of the result.
        scale_factor: how many times larger, if ``size`` is left out.

    Example:
        >>> import tatami
        >>> tatami.nn.UpsamplingNearest2d(scale_factor=2)(tatami.ones(1, 1, 1, 1))
        tensor([[[[1., 1.],
                  [1., 1.]]]])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Make images larger by bilinear interpolation, with aligned corners.

    Args:
        size: height and width of the result.
        scale_factor: how many times larger, if ``size`` is left out.

    Example:
        >>> import tatami
        >>> tatami.nn.UpsamplingBilinear2d(size=(4, 6))(tatami.ones(1, 1, 2, 2)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
