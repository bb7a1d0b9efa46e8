"""Further guards, known once a run has shown what it relies on.

Gradients and options of optimizers change from call to call by design, so they are not
guarded from the start: only those that decide what a function does.
"""

from __future__ import annotations

from .record import Recording
from .trace import Call, extent

__all__ = ["guard_gradients", "guard_options", "unwatched_changes"]


def guard_options(recording: Recording) -> None:
    """Guard options that code computed with, and whether those it asked for are 0."""
    guards = recording.guards
    for live in recording.watch.lives:
        name = live.path[0]
        if live.used:
            guards.hold(live.group, name, live.group[name], f"the option {name!r}")
        elif live.tested:
            guards.hold(live, "truth", live.truth, f"the option {name!r}")
    for group, name, value in recording.watch.options:
        if group.get(name) is not value and group.get(name) != value:
            recording.trace.stop(f"it changes the option {name!r} each time it runs")
    guards.close()


def guard_gradients(last: Recording, recording: Recording) -> None:
    """Guard the gradients that two recordings found and relied on."""
    guards, trace = recording.guards, recording.trace
    numbers = {ref.buffer for call in trace.calls for ref in call.refs()}
    used = {id(found.leaf) for found in recording.used().values()}
    starts = {trace.buffers[number].start for number in numbers}
    for key, (tensor, (grad, _)) in recording.before.items():
        label = "the gradient of a parameter"
        if key in used:
            guards.hold(tensor, ("_grad",), True, label)
            continue
        if key not in last.before:
            continue
        before = last.before[key][1][0]
        if grad is None and before is None:
            guards.hold(tensor, "_grad", None, label)
        elif grad is not None and extent(grad._array)[0] in starts:
            guards.hold(tensor, "_grad", grad, label)
        elif grad is not None and before is not None:
            guards.hold(tensor, ("_grad",), True, label)
    guards.finish()
    guards.close()


def unwatched_changes(recording: Recording) -> str | None:
    """Return why arrays that a run changed can't be relied on, or None."""
    ranges = [extent(x._array) for x in recording.guards.tensors.values()]
    buffers = recording.trace.buffers
    for call in recording.trace.calls:
        for number in _changed(call):
            buffer = buffers[number]
            known = any(start <= buffer.start < end for start, end in ranges)
            if buffer.kind == "outside" and buffer.nbytes and not known:
                return "it changes a tensor that lies where no guard can watch it"
    return None


def _changed(call: Call) -> set[int]:
    return {ref.buffer for ref in call.changed()}
