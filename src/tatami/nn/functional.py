"""Functions of neural networks, under PyTorch's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import later
from ..ops import softmax as _softmax
from ..ops.activation import *
from ..ops.conv import *
from ..ops.linear import *
from ..ops.loss import *
from ..ops.loss_class import *
from ..ops.pool import *
from ..ops.relu import *
from ..ops.rooms import FUNCTIONS
from ..ops.softmax import gumbel_softmax as gumbel_softmax
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..ops.activation_shrink import *
    from ..ops.activation_smooth import *
    from ..ops.attention import *
    from ..ops.conv_transpose import *
    from ..ops.dropout import *
    from ..ops.embedding import *
    from ..ops.fold import *
    from ..ops.loss_margin import *
    from ..ops.loss_sequence import *
    from ..ops.norm import *
    from ..ops.padding import *
    from ..ops.pool_adaptive import *
    from ..ops.pool_average import *
    from ..ops.pool_other import *
    from ..ops.probability import sigmoid as sigmoid
    from ..ops.resize import *
    from ..ops.shuffle import *
    from ..ops.similarity import *
    from ..ops.trigonometry import tanh as tanh

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu",
    "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "cosine_embedding_loss",
    "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "dropout1d",
    "dropout2d", "dropout3d", "elu", "embedding", "embedding_bag",
    "feature_alpha_dropout", "fold", "fractional_max_pool2d", "fractional_max_pool3d",
    "gaussian_nll_loss", "gelu", "glu", "group_norm", "gumbel_softmax", "hardshrink",
    "hardsigmoid", "hardswish", "hardtanh", "hinge_embedding_loss", "huber_loss",
    "instance_norm", "interpolate", "kl_div", "l1_loss", "layer_norm", "leaky_relu",
    "linear", "local_response_norm", "log_softmax", "logsigmoid", "lp_pool1d",
    "lp_pool2d", "lp_pool3d", "margin_ranking_loss", "max_pool1d", "max_pool2d",
    "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mish", "mse_loss",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance", "pdist",
    "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6",
    "rms_norm", "rrelu", "scaled_dot_product_attention", "selu", "sigmoid", "silu",
    "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "triplet_margin_loss",
    "triplet_margin_with_distance_loss", "unfold",
]  # fmt: skip

__getattr__, __dir__ = later.namespace(
    __name__,
    {f"ops.{room}": members for room, members in FUNCTIONS.items()},
    public=__all__,
)


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
