"""The softmax family as modules."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _Softmax(Module):
    """Base of the softmax family: knows along which dimension to work."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"dim={self.dim}"


class Softmin(_Softmax):
    """Turn numbers into probabilities, the smallest into the largest.

    Args:
        dim: dimension along which they add up to 1.

    Example:
        >>> import tatami
        >>> tatami.nn.Softmin(dim=0)(tatami.zeros(2))
        tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the probabilities."""
        return F.softmin(input, self.dim)


class Softmax(_Softmax):
    """Turn numbers into probabilities.

    Args:
        dim: dimension along which they add up to 1.

    Example:
        >>> import tatami
        >>> tatami.nn.Softmax(dim=0)(tatami.zeros(2))
        tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the probabilities."""
        return F.softmax(input, self.dim)


class Softmax2d(Module):
    """Turn the channels at each place of an image into probabilities.

    Raises:
        ValueError: the input is not of shape (N, C, H, W) or (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.Softmax2d()(tatami.zeros(2, 1, 1)).flatten()
        tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the probabilities."""
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3)


class LogSoftmax(_Softmax):
    """Turn numbers into logarithms of probabilities.

    Args:
        dim: dimension along which the probabilities add up to 1.

    Example:
        >>> import tatami
        >>> tatami.nn.LogSoftmax(dim=0)(tatami.zeros(2))
        tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the logarithms."""
        return F.log_softmax(input, self.dim)
