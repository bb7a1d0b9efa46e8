"""Pooling layers to a given output size."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .pooling import _PoolNd

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
]


class _AdaptivePoolNd(_PoolNd):
    """Base of adaptive pooling: knows the size of the output."""

    output_size: Any

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    """Base of adaptive max pooling."""

    return_indices: bool

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and where they are if ``return_indices``."""
        return self._function("adaptive_max_pool")(
            input, self.output_size, return_indices=self.return_indices
        )


class _AdaptiveAvgPoolNd(_AdaptivePoolNd):
    """Base of adaptive average pooling."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the averages."""
        return self._function("adaptive_avg_pool")(input, self.output_size)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Return the largest element of each of a given number of windows of signals.

    Args:
        output_size: windows along each dimension, an int; None for as many as
            there are elements.
        return_indices: return where the maxima are, too.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveMaxPool1d(2)(tatami.ones(1, 3, 4)).shape
        torch.Size([1, 3, 2])
    """

    dimensions = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Return the largest element of each of a given number of windows of images.

    Args:
        output_size: windows along each dimension, an int or 2 of them; None for as many as
            there are elements.
        return_indices: return where the maxima are, too.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveMaxPool2d(2)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """  # noqa: E501

    dimensions = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Return the largest element of each of a given number of windows of volumes.

    Args:
        output_size: windows along each dimension, an int or 3 of them; None for as many as
            there are elements.
        return_indices: return where the maxima are, too.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveMaxPool3d(2)(tatami.ones(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """  # noqa: E501

    dimensions = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Return the average of each of a given number of windows of signals.

    Args:
        output_size: windows along each dimension, an int; None for as many as
            there are elements.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveAvgPool1d(2)(tatami.ones(1, 3, 4)).shape
        torch.Size([1, 3, 2])
    """

    dimensions = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Return the average of each of a given number of windows of images.

    Args:
        output_size: windows along each dimension, an int or 2 of them; None for as many as
            there are elements.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveAvgPool2d(2)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """  # noqa: E501

    dimensions = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Return the average of each of a given number of windows of volumes.

    Args:
        output_size: windows along each dimension, an int or 3 of them; None for as many as
            there are elements.

    Example:
        >>> import tatami
        >>> tatami.nn.AdaptiveAvgPool3d(2)(tatami.ones(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """  # noqa: E501

    dimensions = 3
