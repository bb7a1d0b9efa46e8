"""Many images in one, and images as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import tatami

from ..tensor import Tensor
from .images import image_from_array

__all__ = ["make_grid", "save_image"]


@tatami.no_grad()  # type: ignore[untyped-decorator]
def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Put images side by side in rows.

    Args:
        tensor: images (N, C, H, W), one image (C, H, W) or (H, W), or a list of images
            of one shape.
        nrow: images in a row.
        padding: pixels between and around the images.
        normalize: scale the values to the range from 0 to 1.
        value_range: values that become 0 and 1; by default the smallest and largest.
        scale_each: scale each image by its own range.
        pad_value: value of the padding.

    Returns:
        One image; grey images get three channels.

    Raises:
        TypeError: ``tensor`` is neither a tensor nor a list of them.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.utils.make_grid(tatami.zeros(5, 1, 4, 4), nrow=3).shape
        torch.Size([3, 14, 20])
    """
    images = _stacked(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(
                "value_range has to be a tuple (min, max) if specified. min and max "
                "are numbers"
            )
        images = _normalized(images, value_range, scale_each)
    if images.size(0) == 1:
        return images.squeeze(0)
    return _arranged(images, nrow, padding, pad_value)


def _stacked(tensor: Any) -> Tensor:
    """Return images of shape (N, C, H, W) with at least three channels."""
    if isinstance(tensor, list):
        for image in tensor:
            if not isinstance(image, Tensor):
                raise TypeError(
                    "tensor or list of tensors expected, got a list containing "
                    f"{type(image)}"
                )
        tensor = tatami.stack(tensor)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    while tensor.dim() < 4:
        tensor = tensor.unsqueeze(0)
    return tatami.cat([tensor] * 3, 1) if tensor.size(1) == 1 else tensor


def _normalized(
    images: Tensor, value_range: tuple[float, float] | None, scale_each: bool
) -> Tensor:
    if scale_each:
        rows = [_normalized(image, value_range, False) for image in images.unbind(0)]
        return tatami.stack(rows)
    low, high = value_range or (float(images.min()), float(images.max()))
    return (images.clamp(low, high) - low) / max(high - low, 1e-5)


def _arranged(images: Tensor, nrow: int, padding: int, pad_value: float) -> Tensor:
    count, channels, height, width = images.shape
    columns = min(nrow, count)
    rows = -(-count // columns)
    high, wide = height + padding, width + padding
    shape = (channels, high * rows + padding, wide * columns + padding)
    grid = tatami.full(shape, pad_value, dtype=images.dtype)
    for i in range(count):
        top = i // columns * high + padding
        left = i % columns * wide + padding
        grid[:, top : top + height, left : left + width] = images[i]
    return grid


@tatami.no_grad()  # type: ignore[untyped-decorator]
def save_image(
    tensor: Tensor | list[Tensor],
    fp: str | Path | BinaryIO,
    format: str | None = None,
    **kwargs: Any,
) -> None:
    """Write an image, or several as a grid, to a file.

    Args:
        tensor: image or images of 0 to 1, as for :func:`make_grid`.
        fp: path or open file.
        format: Pillow's name of the format; from the path's ending if left out.
        kwargs: further arguments of :func:`make_grid`.

    Example:
        >>> import io, tatami.vision
        >>> file = io.BytesIO()
        >>> tatami.vision.utils.save_image(tatami.zeros(1, 4, 4), file, "png")
        >>> file.getvalue()[1:4]
        b'PNG'
    """
    grid = make_grid(tensor, **kwargs)
    pixels = grid.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).to(tatami.uint8)
    image_from_array(pixels.numpy(), "RGB").save(fp, format=format)
