"""Matrix products and what belongs to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .arguments import broadcastable, unbroadcast
from .inplace import in_place

__all__ = ["addmm", "mm"]


def _check_matrices(function: str, a: Tensor, b: Tensor) -> None:
    x, y = a._array, b._array
    if x.ndim != 2 or y.ndim != 2:
        which = "self" if x.ndim != 2 else "mat2"
        raise RuntimeError(f"{which} must be a matrix")
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} "
            f"and {y.shape[0]}x{y.shape[1]})"
        )
    if x.dtype != y.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{_c_name(a)} != {_c_name(b)}"
        )


def _c_name(tensor: Tensor) -> str:
    names = {"float32": "float", "float64": "double", "float16": "c10::Half"}
    names |= {"int64": "long", "int32": "int", "int16": "short", "int8": "signed char"}
    return names.get(tensor.dtype.name, tensor.dtype.name)


class Mm(Operation):
    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.matmul(a, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            None if b is None else mm(grad_output, b.t()),
            None if a is None else mm(a.t(), grad_output),
        )


@tensor_method()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Multiply two matrices.

    Args:
        input: (N, K).
        mat2: (K, M).

    Returns:
        (N, M).

    Raises:
        RuntimeError: sizes or types don't match.

    Example:
        >>> import tatami
        >>> tatami.mm(tatami.ones(2, 3), tatami.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    _check_matrices("mm", input, mat2)
    return Mm.apply(input, mat2)


class Addmm(Operation):
    @staticmethod
    def forward(
        ctx: Any, bias: np.ndarray, a: np.ndarray, b: np.ndarray, beta: float,
        alpha: float,
    ) -> np.ndarray:  # fmt: skip
        ctx.shape, ctx.factors = bias.shape, (beta, alpha)
        _, first, second = ctx.needs_input_grad[:3]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.addmm(bias, a, b, beta, alpha)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (a, b), (beta, alpha) = ctx.saved_tensors, ctx.factors
        outer = None
        if ctx.needs_input_grad[0]:
            outer = unbroadcast(_times(grad_output, beta), ctx.shape)
        return (
            outer,
            None if b is None else _times(mm(grad_output, b.t()), alpha),
            None if a is None else _times(mm(a.t(), grad_output), alpha),
        )


def _times(tensor: Tensor, factor: float) -> Tensor:
    return tensor if factor == 1 else tensor * factor


@tensor_method()
@in_place
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Multiply two matrices and add a third: beta input + alpha (mat1 mat2).

    Args:
        input: stretches to (N, M).
        mat1: (N, K).
        mat2: (K, M).
        beta: factor for ``input``; with 0 its elements don't matter, even NaN.
        alpha: factor for the product.

    Returns:
        (N, M).

    Raises:
        RuntimeError: sizes or types don't match.

    Example:
        >>> import tatami
        >>> tatami.addmm(tatami.zeros(1), tatami.ones(1, 2), tatami.ones(2, 1))
        tensor([[2.]])
    """
    _check_matrices("addmm", mat1, mat2)
    shape = mat1._array.shape[0], mat2._array.shape[1]
    if not broadcastable(input, shape):
        input.expand(shape)
    return Addmm.apply(input, mat1, mat2, beta, alpha)
