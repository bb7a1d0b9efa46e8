"""The rooms of operations that wait until one of their names is asked for.

The other rooms are loaded at import: a small convolutional network is trained without
these. Tests hold both tables to what the rooms have.
"""

from __future__ import annotations

__all__: list[str] = []

# The ``__all__`` of each room that waits.
FUNCTIONS = {
    "activation_shrink": "hardshrink softshrink",
    "activation_smooth": (
        "celu elu gelu glu logsigmoid mish selu silu softplus softsign tanhshrink"
    ),
    "attention": "scaled_dot_product_attention",
    "bounds": (
        "abs absolute clamp clamp_max clamp_min clip copysign fmax fmin maximum "
        "minimum sgn sign signbit"
    ),
    "contraction": "einsum tensordot",
    "conv_transpose": "conv_transpose1d conv_transpose2d conv_transpose3d",
    "decomposition": (
        "cholesky det eigh eigvalsh inv inverse linalg_svd logdet qr slogdet solve svd "
        "svdvals"
    ),
    "diagonals": (
        "block_diag diag diag_embed diagflat diagonal diagonal_scatter select_scatter "
        "slice_scatter trace"
    ),
    "distance": "cdist dist norm renorm",
    "dropout": (
        "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout"
    ),
    "embedding": "embedding embedding_bag one_hot",
    "fold": "fold unfold",
    "gamma": "digamma i0 lgamma mvlgamma polygamma",
    "grids": (
        "cartesian_prod combinations meshgrid tril tril_indices triu triu_indices "
        "vander"
    ),
    "histogram": "bincount histc histogram histogramdd",
    "logarithmic": "logaddexp logaddexp2 xlogy",
    "logic": (
        "bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
        "bitwise_xor logical_and logical_not logical_or logical_xor"
    ),
    "loss_margin": (
        "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss "
        "multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss "
        "soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss"
    ),
    "loss_sequence": "ctc_loss",
    "masking": "argwhere masked_fill masked_scatter masked_select nonzero where",
    "matrix_functions": (
        "chain_matmul cond cross kron linalg_norm lstsq matrix_exp matrix_norm "
        "matrix_power matrix_rank multi_dot pinv pinverse"
    ),
    "norm": (
        "batch_norm group_norm instance_norm layer_norm local_response_norm rms_norm"
    ),
    "padding": "pad",
    "pointwise": (
        "addcdiv addcmul frexp gcd heaviside lcm ldexp lerp nan_to_num nextafter"
    ),
    "pool_adaptive": (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
        "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d"
    ),
    "pool_average": "avg_pool1d avg_pool2d avg_pool3d",
    "pool_other": (
        "fractional_max_pool2d fractional_max_pool3d lp_pool1d lp_pool2d lp_pool3d "
        "max_unpool1d max_unpool2d max_unpool3d"
    ),
    "powers": (
        "exp exp2 expm1 float_power log log10 log1p log2 pow reciprocal rsqrt sqrt "
        "square"
    ),
    "probability": "erf erfc erfinv logit sigmoid sinc",
    "products": "addbmm addmv addr baddbmm bmm dot ger inner matmul mv outer vdot",
    "ranges": "arange eye linspace logspace range",
    "repetition": "repeat_interleave tile",
    "resize": "interpolate",
    "rnn": "",
    "rounding": "ceil fix floor floor_divide fmod frac remainder round trunc",
    "scan": (
        "cummax cummin cumprod cumsum cumulative_trapezoid diff gradient logcumsumexp "
        "trapezoid trapz"
    ),
    "scatter": (
        "gather index_add index_copy index_fill index_select scatter scatter_add take "
        "take_along_dim"
    ),
    "scatter_reduce": "index_reduce scatter_reduce",
    "selection": "kthvalue median mode nanmedian",
    "shuffle": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "similarity": "cosine_similarity normalize pairwise_distance pdist",
    "sorting": (
        "argsort bucketize isin msort searchsorted sort topk unique unique_consecutive"
    ),
    "statistics": "corrcoef cov nanquantile quantile std std_mean var var_mean",
    "strided": "as_strided",
    "trigonometry": (
        "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh "
        "atan atan2 atanh cos cosh deg2rad hypot rad2deg sin sinh tan tanh"
    ),
}

# What each room attaches to Tensor.
METHODS = {
    "activation_shrink": "hardshrink",
    "bounds": (
        "__abs__ abs abs_ absolute absolute_ clamp clamp_ clamp_max clamp_max_ "
        "clamp_min clamp_min_ clip clip_ copysign copysign_ fmax fmin maximum minimum "
        "sgn sgn_ sign sign_ signbit"
    ),
    "contraction": "tensordot",
    "decomposition": "cholesky det inverse logdet qr slogdet svd",
    "diagonals": (
        "diag diag_embed diagflat diagonal diagonal_scatter select_scatter "
        "slice_scatter trace"
    ),
    "distance": "dist norm renorm renorm_",
    "gamma": (
        "digamma digamma_ i0 i0_ lgamma lgamma_ mvlgamma mvlgamma_ polygamma polygamma_"
    ),
    "grids": "tril tril_ triu triu_",
    "histogram": "bincount histc histogram",
    "logarithmic": "logaddexp logaddexp2 xlogy xlogy_",
    "logic": (
        "__and__ __iand__ __ilshift__ __invert__ __ior__ __irshift__ __ixor__ "
        "__lshift__ __or__ __rand__ __rlshift__ __ror__ __rrshift__ __rshift__ "
        "__rxor__ __xor__ bitwise_and bitwise_and_ bitwise_left_shift "
        "bitwise_left_shift_ bitwise_not bitwise_not_ bitwise_or bitwise_or_ "
        "bitwise_right_shift bitwise_right_shift_ bitwise_xor bitwise_xor_ logical_and "
        "logical_and_ logical_not logical_not_ logical_or logical_or_ logical_xor "
        "logical_xor_"
    ),
    "masking": (
        "argwhere masked_fill masked_fill_ masked_scatter masked_scatter_ "
        "masked_select nonzero where"
    ),
    "matrix_functions": "cross kron matrix_exp matrix_power pinverse",
    "padding": "_pad_constant",
    "pointwise": (
        "addcdiv addcdiv_ addcmul addcmul_ frexp gcd gcd_ heaviside heaviside_ lcm "
        "lcm_ ldexp ldexp_ lerp lerp_ nan_to_num nan_to_num_ nextafter nextafter_"
    ),
    "powers": (
        "__ipow__ __pow__ __rpow__ exp exp2 exp2_ exp_ expm1 expm1_ float_power "
        "float_power_ log log10 log10_ log1p log1p_ log2 log2_ log_ pow pow_ "
        "reciprocal reciprocal_ rsqrt rsqrt_ sqrt sqrt_ square square_"
    ),
    "probability": (
        "erf erf_ erfc erfc_ erfinv erfinv_ logit logit_ sigmoid sigmoid_ sinc sinc_"
    ),
    "products": (
        "__matmul__ __rmatmul__ addbmm addbmm_ addmv addmv_ addr addr_ baddbmm "
        "baddbmm_ bmm dot ger inner matmul mv outer vdot"
    ),
    "repetition": "repeat repeat_interleave tile",
    "rounding": (
        "__floordiv__ __ifloordiv__ __imod__ __mod__ __rfloordiv__ __rmod__ ceil ceil_ "
        "fix fix_ floor floor_ floor_divide floor_divide_ fmod fmod_ frac frac_ "
        "remainder remainder_ round round_ trunc trunc_"
    ),
    "scan": "cummax cummin cumprod cumprod_ cumsum cumsum_ diff logcumsumexp",
    "scatter": (
        "gather index_add index_add_ index_copy index_copy_ index_fill index_fill_ "
        "index_select scatter scatter_ scatter_add scatter_add_ take take_along_dim"
    ),
    "scatter_reduce": (
        "index_reduce index_reduce_ scatter_reduce scatter_reduce_ sum_to_size"
    ),
    "selection": "kthvalue median mode nanmedian",
    "sorting": "argsort msort sort topk unique unique_consecutive",
    "statistics": "corrcoef cov nanquantile quantile std var",
    "strided": (
        "_view_as_type as_strided as_strided_ resize_ resize_as_ set_ squeeze_ "
        "storage_offset swapaxes_ swapdims_ t_ transpose_ unfold unsqueeze_"
    ),
    "trigonometry": (
        "acos acos_ acosh acosh_ arccos arccos_ arccosh arccosh_ arcsin arcsin_ "
        "arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_ arctanh arctanh_ asin asin_ "
        "asinh asinh_ atan atan2 atan2_ atan_ atanh atanh_ cos cos_ cosh cosh_ deg2rad "
        "deg2rad_ hypot hypot_ rad2deg rad2deg_ sin sin_ sinh sinh_ tan tan_ tanh "
        "tanh_"
    ),
}
