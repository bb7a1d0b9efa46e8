"""Arrays under observation: computing on them outside the kernels is noticed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Observed", "observer", "plain", "release"]

# Functions of NumPy that only look at the same memory in another way.
_VIEWS = frozenset({
    "broadcast_to", "diagonal", "expand_dims", "moveaxis", "rollaxis", "squeeze",
    "swapaxes", "transpose", "flip", "atleast_1d", "atleast_2d", "atleast_3d",
})  # fmt: skip
# Functions of NumPy that only look at shapes and addresses.
_QUESTIONS = frozenset({
    "shape", "ndim", "size", "shares_memory", "may_share_memory", "result_type",
    "can_cast", "iscomplexobj", "isrealobj", "common_type",
    "byte_bounds", "zeros_like", "empty_like", "ones_like", "full_like",
})  # fmt: skip
_COMPUTING = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "byteswap",
    "choose", "clip", "compress", "conj", "copy", "cumprod", "cumsum", "dot", "dump",
    "dumps", "fill", "flatten", "item", "max", "mean", "min", "nonzero", "partition",
    "prod", "put", "repeat", "resize", "round", "searchsorted", "sort", "std", "sum",
    "take", "tobytes", "tofile", "tolist", "trace", "var", "__array_wrap__",
    "__bool__", "__complex__", "__contains__", "__copy__", "__deepcopy__", "__float__",
    "__format__", "__index__", "__int__", "__reduce__", "__reduce_ex__", "__repr__",
    "__setitem__", "__str__", "__dlpack__",
)  # fmt: skip


class _Observer:
    """Whom to tell; nobody unless a recording is under way."""

    tell: Callable[[str], None] | None = None
    made: list[weakref.ref[Any]] | None = None


observer = _Observer()


def plain(array: np.ndarray) -> np.ndarray:
    """Return the array as one that nobody observes."""
    return array.view(np.ndarray) if isinstance(array, Observed) else array


def release(made: list[weakref.ref[Any]]) -> None:
    """Put plain arrays wherever observed ones of a run have stayed behind."""
    alive = {id(x): x for x in (ref() for ref in made) if x is not None}
    if not alive:
        return
    for holder in gc.get_referrers(*alive.values()):
        if isinstance(holder, list):
            holder[:] = [plain(x) if id(x) in alive else x for x in holder]
            continue
        entries = holder if type(holder) is dict else getattr(holder, "__dict__", None)
        if not isinstance(entries, dict) or entries is alive:
            continue
        for name, value in list(entries.items()):
            if id(value) in alive:
                entries[name] = plain(value)


def _plain_all(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return plain(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_plain_all(x) for x in value)
    return value


def _tell(what: str) -> None:
    if observer.tell is not None:
        observer.tell(what)


class Observed(np.ndarray):
    """Behave as the array, and tell the observer when elements are read or changed.

    Views of it are observed too. Kernels get the plain array.
    """

    def __array_finalize__(self, array: Any) -> None:
        """Note that there is another one."""
        if observer.made is not None:
            observer.made.append(weakref.ref(self))

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Compute on the plain arrays, and tell."""
        _tell(f"numpy.{ufunc.__name__}")
        if out is not None:
            options["out"] = _plain_all(out)
        return getattr(ufunc, method)(*_plain_all(inputs), **options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Pass views and questions on; tell of everything that computes."""
        name = getattr(func, "__name__", "function")
        values = {key: _plain_all(value) for key, value in kwargs.items()}
        result = func(*_plain_all(args), **values)
        if name in _VIEWS:
            return result.view(Observed)
        if name not in _QUESTIONS:
            _tell(f"numpy.{name}")
        return result

    def __getitem__(self, index: Any) -> Any:
        """Return a view, observed; tell of elements that are copied or read."""
        result = plain(self)[_plain_all(index)]
        if isinstance(result, np.ndarray) and np.may_share_memory(result, self):
            return result.view(Observed)
        _tell("an index of elements")
        return result

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """Return a view of another shape; tell if the elements had to be copied."""
        return self._seen(plain(self).reshape(*shape, **options), "reshape")

    def ravel(self, order: Any = "C") -> Any:
        """Return a view in one dimension; tell if the elements had to be copied."""
        return self._seen(plain(self).ravel(order), "ravel")

    def _seen(self, result: np.ndarray, what: str) -> Any:
        if result.size and not np.may_share_memory(result, self):
            _tell(f"numpy.{what}")
            return result
        return result.view(Observed)


def _telling(name: str) -> Callable[..., Any]:
    original = getattr(np.ndarray, name)

    def method(self: Observed, *args: Any, **kwargs: Any) -> Any:
        _tell(f"array.{name}")
        return original(plain(self), *_plain_all(args), **kwargs)

    method.__name__ = name
    method.__doc__ = f"Do what ``ndarray.{name}`` does, and tell."
    return method


for _name in _COMPUTING:
    if hasattr(np.ndarray, _name):
        setattr(Observed, _name, _telling(_name))
