"""Layers and the batch normalisation behind them as one layer."""

from __future__ import annotations

import copy
from typing import Any

from ...ops.filled import ones_like, zeros_like
from ...tensor import Tensor
from ..parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def _require_evaluation(*modules: Any) -> None:
    if any(module.training for module in modules):
        raise AssertionError("Fusion only for eval!")
    if modules[1].running_mean is None or modules[1].running_var is None:
        raise AssertionError("Fusion needs running statistics, but there are none")


def _fused(layer: Any, norm: Any, transpose: bool) -> Any:
    _require_evaluation(layer, norm)
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, norm.running_mean, norm.running_var, norm.eps,
        norm.weight, norm.bias, transpose,
    )  # fmt: skip
    return fused


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a convolution that does what ``conv`` and then ``bn`` do.

    Args:
        conv: convolution in evaluation mode.
        bn: batch normalisation in evaluation mode.
        transpose: ``conv`` is a transposed convolution.

    Example:
        >>> import tatami
        >>> conv, norm = tatami.nn.Conv2d(1, 2, 3).eval(), tatami.nn.BatchNorm2d(2)
        >>> tatami.nn.utils.fuse_conv_bn_eval(conv, norm.eval())
        Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
    """
    return _fused(conv, bn, transpose)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a linear layer that does what ``linear`` and then ``bn`` do.

    Args:
        linear: linear layer in evaluation mode.
        bn: batch normalisation in evaluation mode, of as many features.

    Example:
        >>> import tatami
        >>> linear, norm = tatami.nn.Linear(3, 2).eval(), tatami.nn.BatchNorm1d(2)
        >>> tatami.nn.utils.fuse_linear_bn_eval(linear, norm.eval())
        Linear(in_features=3, out_features=2, bias=True)
    """
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, "
            f"but got {linear.out_features} and {bn.num_features}"
        )
    return _fused(linear, bn, False)


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Return weight and bias of a convolution with batch normalisation behind it.

    Args:
        conv_w: weight of the convolution.
        conv_b: its bias.
        bn_rm: running mean.
        bn_rv: running variance.
        bn_eps: what is added to it.
        bn_w: scale.
        bn_b: offset.
        transpose: the convolution is a transposed one.
    """
    conv_b = zeros_like(bn_rm) if conv_b is None else conv_b
    bn_w = ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = zeros_like(bn_rm) if bn_b is None else bn_b
    factor = bn_w * (bn_rv + bn_eps) ** -0.5
    shape = [1] * conv_w.dim()
    shape[1 if transpose else 0] = -1
    weight = conv_w * factor.reshape(shape)
    bias = (conv_b - bn_rm) * factor + bn_b
    return (
        Parameter(weight.to(conv_w.dtype), conv_w.requires_grad),
        Parameter(bias.to(conv_b.dtype), conv_b.requires_grad),
    )


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor,
    bn_eps: float, bn_w: Tensor, bn_b: Tensor,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Return weight and bias of a linear layer with batch normalisation behind it.

    The arguments are those of :func:`fuse_conv_bn_weights`.
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
