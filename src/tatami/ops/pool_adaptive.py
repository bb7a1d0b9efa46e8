"""Pooling to a given size: adaptive maximum and average."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .door import public, refuse_type
from .pool import MaxPool2DWithIndices, batch
from .pool_average import check_sequence, only_int

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]

Shape = tuple[int, ...]


class AdaptiveAvgPool2D(Operation):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, output_size: Any) -> np.ndarray:
        d = len(output_size)
        ctx.shape, ctx.output_size = x.shape, output_size
        result = kernels.adaptive_avg_pool(batch(x, d), output_size)
        return result if x.ndim == d + 2 else result[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return AdaptiveAvgPool2DBackward.apply(grad_output, ctx.shape, ctx.output_size)


class AdaptiveAvgPool2DBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, shape: Any, output_size: Any
    ) -> np.ndarray:
        d = len(output_size)
        ctx.output_size = output_size
        whole = shape if len(shape) == d + 2 else (1, *shape)
        result = kernels.adaptive_avg_pool_grad(batch(grad_output, d), whole)
        return result if len(shape) == d + 2 else result[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return AdaptiveAvgPool2D.apply(grad_output, ctx.output_size)


class AdaptiveAvgPool3D(AdaptiveAvgPool2D):
    pass


class AdaptiveMaxPool2D(MaxPool2DWithIndices):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, output_size: Any) -> tuple[np.ndarray, ...]:
        d = len(output_size)
        values, indices = kernels.adaptive_max_pool(batch(x, d), output_size)
        if x.ndim == d + 1:
            values, indices = values[0], indices[0]
        ctx.shape, ctx.d = x.shape, d
        ctx.save_for_backward(indices)
        return values, indices


class AdaptiveMaxPool3D(AdaptiveMaxPool2D):
    pass


_AVG_POOLS = {2: AdaptiveAvgPool2D, 3: AdaptiveAvgPool3D}
_MAX_POOLS = {2: AdaptiveMaxPool2D, 3: AdaptiveMaxPool3D}


def _lengths(function: str, d: int, input: Tensor, output_size: Any) -> Shape:
    """Return the wanted lengths; None stands for the length there is."""
    own = input._array.shape
    if output_size is None or isinstance(output_size, int):
        output_size = (output_size,) * d
    elif len(output_size) == 1:
        output_size = tuple(output_size) * d
    if len(output_size) != d:
        raise RuntimeError(
            f"{function}: output_size must be {d}"
            if "avg" in function
            else f"{function}(): internal error: output_size.size() must be {d}"
        )
    if len(own) not in (d + 1, d + 2):
        colon = "" if "avg" in function else ":"
        raise RuntimeError(
            f"{function}(): Expected {d + 1}D or {d + 2}D tensor, but got{colon} "
            f"{list(own)}"
        )
    _check_not_empty(function, d, own)
    rows = zip(output_size, own[-d:], strict=True)
    return tuple([n if wanted is None else int(wanted) for wanted, n in rows])


def _check_not_empty(function: str, d: int, own: Shape) -> None:
    first = len(own) - d - ("max" in function)
    for dim in range(max(first, 0), len(own)):
        if own[dim] == 0:
            raise RuntimeError(
                f"{function}(): Expected input to have non-zero size for non-batch "
                f"dimensions, but input has sizes {list(own)} with dimension {dim} "
                "being empty"
            )


def _avg_pool(d: int, input: Tensor, output_size: Any) -> Tensor:
    name = f"adaptive_avg_pool{d}d"
    lengths = _lengths(name, d, input, output_size)
    if min(lengths) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but "
            f"received {{{', '.join(map(str, lengths))}}}"
        )
    refuse_type(name, input, "biu")
    if lengths == (1,) * d:
        return input.mean(tuple(range(-d, 0)), keepdim=True)
    return _AVG_POOLS[d].apply(input, lengths)


@public
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Average sequences over as many windows as wanted, which cover them evenly.

    Args:
        input: (N, C, L) or (C, L).
        output_size: number of windows.

    Returns:
        (N, C, output_size).

    Example:
        >>> import tatami
        >>> tatami.adaptive_avg_pool1d(tatami.arange(6.0).view(1, 6), 2)
        tensor([[1., 4.]])
    """
    name = "adaptive_avg_pool1d"
    check_sequence(input, name)
    wanted = only_int(output_size, "output_size", name)
    return _avg_pool(2, input.unsqueeze(-2), (1, wanted)).squeeze(-2)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Average images over as many windows as wanted, which cover them evenly.

    Args:
        input: (N, C, H, W) or (C, H, W).
        output_size: one int or (height, width); None stands for the input's length.

    Returns:
        (N, C, *output_size).

    Example:
        >>> import tatami
        >>> tatami.nn.functional.adaptive_avg_pool2d(tatami.ones(1, 3, 8, 6), 5).shape
        torch.Size([1, 3, 5, 5])
    """
    return _avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Average volumes over as many windows as wanted, which cover them evenly.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        output_size: one int or (depth, height, width); None stands for the input's
            length.

    Returns:
        (N, C, *output_size).

    Example:
        >>> import tatami
        >>> volume = tatami.ones(1, 3, 8, 6, 4)
        >>> tatami.nn.functional.adaptive_avg_pool3d(volume, (5, None, 2)).shape
        torch.Size([1, 3, 5, 6, 2])
    """
    return _avg_pool(3, input, output_size)


def _max_pool(d: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{d}d"
    lengths = _lengths(name, d, input, output_size)
    if min(lengths) < 0:
        shape = [*input._array.shape[:-d], *lengths]
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(lengths)}: {shape}"
        )
    refuse_type(name, input, "biu")
    values, indices = _MAX_POOLS[d].apply(input, lengths)
    return (values, indices) if return_indices else values


def adaptive_max_pool1d(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Keep the largest element of as many windows as wanted.

    Args:
        input: (N, C, L) or (C, L).
        output_size: number of windows.
        return_indices: return also where each element came from.

    Returns:
        (N, C, output_size); and the indices in the same shape, if asked for.

    Example:
        >>> import tatami
        >>> sequence = tatami.arange(6.0).view(1, 6)
        >>> tatami.nn.functional.adaptive_max_pool1d(sequence, 2)
        tensor([[2., 5.]])
    """
    name = "adaptive_max_pool1d"
    check_sequence(input, name)
    wanted = only_int(output_size, "output_size", name)
    values, indices = _max_pool(2, input.unsqueeze(-2), (1, wanted), True)
    values = values.squeeze(-2)
    return (values, indices.squeeze(-2)) if return_indices else values


def adaptive_max_pool2d(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Keep the largest element of as many windows of images as wanted.

    Args:
        input: (N, C, H, W) or (C, H, W).
        output_size: one int or (height, width); None stands for the input's length.
        return_indices: return also where in its plane each element came from.

    Returns:
        (N, C, *output_size); and the indices in the same shape, if asked for.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.adaptive_max_pool2d(tatami.ones(1, 3, 8, 6), 5).shape
        torch.Size([1, 3, 5, 5])
    """
    return _max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:
    """Keep the largest element of as many windows of volumes as wanted.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        output_size: one int or (depth, height, width); None stands for the input's
            length.
        return_indices: return also where in its volume each element came from.

    Returns:
        (N, C, *output_size); and the indices in the same shape, if asked for.

    Example:
        >>> import tatami
        >>> volume = tatami.ones(1, 3, 8, 6, 4)
        >>> tatami.nn.functional.adaptive_max_pool3d(volume, 2).shape
        torch.Size([1, 3, 2, 2, 2])
    """
    return _max_pool(3, input, output_size, return_indices)
