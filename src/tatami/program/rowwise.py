"""Kernels that work row by row: part of a batch gives the same part of the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .trace import Call, Ref

__all__ = ["Rows", "rows_of"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a call does with the first dimension of a batch.

    Attributes:
        count: how many rows there are.
        taken: places of the arguments of which row i of the results needs row i only;
            the results need the others whole.
        lengths: places of the arguments that are shapes of batches.
        made: how many of the results are batches; the others are sums over one.
    """

    count: int
    taken: tuple[int, ...]
    lengths: tuple[int, ...] = ()
    made: int = 1


def rows_of(call: Call) -> Rows | None:
    """Return what a call does with a batch, or None if it takes it whole."""
    rule = _RULES.get(call.name)
    if rule is None or call.kwargs or not call.results:
        return None
    rows = rule(call)
    if rows is None:
        return None
    batches = [call.args[i] for i in rows.taken] + list(call.results[: rows.made])
    alike = all(
        isinstance(x, Ref) and x.shape[:1] == (rows.count,) and min(x.strides) >= 0
        for x in batches
    )
    return rows if alike else None


_Rule = Callable[[Call], Rows | None]


def _first(call: Call, place: int = 0) -> int:
    shape = call.args[place].shape
    return int(shape[0]) if shape else 0


def _image(call: Call) -> Rows:
    """The first argument is a batch, as convolutions and poolings take it."""
    return Rows(_first(call), (0,), made=len(call.results))


def _back_to_image(call: Call) -> Rows:
    """A gradient, the weight, and the shape of the input."""
    return Rows(_first(call), (0,), (2,))


def _back_to_weight(call: Call) -> Rows:
    return Rows(_first(call), (0, 1), made=0)


def _back_through_pool(call: Call) -> Rows:
    return Rows(_first(call), (0, 1), (2,))


def _back_through_average(call: Call) -> Rows:
    return Rows(_first(call), (0,), (1,))


def _back_by_tiles(call: Call) -> Rows:
    return Rows(_first(call), (0, 1, 2))


def _back_by_code(call: Call) -> Rows:
    return Rows(_first(call), (0, 1, 2), made=int(call.args[3] is not None))


def _product(call: Call) -> Rows | None:
    a, b = call.args[:2]
    return Rows(_first(call), (0,)) if len(a.shape) >= 2 == len(b.shape) else None


def _masked_product(call: Call) -> Rows | None:
    return Rows(_first(call), (0, 2)) if len(call.args[1].shape) == 2 else None


def _linear(call: Call) -> Rows | None:
    return Rows(_first(call), (0,)) if len(call.args[0].shape) == 2 else None


def _affine_product(call: Call) -> Rows | None:
    return Rows(_first(call, 1), (1,)) if len(call.args[0].shape) == 1 else None


def _along(call: Call) -> Rows | None:
    """The last argument is a dimension that must lie within a row."""
    *operands, dim = call.args
    rank = len(operands[0].shape)
    taken = tuple(range(len(operands)))
    return Rows(_first(call), taken) if rank and dim % rank else None


def _summed(call: Call) -> Rows | None:
    """The sum over the batch, and perhaps over further dimensions."""
    x, dims, keepdim = call.args
    over = [dim % max(len(x.shape), 1) for dim in dims]
    return Rows(_first(call), (0,), made=0) if 0 in over and not keepdim else None


def _picked(call: Call) -> Rows | None:
    """The gradient of the mean or the sum of losses at targets."""
    return Rows(_first(call, 1), (1,), (6,)) if not call.args[0].shape else None


def _elementwise(call: Call) -> Rows | None:
    """Elements by elements, with broadcasting."""
    result = call.results[0]
    if len(call.results) != 1 or not result.shape:
        return None
    operands = [(i, x) for i, x in enumerate(call.args) if isinstance(x, Ref)]
    taken = tuple(
        i
        for i, x in operands
        if len(x.shape) == len(result.shape) and x.shape[0] == result.shape[0]
    )
    return Rows(result.shape[0], taken) if taken else None


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(
        (
            "convolution", "convolution_relu", "convolution_max_pool",
            "convolution_max_pool_infer", "max_pool", "max_pool_tiles", "avg_pool",
            "adaptive_avg_pool",
        ),
        _image,
    ),
    **dict.fromkeys(
        (
            "abs", "add", "binary_cross_entropy", "cast", "clip", "copy", "cos", "div",
            "eq", "exp", "ge", "gelu", "gelu_grad", "gt", "le", "log", "lt", "maximum",
            "minimum", "mul", "ne", "neg", "pow", "reciprocal", "relu", "rsqrt",
            "sigmoid", "sign", "silu", "silu_grad", "sin", "sqrt", "square", "sub",
            "tanh", "threshold_backward", "where",
        ),
        _elementwise,
    ),
    **dict.fromkeys(
        ("log_softmax", "log_softmax_grad", "softmax", "softmax_grad"), _along
    ),
    "addmm": _affine_product,
    "adaptive_avg_pool_grad": _back_through_average,
    "avg_pool_grad": _back_through_average,
    "convolution_grad_input": _back_to_image,
    "convolution_grad_weight": _back_to_weight,
    "convolution_max_pool_grad": _back_by_code,
    "linear_relu": _linear,
    "matmul": _product,
    "matmul_masked": _masked_product,
    "max_pool_grad": _back_through_pool,
    "max_pool_tiles_grad": _back_by_tiles,
    "nll_loss_grad": _picked,
    "sum": _summed,
}  # fmt: skip
