"""Linear layers: x times the transposed weight, plus bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..autograd.node import Node, as_node
from ..tensor import Tensor
from .arguments import type_name
from .linalg import Mm
from .reduce import SumDim

__all__ = ["bilinear", "linear"]


class TransposedWeight(Node):
    """Stand for the transposition of the weight in ``next_functions``."""

    _label = "TBackward0"

    def __init__(self, edge: Any) -> None:
        super().__init__()
        self.edges = [edge]


def _shown(edge: Any) -> tuple[Any, int]:
    return (as_node(edge[0]), edge[1]) if edge else (None, 0)


class _LinearNode(Node):
    """Show the graph PyTorch records: addmm of the bias, x and a transposed weight."""

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes the gradients go to; the bias first, if there is one."""
        x, weight, *bias = self.edges
        turned = (TransposedWeight(weight), 0) if weight else (None, 0)
        return (*map(_shown, bias), _shown(x), turned)


def _gradients(ctx: Any, grad_output: Tensor) -> tuple[Any, Any]:
    """Return the gradients of x and of the weight; the latter without a transpose."""
    x, weight = ctx.saved_tensors
    return (
        None if weight is None else Mm.apply(grad_output, weight),
        None if x is None else TurnedMm.apply(grad_output, x),
    )


class TurnedMm(Operation):
    """The product of a turned matrix and another: a^T b."""

    node_name = "MmBackward0"

    @staticmethod
    def forward(ctx: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(a if second else None, b if first else None)
        return kernels.matmul(a.T, b)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return (
            None if b is None else b.mm(grad_output.t()),
            None if a is None else a.mm(grad_output),
        )


class Linear(Operation):
    node_name = "AddmmBackward0"
    node_base = _LinearNode

    @staticmethod
    def forward(
        ctx: Any, x: np.ndarray, weight: np.ndarray, bias: np.ndarray
    ) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(x if second else None, weight if first else None)
        return kernels.addmm(bias, x, weight.T, 1, 1)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        outer = None
        if ctx.needs_input_grad[2]:
            outer = SumDim.apply(grad_output, (0,), False)
        return *_gradients(ctx, grad_output), outer


class LinearWithoutBias(Operation):
    node_name = "MmBackward0"
    node_base = _LinearNode

    @staticmethod
    def forward(ctx: Any, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        first, second = ctx.needs_input_grad[:2]
        ctx.save_for_backward(x if second else None, weight if first else None)
        return kernels.matmul(x, weight.T)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return _gradients(ctx, grad_output)


def _check(x: np.ndarray, input: Tensor, weight: Tensor) -> None:
    rows = x.size // x.shape[-1] if x.ndim and x.shape[-1] else 1
    if x.shape[-1] != weight._array.shape[1]:
        K = weight._array.shape[1]
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and "
            f"{K}x{weight._array.shape[0]})"
        )
    if x.dtype != weight._array.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got "
            f"{type_name(input.dtype)} and {type_name(weight.dtype)}"
        )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply by the transposed weight and add the bias: x W^T + b.

    Args:
        input: (..., K) with any number of leading dimensions.
        weight: (O, K), or (K) for a single output without dimension.
        bias: (O).

    Returns:
        (..., O).

    Raises:
        RuntimeError: sizes or types don't match.

    Example:
        >>> import tatami
        >>> x, weight = tatami.ones(2, 3), tatami.ones(4, 3)
        >>> tatami.nn.functional.linear(x, weight).shape
        torch.Size([2, 4])
    """
    x, w = input._array, weight._array
    if w.ndim != 2 or x.ndim == 0:
        return _unusual(input, weight, bias)
    outputs, features = w.shape
    if x.shape[-1] != features or x.dtype is not w.dtype:
        _check(x, input, weight)
    if bias is not None and bias._array.shape != (outputs,):
        return input.matmul(weight.t()) + bias.expand((*x.shape[:-1], w.shape[0]))
    if x.ndim != 2:
        return _flattened(input, weight, bias)
    if bias is None:
        return LinearWithoutBias.apply(input, weight)
    return Linear.apply(input, weight, bias)


def _flattened(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Take all leading dimensions for one."""
    shape = (*input._array.shape[:-1], weight._array.shape[0])
    if bias is None or not input._array.flags.c_contiguous:
        product = input.matmul(weight.t())
        return product if bias is None else product + bias
    rows = math.prod(shape[:-1])
    flat = Linear.apply(input.view(rows, input._array.shape[-1]), weight, bias)
    return flat.view(shape)


def _unusual(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Take a weight that is a vector, or refuse what is no matrix."""
    if weight._array.ndim == 1 and bias is not None:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    return input.matmul(weight.t())


def _check_bilinear(x1: Any, x2: Any, weight: Any, bias: Any) -> None:
    if len(x1) != len(x2):
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {len(x1)} and {len(x2)}"
        )
    for i, (first, second) in enumerate(zip(x1[:-1], x2[:-1], strict=True)):
        if first != second:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {i}: got "
                f"{first} and {second}"
            )
    parts = ("input1", x1[-1:], 1), ("input2", x2[-1:], 2), ("bias", bias, 0)
    for name, shape, place in parts:
        if shape and shape[0] != weight[place]:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {shape[0]} "
                f"but expected {weight[place]}"
            )


def bilinear(
    input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Combine two inputs through one matrix for each output: x1^T W x2 + b.

    Args:
        input1: (..., I).
        input2: (..., J), the same leading dimensions.
        weight: (O, I, J).
        bias: (O).

    Returns:
        (..., O).

    Raises:
        RuntimeError: sizes don't match.

    Example:
        >>> import tatami
        >>> a, b = tatami.ones(1, 2), tatami.ones(1, 3)
        >>> tatami.nn.functional.bilinear(a, b, tatami.ones(4, 2, 3))
        tensor([[6., 6., 6., 6.]])
    """
    x1, x2, w = input1._array.shape, input2._array.shape, weight._array.shape
    _check_bilinear(x1, x2, w, () if bias is None else bias._array.shape)
    O, first, second = w
    rows = input1.reshape(-1, first), input2.reshape(-1, second)
    halfway = (rows[0] @ weight.transpose(0, 1).reshape(first, -1)).view(-1, O, second)
    total = (halfway @ rows[1].unsqueeze(-1)).view((*x1[:-1], O))
    return total if bias is None else total + bias
