"""A layer that mixes groups of channels."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Deal the channels of each group out over all groups.

    Args:
        groups: number of groups, which divides the number of channels.

    Shape: (N, C, *).

    Source: Zhang et al. 2018, "ShuffleNet", section 3.1.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1)
        >>> tatami.nn.ChannelShuffle(2)(x).view(4)
        tensor([1., 3., 2., 4.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its channels in another order."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"groups={self.groups}"
