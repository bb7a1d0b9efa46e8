"""Fusion of convolution, relu and max pooling, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import kernels
from .fusion import Uses, in_order, is_float, substitute
from .plan import Plan
from .trace import Call, Ref

__all__ = ["PATTERNS"]

_ONES = (1, 1)


@dataclass
class _Block:
    """A convolution with the relu and the pooling behind it, in either order.

    Attributes:
        convolution: the call.
        relu: the call, or None.
        pool: the call.
        grads: what the backward pass does about them; empty without one.
    """

    convolution: Call
    relu: Call | None
    pool: Call
    grads: list[Call]

    def output(self) -> Ref:
        """Return the last result."""
        last = self.pool if self.relu is None else self.relu
        pooled = self.relu is None or self.relu.args[0].buffer == self._pooled()
        return last.results[0] if pooled else self.pool.results[0]

    def _pooled(self) -> int:
        return self.pool.results[0].buffer


def _serves(plan: Plan, call: Call) -> bool:
    """Tell whether the fused kernels know such a convolution."""
    if call.name != "convolution" or len(call.args[0].shape) != 4:
        return False
    x, weight, bias, stride, _, dilation, groups = call.args
    alike = tuple(stride) == _ONES and tuple(dilation) == _ONES and groups == 1
    arrays = [x, weight] if bias is None else [x, weight, bias]
    return alike and is_float(x) and all(map(in_order, arrays))


def _readers(uses: Uses, ref: Ref) -> list[Call]:
    """Return the calls that take an array for more than its shape."""
    return [c for c in uses.takers(ref) if not _takes_the_shape_of(c, ref)]


def _takes_the_shape_of(call: Call, ref: Ref) -> bool:
    return call.name == "max_pool_tiles_grad" and all(
        (x.buffer == ref.buffer) == (i == 2)
        for i, x in enumerate(call.args)
        if isinstance(x, Ref)
    )


def _forward(uses: Uses, call: Call) -> tuple[Call | None, Call] | None:
    """Return the relu, if there is one, and the pooling behind a convolution."""
    following = _readers(uses, call.results[0])
    first = [c for c in following if c.name in ("relu", "max_pool_tiles")]
    if len(first) != 1 or len(following) != 1 or first[0].kwargs:
        return None
    if not uses.is_inner(call.results[0]):
        return None
    inner = uses.is_inner(first[0].results[0])
    if first[0].name == "relu":
        taking = _readers(uses, first[0].results[0])
        behind = [c for c in taking if c.name == "max_pool_tiles"]
        return (first[0], behind[0]) if inner and len(behind) == 1 else None
    behind = [c for c in uses.takers(first[0].results[0]) if c.name == "relu"]
    alone = len(uses.takers(first[0].results[0])) == 1
    return (behind[0] if behind and alone and inner else None, first[0])


def _backward(uses: Uses, block: _Block) -> list[Call] | None:
    """Return the calls of the backward pass, or None if something else is there."""
    relu, pool = block.relu, block.pool
    if not uses.is_inner(pool.results[1]):
        return None
    indices = uses.takers(pool.results[1])
    between = [] if relu is None else _readers(uses, relu.results[0])
    if relu is not None and relu.args[0].buffer == pool.results[0].buffer:
        return _through_relu_first(uses, block, indices)
    masks = [call for call in between if call is not pool]
    if not indices:
        return [] if not masks else None
    if len(indices) != 1 or indices[0].name != "max_pool_tiles_grad":
        return None
    if relu is None:
        return [indices[0], *_parameter_grads(uses, block, indices[0])]
    mask = uses.only(indices[0].results[0], "threshold_backward")
    if mask is None or masks != [mask] or mask.args[2] != 0:
        return None
    return [indices[0], mask, *_parameter_grads(uses, block, mask)]


def _through_relu_first(
    uses: Uses, block: _Block, indices: list[Call]
) -> list[Call] | None:
    """Do the same where relu stands behind the pooling."""
    assert block.relu is not None
    if not indices:
        return []
    if len(indices) != 1 or indices[0].name != "max_pool_tiles_grad":
        return None
    gradient = indices[0].args[0]
    masks = [
        uses.plan.calls[i]
        for i, call in enumerate(uses.plan.calls)
        if call.name == "threshold_backward"
        and call.results[0].buffer == gradient.buffer
    ]
    if len(masks) != 1 or uses.takers(gradient) != indices:
        return None
    mask = masks[0]
    if mask.args[1] != block.relu.results[0] or mask.args[2] != 0:
        return None
    return [mask, indices[0], *_parameter_grads(uses, block, indices[0])]


def _parameter_grads(uses: Uses, block: _Block, last: Call) -> list[Call]:
    return uses.takers(last.results[0])


def _role(block: _Block, call: Call, gradient: Ref) -> str:
    """Return which gradient of the block's convolution a call computes."""
    x, weight, _, *geometry = block.convolution.args
    role = _part(call, gradient)
    if role in ("", "bias"):
        return role
    other = weight if role == "input" else x
    return role if call.args[1] == other and list(call.args[3:]) == geometry else ""


def block_of_convolution(plan: Plan, uses: Uses, call: Call) -> bool:
    """Fuse convolution, relu and max pooling, with their backward if there is one."""
    found = _forward(uses, call) if _serves(plan, call) else None
    if found is None:
        return False
    relu, pool = found
    x, weight, bias, _, padding, *_ = call.args
    window = tuple(pool.args[1])
    if not kernels.convolution_max_pool_pays(x.shape, weight.shape, padding, window):
        return False
    block = _Block(call, relu, pool, [])
    grads = _backward(uses, block)
    if grads is None:
        return False
    parts = [call, pool] if relu is None else [call, relu, pool]
    last = max(parts, key=uses.place)
    if not uses.steady([x, weight], call, last):
        return False
    arguments = (x, weight, bias, tuple(padding), window, relu is not None)
    if grads:
        return _with_backward(plan, uses, block, parts, grads, arguments)
    fused = Call(
        "convolution_max_pool_infer", arguments, {}, (block.output(),), call.phase
    )
    substitute(plan, parts, fused, last)
    return True


def _with_backward(
    plan: Plan, uses: Uses, block: _Block, parts: list[Call], grads: list[Call],
    arguments: tuple[Any, ...],
) -> bool:  # fmt: skip
    head = [c for c in grads if c.name in ("max_pool_tiles_grad", "threshold_backward")]
    tail = [c for c in grads if c not in head]
    gradient = head[-1].results[0]
    roles = {_role(block, c, gradient): c for c in tail}
    if "" in roles or len(roles) != len(tail) or "weight" not in roles:
        return False
    first = min(tail, key=uses.place)
    if not uses.steady(arguments[:2], block.convolution, max(tail, key=uses.place)):
        return False
    output = block.output()
    code = plan.new_buffer(output.shape, np.dtype(np.uint8))
    phase = block.convolution.phase
    forward = Call("convolution_max_pool", arguments, {}, (output, code), phase)
    backward = _grads(roles, head[0].args[0], code, *arguments[3:])
    substitute(plan, parts, forward, max(parts, key=uses.place))
    substitute(plan, [*head, *tail], backward, first)
    return True


def _grads(
    roles: dict[str, Call], gradient: Ref, code: Ref, padding: Any, pool: Any,
    relu: bool,
) -> Call:  # fmt: skip
    """Return the call that computes what these calls do, from the pooled gradient."""
    _, x, shape, *_ = roles["weight"].args
    weight = roles["input"].args[1] if "input" in roles else None
    geometry = (tuple(shape), tuple(padding), tuple(pool))
    results = [roles[r].results[0] for r in ("input", "weight", "bias") if r in roles]
    arguments = (gradient, code, x, weight, *geometry, relu, "bias" in roles)
    phase = roles["weight"].phase
    return Call("convolution_max_pool_grad", arguments, {}, tuple(results), phase)


def gradient_by_code(plan: Plan, uses: Uses, call: Call) -> bool:
    """Fuse the way back through pooling, relu and convolution.

    This is for a pass whose forward was another program, or none.
    """
    if call.name != "max_pool_tiles_grad":
        return False
    gradient, code, pooled, pool = call.args
    mask = uses.only(call.results[0], "threshold_backward")
    if mask is not None and mask.args != (call.results[0], pooled, 0):
        return False
    inner = (call if mask is None else mask).results[0]
    roles = {_part(c, inner): c for c in uses.takers(inner)}
    if not uses.is_inner(inner) or len(roles) != len(uses.takers(inner)):
        return False
    if "" in roles or "weight" not in roles:
        return False
    padding = roles["weight"].args[4]
    fused = _grads(roles, gradient, code, padding, pool, mask is not None)
    reads = [x for x in fused.args if isinstance(x, Ref)]
    if not is_float(gradient) or not all(map(in_order, reads)):
        return False
    if not uses.steady(reads, call, max(roles.values(), key=uses.place)):
        return False
    old = [call, *([] if mask is None else [mask]), *roles.values()]
    substitute(plan, old, fused, min(roles.values(), key=uses.place))
    return True


def _part(call: Call, inner: Ref) -> str:
    """Return which gradient of a plain convolution a call computes."""
    if call.args[0] != inner or call.kwargs:
        return ""
    if call.name == "sum":
        return "bias" if tuple(call.args[1]) == (0, 2, 3) and not call.args[2] else ""
    if not call.name.startswith("convolution_grad_"):
        return ""
    stride, _, dilation, groups = call.args[3:]
    plain = tuple(stride) == tuple(dilation) == _ONES and groups == 1
    return call.name.removeprefix("convolution_grad_") if plain else ""


def convolution_and_relu(plan: Plan, uses: Uses, call: Call) -> bool:
    """Fuse a convolution and the relu behind it."""
    if call.name != "convolution" or not is_float(call.args[0]):
        return False
    relu = uses.only(call.results[0], "relu")
    if relu is None or relu.phase != call.phase:
        return False
    fused = Call("convolution_relu", call.args, {}, relu.results, call.phase)
    substitute(plan, [call, relu], fused, call)
    return True


PATTERNS = (block_of_convolution, gradient_by_code, convolution_and_relu)
