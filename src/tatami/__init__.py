"""tatami: PyTorch's API without PyTorch's weight."""

from typing import TYPE_CHECKING, NoReturn

from . import autograd, kernels, later, nn, ops
from ._version import __version__
from .autograd.grad_mode import *
from .device import device
from .dtypes import *
from .ops.activation import prelu, rrelu, threshold
from .ops.arguments import result_type
from .ops.comparison import *
from .ops.conv import *
from .ops.convert import *
from .ops.creation import *
from .ops.elementwise import *
from .ops.extrema import *
from .ops.filled import *
from .ops.indexing import *
from .ops.joining import *
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
from .ops.linalg import *
from .ops.linear import bilinear
from .ops.loss import kl_div, poisson_nll_loss
from .ops.loss_class import binary_cross_entropy_with_logits
from .ops.movement import *
from .ops.pool import max_pool1d, max_pool2d, max_pool3d
from .ops.reduce import *
from .ops.relu import relu
from .ops.reorder import *
from .ops.rooms import FUNCTIONS
from .ops.sampling import *
from .ops.softmax import log_softmax, softmax
from .random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .size import Size, broadcast_shapes
from .tensor import Tensor, is_tensor

if TYPE_CHECKING:
    from . import (
        backends,
        cuda,
        linalg,
        optim,
        return_types,
        serialization,
        special,
        utils,
    )
    from .ops.activation_shrink import hardshrink
    from .ops.activation_smooth import celu, selu
    from .ops.bounds import *
    from .ops.contraction import *
    from .ops.conv_transpose import *
    from .ops.decomposition import (
        cholesky,
        det,
        inverse,
        logdet,
        qr,
        slogdet,
        svd,
    )
    from .ops.diagonals import *
    from .ops.distance import *
    from .ops.gamma import *
    from .ops.grids import *
    from .ops.histogram import *
    from .ops.logarithmic import *
    from .ops.logic import *
    from .ops.loss_margin import (
        cosine_embedding_loss,
        hinge_embedding_loss,
        margin_ranking_loss,
        triplet_margin_loss,
    )
    from .ops.loss_sequence import ctc_loss
    from .ops.masking import *
    from .ops.matrix_functions import (
        chain_matmul,
        cross,
        kron,
        matrix_exp,
        matrix_power,
        pinverse,
    )
    from .ops.pointwise import *
    from .ops.pool_adaptive import adaptive_avg_pool1d, adaptive_max_pool1d
    from .ops.pool_average import avg_pool1d
    from .ops.powers import *
    from .ops.probability import *
    from .ops.products import *
    from .ops.ranges import *
    from .ops.repetition import *
    from .ops.rounding import *
    from .ops.scan import *
    from .ops.scatter import *
    from .ops.scatter_reduce import *
    from .ops.selection import *
    from .ops.shuffle import *
    from .ops.similarity import cosine_similarity, pairwise_distance, pdist
    from .ops.sorting import *
    from .ops.statistics import *
    from .ops.strided import *
    from .ops.trigonometry import *
    from .printing import set_printoptions
    from .program import compile
    from .runtime import *
    from .serialization import load, save

__all__ = [
    "Generator", "Size", "Tensor", "__version__", "abs", "absolute", "acos", "acosh",
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "add", "addbmm", "addcdiv", "addcmul",
    "addmm", "addmv", "addr", "adjoint", "all", "allclose", "amax", "amin", "aminmax",
    "angle", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan",
    "arctan2", "arctanh", "are_deterministic_algorithms_enabled", "argmax", "argmin",
    "argsort", "argwhere", "as_strided", "as_tensor", "asarray", "asin", "asinh",
    "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "autograd",
    "avg_pool1d", "backends", "baddbmm", "bernoulli", "bilinear",
    "binary_cross_entropy_with_logits", "bincount", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "block_diag",
    "bmm", "bool", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "bucketize",
    "cartesian_prod", "cat", "cdist", "ceil", "celu", "chain_matmul", "channel_shuffle",
    "channels_last", "channels_last_3d", "cholesky", "chunk", "clamp", "clamp_max",
    "clamp_min", "clip", "clone", "column_stack", "combinations", "compile", "concat",
    "concatenate", "conj", "conj_physical", "contiguous_format", "conv1d", "conv2d",
    "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "copysign",
    "corrcoef", "cos", "cosh", "cosine_embedding_loss", "cosine_similarity",
    "count_nonzero", "cov", "cross", "ctc_loss", "cuda", "cummax", "cummin", "cumprod",
    "cumsum", "cumulative_trapezoid", "default_generator", "deg2rad", "det", "device",
    "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "diff", "digamma",
    "dist", "div", "divide", "dot", "double", "dsplit", "dstack", "dtype", "einsum",
    "empty", "empty_like", "empty_permuted", "empty_strided", "enable_grad", "eq",
    "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "eye", "fill", "finfo",
    "fix", "flatten", "flip", "fliplr", "flipud", "float", "float16", "float32",
    "float64", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac",
    "frexp", "from_dlpack", "from_numpy", "frombuffer", "full", "full_like", "gather",
    "gcd", "ge", "ger", "get_default_dtype", "get_num_interop_threads",
    "get_num_threads", "get_rng_state", "gradient", "greater", "greater_equal", "gt",
    "half", "hardshrink", "heaviside", "hinge_embedding_loss", "histc", "histogram",
    "histogramdd", "hsplit", "hstack", "hypot", "i0", "iinfo", "index_add",
    "index_copy", "index_fill", "index_put", "index_reduce", "index_select",
    "inference_mode", "initial_seed", "inner", "int", "int16", "int32", "int64", "int8",
    "inverse", "is_complex", "is_conj", "is_floating_point", "is_grad_enabled",
    "is_inference_mode_enabled", "is_neg", "is_nonzero", "is_same_size", "is_tensor",
    "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal",
    "kernels", "kl_div", "kron", "kthvalue", "layout", "lcm", "ldexp", "le", "lerp",
    "less", "less_equal", "lgamma", "linalg", "linspace", "load", "log", "log10",
    "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace",
    "logsumexp", "long", "lt", "manual_seed", "margin_ranking_loss", "masked_fill",
    "masked_scatter", "masked_select", "matmul", "matrix_exp", "matrix_power", "max",
    "max_pool1d", "max_pool2d", "max_pool3d", "maximum", "mean", "median",
    "memory_format", "meshgrid", "min", "minimum", "mm", "mode", "moveaxis", "movedim",
    "msort", "mul", "multinomial", "multiply", "mv", "mvlgamma", "nan_to_num",
    "nanmean", "nanmedian", "nanquantile", "nansum", "narrow", "ne", "neg", "negative",
    "nextafter", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "numel",
    "ones", "ones_like", "ops", "optim", "outer", "pairwise_distance", "pdist",
    "permute", "pinverse", "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss",
    "polygamma", "positive", "pow", "prelu", "preserve_format", "prod", "promote_types",
    "qr", "quantile", "rad2deg", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "randperm", "range", "ravel", "real", "reciprocal", "relu",
    "remainder", "renorm", "repeat_interleave", "reshape", "resolve_conj",
    "resolve_neg", "result_type", "return_types", "roll", "rot90", "round", "row_stack",
    "rrelu", "rsqrt", "rsub", "save", "scalar_tensor", "scatter", "scatter_add",
    "scatter_reduce", "searchsorted", "seed", "select", "select_scatter", "selu",
    "serialization", "set_default_dtype", "set_grad_enabled", "set_num_interop_threads",
    "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "short", "sigmoid",
    "sign", "signbit", "sin", "sinc", "sinh", "slice_scatter", "slogdet", "softmax",
    "sort", "sparse_coo", "special", "split", "sqrt", "square", "squeeze", "stack",
    "std", "std_mean", "strided", "sub", "subtract", "sum", "svd", "swapaxes",
    "swapdims", "t", "take", "take_along_dim", "tan", "tanh", "tensor", "tensor_split",
    "tensordot", "threshold", "tile", "topk", "trace", "transpose", "trapezoid",
    "trapz", "tril", "tril_indices", "triplet_margin_loss", "triu", "triu_indices",
    "true_divide", "trunc", "uint8", "unbind", "unflatten", "unique",
    "unique_consecutive", "unsqueeze", "use_deterministic_algorithms", "utils",
    "vander", "var", "var_mean", "vdot", "vsplit", "vstack", "where", "xlogy", "zero_",
    "zeros", "zeros_like",
]  # fmt: skip


def _refuse(name: str) -> NoReturn:
    from .absent import refuse

    refuse(name)


_PARTS = (
    "backends", "cuda", "linalg", "optim", "printing", "program", "return_types",
    "runtime", "serialization", "special", "utils",
)  # fmt: skip
__getattr__, __dir__ = later.namespace(
    __name__,
    {
        "printing": "set_printoptions",
        "program": "compile",
        "runtime": (
            "are_deterministic_algorithms_enabled get_num_interop_threads "
            "get_num_threads set_num_interop_threads set_num_threads "
            "use_deterministic_algorithms"
        ),
        "serialization": "load save",
        **{f"ops.{room}": names for room, names in FUNCTIONS.items()},
    },
    _PARTS,
    __all__,
    _refuse,
)
