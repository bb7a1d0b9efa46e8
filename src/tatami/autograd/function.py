"""The one contract of an operation: a forward beside a backward.

``Operation`` is for tatami's own operations, whose forward works on arrays;
``Function`` is for the user's, whose forward works on tensors. Both record a ``Node``:
the context of the forward, the step of the backward, and what ``grad_fn`` shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import native
from ..tensor import Tensor, wrap
from . import grad_mode
from .node import NO_TENSOR, Node, Saved, edge_to, save, saved_log

__all__ = ["Function", "FunctionCtx", "Operation", "once_differentiable"]


class _NoGraph:
    """Take what a forward wants to keep when nothing is recorded, and forget it."""

    needs_input_grad = (False,) * 16

    def save_for_backward(self, *values: Any) -> None:
        """Drop the values."""


_no_graph = _NoGraph()


class _NodeType:
    """Stand for the class of an operation's nodes until one is recorded."""

    def __get__(self, instance: Any, operation: type[Operation]) -> type[Node]:
        with _making:
            if operation.__dict__["node_type"] is self:
                operation.node_type = _made_node_type(operation)
        return operation.__dict__["node_type"]


_making = threading.Lock()
_NODE_TYPE = _NodeType()


def _made_node_type(operation: type[Operation]) -> type[Node]:
    attributes: dict[str, Any] = {
        "_label": operation.node_name, "operation": operation, "replayable": True,
    }  # fmt: skip
    if hasattr(operation, "backward"):
        # A plain function among the attributes of a class: node.backward(...)
        # passes the node as the context.
        attributes["backward"] = operation.backward
    return type(operation.node_name, (operation.node_base,), attributes)


class Operation:
    """Base of tatami's own operations.

    A subclass has two static methods. ``forward(ctx, ...)`` takes the arguments of
    ``apply`` with arrays in the place of tensors, and returns an array or a tuple of
    arrays. ``backward(ctx, grad_output, ...)`` takes tensors and returns, for each
    argument of ``apply``, its gradient or None; trailing Nones may be left out. It is
    written with public operations, so that it can be differentiated again.

    ``node_name`` is what ``grad_fn`` shows (the class name with ``Backward0`` if left
    out); ``is_view`` says that the first output shares memory with the first argument;
    the first ``tensor_arguments`` arguments count as tensors even if they are numbers.
    """

    node_name = ""
    is_view = False
    tensor_arguments = 0
    node_base: type[Node] = Node
    node_type: type[Node] = Node
    forward: Callable[..., Any]
    backward: Callable[..., Any]

    def __init_subclass__(cls) -> None:
        if "node_name" not in cls.__dict__:
            cls.node_name = cls.__name__ + "Backward0"
        cls.node_type = _NODE_TYPE  # type: ignore[assignment]

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Run the forward and, if an input needs a gradient, record the step."""
        arrays = []
        needed = False
        for value in inputs:
            if isinstance(value, Tensor):
                if value._base is not None:
                    value._refresh()
                if value._requires_grad:
                    needed = True
                arrays.append(value._array)
            else:
                arrays.append(value)
        state = grad_mode.state
        if needed and state.enabled:
            return cls._record(inputs, arrays)
        result = cls.forward(_no_graph, *arrays)
        if cls.is_view or type(result) is tuple or state.inference:
            return cls._unrecorded(inputs, result)
        return wrap(result)

    @classmethod
    def _unrecorded(cls, inputs: tuple[Any, ...], result: Any) -> Any:
        if type(result) is tuple:
            return tuple([cls._unrecorded(inputs, array) for array in result])
        tensor = wrap(result)
        if cls.is_view:
            tensor._counter = inputs[0]._counter
            if grad_mode.state.enabled:
                as_view(tensor, inputs[0])
        if grad_mode.state.inference:
            tensor._inference = True
        return tensor

    @classmethod
    def _record(cls, inputs: tuple[Any, ...], arrays: list[Any]) -> Any:
        node = cls.node_type()
        edges: list[Any] = []
        for value in inputs:
            if isinstance(value, Tensor):
                edges.append(
                    (value._node or value, value._output_nr)
                    if value._requires_grad
                    else None
                )
            elif value is None or len(edges) < cls.tensor_arguments:
                edges.append(None)
            else:
                edges.append(NO_TENSOR)
        node.edges = edges
        node.needs_input_grad = tuple(map(bool, edges))
        result = cls.forward(node, *arrays)
        if type(result) is tuple:
            outputs = [cls._output(node, inputs, a) for a in result]
            for i, output in enumerate(outputs):
                output._output_nr = i
            node.outputs = len(outputs)
            save(node, inputs, outputs)
            return tuple(outputs)
        output = cls._output(node, inputs, result)
        if node._to_save:
            save(node, inputs, (output,))
        return output

    @classmethod
    def _output(cls, node: Node, inputs: tuple[Any, ...], array: np.ndarray) -> Tensor:
        tensor = wrap(array)
        if cls.is_view:
            as_view(tensor, inputs[0])
        if array.dtype.kind == "f":
            tensor._node = node
            tensor._requires_grad = True
        return tensor


if kernels.in_use == "native":
    native.connect(Tensor, Saved, _no_graph, saved_log)
    Operation.apply = classmethod(native.apply)  # type: ignore[assignment]


def as_view(view: Tensor, source: Tensor) -> None:
    """Note that ``view`` shares the storage and the version of ``source``."""
    view._counter = source._counter
    view._base = source if source._base is None else source._base
    view._view_version = source._counter[0]


class FunctionCtx(Node):
    """The context a user's Function meets in forward and backward."""

    _changed: tuple[Any, ...] = ()
    _silent: tuple[Any, ...] = ()

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs the forward changes in place."""
        self._changed = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._silent = args

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether missing output gradients arrive as zeros (the default)."""
        self.materialize = value

    def backward(self, *gradients: Any) -> Any:
        """Return the gradients of the inputs from those of the outputs."""
        if self.materialize:
            gradients = tuple(
                [
                    wrap(np.zeros(shape, kind)) if gradient is None else gradient
                    for gradient, (shape, kind) in zip(
                        gradients, self._output_kinds, strict=True
                    )
                ]
            )
        result = self.operation.backward(self, *gradients)
        result = result if isinstance(result, tuple) else (result,)
        return self._checked(result)

    _output_kinds: list[tuple[tuple[int, ...], Any]] = []  # noqa: RUF012

    def _checked(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        expected = len(self.edges)
        if len(gradients) < expected or any(
            extra is not None for extra in gradients[expected:]
        ):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(gradients)})"
            )
        for i, (gradient, shape) in enumerate(
            zip(gradients, self._input_shapes, strict=False)
        ):
            if gradient is not None and shape is not None:
                _check_shape(self, i, gradient, shape)
        return gradients[:expected]

    _input_shapes: Sequence[tuple[int, ...] | None] = ()


def _check_shape(node: Node, i: int, gradient: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(gradient, Tensor):
        raise TypeError(
            f"{node.name()}.backward returned a {type(gradient).__name__} at index "
            f"{i}, but a gradient is a tensor or None"
        )
    if gradient._array.shape != shape:
        raise RuntimeError(
            f"Function {node.name()} returned an invalid gradient at index {i} - got "
            f"{list(gradient.shape)} but expected shape compatible with {list(shape)}"
        )


class Function:
    """Base of the user's own differentiable operations.

    Write ``forward(ctx, ...)`` and ``backward(ctx, *grad_outputs)`` as static methods
    (or ``forward(...)`` with a ``setup_context(ctx, inputs, output)``), then call
    ``apply``.

    Example:
        >>> import tatami
        >>> class Square(tatami.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x * x
        ...     @staticmethod
        ...     def backward(ctx, grad_output):
        ...         (x,) = ctx.saved_tensors
        ...         return 2 * x * grad_output
        >>> x = tatami.tensor(3.0, requires_grad=True)
        >>> Square.apply(x).backward()
        >>> x.grad
        tensor(6.)
    """

    context_type: type[FunctionCtx] = FunctionCtx

    def __init_subclass__(cls) -> None:
        attributes = {"_label": cls.__name__ + "Backward", "operation": cls}
        cls.context_type = type(cls.__name__ + "Backward", (FunctionCtx,), attributes)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; every Function has its own."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the gradients of the inputs; every Function has its own."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the forward and, if an input needs a gradient, record the step."""
        ctx = cls.context_type()
        tensors = [x for x in args if isinstance(x, Tensor)]
        recorded = grad_mode.state.enabled and any(x.requires_grad for x in tensors)
        ctx.needs_input_grad = tuple(
            isinstance(x, Tensor) and x.requires_grad for x in args
        )
        ctx.edges = [edge_to(x) if isinstance(x, Tensor) else None for x in args]
        with grad_mode.no_grad():
            if "setup_context" in dir(cls):
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)  # type: ignore[attr-defined]
            else:
                result = cls.forward(ctx, *args, **kwargs)
        return cls._finish(ctx, args, result, recorded)

    @classmethod
    def _finish(
        cls, ctx: FunctionCtx, args: tuple[Any, ...], result: Any, recorded: bool
    ) -> Any:
        results = result if isinstance(result, tuple) else (result,)
        outputs = [cls._output(ctx, args, x) for x in results]
        for i, (made, tensor) in enumerate(zip(results, outputs, strict=True)):
            if recorded and _differentiable(ctx, made):
                tensor._node, tensor._output_nr = ctx, i
                tensor._requires_grad = True
        ctx.outputs = len(outputs)
        ctx._output_kinds = [
            (x._array.shape, x._array.dtype) if isinstance(x, Tensor) else ((), "f4")
            for x in outputs
        ]
        ctx._input_shapes = [
            x._array.shape if isinstance(x, Tensor) else None for x in args
        ]
        if recorded:
            save(ctx, args, [x for x in outputs if isinstance(x, Tensor)])
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]

    @staticmethod
    def _output(ctx: FunctionCtx, args: tuple[Any, ...], made: Any) -> Any:
        if any(made is x for x in ctx._changed):
            made._counter[0] += 1
            return made
        if isinstance(made, Tensor) and any(made is x for x in args):
            alias = wrap(made._array)
            as_view(alias, made)
            return alias
        return made


def _differentiable(ctx: FunctionCtx, made: Any) -> bool:
    return (
        isinstance(made, Tensor)
        and made._array.dtype.kind == "f"
        and not any(made is x for x in ctx._silent)
    )


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that works on raw numbers and can't be differentiated.

    Example:
        >>> from tatami.autograd.function import once_differentiable
        >>> @once_differentiable
        ... def backward(ctx, grad_output):
        ...     return grad_output
    """

    def wrapper(ctx: Any, *grad_outputs: Any) -> Any:
        recorded = grad_mode.state.enabled and any(
            isinstance(g, Tensor) and g.requires_grad for g in grad_outputs
        )
        with grad_mode.no_grad():
            result = backward(ctx, *grad_outputs)
        if not recorded:
            return result
        results = result if isinstance(result, tuple) else (result,)
        return tuple(_refuse(x) if isinstance(x, Tensor) else x for x in results)

    return wrapper


class _Refuse(Operation):
    node_name = "Error"

    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        return array.copy()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with "
            "@once_differentiable"
        )


def _refuse(tensor: Tensor) -> Any:
    return _Refuse.apply(tensor.detach().requires_grad_())
