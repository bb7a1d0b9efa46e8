"""Layer, group, root-mean-square and local response normalisation."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .. import init
from .module import Module
from .utils import as_tuple, fresh_parameter

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LocalResponseNorm(Module):
    """Divide each element by a power of the squares in neighbouring channels.

    Args:
        size: number of channels that count.
        alpha: factor of the mean of squares.
        beta: the power.
        k: added to it.

    Source: Krizhevsky, Sutskever and Hinton 2012, section 3.3.

    Example:
        >>> import tatami
        >>> tatami.nn.LocalResponseNorm(2)(tatami.ones(1, 3, 4)).shape
        torch.Size([1, 3, 4])
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """Divide each element by a power of the squares in neighbouring channels.

    The same as :class:`LocalResponseNorm`, for images (N, C, H, W).

    Example:
        >>> import tatami
        >>> tatami.nn.CrossMapLRN2d(3)(tatami.ones(1, 3, 4, 4)).shape
        torch.Size([1, 3, 4, 4])
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1
    ) -> None:
        super().__init__(size, alpha, beta, k)


class LayerNorm(Module):
    """Normalise over the last dimensions, of each sample by itself.

    Args:
        normalized_shape: length of the last dimension, or of the last ones.
        eps: added to the variance.
        elementwise_affine: learn a scale and, if ``bias``, an offset for each element.
        bias: learn an offset.
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Ba, Kiros and Hinton 2016, "Layer normalization".

    Example:
        >>> import tatami
        >>> tatami.nn.LayerNorm(2)(tatami.tensor([1.0, 3.0])).detach()
        tensor([-1.0000,  1.0000])
    """

    weight: Any
    bias: Any

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5,
        elementwise_affine: bool = True, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = as_tuple(normalized_shape, 1)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        wanted = {"weight": elementwise_affine, "bias": elementwise_affine and bias}
        _make_parameters(self, self.normalized_shape, wanted, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to one and the bias to zero."""
        _reset(self)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised."""
        return F.layer_norm(
            input, self.normalized_shape, self.weight, self.bias, self.eps
        )

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """Normalise over groups of channels, of each sample by itself.

    Args:
        num_groups: number of groups.
        num_channels: number of channels, a multiple of it.
        eps: added to the variance.
        affine: learn a scale and, if ``bias``, an offset for each channel.
        device: must be the CPU.
        dtype: type of the parameters.
        bias: learn an offset.

    Shape: (N, C, *).

    Source: Wu and He 2018, "Group normalization".

    Example:
        >>> import tatami
        >>> tatami.nn.GroupNorm(2, 4)(tatami.ones(1, 4, 3)).shape
        torch.Size([1, 4, 3])
    """

    weight: Any
    bias: Any

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5,
        affine: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups "
                f"({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        wanted = {"weight": affine, "bias": affine and bias}
        _make_parameters(self, (num_channels,), wanted, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to one and the bias to zero."""
        _reset(self)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, "
            f"affine={self.affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divide by the root of the mean square over the last dimensions.

    Args:
        normalized_shape: length of the last dimension, or of the last ones.
        eps: added to the mean square; the type's epsilon if left out.
        elementwise_affine: learn a scale for each element.
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Zhang and Sennrich 2019, "Root mean square layer normalization".

    Example:
        >>> import tatami
        >>> tatami.nn.RMSNorm(2)(tatami.tensor([1.0, 7.0])).detach()
        tensor([0.2000, 1.4000])
    """

    weight: Any

    def __init__(
        self, normalized_shape: Any, eps: float | None = None,
        elementwise_affine: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = as_tuple(normalized_shape, 1)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        wanted = {"weight": elementwise_affine}
        _make_parameters(self, self.normalized_shape, wanted, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to one."""
        _reset(self)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}"
        )


def _make_parameters(
    module: Module, shape: tuple[int, ...], wanted: dict[str, bool], device: Any,
    dtype: Any,
) -> None:  # fmt: skip
    for name, present in wanted.items():
        made = fresh_parameter(*shape, device=device, dtype=dtype) if present else None
        module.register_parameter(name, made)


def _reset(module: Module) -> None:
    for name, parameter in module._parameters.items():
        if parameter is not None:
            init.constant_(parameter, 1.0 if name == "weight" else 0.0)
