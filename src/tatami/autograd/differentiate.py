"""The public faces of the backward pass: ``backward``, ``grad`` and tensor hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..tensor import Tensor, tensor_method, wrap
from . import engine
from .accumulate import accumulate
from .hooks import RemovableHandle

__all__ = ["Variable", "backward", "grad"]

Tensors = Tensor | Sequence[Tensor]


def Variable(data: Tensor, requires_grad: bool = False) -> Tensor:
    """Return the tensor: what was a Variable before PyTorch 0.4 is a tensor now.

    Example:
        >>> import tatami
        >>> tatami.autograd.Variable(tatami.ones(1), requires_grad=True)
        tensor([1.], requires_grad=True)
    """
    return data.requires_grad_() if requires_grad else data


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, Tensor) else tuple(value)


def _first_gradient(output: Tensor, gradient: Tensor | None) -> Tensor:
    """Return the gradient an output starts with: one for a scalar."""
    if not output._requires_grad:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn"
        )
    if gradient is None:
        if output._array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return wrap(kernels.full(output._array.shape, 1, output._array.dtype))
    if gradient._array.shape != output._array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {gradient.shape} and "
            f"output[0] has a shape of {output.shape}."
        )
    return gradient


def _start(outputs: tuple[Tensor, ...], gradients: Any) -> list[Tensor]:
    given = _as_tuple(gradients) or (None,) * len(outputs)
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients")
    return [_first_gradient(*pair) for pair in zip(outputs, given, strict=True)]


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Compute the gradients of ``tensors`` and add them to the leaves' ``grad``.

    Args:
        tensors: outputs to differentiate.
        grad_tensors: gradient of each output; may be left out for scalars.
        retain_graph: keep the graph for another pass; defaults to ``create_graph``.
        create_graph: record the pass itself, for higher derivatives.
        grad_variables: older name of ``grad_tensors``.
        inputs: accumulate into these tensors only.

    Example:
        >>> import tatami
        >>> x = tatami.tensor(2.0, requires_grad=True)
        >>> tatami.autograd.backward(x * x)
        >>> x.grad
        tensor(4.)
    """
    outputs = _as_tuple(tensors)
    start = _start(outputs, grad_variables if grad_tensors is None else grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        engine.run(outputs, start, keep, create_graph)
        return
    wanted = _as_tuple(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for tensor in wanted:
        _require_graph(tensor)
    results = engine.run(outputs, start, keep, create_graph, wanted)
    for tensor, result in zip(wanted, results, strict=True):
        if result is not None:
            accumulate(tensor, result, create_graph)


def _require_graph(tensor: Tensor) -> None:
    if not tensor.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of ``outputs`` with respect to ``inputs``.

    Args:
        outputs: tensors to differentiate.
        inputs: tensors to differentiate with respect to; their ``grad`` is untouched.
        grad_outputs: gradient of each output; may be left out for scalars.
        retain_graph: keep the graph for another pass; defaults to ``create_graph``.
        create_graph: record the pass itself, for higher derivatives.
        only_inputs: must be True, as in PyTorch.
        allow_unused: return None for inputs the outputs don't depend on.
        is_grads_batched: not supported.
        materialize_grads: return zeros instead of None.

    Raises:
        RuntimeError: an input is not part of the graph and ``allow_unused`` is False.

    Example:
        >>> import tatami
        >>> x = tatami.tensor(3.0, requires_grad=True)
        >>> tatami.autograd.grad(x * x, x)
        (tensor(6.),)
    """
    if is_grads_batched:
        raise NotImplementedError(
            "is_grads_batched=True needs vmap, which tatami has not; call grad once "
            "for each row of grad_outputs"
        )
    roots, wanted = _as_tuple(outputs), _as_tuple(inputs)
    start = _start(roots, grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    for tensor in wanted:
        _require_graph(tensor)
    results = engine.run(roots, start, keep, create_graph, wanted)
    if materialize_grads:
        return tuple(
            wrap(np.zeros_like(tensor._array)) if result is None else result
            for tensor, result in zip(wanted, results, strict=True)
        )
    if not allow_unused and any(result is None for result in results):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the "
            "graph. Set allow_unused=True if this is the desired behavior."
        )
    return tuple(results)


@tensor_method("backward")
def _backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradients of this tensor and add them to the leaves' ``grad``."""
    if inputs is not None:
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)
        return
    keep = create_graph if retain_graph is None else retain_graph
    start = _first_gradient(self, gradient)
    engine.run((self,), (start,), keep, create_graph)


@tensor_method("register_hook")
def _register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> RemovableHandle:
    """Call ``hook(grad)`` when the gradient is known; it may return another one."""
    if not self.requires_grad:
        raise RuntimeError(
            "cannot register a hook on a tensor that doesn't require gradient"
        )
    if self._node is None:
        if self._hooks is None:
            self._hooks = {}
        return RemovableHandle.add(self._hooks, hook)
    node = self._node
    node.hooked = True
    if node.tensor_hooks is None:
        node.tensor_hooks = {}
    hooks = node.tensor_hooks.setdefault(self._output_nr, {})
    return RemovableHandle.add(hooks, hook)


@tensor_method("register_post_accumulate_grad_hook")
def _register_post_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> Any:
    """Call ``hook(tensor)`` after a gradient was added to this leaf."""
    if self._node is not None:
        raise RuntimeError(
            "post accumulate grad hooks cannot be registered on non-leaf tensors"
        )
    if self._post_hooks is None:
        self._post_hooks = {}
    return RemovableHandle.add(self._post_hooks, hook)


@tensor_method("retain_grad")
def _retain_grad(self: Tensor) -> None:
    """Keep the gradient of this non-leaf tensor in ``grad``."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if self._node is None or self._retains_grad:
        return
    import weakref

    self._retains_grad = True
    reference = weakref.ref(self)

    def keep(gradient: Tensor, create_graph: bool) -> None:
        tensor = reference()
        if tensor is not None:
            accumulate(tensor, gradient, create_graph)

    node = self._node
    node.hooked = True
    node.retain_hooks = {**(node.retain_hooks or {}), self._output_nr: keep}
