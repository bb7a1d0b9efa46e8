"""Batch normalisation layers."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...ops.creation import tensor
from ...ops.filled import ones, zeros
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..parameter import UninitializedBuffer, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module
from .utils import fresh_parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """Base of batch and instance normalisation: parameters and running statistics."""

    _version = 2
    num_features: int
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._make_parameters(affine, affine and bias, device, dtype)
        self._make_buffers(track_running_stats, device, dtype)
        self.reset_parameters()

    def _make_parameters(
        self, weight: bool, bias: bool, device: Any, dtype: Any
    ) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            made = None
            if wanted:
                made = fresh_parameter(self.num_features, device=device, dtype=dtype)
            self.register_parameter(name, made)

    def _make_buffers(self, wanted: bool, device: Any, dtype: Any) -> None:
        if not wanted:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
            return
        factory = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean", zeros(self.num_features, **factory))
        self.register_buffer("running_var", ones(self.num_features, **factory))
        self.register_buffer("num_batches_tracked", tensor(0, dtype=dtypes.int64))

    def reset_running_stats(self) -> None:
        """Set the running mean to zero and the running variance to one."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to one, the bias to zero, and forget the statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any],
        *others: Any,
    ) -> None:  # fmt: skip
        # Version 2 added num_batches_tracked.
        key = prefix + "num_batches_tracked"
        old = (local_metadata.get("version") or 1) < 2
        if old and self.track_running_stats and key not in state_dict:
            known = self.num_batches_tracked
            state_dict[key] = tensor(0) if known is None else known
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


class _BatchNorm(_NormBase):
    """Base of batch normalisation in any number of dimensions."""

    expected: tuple[int, ...] = ()

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self.expected:
            wanted = " or ".join(f"{n}D" for n in self.expected)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised for each channel."""
        self._check_input_dim(input)
        running = self.running_mean is not None and self.running_var is not None
        updating = self.training and self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if updating or not self.training else None,
            self.running_var if updating or not self.training else None,
            self.weight,
            self.bias,
            self.training or not running,
            self._count_batch(updating),
            self.eps,
        )

    def _count_batch(self, updating: bool) -> float:
        """Return the weight of this batch in the running statistics."""
        if updating and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                return 1.0 / float(self.num_batches_tracked)
        return 0.0 if self.momentum is None else self.momentum


class BatchNorm1d(_BatchNorm):
    """Normalise each feature over the batch.

    Args:
        num_features: number of features or channels C.
        eps: added to the variance.
        momentum: weight of a new batch in the running statistics; None for the mean
            of all batches.
        affine: learn a scale and, if ``bias``, an offset for each channel.
        track_running_stats: keep running statistics for evaluation mode.
        device: must be the CPU.
        dtype: type of parameters and statistics.
        bias: learn an offset.

    Shape: (N, C) or (N, C, L).

    Raises:
        ValueError: the input has another number of dimensions.

    Source: Ioffe and Szegedy 2015, "Batch normalization".

    Example:
        >>> import tatami
        >>> tatami.nn.BatchNorm1d(1)(tatami.tensor([[1.0], [3.0]])).detach()
        tensor([[-1.0000],
                [ 1.0000]])
    """

    expected = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel of images over the batch.

    The arguments are those of :class:`BatchNorm1d`. Shape: (N, C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.BatchNorm2d(3)(tatami.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """

    expected = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalise each channel of volumes over the batch.

    The arguments are those of :class:`BatchNorm1d`. Shape: (N, C, D, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.BatchNorm3d(3)(tatami.ones(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    expected = (5,)


class SyncBatchNorm(_BatchNorm):
    """Normalise each channel over the batch, of which there is one process only.

    Unlike PyTorch's, which spreads a batch over several GPUs, it runs on the CPU and
    computes what :class:`BatchNorm2d` does.

    Example:
        >>> import tatami
        >>> tatami.nn.SyncBatchNorm(3)(tatami.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True,
        process_group: Any = None, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype,
            bias=bias,
        )  # fmt: skip
        if process_group is not None:
            raise RuntimeError(
                "tatami runs in one process: SyncBatchNorm takes no process_group, but "
                f"got {process_group!r}"
            )

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")


class _LazyNormBase(LazyModuleMixin, _NormBase):
    cls_to_become: type | None = None
    feature_dim = 1

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _make_parameters(
        self, weight: bool, bias: bool, device: Any, dtype: Any
    ) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            made = UninitializedParameter(device=device, dtype=dtype)
            self.register_parameter(name, made if wanted else None)

    def _make_buffers(self, wanted: bool, device: Any, dtype: Any) -> None:
        super()._make_buffers(False, device, dtype)
        if wanted:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=dtypes.int64)

    def reset_parameters(self) -> None:
        """Fill the parameters, once their shapes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that the input calls for."""
        if not self.has_uninitialized_params():
            return
        self._check_input_dim(input)
        self.num_features = input.shape[self.feature_dim]
        own = [self.weight, self.bias, self.running_mean, self.running_var]
        for waiting in own:
            if waiting is not None:
                waiting.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """A BatchNorm1d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyBatchNorm1d()(tatami.ones(2, 3)).shape
        torch.Size([2, 3])
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """A BatchNorm2d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyBatchNorm2d()(tatami.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """A BatchNorm3d that learns ``num_features`` from its first input.

    Example:
        >>> import tatami
        >>> tatami.nn.LazyBatchNorm3d()(tatami.ones(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    cls_to_become = BatchNorm3d
