"""Gradients that are owed: formed only once somebody asks.

A training step forms the gradient of a weight, and its optimizer reads it once. Most
programs never look at it again, but for a large weight and a small batch writing it and
reading it back takes longer than all arithmetic. So SGD multiplies for itself. What the
gradient is made of stays until the next run: whoever reads ``weight.grad`` has it
formed then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .fusion import in_order, is_float
from .plan import Plan
from .trace import Call, Ref, refs_in

__all__ = ["LEAST", "Factors", "owe_gradients", "owe_products"]

# Bytes of the smallest gradient for which it pays.
LEAST = 1 << 15
# Rows of the batch up to which it pays, and there is a kernel. Steps of other
# optimizers, and larger batches, gain nothing from gradients in cached pieces: products
# of few rows lose what the memory gains.
_FEW = 4
# The place of the gradients among the arguments of a step.
_GRADIENTS = 1


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
            plan.calls = [debt.paid() if x is debt.step else x for x in plan.calls]
            owed[number] = _owe(plan, debt.product)
    return owed


def owe_products(plan: Plan, gradients: set[int]) -> dict[int, Factors]:
    """Leave large gradients that are products of a few rows to whoever reads them.

    Args:
        plan: a backward pass, which makes no steps.
        gradients: its results.

    Returns:
        what the gradients are made of that the program does not form any more.
    """
    makers, users, owed = plan.makers(), plan.users(), {}
    changed = {ref.buffer for call in plan.calls for ref in call.changed()}
    for number in sorted(gradients & makers.keys() - users.keys()):
        product = plan.calls[makers[number]]
        if not _is_product(product) or plan.buffers[number].nbytes < LEAST:
            continue
        given = {i for i, b in enumerate(plan.buffers) if b.kind == "input"} - changed
        if {ref.buffer for ref in product.refs()} <= (
            makers.keys() - plan.kept
        ) | given:
            owed[number] = product
    return {number: _owe(plan, product) for number, product in owed.items()}


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

    def paid(self) -> Call:
        """Return the step, given what the gradient is made of."""
        gradients = list(self.step.args[_GRADIENTS])
        gradients[self.place] = tuple(self.product.args)
        args = list(self.step.args)
        args[_GRADIENTS] = gradients
        return replace(self.step, args=tuple(args))


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
    few = 0 < b.shape[0] <= _FEW
    return few and is_float(b) and b.strides[1] == b.dtype.itemsize


def _place(step: Call, gradient: Ref) -> int | None:
    """Return which gradient of a step of SGD it is, if it is one, and once."""
    if step.name != "sgd_step" or step.phase != 0:
        return None
    places = [i for i, x in enumerate(step.args[_GRADIENTS]) if x == gradient]
    taken = [ref for ref in step.refs() if ref.buffer == gradient.buffer]
    return places[0] if len(places) == len(taken) == 1 else None


def _alike(debt: _Debt) -> bool:
    """Tell whether parameter and momentum lie in memory as the gradient does."""
    params, _, buffers, _ = debt.step.args[:4]
    like = debt.gradient.shape, debt.gradient.dtype
    return all(
        (ref.shape, ref.dtype) == like and in_order(ref)
        for ref in refs_in((params[debt.place], buffers[debt.place]))
    )
