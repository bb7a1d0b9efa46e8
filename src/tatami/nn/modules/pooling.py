"""Pooling layers."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .module import Module
from .utils import as_tuple

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _PoolNd(Module):
    """Base of pooling layers: knows the number of dimensions."""

    dimensions: int

    def _function(self, name: str) -> Any:
        return getattr(F, f"{name}{self.dimensions}d")


class _MaxPoolNd(_PoolNd):
    """Base of max pooling in any number of dimensions."""

    return_indices: bool
    ceil_mode: bool

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0,
        dilation: Any = 1, return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and where they are if ``return_indices``."""
        return self._function("max_pool")(
            input, self.kernel_size, self.stride, self.padding, self.dilation,
            ceil_mode=self.ceil_mode, return_indices=self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """Return the largest element of each window of signals.

    Args:
        kernel_size: length of a window.
        stride: step from one window to the next; ``kernel_size`` if left out.
        padding: elements of -inf added on both sides.
        dilation: distance between the elements of a window.
        return_indices: return where the maxima are, too.
        ceil_mode: let the last window reach beyond the end.

    Shape: L becomes (L + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1,
    rounded down, or up with ``ceil_mode``.

    Example:
        >>> import tatami
        >>> tatami.nn.MaxPool1d(2)(tatami.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[3., 2.]])
    """

    dimensions = 1


class MaxPool2d(_MaxPoolNd):
    """Return the largest element of each window of images.

    The arguments are those of :class:`MaxPool1d`; sizes may be given as an int or as
    two.

    Example:
        >>> import tatami
        >>> tatami.nn.MaxPool2d(2)(tatami.ones(1, 3, 6, 7)).shape
        torch.Size([1, 3, 3, 3])
    """

    dimensions = 2


class MaxPool3d(_MaxPoolNd):
    """Return the largest element of each window of volumes.

    The arguments are those of :class:`MaxPool1d`; sizes may be given as an int or as
    three.

    Example:
        >>> import tatami
        >>> tatami.nn.MaxPool3d(2)(tatami.ones(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    dimensions = 3


class _MaxUnpoolNd(_PoolNd):
    """Base of the partial inverse of max pooling."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        count = self.dimensions
        self.kernel_size = as_tuple(kernel_size, count)
        self.stride = as_tuple(kernel_size if stride is None else stride, count)
        self.padding = as_tuple(padding, count)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Any = None
    ) -> Tensor:
        """Return the maxima in their places, and zeros elsewhere.

        Args:
            input: the maxima.
            indices: where they were.
            output_size: sizes of the result, if several are possible.
        """
        return self._function("max_unpool")(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}"
        )


class MaxUnpool1d(_MaxUnpoolNd):
    """Put the maxima of :class:`MaxPool1d` back in their places.

    Args:
        kernel_size: length of a window.
        stride: step from one window to the next; ``kernel_size`` if left out.
        padding: elements that had been added on both sides.

    Example:
        >>> import tatami
        >>> pool = tatami.nn.MaxPool1d(2, return_indices=True)
        >>> maxima, indices = pool(tatami.tensor([[[1.0, 3.0, 2.0, 0.0]]]))
        >>> tatami.nn.MaxUnpool1d(2)(maxima, indices)
        tensor([[[0., 3., 2., 0.]]])
    """

    dimensions = 1


class MaxUnpool2d(_MaxUnpoolNd):
    """Put the maxima of :class:`MaxPool2d` back in their places.

    The arguments are those of :class:`MaxUnpool1d`.

    Example:
        >>> import tatami
        >>> pool = tatami.nn.MaxPool2d(2, return_indices=True)
        >>> maxima, indices = pool(tatami.ones(1, 1, 4, 4))
        >>> tatami.nn.MaxUnpool2d(2)(maxima, indices).sum()
        tensor(4.)
    """

    dimensions = 2


class MaxUnpool3d(_MaxUnpoolNd):
    """Put the maxima of :class:`MaxPool3d` back in their places.

    The arguments are those of :class:`MaxUnpool1d`.

    Example:
        >>> import tatami
        >>> pool = tatami.nn.MaxPool3d(2, return_indices=True)
        >>> maxima, indices = pool(tatami.ones(1, 1, 2, 2, 4))
        >>> tatami.nn.MaxUnpool3d(2)(maxima, indices).sum()
        tensor(2.)
    """

    dimensions = 3


class _AvgPoolNd(_PoolNd):
    """Base of average pooling in any number of dimensions."""

    divisor_override: int | None

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Return the averages."""
        return self._function("avg_pool")(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}"
        )


class AvgPool1d(_AvgPoolNd):
    """Return the average of each window of signals.

    Args:
        kernel_size: length of a window.
        stride: step from one window to the next; ``kernel_size`` if left out.
        padding: zeros added on both sides.
        ceil_mode: let the last window reach beyond the end.
        count_include_pad: count the added zeros.

    Example:
        >>> import tatami
        >>> tatami.nn.AvgPool1d(2)(tatami.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[2., 1.]])
    """

    dimensions = 1

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            as_tuple(kernel_size, 1), None if stride is None else as_tuple(stride, 1),
            as_tuple(padding, 1), ceil_mode, count_include_pad,
        )  # fmt: skip
        del self.divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Return the averages."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


class AvgPool2d(_AvgPoolNd):
    """Return the average of each window of images.

    Args:
        kernel_size: size of a window, an int or two.
        stride: step from one window to the next; ``kernel_size`` if left out.
        padding: zeros added on all sides.
        ceil_mode: let the last windows reach beyond the end.
        count_include_pad: count the added zeros.
        divisor_override: divide by this number instead of the size of the window.

    Example:
        >>> import tatami
        >>> tatami.nn.AvgPool2d(2)(tatami.ones(1, 3, 6, 7)).shape
        torch.Size([1, 3, 3, 3])
    """

    dimensions = 2


class AvgPool3d(_AvgPoolNd):
    """Return the average of each window of volumes.

    The arguments are those of :class:`AvgPool2d`; sizes may be given as an int or as
    three.

    Example:
        >>> import tatami
        >>> tatami.nn.AvgPool3d(2)(tatami.ones(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    dimensions = 3


class _LPPoolNd(_PoolNd):
    """Base of power-average pooling in any number of dimensions."""

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the norm of each window."""
        return self._function("lp_pool")(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """Return the p-norm of each window of signals.

    Args:
        norm_type: power p of the norm, the p-th root of the sum of p-th powers.
        kernel_size: length of a window.
        stride: step from one window to the next; ``kernel_size`` if left out.
        ceil_mode: let the last window reach beyond the end.

    Example:
        >>> import tatami
        >>> tatami.nn.LPPool1d(2, 2)(tatami.ones(1, 3, 4)).shape
        torch.Size([1, 3, 2])
    """

    dimensions = 1


class LPPool2d(_LPPoolNd):
    """Return the p-norm of each window of images.

    The arguments are those of :class:`LPPool1d`.

    Example:
        >>> import tatami
        >>> tatami.nn.LPPool2d(2, 2)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """

    dimensions = 2


class LPPool3d(_LPPoolNd):
    """Return the p-norm of each window of volumes.

    The arguments are those of :class:`LPPool1d`.

    Example:
        >>> import tatami
        >>> tatami.nn.LPPool3d(2, 2)(tatami.ones(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    dimensions = 3
