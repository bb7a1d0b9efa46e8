"""Dropout layers; they do nothing in evaluation mode."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class _DropoutNd(Module):
    """Base of dropout layers."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(
                f"dropout probability has to be between 0 and 1, but got {p}"
            )
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Set random elements to zero in training, and scale up the rest.

    Args:
        p: probability of an element to be dropped.
        inplace: write the result into the input.

    Raises:
        ValueError: ``p`` is no probability.

    Source: Hinton et al. 2012, "Improving neural networks by preventing co-adaptation
    of feature detectors".

    Example:
        >>> import tatami
        >>> tatami.nn.Dropout(0.2).eval()(tatami.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Set whole channels of signals to zero in training, and scale up the rest.

    The arguments are those of :class:`Dropout`. Shape: (N, C, L) or (C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.Dropout1d(0.2).eval()(tatami.ones(1, 2, 1)).shape
        torch.Size([1, 2, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Set whole channels of images to zero in training, and scale up the rest.

    The arguments are those of :class:`Dropout`. Shape: (N, C, H, W) or (N, C, L).

    Example:
        >>> import tatami
        >>> tatami.nn.Dropout2d(0.2).eval()(tatami.ones(1, 2, 1, 1)).shape
        torch.Size([1, 2, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Set whole channels of volumes to zero in training, and scale up the rest.

    The arguments are those of :class:`Dropout`. Shape: (N, C, D, H, W) or
    (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.Dropout3d(0.2).eval()(tatami.ones(1, 2, 1, 1, 1)).shape
        torch.Size([1, 2, 1, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Drop elements in a way that keeps mean and variance; made for SELU.

    The arguments are those of :class:`Dropout`.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks".

    Example:
        >>> import tatami
        >>> tatami.nn.AlphaDropout(0.2).eval()(tatami.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """Drop whole channels in a way that keeps mean and variance.

    The arguments are those of :class:`Dropout`.

    Example:
        >>> import tatami
        >>> tatami.nn.FeatureAlphaDropout(0.2).eval()(tatami.ones(1, 2, 1)).shape
        torch.Size([1, 2, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.feature_alpha_dropout(input, self.p, self.training)
