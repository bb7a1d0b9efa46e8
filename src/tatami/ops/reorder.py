"""Other orders and other shapes of the same elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..later import attach
from ..tensor import Tensor, tensor_method
from .door import also
from .movement import as_shape, permute, reshape

__all__ = [
    "adjoint",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_tensors",
    "broadcast_to",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "movedim",
    "ravel",
    "roll",
    "rot90",
    "swapaxes",
    "swapdims",
    "unflatten",
]


@tensor_method()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join neighbouring dimensions into one.

    Args:
        input: tensor of any shape.
        start_dim: first dimension to join.
        end_dim: last dimension to join.

    Example:
        >>> import tatami
        >>> tatami.flatten(tatami.ones(2, 3, 5), 1).shape
        torch.Size([2, 15])
    """
    shape = input._array.shape
    first = size.normalize_dim(start_dim, len(shape))
    last = size.normalize_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after "
                           "end_dim")  # fmt: skip
    if not shape:
        return reshape(input, 1)
    if first == last:
        return input
    joined = math.prod(shape[first : last + 1])
    return reshape(input, (*shape[:first], joined, *shape[last + 1 :]))


@tensor_method()
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Split one dimension into several.

    Args:
        input: tensor with at least one dimension.
        dim: dimension to split.
        sizes: lengths of the new dimensions, one of which may be -1.

    Example:
        >>> import tatami
        >>> tatami.unflatten(tatami.ones(2, 6), 1, (2, -1)).shape
        torch.Size([2, 2, 3])
    """
    shape = input._array.shape
    place = size.normalize_dim(dim, len(shape))
    try:
        inner = size.infer(tuple(sizes), shape[place])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of "
            f"dim {place} ({shape[place]}) in the input tensor"
        ) from None
    return input.view((*shape[:place], *inner, *shape[place + 1 :]))


@tensor_method()
def ravel(input: Tensor) -> Tensor:
    """Return all elements in one row.

    Example:
        >>> import tatami
        >>> tatami.ravel(tatami.tensor([[1, 2], [3, 4]]))
        tensor([1, 2, 3, 4])
    """
    return input.contiguous().view(-1)


@tensor_method("view_as")
def _view_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the same elements in the shape of another tensor, sharing memory."""
    return self.view(other.size())


@tensor_method("reshape_as")
def _reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the same elements in the shape of another tensor."""
    return self.reshape(other.size())


@tensor_method("expand_as")
def _expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Stretch to the shape of another tensor, sharing memory."""
    return self.expand(other.size())


@tensor_method()
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Stretch to a shape, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.broadcast_to(tatami.ones(1), (2, 2)).shape
        torch.Size([2, 2])
    """
    return input.expand(as_shape((size,)))


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Stretch tensors to the shape they have together, sharing memory.

    Example:
        >>> import tatami
        >>> a, b = tatami.broadcast_tensors(tatami.ones(3, 1), tatami.ones(4))
        >>> a.shape, b.shape
        (torch.Size([3, 4]), torch.Size([3, 4]))
    """
    given = (
        tensors[0]
        if len(tensors) == 1 and not isinstance(tensors[0], Tensor)
        else tensors
    )
    shape = size.broadcast(*(t._array.shape for t in given))
    return tuple(t.expand(shape) for t in given)


@tensor_method()
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Move dimensions to other places; the rest keep their order.

    Example:
        >>> import tatami
        >>> tatami.movedim(tatami.ones(2, 3, 5), 0, -1).shape
        torch.Size([3, 5, 2])
    """
    rank = input._array.ndim
    a = (source,) if isinstance(source, int) else tuple(source)
    b = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(a) != len(b):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(a)} dims) should contain the same number of dims as destination "
            f"({list(b)} dims)"
        )
    sources = [size.normalize_dim(d, rank) for d in a]
    places = [size.normalize_dim(d, rank) for d in b]
    for name, dims, given in (("source", sources, a), ("destination", places, b)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    rest = iter([d for d in range(rank) if d not in sources])
    moved = dict(zip(places, sources, strict=True))
    return permute(input, [moved[i] if i in moved else next(rest) for i in range(rank)])


moveaxis = movedim
also("movedim", "moveaxis")


@tensor_method()
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Swap two dimensions, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.swapaxes(tatami.ones(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    return input.transpose(axis0, axis1)


@tensor_method()
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.swapdims(tatami.ones(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    return input.transpose(dim0, dim1)


@tensor_method()
def adjoint(input: Tensor) -> Tensor:
    """Swap the last two dimensions, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.adjoint(tatami.ones(2, 3)).shape
        torch.Size([3, 2])
    """
    if input._array.ndim < 2:
        raise RuntimeError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. "
            f"Got {input._array.ndim}-D tensor."
        )
    return input.transpose(-2, -1)


def _reversed_dims(self: Tensor) -> Tensor:
    """The tensor with its dimensions in reverse order."""
    return permute(self, range(self._array.ndim)[::-1])


def _turned_matrix(self: Tensor) -> Tensor:
    """The tensor with its last two dimensions swapped."""
    if self._array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. Got "
            f"{self._array.ndim}-D tensor."
        )
    return self.transpose(-2, -1)


def _turned_two(self: Tensor) -> Tensor:
    """The matrix with its two dimensions swapped."""
    if self._array.ndim not in (0, 2):
        raise RuntimeError(
            "tensor.H is only supported on matrices (2-D tensors). Got "
            f"{self._array.ndim}-D tensor."
        )
    return self.transpose(-2, -1) if self._array.ndim else self


for _name, _function in {
    "T": _reversed_dims, "mT": _turned_matrix, "mH": _turned_matrix, "H": _turned_two
}.items():  # fmt: skip
    attach(Tensor, _name, property(_function))


class Flip(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
        ctx.dims = dims
        return kernels.copy(np.flip(array, dims))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.flip(ctx.dims)


def flip(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Reverse the order along dimensions.

    Example:
        >>> import tatami
        >>> tatami.flip(tatami.arange(3), (0,))
        tensor([2, 1, 0])
    """
    rank = input._array.ndim
    places = tuple(size.normalize_dim(int(d), rank) for d in as_shape((dims,)))
    for d in places:
        if places.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return Flip.apply(input, places if rank else ())


@tensor_method("flip")
def _flip(self: Tensor, *places: Any, dims: Any = None) -> Tensor:
    """Reverse the order along dimensions."""
    return flip(self, as_shape(places if dims is None else (dims,)))


@tensor_method()
def fliplr(input: Tensor) -> Tensor:
    """Reverse the order along dimension 1.

    Example:
        >>> import tatami
        >>> tatami.fliplr(tatami.tensor([[1, 2]]))
        tensor([[2, 1]])
    """
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@tensor_method()
def flipud(input: Tensor) -> Tensor:
    """Reverse the order along dimension 0.

    Example:
        >>> import tatami
        >>> tatami.flipud(tatami.tensor([1, 2]))
        tensor([2, 1])
    """
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


class Roll(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, shifts: Any, dims: tuple[int, ...] | None
    ) -> np.ndarray:
        ctx.shifts, ctx.dims = shifts, dims
        return kernels.copy(np.roll(array, shifts, dims))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Roll.apply(grad_output, tuple(-n for n in ctx.shifts), ctx.dims)


@tensor_method()
def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """Move elements along dimensions; what leaves at the end comes in at the start.

    Args:
        input: tensor of any shape.
        shifts: how far, one number or one for each dimension.
        dims: dimensions; all elements as one row if left out.

    Example:
        >>> import tatami
        >>> tatami.roll(tatami.arange(4), 1)
        tensor([3, 0, 1, 2])
    """
    steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    given = (dims,) if isinstance(dims, int) else tuple(dims or ())
    if not steps:
        raise RuntimeError("`shifts` required")
    if (given and len(given) != len(steps)) or (not given and len(steps) != 1):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(given)}"
        )
    if not given:
        return Roll.apply(input, steps, None)
    places = tuple(size.normalize_dim(d, input._array.ndim) for d in given)
    return Roll.apply(input, steps, places)


@tensor_method()
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turn by a quarter ``k`` times, from the first dimension to the second.

    Example:
        >>> import tatami
        >>> tatami.rot90(tatami.tensor([[1, 2], [3, 4]]))
        tensor([[2, 4],
                [1, 3]])
    """
    if len(dims) != 2:
        raise RuntimeError(
            f"expected total rotation dims == 2, but got dims = {len(dims)}"
        )
    if input._array.ndim < 2:
        raise RuntimeError(
            f"expected total dims >= 2, but got total dims = {input._array.ndim}"
        )
    a, b = (size.normalize_dim(d, input._array.ndim) for d in dims)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and "
            f"dim1 = {dims[1]}"
        )
    turns = k % 4
    if turns == 2:
        return flip(input, (a, b))
    if turns == 1:
        return flip(input, (b,)).transpose(a, b).contiguous()
    if turns == 3:
        return flip(input, (a,)).transpose(a, b).contiguous()
    return input.clone()


def _atleast(rank: int, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
        return tuple(_atleast(rank, (t,)) for t in tensors[0])
    if len(tensors) > 1:
        return tuple(_atleast(rank, (t,)) for t in tensors)
    tensor = tensors[0]
    if tensor._array.ndim == 0:
        return tensor.reshape((1,) * rank)
    if rank >= 2 and tensor._array.ndim == 1:
        tensor = tensor.unsqueeze(0)
    if rank == 3 and tensor._array.ndim == 2:
        tensor = tensor.unsqueeze(-1)
    return tensor


def atleast_1d(*tensors: Any) -> Any:
    """Return tensors with at least one dimension.

    Example:
        >>> import tatami
        >>> tatami.atleast_1d(tatami.tensor(1)).shape
        torch.Size([1])
    """
    return _atleast(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Return tensors with at least two dimensions.

    Example:
        >>> import tatami
        >>> tatami.atleast_2d(tatami.ones(3)).shape
        torch.Size([1, 3])
    """
    return _atleast(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Return tensors with at least three dimensions.

    Example:
        >>> import tatami
        >>> tatami.atleast_3d(tatami.ones(3)).shape
        torch.Size([1, 3, 1])
    """
    return _atleast(3, tensors)
