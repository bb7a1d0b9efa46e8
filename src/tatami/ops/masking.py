"""Choosing elements by truth values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import operands, unbroadcast
from .elementwise import shape_of
from .inplace import in_place

__all__ = [
    "argwhere",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "nonzero",
    "where",
]


_C_NAMES = {
    "float64": "double", "float32": "float", "float16": "c10::Half",
    "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
    "uint8": "unsigned char",
}  # fmt: skip


class MaskedFill(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, mask: np.ndarray, value: Any
    ) -> np.ndarray:
        ctx.shape, ctx.mask = array.shape, mask
        return kernels.where(mask, value, array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        mask = wrap(ctx.mask)
        kept = filled = None
        if ctx.needs_input_grad[0]:
            kept = unbroadcast(grad_output.masked_fill(mask, 0), ctx.shape)
        if ctx.needs_input_grad[2]:
            filled = grad_output.masked_fill(mask.logical_not(), 0).sum()
        return kept, None, filled


class MaskedFillTensor(MaskedFill):
    node_name = "MaskedFillBackward1"


@tensor_method()
@in_place
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Replace the elements where a mask is true by one value.

    Args:
        input: tensor of any shape.
        mask: bool tensor that stretches with ``input``.
        value: number, or tensor without dimensions.

    Raises:
        RuntimeError: the mask is not of type bool, or the value has dimensions.

    Example:
        >>> import tatami
        >>> tatami.masked_fill(tatami.arange(3), tatami.tensor([True, False, True]), 7)
        tensor([7, 1, 7])
    """
    check_mask("masked_fill_", mask)
    size.broadcast(mask._array.shape, input._array.shape)
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got "
                f"tensor with {value._array.ndim} dimension(s)."
            )
        return MaskedFillTensor.apply(input, mask, value.to(input.dtype))
    with np.errstate(all="ignore"):
        number = np.asarray(value).astype(input._array.dtype)
    return MaskedFill.apply(input, mask, number)


def check_mask(function: str, mask: Tensor) -> None:
    """Refuse a mask that is not of type bool."""
    if mask._array.dtype != bool:
        kind = _C_NAMES[mask.dtype.name]
        raise RuntimeError(
            f"{function} only supports boolean masks, but got mask with dtype {kind}"
        )


class MaskedSelect(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, mask: np.ndarray) -> np.ndarray:
        shape = size.broadcast(array.shape, mask.shape)
        ctx.shape = array.shape
        ctx.stretched = shape or (1,)
        ctx.place = np.nonzero(np.broadcast_to(mask, ctx.stretched))
        return kernels.take(np.broadcast_to(array, ctx.stretched), ctx.place)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        zeros = wrap(kernels.full(ctx.stretched, 0, grad_output._array.dtype))
        placed = zeros.index_put([wrap(i) for i in ctx.place], grad_output)
        return unbroadcast(placed, ctx.shape)


@tensor_method()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where a mask is true, in one row.

    Example:
        >>> import tatami
        >>> x = tatami.arange(4)
        >>> tatami.masked_select(x, x > 1)
        tensor([2, 3])
    """
    if mask._array.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    return MaskedSelect.apply(input, mask)


class MaskedScatter(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, source: np.ndarray, mask: np.ndarray
    ) -> np.ndarray:
        shape = size.broadcast(array.shape, mask.shape)
        ctx.shape, ctx.source = array.shape, source.shape
        ctx.mask = np.broadcast_to(mask, shape)
        place = np.nonzero(np.atleast_1d(ctx.mask))
        values = source.reshape(-1)[: len(place[0])]
        stretched = np.atleast_1d(np.broadcast_to(array, shape))
        return kernels.put(stretched, place, values, False).reshape(shape)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        mask, written = wrap(ctx.mask), None
        kept = unbroadcast(grad_output.masked_fill(mask, 0), ctx.shape)
        if ctx.needs_input_grad[1]:
            taken = grad_output.masked_select(mask)
            count = int(np.prod(ctx.source))
            flat = wrap(kernels.full((count,), 0, taken._array.dtype))
            where = wrap(np.arange(taken._array.size))
            written = flat.index_add(0, where, taken).view(ctx.source)
        return kept, written


@tensor_method()
@in_place
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Write the elements of ``source``, one after another, where a mask is true.

    Raises:
        RuntimeError: there are fewer elements than places.

    Example:
        >>> import tatami
        >>> mask = tatami.tensor([True, False, True])
        >>> tatami.masked_scatter(tatami.zeros(3), mask, tatami.tensor([5.0, 6.0]))
        tensor([5., 0., 6.])
    """
    check_mask("masked_scatter_", mask)
    shape = size.broadcast(input._array.shape, mask._array.shape)
    place = np.nonzero(np.broadcast_to(mask._array, shape))
    count = len(place[0]) if place else int(mask._array)
    if count > source._array.size:
        raise RuntimeError(
            f"masked_scatter: expected the source to have at least {count} elements, "
            f"but it has {source._array.size}"
        )
    return MaskedScatter.apply(input, source, mask)


class Where(Operation):
    @staticmethod
    def forward(ctx: Any, condition: np.ndarray, a: Any, b: Any) -> np.ndarray:
        ctx.condition, ctx.shapes = condition, (shape_of(a), shape_of(b))
        return kernels.where(condition, a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        condition = wrap(ctx.condition)
        first = second = None
        if ctx.needs_input_grad[1]:
            first = grad_output.masked_fill(condition.logical_not(), 0)
            first = unbroadcast(first, ctx.shapes[0])
        if ctx.needs_input_grad[2]:
            second = grad_output.masked_fill(condition, 0)
            second = unbroadcast(second, ctx.shapes[1])
        return None, first, second


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """Take elements of ``input`` where a condition holds and of ``other`` elsewhere.

    Args:
        condition: bool tensor.
        input: tensor or number; all three stretch to one shape.
        other: tensor or number.

    Returns:
        A tensor; with the condition alone, the indices where it holds, as
        ``nonzero(condition, as_tuple=True)``.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([-1.0, 2.0])
        >>> tatami.where(x > 0, x, 0)
        tensor([0., 2.])
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if condition._array.dtype != bool:
        if condition._array.dtype != np.uint8:
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor "
                f"with dtype {condition.type().removeprefix('torch.')}".replace(
                    "Tensor", ""
                )
            )
        condition = condition.bool()
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = _as_tensor(input)
    a, b = operands(input, other)
    shapes = [x._array.shape for x in (condition, a, b) if isinstance(x, Tensor)]
    size.broadcast(*shapes)
    kind = (a if isinstance(a, Tensor) else b)._array.dtype
    a, b = (x if isinstance(x, Tensor) else wrap(np.asarray(x, kind)) for x in (a, b))
    return Where.apply(condition, a, b)


def _as_tensor(value: Any) -> Tensor:
    from .creation import tensor

    return tensor(value)


@tensor_method("where")
def _tensor_where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Take elements of this tensor where a condition holds and of ``other`` elsewhere."""  # noqa: E501
    return where(condition, self, other)


@tensor_method()
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return where the elements are that are not zero.

    Args:
        input: tensor of any shape.
        as_tuple: return one tensor of indices for each dimension, fit for indexing,
            rather than one row of indices for each element.

    Example:
        >>> import tatami
        >>> tatami.nonzero(tatami.tensor([0, 3, 4]))
        tensor([[1],
                [2]])
    """
    array = input._array
    if as_tuple:
        found = np.nonzero(np.atleast_1d(array))
        return tuple([wrap(np.ascontiguousarray(i)) for i in found])
    if array.ndim == 0:
        return wrap(np.zeros((int(bool(array)), 0), np.int64))
    return wrap(np.ascontiguousarray(np.argwhere(array)))


@tensor_method()
def argwhere(input: Tensor) -> Tensor:
    """Return one row of indices for each element that is not zero.

    Example:
        >>> import tatami
        >>> tatami.argwhere(tatami.tensor([0, 3]))
        tensor([[1]])
    """
    return nonzero(input)
