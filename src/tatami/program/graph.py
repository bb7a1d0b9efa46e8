"""A captured function whose result has a graph: its forward and its backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import grad_mode
from ..autograd.node import Node, Saved, edge_to
from ..tensor import Tensor, wrap
from .captured import Array, Captured
from .machine import Machine, placed
from .record import result_ref

__all__ = ["CapturedGraph"]


class CompiledFunctionBackward(Node):
    """The step that a replayed forward leaves in the graph."""

    _label = "CompiledFunctionBackward"
    captured: CapturedGraph
    machine: Machine | None
    arrays: list[Array]

    def backward(self, *gradients: Any) -> Any:
        """Replay the way back."""
        if grad_mode.state.enabled:
            raise RuntimeError(
                "torch.compile with aot_autograd does not currently support double "
                "backward: call the function without tatami.compile to differentiate "
                "its gradients"
            )
        self.saved_tensors  # noqa: B018  raises if a saved tensor was changed
        return self.captured.walk(self, gradients)

    def release(self) -> None:
        """Give the memory of the saved values back."""
        super().release()
        self._give_back()

    def __del__(self) -> None:
        self._give_back()

    def _give_back(self) -> None:
        machine = self.__dict__.pop("machine", None)
        if machine is not None:
            self.captured.free.append(machine)


class CapturedGraph(Captured):
    """Stand for a function that returns tensors with a graph.

    What the forward saves lies in the memory of a machine, which belongs to the graph
    until its backward has run; a forward before that takes another machine.
    """

    def _prepare(self) -> None:
        backward = self.backward
        assert backward is not None
        trace = self._trace
        self.free: list[Machine] = []
        self._ends: list[tuple[int | None, Tensor, Any]] = []
        for end, gradient in zip(backward.leaves, backward.gradients, strict=True):
            if gradient is None:
                continue
            ref = result_ref(trace, gradient)
            kind = trace.buffers[ref.buffer].kind
            position = self._positions.get(id(end))
            kept = end if position is None else None
            self._ends.append((position, kept, ref))  # type: ignore[arg-type]
            if kind == "made" and ref.buffer not in self._kept:
                self._keep(ref, None)
            elif kind != "gradient":
                trace.stop("a gradient of it is another result")
        self._roots = [result_ref(trace, x) for x in backward.outputs]

    def _starts(self) -> list[int]:
        assert self.backward is not None
        return self.backward.starts

    def _build(self, trace: Any) -> None:
        super()._build(trace)
        self.free.append(self.machine)
        self._saved = self._needed_later()

    def _fast_way(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return None

    def _needed_later(self) -> list[Tensor | int]:
        """Return the lasting tensors and arguments that the backward reads."""
        used = {
            ref.buffer
            for call in self.plan.calls
            if call.phase == 1
            for ref in call.refs()
        }
        found: list[Tensor | int] = []
        for number in used:
            buffer = self.plan.buffers[number]
            if buffer.kind == "input":
                found.append(buffer.position)
            elif buffer.kind == "outside":
                found += [
                    tensor
                    for tensor in self.guards.tensors.values()
                    if tensor.data_ptr() == buffer.start
                ]
        return found

    def __call__(self, arguments: Sequence[Tensor]) -> Any:
        """Replay the forward; its result leads to the backward."""
        machine = self.free.pop() if self.free else self._another_machine()
        arrays = [
            *(arguments[i]._array for i in self.inputs),
            *(machine.own(number) for number in self._starts()),
            *(self._fresh(number) for number in self._kept),
        ]
        self._run(machine, arrays, 0)
        self._count(arguments)
        return self._template(arguments, self._wrapped(machine, arrays, arguments))

    def _another_machine(self) -> Machine:
        return Machine(self.plan, self.given, list(self._kept))

    def _fresh(self, number: int) -> Array:
        place = self._kept[number]
        if place.ref.offset or place.ref.nbytes != place.nbytes:
            return np.empty(place.nbytes, np.uint8)
        return np.empty(place.ref.shape, place.ref.dtype)

    def _run(self, machine: Machine, arrays: list[Array], phase: int) -> None:
        if machine.pinned:
            machine.run_pinned(arrays, phase)
        else:
            machine.run(arrays, phase)

    def _wrapped(
        self, machine: Machine, arrays: list[Array], arguments: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return the results as tensors; those with a graph get the node."""
        node = CompiledFunctionBackward()
        node.captured, node.machine, node.arrays = self, machine, arrays
        node.edges = [
            edge_to(kept if position is None else arguments[position])
            for position, kept, _ in self._ends
        ]
        node.needs_input_grad = (True,) * len(node.edges)
        node.saved = [
            Saved.of(arguments[x] if isinstance(x, int) else x) for x in self._saved
        ]
        node.outputs = len(self._roots)
        results: list[Tensor] = []
        for array, place in zip(
            arrays[len(self.given) :], self._kept.values(), strict=True
        ):
            tensor = wrap(self._shown(array, place))
            if place.node is not None and place.ref in self._roots:
                tensor._node, tensor._requires_grad = node, True
                tensor._output_nr = self._roots.index(place.ref)
            results.append(tensor)
        return results

    @staticmethod
    def _shown(array: Array, place: Any) -> Array:
        if array.shape == place.ref.shape and array.dtype == place.ref.dtype:
            return array
        return placed(array.reshape(-1).view(np.uint8), place.ref.offset, place.ref)

    def walk(self, node: CompiledFunctionBackward, gradients: Sequence[Any]) -> Any:
        """Replay the backward from the gradients of the results."""
        machine = node.machine
        assert machine is not None
        starts = []
        for number, gradient in zip(self._starts(), gradients, strict=True):
            own = machine.own(number)
            if gradient is None:
                starts.append(np.zeros_like(own))
            elif gradient._array.strides == own.strides:
                starts.append(gradient._array)
            else:
                starts.append(np.array(gradient._array, order="C"))
        first = len(self.inputs)
        arrays = list(node.arrays)
        arrays[first : first + len(starts)] = starts
        ends = {ref.buffer for _, _, ref in self._ends}
        for i, number in enumerate(self._kept, len(self.given)):
            if number in ends:
                arrays[i] = self._fresh(number)
        self._run(machine, arrays, 1)
        slots = dict(zip(machine.slots, arrays, strict=True))
        return tuple(
            wrap(self._gradient(slots[ref.buffer], ref)) for _, _, ref in self._ends
        )

    @staticmethod
    def _gradient(array: Array, ref: Any) -> Array:
        if array.shape == ref.shape and array.dtype == ref.dtype:
            return array
        return placed(array.reshape(-1).view(np.uint8), ref.offset, ref)
