"""Fetching files: from several mirrors, resumable, checked, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["check_md5", "download_file", "md5_of"]

_TRIES = 3
_BLOCK = 1 << 16


def md5_of(path: str | Path) -> str:
    """Return the MD5 sum of a file.

    Example:
        >>> import os
        >>> md5_of(os.devnull)
        'd41d8cd98f00b204e9800998ecf8427e'
    """
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_md5(path: str | Path, md5: str) -> None:
    """Fail unless a file has the MD5 sum it should have.

    Raises:
        RuntimeError: the sums differ; the message has both.
    """
    found = md5_of(path)
    if found != md5:
        raise RuntimeError(f"{path}: expected a file with MD5 sum {md5}, found {found}")


def download_file(urls: Sequence[str], target: str | Path, md5: str) -> None:
    """Fetch a file from the first of several addresses that gives it.

    What has arrived is kept in ``target.part``, from where the next try goes on.

    Args:
        urls: addresses of the same file.
        target: where it goes once it is whole and its sum is right.
        md5: its MD5 sum.

    Raises:
        RuntimeError: no address gave the file; the message has each one's failure.
    """
    target = Path(target)
    if target.is_file() and md5_of(target) == md5:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    errors = []
    for url in urls:
        try:
            _from_one_mirror(url, target, md5)
            return
        except (OSError, HTTPException, RuntimeError) as error:
            if _is_local(error):
                raise
            errors.append(f"{url}: {error}")
    raise RuntimeError(
        f"Error downloading {target.name}:\n" + "\n".join(f"  {e}" for e in errors)
    )


def _is_local(error: Exception) -> bool:
    """Tell whether the disk is at fault rather than the mirror."""
    if not isinstance(error, OSError) or error.errno is None:
        return False
    return error.errno == errno.ENOSPC or error.filename is not None


def _from_one_mirror(url: str, target: Path, md5: str) -> None:
    """Try a few times; a part whose sum turns out wrong is thrown away."""
    part = target.with_name(target.name + ".part")
    for attempt in range(_TRIES):
        try:
            _fetch(url, part)
            check_md5(part, md5)
            break
        except RuntimeError:
            part.unlink(missing_ok=True)
            if attempt == _TRIES - 1:
                raise
        except (OSError, HTTPException) as error:
            if attempt == _TRIES - 1 or _is_local(error):
                raise
        time.sleep(2**attempt / 4)
    os.replace(part, target)


def _fetch(url: str, part: Path) -> None:
    """Append what is missing of ``part``."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://")):
        raise RuntimeError("only http and https addresses can be fetched")
    start = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"User-Agent": "tatami"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        with urlopen(request, timeout=30) as response:
            resumed = response.status == 206
            with open(part, "ab" if resumed else "wb") as file:
                _copy(response, file, start if resumed else 0)
                file.flush()
                os.fsync(file.fileno())
    except HTTPError as error:
        # 416: the part is as long as the file, or longer; its sum will tell.
        if error.code != 416 or not start:
            raise


def _copy(response: Any, file: BinaryIO, start: int) -> None:
    length = response.headers.get("Content-Length")
    expected = None if length is None else int(length)
    name = os.path.basename(response.url)
    received = 0
    with _progress(name, start, expected) as bar:
        while block := response.read(_BLOCK):
            file.write(block)
            received += len(block)
            bar.update(len(block))
    if expected is not None and received != expected:
        raise ConnectionError(f"expected {expected:,} bytes, found {received:,}")


class _NoBar:
    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *unused: object) -> None:
        pass

    def update(self, count: int) -> None:
        pass


def _progress(name: str, start: int, expected: int | None) -> Any:
    """Return a bar for a terminal, or nothing to look at elsewhere."""
    if not sys.stderr.isatty():
        return _NoBar()
    try:
        from tqdm import tqdm
    except ImportError:
        return _NoBar()
    total = None if expected is None else start + expected
    return tqdm(desc=name, initial=start, total=total, unit="B", unit_scale=True)
