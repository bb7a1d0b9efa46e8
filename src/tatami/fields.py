"""What tensors, nodes and saved values consist of.

The classes here define it. The compiled extension has the same ones, whose fields lie
in the objects themselves, where its recording of operations reads them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import kernels
from .kernels import native

__all__ = ["NodeFields", "SavedFields", "TensorFields"]

_sequence = itertools.count()


class TensorFields:
    """The elements of a tensor, the version of their memory, and its history."""

    _array: np.ndarray
    _counter: list[int]
    _node: Any = None
    _output_nr: int = 0
    _requires_grad: bool = False
    _base: Any = None
    _view_version: int = 0
    _grad: Any = None
    _hooks: Any = None
    _post_hooks: Any = None

    def __new__(cls, *args: Any, **options: Any) -> Any:
        tensor = object.__new__(cls)
        tensor._counter = [0]
        return tensor


class NodeFields:
    """Where gradients go from a step, and what it keeps for computing them."""

    edges: Sequence[Any] = ()
    saved: Sequence[Any] | None = ()
    needs_input_grad: tuple[bool, ...] = ()
    sequence: int
    _to_save: tuple[Any, ...] = ()

    def __new__(cls, *args: Any, **options: Any) -> Any:
        node = object.__new__(cls)
        node.sequence = next(_sequence)
        return node

    def save_for_backward(self, *values: Any) -> None:
        """Keep arrays or tensors of the forward for the backward."""
        self._to_save = values

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The saved values as tensors, in the order they were saved."""
        if self.saved is None:
            self._refuse_freed()
        values = []
        for entry in self.saved or ():
            is_saved = isinstance(entry, SavedFields)
            values.append(entry.unpack(self) if is_saved else entry)
        return tuple(values)

    def _refuse_freed(self) -> None:
        raise NotImplementedError


class SavedFields:
    """One saved value and its place in the graph."""

    array: np.ndarray
    version: int = 0
    counter: list[int] | None = None
    leaf: Any = None
    node: Any = None
    output_nr: int = -1

    def unpack(self, owner: Any) -> Any:
        """Return the value as a tensor."""
        raise NotImplementedError


if kernels.in_use == "native":
    globals().update(native.fields())
