"""Modules that learn sizes from their first input."""

from __future__ import annotations

from typing import Any

from ..parameter import is_lazy
from .module import Module

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin(Module):
    """Let a module wait with its parameters until it sees an input.

    A subclass defines ``initialize_parameters``, which gets the arguments of the first
    call, and ``cls_to_become``, the class of the module from then on.
    """

    cls_to_become: type | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(
            _take_shapes, with_module=True
        )
        self._initialize_hook = self.register_forward_pre_hook(
            _infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters the shapes that the input calls for."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {self.__class__.__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Tell whether a parameter or buffer still waits for its shape."""
        own = [*self._parameters.values(), *self._buffers.values()]
        return any(is_lazy(tensor) for tensor in own)


def _infer_parameters(module: Any, args: Any, kwargs: Any) -> None:
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            f"module {module._get_name()} has not been fully initialized"
        )
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _take_shapes(module: Any, state_dict: Any, prefix: str, *unused: Any) -> None:
    """Give waiting parameters the shapes of those about to be loaded."""
    for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
        source = state_dict.get(prefix + name)
        if is_lazy(tensor) and source is not None and not is_lazy(source):
            tensor.materialize(source.shape)
