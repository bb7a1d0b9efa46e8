"""Instance normalisation layers."""

from __future__ import annotations

import warnings
from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    """Base of instance normalisation in any number of dimensions."""

    expected: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = False, track_running_stats: bool = False, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype,
            bias=bias,
        )  # fmt: skip

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self.expected:
            wanted = " or ".join(f"{n}D" for n in self.expected)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised for each sample and channel."""
        self._check_input_dim(input)
        unbatched = input.dim() == self.expected[0]
        self._check_channels(input, 0 if unbatched else 1)
        if unbatched:
            return self._normalize(input.unsqueeze(0)).squeeze(0)
        return self._normalize(input)

    def _check_channels(self, input: Tensor, dim: int) -> None:
        count = input.shape[dim]
        if count == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features "
                f"({self.num_features}), but got: {count}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence "
            "this warning by not passing in num_features, which is not used because "
            "affine=False",
            stacklevel=4,
        )

    def _normalize(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each signal.

    Args:
        num_features: number of channels C.
        eps: added to the variance.
        momentum: weight of a new batch in the running statistics.
        affine: learn a scale and, if ``bias``, an offset for each channel.
        track_running_stats: keep running statistics for evaluation mode.
        device: must be the CPU.
        dtype: type of parameters and statistics.
        bias: learn an offset.

    Shape: (N, C, L) or (C, L).

    Raises:
        ValueError: the input has another number of dimensions.

    Source: Ulyanov, Vedaldi and Lempitsky 2016, "Instance normalization".

    Example:
        >>> import tatami
        >>> tatami.nn.InstanceNorm1d(1)(tatami.tensor([[1.0, 3.0]]))
        tensor([[-1.0000,  1.0000]])
    """

    expected = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each image.

    The arguments are those of :class:`InstanceNorm1d`. Shape: (N, C, H, W) or
    (C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.InstanceNorm2d(3)(tatami.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """

    expected = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalise each channel of each volume.

    The arguments are those of :class:`InstanceNorm1d`. Shape: (N, C, D, H, W) or
    (C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.InstanceNorm3d(3)(tatami.ones(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    expected = (4, 5)


class _LazyInstanceNorm(_LazyNormBase, _InstanceNorm):
    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that the input calls for."""
        self.feature_dim = 0 if input.dim() == self.expected[0] else 1
        super().initialize_parameters(input)
        del self.feature_dim


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """An InstanceNorm1d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyInstanceNorm1d()(tatami.ones(2, 3, 4)).shape
        torch.Size([2, 3, 4])
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """An InstanceNorm2d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyInstanceNorm2d()(tatami.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """An InstanceNorm3d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyInstanceNorm3d()(tatami.ones(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    cls_to_become = InstanceNorm3d
