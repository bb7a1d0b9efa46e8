"""Gradients that are owed: formed only once somebody asks.

A training step forms the gradient of a weight, and its optimizer reads it once. Most
programs never look at it again, but for a large weight and a small batch writing it and
reading it back takes longer than all arithmetic. So SGD multiplies for itself. What the
gradient is made of stays until the next run: whoever reads ``weight.grad`` has it
formed then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .plan import Plan, contiguous_strides
from .trace import Call, Ref, refs_in

__all__ = ["LEAST", "Factors", "owe_gradients"]

# Bytes of the smallest gradient for which it pays.
LEAST = 1 << 15
# Rows of the batch up to which it pays, and there is a kernel. Steps of other
# optimizers, and larger batches, gain nothing from gradients in cached pieces: products
# of few rows lose what the memory gains.
_FEW = 4


@dataclass(frozen=True)
class Factors:
    """What a gradient is the product of: matrices that stay until the next run."""

    a: Ref
    b: Ref


def owe_gradients(plan: Plan, gradients: set[int]) -> dict[int, Factors]:
    """Let steps of SGD form large gradients for themselves.

    Args:
        plan: the program.
        gradients: kept buffers that are gradients, and nothing else.

    Returns:
        what the gradients are made of that the program does not form any more.
    """
    owed = {}
    for number in sorted(gradients):
        debt = _debt(plan, number)
        if debt is not None:
            _pay_by_step(plan, debt)
            owed[number] = _owe(plan, debt.product)
    return owed


def _owe(plan: Plan, product: Call) -> Factors:
    """Leave a product out; let what it is made of stay."""
    plan.calls = [call for call in plan.calls if call is not product]
    gradient, factors = product.results[0], Factors(*product.args)
    plan.kept.discard(gradient.buffer)
    plan.lasting |= {factors.a.buffer, factors.b.buffer}
    shape = "x".join(map(str, gradient.shape))
    plan.notes.append(f"owed: the gradient {shape}, formed only when it is read")
    return factors


@dataclass(frozen=True)
class _Debt:
    """A gradient, the call that makes it, and the step that takes it.

    Attributes:
        gradient: the gradient.
        product: the call that makes it.
        step: the call that steps.
        place: which of its parameters the gradient belongs to.
    """

    gradient: Ref
    product: Call
    step: Call
    place: int

    def own(self) -> tuple[Ref, Ref | None, bool]:
        """Return the parameter, its momentum, and whether that begins now."""
        params, _, buffers, first = self.step.args[:4]
        return params[self.place], buffers[self.place], first[self.place]

    def steps(self) -> tuple[Call, Call]:
        """Return the step of this parameter, and that of all others."""
        lists, numbers = self.step.args[:4], self.step.args[4:]
        param, buffer, first = self.own()
        args = (param, *self.product.args, buffer, first, *numbers)
        others = [
            [x for i, x in enumerate(items) if i != self.place] for items in lists
        ]
        rest = replace(self.step, args=(*others, *numbers))
        return Call("sgd_product_step", args, {}, (), self.step.phase), rest


def _debt(plan: Plan, number: int) -> _Debt | None:
    """Return how a gradient is made and used, if it can be owed."""
    makers, users = plan.makers(), plan.users().get(number, [])
    if number not in makers or len(users) != 1:
        return None
    product, step = plan.calls[makers[number]], plan.calls[users[0]]
    if not _is_product(product) or plan.buffers[number].nbytes < LEAST:
        return None
    # What it is made of must not change before the next run.
    factors = {ref.buffer for ref in product.refs()}
    if not factors <= makers.keys() or factors & plan.kept:
        return None
    gradient = product.results[0]
    place = _place(step, gradient)
    if place is None or not plan.whole(gradient):
        return None
    debt = _Debt(gradient, product, step, place)
    return debt if _alike(debt) else None


def _is_product(call: Call) -> bool:
    """Tell whether a call is a product over a batch of a few that a step can form."""
    if call.name != "matmul" or call.kwargs or call.phase != 0:
        return False
    a, b = call.args
    if len(a.shape) != 2 or len(b.shape) != 2 or a.dtype != b.dtype:
        return False
    floats = b.dtype in (np.float32, np.float64)
    return floats and 0 < b.shape[0] <= _FEW and b.strides[1] == b.dtype.itemsize


def _place(step: Call, gradient: Ref) -> int | None:
    """Return which gradient of a step of SGD it is, if it is one, and once."""
    if step.name != "sgd_step" or step.phase != 0:
        return None
    places = [i for i, ref in enumerate(step.args[1]) if ref == gradient]
    taken = [ref for ref in step.refs() if ref.buffer == gradient.buffer]
    return places[0] if len(places) == len(taken) == 1 else None


def _alike(debt: _Debt) -> bool:
    """Tell whether parameter and momentum lie in memory as the gradient does."""
    strides = contiguous_strides(debt.gradient.shape, debt.gradient.dtype.itemsize)
    return all(
        (ref.shape, ref.strides, ref.dtype)
        == (debt.gradient.shape, strides, debt.gradient.dtype)
        for ref in refs_in(debt.own())
    )


def _pay_by_step(plan: Plan, debt: _Debt) -> None:
    """Let the step of the parameter multiply for itself."""
    own, rest = debt.steps()
    calls: list[Call] = []
    for call in plan.calls:
        if call is debt.step:
            calls += [own, rest] if rest.args[0] else [own]
        else:
            calls.append(call)
    plan.calls = calls
