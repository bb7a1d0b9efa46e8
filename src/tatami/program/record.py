"""Recording one run of a function, with all that happens besides kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.node import Saved
from ..kernels import Stream
from ..tensor import Tensor, wrap
from .guards import Guards
from .live import Live
from .observed import Observed, observer, plain, release
from .trace import Ref, Trace, extent, recording
from .watch import Watch

__all__ = [
    "Exchange", "Found", "Recording", "difference", "difference_of_traces", "leaves",
    "record", "unobserve",
]  # fmt: skip


@dataclass
class Backward:
    """The way back through a graph that a function returned.

    Attributes:
        outputs: the returned tensors it starts from.
        starts: numbers of the buffers of their gradients.
        leaves: tensors whose gradients it leads to.
        gradients: those, None for leaves it does not reach.
    """

    outputs: list[Tensor]
    starts: list[int]
    leaves: list[Tensor]
    gradients: list[Tensor | None]


@dataclass
class Found:
    """A gradient that was there before a run, for the run to use.

    Attributes:
        leaf: the tensor it is the gradient of.
        gradient: the gradient.
        version: its version before the run.
    """

    leaf: Tensor
    gradient: Tensor
    version: int


@dataclass
class Recording:
    """One observed run.

    Attributes:
        trace: the kernels.
        watch: the Python code.
        guards: what the code can look at, as it was before the run.
        grads: tensors whose gradient the run replaced, and the gradients.
        versions: tensors the run changed in place, and how often.
        before: tensors with their gradients and versions, as they were before the run.
        found: gradients that were there, numbered as inputs behind the arguments.
        result: what the function returned.
        backward: the way back, if the result has a graph.
        reason: why there can be no program, or None.
    """

    trace: Trace
    watch: Watch
    guards: Guards
    grads: list[tuple[Tensor, Tensor | None]] = field(default_factory=list)
    versions: list[tuple[Tensor, int]] = field(default_factory=list)
    before: dict[int, Any] = field(default_factory=dict)
    found: dict[int, Found] = field(default_factory=dict)
    result: Any = None
    backward: Backward | None = None

    @property
    def reason(self) -> str | None:
        """Why there can be no program, or None."""
        return self.trace.reason or self.guards.reason

    def used(self) -> dict[int, Found]:
        """Return the gradients that kernels used, by the numbers of their inputs."""
        inputs = {x.position for x in self.trace.buffers if x.kind == "input"}
        return {n: found for n, found in self.found.items() if n in inputs}

    def had_gradients(self) -> set[int]:
        """Return which tensors had a gradient before the run."""
        return {key for key, (_, (grad, _)) in self.before.items() if grad is not None}

    def is_like_now(self) -> bool:
        """Tell whether the same tensors have gradients now."""
        now = {key for key, (x, _) in self.before.items() if x._grad is not None}
        return now == self.had_gradients()


def leaves(value: Any) -> list[Any]:
    """Return the values in nested lists, tuples and dictionaries."""
    if isinstance(value, dict):
        return [x for item in value.values() for x in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in leaves(item)]
    return [value]


class Exchange:
    """Put observed arrays into tensors, and the tensors' own arrays back."""

    def __init__(self) -> None:
        self.arrays: dict[int, tuple[Tensor, np.ndarray, np.ndarray]] = {}

    def observe(self, tensor: Tensor) -> None:
        """Let the elements of a tensor be watched."""
        if id(tensor) not in self.arrays:
            own = plain(tensor._array)
            tensor._array = own.view(Observed)
            self.arrays[id(tensor)] = (tensor, own, tensor._array)

    def restore(self, trace: Trace) -> None:
        """Give every tensor its array back."""
        for tensor, own, observed in self.arrays.values():
            if tensor._array is not observed:
                trace.stop("it replaces the data of a tensor")
                tensor._array = plain(tensor._array)
            else:
                tensor._array = own


def record(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    last: Recording | None,
) -> Recording:
    """Run a function once, and note all it does.

    Args:
        function: what to run.
        args: its arguments.
        kwargs: its named arguments.
        last: the recording of an earlier run, which knows the code.
    """
    trace = Trace()
    watch = Watch(trace.stop)
    known = watch if last is None else last.watch
    guards = Guards(known)
    guards.follow([function, *_objects(args, kwargs)], known)
    guards.close()
    recording_ = Recording(trace, watch, guards)
    exchange, before = Exchange(), _states(guards, args, kwargs)
    recording_.before = before
    if any(_overlaps(before, args, kwargs)):
        trace.stop("an argument shares memory with a tensor it uses")
    for position, tensor in enumerate(tensors_of(args, kwargs)):
        trace.add_input(tensor._array, position)
        exchange.observe(tensor)
    recording_.found = _offered(trace, before, args, kwargs)
    for tensor, (gradient, _) in before.values():
        exchange.observe(tensor)
        if gradient is not None:
            exchange.observe(gradient)
    observer.made = []
    try:
        with recording(trace):
            with watch.following():
                result = function(*args, **kwargs)
            _record_backward(recording_, result, args, kwargs)
    finally:
        exchange.restore(trace)
        made, observer.made = observer.made or [], None
        release(made)
    recording_.result = result
    _note_effects(recording_, before)
    unobserve(result)
    return recording_


def _record_backward(
    recording_: Recording, result: Any, args: Any, kwargs: Any
) -> None:
    """Walk back through the graph of a result, keeping it for the caller."""
    outputs = [
        x for x in leaves(result)
        if isinstance(x, Tensor) and x.requires_grad and x._node is not None
        and not is_spent(x._node)
    ]  # fmt: skip
    if not outputs:
        return
    trace = recording_.trace
    known = {**recording_.guards.tensors}
    known.update((id(tensor), tensor) for tensor in tensors_of(args, kwargs))
    ends = [tensor for tensor in known.values() if tensor.requires_grad]
    starts = [np.ones_like(plain(x._array)) for x in outputs]
    numbers = [trace.add_input(x, -1, "gradient") for x in starts]
    trace.phase = 1
    gradients = grad(
        outputs, ends, [wrap(x.view(Observed)) for x in starts], retain_graph=True,
        allow_unused=True,
    )  # fmt: skip
    recording_.backward = Backward(outputs, numbers, ends, list(gradients))


def _graph(node: Any) -> Iterator[Any]:
    """Yield a step and all below it."""
    waiting, seen = [node], set()
    while waiting:
        step = waiting.pop()
        if id(step) not in seen and not isinstance(step, Tensor):
            seen.add(id(step))
            yield step
            waiting += [edge[0] for edge in step.edges if edge]


def is_spent(node: Any) -> bool:
    """Tell whether a backward pass has already freed a step or one below it."""
    return any(step.saved is None for step in _graph(node))


def tensors_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """Return the tensors among arguments, in order."""
    return [x for x in leaves([*args, kwargs]) if isinstance(x, Tensor)]


def _objects(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    return [x for x in leaves([*args, kwargs]) if not isinstance(x, Tensor)]


def _states(guards: Guards, args: Any, kwargs: Any) -> dict[int, Any]:
    """Return the gradient and the version of every tensor a run can reach."""
    found = {**guards.tensors}
    found.update((id(tensor), tensor) for tensor in tensors_of(args, kwargs))
    return {
        key: (tensor, (tensor._grad, tensor._counter[0]))
        for key, tensor in found.items()
    }


def _offered(trace: Trace, before: dict[int, Any], args: Any, kwargs: Any) -> Any:
    """Offer gradients as inputs that lie where no other tensor does."""
    first = len(tensors_of(args, kwargs))
    there = [(leaf, own) for leaf, (own, _) in before.values() if own is not None]
    ranges = [extent(tensor._array) for tensor, _ in before.values()]
    ranges += [extent(own._array) for _, own in there]
    found: dict[int, Found] = {}
    for leaf, own in there:
        start, end = extent(own._array)
        rivals = sum(start < last and begin < end for begin, last in ranges)
        if rivals == 1 and is_plain_gradient(own):
            number = first + len(found)
            found[number] = Found(leaf, own, own._counter[0])
            trace.offer(own._array, number)
    return found


def is_plain_gradient(grad: Any) -> bool:
    """Tell whether a gradient is a tensor of its own, without a history."""
    return type(grad) is Tensor and not grad._requires_grad and grad._base is None


def _note_effects(recording_: Recording, before: dict[int, Any]) -> None:
    for tensor, (gradient, version) in before.values():
        if tensor._grad is not gradient:
            recording_.grads.append((tensor, tensor._grad))
            unobserve(tensor._grad)
        if tensor._counter[0] != version:
            recording_.versions.append((tensor, tensor._counter[0] - version))
        if tensor._hooks or tensor._post_hooks:
            recording_.trace.stop("a tensor has hooks")
    if not recording_.guards.hold_up():
        what = recording_.guards.broken()
        recording_.trace.stop(f"it changes {what} each time it runs")


def _overlaps(before: dict[int, Any], args: Any, kwargs: Any) -> Iterator[bool]:
    """Yield for each argument whether it lies in the memory of another tensor."""
    given = {id(tensor) for tensor in tensors_of(args, kwargs)}
    ranges = [
        extent(tensor._array) for key, (tensor, _) in before.items() if key not in given
    ]
    for tensor in tensors_of(args, kwargs):
        start, end = extent(tensor._array)
        yield any(start < last and first < end for first, last in ranges)


def unobserve(result: Any) -> None:
    """Give the tensors of a result, and the graph below them, plain arrays."""
    for tensor in leaves(result):
        while isinstance(tensor, Tensor):
            tensor._array = plain(tensor._array)
            if tensor._node is not None:
                for node in _graph(tensor._node):
                    _unobserve_node(node)
            tensor = tensor._base


def _unobserve_node(node: Any) -> None:
    for name, value in vars(node).items():
        if isinstance(value, Observed):
            setattr(node, name, plain(value))
    for i, entry in enumerate(node.saved or ()):
        if isinstance(entry, Observed):
            node.saved[i] = plain(entry)
        elif isinstance(entry, Saved):
            entry.array = plain(entry.array)


def difference(a: Recording, b: Recording) -> str | None:
    """Return in what two recordings differ, or None."""
    if set(b.watch.frames) - set(a.watch.frames):
        return "other code runs from call to call"
    for changed in a.watch.changed.keys() & b.watch.changed.keys():
        kind = type(b.watch.changed[changed]).__name__
        return f"it changes a {kind} that lives on between calls"
    return difference_of_traces(a.trace, b.trace)


def difference_of_traces(first: Trace, second: Trace) -> str | None:
    """Return in what the kernel calls of two runs differ, or None."""
    if len(first.calls) != len(second.calls):
        return (
            f"the number of kernel calls changes from call to call: "
            f"{len(first.calls)}, then {len(second.calls)}"
        )
    for one, two in zip(first.calls, second.calls, strict=True):
        if one.name != two.name or len(one.results) != len(two.results):
            return f"other kernels run from call to call: {one.name}, then {two.name}"
        if not _same((one.args, one.kwargs, one.results), _parts(two)):
            return f"an argument of {one.name} changes from call to call"
    return _other_memory(first, second)


def _parts(call: Any) -> Any:
    return (call.args, call.kwargs, call.results)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Live) or isinstance(b, Live):
        alike = isinstance(a, Live) and isinstance(b, Live)
        return alike and a.group is b.group and a.path == b.path
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, slice):
        return _same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, float):
        return a == b or (a != a and b != b)
    if isinstance(a, (Stream, np.ndarray)):
        return a is b
    return bool(a is b or a == b)


def _other_memory(first: Trace, second: Trace) -> str | None:
    for one, two in zip(first.buffers, second.buffers, strict=True):
        if (one.kind, one.nbytes) != (two.kind, two.nbytes):
            return "the arrays change from call to call"
        if one.kind == "outside" and one.start != two.start:
            if not np.array_equal(one.array, two.array, equal_nan=_is_float(one.array)):
                return "an array made outside the kernels changes from call to call"
    return None


def _is_float(array: np.ndarray) -> bool:
    return array.dtype.kind == "f"


def unwatched(first: Recording, second: Recording, watched: list[Any]) -> str | None:
    """Return why an array that lives on between calls can't be relied on, or None.

    Args:
        first: a recording.
        second: the next one.
        watched: arrays of tensors that guards hold.
    """
    ranges = sorted(extent(array) for array in watched)
    used = {ref.buffer for call in second.trace.calls for ref in call.refs()}
    for number, (one, two) in enumerate(
        zip(first.trace.buffers, second.trace.buffers, strict=True)
    ):
        if two.kind != "outside" or one.start != two.start or number not in used:
            continue
        inside = any(start <= two.start < end for start, end in ranges)
        if not inside and two.array.flags.writeable and two.nbytes:
            return "it uses a tensor that lies where no guard can watch it"
    return None


def result_ref(trace: Trace, tensor: Tensor) -> Ref:
    """Return where in the trace's memory a tensor lies."""
    return trace.ref(plain(tensor._array))
