"""Borders: constant, mirrored, repeated, or wrapped around."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]


class ConstantPadNd(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, widths: Widths, value: Any) -> np.ndarray:
        ctx.widths = widths
        kept = array[_inside(widths)]
        grown = tuple((max(a, 0), max(b, 0)) for a, b in widths)
        return kernels.pad(kept, grown, "constant", value)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        opposite = tuple((-a, -b) for a, b in ctx.widths)
        return ConstantPadNd.apply(grad_output, opposite, 0)


def _inside(widths: Widths) -> tuple[slice, ...]:
    """Return the index that negative widths cut away."""
    return tuple(slice(max(-a, 0), -max(-b, 0) or None) for a, b in widths)


class _SourcePad(Operation):
    """A border of copies: every element knows where it comes from."""

    mode = ""

    @classmethod
    def _places(cls, shape: Sequence[int], widths: Widths) -> np.ndarray:
        numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        grown = tuple((max(a, 0), max(b, 0)) for a, b in widths)
        if 0 not in shape:
            numbers = kernels.pad(numbers, grown, cls.mode, 0)
        cut = tuple((min(a, 0), min(b, 0)) for a, b in widths)
        return numbers[_inside(cut)]

    @classmethod
    def run(cls, tensor: Tensor, widths: Widths) -> Tensor:
        """Pad a tensor."""
        return cls.apply(tensor, cls._places(tensor._array.shape, widths))

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, places: np.ndarray) -> np.ndarray:
        ctx.shape, ctx.places = array.shape, places
        return kernels.take(array.reshape(-1), places)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        count = int(np.prod(ctx.shape))
        zeros = wrap(kernels.full((count,), 0, grad_output._array.dtype))
        where = wrap(ctx.places.reshape(-1))
        return zeros.index_add(0, where, grad_output.reshape(-1)).view(ctx.shape)


class ReflectionPad1D(_SourcePad):
    mode = "reflect"


class ReflectionPad2D(_SourcePad):
    mode = "reflect"


class ReflectionPad3D(_SourcePad):
    mode = "reflect"


class ReplicationPad1D(_SourcePad):
    mode = "edge"


class ReplicationPad2D(_SourcePad):
    mode = "edge"


class ReplicationPad3D(_SourcePad):
    mode = "edge"


class CircularPad(_SourcePad):
    node_name = "SliceBackward0"
    mode = "wrap"


_SOURCES: dict[str, tuple[type[_SourcePad], ...]] = {
    "reflect": (ReflectionPad1D, ReflectionPad2D, ReflectionPad3D),
    "replicate": (ReplicationPad1D, ReplicationPad2D, ReplicationPad3D),
    "circular": (CircularPad,) * 3,
}


def _widths(pad: Sequence[int], rank: int) -> Widths:
    """Turn PyTorch's order, last dimension first, into one pair for each dimension."""
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
    return ((0, 0),) * (rank - len(pairs)) + tuple(reversed(pairs))


@tensor_method("_pad_constant")
def pad_constant(self: Tensor, pad: Sequence[int], value: Any = 0) -> Tensor:
    """Put a border of one value around a tensor; negative widths cut off."""
    shape = self._array.shape
    widths = _widths(pad, len(shape))
    for i, (n, (a, b)) in enumerate(zip(shape, widths, strict=True)):
        if n + a + b < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {a} and {b} resulted in a "
                f"negative output size, which is invalid. Check dimension {i} of your "
                "input."
            )
    return ConstantPadNd.apply(self, widths, value)


def _check_sources(mode: str, shape: tuple[int, ...], widths: Widths, d: int) -> None:
    for n, (a, b) in list(zip(shape, widths, strict=True))[-d:]:
        if mode == "reflect" and (a >= n or b >= n):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, "
                f"but got: padding ({a}, {b}) at dimension {len(shape) - 1} of input "
                f"{list(shape)}"
            )
        if mode == "circular" and (a > n or b > n):
            raise RuntimeError("Padding value causes wrapping around more than once.")


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None
) -> Tensor:
    """Put a border around a tensor.

    Args:
        input: tensor of any shape.
        pad: widths before and after, for the last dimension first; negative widths cut
            off.
        mode: ``'constant'``, ``'reflect'`` (mirrored at the edge element),
            ``'replicate'`` (the edge element) or ``'circular'``; the latter three pad
            the last one, two or three dimensions.
        value: what a constant border is made of; 0 if left out.

    Raises:
        RuntimeError: the widths don't suit the shape.
        NotImplementedError: the mode is not available for this shape.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.pad(tatami.ones(2), (1, 2))
        tensor([0., 1., 1., 0., 0.])
    """
    rank = input._array.ndim
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * rank:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input "
            f"dimension but got padding length {len(pad)} and input of dimension {rank}"
        )
    if mode == "constant":
        return pad_constant(input, pad, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    d = len(pad) // 2
    if mode not in _SOURCES or not 1 <= d <= 3 or rank not in (d + 1, d + 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for "
            "now"
            if mode in _SOURCES
            else f"Unrecognised padding mode {mode}"
        )
    widths = _widths(pad, rank)
    _check_sources(mode, input._array.shape, widths, d)
    return _SOURCES[mode][d - 1].run(input, widths)
