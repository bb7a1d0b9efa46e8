"""The one kind of error a command reports in one line."""

from __future__ import annotations

import errno
from typing import Any

__all__ = ["CommandError", "explained", "require"]


class CommandError(Exception):
    """Say what is wrong and what to do about it, in one line for the user."""


def explained(error: OSError) -> str:
    """Return an operating system's error in words, the file first."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        reason = "no space left on the disk; nothing was half-written"
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def require(modules: dict[str, str], otherwise: str = "") -> None:
    """Fail unless optional libraries can be imported.

    Args:
        modules: for each library's module, its name on the package index.
        otherwise: how to do without them.

    Raises:
        CommandError: some are missing; the message names all of them.
    """
    from importlib.util import find_spec

    missing = [
        name for module, name in modules.items() if not _found(find_spec, module)
    ]
    if missing:
        raise CommandError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not "
            f'installed: pip install "tatami[train]"{otherwise}'
        )


def _found(find_spec: Any, module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
