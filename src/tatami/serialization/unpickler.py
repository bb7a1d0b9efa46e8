"""Reading pickles: one that trusts nobody, and one that trusts the file."""

from __future__ import annotations

import _compat_pickle
import codecs
import pickle
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import dtypes
from ..device import device
from ..size import Size
from .names import ours, theirs
from .safe import allowed
from .storages import CLASSES, KINDS, REBUILD

__all__ = ["Refused", "RestrictedUnpickler", "TrustingUnpickler"]


class Refused(pickle.UnpicklingError):
    """Something in a file that is not read with ``weights_only=True``."""


_PythonUnpickler: Any = pickle._Unpickler
_NUMPY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMBERS = "biuf"


def _numpy_type(name: Any, align: Any = False, copy: Any = False) -> np.dtype[Any]:
    """Return a NumPy type of numbers, whose bytes can do no harm."""
    kind: np.dtype[Any] = np.dtype(name)
    if kind.kind not in _NUMBERS:
        raise Refused(f"NumPy arrays of {kind} are not read with weights_only=True")
    return kind


class _NumpyArray:
    """A NumPy array from a file, before its state has come."""

    def built(self, state: Any) -> np.ndarray:
        """Return the array."""
        _, shape, kind, column_major, data = state
        row = _numpy_row(kind, data)
        return row.reshape(shape, order="F" if column_major else "C")


def _numpy_row(kind: Any, data: Any) -> np.ndarray:
    if not isinstance(kind, np.dtype) or not isinstance(data, bytes):
        raise Refused("a NumPy array of something else than numbers")
    return np.frombuffer(bytearray(data), _numpy_type(kind))


def _numpy_scalar(kind: Any, data: Any) -> Any:
    return _numpy_row(kind, data)[0]


def _numpy_reconstruct(kind: Any, shape: Any, code: Any) -> _NumpyArray:
    return _NumpyArray()


def _encode(text: str, encoding: str) -> bytes:
    """Return bytes that older protocols write as text."""
    if encoding != "latin1":
        raise Refused(f"bytes written as {encoding} text")
    return codecs.encode(text, encoding)


def _numbered(name: str) -> Any:
    for kind in dtypes.ALL:
        if kind.name == name:
            return kind
    return None


_ALLOWED: dict[tuple[str, str], Any] = {
    **REBUILD,
    **CLASSES,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    ("collections", "Counter"): Counter,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "set"): set,
    ("builtins", "dict"): dict,
    ("builtins", "list"): list,
    ("builtins", "int"): int,
    ("builtins", "float"): float,
    ("builtins", "complex"): complex,
    ("builtins", "bytearray"): bytearray,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _numpy_type,
    ("numpy", "ndarray"): _NumpyArray,
}
for _module in _NUMPY_MODULES:
    _ALLOWED[_module, "scalar"] = _numpy_scalar
    _ALLOWED[_module, "_reconstruct"] = _numpy_reconstruct


def _modern(module: str, name: str) -> tuple[str, str]:
    """Return today's name of what Python 2 called differently."""
    renamed = _compat_pickle.NAME_MAPPING.get((module, name))
    if renamed is not None:
        return renamed
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def _foreign_type(module: str, name: str) -> Any:
    """Return dtypes and storages, which files name as things of the torch module."""
    if module not in ("torch", "torch.storage"):
        return None
    return KINDS.get(name) or (_numbered(name) if module == "torch" else None)


Load = Callable[[Any], Any]


class RestrictedUnpickler(_PythonUnpickler):  # type: ignore[misc]
    """Read a pickle in which only tensors, plain values and allowed classes may stand.

    What a pickle can do is call, construct and set; each is held to the list. The
    unpickler written in Python is the base, since the other one can't be.
    """

    dispatch: ClassVar[dict[int, Any]] = {
        code: action
        for code, action in _PythonUnpickler.dispatch.items()
        if bytes([code])
        not in (
            pickle.INST, pickle.OBJ, pickle.EXT1, pickle.EXT2, pickle.EXT4,
            pickle.NEWOBJ_EX, pickle.PERSID, pickle.NEXT_BUFFER,
            pickle.READONLY_BUFFER,
        )
    }  # fmt: skip

    def __init__(self, file: Any, load_storage: Load, **options: Any) -> None:
        super().__init__(file, **options)
        self.load_storage = load_storage
        self.given: list[Any] = []

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage of an identifier."""
        return self.load_storage(pid)

    def load(self) -> Any:
        """Read the whole pickle."""
        try:
            return super().load()
        except KeyError as error:
            raise pickle.UnpicklingError(f"unknown operation {error}") from None

    def find_class(self, module: str, name: str) -> Any:
        """Return an allowed class or function.

        Raises:
            UnpicklingError: it is not on the list.
        """
        module, name = _modern(module, name)
        found = _ALLOWED.get((module, name)) or _foreign_type(module, name)
        found = found or self._user_class(module, name)
        if found is None:
            raise Refused(_refusal(f"{module}.{name}"))
        self.given.append(found)
        return found

    def _user_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" in allowed:
            return allowed[f"{module}.{name}"]
        own = [thing for thing in allowed.values() if theirs(thing) is not None]
        mine = ours(module, name) if own else None
        return mine if any(thing is mine for thing in own) else None

    def _is_given(self, thing: Any) -> bool:
        return any(known is thing for known in self.given)

    def load_reduce(self) -> None:
        """Call a function that was named in the file."""
        if not self._is_given(self.stack[-2]):
            raise Refused(
                f"Trying to call reduce for unrecognized function {self.stack[-2]!r}"
            )
        super().load_reduce()

    def load_newobj(self) -> None:
        """Construct an object of a class the user has allowed."""
        if not any(self.stack[-2] is thing for thing in allowed.values()):
            raise Refused(
                "Can only create new object for classes allowlisted via "
                f"`add_safe_globals` but got {self.stack[-2]!r}"
            )
        super().load_newobj()

    def load_build(self) -> None:
        """Give an object its state."""
        state, target = self.stack[-1], self.stack[-2]
        if type(target) is OrderedDict:
            self.stack.pop()
            target.__dict__.update(state)
        elif isinstance(target, _NumpyArray):
            self.stack.pop()
            self._replace(target, target.built(state))
        elif isinstance(target, np.dtype):
            self.stack.pop()
            self._replace(target, target.newbyteorder(state[1]))
        elif any(type(target) is thing for thing in allowed.values()):
            super().load_build()
        else:
            raise Refused(
                "Can only build OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {type(target)}"
            )

    def _replace(self, old: Any, new: Any) -> None:
        self.stack[-1] = new
        for key, value in self.memo.items():
            if value is old:
                self.memo[key] = new

    def _require(self, target: Any, kinds: tuple[type, ...], action: str) -> None:
        if type(target) not in kinds:
            names = ", ".join(kind.__name__ for kind in kinds)
            raise Refused(f"Can only {action} for {names}, but got {type(target)}")

    def load_setitem(self) -> None:
        """Put one entry into a dictionary."""
        self._require(self.stack[-3], _MAPPINGS, "SETITEM")
        super().load_setitem()

    def load_setitems(self) -> None:
        """Put several entries into a dictionary."""
        self._require(self.metastack[-1][-1], _MAPPINGS, "SETITEMS")
        super().load_setitems()

    def load_append(self) -> None:
        """Put one entry into a list."""
        self._require(self.stack[-2], (list,), "APPEND")
        super().load_append()

    def load_appends(self) -> None:
        """Put several entries into a list."""
        self._require(self.metastack[-1][-1], (list,), "APPENDS")
        super().load_appends()

    for _code, _action in (
        (pickle.REDUCE, load_reduce), (pickle.NEWOBJ, load_newobj),
        (pickle.BUILD, load_build), (pickle.SETITEM, load_setitem),
        (pickle.SETITEMS, load_setitems), (pickle.APPEND, load_append),
        (pickle.APPENDS, load_appends),
    ):  # fmt: skip
        dispatch[_code[0]] = _action


_MAPPINGS = (dict, OrderedDict, Counter, defaultdict)


def _refusal(name: str) -> str:
    return (
        f"Unsupported global: GLOBAL {name} was not an allowed global by default. "
        f"Please use `torch.serialization.add_safe_globals([{name}])` or the "
        f"`torch.serialization.safe_globals([{name}])` context manager to allowlist "
        "this global if you trust this class/function."
    )


class TrustingUnpickler(pickle.Unpickler):
    """Read any pickle; what it names of PyTorch is looked for in this package."""

    def __init__(self, file: Any, load_storage: Load, **options: Any) -> None:
        super().__init__(file, **options)
        self.load_storage = load_storage

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage of an identifier."""
        return self.load_storage(pid)

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function.

        Raises:
            AttributeError: PyTorch has it, and this package has not.
        """
        known = REBUILD.get((module, name)) or _foreign_type(module, name)
        if known is not None:
            return known
        if module.partition(".")[0] not in ("torch", "torchvision"):
            return super().find_class(module, name)
        found = ours(module, name)
        if found is None:
            raise AttributeError(
                f"the file needs {module}.{name}, which tatami has not. In PyTorch, "
                "save the state_dict() of the model instead of the model."
            )
        return found
