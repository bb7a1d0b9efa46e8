"""Padding layers."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .module import Module
from .utils import as_tuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(Module):
    """Base of padding layers: one number for each side, the last dimension first."""

    dimensions: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = as_tuple(padding, 2 * self.dimensions)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with borders added."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    """Base of padding with one value."""

    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with borders added."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadNd(_PadNd):
    """Base of padding with the mirrored input."""

    mode = "reflect"


class _ReplicationPadNd(_PadNd):
    """Base of padding with the nearest element."""

    mode = "replicate"


class _CircularPadNd(_PadNd):
    """Base of padding with the opposite side."""

    mode = "circular"


class ConstantPad1d(_ConstantPadNd):
    """Pad signals with a value.

    Args:
        padding: elements to add on each side: one number, or 2, those of the last
            dimension first.
        value: the value.

    Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.ConstantPad1d(1, 3.5)(tatami.ones(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    dimensions = 1


class ConstantPad2d(_ConstantPadNd):
    """Pad images with a value.

    Args:
        padding: elements to add on each side: one number, or 4, those of the last
            dimension first.
        value: the value.

    Shape: (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ConstantPad2d(1, 3.5)(tatami.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    dimensions = 2


class ConstantPad3d(_ConstantPadNd):
    """Pad volumes with a value.

    Args:
        padding: elements to add on each side: one number, or 6, those of the last
            dimension first.
        value: the value.

    Shape: (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ConstantPad3d(1, 3.5)(tatami.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    dimensions = 3


class ZeroPad1d(ConstantPad1d):
    """Pad signals with zeros.

    Args:
        padding: elements to add on each side: one number, or 2, those of the last
            dimension first.

    Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.ZeroPad1d(1)(tatami.ones(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Pad images with zeros.

    Args:
        padding: elements to add on each side: one number, or 4, those of the last
            dimension first.

    Shape: (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ZeroPad2d(1)(tatami.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Pad volumes with zeros.

    Args:
        padding: elements to add on each side: one number, or 6, those of the last
            dimension first.

    Shape: (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ZeroPad3d(1)(tatami.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.padding}"


class ReflectionPad1d(_ReflectionPadNd):
    """Pad signals with the mirrored input.

    Args:
        padding: elements to add on each side: one number, or 2, those of the last
            dimension first.

    Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.ReflectionPad1d(1)(tatami.ones(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    dimensions = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Pad images with the mirrored input.

    Args:
        padding: elements to add on each side: one number, or 4, those of the last
            dimension first.

    Shape: (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ReflectionPad2d(1)(tatami.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    dimensions = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Pad volumes with the mirrored input.

    Args:
        padding: elements to add on each side: one number, or 6, those of the last
            dimension first.

    Shape: (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ReflectionPad3d(1)(tatami.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    dimensions = 3


class ReplicationPad1d(_ReplicationPadNd):
    """Pad signals with the nearest element.

    Args:
        padding: elements to add on each side: one number, or 2, those of the last
            dimension first.

    Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.ReplicationPad1d(1)(tatami.ones(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    dimensions = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Pad images with the nearest element.

    Args:
        padding: elements to add on each side: one number, or 4, those of the last
            dimension first.

    Shape: (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ReplicationPad2d(1)(tatami.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    dimensions = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Pad volumes with the nearest element.

    Args:
        padding: elements to add on each side: one number, or 6, those of the last
            dimension first.

    Shape: (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.ReplicationPad3d(1)(tatami.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    dimensions = 3


class CircularPad1d(_CircularPadNd):
    """Pad signals with the opposite side.

    Args:
        padding: elements to add on each side: one number, or 2, those of the last
            dimension first.

    Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.CircularPad1d(1)(tatami.ones(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    dimensions = 1


class CircularPad2d(_CircularPadNd):
    """Pad images with the opposite side.

    Args:
        padding: elements to add on each side: one number, or 4, those of the last
            dimension first.

    Shape: (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.CircularPad2d(1)(tatami.ones(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    dimensions = 2


class CircularPad3d(_CircularPadNd):
    """Pad volumes with the opposite side.

    Args:
        padding: elements to add on each side: one number, or 6, those of the last
            dimension first.

    Shape: (N, C, D, H, W) or (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.CircularPad3d(1)(tatami.ones(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    dimensions = 3
