"""The IDX format of the MNIST files: typed arrays of numbers, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

__all__ = ["find_idx", "read_idx"]

_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_GZIP = b"\x1f\x8b"


def find_idx(folder: str | Path, name: str) -> Path | None:
    """Return the file ``name`` or ``name.gz`` of a folder, or None.

    Example:
        >>> find_idx("/", "train-images-idx3-ubyte") is None
        True
    """
    for candidate in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


def read_idx(path: str | Path, dimensions: int | None = None) -> np.ndarray:
    """Read the array of an IDX file.

    Args:
        path: file, plain or gzipped.
        dimensions: how many dimensions the array must have, if that is known.

    Returns:
        The numbers in the machine's byte order.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is no IDX file, or shorter or longer than it says.

    Source: LeCun, Cortes and Burges, "The MNIST database", section "File formats".
    """
    with open(path, "rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        try:
            stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
            array = _read(stream, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: the gzip data is broken: {error}") from None
    if dimensions is not None and array.ndim != dimensions:
        raise ValueError(
            f"{path}: expected {dimensions} dimensions, found {array.ndim}: "
            f"{array.shape}"
        )
    return array


def _read(stream: BinaryIO, path: str | Path) -> np.ndarray:
    kind, shape = _header(stream, path)
    expected = math.prod(shape) * kind.itemsize
    # In steps: a broken header may promise more than there is memory for.
    content = bytearray()
    while len(content) <= expected:
        step = stream.read(min(1 << 24, expected + 1 - len(content)))
        if not step:
            break
        content += step
    if len(content) != expected:
        found = "more" if len(content) > expected else f"{len(content):,}"
        raise ValueError(
            f"{path}: expected {expected:,} bytes for {shape} numbers of "
            f"{kind.itemsize} bytes, found {found}"
        )
    array = np.frombuffer(content, kind).reshape(shape)
    return array.astype(kind.newbyteorder("="), copy=False)


def _header(
    stream: BinaryIO, path: str | Path
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES:
        raise ValueError(
            f"{path}: expected an IDX file, which starts with 00 00, a type and a "
            f"number of dimensions, found {start.hex(' ') or 'an empty file'}"
        )
    rank = start[3]
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError(
            f"{path}: expected {4 * rank} bytes for the sizes of {rank} dimensions, "
            f"found {len(sizes)}"
        )
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    return np.dtype(_TYPES[start[2]]), shape
