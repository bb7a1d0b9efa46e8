"""The backward pass: walk the graph once, newest step first.

Steps carry a sequence number, so descending order is a topological order, and sums of
gradients are formed in the order PyTorch forms them. The engine knows no operation.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..kernels import native
from ..tensor import Tensor, wrap
from . import grad_mode
from .accumulate import accumulate, sole
from .anomaly import check_nan
from .node import Node, edge_to

__all__ = ["passes", "run"]

_sequence = attrgetter("sequence")
# Passes that came before and are replayed; the walk below defines what they do.
_replays = kernels.in_use == "native" and os.environ.get("TATAMI_REPLAY") != "0"
passes: Any = native.Passes() if _replays else None


class _Pass:
    """One walk: the gradients on their way and what is known of the graph."""

    def __init__(self, keep_graph: bool, create_graph: bool) -> None:
        self.keep_graph = keep_graph
        self.create_graph = create_graph
        self.check_nan = grad_mode.state.check_nan
        self.buffers: dict[Node, list[Tensor | None]] = {}
        self.owned: set[tuple[Any, int]] = set()
        self.leaves: dict[Tensor, Tensor | None] = {}
        self.waiting: dict[Tensor, int] = {}
        self.wanted: set[Node] | None = None
        self.captured: dict[tuple[Any, int], Tensor | None] = {}

    def reachable(self, roots: Sequence[tuple[Any, int]]) -> list[Node]:
        """Return the steps below ``roots``, newest first.

        Count the edges of the leaves that have more than one.
        """
        waiting = self.waiting
        seen: set[Any] = set()
        order: list[Node] = []
        stack: list[Any] = [roots]
        while stack:
            for edge in stack.pop():
                if not edge:
                    continue
                target = edge[0]
                if target not in seen:
                    seen.add(target)
                    if not isinstance(target, Tensor):
                        order.append(target)
                        stack.append(target.edges)
                elif isinstance(target, Tensor):
                    waiting[target] = waiting.get(target, 1) + 1
        order.sort(key=_sequence, reverse=True)
        return order

    def restrict(self, order: list[Node], inputs: Sequence[tuple[Any, int]]) -> None:
        """Mark the steps that lead to ``inputs``; the others need not run."""
        ends = {target for target, _ in inputs}
        wanted: set[Any] = set()
        for node in reversed(order):
            for edge in node.edges:
                if edge and (edge[0] in ends or edge[0] in wanted):
                    wanted.add(node)
                    break
        self.wanted = wanted
        self.captured = dict.fromkeys(inputs)

    def deliver(self, edge: tuple[Any, int], gradient: Tensor | None) -> None:
        """Bring a gradient to the start of an edge, adding to what is there."""
        target, number = edge
        if isinstance(target, Tensor):
            self._deliver_leaf(target, gradient)
        elif gradient is not None:
            slots = self.buffers.get(target)
            if slots is None:
                slots = self.buffers[target] = [None] * target.outputs
            known = slots[number]
            slots[number] = (
                gradient if known is None else self._sum(known, gradient, edge)
            )

    def _deliver_leaf(self, leaf: Tensor, gradient: Tensor | None) -> None:
        """Add a gradient to those of a leaf; the last one finishes it."""
        if leaf in self.waiting:
            count = self.waiting[leaf] - 1
            self.waiting[leaf] = count
            known = self.leaves.pop(leaf, None)
            if known is not None:
                if gradient is not None:
                    gradient = self._sum(known, gradient, (leaf, 0))
                else:
                    gradient = known
                known = None
            if count:
                self.leaves[leaf] = gradient
                return
        if gradient is None:
            return
        if leaf._hooks or self.wanted is not None:
            gradient = self._captured(leaf, gradient)
        if gradient is not None:
            accumulate(leaf, gradient, self.create_graph)
            if leaf._post_hooks:
                for hook in list(leaf._post_hooks.values()):
                    hook(leaf)

    def _sum(self, known: Tensor, more: Tensor, place: tuple[Any, int]) -> Tensor:
        """Own the sum of a borrowed gradient and another; add in place from then on."""
        if self.create_graph:
            return known + more
        out = known._array if place in self.owned else None
        self.owned.add(place)
        return wrap(kernels.add(known._array, more._array, out=out))

    def _captured(self, leaf: Tensor, gradient: Tensor) -> Tensor | None:
        """Return what the hooks make of a gradient; None if it is not for ``grad``."""
        if leaf._hooks:
            gradient = call_tensor_hooks(leaf._hooks, gradient)
        if self.wanted is None:
            return gradient
        if (leaf, 0) in self.captured:
            self.captured[leaf, 0] = gradient
        return None

    def walk(self, order: list[Node]) -> None:
        """Run each step on the gradients of its outputs."""
        wanted, buffers = self.wanted, self.buffers
        for node in order:
            gradients = buffers.pop(node, None)
            if gradients is not None and (node.hooked or wanted is not None):
                gradients = self._hooked(node, gradients)
            if gradients is None or (wanted is not None and node not in wanted):
                for edge in node.edges:
                    if edge:
                        self.deliver(edge, None)
            else:
                self._step(node, gradients)

    def _hooked(self, node: Node, gradients: list[Any]) -> list[Any]:
        for number, hooks in (node.tensor_hooks or {}).items():
            if gradients[number] is not None:
                gradients[number] = call_tensor_hooks(hooks, gradients[number])
        for number, keep in (node.retain_hooks or {}).items():
            if gradients[number] is not None:
                keep(gradients[number], self.create_graph)
        for number, gradient in enumerate(gradients):
            if (node, number) in self.captured:
                self.captured[node, number] = gradient
        for hook in list((node.pre_hooks or {}).values()):
            changed = hook(tuple(gradients))
            if changed is not None:
                single = isinstance(changed, Tensor)
                gradients = [changed] if single else list(changed)
        return gradients

    def _step(self, node: Node, gradients: list[Any]) -> None:
        results = node.backward(*gradients)
        if type(results) is not tuple:
            results = tuple(results) if isinstance(results, tuple) else (results,)
        if self.check_nan:
            check_nan(node.name(), results)
        if node.hooks:
            results = call_node_hooks(node, results, gradients)
        gradients.clear()
        if not self.keep_graph:
            node.release()
        edges, buffers = node.edges, self.buffers
        for edge, gradient in zip(edges, results, strict=False):
            if not edge:
                continue
            target = edge[0]
            if isinstance(target, Tensor):
                self._deliver_leaf(target, gradient)
            elif gradient is not None:
                if target.outputs == 1 and target not in buffers:
                    buffers[target] = [gradient]
                else:
                    self.deliver(edge, gradient)
        if len(results) < len(edges):
            for edge in edges[len(results) :]:
                if edge:
                    self.deliver(edge, None)


def call_tensor_hooks(hooks: dict[int, Any], gradient: Tensor) -> Tensor:
    """Let each hook replace the gradient."""
    for hook in list(hooks.values()):
        changed = hook(gradient)
        if changed is not None:
            gradient = changed
    return gradient


def call_node_hooks(node: Node, results: tuple[Any, ...], gradients: Any) -> Any:
    """Let each hook of a step replace the gradients of its inputs."""
    assert node.hooks is not None
    for hook in list(node.hooks.values()):
        changed = hook(results, tuple(gradients))
        if changed is not None:
            results = changed if isinstance(changed, tuple) else (changed,)
    return results


def run(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor],
    keep_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> list[Tensor | None]:
    """Walk the graph below ``outputs``; return the gradients of ``inputs`` if given."""
    plain = inputs is None and not create_graph and not grad_mode.state.check_nan
    if passes is None or not plain:
        return _walk(outputs, gradients, keep_graph, create_graph, inputs)
    default = dtypes.get_default_dtype()
    known = passes.run(outputs, gradients, keep_graph, default)
    if known is True:
        return []
    if known is None:
        return _walk(outputs, gradients, keep_graph, create_graph, inputs)
    from ..program.backward import record_pass

    return record_pass(known, _walk, outputs, gradients, keep_graph)


def _walk(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor],
    keep_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> list[Tensor | None]:
    walk = _Pass(keep_graph, create_graph)
    roots = [edge for edge in map(edge_to, outputs) if edge is not None]
    order = walk.reachable(roots)
    ends = [] if inputs is None else [_end(tensor) for tensor in inputs]
    if inputs is not None:
        walk.restrict(order, ends)
    state = grad_mode.state
    recorded, state.enabled = state.enabled, create_graph
    try:
        for root, gradient in zip(roots, gradients, strict=True):
            walk.deliver(root, gradient)
        walk.walk(order)
    finally:
        state.enabled = recorded
    return [walk.captured.get(end) for end in ends]


def _end(tensor: Tensor) -> tuple[Any, int]:
    edge = edge_to(tensor)
    assert edge is not None
    return edge


class _Probe(Node):
    """A step whose gradient nobody but the pass holds."""

    def backward(self, *gradients: Any) -> Any:
        """Return a fresh gradient."""
        return wrap(np.ones(1))


def _count_references() -> None:
    leaf, output, node = wrap(np.ones(1)), wrap(np.ones(1)), _Probe()
    leaf._requires_grad = output._requires_grad = True
    node.edges, output._node = [(leaf, 0)], node
    sole.counting = True
    run([output], [wrap(np.ones(1))], False, False)
    sole.counting = False


_count_references()
