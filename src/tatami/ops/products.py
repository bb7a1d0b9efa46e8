"""Products of vectors, matrices and stacks of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import type_name
from .inplace import in_place
from .linalg import mm
from .movement import Squeeze, UnsafeView

__all__ = [
    "addbmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "ger",
    "inner",
    "matmul",
    "mv",
    "outer",
    "vdot",
]


def _check_types(function: str, a: Tensor, b: Tensor) -> None:
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            f"{function}: expected both tensors to have the same dtype, but got "
            f"{type_name(a.dtype)} and {type_name(b.dtype)}"
        )


class Dot(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.matmul(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            None if b is None else grad_output * b,
            None if a is None else grad_output * a,
        )


@tensor_method()
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum the products of two vectors' elements.

    Args:
        input: (K).
        tensor: (K).

    Example:
        >>> import tatami
        >>> tatami.dot(tatami.tensor([2, 3]), tatami.tensor([2, 1]))
        tensor(7)
    """
    return _dot(Dot, input, tensor)


def _dot(operation: type[Dot], input: Tensor, tensor: Tensor) -> Tensor:
    a, b = input._array, tensor._array
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{type_name(input.dtype)} and {type_name(tensor.dtype)}"
        )
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] "
            f"to have the same number of elements, but got {a.size} and {b.size} "
            "elements respectively"
        )
    return operation.apply(input, tensor)


class Vdot(Dot):
    pass


@tensor_method()
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Sum the products of two vectors' elements.

    Example:
        >>> import tatami
        >>> tatami.vdot(tatami.tensor([2, 3]), tatami.tensor([2, 1]))
        tensor(7)
    """
    return _dot(Vdot, input, other)


class Mv(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.matmul(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            None if b is None else outer(grad_output, b),
            None if a is None else mv(a.t(), grad_output),
        )


@tensor_method()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Multiply a matrix by a vector.

    Args:
        input: (N, K).
        vec: (K).

    Returns:
        (N).

    Example:
        >>> import tatami
        >>> tatami.mv(tatami.ones(2, 3), tatami.ones(3))
        tensor([3., 3.])
    """
    a, b = input._array, vec._array
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}"
        )
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat "
            f"({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    _check_types("mv", input, vec)
    return Mv.apply(input, vec)


class Bmm(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.matmul(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            None if b is None else bmm(grad_output, b.transpose(1, 2)),
            None if a is None else bmm(a.transpose(1, 2), grad_output),
        )


@tensor_method()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Multiply two stacks of matrices, pair by pair.

    Args:
        input: (N, H, K).
        mat2: (N, K, W).

    Returns:
        (N, H, W).

    Example:
        >>> import tatami
        >>> tatami.bmm(tatami.ones(2, 3, 4), tatami.ones(2, 4, 5)).shape
        torch.Size([2, 3, 5])
    """
    a, b = input._array, mat2._array
    if a.ndim != 3 or b.ndim != 3:
        which = "batch1" if a.ndim != 3 else "batch2"
        raise RuntimeError(f"{which} must be a 3D tensor")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a.shape[0]}, {a.shape[2]}] but got: [{b.shape[0]}, {b.shape[1]}]."
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            "expected scalar type "
            f"{type_name(input.dtype)} but found {type_name(mat2.dtype)}"
        )
    return Bmm.apply(input, mat2)


class SqueezeRow(Squeeze):
    node_name = "SqueezeBackward4"


@tensor_method("matmul", "__matmul__")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Multiply vectors, matrices, or stacks of matrices.

    Args:
        input: (K), (N, K) or (..., N, K).
        other: (K), (K, M) or (..., K, M); leading dimensions stretch.

    Returns:
        The product; a vector on the left counts as a row, on the right as a column,
        and the dimension it lacks goes away again.

    Raises:
        RuntimeError: sizes or types don't match.

    Example:
        >>> import tatami
        >>> (tatami.ones(2, 3) @ tatami.ones(3, 4)).shape
        torch.Size([2, 4])
    """
    a, b = input._array.ndim, other._array.ndim
    if a == 2 and b == 2:
        return mm(input, other)
    if a == 0 or b == 0:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{a}D and {b}D"
        )
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 2 and b == 1:
        return mv(input, other)
    if a == 1 and b == 2:
        return SqueezeRow.apply(mm(input.unsqueeze(0), other), (0,))
    if b <= 2:
        return _folded(input, other)
    if a == 1:
        return _folded(other.transpose(-2, -1), input)
    if a == 2:
        turned = _folded(other.transpose(-2, -1), input.t())
        return turned.transpose(-2, -1).contiguous()
    return _batched(input, other)


def _folded(stack: Tensor, other: Tensor) -> Tensor:
    """Multiply a stack by one matrix or vector: all its rows at once."""
    shape = stack._array.shape
    rows = stack.reshape(int(np.prod(shape[:-1])), shape[-1])
    if other._array.ndim == 1:
        return _unsafe_view(mv(rows, other), shape[:-1])
    product = mm(rows, other)
    return _unsafe_view(product, (*shape[:-1], other._array.shape[1]))


def _unsafe_view(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    return UnsafeView.apply(tensor, shape)


def _batched(input: Tensor, other: Tensor) -> Tensor:
    a, b = input._array.shape, other._array.shape
    batch = size.broadcast(a[:-2], b[:-2])
    count = int(np.prod(batch))
    left = input.expand((*batch, *a[-2:])).reshape(count, *a[-2:])
    right = other.expand((*batch, *b[-2:])).reshape(count, *b[-2:])
    return _unsafe_view(bmm(left, right), (*batch, a[-2], b[-1]))


@tensor_method("__rmatmul__")
def _rmatmul(self: Tensor, other: Tensor) -> Tensor:
    return matmul(other, self)


@tensor_method()
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Multiply each element of one vector by each of another.

    Args:
        input: (N).
        vec2: (M).

    Returns:
        (N, M).

    Example:
        >>> import tatami
        >>> tatami.outer(tatami.tensor([1, 2]), tatami.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    for name, tensor in (("self", input), ("vec2", vec2)):
        if tensor._array.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D argument {name}, but got {tensor._array.ndim}-D"
            )
    return (
        input.view(-1, 1) * vec2
        if input._array.flags.c_contiguous
        else (input.unsqueeze(1) * vec2)
    )


@tensor_method()
def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """Multiply each element of one vector by each of another; older name of outer.

    Example:
        >>> import tatami
        >>> tatami.ger(tatami.ones(2), tatami.ones(3)).shape
        torch.Size([2, 3])
    """
    return outer(input, vec2)


@tensor_method()
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sum products over the last dimension of both tensors.

    Example:
        >>> import tatami
        >>> tatami.inner(tatami.ones(2, 3), tatami.ones(4, 3)).shape
        torch.Size([2, 4])
    """
    a, b = input._array, other._array
    if a.ndim == 0 or b.ndim == 0:
        return input * other
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got "
            f"shapes {list(a.shape)} and {list(b.shape)}"
        )
    return input.tensordot(other, dims=([-1], [-1]))


def _sum_of(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """beta input + alpha product, not looking at input where beta is zero."""
    if product._array.dtype.kind != "f":
        alpha, beta = int(alpha), int(beta)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return (input if beta == 1 else input * beta) + scaled


@tensor_method()
@in_place
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Multiply two stacks of matrices and add a third: beta input + alpha (a b).

    Example:
        >>> import tatami
        >>> a = tatami.ones(1, 2, 2)
        >>> tatami.baddbmm(a, a, a)
        tensor([[[3., 3.],
                 [3., 3.]]])
    """
    return _sum_of(input, bmm(batch1, batch2), beta, alpha)


@tensor_method()
@in_place
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Multiply two stacks of matrices, sum the products, and add a matrix.

    Example:
        >>> import tatami
        >>> a = tatami.ones(2, 1, 1)
        >>> tatami.addbmm(tatami.zeros(1, 1), a, a)
        tensor([[2.]])
    """
    return _sum_of(input, bmm(batch1, batch2).sum(0), beta, alpha)


@tensor_method()
@in_place
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Multiply a matrix by a vector and add another: beta input + alpha (mat vec).

    Example:
        >>> import tatami
        >>> tatami.addmv(tatami.ones(1), tatami.ones(1, 2), tatami.ones(2))
        tensor([3.])
    """
    return _sum_of(input, mv(mat, vec), beta, alpha)


@tensor_method()
@in_place
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Add the outer product of two vectors: beta input + alpha (vec1 vec2^T).

    Example:
        >>> import tatami
        >>> tatami.addr(tatami.zeros(1, 2), tatami.ones(1), tatami.ones(2))
        tensor([[1., 1.]])
    """
    return _sum_of(input, outer(vec1, vec2), beta, alpha)
