"""The state of modules as a dictionary: ``state_dict`` and ``load_state_dict``."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ...autograd.grad_mode import no_grad
from ...autograd.hooks import RemovableHandle
from ...tensor import Tensor
from ..parameter import Parameter, is_lazy

__all__ = ["IncompatibleKeys"]

_EXTRA_STATE = "_extra_state"


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class IncompatibleKeys(_Keys):
    """Which keys a state lacked, and which it had too many."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__().replace(type(self).__name__, "_IncompatibleKeys")

    __str__ = __repr__


class StateDict:
    """The part of Module that gives its state away and takes it back."""

    _version: int = 1
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: dict[int, Any]
    _state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_pre_hooks: dict[int, Any]
    _load_state_dict_post_hooks: dict[int, Any]

    # Giving.

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Return parameters and persistent buffers by name.

        The tensors share memory with those of the module.

        Args:
            destination: mapping to put them into; a new one if left out.
            prefix: text put before each name.
            keep_vars: return the parameters themselves, not detached tensors.

        Example:
            >>> import tatami
            >>> list(tatami.nn.Linear(2, 3).state_dict())
            ['weight', 'bias']
        """
        if args:
            destination, prefix, keep_vars = self._positional(
                args, destination, prefix, keep_vars
            )
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination,
                    prefix=prefix + name + ".",
                    keep_vars=keep_vars,
                )
        return self._after_saving(destination, prefix, metadata)

    @staticmethod
    def _positional(args: tuple[Any, ...], *named: Any) -> tuple[Any, ...]:
        warnings.warn(
            "Positional args are being deprecated, use kwargs instead. Refer to "
            "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn."
            "Module.state_dict for details.",
            FutureWarning,
            stacklevel=3,
        )
        return (*args, *named[len(args) :])

    def _after_saving(self, destination: Any, prefix: str, metadata: Any) -> Any:
        for hook, public in self._state_dict_hooks.values():
            found = hook(self, destination, prefix, metadata)
            if found is None:
                continue
            if public:
                raise RuntimeError("state_dict post-hook must return None")
            destination = found
        return destination

    def _save_to_state_dict(
        self, destination: Any, prefix: str, keep_vars: bool
    ) -> None:
        """Put the module's own tensors, not those of its children, in."""
        for name, tensor in self._own_state():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateDict.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        for name, tensor in self._parameters.items():
            if tensor is not None:
                yield name, tensor
        for name, tensor in self._buffers.items():
            if tensor is not None and name not in self._non_persistent_buffers_set:
                yield name, tensor

    def get_extra_state(self) -> Any:
        """Return what else belongs into ``state_dict``; meant to be overridden."""
        raise RuntimeError(
            "get_extra_state() was called, but the module doesn't define it; override "
            "get_extra_state() and set_extra_state() together"
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what ``get_extra_state`` gave; meant to be overridden."""
        raise RuntimeError(
            "set_extra_state() was called, but the module doesn't define it; override "
            "get_extra_state() and set_extra_state() together"
        )

    # Taking back.

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy parameters and buffers from ``state_dict`` into the module.

        As in PyTorch, tensors that fit are copied even if others don't and an error
        is raised.

        Args:
            state_dict: tensors by name.
            strict: raise an error if names are missing or unexpected.
            assign: take the tensors themselves instead of copying their elements.

        Returns:
            The missing and the unexpected names.

        Raises:
            TypeError: ``state_dict`` is no mapping.
            RuntimeError: shapes differ, or names while ``strict``.

        Example:
            >>> import tatami
            >>> layer = tatami.nn.Linear(2, 3)
            >>> layer.load_state_dict(tatami.nn.Linear(2, 3).state_dict())
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"Expected state_dict to be dict-like, got {type(state_dict)}."
            )
        errors: list[str] = []
        keys = IncompatibleKeys([], [])
        metadata = getattr(state_dict, "_metadata", None) or {}
        _load(self, dict(state_dict), "", metadata, assign, keys, errors)
        if strict:
            errors[:0] = _complaints(keys)
        if errors:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(errors)
            )
        return keys

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any],
        strict: bool, missing_keys: list[str], unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Copy the module's own tensors, not those of its children."""
        for hook, with_module in list(self._load_state_dict_pre_hooks.values()):
            first = (self,) if with_module else ()
            hook(
                *first, state_dict, prefix, local_metadata, strict, missing_keys,
                unexpected_keys, error_msgs,
            )  # fmt: skip
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = dict(self._own_state())
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_tensor(name, key, tensor, state_dict[key], assign)
                if error:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(
            state_dict, prefix, strict, missing_keys, unexpected_keys
        )
        if strict:
            unexpected_keys += self._strangers(state_dict, prefix, own)

    def _load_tensor(
        self, name: str, key: str, tensor: Any, source: Any, assign: bool
    ) -> str | None:
        """Copy one tensor; return what went wrong, if anything did."""
        if not isinstance(source, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or '
                f"Tensor-like object from checkpoint but received {type(source)}"
            )
        lazy = is_lazy(tensor)
        if not lazy and tensor.ndim == 0 and source.ndim == 1 and len(source):
            source = source[0]
        if not lazy and source.shape != tensor.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {source.shape} "
                f"from checkpoint, the shape in current model is {tensor.shape}."
            )
        with no_grad():
            if assign:
                self._assign(name, tensor, source)
            else:
                tensor.copy_(source)
        return None

    def _assign(self, name: str, tensor: Any, source: Any) -> None:
        if isinstance(tensor, Parameter):
            if isinstance(source, Parameter):
                source.requires_grad_(tensor.requires_grad)
            else:
                source = Parameter(source, tensor.requires_grad)
        setattr(self, name, source)

    def _load_extra_state(
        self, state_dict: dict[str, Any], prefix: str, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str],
    ) -> None:  # fmt: skip
        key = prefix + _EXTRA_STATE
        if type(self).set_extra_state is not StateDict.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    def _strangers(
        self, state_dict: dict[str, Any], prefix: str, own: Mapping[str, Any]
    ) -> list[str]:
        """Return the keys under ``prefix`` that nothing here answers to."""
        found = []
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + _EXTRA_STATE:
                continue
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (self._modules if dot else own):
                found.append(key)
        return found

    # Hooks.

    def register_state_dict_pre_hook(
        self, hook: Callable[..., None]
    ) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the state is given."""
        return RemovableHandle.add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(
        self, hook: Callable[..., None]
    ) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after that."""
        return RemovableHandle.add(self._state_dict_hooks, (hook, True))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Like the post hook, but what it returns replaces the state."""
        return RemovableHandle.add(self._state_dict_hooks, (hook, False))

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., None]
    ) -> RemovableHandle:
        """Call a hook before a state is loaded.

        It gets the module, then the arguments of ``_load_from_state_dict``.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., None], with_module: bool = False
    ) -> RemovableHandle:
        return RemovableHandle.add(self._load_state_dict_pre_hooks, (hook, with_module))

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., None]
    ) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after a state was loaded."""
        return RemovableHandle.add(self._load_state_dict_post_hooks, hook)


def _load(
    module: Any, state: dict[str, Any], prefix: str, metadata: Any, assign: bool,
    keys: IncompatibleKeys, errors: list[str],
) -> None:  # fmt: skip
    """Load a module and then, each with its part of the state, its children."""
    local = dict(metadata.get(prefix[:-1], {}))
    if assign:
        local["assign_to_params_buffers"] = True
    module._load_from_state_dict(
        state, prefix, local, True, keys.missing_keys, keys.unexpected_keys, errors
    )
    for name, child in module._modules.items():
        if child is not None:
            start = f"{prefix}{name}."
            part = {k: v for k, v in state.items() if k.startswith(start)}
            _load(child, part, start, metadata, assign, keys, errors)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                "expected to return new values, if incompatible_keys need to be "
                "modified, it should be done inplace."
            )


def _complaints(keys: IncompatibleKeys) -> list[str]:
    named = (("Missing", keys.missing_keys), ("Unexpected", keys.unexpected_keys))
    return [
        f"{word} key(s) in state_dict: " + ", ".join(f'"{k}"' for k in found) + ". "
        for word, found in named
        if found
    ]
