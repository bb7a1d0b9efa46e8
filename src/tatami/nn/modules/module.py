"""Module, the base of every layer and network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from ... import dtypes
from ...autograd.grad_mode import no_grad
from ...device import require_cpu
from ...ops.convert import parse_to
from ...tensor import Tensor
from ..parameter import Buffer, Parameter, is_lazy
from .hooks import (
    HookRegistration,
    call_with_hooks,
    everywhere,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from .members import Members
from .state import StateDict
from .text import indent, layout, type_name

__all__ = [
    "Module",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Self = TypeVar("Self", bound="Module")
on_every_call = everywhere.on_call
_NO_INIT = "cannot assign {} before Module.__init__() call"


class Module(Members, StateDict, HookRegistration):
    """Base of all layers and networks.

    A subclass calls ``super().__init__()``, assigns parameters and submodules as
    attributes, and defines ``forward``. Calling the module runs ``forward`` and the
    hooks.

    Example:
        >>> import tatami
        >>> class Net(tatami.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = tatami.nn.Linear(4, 2)
        ...
        ...     def forward(self, x):
        ...         return self.fc(x)
        >>> Net()
        Net(
          (fc): Linear(in_features=4, out_features=2, bias=True)
        )
    """

    dump_patches: bool = False
    call_super_init: bool = False
    training: bool
    _is_full_backward_hook: bool | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            self._refuse_arguments(args, kwargs)
        self.__dict__.update(_fresh_state())
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def _refuse_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        name = type(self).__name__
        if kwargs:
            raise TypeError(
                f"{name}.__init__() got an unexpected keyword argument "
                f"'{next(iter(kwargs))}'"
            )
        raise TypeError(
            f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were "
            "given"
        )

    # Calling.

    def forward(self, *input: Any) -> Any:
        """Compute the output; every subclass has its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or on_every_call
        ):
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs) if kwargs else self.forward(*args)

    # Attributes: parameters, buffers and modules live in dictionaries of their own.

    def __setattr__(self, name: str, value: Any) -> None:
        members = self.__dict__
        if isinstance(value, Parameter):
            self._require_init("_parameters", "parameters")
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif name in members.get("_parameters", ()):
            self._require_kind(name, value, "parameter", "torch.nn.Parameter or None")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._require_init("_modules", "module")
            self._forget(name, "_modules")
            self._modules[name] = _announced(everywhere.module, self, name, value)
        elif name in members.get("_modules", ()):
            self._require_kind(name, value, "child module", "torch.nn.Module or None")
            self._modules[name] = _announced(everywhere.module, self, name, value)
        elif isinstance(value, Buffer) or name in members.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if not isinstance(value, Tensor):
            self._require_kind(
                name, value, "buffer", "torch.nn.Buffer, torch.Tensor or None"
            )
        if isinstance(value, Buffer):
            self._require_init("_buffers", "buffer")
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        else:
            self._buffers[name] = _announced(everywhere.buffer, self, name, value)

    def _require_init(self, members: str, what: str) -> None:
        if members not in self.__dict__:
            raise AttributeError(_NO_INIT.format(what))

    def _require_kind(self, name: str, value: Any, what: str, wanted: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign '{type_name(value)}' as {what} '{name}' "
                f"({wanted} expected)"
            )

    def _forget(self, name: str, kept: str) -> None:
        """Take a name away from everything but the members of one kind."""
        self.__dict__.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != kept:
                self.__dict__[kind].pop(name, None)
        if kept != "_buffers":
            self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def register_buffer(
        self, name: str, tensor: Tensor | None, persistent: bool = True
    ) -> None:
        """Add a tensor that is part of the state but no parameter.

        Args:
            name: attribute under which it can be reached.
            tensor: the buffer; None holds the place of one that is not used.
            persistent: whether ``state_dict`` shall contain it.

        Example:
            >>> import tatami
            >>> module = tatami.nn.Module()
            >>> module.register_buffer("mean", tatami.zeros(1))
            >>> module.mean
            tensor([0.])
        """
        self._require_init("_buffers", "buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = _announced(everywhere.buffer, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter.

        Args:
            name: attribute under which it can be reached.
            param: the parameter; None holds the place of one that is not used.
        """
        self._require_init("_parameters", "parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model "
                    f"parameters must be created explicitly. To express '{name}' as a "
                    "function of another Tensor, compute the value in the forward() "
                    "method."
                )
            param = _announced(everywhere.parameter, self, name, param)
        self._parameters[name] = param

    def _check_name(self, what: str, name: Any, known: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type_name(name)}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in known:
            raise KeyError(f"attribute '{name}' already exists")

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module.

        Args:
            name: attribute under which it can be reached.
            module: the child; None holds the place of one that is not used.
        """
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        if not isinstance(name, str):
            raise TypeError(f"module name should be a string. Got {type_name(name)}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'module name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError('module name can\'t be empty string ""')
        self._modules[name] = _announced(everywhere.module, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child module, as ``add_module`` does."""
        self.add_module(name, module)

    # Changing all members at once.

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` on every submodule, the children first, and on the module.

        Example:
            >>> import tatami
            >>> net = tatami.nn.Sequential(tatami.nn.ReLU())
            >>> _ = net.apply(lambda module: print(type(module).__name__))
            ReLU
            Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(
        self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True
    ) -> Self:
        """Convert parameters, their gradients and buffers with ``fn``."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                _convert(parameter, fn)
        for name, buffer in self._buffers.items():
            if is_lazy(buffer):
                buffer.convert(fn)
            elif buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Put the module and its submodules into training mode.

        Args:
            mode: False for evaluation mode.

        Raises:
            ValueError: ``mode`` is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Put the module and its submodules into evaluation mode."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Say whether the parameters shall get gradients."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: drop them; otherwise they are filled with zeros.
        """
        for parameter in self.parameters():
            if set_to_none:
                parameter._grad = None
            elif parameter.grad is not None:
                if parameter.grad.grad_fn is not None:
                    parameter.grad.detach_()
                else:
                    parameter.grad.requires_grad_(False)
                parameter.grad.zero_()

    # Types and devices.

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers in place.

        Args:
            args: a floating-point dtype, a device (the CPU), both, or a tensor.
            kwargs: ``dtype``, ``device``; ``non_blocking`` and ``memory_format`` have
                no effect.

        Raises:
            RuntimeError: another device than the CPU is asked for.
            TypeError: the dtype is not a floating-point one.
        """
        wanted = _wanted_type(*args, **kwargs)
        if wanted is None:
            return self
        if not wanted.is_floating_point:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got "
                f"desired dtype={wanted}"
            )
        return self._to_floating(wanted)

    def _to_floating(self: Self, kind: dtypes.dtype) -> Self:
        return self._apply(lambda t: t.to(kind) if t.is_floating_point() else t)

    def type(self: Self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to ``dst_type``."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._to_floating(dtypes.float32)

    def double(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._to_floating(dtypes.float64)

    def half(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._to_floating(dtypes.float16)

    def cpu(self: Self) -> Self:
        """Return the module: it is on the CPU already."""
        return self

    def cuda(self: Self, device: Any = None) -> Self:
        """Say that tatami has no GPU and how to use one."""
        require_cpu("cuda" if device is None else device)
        return self

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Accept the CPU: parameters keep their memory."""
        require_cpu(device)
        return self

    def share_memory(self: Self) -> Self:
        """Move parameters and buffers to memory that processes share."""
        return self._apply(lambda t: t.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Say how to compile a module.

        Raises:
            NotImplementedError: always; unlike PyTorch, tatami compiles functions.
        """
        raise NotImplementedError(
            "Module.compile() is not available: tatami compiles functions. Use the "
            "module as it is, or `tatami.compile` on the function that calls it."
        )

    # Showing and copying.

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [
            f"({name}): " + indent(repr(module))
            for name, module in self._modules.items()
        ]
        return layout(self._get_name(), extra, children)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__]
        names += [*self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[:1].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickled module may come from a PyTorch older than some of the hooks.
        for name, value in {**_fresh_state(), **state}.items():
            self.__dict__[name] = value


def _fresh_state() -> dict[str, Any]:
    return {
        "training": True,
        "_parameters": {},
        "_buffers": {},
        "_non_persistent_buffers_set": set(),
        "_backward_pre_hooks": OrderedDict(),
        "_backward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_forward_hooks": OrderedDict(),
        "_forward_hooks_with_kwargs": OrderedDict(),
        "_forward_hooks_always_called": OrderedDict(),
        "_forward_pre_hooks": OrderedDict(),
        "_forward_pre_hooks_with_kwargs": OrderedDict(),
        "_state_dict_hooks": OrderedDict(),
        "_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_post_hooks": OrderedDict(),
        "_modules": {},
    }


def _announced(hooks: dict[int, Any], module: Module, name: str, value: Any) -> Any:
    """Let the registration hooks replace what is registered."""
    for hook in hooks.values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def _convert(parameter: Any, fn: Callable[[Tensor], Tensor]) -> None:
    if is_lazy(parameter):
        parameter.convert(fn)
        return
    with no_grad():
        parameter.data = fn(parameter.data)
        if parameter._grad is not None:
            parameter._grad.data = fn(parameter._grad.data)


def _wanted_type(
    *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False,
    memory_format: Any = None,
) -> dtypes.dtype | None:  # fmt: skip
    positional = tuple(x for x in args if not isinstance(x, bool))
    return parse_to(positional, {"device": device, "dtype": dtype})
