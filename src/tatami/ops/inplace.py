"""In-place operations: compute aside, write, and correct the history.

A tensor that is a view passes the change on to the history of its base; other views
of that base notice by the version they share, and read their history anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .. import kernels
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..autograd.node import Saved, edge_to, saved_log
from ..later import attach
from ..tensor import Tensor, tensor_method, wrap
from .arguments import cast, type_name

__all__ = ["in_place", "overwrite", "update"]

_LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
Public = TypeVar("Public", bound=Callable[..., Any])


def in_place(function: Public) -> Public:
    """Attach the in-place variant ``name_`` of a public function to Tensor."""

    @functools.wraps(function)
    def changed(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return update(self, lambda original: function(original, *args, **kwargs))

    changed.__name__ = function.__name__ + "_"
    changed.__qualname__ = "Tensor." + changed.__name__
    changed.__doc__ = f"Compute ``{function.__name__}`` and put the result in place."
    attach(Tensor, changed.__name__, changed)
    return function


def update(target: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
    """Replace the elements of ``target`` by what ``compute`` makes of them.

    Raises:
        RuntimeError: a leaf that requires grad, a result of another shape or a type
            that can't be cast, or elements that share memory.
    """
    check_writable(target)
    saved_log.append([])
    try:
        result = compute(target)
    finally:
        log = saved_log.pop()
    _check_result(target, result)
    result = cast(result, target.dtype)
    _write(target, result, log)
    if grad_mode.state.enabled and (result._requires_grad or target._requires_grad):
        _adopt(target, result)
    return target


def overwrite(target: Tensor, operation: type[Operation]) -> Tensor:
    """Let an operation put what it makes of ``target`` where that lies.

    Args:
        target: the operand.
        operation: takes the operand, and where to put the result; each element of that
            depends on one of the operand's, of which it saves none.
    """
    if type(target._array) is not np.ndarray:
        # A recording has to see that elements change.
        return update(target, operation.apply)
    check_writable(target)
    saved_log.append([])
    try:
        result: Tensor = operation.apply(target, target._array)
    finally:
        log = saved_log.pop()
    target._counter[0] += 1
    for entry in log:
        entry.leaf = entry.node = None
        entry.output_nr, entry.counter = result._output_nr, target._counter
        entry.version = target._counter[0]
    if grad_mode.state.enabled and result._requires_grad:
        _adopt(target, result)
    return target


def check_writable(target: Tensor) -> None:
    """Refuse to change a leaf that requires grad, or elements that share memory."""
    if target._base is not None:
        target._refresh()
    if target._requires_grad and grad_mode.state.enabled:
        base = target._base
        if base is not None and base._node is None and base._requires_grad:
            raise RuntimeError("a view of " + _LEAF)
        if target._node is None:
            raise RuntimeError(_LEAF)
    strides = target._array.strides
    if (
        0 in strides
        and target._array.size > 1
        and any(
            s == 0 and n > 1 for s, n in zip(strides, target._array.shape, strict=True)
        )
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor "
            "refers to a single memory location. Please clone() the tensor before "
            "performing the operation."
        )


def _check_result(target: Tensor, result: Tensor) -> None:
    if result._array.shape != target._array.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast "
            f"shape {list(result.shape)}"
        )
    if result.dtype.category > target.dtype.category:
        raise RuntimeError(
            f"result type {type_name(result.dtype)} can't be cast to the desired "
            f"output type {type_name(target.dtype)}"
        )


def _write(target: Tensor, result: Tensor, log: list[Saved]) -> None:
    """Write the result; what was saved of the old elements keeps a copy of them."""
    for entry in log:
        if entry.array is target._array:
            entry.array, entry.counter = kernels.copy(target._array), None
    kernels.assign(target._array, result._array)
    target._counter[0] += 1
    for entry in log:
        if entry.array is result._array:
            entry.array, entry.counter = target._array, target._counter
            entry.version = target._counter[0]


def _adopt(target: Tensor, result: Tensor) -> None:
    if target._base is not None:
        _rebase(target, target._base, result)
        return
    target._node, target._output_nr = result._node, result._output_nr
    target._requires_grad = result._requires_grad


def _rebase(view: Tensor, base: Tensor, result: Tensor) -> None:
    node = CopySlices.node_type()
    node.edges = [edge_to(base), edge_to(result)]
    node.needs_input_grad = (base._requires_grad, result._requires_grad)
    node.saved = []
    node.outputs = 1
    node.shape = base._array.shape
    node.places = places(view._array, base._array)
    base._node, base._output_nr, base._requires_grad = node, 0, True


def address(array: np.ndarray) -> int:
    """Return where the first element of an array lies in memory."""
    return int(array.__array_interface__["data"][0])


def places(view: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Return, in the shape of ``view``, which elements of ``base`` it shows."""
    offset = (address(view) - address(base)) // base.itemsize
    position = np.full(view.shape, offset, np.int64)
    for i, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
        along = np.arange(n, dtype=np.int64) * (step // base.itemsize)
        position += along.reshape(-1, *(1,) * (view.ndim - i - 1))
    if base.flags.c_contiguous:
        return position
    return _element_numbers(base)[position]


def _element_numbers(base: np.ndarray) -> np.ndarray:
    """Return a table from memory positions of ``base`` to its element numbers."""
    span = np.zeros(1, np.int64)
    for n, step in zip(base.shape, base.strides, strict=True):
        along = np.arange(n, dtype=np.int64) * (step // base.itemsize)
        span = (span[:, None] + along).ravel()
    table = np.full(int(span.max(initial=0)) + 1, -1, np.int64)
    table[span] = np.arange(span.size)
    return table


class CopySlices(Operation):
    """Part of a tensor was overwritten: its gradient goes to what was written."""

    node_name = "CopySlices"

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        flat = grad_output.reshape(-1)
        where = wrap(ctx.places.reshape(-1))
        kept = written = None
        if ctx.needs_input_grad[0]:
            kept = flat.index_fill(0, where, 0).view(ctx.shape)
        if ctx.needs_input_grad[1]:
            written = flat.index_select(0, where).view(ctx.places.shape)
        return kept, written


class AsStrided(Operation):
    """A view of a base whose history changed after the view was made."""

    node_name = "AsStridedBackward0"
    is_view = True

    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, storage: np.ndarray, size: Any, stride: Any
    ) -> np.ndarray:
        steps = tuple(step * array.itemsize for step in stride)
        result = np.lib.stride_tricks.as_strided(storage, tuple(size), steps)
        if ctx.needs_input_grad[0]:
            ctx.shape, ctx.places = array.shape, places(result, array)
        return result

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        count = int(np.prod(ctx.shape))
        flat = wrap(kernels.full((count,), 0, grad_output._array.dtype))
        where = wrap(ctx.places.reshape(-1))
        return flat.index_add(0, where, grad_output.reshape(-1)).view(ctx.shape)


@tensor_method("_refresh")
def _refresh(self: Tensor) -> None:
    """Read the history of a view anew if its base has changed since."""
    base = self._base
    if base is None or self._view_version == self._counter[0]:
        return
    self._view_version = self._counter[0]
    if not base._requires_grad:
        return
    node = AsStrided.node_type()
    node.edges = [edge_to(base)]
    node.needs_input_grad = (True,)
    node.saved = []
    node.shape = base._array.shape
    node.places = places(self._array, base._array)
    self._node, self._output_nr, self._requires_grad = node, 0, True
