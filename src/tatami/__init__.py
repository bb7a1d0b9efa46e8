"""tatami: PyTorch's API without PyTorch's weight."""

from . import (
    autograd,
    backends,
    cuda,
    kernels,
    linalg,
    nn,
    ops,
    optim,
    return_types,
    serialization,
    special,
    utils,
)
from .autograd.grad_mode import *  # noqa: F403
from .device import device
from .dtypes import *  # noqa: F403
from .printing import set_printoptions
from .ops.activation import hardshrink, prelu, relu, rrelu, threshold
from .ops.activation_smooth import celu, selu
from .ops.arguments import result_type
from .ops.bounds import *  # noqa: F403
from .ops.comparison import *  # noqa: F403
from .ops.contraction import *  # noqa: F403
from .ops.conv import *  # noqa: F403
from .ops.conv_transpose import *  # noqa: F403
from .ops.convert import *  # noqa: F403
from .ops.creation import *  # noqa: F403
from .ops.decomposition import (
    cholesky,
    det,
    inverse,
    logdet,
    qr,
    slogdet,
    svd,
)
from .ops.diagonals import *  # noqa: F403
from .ops.distance import *  # noqa: F403
from .ops.elementwise import *  # noqa: F403
from .ops.extrema import *  # noqa: F403
from .ops.filled import *  # noqa: F403
from .ops.gamma import *  # noqa: F403
from .ops.grids import *  # noqa: F403
from .ops.indexing import *  # noqa: F403
from .ops.joining import *  # noqa: F403
from .ops.histogram import *  # noqa: F403
from .ops.layout import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from .ops.linalg import *  # noqa: F403
from .ops.logarithmic import *  # noqa: F403
from .ops.logic import *  # noqa: F403
from .ops.loss import kl_div, poisson_nll_loss
from .ops.loss_class import binary_cross_entropy_with_logits
from .ops.loss_margin import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from .ops.masking import *  # noqa: F403
from .ops.matrix_functions import (
    chain_matmul,
    cross,
    kron,
    matrix_exp,
    matrix_power,
    pinverse,
)
from .ops.movement import *  # noqa: F403
from .ops.pointwise import *  # noqa: F403
from .ops.pool import max_pool1d, max_pool2d, max_pool3d
from .ops.pool_adaptive import adaptive_avg_pool1d, adaptive_max_pool1d
from .ops.pool_average import avg_pool1d
from .ops.powers import *  # noqa: F403
from .ops.products import *  # noqa: F403
from .ops.probability import *  # noqa: F403
from .ops.ranges import *  # noqa: F403
from .ops.reduce import *  # noqa: F403
from .ops.repetition import *  # noqa: F403
from .ops.reorder import *  # noqa: F403
from .ops.rounding import *  # noqa: F403
from .ops.sampling import *  # noqa: F403
from .ops.scatter import *  # noqa: F403
from .ops.scatter_reduce import *  # noqa: F403
from .ops.scan import *  # noqa: F403
from .ops.selection import *  # noqa: F403
from .ops.sorting import *  # noqa: F403
from .ops.statistics import *  # noqa: F403
from .ops.strided import *  # noqa: F403
from .ops.similarity import cosine_similarity, pairwise_distance, pdist
from .ops.softmax import log_softmax, softmax
from .ops.trigonometry import *  # noqa: F403
from .random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .runtime import *  # noqa: F403
from .serialization import load, save
from .size import Size, broadcast_shapes
from .tensor import Tensor, is_tensor
