"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["write_whole"]


def write_whole(path: Any, write: Callable[[BinaryIO], Any]) -> None:
    """Let ``write`` fill a temporary file, then put it in the place of ``path``.

    A reader finds the old file or the new one, also if the machine stops in between.

    Args:
        path: where the file shall be; links are followed.
        write: is given the open file.

    Raises:
        RuntimeError: the folder does not exist.
    """
    import tempfile

    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise RuntimeError(f"Parent directory {Path(path).parent} does not exist.")
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with target.open("wb") as file:
            write(file)
        return
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _mode(target: Path) -> int:
    """Return the permissions of the file there is, or those a new one would have."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
