"""Nodes: recorded steps, the values they keep, and the edges between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..fields import NodeFields, SavedFields
from ..tensor import Tensor, wrap
from .hooks import RemovableHandle

__all__ = ["AccumulateGrad", "Node", "Saved", "as_node", "edge_to", "save", "saved_log"]

_FREED = (
    "Trying to backward through the graph a second time (or directly access saved "
    "tensors after they have already been freed). Saved intermediate values of the "
    "graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if "
    "you need to access saved tensors after calling backward."
)

# Steps whose name has a C++ namespace in PyTorch; their class name has not.
_FULL_NAMES = {
    name: f"torch::autograd::{name}"
    for name in ("AccumulateGrad", "CopyBackwards", "CopySlices", "Error")
}

# In the place of an edge, for an argument that is not a tensor.
NO_TENSOR = ()

# Filled by an in-place operation with what is saved while it computes.
saved_log: list[list[Saved]] = []


class Saved(SavedFields):
    """One saved value: the numbers, and what is needed to see they are unchanged."""

    @classmethod
    def of(cls, source: Tensor) -> Saved:
        """Return a tensor as it is now."""
        entry = cls()
        entry.array = source._array
        entry.counter = counter = source._counter
        entry.version = counter[0]
        if source._requires_grad:
            if source._node is None:
                entry.leaf = source
            else:
                entry.node, entry.output_nr = source._node, source._output_nr
        return entry

    def unpack(self, owner: Node) -> Tensor:
        """Return the value as a tensor with its place in the graph."""
        counter = self.counter
        if counter is not None and counter[0] != self.version:
            raise RuntimeError(_modified(self, owner))
        if self.leaf is not None:
            return self.leaf
        tensor = wrap(self.array)
        if self.output_nr >= 0:
            tensor._node, tensor._output_nr = self.node or owner, self.output_nr
            tensor._requires_grad = True
        return tensor


def _modified(saved: Saved, owner: Node) -> str:
    assert saved.counter is not None
    maker = saved.node
    if saved.output_nr >= 0 and maker is None:
        maker = owner
    origin = ""
    if maker is not None:
        name = maker.name().partition("Backward")[0]
        origin = f", which is output {saved.output_nr} of {name},"
    return (
        "one of the variables needed for gradient computation has been modified by an "
        f"inplace operation: [{_type_name(saved.array)} {list(saved.array.shape)}]"
        f"{origin} is at version {saved.counter[0]}; expected version {saved.version} "
        "instead. Hint: enable anomaly detection to find the operation that failed to "
        "compute its gradient, with torch.autograd.set_detect_anomaly(True, "
        "check_nan=False)."
    )


def _type_name(array: np.ndarray) -> str:
    names = {"float32": "Float", "float64": "Double", "float16": "Half"}
    names |= {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char"}
    names |= {"uint8": "Byte", "bool": "Bool"}
    return f"torch.{names[array.dtype.name]}Tensor"


class Node(NodeFields):
    """One recorded step: the context of its forward and the way back through it."""

    materialize = True
    # Whether the way back depends on nothing but the gradients and what is kept.
    replayable = False
    outputs = 1
    operation: Any = None
    hooked = False
    hooks: dict[int, Any] | None = None
    pre_hooks: dict[int, Any] | None = None
    tensor_hooks: dict[int, dict[int, Any]] | None = None
    retain_hooks: dict[int, Any] | None = None
    _label = "Node"
    _inputs: tuple[Any, ...] = ()

    def _refuse_freed(self) -> None:
        raise RuntimeError(_FREED)

    @property
    def saved_arrays(self) -> tuple[Any, ...]:
        """The saved values as bare arrays, checked for modification."""
        return tuple(None if t is None else t._array for t in self.saved_tensors)

    def release(self) -> None:
        """Forget the saved values."""
        self.saved = None

    def backward(self, *gradients: Any) -> Any:
        """Return the gradients of the inputs from those of the outputs."""
        raise NotImplementedError(f"{self.name()} can't be differentiated")

    def name(self) -> str:
        """Return the name PyTorch gives the node."""
        return _FULL_NAMES.get(self._label, self._label)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes the gradients go to; leaves show as AccumulateGrad."""
        return tuple(
            (as_node(edge[0]), edge[1]) if edge else (None, 0)
            for edge in self.edges
            if edge is not NO_TENSOR
        )

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary to keep notes in."""
        return self.__dict__.setdefault("_metadata", {})

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after the step has run."""
        if self.hooks is None:
            self.hooks = {}
        return RemovableHandle.add(self.hooks, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before the step runs."""
        self.hooked = True
        if self.pre_hooks is None:
            self.pre_hooks = {}
        return RemovableHandle.add(self.pre_hooks, hook)

    def __repr__(self) -> str:
        return f"<{self._label} object at {hex(id(self))}>"


class AccumulateGrad(Node):
    """Stand for a leaf in ``next_functions``; the engine goes to the leaf itself."""

    _label = "AccumulateGrad"

    def __init__(self, variable: Tensor) -> None:
        super().__init__()
        self.variable = variable


def as_node(target: Any) -> Node:
    """Return a node, or one that stands for a leaf."""
    return AccumulateGrad(target) if isinstance(target, Tensor) else target


def edge_to(tensor: Tensor) -> tuple[Any, int] | None:
    """Return where the gradient of ``tensor`` goes, or None if nowhere."""
    if not tensor._requires_grad:
        return None
    return (tensor._node or tensor, tensor._output_nr)


def save(node: Node, inputs: Sequence[Any], outputs: Sequence[Tensor]) -> None:
    """Keep what the forward asked to keep, each with its place in the graph."""
    entries: list[Any] = []
    for value in node._to_save:
        if value is None:
            entries.append(None)
            continue
        for tensor in inputs:
            if isinstance(tensor, Tensor) and (
                tensor._array is value or tensor is value
            ):
                entries.append(Saved.of(tensor))
                break
        else:
            entries.append(_entry(value, outputs))
    node.saved = entries
    node._to_save = ()
    if saved_log:
        saved_log[-1].extend(x for x in entries if type(x) is Saved)


def _entry(value: Any, outputs: Sequence[Tensor]) -> Any:
    for i, tensor in enumerate(outputs):
        if tensor._array is value or tensor is value:
            return _entry_of_output(tensor, i)
    if isinstance(value, Tensor):
        return Saved.of(value)
    if not isinstance(value, np.ndarray):
        return value
    entry = Saved()
    entry.array = value
    return entry


def _entry_of_output(tensor: Tensor, i: int) -> Saved:
    """Keep an output without its node: the node must not hold itself."""
    entry = Saved()
    entry.array, entry.counter = tensor._array, tensor._counter
    entry.version = tensor._counter[0]
    if tensor._requires_grad:
        entry.output_nr = i
    return entry
