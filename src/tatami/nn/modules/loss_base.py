"""The base of losses."""

from __future__ import annotations

import warnings
from typing import Any

from ...tensor import Tensor
from .module import Module

__all__: list[str] = []


def _reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return what the two deprecated arguments mean, if one of them is given."""
    if size_average is None and reduce is None:
        return reduction
    average = size_average is None or size_average
    wanted = "none" if reduce is False else "mean" if average else "sum"
    warnings.warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{wanted}' instead.",
        stacklevel=4,
    )
    return wanted


class _Loss(Module):
    """Base of losses: ``'mean'`` or ``'sum'`` of all, or ``'none'`` of it."""

    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction = _reduction(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """Base of losses with a weight for each class or element."""

    weight: Any

    def __init__(
        self, weight: Tensor | None = None, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
