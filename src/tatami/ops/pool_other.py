"""Pooling of other kinds: by powers, at random places, and backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor
from .arguments import type_name
from .pool import MaxPool2DWithIndices, TakeFromPlanes, batch
from .pool_average import avg_pool1d, avg_pool2d, avg_pool3d

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

Shape = tuple[int, ...]


def _tuple(value: Any, d: int) -> Shape:
    if isinstance(value, int):
        return (value,) * d
    return tuple(int(n) for n in value) * (d if len(value) == 1 else 1)


def _lp(averages: Tensor, count: int, norm_type: float) -> Tensor:
    """Return the norm of windows from the averages of powers."""
    positive = averages.sign() * averages.abs().relu()
    return (positive * count) ** (1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """Take the norm of each window of a sequence: (sum of x^p)^(1/p).

    Args:
        input: (N, C, L) or (C, L).
        norm_type: the power p.
        kernel_size: length of the window.
        stride: step of the window; its length if left out.
        ceil_mode: let the last window hang over the end.

    Returns:
        (N, C, L').

    Example:
        >>> import tatami
        >>> sequence = tatami.tensor([[3.0, 4.0]])
        >>> tatami.nn.functional.lp_pool1d(sequence, 2.0, 2)
        tensor([[5.]])
    """
    averages = avg_pool1d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _lp(averages, _tuple(kernel_size, 1)[0], norm_type)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """Take the norm of each window of an image: (sum of x^p)^(1/p).

    Args:
        input: (N, C, H, W) or (C, H, W).
        norm_type: the power p.
        kernel_size: size of the window, one int or (height, width).
        stride: steps of the window; the window's size if left out.
        ceil_mode: let the last window hang over the edge.

    Returns:
        (N, C, H', W').

    Example:
        >>> import tatami
        >>> image = tatami.tensor([[[3.0, 4.0], [0.0, 0.0]]])
        >>> tatami.nn.functional.lp_pool2d(image, 2.0, 2)
        tensor([[[5.]]])
    """
    averages = avg_pool2d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _lp(averages, int(np.prod(_tuple(kernel_size, 2))), norm_type)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """Take the norm of each window of a volume: (sum of x^p)^(1/p).

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        norm_type: the power p.
        kernel_size: size of the window, one int or (depth, height, width).
        stride: steps of the window; the window's size if left out.
        ceil_mode: let the last window hang over the edge.

    Returns:
        (N, C, D', H', W').

    Example:
        >>> import tatami
        >>> volume = tatami.ones(1, 4, 4, 4)
        >>> tatami.nn.functional.lp_pool3d(volume, 3.0, 2).shape
        torch.Size([1, 2, 2, 2])
    """
    averages = avg_pool3d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _lp(averages, int(np.prod(_tuple(kernel_size, 3))), norm_type)


class MaxUnpool2D(Operation):
    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, indices: np.ndarray, lengths: Any
    ) -> np.ndarray:
        d = ctx.d = len(lengths)
        ctx.save_for_backward(indices)
        lead = x.shape[:-d]
        rows = int(np.prod(lead)), int(np.prod(lengths))
        count = rows[0], int(np.prod(x.shape[-d:]))
        empty = kernels.full(rows, 0, x.dtype)
        places, values = indices.reshape(count), x.reshape(count)
        filled = kernels.scatter(empty, 1, places, values, "set")
        return filled.reshape(*lead, *lengths)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        return TakeFromPlanes.apply(grad_output, indices, ctx.d)


class MaxUnpool3D(MaxUnpool2D):
    pass


_UNPOOLS = {2: MaxUnpool2D, 3: MaxUnpool3D}


def _unpooled_lengths(
    own: Shape, kernel: Shape, stride: Shape, padding: Shape, wanted: Any
) -> Shape:
    """Return the lengths before pooling; ``wanted`` may choose among those that fit."""
    d = len(kernel)
    rows = zip(own[-d:], kernel, stride, padding, strict=True)
    usual = tuple([(n - 1) * s + k - 2 * p for n, k, s, p in rows])
    if wanted is None:
        return usual
    if len(wanted) == d + 2:
        wanted = wanted[2:]
    if len(wanted) != d:
        raise ValueError(
            f"output_size should be a sequence containing {d} or {d + 2} elements, but "
            f"it has a length of '{len(wanted)}'"
        )
    for i, (n, s, found) in enumerate(zip(usual, stride, wanted, strict=True)):
        if not n - s < found < n + s:
            raise ValueError(
                f'invalid output_size "{tuple(wanted)}" (dim {i} must be between '
                f"{n - s} and {n + s})"
            )
    return tuple(int(n) for n in wanted)


def _check_unpool(d: int, input: Tensor, indices: Tensor, lengths: Shape) -> None:
    if indices._array.dtype != np.int64:
        raise RuntimeError(
            "elements in indices should be type int64 but got: "
            f"{type_name(indices.dtype)}"
        )
    if input._array.ndim not in (d + 1, d + 2):
        raise RuntimeError(
            f"Input to max_unpooling{d}d should be a {d + 1}d or {d + 2}d Tensor, but "
            f"got a tensor with {input._array.ndim} dimensions."
        )
    if input._array.shape != indices._array.shape:
        raise RuntimeError(
            "Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: "
            f"{list(indices.shape)}"
        )
    area, flat = int(np.prod(lengths)), indices._array.reshape(-1)
    wrong = flat[(flat < 0) | (flat >= area)]
    if wrong.size:
        raise RuntimeError(
            f"Found an invalid max index: {wrong[0]} (output volumes are of size "
            f"{'x'.join(map(str, lengths))})"
        )


def _unpool(
    d: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any,
    padding: Any, output_size: Any,
) -> Tensor:  # fmt: skip
    kernel, edge = _tuple(kernel_size, d), _tuple(padding, d)
    steps = kernel if stride is None else _tuple(stride, d)
    own = input._array.shape
    lengths = _unpooled_lengths(own, kernel, steps, edge, output_size)
    if d == 1:
        lengths = (1, *lengths)
        input, indices = input.unsqueeze(-2), indices.unsqueeze(-2)
    _check_unpool(len(lengths), input, indices, lengths)
    result = _UNPOOLS[len(lengths)].apply(input, indices, lengths)
    return result.squeeze(-2) if d == 1 else result


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put the maxima of max_pool1d back where they came from, among zeros.

    Args:
        input: (N, C, L) or (C, L).
        indices: what max_pool1d returned beside the maxima.
        kernel_size: length of the window.
        stride: step of the window; its length if left out.
        padding: what was padded.
        output_size: length before pooling, where several give the same maxima.

    Returns:
        (N, C, L').

    Raises:
        RuntimeError: an index is outside the result.

    Example:
        >>> import tatami
        >>> import tatami.nn.functional as F
        >>> x = tatami.tensor([[1.0, 3.0, 2.0, 0.0]])
        >>> F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2)
        tensor([[0., 3., 2., 0.]])
    """
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put the maxima of max_pool2d back where they came from, among zeros.

    Args:
        input: (N, C, H, W) or (C, H, W).
        indices: what max_pool2d returned beside the maxima.
        kernel_size: size of the window.
        stride: steps of the window; its size if left out.
        padding: what was padded.
        output_size: size before pooling, where several give the same maxima.

    Returns:
        (N, C, H', W').

    Raises:
        RuntimeError: an index is outside the result.

    Example:
        >>> import tatami
        >>> import tatami.nn.functional as F
        >>> x = tatami.tensor([[[1.0, 3.0], [2.0, 0.0]]])
        >>> F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)
        tensor([[[0., 3.],
                 [0., 0.]]])
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None,
    padding: Any = 0, output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put the maxima of max_pool3d back where they came from, among zeros.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        indices: what max_pool3d returned beside the maxima.
        kernel_size: size of the window.
        stride: steps of the window; its size if left out.
        padding: what was padded.
        output_size: size before pooling, where several give the same maxima.

    Returns:
        (N, C, D', H', W').

    Raises:
        RuntimeError: an index is outside the result.

    Example:
        >>> import tatami
        >>> import tatami.nn.functional as F
        >>> x = tatami.arange(8.0).view(1, 2, 2, 2)
        >>> F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2).sum()
        tensor(7.)
    """
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


class FractionalMaxPool2D(MaxPool2DWithIndices):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: np.ndarray, samples: np.ndarray, kernel: Any, lengths: Any
    ) -> tuple[np.ndarray, ...]:
        d = len(kernel)
        values, indices = kernels.fractional_max_pool(
            batch(x, d), samples, kernel, lengths
        )
        if x.ndim == d + 1:
            values, indices = values[0], indices[0]
        ctx.shape, ctx.d = x.shape, d
        ctx.save_for_backward(indices)
        return values, indices


class FractionalMaxPool3D(FractionalMaxPool2D):
    pass


_FRACTIONAL = {2: FractionalMaxPool2D, 3: FractionalMaxPool3D}


def _fractional(
    d: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, random_samples: Tensor | None,
) -> Any:  # fmt: skip
    name, x = f"fractional_max_pool{d}d", input._array
    if output_size is None and output_ratio is None:
        raise ValueError(
            f"{name} requires specifying either an output_size or an output_ratio"
        )
    kernel = _tuple(kernel_size, d)
    if output_size is not None:
        lengths = _tuple(output_size, d)
    else:
        one = isinstance(output_ratio, (int, float))
        ratios = (output_ratio,) * d if one else tuple(output_ratio)
        rows = zip(x.shape[-d:], ratios, strict=True)
        lengths = tuple([int(n * ratio) for n, ratio in rows])
    _check_fractional(name, x.shape, kernel, lengths)
    if random_samples is None:
        N = x.shape[0] if x.ndim == d + 2 else 1
        random_samples = input.new_empty(N, x.shape[-d - 1], d).uniform_()
    if d == 2:  # PyTorch draws for the width first, in planes.
        random_samples = random_samples.flip(-1)
    values, indices = _FRACTIONAL[d].apply(input, random_samples, kernel, lengths)
    return (values, indices) if return_indices else values


def _check_fractional(name: str, shape: Shape, kernel: Shape, lengths: Shape) -> None:
    d = len(kernel)
    if len(shape) not in (d + 1, d + 2) or 0 in shape[-d - 1 :]:
        raise RuntimeError(
            f"{name}(): Expected {d + 1}D or {d + 2}D tensor with optional 0 dim batch "
            f"size, but got: {list(shape)}"
        )
    names = ("time", "height", "width")[-d:]
    for word, n, k, m in zip(names, shape[-d:], kernel, lengths, strict=True):
        if m + k - 1 > n - (d == 3):
            raise RuntimeError(
                f"{name}{'_out' * (d == 3)}(): pool {word} {k} too large relative to input {word} {n}"  # noqa: E501
            )


def fractional_max_pool2d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Keep the largest element of windows placed at random steps.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of the window.
        output_size: size of the result, one int or (height, width).
        output_ratio: instead, its share of the input's size.
        return_indices: return also where in its plane each element came from.

    Source: Graham 2015, "Fractional Max-Pooling", section 2.

    Raises:
        ValueError: neither size nor ratio is given.

    Example:
        >>> import tatami
        >>> image = tatami.ones(1, 3, 8, 8)
        >>> tatami.nn.functional.fractional_max_pool2d(image, 2, 5).shape
        torch.Size([1, 3, 5, 5])
    """
    return _fractional(2, input, kernel_size, output_size, output_ratio,
                       return_indices, _random_samples)  # fmt: skip


def fractional_max_pool3d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Keep the largest element of windows placed at random steps in volumes.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size: size of the window.
        output_size: size of the result, one int or (depth, height, width).
        output_ratio: instead, its share of the input's size.
        return_indices: return also where in its volume each element came from.

    Source: Graham 2015, "Fractional Max-Pooling", section 2.

    Raises:
        ValueError: neither size nor ratio is given.

    Example:
        >>> import tatami
        >>> volume = tatami.ones(1, 3, 8, 8, 8)
        >>> tatami.nn.functional.fractional_max_pool3d(volume, 2, 5).shape
        torch.Size([1, 3, 5, 5, 5])
    """
    return _fractional(3, input, kernel_size, output_size, output_ratio,
                       return_indices, _random_samples)  # fmt: skip
