"""Pooling layers with windows of random sizes."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .pooling import _PoolNd
from .utils import as_tuple

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]


class _FractionalMaxPoolNd(_PoolNd):
    """Base of fractional max pooling in any number of dimensions."""

    output_size: Any
    output_ratio: Any

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        name, count = type(self).__name__, self.dimensions
        self.kernel_size = as_tuple(kernel_size, count)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = output_size
        self.output_ratio = output_ratio
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None:
            self.output_size = as_tuple(output_size, count)
        if output_ratio is None:
            return
        if output_size is not None:
            raise ValueError(
                "only one of output_size and output_ratio may be specified"
            )
        self.output_ratio = as_tuple(output_ratio, count)
        if not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(
                f"output_ratio must be between 0 and 1 (got {output_ratio})"
            )

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and where they are if ``return_indices``."""
        return self._function("fractional_max_pool")(
            input, self.kernel_size, self.output_size, self.output_ratio,
            self.return_indices, _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Return the largest element of each of a number of random windows of images.

    Args:
        kernel_size: size of a window.
        output_size: height and width of the result.
        output_ratio: the same, as parts of height and width of the input.
        return_indices: return where the maxima are, too.

    Source: Graham 2014, "Fractional max-pooling".

    Example:
        >>> import tatami
        >>> layer = tatami.nn.FractionalMaxPool2d(2, output_size=3)
        >>> layer(tatami.ones(1, 1, 7, 7)).shape
        torch.Size([1, 1, 3, 3])
    """

    dimensions = 2


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Return the largest element of each of a number of random windows of volumes.

    The arguments are those of :class:`FractionalMaxPool2d`.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.FractionalMaxPool3d(2, output_size=2)
        >>> layer(tatami.ones(1, 1, 5, 5, 5)).shape
        torch.Size([1, 1, 2, 2, 2])
    """

    dimensions = 3
