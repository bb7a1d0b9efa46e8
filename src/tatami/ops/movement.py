"""Shape and order: views where memory allows, copies where not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import unbroadcast

__all__ = [
    "clone",
    "permute",
    "reshape",
    "squeeze",
    "t",
    "transpose",
    "unsqueeze",
]


_INTEGERS = {int}


def as_shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Return sizes given one by one or as one sequence."""
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        if not isinstance(shape[0], Tensor) or shape[0]._array.ndim:
            shape = tuple(shape[0])
    if set(map(type, shape)) == _INTEGERS:
        return shape
    return tuple([int(n) for n in shape])


class View(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        ctx.shape = array.shape
        return _view(array, shape)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        if grad_output._array.flags.c_contiguous:
            return View.apply(grad_output, ctx.shape)
        return grad_output.reshape(ctx.shape)


def _view(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if not _can_view(array, shape):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least "
            "one dimension spans across two contiguous subspaces). Use .reshape(...) "
            "instead."
        )
    return array.reshape(shape)


def _can_view(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Tell whether an array has another shape without moving its elements.

    Dimensions that are joined, or split and joined, have to be walked evenly.
    """
    if array.flags.c_contiguous or not array.size:
        return True
    old = [x for x in zip(array.shape, array.strides, strict=True) if x[0] != 1]
    new = [n for n in shape if n != 1]
    i = j = 0
    while i < len(old) and j < len(new):
        first, have, need = i, old[i][0], new[j]
        i, j = i + 1, j + 1
        while have != need:
            if have < need:
                have, i = have * old[i][0], i + 1
            else:
                need, j = need * new[j], j + 1
        for (_, step), (n, inner) in zip(
            old[first:i], old[first + 1 : i], strict=False
        ):
            if step != n * inner:
                return False
    return True


@tensor_method("view")
def _tensor_view(self: Tensor, *shape: Any, dtype: Any = None) -> Tensor:
    """Return the same elements in another shape, sharing memory.

    Args:
        shape: sizes, one of which may be -1; or one data type.

    Raises:
        RuntimeError: the sizes don't fit, or memory order forbids a view.

    Example:
        >>> import tatami
        >>> tatami.arange(6).view(2, -1).shape
        torch.Size([2, 3])
    """
    if dtype is None and len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        dtype = shape[0]
    if dtype is not None:
        return self._view_as_type(dtype)
    wanted = size.infer(as_shape(shape), self._array.size)
    return View.apply(self, wanted)


class UnsafeView(View):
    is_view = False


@tensor_method()
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Return the same elements in another shape: a view if possible, else a copy.

    Args:
        input: tensor of any shape.
        shape: sizes, one of which may be -1, to be found from the others.

    Raises:
        RuntimeError: the sizes don't multiply to the number of elements.

    Example:
        >>> import tatami
        >>> tatami.reshape(tatami.arange(6), (2, -1)).shape
        torch.Size([2, 3])
    """
    wanted = size.infer(as_shape(shape), input._array.size)
    if _can_view(input._array, wanted):
        return View.apply(input, wanted)
    return UnsafeView.apply(clone(input), wanted)


class Clone(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return kernels.copy(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output


@tensor_method()
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Return a copy that the gradient flows through.

    Example:
        >>> import tatami
        >>> tatami.clone(tatami.tensor([1, 2]))
        tensor([1, 2])
    """
    return Clone.apply(input)


@tensor_method()
def contiguous(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Return the tensor with its elements in memory row by row.

    Example:
        >>> import tatami
        >>> tatami.ones(2, 3).t().contiguous().is_contiguous()
        True
    """
    return input if input._array.flags.c_contiguous else clone(input)


class Transpose(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim0: int, dim1: int) -> np.ndarray:
        ctx.dims = dim0, dim1
        return array.swapaxes(dim0, dim1)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.transpose(*ctx.dims)


@tensor_method()
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions, sharing memory.

    Example:
        >>> import tatami
        >>> tatami.transpose(tatami.ones(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    rank = input._array.ndim
    first, second = size.normalize_dim(dim0, rank), size.normalize_dim(dim1, rank)
    if rank == 0:
        return input.view(())
    return Transpose.apply(input, first, second)


class T(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return array.T

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.t()


@tensor_method()
def t(input: Tensor) -> Tensor:
    """Transpose a matrix, sharing memory; vectors and scalars stay as they are.

    Raises:
        RuntimeError: the tensor has more than two dimensions.

    Example:
        >>> import tatami
        >>> tatami.t(tatami.ones(2, 3)).shape
        torch.Size([3, 2])
    """
    if input._array.ndim > 2:
        raise RuntimeError(
            "t() expects a tensor with <= 2 dimensions, but self is "
            f"{input._array.ndim}D"
        )
    return T.apply(input)


class Permute(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
        ctx.inverse = tuple(sorted(range(len(dims)), key=dims.__getitem__))
        return array.transpose(dims)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.permute(ctx.inverse)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Put the dimensions in another order, sharing memory.

    Args:
        input: tensor of any shape.
        dims: each dimension once, in the wanted order.

    Raises:
        RuntimeError: a dimension is missing or comes twice.

    Example:
        >>> import tatami
        >>> tatami.permute(tatami.ones(2, 3, 5), (2, 0, 1)).shape
        torch.Size([5, 2, 3])
    """
    rank = input._array.ndim
    if len(dims) != rank:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not "
            f"match the length of the desired ordering of dimensions i.e. input.dim() "
            f"= {rank} is not equal to len(dims) = {len(dims)}"
        )
    order = tuple(size.normalize_dim(int(d), rank) for d in dims)
    if len(set(order)) != rank:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return Permute.apply(input, order)


@tensor_method("permute")
def _tensor_permute(self: Tensor, *dims: Any) -> Tensor:
    """Put the dimensions in another order, sharing memory."""
    return permute(self, as_shape(dims))


class Expand(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        ctx.shape = array.shape
        steps = (0,) * (len(shape) - array.ndim) + tuple(
            [
                0 if n == 1 else step
                for n, step in zip(array.shape, array.strides, strict=True)
            ]
        )
        if array.flags.c_contiguous and array.size:
            # Several times faster than as_strided, which goes through a dictionary.
            return np.ndarray(shape, array.dtype, array, 0, steps)
        return np.lib.stride_tricks.as_strided(array, shape, steps)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return unbroadcast(grad_output, ctx.shape)


@tensor_method()
def expand(self: Tensor, *sizes: Any, implicit: bool = False) -> Tensor:
    """Stretch dimensions of length 1, sharing memory.

    Args:
        sizes: wanted sizes; -1 keeps a dimension, new ones come first.

    Raises:
        RuntimeError: a dimension that is not of length 1 would have to change.

    Example:
        >>> import tatami
        >>> tatami.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    return Expand.apply(self, _expanded(self, as_shape(sizes)))


def _expanded(tensor: Tensor, sizes: tuple[int, ...]) -> tuple[int, ...]:
    own = tensor._array.shape
    extra = len(sizes) - len(own)
    if extra < 0:
        raise RuntimeError(
            f"expand({tensor._tensor_type()}{{{list(own)}}}, size={list(sizes)}): the "
            f"number of sizes provided ({len(sizes)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({len(own)})"
        )
    result = list(sizes)
    for i, wanted in enumerate(sizes):
        length = own[i - extra] if i >= extra else 1
        if wanted == -1 and i < extra:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, "
                f"non-existing dimension {i}"
            )
        if wanted != -1 and length not in (1, wanted):
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted}) must match the existing "
                f"size ({length}) at non-singleton dimension {i}.  Target sizes: "
                f"{list(sizes)}.  Tensor sizes: {list(own)}"
            )
        result[i] = length if wanted == -1 else wanted
    return tuple(result)


class Unsqueeze(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dim: int) -> np.ndarray:
        ctx.dim = dim
        return array[(*(slice(None),) * dim, None)]

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.squeeze(ctx.dim)


@tensor_method()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Put in a dimension of length 1, sharing memory.

    Args:
        input: tensor of any shape.
        dim: where the new dimension goes, from -input.dim() - 1 to input.dim().

    Example:
        >>> import tatami
        >>> tatami.unsqueeze(tatami.ones(3), 0).shape
        torch.Size([1, 3])
    """
    place = size.normalize_dim(dim, input._array.ndim + 1)
    return Unsqueeze.apply(input, place)


class Squeeze(Operation):
    is_view = True

    @staticmethod
    def forward(ctx: Any, array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
        ctx.shape = array.shape
        return array.reshape(
            [n for i, n in enumerate(array.shape) if n != 1 or i not in dims]
        )

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return grad_output.reshape(ctx.shape)


class SqueezeDim(Squeeze):
    node_name = "SqueezeBackward1"


class SqueezeDims(Squeeze):
    node_name = "SqueezeBackward2"


@tensor_method()
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Take out dimensions of length 1, sharing memory.

    Args:
        input: tensor of any shape.
        dim: dimension or dimensions to take out if their length is 1; all if left out.

    Example:
        >>> import tatami
        >>> tatami.squeeze(tatami.ones(1, 3, 1), 0).shape
        torch.Size([3, 1])
    """
    operation = Squeeze
    if dim is not None:
        operation = SqueezeDim if isinstance(dim, int) else SqueezeDims
    rank = input._array.ndim
    dims = () if dim == () else size.normalize_dims(dim, rank)
    return operation.apply(input, dims)
