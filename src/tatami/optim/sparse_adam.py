"""SparseAdam, which needs sparse gradients."""

from __future__ import annotations

from typing import Any

from .optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Say that gradients are dense here, and which optimizer does the same.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "SparseAdam works on sparse gradients, and gradients are always dense in "
            "tatami: use Adam, and leave out sparse=True of the Embedding"
        )
