"""Files that are written whole or not at all, and a lock for a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..serialization.files import write_whole
from .errors import CommandError

__all__ = ["lock_folder", "write_bytes", "write_text"]


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: the disk is full or can't be written to; the error names the file.
    """
    try:
        write_whole(path, lambda file: file.write(content))
    except OSError as error:
        error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    write_bytes(path, text.encode())


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone.

    The operating system lets go of the lock when the process ends, however it ends.

    Raises:
        CommandError: another process holds it.
    """
    with open(folder / ".lock", "a+", encoding="ascii") as file:
        if not _try_lock(file):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise CommandError(
                f"{folder} is in use by process {holder}; wait for it, or choose "
                "another folder with --out"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _try_lock(file: Any) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
