"""Hooks of modules: how they are registered, and a call with hooks."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ...autograd.function import Function
from ...autograd.grad_mode import is_grad_enabled
from ...autograd.hooks import RemovableHandle
from ...tensor import Tensor

__all__ = [
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hook = Callable[..., Any]
_BOTH = (
    "Cannot use both regular backward hooks and full backward hooks on a single "
    "Module. Please use only one of them."
)


class Hooks:
    """The hooks that hold for every module; those on calls in one dictionary."""

    def __init__(self) -> None:
        self.on_call: dict[int, tuple[str, Hook]] = OrderedDict()
        self.with_kwargs: set[int] = set()
        self.always_called: set[int] = set()
        self.buffer: dict[int, Hook] = OrderedDict()
        self.module: dict[int, Hook] = OrderedDict()
        self.parameter: dict[int, Hook] = OrderedDict()

    def add(self, kind: str, hook: Hook) -> RemovableHandle:
        """Register a hook that is called before or after a forward or backward."""
        return RemovableHandle.add(self.on_call, (kind, hook))

    def of(self, kind: str) -> list[tuple[int, Hook]]:
        """Return the hooks of one kind."""
        return [(key, hook) for key, (own, hook) in self.on_call.items() if own == kind]


everywhere = Hooks()


def add_hook(hooks: dict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
    """Put a hook last, or first, and return its handle."""
    handle = RemovableHandle.add(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)  # type: ignore[attr-defined]
    return handle


class HookRegistration:
    """The part of Module that takes hooks."""

    _backward_hooks: dict[int, Hook]
    _backward_pre_hooks: dict[int, Hook]
    _forward_hooks: dict[int, Hook]
    _forward_pre_hooks: dict[int, Hook]
    _forward_hooks_with_kwargs: dict[int, bool]
    _forward_hooks_always_called: dict[int, bool]
    _forward_pre_hooks_with_kwargs: dict[int, bool]
    _is_full_backward_hook: bool | None

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; it may return new args.

        Args:
            hook: gets ``(module, args)``, or ``(module, args, kwargs)``.
            prepend: run before the hooks registered so far.
            with_kwargs: give the hook the keyword arguments, too; it then returns None
                or both, ``(args, kwargs)``.
        """
        handle = add_hook(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:  # fmt: skip
        """Call ``hook(module, args, output)`` after each forward.

        Args:
            hook: gets ``(module, args, output)``, or ``(module, args, kwargs,
                output)``; what it returns, unless None, replaces the output.
            prepend: run before the hooks registered so far.
            with_kwargs: give the hook the keyword arguments, too.
            always_call: call it even if the forward raises an error.

        Example:
            >>> import tatami
            >>> layer = tatami.nn.Identity()
            >>> handle = layer.register_forward_hook(lambda module, args, out: out + 1)
            >>> layer(tatami.zeros(1))
            tensor([1.])
        """
        handle = add_hook(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    def register_full_backward_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward.

        Args:
            hook: what it returns, unless None, replaces the gradients.
            prepend: run before the hooks registered so far.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` after the module's backward.

        Args:
            hook: what it returns, unless None, replaces the gradients of the inputs.
            prepend: run before the hooks registered so far.
        """
        if self._is_full_backward_hook is False:
            raise RuntimeError(_BOTH)
        self._is_full_backward_hook = True
        return add_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` at the last step only.

        PyTorch has deprecated it; prefer ``register_full_backward_hook``, which gets
        the gradients of the module's inputs whatever happens inside.
        """
        if self._is_full_backward_hook is True:
            raise RuntimeError(_BOTH)
        self._is_full_backward_hook = False
        return add_hook(self._backward_hooks, hook, False)


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the forward of a module and every hook that wants to know of it."""
    called: set[int] = set()
    result = None
    try:
        args, kwargs = _before(module, args, kwargs)
        backward = _BackwardHooks.of(module)
        if backward is not None:
            args = backward.watch_inputs(args)
        result = module.forward(*args, **kwargs)
        for key, hook, more in _after(module):
            called.add(key)
            found = hook(module, args, *[kwargs] * more, result)
            result = result if found is None else found
        if backward is not None:
            result = backward.watch_outputs(result)
    except Exception:
        _always_called(module, args, kwargs, result, called)
        raise
    if module._is_full_backward_hook is False and module._backward_hooks:
        _watch_last_step(module, result)
    return result


def _before(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    own = module._forward_pre_hooks.items()
    for key, hook in [*everywhere.of("forward_pre"), *own]:
        if key not in module._forward_pre_hooks_with_kwargs:
            found = hook(module, args)
            if found is not None:
                args = found if isinstance(found, tuple) else (found,)
            continue
        found = hook(module, args, kwargs)
        if found is None:
            continue
        if not isinstance(found, tuple) or len(found) != 2:
            raise RuntimeError(
                "forward pre-hook must return None or a tuple of (new_args, "
                f"new_kwargs), but got {found}."
            )
        args, kwargs = found
    return args, kwargs


def _after(module: Any) -> list[tuple[int, Hook, bool]]:
    """Return the forward hooks, and whether each takes keyword arguments."""
    with_kwargs = everywhere.with_kwargs | set(module._forward_hooks_with_kwargs)
    hooks = [*everywhere.of("forward"), *module._forward_hooks.items()]
    return [(key, hook, key in with_kwargs) for key, hook in hooks]


def _always_called(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any,
    called: set[int],
) -> None:  # fmt: skip
    """Run, after an error, the hooks that are to run whatever happens."""
    wanted = everywhere.always_called | set(module._forward_hooks_always_called)
    for key, hook, more in _after(module):
        if key not in wanted or key in called:
            continue
        try:
            hook(module, args, *[kwargs] * more, result)
        except Exception as error:
            scope = "global module" if key in everywhere.on_call else "module"
            warnings.warn(
                f"{scope} forward hook with ``always_call=True`` raised an exception "
                f"that was silenced as another error was raised in forward: {error}",
                stacklevel=2,
            )


class BackwardHookFunction(Function):
    """Pass tensors on unchanged, so that a step stands where hooks can be put."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        ctx.mark_non_differentiable(*[x for x in tensors if not x.requires_grad])
        ctx.set_materialize_grads(False)
        return tensors

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return grad_outputs


def _spread(values: Any, places: list[int], count: int) -> tuple[Any, ...]:
    """Put values at their places among ``count``, with None elsewhere."""
    spread: list[Any] = [None] * count
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return tuple(spread)


class _BackwardHooks:
    """Run the backward hooks of one call of a module."""

    def __init__(self, module: Any, hooks: list[Hook], before: list[Hook]) -> None:
        self.module, self.hooks, self.before = module, hooks, before
        self.grad_outputs: tuple[Any, ...] | None = None
        self.input_places: list[int] | None = None
        self.input_count = 0

    @classmethod
    def of(cls, module: Any) -> _BackwardHooks | None:
        """Return the hooks of this call, or None if there are none."""
        hooks = [hook for _, hook in everywhere.of("backward")]
        if module._is_full_backward_hook is not False:
            hooks += module._backward_hooks.values()
        before = [hook for _, hook in everywhere.of("backward_pre")]
        before += module._backward_pre_hooks.values()
        return cls(module, hooks, before) if hooks or before else None

    @staticmethod
    def _pass_through(
        values: tuple[Any, ...],
    ) -> tuple[tuple[Any, ...], list[int], Any]:
        """Send the tensors among ``values`` through a step, and return its node."""
        places = [i for i, x in enumerate(values) if isinstance(x, Tensor)]
        tensors = [values[i] for i in places]
        if not is_grad_enabled() or not any(x.requires_grad for x in tensors):
            return values, places, None
        passed = BackwardHookFunction.apply(*tensors)
        node = next(x.grad_fn for x in passed if x.grad_fn is not None)
        changed = list(values)
        for place, tensor in zip(places, passed, strict=True):
            changed[place] = tensor
        return tuple(changed), places, node

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Make the hooks run when the gradients of the inputs are known."""
        self.input_count = len(args)
        args, places, node = self._pass_through(args)
        if node is not None:
            self.input_places = places
            node.register_hook(self._at_inputs)
        return args

    def watch_outputs(self, result: Any) -> Any:
        """Note the gradients of the outputs when they come."""
        single = isinstance(result, Tensor)
        if not single and not isinstance(result, tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a "  # noqa: E501
                f"tuple of Tensors but received {type(result)}",
                stacklevel=2,
            )
            return result
        values = (result,) if single else result
        changed, self.output_places, node = self._pass_through(values)
        self.output_count = len(values)
        if node is not None:
            node.register_prehook(self._at_outputs)
        return changed[0] if single else changed

    def _at_outputs(self, gradients: Any) -> Any:
        spread = _spread(gradients, self.output_places, self.output_count)
        for hook in self.before:
            found = hook(self.module, spread)
            if found is not None:
                spread = found if isinstance(found, tuple) else (found,)
        self.grad_outputs = spread
        if self.input_places is None:
            self._without_inputs(spread)
        return tuple(spread[i] for i in self.output_places)

    def _without_inputs(self, grad_outputs: tuple[Any, ...]) -> None:
        for hook in self.hooks:
            found = hook(self.module, (None,) * self.input_count, grad_outputs)
            if found is not None and not (
                isinstance(found, tuple) and all(x is None for x in found)
            ):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should "
                    "always return None or None for all gradients."
                )
        self.grad_outputs = None

    def _at_inputs(self, grad_inputs: Any, grad_outputs: Any) -> Any:
        if self.grad_outputs is None:
            raise RuntimeError(
                "Module backward hook for grad_input is called before the grad_output "
                "one. This happens because the gradient in your nn.Module flows to the "
                "Module's input without passing through the Module's output. Make sure "
                "that the output depends on the input and that the loss is computed "
                "based on the output."
            )
        assert self.input_places is not None
        spread = _spread(grad_inputs, self.input_places, self.input_count)
        for hook in self.hooks:
            found = hook(self.module, spread, self.grad_outputs)
            if found is None:
                continue
            found = found if isinstance(found, tuple) else (found,)
            if len(found) != len(spread):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, got "
                    f"{len(found)}, but expected {len(spread)}"
                )
            spread = found
        self.grad_outputs = None
        return tuple(spread[i] for i in self.input_places)


def _watch_last_step(module: Any, result: Any) -> None:
    while not isinstance(result, Tensor):
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    if result.grad_fn is not None:
        for hook in module._backward_hooks.values():
            result.grad_fn.register_hook(functools.partial(hook, module))


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module."""
    return everywhere.add("forward_pre", hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module."""
    handle = everywhere.add("forward", hook)
    if with_kwargs:
        everywhere.with_kwargs.add(handle.id)
    if always_call:
        everywhere.always_called.add(handle.id)
    return handle


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module."""
    return everywhere.add("backward_pre", hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after every module's backward."""
    return everywhere.add("backward", hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` whenever a buffer is registered."""
    return RemovableHandle.add(everywhere.buffer, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` whenever a module is registered."""
    return RemovableHandle.add(everywhere.module, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` whenever a parameter is registered."""
    return RemovableHandle.add(everywhere.parameter, hook)
