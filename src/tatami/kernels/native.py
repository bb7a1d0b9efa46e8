"""The compiled kernels: whether they were built, and what they can be asked."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

__all__ = [
    "Debt",
    "Modes",
    "Passes",
    "Program",
    "Replay",
    "all_hold",
    "apply",
    "available",
    "connect",
    "fields",
    "find_members_of",
    "get_num_threads",
    "install",
    "instruction_set",
    "peak_rate",
    "kept_memory",
    "reason",
    "release_memory",
    "set_num_threads",
    "take_memory",
    "trained",
    "wrap",
]

_native: Any = None
try:
    _native = importlib.import_module("tatami._native")
except ModuleNotFoundError:
    reason = "tatami._native is not built"
except ImportError as error:
    reason = f"tatami._native can't be loaded: {error}"
else:
    reason = "tatami._native is built"

available = _native is not None
Debt: Any = _native.Debt if available else None
Modes: Any = _native.Modes if available else None
Passes: Any = _native.Passes if available else None
Program: Any = _native.Program if available else None
Replay: Any = _native.Replay if available else None
all_hold: Any = _native.all_hold if available else None
apply: Any = _native.apply if available else None
connect: Any = _native.connect if available else None
find_members_of: Any = _native.find_members_of if available else None
take_memory: Any = _native.take_memory if available else None
trained: Any = _native.trained if available else None
wrap: Any = _native.wrap if available else None


def install(reference: Any) -> dict[str, Any]:
    """Return the compiled kernels by name.

    Each is told its NumPy definition, which it calls for what it does not serve.
    """
    for name in _native.names():
        _native.set_reference(name, _definition(reference, name))
    return {name: getattr(_native, name) for name in _native.names()}


def _definition(reference: Any, name: str) -> Callable[..., Any]:
    """Return a kernel's NumPy definition, or what finds it when it is called."""

    def defined(*args: Any, **kwargs: Any) -> Any:
        return getattr(reference, name)(*args, **kwargs)

    return vars(reference).get(name, defined)


def fields() -> dict[str, Any]:
    """Return the classes of fields by name."""
    names = ("TensorFields", "NodeFields", "SavedFields")
    return {name: getattr(_native, name) for name in names}


def instruction_set() -> str:
    """Return the instruction set the compiled kernels were chosen for."""
    return str(_native.instruction_set()) if available else "NumPy's own"


def peak_rate() -> float | None:
    """Return how many operations on float32 one core does in a nanosecond at best."""
    return float(_native.peak_rate()) if available else None


def kept_memory() -> int:
    """Return how many bytes of freed arrays are kept for new ones."""
    return int(_native.kept_memory()) if available else 0


def release_memory() -> int:
    """Give the memory of freed arrays back to the system; return how much it was."""
    return int(_native.release_memory()) if available else 0


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_threads = _usable_processors()


def set_num_threads(count: int) -> None:
    """Set how many threads the compiled kernels use."""
    global _threads
    _threads = count
    if available:
        _native.set_num_threads(count)


def get_num_threads() -> int:
    """Return how many threads the compiled kernels use."""
    return int(_native.get_num_threads()) if available else _threads
