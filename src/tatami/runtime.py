"""Threads and reproducibility, as far as they can be chosen."""

from __future__ import annotations

import os
import warnings

from .kernels import native

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_num_interop_threads",
    "get_num_threads",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]


def _require_positive(count: int) -> int:
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(
            f"set_num_threads expects an int, but got {type(count).__name__}"
        )
    if count < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    return count


def set_num_threads(count: int) -> None:
    """Set how many threads the compiled kernels use.

    The NumPy definitions leave threads to NumPy.

    Example:
        >>> import tatami
        >>> tatami.set_num_threads(1)
    """
    native.set_num_threads(_require_positive(count))


def get_num_threads() -> int:
    """Return how many threads the compiled kernels use.

    Example:
        >>> import tatami
        >>> tatami.get_num_threads() >= 1
        True
    """
    return native.get_num_threads()


def set_num_interop_threads(count: int) -> None:
    """Accept a number of threads between operations: tatami runs one at a time.

    Example:
        >>> import tatami
        >>> tatami.set_num_interop_threads(1)
    """
    if _require_positive(count) > 1:
        warnings.warn(
            "tatami runs one operation at a time; the number of interop threads has "
            "no effect",
            stacklevel=2,
        )


def get_num_interop_threads() -> int:
    """Return 1: tatami runs one operation at a time.

    Example:
        >>> import tatami
        >>> tatami.get_num_interop_threads()
        1
    """
    return 1


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accept the wish for determinism: every kernel is deterministic.

    Example:
        >>> import tatami
        >>> tatami.use_deterministic_algorithms(True)
    """


def are_deterministic_algorithms_enabled() -> bool:
    """Return True: every kernel is deterministic.

    Example:
        >>> import tatami
        >>> tatami.are_deterministic_algorithms_enabled()
        True
    """
    return True


def cpu_count() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
