"""Ways to fill fresh parameters; each changes its tensor in place and returns it."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.grad_mode import no_grad
from ..ops.creation import tensor as make_tensor
from ..ops.sampling import randperm
from ..tensor import Tensor, wrap

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4, "sigmoid": 1}
_GAINS |= dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), 1)
_GAINS |= {f"conv_transpose{n}d": 1 for n in (1, 2, 3)}


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """Return the factor that keeps the size of activations through a nonlinearity.

    Args:
        nonlinearity: name of the function that follows, such as ``'relu'``.
        param: negative slope of ``'leaky_relu'``; 0.01 if left out.

    Example:
        >>> import tatami
        >>> round(tatami.nn.init.calculate_gain("leaky_relu", 0.2), 4)
        1.3868
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs an output depends on, and the reverse."""
    if tensor.dim() < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 "
            "dimensions"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(
            f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']"
        )
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None
) -> Tensor:
    """Draw from the uniform distribution over [a, b).

    Example:
        >>> import tatami
        >>> weight = tatami.nn.init.uniform_(tatami.zeros(3, 5))
        >>> weight.shape
        torch.Size([3, 5])
    """
    with no_grad():
        tensor.uniform_(a, b, generator=generator)
    return tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None
) -> Tensor:
    """Draw from the normal distribution.

    Example:
        >>> import tatami
        >>> tatami.nn.init.normal_(tatami.zeros(2), mean=5.0, std=0.0)
        tensor([5., 5.])
    """
    with no_grad():
        tensor.normal_(mean, std, generator=generator)
    return tensor


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0,
    b: float = 2.0, generator: Any = None,
) -> Tensor:  # fmt: skip
    """Draw from the normal distribution, again whenever a number is outside [a, b].

    Args:
        tensor: what to fill.
        mean: mean of the distribution.
        std: its standard deviation.
        a: smallest number.
        b: largest number.
        generator: source of randomness; the default one if left out.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.init.trunc_normal_(tatami.zeros(100), std=2.0)
        >>> bool((weight.abs() <= 2).all())
        True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The "
            "distribution of values may be incorrect.",
            stacklevel=2,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    draw = _reject_normal if inside > 0.3 else _reject_uniform
    with no_grad():
        draw(tensor, mean, std, a, b, generator)
    return tensor


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _reject_normal(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    """Draw normal numbers until all lie within the bounds."""
    low, high = (make_tensor(x, dtype=tensor.dtype).item() for x in (a, b))
    tensor.normal_(mean, std, generator=generator)
    outside = (tensor < low) | (tensor > high)
    while bool(outside.any()):
        again = tensor.clone().normal_(mean, std, generator=generator)
        tensor.copy_(again.where(outside, tensor))
        outside = (tensor < low) | (tensor > high)


def _reject_uniform(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    """Draw uniform numbers, each kept with the probability of its density.

    Source: von Neumann 1951, "Various techniques used in connection with random
    digits". It wastes less than normal numbers where the bounds are far out.
    """
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    candidates, pending = tensor.clone(), None
    while pending is None or bool(pending.any()):
        candidates.uniform_(a, b, generator=generator)
        drawn = candidates if pending is None else candidates.where(pending, tensor)
        tensor.copy_(drawn)
        density = ((candidates - mean) / std) ** 2 * -0.5 - peak
        rejected = tensor.clone().uniform_(generator=generator).log() > density
        pending = rejected if pending is None else pending & rejected


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Example:
        >>> import tatami
        >>> tatami.nn.init.constant_(tatami.zeros(2), 0.3)
        tensor([0.3000, 0.3000])
    """
    with no_grad():
        tensor.fill_(val)
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Example:
        >>> import tatami
        >>> tatami.nn.init.ones_(tatami.zeros(2))
        tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Example:
        >>> import tatami
        >>> tatami.nn.init.zeros_(tatami.ones(2))
        tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Make a matrix the identity.

    Example:
        >>> import tatami
        >>> tatami.nn.init.eye_(tatami.zeros(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    with no_grad():
        tensor.copy_(wrap(np.eye(rows, columns, dtype=tensor.dtype.numpy)))
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make a convolution pass its input channels on unchanged.

    Args:
        tensor: weight of a convolution, of 3 to 5 dimensions.
        groups: number of groups of channels.

    Example:
        >>> import tatami
        >>> tatami.nn.init.dirac_(tatami.zeros(2, 2, 3))
        tensor([[[0., 1., 0.],
                 [0., 0., 0.]],
        <BLANKLINE>
                [[0., 0., 0.],
                 [0., 1., 0.]]])
    """
    if tensor.ndimension() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    weight = np.zeros(tensor.shape, tensor.dtype.numpy)
    per_group = out_channels // groups
    middle = tuple(n // 2 for n in kernel)
    for group in range(groups):
        for i in range(min(per_group, in_channels)):
            weight[(group * per_group + i, i, *middle)] = 1
    with no_grad():
        tensor.copy_(wrap(weight))
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Draw uniform numbers of variance ``gain**2 * 2 / (fan_in + fan_out)``.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep
    feedforward neural networks", equation 16.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.init.xavier_uniform_(tatami.zeros(3, 3))
        >>> bool((weight.abs() <= 1).all())
        True
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Draw normal numbers of variance ``gain**2 * 2 / (fan_in + fan_out)``.

    Source: as of :func:`xavier_uniform_`.

    Example:
        >>> import tatami
        >>> tatami.nn.init.xavier_normal_(tatami.ones(2, 3), gain=0).sum()
        tensor(0.)
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _nothing_to_do(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in",
    nonlinearity: str = "leaky_relu", generator: Any = None,
) -> Tensor:  # fmt: skip
    """Draw uniform numbers of variance ``gain**2 / fan``.

    Args:
        tensor: what to fill; of at least 2 dimensions.
        a: negative slope of ``'leaky_relu'``.
        mode: ``'fan_in'`` keeps the size of activations in the forward pass,
            ``'fan_out'`` that of gradients in the backward pass.
        nonlinearity: what follows the layer; see :func:`calculate_gain`.
        generator: source of randomness; the default one if left out.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.init.kaiming_uniform_(tatami.zeros(2, 6))
        >>> bool((weight.abs() <= 1).all())
        True
    """
    if _nothing_to_do(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in",
    nonlinearity: str = "leaky_relu", generator: Any = None,
) -> Tensor:  # fmt: skip
    """Draw normal numbers of variance ``gain**2 / fan``.

    Args:
        tensor: what to fill; of at least 2 dimensions.
        a: negative slope of ``'leaky_relu'``.
        mode: ``'fan_in'`` or ``'fan_out'``.
        nonlinearity: what follows the layer; see :func:`calculate_gain`.
        generator: source of randomness; the default one if left out.

    Source: as of :func:`kaiming_uniform_`.

    Example:
        >>> import tatami
        >>> tatami.nn.init.kaiming_normal_(tatami.zeros(2, 6)).shape
        torch.Size([2, 6])
    """
    if _nothing_to_do(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Make the rows, or the columns if there are fewer, orthonormal.

    Args:
        tensor: what to fill; trailing dimensions count as one.
        gain: factor for the result.
        generator: source of randomness; the default one if left out.

    Source: Saxe, McClelland and Ganguli 2014, "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks".

    Example:
        >>> import tatami
        >>> rows = tatami.nn.init.orthogonal_(tatami.zeros(2, 5))
        >>> bool(((rows @ rows.t() - tatami.eye(2)).abs() < 1e-6).all())
        True
    """
    if tensor.ndimension() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    drawn = wrap(np.empty((rows, tensor.numel() // rows), tensor.dtype.numpy))
    matrix = drawn.normal_(0, 1, generator=generator)._array
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    # Mezzadri 2007, "How to generate random matrices", section 5.
    q *= np.sign(np.diagonal(r))
    with no_grad():
        tensor.copy_(wrap(q.T if wide else q).reshape(tensor.shape)).mul_(gain)
    return tensor


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None
) -> Tensor:
    """Draw normal numbers, then set a part of each column to zero.

    Args:
        tensor: a matrix.
        sparsity: part of each column that becomes zero.
        std: standard deviation of the rest.
        generator: source of randomness; the default one if left out.

    Source: Martens 2010, "Deep learning via Hessian-free optimization", section 5.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.init.sparse_(tatami.ones(4, 3), sparsity=0.5)
        >>> int((weight == 0).sum())
        6
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    count = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[:count], column] = 0
    return tensor


def _deprecated(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return ``function`` under its old name, without the underscore."""
    new = function.__name__
    old = new[:-1]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"Call ``{new}``: an old name of it."
    return call


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
