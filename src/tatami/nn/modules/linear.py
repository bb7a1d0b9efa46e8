"""Linear layers."""

from __future__ import annotations

import math
from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..parameter import UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module
from .utils import fresh_parameter, weight_and_bias

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Return the input.

    Args:
        args: ignored.
        kwargs: ignored.

    Example:
        >>> import tatami
        >>> tatami.nn.Identity(54)(tatami.ones(2))
        tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return the input."""
        return input


class Linear(Module):
    """Apply a linear map to the last dimension: x Wᵀ + b.

    Args:
        in_features: length of the last dimension of the input (``*, in_features``).
        out_features: length of the last dimension of the output.
        bias: learn an additive bias.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> tatami.nn.Linear(3, 2)(tatami.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    __constants__ = ("in_features", "out_features")

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.out_features = out_features
        self.weight = fresh_parameter(out_features, in_features, **factory)
        if bias:
            self.bias = fresh_parameter(out_features, **factory)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-k, k) with k = 1 / sqrt(in_features)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Return the linear map of the input."""
        return F.linear(input, *weight_and_bias(self))

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """The linear layer inside of MultiheadAttention."""


def reset_bias(bias: Tensor | None, weight: Tensor) -> None:
    """Draw a bias from U(-k, k), with k = 1 / sqrt(fan_in) of the weight."""
    if bias is None:
        return
    fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
    if fan_in > 0:
        bound = 1 / math.sqrt(fan_in)
        init.uniform_(bias, -bound, bound)


class Bilinear(Module):
    """Combine two inputs bilinearly: x1ᵀ A x2 + b.

    Args:
        in1_features: length of the last dimension of the first input.
        in2_features: length of the last dimension of the second input.
        out_features: length of the last dimension of the output.
        bias: learn an additive bias.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.Bilinear(3, 4, 2)
        >>> layer(tatami.ones(5, 3), tatami.ones(5, 4)).shape
        torch.Size([5, 2])
    """

    __constants__ = ("in1_features", "in2_features", "out_features")

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        factory = {"device": device, "dtype": dtype}
        super().__init__()
        if in1_features <= 0:
            raise ValueError(
                f"in1_features must be > 0, but got (in1_features={in1_features})"
            )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = fresh_parameter(
            out_features, in1_features, in2_features, **factory
        )
        if bias:
            self.bias = fresh_parameter(out_features, **factory)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-k, k) with k = 1 / sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return the bilinear map of two inputs."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that learns ``in_features`` from its first input.

    Args:
        out_features: length of the last dimension of the output.
        bias: learn an additive bias.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.LazyLinear(2)
        >>> _ = layer(tatami.ones(5, 3))
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear
    weight: Any
    bias: Any

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(0, 0, False, device, dtype)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Fill the parameters, once their shapes are known."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that the input calls for."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        if self.in_features == 0:
            self.in_features = self.weight.shape[-1]
