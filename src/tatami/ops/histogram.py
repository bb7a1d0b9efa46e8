"""Counting how often values come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..tensor import Tensor, tensor_method, wrap
from .door import public, refuse_type
from .results import named

__all__ = ["bincount", "histc", "histogram", "histogramdd"]

histogram_result = named("histogram", "hist", "bin_edges")
histogramdd_result = named("histogramdd", "hist", "bin_edges")


@tensor_method()
@public
def bincount(
    input: Tensor, weights: Tensor | None = None, minlength: int = 0
) -> Tensor:
    """Count how often each of the numbers 0, 1, 2, ... comes.

    Args:
        input: tensor of one dimension of integers that are not negative.
        weights: what each element counts; one if left out.
        minlength: least length of the result.

    Raises:
        RuntimeError: numbers are negative, or sizes differ.

    Example:
        >>> import tatami
        >>> tatami.bincount(tatami.tensor([1, 3, 1]))
        tensor([0, 2, 0, 1])
    """
    refuse_type("bincount_cpu", input, "fb")
    numbers = input._array
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if numbers.ndim != 1 or (numbers.size and numbers.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(kernels.bincount(numbers, None, minlength))
    if weights._array.shape != numbers.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = np.float32 if weights._array.dtype == np.float32 else np.float64
    return wrap(
        kernels.cast(kernels.bincount(numbers, weights._array, minlength), kind)
    )


def _range(
    array: np.ndarray, low: float, high: float, margin: float
) -> tuple[float, float]:
    """Return the range of a histogram: that of the elements if none is given."""
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    return (low - margin, high + margin) if low == high else (low, high)


@tensor_method()
@public
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Count the elements in bins of equal width.

    Args:
        input: floating-point tensor.
        bins: number of bins.
        min: start of the first bin; with ``max`` equal, that of the elements.
        max: end of the last bin.

    Raises:
        RuntimeError: ``max`` is less than ``min``, or there are no bins.

    Example:
        >>> import tatami
        >>> tatami.histc(tatami.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
        tensor([0., 2., 1., 0.])
    """
    refuse_type(
        "histogram_cpu", input, "bf" if input._array.dtype == np.float16 else "b"
    )
    if bins <= 0:
        raise RuntimeError(
            f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
        )
    array = input._array.reshape(-1)
    low, high = _range(array, min, max, 1)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    edges = kernels.cast(np.linspace(low, high, bins + 1), array.dtype)
    counts = _equal_bins(array, low, high, bins) if array.dtype.kind == "f" else (
        kernels.histogram(array, edges, None)
    )  # fmt: skip
    return wrap(kernels.cast(counts, array.dtype))


def _equal_bins(array: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    edges = np.linspace(low, high, bins + 1)
    return kernels.histogram(array, edges, None)


@tensor_method()
@public
def histogram(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False,
) -> Any:  # fmt: skip
    """Count the elements between edges.

    Args:
        input: floating-point tensor.
        bins: number of bins of equal width, or a tensor of edges in order.
        range: start of the first bin and end of the last; that of the elements if
            left out.
        weight: what each element counts; one if left out.
        density: divide by the total and by the width of the bin.

    Returns:
        ``hist`` and ``bin_edges``.

    Example:
        >>> import tatami
        >>> tatami.histogram(tatami.tensor([1.0, 2.0, 1.0]), 2, range=(0, 3)).hist
        tensor([2., 1.])
    """
    refuse_type("histogram_cpu", input, "biu")
    array = input._array.reshape(-1)
    edges = _edges(array, bins, range)
    weights = None if weight is None else weight._array.reshape(-1)
    counts = kernels.histogram(array, edges, weights)
    if density:
        counts = counts / (counts.sum() * np.diff(edges))
    return histogram_result([wrap(kernels.cast(counts, array.dtype)), wrap(edges)])


def _edges(array: np.ndarray, bins: Any, limits: Sequence[float] | None) -> np.ndarray:
    """Return the edges of bins: those given, or of bins of equal width."""
    if isinstance(bins, Tensor):
        return bins._array
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins}")
    if limits is None:
        limits = _range(array, 0, 0, 0)
    low, high = limits
    if low == high:
        low, high = low - 0.5, high + 0.5
    return kernels.cast(np.linspace(low, high, bins + 1), array.dtype)


@public
def histogramdd(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False,
) -> Any:  # fmt: skip
    """Count points between edges along each of their coordinates.

    Args:
        input: (points, coordinates).
        bins: number of bins, one for each coordinate, or tensors of edges.
        range: start and end for each coordinate, in a row.
        weight: what each point counts; one if left out.
        density: divide by the total and by the volume of the bin.

    Returns:
        ``hist`` and ``bin_edges``, a tuple with the edges along each coordinate.

    Example:
        >>> import tatami
        >>> tatami.histogramdd(tatami.tensor([[0.0, 1.0], [1.0, 0.0]]), 2).hist
        tensor([[0., 1.],
                [1., 0.]])
    """
    refuse_type("histogramdd_cpu", input, "biu")
    points = input._array.reshape(-1, input._array.shape[-1])
    count = points.shape[1]
    each = [bins] * count if isinstance(bins, int) else list(bins)
    limits = [None] * count if range is None else [
        tuple(range[2 * i : 2 * i + 2]) for i in np.arange(count).tolist()
    ]  # fmt: skip
    edges = [
        _edges(column, wanted, limit)
        for column, wanted, limit in zip(points.T, each, limits, strict=True)
    ]
    weights = None if weight is None else weight._array.reshape(-1)
    counts = kernels.histogramdd(points, edges, weights)
    if density:
        volume = np.array(1.0)
        for edge in edges:
            volume = np.multiply.outer(volume, np.diff(edge))
        counts = counts / (counts.sum() * volume)
    hist = wrap(kernels.cast(counts, points.dtype))
    return histogramdd_result([hist, tuple(wrap(edge) for edge in edges)])
