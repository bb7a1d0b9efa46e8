"""Classes and functions that careful reading allows besides its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "safe_globals",
]

allowed: dict[str, Any] = {}


def _full_name(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, tuple):
        if len(entry) != 2 or not isinstance(entry[1], str):
            raise ValueError(
                "expected a class, a function, or a tuple of one and its full name, "
                f"but got {entry!r}"
            )
        return entry[1], entry[0]
    return f"{entry.__module__}.{entry.__qualname__}", entry


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow classes and functions in files loaded with ``weights_only=True``.

    Args:
        safe_globals: classes, functions, or tuples of one and its full name in files.

    Example:
        >>> import fractions, tatami
        >>> tatami.serialization.add_safe_globals([fractions.Fraction])
    """
    allowed.update(map(_full_name, safe_globals))


def get_safe_globals() -> list[Any]:
    """Return what :func:`add_safe_globals` has allowed.

    Example:
        >>> import tatami
        >>> tatami.serialization.clear_safe_globals()
        >>> tatami.serialization.get_safe_globals()
        []
    """
    return list(allowed.values())


def clear_safe_globals() -> None:
    """Forget what :func:`add_safe_globals` has allowed.

    Example:
        >>> import tatami
        >>> tatami.serialization.clear_safe_globals()
    """
    allowed.clear()


@contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """Allow classes and functions in files loaded inside the ``with`` block.

    Example:
        >>> import fractions, tatami
        >>> with tatami.serialization.safe_globals([fractions.Fraction]):
        ...     len(tatami.serialization.get_safe_globals())
        1
    """
    before = dict(allowed)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        allowed.clear()
        allowed.update(before)
