"""Making tensors of one value, and filling those there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..device import require_cpu
from ..size import broadcast
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, unbroadcast
from .door import public, zeros_of
from .inplace import in_place, update
from .layout import strided

__all__ = [
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "fill",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zero_",
    "zeros",
    "zeros_like",
]


def finish(
    array: np.ndarray, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Wrap a fresh array as a leaf."""
    if device is not None:
        require_cpu(device)
    made = wrap(array)
    if requires_grad:
        made.requires_grad_()
    if grad_mode.state.inference:
        made._inference = True
    return made


def kind_of(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy type of a dtype, or of the default one."""
    return (dtypes.get_default_dtype() if dtype is None else dtypes.parse(dtype)).numpy


def check_layout(layout: Any) -> None:
    """Refuse layouts other than the dense one."""
    if layout is not None and layout is not strided:
        raise RuntimeError(
            f"tatami makes dense tensors, and layout {layout!r} was asked for. Use "
            "layout=torch.strided, or make a dense tensor and call to_sparse() on it."
        )


def sizes_of(name: str, shape: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """Return sizes given one by one, as one sequence, or as ``size``.

    Raises:
        TypeError: a size is no integer.
        RuntimeError: a size is negative.
    """
    if size is not None:
        shape = (size,)
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    for n in shape:
        if isinstance(n, (bool, str, float)) or not hasattr(n, "__index__"):
            raise TypeError(
                f"{name}(): argument 'size' (position 1) must be tuple of ints, not "
                f"{type(n).__name__}"
            )
    sizes = tuple([n.__index__() for n in shape])
    for n in sizes:
        if n < 0:
            raise RuntimeError(
                "zeros: Dimension size must be non-negative." if name == "zeros" else
                f"Trying to create tensor with negative dimension {n}: {list(sizes)}"
            )  # fmt: skip
    return sizes


@public
def full(
    size: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of one value.

    Args:
        size: sizes of the result.
        fill_value: number; decides the type if ``dtype`` is left out.
        dtype: type of the elements.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> tatami.full((2,), 7)
        tensor([7, 7])
    """
    check_layout(layout)
    if isinstance(fill_value, Tensor):
        dtype, fill_value = dtype or fill_value.dtype, fill_value.item()
    if dtype is None:
        dtype = dtypes.of_number(fill_value)
    shape = sizes_of("full", (size,))
    return finish(
        kernels.full(shape, fill_value, kind_of(dtype)), device, requires_grad
    )


@public
def zeros(
    *shape: Any, size: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of zeros.

    Args:
        shape: sizes, one by one or as one sequence.
        size: sizes as one sequence.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> tatami.zeros(2, 3).shape
        torch.Size([2, 3])
    """
    check_layout(layout)
    sizes = sizes_of("zeros", shape, size)
    return finish(kernels.full(sizes, 0, kind_of(dtype)), device, requires_grad)


@public
def ones(
    *shape: Any, size: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor of ones; see ``zeros``.

    Example:
        >>> import tatami
        >>> tatami.ones(2)
        tensor([1., 1.])
    """
    check_layout(layout)
    sizes = sizes_of("ones", shape, size)
    return finish(kernels.full(sizes, 1, kind_of(dtype)), device, requires_grad)


@public
def empty(
    *shape: Any, size: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Make a tensor whose elements are yet to be written; see ``zeros``.

    Example:
        >>> import tatami
        >>> tatami.empty(2, 3).shape
        torch.Size([2, 3])
    """
    check_layout(layout)
    sizes = sizes_of("empty", shape, size)
    return finish(np.empty(sizes, kind_of(dtype)), device, requires_grad)


@public
def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor with given strides whose elements are yet to be written.

    Args:
        size: sizes of the result.
        stride: how many elements apart neighbours are, along each dimension.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> tatami.empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    check_layout(layout)
    sizes, kind = sizes_of("empty_strided", (tuple(size),)), kind_of(dtype)
    if len(sizes) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    last = sum((n - 1) * step for n, step in zip(sizes, stride, strict=True))
    storage = np.empty(last + 1 if math.prod(sizes) else 0, kind)
    steps = [step * kind.itemsize for step in stride]
    array = np.ndarray(sizes, kind, storage, 0, steps)
    return finish(array, device, requires_grad)


@public
def empty_permuted(
    size: Sequence[int], physical_layout: Sequence[int], *, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Make a tensor whose dimensions lie in memory in a given order.

    Args:
        size: sizes of the result.
        physical_layout: the dimensions, the outermost first.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> tatami.empty_permuted((2, 3), (1, 0)).stride()
        (1, 2)
    """
    check_layout(layout)
    sizes = sizes_of("empty_permuted", (tuple(size),))
    if sorted(physical_layout) != [*range(len(sizes))]:
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the "
            f"physical_layout; i.e. len(size) = {len(sizes)} is not equal to "
            f"len(physical_layout) = {len(physical_layout)}"
        )
    stored = np.empty([sizes[d] for d in physical_layout], kind_of(dtype))
    return finish(stored.transpose(np.argsort(physical_layout)), device, requires_grad)


def like(
    input: Tensor, value: Any, dtype: Any, layout: Any, device: Any, requires_grad: bool
) -> Tensor:
    """Make a tensor of one value, of the shape and type of another."""
    check_layout(layout)
    kind = input._array.dtype if dtype is None else dtypes.parse(dtype).numpy
    array = kernels.full(input._array.shape, value, kind)
    return finish(array, device, requires_grad)


@public
def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Make zeros of the shape and type of another tensor.

    Args:
        input: tensor that gives the shape.
        dtype: another type for the elements.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.
        memory_format: has no effect; the result is contiguous.

    Example:
        >>> import tatami
        >>> tatami.zeros_like(tatami.tensor([1, 2]))
        tensor([0, 0])
    """
    return like(input, 0, dtype, layout, device, requires_grad)


@public
def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Make ones of the shape and type of another tensor; see ``zeros_like``.

    Example:
        >>> import tatami
        >>> tatami.ones_like(tatami.tensor([1, 2]))
        tensor([1, 1])
    """
    return like(input, 1, dtype, layout, device, requires_grad)


@public
def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Make a tensor of one value, of the shape and type of another; see ``zeros_like``.

    Example:
        >>> import tatami
        >>> tatami.full_like(tatami.tensor([1, 2]), 7)
        tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return like(input, value, dtype, layout, device, requires_grad)


@public
def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Make a tensor of the shape and type of another, elements yet to be written.

    Example:
        >>> import tatami
        >>> tatami.empty_like(tatami.tensor([1, 2])).dtype
        torch.int64
    """
    check_layout(layout)
    kind = input._array.dtype if dtype is None else dtypes.parse(dtype).numpy
    return finish(np.empty_like(input._array, kind, subok=False), device, requires_grad)


class Fill(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, value: Any) -> np.ndarray:
        return kernels.full(array.shape, value, array.dtype)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        total = grad_output.sum() if ctx.needs_input_grad[1] else None
        return zeros_of(grad_output), total


class FillTensor(Fill):
    node_name = "FillBackward1"


@public
@tensor_method("fill")
@in_place
def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor of the same shape and type with one value everywhere.

    Args:
        input: tensor that gives shape and type.
        value: number, or tensor without dimensions.

    Example:
        >>> import tatami
        >>> tatami.fill(tatami.tensor([1, 2]), 7)
        tensor([7, 7])
    """
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._array.ndim} dimensions."
            )
        value = cast(value, input.dtype)
        return FillTensor.apply(input, value)
    return Fill.apply(input, value)


class Zero(Fill):
    pass


@public
@tensor_method()
def zero_(input: Tensor) -> Tensor:
    """Set every element to zero, in place.

    Example:
        >>> import tatami
        >>> tatami.zero_(tatami.tensor([1, 2]))
        tensor([0, 0])
    """
    return update(input, lambda original: Zero.apply(original, 0))


class CopyInto(Operation):
    node_name = "torch::autograd::CopyBackwards"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, source: np.ndarray) -> np.ndarray:
        ctx.shape, ctx.kind = source.shape, dtypes.of(source)
        stretched = np.broadcast_to(source, array.shape)
        return kernels.cast(stretched, array.dtype)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        gradient = None
        if ctx.needs_input_grad[1]:
            gradient = cast(unbroadcast(grad_output, ctx.shape), ctx.kind)
        return zeros_of(grad_output), gradient


@tensor_method("copy_")
def _copy(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Copy the elements of another tensor here; the gradient goes to that tensor.

    Args:
        src: tensor whose shape stretches to this one's, of any type.
        non_blocking: has no effect on a CPU.
    """
    source = src if isinstance(src, Tensor) else wrap(np.asarray(src))
    broadcast(self._array.shape, source._array.shape)
    source.expand(*self.shape)
    return update(self, lambda original: CopyInto.apply(original, source))


def _new(self: Tensor, dtype: Any) -> Any:
    return self.dtype if dtype is None else dtype


@tensor_method("new_zeros")
def _new_zeros(self: Tensor, *shape: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Make zeros of the type of this tensor."""
    return zeros(*shape, dtype=_new(self, dtype), **options)


@tensor_method("new_ones")
def _new_ones(self: Tensor, *shape: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Make ones of the type of this tensor."""
    return ones(*shape, dtype=_new(self, dtype), **options)


@tensor_method("new_empty")
def _new_empty(self: Tensor, *shape: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Make a tensor of the type of this one, elements yet to be written."""
    return empty(*shape, dtype=_new(self, dtype), **options)


@tensor_method("new_empty_strided")
def _new_empty_strided(
    self: Tensor, size: Any, stride: Any, *, dtype: Any = None, **options: Any
) -> Tensor:
    """Make a tensor with given strides, of the type of this one."""
    return empty_strided(size, stride, dtype=_new(self, dtype), **options)


@tensor_method("new_full")
def _new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, **options: Any
) -> Tensor:
    """Make a tensor of one value, of the type of this one."""
    return full(size, fill_value, dtype=_new(self, dtype), **options)
