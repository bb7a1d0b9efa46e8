"""Recording one run of a function, with all that happens besides kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..kernels import Stream
from ..tensor import Tensor
from .guards import Guards
from .live import Live
from .observed import Observed, plain
from .trace import Ref, Trace, extent, recording
from .watch import Watch

__all__ = ["Recording", "difference", "leaves", "record"]


@dataclass
class Recording:
    """One observed run.

    Attributes:
        trace: the kernels.
        watch: the Python code.
        guards: what the code can look at, as it was before the run.
        grads: tensors whose gradient the run replaced, and the gradients.
        versions: tensors the run changed in place, and how often.
        result: what the function returned.
        reason: why there can be no program, or None.
    """

    trace: Trace
    watch: Watch
    guards: Guards
    grads: list[tuple[Tensor, Tensor | None]] = field(default_factory=list)
    versions: list[tuple[Tensor, int]] = field(default_factory=list)
    result: Any = None

    @property
    def reason(self) -> str | None:
        """Why there can be no program, or None."""
        return self.trace.reason or self.guards.reason


def leaves(value: Any) -> list[Any]:
    """Return the values in nested lists, tuples and dictionaries."""
    if isinstance(value, dict):
        return [x for item in value.values() for x in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in leaves(item)]
    return [value]


class _Exchange:
    """Put observed arrays into tensors, and the tensors' own arrays back."""

    def __init__(self) -> None:
        self.arrays: dict[int, tuple[Tensor, np.ndarray, np.ndarray]] = {}

    def observe(self, tensor: Tensor) -> None:
        """Let the elements of a tensor be watched."""
        if id(tensor) not in self.arrays:
            own = tensor._array
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
    finish: Callable[[Recording, Any], None] | None = None,
) -> Recording:
    """Run a function once, and note all it does.

    Args:
        function: what to run.
        args: its arguments.
        kwargs: its named arguments.
        last: the recording of an earlier run, which knows the code.
        finish: called with the recording and the result while kernels are still noted.
    """
    trace = Trace()
    watch = Watch(trace.stop)
    known = watch if last is None else last.watch
    guards = Guards(known)
    guards.follow([function, *_objects(args, kwargs)], known)
    guards.close()
    recording_ = Recording(trace, watch, guards)
    exchange, before = _Exchange(), _states(guards, args, kwargs)
    for position, tensor in enumerate(tensors_of(args, kwargs)):
        trace.add_input(tensor._array, position)
        exchange.observe(tensor)
    for tensor, (grad, _) in before.values():
        exchange.observe(tensor)
        if grad is not None:
            exchange.observe(grad)
    try:
        with recording(trace):
            with watch.following():
                result = function(*args, **kwargs)
            if finish is not None:
                finish(recording_, result)
    finally:
        exchange.restore(trace)
    recording_.result = result
    _note_effects(recording_, before)
    _unobserve(result)
    return recording_


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


def _note_effects(recording_: Recording, before: dict[int, Any]) -> None:
    for tensor, (grad, version) in before.values():
        if tensor._grad is not grad:
            recording_.grads.append((tensor, tensor._grad))
            _unobserve(tensor._grad)
        if tensor._counter[0] != version:
            recording_.versions.append((tensor, tensor._counter[0] - version))
        if tensor._hooks or tensor._post_hooks:
            recording_.trace.stop("a tensor has hooks")
    if not recording_.guards.hold_up():
        what = recording_.guards.broken()
        recording_.trace.stop(f"it changes {what} each time it runs")


def _unobserve(result: Any) -> None:
    """Give the tensors of a result plain arrays."""
    for tensor in leaves(result):
        while isinstance(tensor, Tensor):
            tensor._array = plain(tensor._array)
            tensor = tensor._base


def difference(a: Recording, b: Recording) -> str | None:
    """Return in what two recordings differ, or None."""
    if set(b.watch.frames) - set(a.watch.frames):
        return "other code runs from call to call"
    for changed in a.watch.changed.keys() & b.watch.changed.keys():
        kind = type(b.watch.changed[changed]).__name__
        return f"it changes a {kind} that lives on between calls"
    first, second = a.trace, b.trace
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
