"""Maximum of sliding windows, for any number of spatial dimensions."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .conv import hashable
from .door import public, refuse_type

__all__ = [
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]

Shape = tuple[int, ...]
_MOST_TAPS = 128
_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def batch(array: np.ndarray, d: int) -> np.ndarray:
    """Return (N, C, *lengths), with a batch of one where there was none."""
    return array if array.ndim == d + 2 else array[None]


class MaxPool2DWithIndices(Operation):
    @staticmethod
    def forward(ctx: Any, x: np.ndarray, geometry: Any) -> tuple[np.ndarray, ...]:
        d = len(geometry[0])
        if x.ndim == d + 2:
            values, indices = kernels.max_pool(x, *geometry)
        else:
            values, indices = (a[0] for a in kernels.max_pool(x[None], *geometry))
        ctx.shape, ctx.d = x.shape, d
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor, unused: Any = None) -> Any:
        (indices,) = ctx.saved_tensors
        return GiveToPlanes.apply(grad_output, indices, ctx.shape, ctx.d)


class MaxPool2DTiles(Operation):
    """The values alone, for windows that lie side by side."""

    node_name = "MaxPool2DWithIndicesBackward0"

    @staticmethod
    def forward(ctx: Any, x: np.ndarray, pool: Shape) -> np.ndarray:
        values, code = kernels.max_pool_tiles(x, pool)
        ctx.pool = pool
        ctx.save_for_backward(x, code)
        return values

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, code = ctx.saved_tensors
        return GiveToTiles.apply(grad_output, code, x, ctx.pool)


class GiveToTiles(Operation):
    """Bring the gradient of each tile to its largest element."""

    node_name = "MaxPool2DWithIndicesBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, values: np.ndarray, code: np.ndarray, x: np.ndarray, pool: Shape
    ) -> np.ndarray:
        ctx.pool = pool
        ctx.save_for_backward(code, x)
        return kernels.max_pool_tiles_grad(values, code, x, pool)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        code, x = (saved._array for saved in ctx.saved_tensors)
        indices = kernels.tile_indices(code, x, ctx.pool)
        return TakeFromPlanes.apply(grad_output, wrap(indices), 2)


class MaxPool3DWithIndices(MaxPool2DWithIndices):
    pass


class MaxPool2D(MaxPool2DWithIndices):
    """The values alone: most callers never look at the indices."""

    node_name = "MaxPool2DWithIndicesBackward0"

    @staticmethod
    def forward(ctx: Any, x: np.ndarray, geometry: Any) -> Any:
        return MaxPool2DWithIndices.forward(ctx, x, geometry)[0]


class MaxPool3D(MaxPool2D):
    node_name = "MaxPool3DWithIndicesBackward0"


class GiveToPlanes(Operation):
    """Add numbers to planes of zeros, at given places of each plane."""

    node_name = "MaxPool2DWithIndicesBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Any, values: np.ndarray, indices: np.ndarray, shape: Any, d: int
    ) -> np.ndarray:
        ctx.d = d
        ctx.save_for_backward(indices)
        if len(shape) == d + 2:
            return kernels.max_pool_grad(values, indices, shape)
        return kernels.max_pool_grad(values[None], indices[None], (1, *shape))[0]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        return TakeFromPlanes.apply(grad_output, indices, ctx.d)


class TakeFromPlanes(Operation):
    """Take the numbers at given places of each plane."""

    node_name = "GatherBackward0"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, indices: np.ndarray, d: int) -> np.ndarray:
        ctx.shape, ctx.d = array.shape, d
        ctx.save_for_backward(indices)
        rows = math.prod(array.shape[:-d]), math.prod(array.shape[-d:])
        places = indices.reshape(rows[0], math.prod(indices.shape[-d:]))
        taken = kernels.gather(array.reshape(rows), 1, places)
        return taken.reshape(indices.shape)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        return GiveToPlanes.apply(grad_output, indices, ctx.shape, ctx.d)


_NAMES = {2: "max_pool2d", 3: "max_pool3d"}
_MAX_POOLS = {2: MaxPool2D, 3: MaxPool3D}
_WITH_INDICES = {2: MaxPool2DWithIndices, 3: MaxPool3DWithIndices}


def spread_out(value: Any, d: int, name: str, function: str) -> Shape:
    """Return one int, or one for each dimension, as a tuple of ``d`` ints.

    Raises:
        RuntimeError: there are neither one nor ``d`` of them.
    """
    if isinstance(value, int):
        return (value,) * d
    if len(value) not in (1, d):
        allowed = "be omitted, a" if name == "stride" else "either be a"
        if name == "stride":
            allowed = "either be omitted, a"
        elif name in ("padding", "dilation") and "max" in function:
            allowed = "be either a"
        raise RuntimeError(
            f"{function}: {name} must {allowed} single int, or a tuple of {_WORDS[d]}"
        )
    return tuple(int(n) for n in value) * (d if len(value) == 1 else 1)


@functools.lru_cache(maxsize=1024)
def planned(
    function: str, d: int, shape: Shape, kernel_size: Any, stride: Any, padding: Any,
    dilation: Any, ceil_mode: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Return the arguments as tuples, checked against each other and the shape.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.
    """
    kernel = spread_out(kernel_size, d, "kernel_size", function)
    steps = kernel
    if stride is not None and stride != ():
        steps = spread_out(stride, d, "stride", function)
    edge = spread_out(padding, d, "padding", function)
    spread = spread_out(dilation, d, "dilation", function)
    if 0 in steps:
        raise RuntimeError("stride should not be zero")
    _check_rank(d, shape, function)
    _check_windows(kernel, steps, edge, spread)
    lengths = size.pooling_lengths(shape[-d:], kernel, steps, edge, spread, ceil_mode)
    if min(lengths) < 1:
        raise RuntimeError(
            f"Given input size: ({_by(shape[-d - 1 :])}). Calculated output size: "
            f"({_by((shape[-d - 1], *lengths))}). Output size is too small"
        )
    return kernel, steps, edge, spread, ceil_mode


def _check_rank(d: int, shape: Shape, function: str) -> None:
    if len(shape) < d + 1 and function == "avg_pool2d":
        size.normalize_dim(-3, len(shape))
    ranks = f"{d + 1}D or {d + 2}D (batch mode) tensor"
    if len(shape) not in (d + 1, d + 2):
        raise RuntimeError(f"non-empty {ranks} expected for input")
    if 0 in shape[-d - 1 :]:
        raise RuntimeError(
            f"Expected {ranks} with optional 0 dim batch size for input, but got:"
            f"{list(shape)}"
        )


def _check_windows(kernel: Shape, stride: Shape, padding: Shape, spread: Shape) -> None:
    axes = "THW"[-len(kernel) :]
    for start, name, values in (
        ("kernel size", "k", kernel), ("stride", "d", stride),
        ("dilation", "dilation", spread),
    ):  # fmt: skip
        if min(values) <= 0:
            rows = zip(axes, values, strict=True)
            found = " ".join(f"{name}{axis}: {n}" for axis, n in rows)
            raise RuntimeError(f"{start} should be greater than zero, but got {found}")
    for k, p, d in zip(kernel, padding, spread, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got pad="
                f"{p}, kernel_size={k} and dilation={d}"
            )


def _by(shape: Any) -> str:
    return "x".join(map(str, shape))


def _max_pool(
    d: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    x = input._array
    if list in (type(kernel_size), type(stride), type(padding), type(dilation)):
        kernel_size, stride = hashable(kernel_size), hashable(stride)
        padding, dilation = hashable(padding), hashable(dilation)
    operation, geometry = _planned_max_pool(
        d, x.shape, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )
    if x.dtype.kind == "b":
        refuse_type(_NAMES[d], input, "b")
    return operation.apply(input, geometry)


@functools.lru_cache(maxsize=1024)
def _planned_max_pool(
    d: int, shape: Shape, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the operation and what it is told of the windows."""
    geometry = planned(
        _NAMES[d], d, shape, kernel_size, stride, padding, dilation, ceil_mode
    )
    if return_indices:
        return _WITH_INDICES[d], geometry
    if d == 2 and len(shape) == 4 and are_tiles(shape[2:], *geometry):
        return MaxPool2DTiles, geometry[0]
    return _MAX_POOLS[d], geometry


def are_tiles(
    lengths: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
    ceil_mode: bool,
) -> bool:  # fmt: skip
    """Tell whether windows lie side by side within a plane, and have few taps."""
    fitting = all(n % k == 0 for n, k in zip(lengths, kernel, strict=True))
    return (
        kernel == stride
        and not any(padding)
        and set(dilation) == {1}
        and (fitting or not ceil_mode)
        and math.prod(kernel) < _MOST_TAPS
    )


def _one(value: Any, name: str, function: str) -> int:
    if isinstance(value, int):
        return value
    if len(value) != 1:
        raise RuntimeError(
            f"{function}() {name} must be an int, list of ints or tuple of ints of "
            f"size 1 but got size {len(value)}"
        )
    return int(value[0])


@functools.lru_cache(maxsize=1024)
def _planned_max_pool1d(
    shape: Shape, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> tuple[Any, ...]:  # fmt: skip
    name = "max_pool1d"
    kernel = _one(kernel_size, "kernel_size", name)
    step = kernel if stride in (None, ()) else _one(stride, "stride", name)
    edge, spread = _one(padding, "padding", name), _one(dilation, "dilation", name)
    if len(shape) not in (2, 3):
        raise RuntimeError(
            f"{name}: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch "
            f"size for input, but got:{list(shape)}"
        )
    for text, value in (
        ("kernel_size", kernel), ("stride", step), ("dilation", spread),
    ):  # fmt: skip
        if value <= 0:
            raise RuntimeError(
                f"{name}() {text} must be greater than zero, but got {value}"
            )
    if edge < 0:
        raise RuntimeError(f"{name}() padding must be non-negative, but got {edge}")
    if edge > kernel // 2:
        raise RuntimeError(
            f"{name}() padding should be at most half of kernel size, but got padding="
            f"{edge} and kernel_size={kernel}"
        )
    length = size.pooling_length(shape[-1], kernel, step, edge, spread, ceil_mode)
    if length < 1:
        raise RuntimeError(f"{name}() Invalid computed output size: {length}")
    return (1, kernel), (1, step), (0, edge), (1, spread), ceil_mode


@public
def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Keep the largest element of each window of a sequence.

    Args:
        input: (N, C, L) or (C, L).
        kernel_size: length of the window.
        stride: step of the window; its length if left out.
        padding: minus infinity at both ends, at most half a window.
        dilation: distance between the window's elements.
        ceil_mode: let the last window hang over the end.
        return_indices: return also where each element came from.

    Returns:
        (N, C, L') with L' = floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1;
        and the indices in the same shape, if asked for.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.max_pool1d(tatami.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
        tensor([[3., 2.]])
    """
    geometry = _planned_max_pool1d(
        input._array.shape, hashable(kernel_size), hashable(stride), hashable(padding),
        hashable(dilation), ceil_mode,
    )  # fmt: skip
    if not return_indices:
        refuse_type("max_pool1d_impl", input, "biu")
    plane = input.unsqueeze(-2)
    values, indices = MaxPool2DWithIndices.apply(plane, geometry)
    values = values.squeeze(-2)
    return (values, indices.squeeze(-2)) if return_indices else values


@public
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Keep the largest element of each window of an image.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: size of the window, one int or (height, width).
        stride: steps of the window; the window's size if left out.
        padding: border of minus infinity, at most half a window.
        dilation: distance between the window's elements.
        ceil_mode: let the last window hang over the edge.
        return_indices: return also where in its plane each element came from.

    Returns:
        (N, C, H', W') with H' = floor((H + 2 padding - dilation (K_H - 1) - 1) /
        stride) + 1, and W' alike; and the indices in the same shape, if asked for.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.max_pool2d(tatami.ones(1, 6, 13, 13), 2).shape
        torch.Size([1, 6, 6, 6])
    """
    return _max_pool(
        2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@public
def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Keep the largest element of each window of a volume.

    Args:
        input: (N, C, D, H, W) or (C, D, H, W).
        kernel_size: size of the window, one int or (depth, height, width).
        stride: steps of the window; the window's size if left out.
        padding: border of minus infinity, at most half a window.
        dilation: distance between the window's elements.
        ceil_mode: let the last window hang over the edge.
        return_indices: return also where in its volume each element came from.

    Returns:
        (N, C, D', H', W'), each length as in :func:`max_pool2d`; and the indices in
        the same shape, if asked for.

    Raises:
        RuntimeError: no window fits, or an argument is out of its range.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.max_pool3d(tatami.ones(1, 2, 4, 4, 4), 2).shape
        torch.Size([1, 2, 2, 2, 2])
    """
    return _max_pool(
        3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )
