"""Writing: objects to a pickle with PyTorch's names, and storages beside it."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from .. import dtypes
from ..device import device
from ..nn.parameter import Parameter
from ..size import Size
from ..tensor import Tensor
from .names import theirs
from .storages import Kind, as_bytes, locate

__all__ = ["write_archive"]

_PythonPickler: Any = pickle._Pickler
_ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_FIELD = 20


class _Global:
    """Stand for a class or function of PyTorch that the file names."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name


class _Place:
    """Stand for a storage that is written beside the pickle."""

    def __init__(self, *identifier: Any) -> None:
        self.identifier = list(identifier)


class Pickler(_PythonPickler):  # type: ignore[misc]
    """Write objects with PyTorch's names, and collect the storages of their tensors.

    It derives from the pickler written in Python, since the other one insists on
    importing what it names.
    """

    dispatch: ClassVar[dict[type, Any]] = dict(_PythonPickler.dispatch)

    def __init__(self, file: Any, protocol: int) -> None:
        super().__init__(file, protocol)
        self.roots: list[np.ndarray] = []
        self._places: dict[tuple[int, Kind], _Place] = {}
        self._globals: dict[tuple[str, str], _Global] = {}

    def persistent_id(self, obj: Any) -> Any:
        """Return what stands for a storage in the pickle."""
        return tuple(obj.identifier) if type(obj) is _Place else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
        """Write an object."""
        if isinstance(obj, Tensor) and id(obj) not in self.memo:
            self._save_tensor(obj)
            return None
        return super().save(obj, save_persistent_id)

    def _named(self, module: str, name: str) -> _Global:
        """Return the stand-in of a global: one for each, so that it is written once."""
        return self._globals.setdefault((module, name), _Global(module, name))

    def _save_call(self, function: _Global, arguments: tuple[Any, ...]) -> None:
        self.save(function)
        self.save(arguments)
        self.write(pickle.REDUCE)

    def _save_tensor(self, tensor: Tensor) -> None:
        extra = {key: value for key, value in tensor.__dict__.items() if key[0] != "_"}
        kind = type(tensor)
        if kind is Parameter:
            self._save_parameter(tensor, extra)
        elif kind is Tensor and not extra:
            self._save_call(self._named("torch._utils", "_rebuild_tensor_v2"),
                            self._description(tensor))  # fmt: skip
        else:
            function = self._named("torch._utils", "_rebuild_tensor_v2")
            arguments = (function, kind, self._description(tensor), extra)
            typed = self._named("torch._tensor", "_rebuild_from_type_v2")
            self._save_call(typed, arguments)
        self.memoize(tensor)

    def _save_parameter(self, tensor: Tensor, extra: dict[str, Any]) -> None:
        arguments: tuple[Any, ...] = tensor.data, tensor._requires_grad, OrderedDict()
        name = "_rebuild_parameter"
        if extra:
            name, arguments = name + "_with_state", (*arguments, extra)
        self._save_call(self._named("torch._utils", name), arguments)

    def _description(self, tensor: Tensor) -> tuple[Any, ...]:
        root, kind, offset, stride = locate(tensor)
        place = self._place(root, kind)
        shape = tuple(tensor._array.shape)
        return place, offset, shape, stride, tensor.requires_grad, OrderedDict()

    def _place(self, root: np.ndarray, kind: Kind) -> _Place:
        key = id(root), kind
        if key not in self._places:
            name, count = str(len(self.roots)), root.nbytes // kind.numpy.itemsize
            typed = self._named("torch", kind.name)
            self._places[key] = _Place("storage", typed, name, "cpu", count)
            self.roots.append(root)
        return self._places[key]

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write a class or function by PyTorch's name, or by its own."""
        known = theirs(obj, name)
        if known is None:
            super().save_global(obj, name)
        else:
            self._save_named(self._named(*known))
            self.memoize(obj)

    def _save_named(self, thing: _Global) -> None:
        self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())
        self.memoize(thing)

    def _save_dtype(self, kind: dtypes.dtype) -> None:
        self.save(self._named("torch", kind.name))

    def _save_size(self, size: Size) -> None:
        self._save_call(self._named("torch", "Size"), (tuple(size),))
        self.memoize(size)

    def _save_device(self, place: device) -> None:
        arguments: tuple[Any, ...] = (place.type,)
        if place.index is not None:
            arguments = place.type, place.index
        self._save_call(self._named("torch", "device"), arguments)
        self.memoize(place)

    dispatch[_Global] = _save_named
    dispatch[dtypes.dtype] = _save_dtype
    dispatch[Size] = _save_size
    dispatch[device] = _save_device
    dispatch[FunctionType] = save_global


def _aligned(file: zipfile.ZipFile, name: str, size: int) -> zipfile.ZipInfo:
    """Return an entry whose data will begin at a multiple of the alignment."""
    entry = zipfile.ZipInfo(name)
    start = file.start_dir + _LOCAL_HEADER + len(name.encode()) + 4
    if size * 1.05 > zipfile.ZIP64_LIMIT:
        start += _ZIP64_FIELD
    padding = -start % _ALIGNMENT
    entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    return entry


def write_archive(obj: Any, file: Any, folder: str, protocol: int) -> None:
    """Write an object to an open file in PyTorch's format.

    Args:
        obj: what to write.
        file: open for writing bytes, at its beginning.
        folder: name of the folder inside the archive.
        protocol: version of the pickle format.
    """
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol)
    pickler.dump(obj)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:

        def put(name: str, data: Any) -> None:
            size = data.nbytes if isinstance(data, np.ndarray) else len(data)
            entry = _aligned(archive, f"{folder}/{name}", size)
            archive.writestr(entry, memoryview(data))

        put("data.pkl", pickled.getvalue())
        put(".format_version", b"1")
        put(".storage_alignment", str(_ALIGNMENT).encode())
        put("byteorder", sys.byteorder.encode())
        for i, root in enumerate(pickler.roots):
            put(f"data/{i}", as_bytes(root))
        put("version", b"3\n")
        put(".data/serialization_id", _identifier(archive))


def _identifier(archive: zipfile.ZipFile) -> bytes:
    """Return forty digits that differ between files of different content."""
    sums = [entry.CRC for entry in archive.infolist()]
    digest = hashlib.sha256(struct.pack(f"<{len(sums)}I", *sums)).digest()
    return f"{int.from_bytes(digest, 'little') % 10**40:040d}".encode()
