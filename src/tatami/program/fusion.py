"""Fusion: neighbouring kernels that become one.

Each pattern looks at one call, and either rewrites the plan and says so or leaves it
alone. A kernel in the middle of a pattern must serve nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from .plan import Plan, contiguous_strides
from .trace import Call, Ref, refs_in

__all__ = ["Uses", "fuse"]


class Uses:
    """Who makes and who takes each buffer of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.makers = plan.makers()
        self.users = plan.users()

    def takers(self, ref: Ref) -> list[Call]:
        """Return the calls that take an array made once, of which it is the whole.

        An array that outlives the run has takers nobody knows: then there is no list.
        """
        if ref.buffer in self.plan.kept or ref.buffer not in self.makers:
            return []
        if not self.plan.whole(ref):
            return []
        return [self.plan.calls[i] for i in self.users.get(ref.buffer, [])]

    def only(self, ref: Ref, name: str) -> Call | None:
        """Return the one call that takes an array, if it is a call of this kernel."""
        takers = self.takers(ref)
        if len(takers) == 1 and takers[0].name == name and not takers[0].kwargs:
            return takers[0] if self.is_inner(ref) else None
        return None

    def is_inner(self, ref: Ref) -> bool:
        """Tell whether no one outside takes an array, and nobody a view of it."""
        if ref.buffer in self.plan.kept or ref.buffer not in self.makers:
            return False
        seen = (x for call in self.takers(ref) for x in call.refs())
        return all(x == ref for x in seen if x.buffer == ref.buffer)

    def place(self, call: Call) -> int:
        """Return the number of a call."""
        return next(i for i, other in enumerate(self.plan.calls) if other is call)

    def steady(self, refs: Sequence[Ref], first: Call, last: Call) -> bool:
        """Tell whether arrays do not change from one call to another."""
        buffers = {ref.buffer for ref in refs}
        between = self.plan.calls[self.place(first) : self.place(last)]
        return not any(ref.buffer in buffers for c in between for ref in c.changed())


Pattern = Callable[[Plan, Uses, Call], bool]


def fuse(plan: Plan) -> None:
    """Replace every pattern for which there is a fused kernel."""
    from .fusion_conv import PATTERNS as OF_CONVOLUTIONS

    for pattern in (*OF_CONVOLUTIONS, linear_and_relu, product_and_mask):
        _everywhere(plan, pattern)


def _everywhere(plan: Plan, pattern: Pattern) -> None:
    uses = Uses(plan)
    for call in list(plan.calls):
        if any(call is other for other in plan.calls) and pattern(plan, uses, call):
            uses = Uses(plan)


def substitute(plan: Plan, old: Sequence[Call], new: Call, at: Call) -> None:
    """Put one call in the place of ``at``, and drop the others."""
    gone = {id(call) for call in old}
    calls = []
    for call in plan.calls:
        if call is at:
            calls.append(new)
        elif id(call) not in gone:
            calls.append(call)
    plan.calls = calls
    plan.notes.append(f"fused: {' + '.join(call.name for call in old)} -> {new.name}")


def turned(ref: Ref) -> Ref:
    """Return a transposed matrix."""
    return replace(ref, shape=ref.shape[::-1], strides=ref.strides[::-1])


def in_order(ref: Ref) -> bool:
    """Tell whether the elements of an array lie in order."""
    return ref.strides == contiguous_strides(ref.shape, ref.dtype.itemsize)


def is_float(ref: Ref) -> bool:
    """Tell whether an array has a type that fused kernels serve."""
    return ref.dtype in (np.float32, np.float64)


def linear_and_relu(plan: Plan, uses: Uses, call: Call) -> bool:
    """Fuse ``relu(addmm(bias, x, weight.T))``."""
    if call.name != "addmm" or call.args[3:] != (1, 1):
        return False
    bias, x, turned_weight = call.args[:3]
    relu = uses.only(call.results[0], "relu")
    weight = turned(turned_weight)
    if relu is None or relu.phase != call.phase or bias.shape != weight.shape[:1]:
        return False
    if not (in_order(weight) and in_order(bias) and in_order(x) and is_float(x)):
        return False
    fused = Call("linear_relu", (x, weight, bias), {}, relu.results, call.phase)
    substitute(plan, [call, relu], fused, call)
    return True


def product_and_mask(plan: Plan, uses: Uses, call: Call) -> bool:
    """Fuse the gradient through a linear layer and through the relu before it."""
    if call.name != "matmul" or call.kwargs or len(call.args[0].shape) != 2:
        return False
    mask = uses.only(call.results[0], "threshold_backward")
    if mask is None or mask.args[2] != 0 or mask.phase != call.phase:
        return False
    product, opening = mask.args[:2]
    if product.buffer != call.results[0].buffer or opening.shape != product.shape:
        return False
    if not (in_order(opening) and is_float(product)):
        return False
    if not uses.steady([*refs_in(call.args)], call, mask):
        return False
    fused = Call("matmul_masked", (*call.args, opening), {}, mask.results, call.phase)
    substitute(plan, [call, mask], fused, mask)
    return True
