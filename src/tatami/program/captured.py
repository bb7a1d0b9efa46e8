"""A captured function: its program, and everything a run of it has to leave behind."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import kernels
from ..autograd import grad_mode
from ..kernels import native
from ..tensor import Tensor, wrap
from .bands import cut_into_bands
from .fusion import fuse
from .machine import Array, Machine, placed
from .owed import Factors, owe_gradients
from .plan import Plan, block
from .record import Recording, is_plain_gradient, result_ref, tensors_of
from .trace import Ref, extent

__all__ = ["Array", "Captured"]


@dataclass(slots=True)
class _Handed:
    """Memory of a result, and the tensor it was handed out as."""

    memory: Array
    tensor: Tensor


class _Result:
    """A place in what a run leaves behind: a returned tensor or a gradient.

    Memory is used again once nobody else holds the tensor or a view of it.
    """

    # References of the pool, or of the tensor, and of the question itself.
    _FREE = 2

    def __init__(self, index: int, ref: Ref, nbytes: int, node: Any) -> None:
        self.index = index
        self.ref = ref
        self.nbytes = nbytes
        self.node = node
        self.pool: list[_Handed] = []
        self.leaves: list[Tensor] = []

    def next(self) -> _Handed:
        """Return memory that nobody else holds."""
        for handed in self.pool:
            known = self._FREE
            for leaf in self.leaves:
                known += leaf._grad is handed.tensor
            if (
                sys.getrefcount(handed.tensor) <= known
                and sys.getrefcount(handed.tensor._array) <= self._FREE
            ):
                handed.tensor._counter[0] = 0
                return handed
        return self._make()

    def fresh(self) -> tuple[Tensor, Array]:
        """Return a new tensor and its memory."""
        memory = block(self.nbytes)
        tensor = wrap(placed(memory, self.ref.offset, self.ref))
        if self.node is not None:
            tensor._node, tensor._requires_grad = self.node, True
        return tensor, memory

    def _make(self) -> _Handed:
        tensor, memory = self.fresh()
        handed = _Handed(memory, tensor)
        self.pool = [*self.pool[-2:], handed]
        return handed


class Captured:
    """Stand for a function under the guards of its recording.

    Args:
        recording: what the function did.
        args: positional arguments of that run.
        kwargs: its named arguments.

    Attributes:
        debts: leaves, and what stands for their gradients until somebody reads them.
    """

    def __init__(
        self, recording: Recording, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        trace = recording.trace
        self.guards = recording.guards
        self.versions = recording.versions
        self.backward = recording.backward
        arguments = tensors_of(args, kwargs)
        self._first = len(arguments)
        used = recording.used()
        self.found = list(used.values())
        self._numbers = {number: self._first + i for i, number in enumerate(used)}
        arguments += [found.gradient for found in self.found]
        self._positions = {id(tensor): i for i, tensor in enumerate(arguments)}
        self._returns_gradient = False
        self._trace = trace
        self._kept: dict[int, _Result] = {}
        self.debts: list[tuple[Tensor, Any]] = []
        self._template = self._result(recording.result)
        returned = set(self._kept)
        self.grads: list[tuple[Tensor, _Result | None]] = []
        for tensor, grad in recording.grads:
            if id(tensor) in self._positions:
                trace.stop("it sets the gradient of an argument")
            self.grads.append((tensor, None if grad is None else self._new(grad)))
        self._only_gradients = set(self._kept) - returned
        self._prepare()
        self.fast: Any = None
        self._lasting: list[tuple[int, int]] | None = None
        if trace.reason is None:
            self._build(trace)
            self.fast = self._fast_way(args, kwargs)

    def _prepare(self) -> None:
        """Enter further results: there are none without a backward pass."""

    def _starts(self) -> list[int]:
        """Return the buffers of the gradients of results: there are none."""
        return []

    def _build(self, trace: Any) -> None:
        calls, buffers = trace.calls, trace.buffers
        plan = Plan(calls, buffers, set(self._kept), native.get_num_threads())
        plan.simplify()
        fuse(plan)
        cut_into_bands(plan)
        owed: dict[int, Factors] = {}
        if kernels.in_use == "native":
            owed = owe_gradients(plan, self._only_gradients)
        inputs = [i for i, b in enumerate(buffers) if b.kind == "input"]
        self.plan = plan
        positions = [buffers[number].position for number in inputs]
        self.inputs = [self._numbers.get(number, number) for number in positions]
        self.given = [*inputs, *self._starts()]
        self._forget(owed)
        self.machine = Machine(plan, self.given, list(self._kept))
        self._owe()
        self._simple = not self.machine.pinned
        self._results = list(self._kept.values())
        for leaf, place in self.grads:
            if place is not None:
                place.leaves.append(leaf)
        self._counts = [(tensor, step) for tensor, step in self.versions
                        if id(tensor) not in self._positions]  # fmt: skip
        self._argument_counts = [
            (self._positions[id(tensor)], step)
            for tensor, step in self.versions
            if id(tensor) in self._positions
        ]
        self._gradient_counts = [x.gradient._counter[0] - x.version for x in self.found]

    def _forget(self, owed: dict[int, Factors]) -> None:
        """Leave gradients that are owed out of what a run leaves behind."""
        self._owing = [
            (leaf, owed[place.ref.buffer])
            for leaf, place in self.grads
            if place is not None and place.ref.buffer in owed
        ]
        self.grads = [x for x in self.grads if not x[1] or x[1].ref.buffer not in owed]
        self._kept = {n: place for n, place in self._kept.items() if n not in owed}
        for index, place in enumerate(self._kept.values()):
            place.index = index

    def _owe(self) -> None:
        """Let what a run leaves in its memory stand for the gradients that it owes."""
        for leaf, factors in self._owing:
            arrays = (self.machine.array(ref) for ref in (factors.a, factors.b))
            self.debts.append((leaf, native.Debt(*arrays)))

    # What is returned.

    def _result(self, value: Any) -> Any:
        """Return a template: nested values whose tensors are places."""
        if isinstance(value, Tensor):
            return self._place(value)
        if isinstance(value, dict):
            items = {key: self._result(item) for key, item in value.items()}
            return lambda args, results: type(value)(
                (key, item(args, results)) for key, item in items.items()
            )
        if isinstance(value, (list, tuple)):
            parts = [self._result(item) for item in value]
            make = type(value)._make if hasattr(value, "_make") else type(value)
            return lambda args, results: make(p(args, results) for p in parts)
        return lambda args, results: value

    def _place(self, tensor: Tensor) -> Any:
        position = self._positions.get(id(tensor))
        if position is not None:
            self._returns_gradient |= position >= self._first
            return lambda args, results: args[position]
        if id(tensor) in self.guards.tensors:
            return lambda args, results: tensor
        ref = result_ref(self._trace, tensor)
        if self._trace.buffers[ref.buffer].kind != "made":
            self._trace.stop("it returns a view of an argument or of a lasting tensor")
            return None
        node = tensor._node if tensor._requires_grad else None
        if tensor._requires_grad and node is None:
            self._trace.stop("it returns a new leaf that requires a gradient")
        place = self._keep(ref, node)
        return lambda args, results: results[place.index]

    def _new(self, grad: Tensor) -> _Result:
        """Enter a gradient that a run makes."""
        ref = result_ref(self._trace, grad)
        if self._trace.buffers[ref.buffer].kind != "made":
            self._trace.stop("it sets a gradient to a tensor that was there before")
        return self._keep(ref, None)

    def _keep(self, ref: Ref, node: Any) -> _Result:
        if ref.buffer not in self._kept:
            nbytes = self._trace.buffers[ref.buffer].nbytes
            place = _Result(len(self._kept), ref, nbytes, node)
            self._kept[ref.buffer] = place
        if self._kept[ref.buffer].ref != ref:
            self._trace.stop("two of its results are views of one array")
        return self._kept[ref.buffer]

    # Running.

    def __call__(self, arguments: Sequence[Tensor]) -> Any:
        """Run the program in the place of the function."""
        handed = [place.next() for place in self._results]
        arrays = [arguments[i]._array for i in self.inputs]
        arrays += [x.memory for x in handed]
        # What an earlier run owes can't be formed any more.
        for leaf, _ in self.debts:
            leaf._grad = None
        if self._simple:
            self.machine.run(arrays)
        else:
            self.machine.run_pinned(arrays)
        self._count(arguments)
        results = [x.tensor for x in handed]
        for tensor, place in self.grads:
            tensor._grad = None if place is None else results[place.index]
        for leaf, debt in self.debts:
            leaf._grad = debt
        return self._template(arguments, results)

    def arguments(self, given: Sequence[Tensor]) -> list[Tensor] | None:
        """Return what a run works on: arguments, and the gradients it finds.

        None if a gradient is of another kind than when it was captured.
        """
        arguments = list(given)
        for found in self.found:
            gradient = found.leaf._grad
            if gradient is None or not is_plain_gradient(gradient):
                return None
            if not _alike(gradient, found.gradient):
                return None
            arguments.append(gradient)
        return arguments

    def takes(self, arguments: Sequence[Tensor]) -> bool:
        """Tell whether no argument lies in the memory of another tensor it uses."""
        if self._lasting is None:
            self._lasting = [
                extent(tensor._array) for tensor in self.guards.tensors.values()
            ]
        taken = list(self._lasting)
        for tensor in arguments:
            start, end = extent(tensor._array)
            if any(start < last and first < end for first, last in taken):
                return False
            taken.append((start, end))
        return True

    def finish(self, arguments: Sequence[Tensor], handed: Any) -> Any:
        """Return what the function would, from what the fast way handed out."""
        if type(handed) is int:
            given = [*arguments, *(found.leaf._grad for found in self.found)]
            self.machine.refuse(handed, [given[i]._array for i in self.inputs])
        return self._template(arguments, handed)

    def _fast_way(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the call as compiled code does it, or None if it can't."""
        arguments = list(args)
        plain_call = not kwargs and all(
            type(x) is Tensor and not x.requires_grad for x in args
        )
        if not plain_call or not self._simple or kernels.in_use != "native":
            return None
        if self._argument_counts or len(self.machine.programs) > 1:
            return None
        if self._returns_gradient:
            return None
        replay = native.Replay(self.machine.programs[0])
        slots = {position: i for i, position in enumerate(self.inputs)}
        for i, tensor in enumerate(arguments):
            replay.add_argument(Tensor, tensor._array, slots.get(i, -1))
        for i, found in enumerate(self.found):
            step, slot = self._gradient_counts[i], slots[self._first + i]
            replay.add_found(found.leaf, Tensor, found.gradient._array, slot, step)
        for lasting_tensor in self.guards.tensors.values():
            replay.add_lasting(lasting_tensor._array)
        for place in self._results:
            slot = len(self.given) + place.index
            replay.add_result(slot, place.fresh)
        for tensor, grad in self.grads:
            replay.add_gradient(tensor, -1 if grad is None else grad.index)
        for leaf, debt in self.debts:
            replay.add_debt(leaf, debt)
        for tensor, step in self._counts:
            replay.add_count(tensor._counter, step)
        for group, key in self.machine.options():
            replay.add_option(group, key)
        state = grad_mode.state
        replay.set_guards(self.guards.triples())
        replay.set_mode(state.enabled, state.inference)
        replay.set_refresh(self.machine.refresh)
        return replay

    def _count(self, arguments: Sequence[Tensor]) -> None:
        """Count the changes in place, so that version checks see them."""
        for tensor, step in self._counts:
            tensor._counter[0] += step
        for position, step in self._argument_counts:
            arguments[position]._counter[0] += step
        for gradient, step in zip(
            arguments[self._first :], self._gradient_counts, strict=True
        ):
            gradient._counter[0] += step


def _alike(one: Tensor, two: Tensor) -> bool:
    a, b = one._array, two._array
    return (
        (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype)
        and a.flags.writeable
    )  # fmt: skip
