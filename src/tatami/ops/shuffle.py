"""Channels rearranged into space, and back."""

from __future__ import annotations

import math

from ..tensor import Tensor

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Move channels into space: (*, C r^2, H, W) to (*, C, H r, W r).

    Args:
        input: (*, C r^2, H, W).
        upscale_factor: r.

    Raises:
        RuntimeError: r^2 doesn't divide the channels.

    Source: Shi et al. 2016, "Real-time single image and video super-resolution",
    section 3.2.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.pixel_shuffle(tatami.ones(1, 4, 2, 2), 2).shape
        torch.Size([1, 1, 4, 4])
    """
    shape, r = input._array.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input "
            f"with {len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(
            f"pixel_shuffle expects a positive upscale_factor, but got {r}"
        )
    *batch, C, H, W = shape
    if C % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by "
            f"the square of upscale_factor, but input.size(-3)={C} is not divisible by "
            f"{r * r}"
        )
    split = input.reshape(math.prod(batch), C // (r * r), r, r, H, W)
    moved = split.permute(0, 1, 4, 2, 5, 3)
    return moved.reshape((*batch, C // (r * r), H * r, W * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Move space into channels: (*, C, H r, W r) to (*, C r^2, H, W).

    Args:
        input: (*, C, H r, W r).
        downscale_factor: r.

    Raises:
        RuntimeError: r doesn't divide height and width.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.pixel_unshuffle(tatami.ones(1, 1, 4, 4), 2).shape
        torch.Size([1, 4, 2, 2])
    """
    shape, r = input._array.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got "
            f"input with {len(shape)} dimension(s)"
        )
    *batch, C, H, W = shape
    for name, axis, length in (("height", -2, H), ("width", -1, W)):
        if length % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, "
                f"but input.size({axis})={length} is not divisible by {r}"
            )
    split = input.reshape(math.prod(batch), C, H // r, r, W // r, r)
    moved = split.permute(0, 1, 3, 5, 2, 4)
    return moved.reshape((*batch, C * r * r, H // r, W // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Mix the channels of groups: the first of each, then the second of each.

    Args:
        input: (N, C, ...).
        groups: number of groups.

    Raises:
        RuntimeError: the channels can't be split evenly.

    Source: Zhang et al. 2018, "ShuffleNet", section 3.1.

    Example:
        >>> import tatami
        >>> x = tatami.arange(4.0).view(1, 4, 1)
        >>> tatami.nn.functional.channel_shuffle(x, 2).flatten()
        tensor([0., 2., 1., 3.])
    """
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(
            "channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(shape)}"
        )
    if groups <= 0 or shape[1] % groups:
        raise RuntimeError(
            "Number of channels must be divisible by groups. Got "
            f"{shape[1]} channels and {groups} groups."
        )
    split = input.reshape((shape[0], groups, shape[1] // groups, *shape[2:]))
    return split.transpose(1, 2).reshape(shape)
