"""Backward passes that come again and again: recorded twice, then replayed.

A pass through tatami's own operations runs no code of the user's, so it depends on
nothing but the graph: what the steps are, what they keep, and where the edges go. The
compiled extension describes graphs and replays the passes; here they are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.node import Node, Saved
from ..kernels import native
from ..tensor import Tensor
from .bands import cut_into_bands
from .fusion import fuse
from .machine import Machine, memory_at
from .observed import Observed, observer, release
from .owed import owe_products
from .plan import Plan, is_random
from .record import Exchange, difference_of_traces, result_ref, unobserve
from .trace import Buffer, Ref, Trace, recording

__all__ = ["record_pass"]


def record_pass(
    described: Any,
    walk: Callable[..., list[Any]],
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor],
    keep_graph: bool,
) -> list[Any]:
    """Walk a graph, and note what that takes.

    Args:
        described: what is known of passes like this one; steps, leaves, arrays, and
            addresses and lengths of the memory they lie in.
        walk: makes a pass.
        outputs: where it starts.
        gradients: their gradients.
        keep_graph: whether what the steps keep is kept.
    """
    known, nodes, leaves, arrays, regions = described
    before = [(leaf._grad, _version(leaf)) for leaf in leaves]
    trace = Trace()
    for position, (start, nbytes) in enumerate(regions):
        memory = memory_at(start, nbytes)
        trace.enter(Buffer("input", start, nbytes, memory, position))
    try:
        with _observed(nodes, leaves, gradients, trace), recording(trace):
            result = walk(outputs, gradients, keep_graph, False)
    except BaseException:
        known.give_up()
        raise
    for leaf in leaves:
        unobserve(leaf._grad)
    reason = _learn(known, trace, leaves, before)
    if reason is not None:
        known.give_up()
    known.recorded()
    del arrays  # slots of a program lie in different memory
    return result


def _version(leaf: Tensor) -> int:
    return 0 if leaf._grad is None else leaf._grad._counter[0]


@contextmanager
def _observed(
    nodes: list[Node], leaves: list[Tensor], gradients: Sequence[Tensor], trace: Trace
) -> Iterator[None]:
    """Let every array that a pass can reach be watched."""
    exchange = Exchange()
    for tensor in (*leaves, *gradients, *(x._grad for x in leaves)):
        if tensor is not None:
            exchange.observe(tensor)
    kept = [x for node in nodes for x in node.saved or () if isinstance(x, Saved)]
    own = [entry.array for entry in kept]
    attributes = [
        (vars(node), name, value)
        for node in nodes
        for name, value in vars(node).items()
        if isinstance(value, np.ndarray)
    ]
    for entry in kept:
        entry.array = entry.array.view(Observed)
    for entries, name, value in attributes:
        entries[name] = value.view(Observed)
    observer.made = []
    try:
        yield
    finally:
        for entry, array in zip(kept, own, strict=True):
            entry.array = array
        for entries, name, value in attributes:
            entries[name] = value
        exchange.restore(trace)
        made, observer.made = observer.made, None
        release(made)


def _learn(
    known: Any, trace: Trace, leaves: list[Tensor], before: list[Any]
) -> str | None:
    """Make a program if this recording is like the last one; return why not."""
    if any(is_random(call) for call in trace.calls):
        trace.stop("it draws random numbers")
    made: dict[int, tuple[int, Ref]] = {}
    changed: list[int] = []
    for i, (leaf, (grad, version)) in enumerate(zip(leaves, before, strict=True)):
        if grad is None and leaf._grad is not None:
            ref = result_ref(trace, leaf._grad)
            if trace.buffers[ref.buffer].kind != "made" or ref.buffer in made:
                trace.stop("a gradient shares memory")
            made[ref.buffer] = (i, ref)
        elif leaf._grad is not grad:
            trace.stop("it replaces a gradient")
        changed += [i] * (0 if grad is None else _version(leaf) - version)
    if trace.reason is not None:
        return trace.reason
    first, known.notes = known.notes, trace.without_memory()
    if first is None:
        return None
    return difference_of_traces(first, trace) or _make(known, trace, made, changed)


def _make(
    known: Any, trace: Trace, made: dict[int, tuple[int, Ref]], changed: list[int]
) -> str | None:
    plan = Plan(trace.calls, trace.buffers, set(made), native.get_num_threads())
    if not all(plan.whole(ref) for _, ref in made.values()):
        return "a gradient is part of an array"
    plan.simplify()
    fuse(plan)
    cut_into_bands(plan)
    inputs = [i for i, buffer in enumerate(plan.buffers) if buffer.kind == "input"]
    machine = Machine(plan, inputs, list(made), movable=True)
    if machine.pinned:
        return "it needs kernels that are not compiled"
    holder = [buffer.array for buffer in plan.buffers if buffer.kind == "outside"]
    formed, owed, nbytes = made, {}, machine.nbytes
    if any(step.by_python for step in machine.steps[0]):
        # Such a step knows the arrays it works on, so they have to stay.
        machine = Machine(plan, inputs, list(made))
        nbytes = 0
    elif owed := owe_products(plan, set(made)):
        formed = {number: x for number, x in made.items() if number not in owed}
        machine = Machine(plan, inputs, list(formed), movable=True)
        nbytes = machine.nbytes
    for slot, (leaf, ref) in enumerate(formed.values(), len(inputs)):
        known.add_made(leaf, slot, np.empty(ref.shape, ref.dtype))
    for number, factors in owed.items():
        places = [machine.place(ref) for ref in (factors.a, factors.b)]
        leaf, ref = made[number]
        known.add_owed(leaf, np.empty(0, ref.dtype), places)
    for leaf in changed:
        known.add_changed(leaf)
    known.make(machine.programs[0], (holder, machine.memory), nbytes)
    return None
