"""Selecting an element by its rank or its frequency."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels, size
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method
from .door import public
from .extrema import Choose, chosen, spread_evenly
from .results import named

__all__ = ["kthvalue", "median", "mode", "nanmedian"]

median_result = named("median", "values", "indices")
nanmedian_result = named("nanmedian", "values", "indices")
mode_result = named("mode", "values", "indices")
kthvalue_result = named("kthvalue", "values", "indices")


class MedianDim(Choose):
    node_name = "MedianBackward1"

    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        return kernels.median(array, dim, False)


class NanmedianDim(Choose):
    node_name = "NanmedianBackward1"

    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        return kernels.median(array, dim, True)


class Median(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, skip_nan: bool) -> np.ndarray:
        flat = array.reshape(-1)
        ctx.dims = tuple(range(array.ndim))
        if flat.size:
            place = kernels.median(flat, 0, skip_nan)
            result = kernels.copy(flat[place])
        else:
            missing = np.nan if array.dtype.kind == "f" else np.iinfo(array.dtype).min
            result = kernels.full((), missing, array.dtype)
        ctx.save_for_backward(array, result)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, result = ctx.saved_tensors
        return spread_evenly(grad_output, x, result, ctx.dims)


class Nanmedian(Median):
    node_name = "NanmedianBackward0"


@tensor_method()
@public
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the middle element, the lower of two; NaN if there is one.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; all elements are looked at if left out.
        keepdim: leave the dimension in, with length 1.

    Returns:
        A tensor; with a dimension, ``values`` and ``indices``.

    Example:
        >>> import tatami
        >>> tatami.median(tatami.tensor([4.0, 1.0, 3.0, 2.0]))
        tensor(2.)
    """
    if dim is None:
        return Median.apply(input, False)
    return chosen(MedianDim, median_result, input, dim, keepdim)


@tensor_method()
@public
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the middle of the elements that are not NaN, the lower of two.

    Args:
        input: tensor of any shape.
        dim: dimension to look along; all elements are looked at if left out.
        keepdim: leave the dimension in, with length 1.

    Returns:
        A tensor; with a dimension, ``values`` and ``indices``.

    Example:
        >>> import tatami
        >>> tatami.nanmedian(tatami.tensor([4.0, float("nan"), 3.0]))
        tensor(3.)
    """
    if dim is None:
        return Nanmedian.apply(input, True)
    return chosen(NanmedianDim, nanmedian_result, input, dim, keepdim)


class Mode(Choose):
    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        return kernels.mode(array, dim)


@tensor_method()
@public
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the most frequent element along a dimension, the least of several.

    Args:
        input: tensor of any shape.
        dim: dimension to look along.
        keepdim: leave it in, with length 1.

    Returns:
        ``values`` and ``indices``.

    Example:
        >>> import tatami
        >>> tatami.mode(tatami.tensor([3, 1, 3, 2])).values
        tensor(3)
    """
    return chosen(Mode, mode_result, input, dim, keepdim)


class Kthvalue(Choose):
    @staticmethod
    def find(array: np.ndarray, dim: int, *options: Any) -> np.ndarray:
        order = kernels.sort(array, dim, False)[1]
        return np.asarray(order.take(options[0] - 1, dim))


@tensor_method()
@public
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the ``k``-th smallest element along a dimension, counted from 1.

    Args:
        input: tensor of any shape.
        k: rank of the wanted element.
        dim: dimension to look along.
        keepdim: leave it in, with length 1.

    Returns:
        ``values`` and ``indices``.

    Raises:
        RuntimeError: there are not that many elements.

    Example:
        >>> import tatami
        >>> tatami.kthvalue(tatami.tensor([4, 1, 3]), 2).values
        tensor(3)
    """
    place = size.normalize_dim(dim, input._array.ndim)
    length = input._array.shape[place] if input._array.ndim else 1
    if not 1 <= k <= length:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension "
                           f"{place}")  # fmt: skip
    return chosen(Kthvalue, kthvalue_result, input, dim, keepdim, k)
