"""The NumPy definition of every kernel: what it means, and what runs without C++."""

from typing import TYPE_CHECKING

from ... import later
from .elementwise import *
from .movement import *
from .random import *
from .reduce import *

if TYPE_CHECKING:
    from .activation import *
    from .conv import *
    from .decomposition import *
    from .fused import *
    from .fused_conv import *
    from .linalg import *
    from .loss import *
    from .norm import *
    from .optim import *
    from .pool import *
    from .sequence import *
    from .special import *

# The files that wait until a kernel of theirs is asked for: most have C++ twins.
FILES = {
    "activation": "gelu gelu_grad lstm_cell lstm_cell_grad silu silu_grad",
    "conv": (
        "convolution convolution_grad_input convolution_grad_weight convolution_relu "
        "fold unfold"
    ),
    "decomposition": (
        "cholesky determinant eigh inverse least_squares qr signed_log_determinant "
        "singular_values solve svd"
    ),
    "fused": "linear_relu matmul_masked",
    "fused_conv": (
        "convolution_max_pool convolution_max_pool_grad convolution_max_pool_infer "
        "convolution_max_pool_pays"
    ),
    "linalg": "addmm matmul",
    "loss": "binary_cross_entropy nll_loss nll_loss_grad",
    "norm": "batch_norm batch_norm_grad channel_affine layer_norm layer_norm_grad",
    "optim": (
        "adadelta_step adagrad_step adam_step adamax_step asgd_step count_steps "
        "nadam_step radam_step rmsprop_step rprop_step sgd_step"
    ),
    "pool": (
        "adaptive_avg_pool adaptive_avg_pool_grad adaptive_max_pool avg_pool "
        "avg_pool_grad fractional_max_pool max_pool max_pool_grad max_pool_tiles "
        "max_pool_tiles_grad tile_indices"
    ),
    "sequence": "ctc_loss ctc_loss_grad",
    "special": "digamma erf erfc erfcx erfinv i0 i0e i1 i1e lgamma log_ndtr ndtri zeta",
}
__getattr__, __dir__ = later.namespace(
    __name__,
    {f"kernels.reference.{file}": names for file, names in FILES.items()},
    FILES,
)
