"""Functions of neural networks, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from ..ops import softmax as _softmax
from ..ops.activation import *
from ..ops.activation_shrink import *
from ..ops.activation_smooth import *
from ..ops.attention import *
from ..ops.conv import *
from ..ops.conv_transpose import *
from ..ops.dropout import *
from ..ops.embedding import *
from ..ops.fold import *
from ..ops.linear import *
from ..ops.loss import *
from ..ops.loss_class import *
from ..ops.loss_margin import *
from ..ops.loss_sequence import *
from ..ops.norm import *
from ..ops.padding import *
from ..ops.pool import *
from ..ops.pool_adaptive import *
from ..ops.pool_average import *
from ..ops.pool_other import *
from ..ops.probability import sigmoid as sigmoid
from ..ops.resize import *
from ..ops.shuffle import *
from ..ops.similarity import *
from ..ops.softmax import gumbel_softmax as gumbel_softmax
from ..ops.trigonometry import tanh as tanh
from ..tensor import Tensor


def _chosen(input: Tensor, name: str, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    return _softmax.chosen_dim(name, input.dim(), stacklevel + 1)


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Make positive numbers that add up to one along a dimension.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension along which the result adds up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.softmax(tatami.zeros(2), dim=0)
        tensor([0.5000, 0.5000])
    """
    dim = _chosen(input, "softmax", dim, _stacklevel)
    return _softmax.softmax(input, dim, dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Make positive numbers, large where ``input`` is small, that add up to one.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension along which the result adds up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.softmin(tatami.zeros(2), dim=0)
        tensor([0.5000, 0.5000])
    """
    dim = _chosen(input, "softmin", dim, _stacklevel)
    return _softmax.softmax(-input, dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Take the logarithm of the softmax along a dimension, without overflow.

    Args:
        input: floating-point tensor of any shape.
        dim: dimension whose exponentials add up to one.
        dtype: type to compute in.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.log_softmax(tatami.zeros(2), dim=0)
        tensor([-0.6931, -0.6931])
    """
    dim = _chosen(input, "log_softmax", dim, _stacklevel)
    return _softmax.log_softmax(input, dim, dtype)
