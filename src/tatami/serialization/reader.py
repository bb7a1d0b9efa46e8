"""Reading: archives of PyTorch's format, and the older format without archive."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .storages import Kind, Storage

__all__ = ["Archive", "read_legacy"]

_LOCAL_HEADER = 30
_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
Restore = Callable[[Storage, str], Any]
Unpickle = Callable[[BinaryIO, Callable[[Any], Any]], Any]


class Corrupt(RuntimeError):
    """A file that is not whole, or not of the format."""


class Archive:
    """An archive of ``torch.save``: its pickle and its storages."""

    def __init__(self, file: Any, path: str | None, restore: Restore) -> None:
        try:
            self.archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise Corrupt(
                "PytorchStreamReader failed reading zip archive: failed finding "
                f"central directory\n({error})"
            ) from None
        self.file = file
        self.path = path
        self.restore = restore
        self.storages: dict[str, Storage] = {}
        names = self.archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if not pickles:
            raise Corrupt("there is no data.pkl in the archive")
        self.folder = pickles[0].removesuffix("data.pkl")
        if self.folder + "constants.pkl" in names:
            raise RuntimeError(
                "this is a TorchScript archive, and tatami has no TorchScript. In "
                "PyTorch, save the state_dict() of the model instead."
            )
        self.swapped = self._byte_order() != sys.byteorder

    def _byte_order(self) -> str:
        if self.folder + "byteorder" not in self.archive.namelist():
            return "little"
        order = self._bytes("byteorder").decode(errors="replace")
        if order not in ("little", "big"):
            raise ValueError(f"Unknown endianness type: {order}")
        return order

    def _bytes(self, name: str) -> bytes:
        try:
            return self._record(name).tobytes()
        except KeyError:
            raise Corrupt(f"there is no {name} in the archive") from None

    def load(self, unpickle: Unpickle) -> Any:
        """Return the object in the archive."""
        return unpickle(io.BytesIO(self._bytes("data.pkl")), self.storage)

    def storage(self, identifier: Any) -> Storage:
        """Return the storage the pickle asks for."""
        kind, key, location, count = check_identifier(identifier)
        if key not in self.storages:
            data = self._record(f"data/{key}")
            if data.size < count * kind.require().itemsize:
                raise Corrupt(
                    f"storage {key} has {data.size} bytes, but should hold {count} "
                    f"numbers of {kind.numpy.itemsize} bytes"
                )
            self._swap(data, kind)
            self.storages[key] = Storage(data, kind)
        self.restore(self.storages[key], location)
        return Storage(self.storages[key].data, kind)

    def _swap(self, data: np.ndarray, kind: Kind) -> None:
        if self.swapped and kind.numpy.itemsize > 1:
            row = data[: data.size - data.size % kind.numpy.itemsize]
            row.view(kind.numpy).byteswap(inplace=True)

    def _record(self, name: str) -> np.ndarray:
        """Return the bytes of an entry: mapped if a path was given, else read."""
        entry = self.archive.getinfo(self.folder + name)
        if entry.compress_type != zipfile.ZIP_STORED:
            return np.frombuffer(bytearray(self.archive.read(entry)), np.uint8)
        start = self._start_of(entry)
        if self.path is not None and entry.file_size:
            return np.memmap(
                self.path, np.uint8, mode="c", offset=start, shape=(entry.file_size,)
            )
        data = np.empty(entry.file_size, np.uint8)
        self.file.seek(start)
        if self.file.readinto(data.data) != entry.file_size:
            raise Corrupt(f"{entry.filename} is cut off")
        # PyTorch writes 0 where it was told not to compute the sum.
        if entry.CRC and zlib.crc32(data.data) != entry.CRC:
            raise Corrupt(f"{entry.filename} is damaged: its checksum differs")
        return data

    def _start_of(self, entry: zipfile.ZipInfo) -> int:
        self.file.seek(entry.header_offset)
        header = self.file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise Corrupt(f"{entry.filename} is not where the archive says")
        name, extra = struct.unpack("<HH", header[26:30])
        return int(entry.header_offset + _LOCAL_HEADER + name + extra)


def check_identifier(identifier: Any) -> tuple[Kind, str, str, int]:
    """Return kind, key, location and number of elements of a storage."""
    if not isinstance(identifier, tuple) or len(identifier) < 5:
        raise Corrupt(f"a storage has the identifier {identifier!r}")
    if identifier[0] != "storage":
        raise Corrupt(
            "Unknown typename for persistent_load, expected 'storage' but got "
            f"'{identifier[0]}'"
        )
    _, kind, key, location, count = identifier[:5]
    if not isinstance(kind, Kind) or not isinstance(count, int) or count < 0:
        raise Corrupt(f"a storage has the identifier {identifier!r}")
    return kind, str(key), str(location), count


def read_legacy(file: BinaryIO, unpickle: Unpickle, restore: Restore) -> Any:
    """Return the object in a file of the format before archives.

    There the pickle comes first, and the storages it names follow it.
    """
    storages: dict[str, tuple[Storage, int]] = {}

    def refuse(identifier: Any) -> Any:
        raise Corrupt(f"a storage before the object: {identifier!r}")

    def storage(identifier: Any) -> Storage:
        if isinstance(identifier, tuple) and identifier[:1] == ("module",):
            return identifier[1]
        kind, key, location, count = check_identifier(identifier)
        if key not in storages:
            data = np.zeros(count * kind.require().itemsize, np.uint8)
            storages[key] = (Storage(data, kind), count)
        restore(storages[key][0], location)
        if len(identifier) > 5 and identifier[5] is not None:
            _, start, length = identifier[5]
            step = kind.numpy.itemsize
            part = storages[key][0].data[start * step : (start + length) * step]
            return Storage(part, kind)
        return storages[key][0]

    if unpickle(file, refuse) != _MAGIC:
        raise Corrupt("Invalid magic number; corrupt file?")
    version = unpickle(file, refuse)
    if version != _LEGACY_PROTOCOL:
        raise Corrupt(f"Invalid protocol version: {version}")
    system = unpickle(file, refuse)
    if not isinstance(system, dict):
        raise Corrupt("the description of the system is missing")
    swapped = bool(system.get("little_endian", True)) != (sys.byteorder == "little")
    result = unpickle(file, storage)
    for key in unpickle(file, refuse):
        _fill(file, *storages[str(key)], swapped)
    return result


def _fill(file: BinaryIO, storage: Storage, count: int, swapped: bool) -> None:
    length = file.read(8)
    if len(length) != 8:
        raise Corrupt("the file is cut off before a storage")
    order = ">" if swapped == (sys.byteorder == "little") else "<"
    (found,) = struct.unpack(order + "q", length)
    if found != count:
        raise Corrupt(f"a storage of {count} elements has {found} in the file")
    data = file.read(storage.data.size)
    if len(data) != storage.data.size:
        raise Corrupt("the file is cut off inside a storage")
    storage.data[...] = np.frombuffer(data, np.uint8)
    if swapped:
        storage.data.view(storage.kind.numpy).byteswap(inplace=True)


def is_archive(file: BinaryIO) -> bool:
    """Tell whether a file begins as an archive does, leaving its position."""
    position = file.tell()
    start = file.read(4)
    file.seek(position)
    return start == b"PK\x03\x04"


UNPICKLING_ERRORS = (
    pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, TypeError,
    AttributeError, OverflowError, MemoryError, struct.error, zipfile.BadZipFile,
)  # fmt: skip
