"""Numbers at equal distances, and the identity matrix."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..tensor import Tensor
from .door import public
from .filled import check_layout, finish, kind_of

__all__ = ["arange", "eye", "linspace", "logspace", "range"]


def numbers(*values: Any) -> tuple[Any, ...]:
    """Return tensors without dimensions as the numbers they hold."""
    return tuple(x.item() if isinstance(x, Tensor) else x for x in values)


def _check_range(start: Any, end: Any, step: Any) -> None:
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")


@public
def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Count from ``start`` up to, but not including, ``end``.

    Args:
        start: first number; with a single argument, the end of a count from 0.
        end: where to stop.
        step: distance between two numbers.
        dtype: type of the elements; int64 if all three are integers.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: the step is zero or leads away from the end.

    Example:
        >>> import tatami
        >>> tatami.arange(1, 6, 2)
        tensor([1, 3, 5])
    """
    check_layout(layout)
    if end is None:
        start, end = 0, start
    start, end, step = numbers(start, end, step)
    if kind_of(dtype) == np.int64:
        start, end, step = int(start), int(end), int(step)
    _check_range(start, end, step)
    if dtype is None:
        whole = all(isinstance(x, (int, np.integer)) for x in (start, end, step))
        dtype = dtypes.int64 if whole else None
    count = math.ceil((end - start) / step)
    counted = start + np.arange(count) * step
    return finish(kernels.cast(counted, kind_of(dtype)), device, requires_grad)


@public
def range(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Count from ``start`` up to, and including, ``end``; ``arange`` replaces it.

    Example:
        >>> import tatami, warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     tatami.range(1, 3)
        tensor([1., 2., 3.])
    """
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its "
        "behavior is inconsistent with Python's range builtin. Instead, use torch."
        "arange, which produces values in [start, end).",
        UserWarning, stacklevel=3,
    )  # fmt: skip
    check_layout(layout)
    if end is None:
        start, end = 0, start
    start, end, step = numbers(start, end, step)
    _check_range(start, end, step)
    count = math.floor((end - start) / step) + 1
    counted = start + np.arange(count) * step
    return finish(kernels.cast(counted, kind_of(dtype)), device, requires_grad)


def _spaced(start: float, end: float, steps: int, kind: np.dtype[Any]) -> np.ndarray:
    """Return numbers at equal distances, reckoned from the nearer end."""
    inner = kind if kind.kind == "f" else np.dtype(np.float64)
    low, high = inner.type(start), inner.type(end)
    if steps < 2:
        return np.full(steps, low)
    step = (high - low) / inner.type(steps - 1)
    places = np.arange(steps).astype(inner)
    above = low + step * places
    below = high - step * (inner.type(steps - 1) - places)
    return np.where(np.arange(steps) < steps // 2, above, below)


@public
def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return ``steps`` numbers at equal distances, both ends among them.

    Args:
        start: first number.
        end: last number.
        steps: how many.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: ``steps`` is negative.

    Example:
        >>> import tatami
        >>> tatami.linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000])
    """
    check_layout(layout)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = kind_of(dtype)
    start, end = numbers(start, end)
    spaced = kernels.cast(_spaced(start, end, steps, kind), kind)
    return finish(spaced, device, requires_grad)


@public
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return ``base`` to the power of ``steps`` numbers at equal distances.

    Args:
        start: first exponent.
        end: last exponent.
        steps: how many.
        base: what is raised to the powers.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: ``steps`` is negative.

    Example:
        >>> import tatami
        >>> tatami.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    check_layout(layout)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = kind_of(dtype)
    start, end = numbers(start, end)
    if kind.kind != "f":
        start, end = int(start), int(end)
    wide = np.dtype(np.float64)
    powers = kernels.pow(float(base), _spaced(start, end, steps, wide))
    return finish(kernels.cast(powers, kind), device, requires_grad)


@public
def eye(
    n: int, m: int | None = None, *, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return a matrix with ones on the diagonal and zeros elsewhere.

    Args:
        n: number of rows.
        m: number of columns; that of rows if left out.
        dtype: type of the elements; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: a number is negative.

    Example:
        >>> import tatami
        >>> tatami.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    check_layout(layout)
    for name, count in (("n", n), ("m", n if m is None else m)):
        if count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    return finish(np.eye(n, m, dtype=kind_of(dtype)), device, requires_grad)
