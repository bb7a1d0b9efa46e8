"""Guards: what must still be as it was for a program to stand for its function."""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import numpy as np

from .. import dtypes
from ..device import device
from ..kernels import native
from ..nn import Module
from ..optim import Optimizer
from ..random import Generator
from ..tensor import Tensor
from .watch import Watch

__all__ = ["Guards"]

_MOST = 20_000
_LARGE = 2_000
# In the place of a value: the key is not there.
_ABSENT = NotImplemented
_PLAIN = (
    type(None), bool, int, float, complex, str, bytes, type(Ellipsis), Enum, range,
    dtypes.dtype, device, np.dtype, np.generic, Generator, types.BuiltinFunctionType,
)  # fmt: skip
# Attributes by which the user's code can read options of optimizers.
_WAYS_TO_OPTIONS = {
    "param_groups", "state_dict", "get_last_lr", "get_lr", "__dict__", "vars",
}  # fmt: skip
# What nobody changes between calls.
_LIBRARIES = ("tatami", "torch", "numpy", "builtins", "math")
_TENSOR_STATE = ("_array", "_requires_grad", "_hooks", "_post_hooks", "_node")
# What a module keeps for itself and its forward does not look at.
_BOOKKEEPING = {
    "_non_persistent_buffers_set", "_is_full_backward_hook", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "compiled",
    "_load_state_dict_post_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs",
}  # fmt: skip


class Guards:
    """Walk from a function to all it may look at, and remember what is there.

    Attributes:
        tensors: the tensors that were found.
        reason: why not everything can be watched, or None.
    """

    def __init__(self, watch: Watch) -> None:
        self.tensors: dict[int, Tensor] = {}
        self.reason: str | None = None
        self._names = watch.names()
        self._triples: list[Any] = []
        self._labels: list[str] = []
        self._seen: dict[int, Any] = {}
        self._waiting: list[tuple[Any, str]] = []

    def follow(self, roots: Iterable[Any], watch: Watch) -> None:
        """Follow what a function, its arguments and its frames refer to."""
        for root in roots:
            self._waiting.append((root, "the function"))
        for optimizer in watch.optimizers:
            self._waiting.append((optimizer, "the optimizer"))
        for code, space in watch.frames.items():
            for name in code.co_names:
                if name in space:
                    self.hold(space, name, space[name], name)
        self.finish()

    def finish(self) -> None:
        """Follow what is held but not followed yet."""
        while self._waiting and self.reason is None:
            value, label = self._waiting.pop()
            self._visit(value, label)
            if len(self._triples) > 3 * _MOST:
                self.reason = f"it can look at more than {_MOST} things"

    def hold(self, owner: Any, key: Any, value: Any, label: str) -> None:
        """Guard that ``owner`` has ``value`` under ``key``, and follow the value."""
        self._triples += (owner, key, value)
        self._labels.append(label)
        if value is not _ABSENT:
            self._waiting.append((value, label))

    def hold_up(self) -> bool:
        """Tell whether everything is as it was."""
        return _all_hold(self._flat)

    def close(self) -> None:
        """Make the guards ready to be asked."""
        self._flat = tuple(self._triples)

    def triples(self) -> tuple[Any, ...]:
        """Return owner, key and object of every guard, one after the other."""
        return (*self._flat, vars(dtypes), "_default", dtypes.get_default_dtype())

    def broken(self) -> str:
        """Return the name of the first thing that is no longer as it was."""
        for i in range(0, len(self._flat), 3):
            if not _all_hold(self._flat[i : i + 3]):
                return self._labels[i // 3]
        return "nothing"

    def _visit(self, value: Any, label: str) -> None:
        if isinstance(value, _PLAIN) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if self.reason is None and _moves_on(value):
            self.reason = f"it can look at {label}, which moves on at each look"
        for kinds, visit in _VISITS:
            if isinstance(value, kinds):
                visit(self, value, label)
                return
        entries = getattr(value, "__dict__", None)
        if isinstance(entries, dict):
            own = type(value).__module__.partition(".")[0] == "tatami"
            keys = [key for key in entries if key != "compiled"]
            self._attributes(value, label, keys if own else self._names)
        if not isinstance(value, type):
            self._members(value, label)

    def _array(self, value: np.ndarray, label: str) -> None:
        """Refuse arrays of the user's: their elements could change unseen."""
        if self.reason is None:
            self.reason = f"it can look at {label}, a NumPy array that nobody watches"

    def _tensor(self, value: Tensor, label: str) -> None:
        self.tensors[id(value)] = value
        for key in _TENSOR_STATE:
            held = getattr(value, key, _ABSENT)
            self._triples += (value, key, held)
            self._labels.append(f"{label}.{key.strip('_')}")

    def _members(self, value: Any, label: str) -> None:
        """Follow slots, and what the classes of a user's object have."""
        entries = getattr(value, "__dict__", {})
        for kind in type(value).__mro__:
            if kind.__module__.partition(".")[0] in _LIBRARIES:
                continue
            self._waiting.append((kind, label))
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                self.hold(value, name, getattr(value, name, _ABSENT), label)
            for name in self._names:
                if name in kind.__dict__ and isinstance(entries, dict):
                    if name not in entries:
                        self._triples += (entries, name, _ABSENT)
                        self._labels.append(f"{label}.{name}")

    def _module(self, value: Module, label: str) -> None:
        keys = [key for key in value.__dict__ if key not in _BOOKKEEPING]
        self._attributes(value, label, keys)
        self._members(value, label)
        for name in ("forward", "__call__"):
            if name not in value.__dict__:
                self._triples += (value.__dict__, name, _ABSENT)
                self._labels.append(f"{label}.{name}")

    def _optimizer(self, value: Optimizer, label: str) -> None:
        entries, groups = value.__dict__, value.param_groups
        self.hold(entries, "state", value.state, f"{label}.state")
        if not self._names.isdisjoint(_WAYS_TO_OPTIONS):
            self.hold(entries, "param_groups", groups, f"{label}.param_groups")
            return
        self._triples += (entries, "param_groups", groups)
        self._labels.append(f"{label}.param_groups")
        if self._counted(groups, label):
            for i, group in enumerate(groups):
                self._triples += (groups, i, group)
                self._labels.append(f"{label}.param_groups[{i}]")
                self._group(group, f"{label}.param_groups[{i}]")

    def _group(self, value: dict[str, Any], label: str) -> None:
        """Guard a parameter group, but for numbers, which are read at each run."""
        if self._counted(value, label):
            for key, item in value.items():
                if not _is_option(item):
                    self.hold(value, key, item, f"{label}[{key!r}]")

    def _attributes(self, value: Any, label: str, keys: Iterable[str]) -> None:
        entries = value.__dict__
        for key in keys:
            if key in entries:
                self.hold(entries, key, entries[key], f"{label}.{key}")

    def _list(self, value: list[Any], label: str) -> None:
        if self._counted(value, label):
            for i, item in enumerate(value):
                self.hold(value, i, item, f"{label}[{i}]")

    def _dictionary(self, value: dict[Any, Any], label: str) -> None:
        if not self._counted(value, label):
            return
        for key, item in value.items():
            self.hold(value, key, item, f"{label}[{key!r}]")

    def _counted(self, value: Any, label: str) -> bool:
        if len(value) > _LARGE:
            self.reason = f"{label} has {len(value)} elements, too many to watch"
            return False
        self._triples += (value, Ellipsis, len(value))
        self._labels.append(label)
        return True

    def _items(self, value: Iterable[Any], label: str) -> None:
        for item in list(value):
            self._waiting.append((item, label))

    def _function(self, value: types.FunctionType, label: str) -> None:
        for cell, name in zip(
            value.__closure__ or (), value.__code__.co_freevars, strict=True
        ):
            try:
                self.hold(cell, None, cell.cell_contents, name)
            except ValueError:
                continue
        self._items(value.__defaults__ or (), label)
        self._items((value.__kwdefaults__ or {}).values(), label)
        wrapped = value.__dict__.get("__wrapped__")
        if wrapped is not None:
            self._waiting.append((wrapped, label))

    def _method(self, value: types.MethodType, label: str) -> None:
        self._waiting += [(value.__self__, label), (value.__func__, label)]

    def _namespace(self, value: Any, label: str) -> None:
        """Follow what the code reads of a Python module or a class of the user's."""
        root = (getattr(value, "__module__", None) or value.__name__).partition(".")[0]
        if root in _LIBRARIES:
            return
        for name in self._names:
            found = value.__dict__.get(name, _ABSENT)
            if found is not _ABSENT and not isinstance(found, types.ModuleType):
                owner = value.__dict__ if isinstance(value, types.ModuleType) else value
                if isinstance(found, (staticmethod, classmethod, property)):
                    continue
                self.hold(owner, name, found, f"{label}.{name}")

    def _partial(self, value: Any, label: str) -> None:
        self._items((value.func, *value.args, *value.keywords.values()), label)


def _moves_on(value: Any) -> bool:
    """Tell whether a value is an iterator or a generator of random numbers."""
    kind = type(value)
    return hasattr(kind, "__next__") or kind.__module__.startswith("numpy.random")


def _is_option(value: Any) -> bool:
    if type(value) is tuple:
        return bool(value) and all(type(x) is float for x in value)
    return type(value) in (int, float)


def _holds(owner: Any, key: Any, value: Any) -> bool:
    if isinstance(owner, Tensor) and type(key) is tuple:
        return getattr(owner, key[0]) is not None
    if key is Ellipsis:
        return bool(len(owner) == value)
    if isinstance(owner, types.CellType):
        found = owner.cell_contents
    elif isinstance(owner, dict):
        found = owner.get(key, _ABSENT)
    elif isinstance(owner, list):
        found = owner[key] if key < len(owner) else _ABSENT
    else:
        found = getattr(owner, key, _ABSENT)
    same_kind = type(found) is type(value) and isinstance(value, (int, float, str))
    return found is value or (same_kind and _same_value(found, value))


def _same_value(a: Any, b: Any) -> bool:
    """Tell whether two numbers or texts are the same: 0.0 is not -0.0."""
    return bool(a == b) and (a != 0 or str(a) == str(b))


def _all_hold_in_python(triples: tuple[Any, ...]) -> bool:
    owners, keys, values = triples[::3], triples[1::3], triples[2::3]
    return all(map(_holds, owners, keys, values))


_all_hold: Callable[[tuple[Any, ...]], bool] = (
    native.all_hold if native.available else _all_hold_in_python
)


def _visits() -> list[tuple[Any, Callable[[Guards, Any, str], None]]]:
    import functools

    return [
        (Tensor, Guards._tensor),
        (np.ndarray, Guards._array),
        (Module, Guards._module),
        (Optimizer, Guards._optimizer),
        (list, Guards._list),
        ((dict, OrderedDict, types.MappingProxyType), Guards._dictionary),
        ((tuple, set, frozenset, deque), Guards._items),
        (types.FunctionType, Guards._function),
        (types.MethodType, Guards._method),
        ((types.ModuleType, type), Guards._namespace),
        (functools.partial, Guards._partial),
    ]


_VISITS = _visits()
