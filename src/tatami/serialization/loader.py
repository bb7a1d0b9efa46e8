"""How a file is read: careful or trusting, and what its errors say."""

from __future__ import annotations

import pickle
import struct
from typing import Any
from zipfile import BadZipFile

from ..device import device, require_cpu
from .reader import UNPICKLING_ERRORS, Archive, Corrupt, is_archive, read_legacy
from .storages import Storage
from .unpickler import Refused, RestrictedUnpickler, TrustingUnpickler

__all__ = ["Loader"]

_NOT_ALLOWED = (
    "Weights only load failed. This file can still be loaded, to do so you have two "
    "options, do those steps only if you trust the source of the checkpoint.\n"
    "\t(1) Load it with `weights_only=False`, which can result in arbitrary code "
    "execution.\n"
    "\t(2) Alternatively, keep `weights_only=True` and allow what the file needs, as "
    "the following says.\n"
    "\tWeightsUnpickler error: {}"
)


class Loader:
    """How a file is to be read."""

    def __init__(
        self, map_location: Any, weights_only: bool, options: dict[str, Any]
    ) -> None:
        self.map_location = map_location
        self.weights_only = weights_only
        self.options = {"encoding": "utf-8", **options}
        if isinstance(map_location, (str, device)):
            require_cpu(map_location)

    def read(self, file: Any, name: str, mapped: str | None) -> Any:
        """Return the object in a file; errors name the file."""
        try:
            if is_archive(file):
                return Archive(file, mapped, self.restore).load(self.unpickle)
            if mapped is not None:
                raise RuntimeError(
                    "mmap can only be used with files saved with "
                    "`torch.save(_use_new_zipfile_serialization=True)`"
                )
            return read_legacy(file, self.unpickle, self.restore)
        except (Corrupt, struct.error, BadZipFile) as error:
            raise RuntimeError(f"{error}\n{name} can't be read.") from None

    def unpickle(self, file: Any, load_storage: Any) -> Any:
        """Return the object of one pickle."""
        kind = RestrictedUnpickler if self.weights_only else TrustingUnpickler
        try:
            return kind(file, load_storage, **self.options).load()
        except UNPICKLING_ERRORS as error:
            if isinstance(error, Refused):
                raise pickle.UnpicklingError(_NOT_ALLOWED.format(error)) from None
            if not self.weights_only and not _is_damage(error):
                raise
            text = f"the pickle is damaged ({type(error).__name__}: {error})"
            raise Corrupt(text) from error

    def restore(self, storage: Storage, location: str) -> None:
        """See to it that a storage may live on the CPU.

        Raises:
            RuntimeError: it was on another device, and nothing was said of that.
        """
        where = self.map_location
        if isinstance(where, dict):
            location = where.get(location, location)
        elif callable(where):
            if where(storage, location) is not None:
                return
        elif where is not None:
            return
        kind = location.partition(":")[0]
        if kind not in ("cpu", "meta"):
            raise RuntimeError(
                f"Attempting to deserialize object on a {kind.upper()} device but "
                f"torch.{kind}.is_available() is False. If you are running on a "
                "CPU-only machine, please use torch.load with "
                "map_location=torch.device('cpu') to map your storages to the CPU."
            )


def _is_damage(error: Exception) -> bool:
    """Tell whether a pickle could not be read, rather than something it called."""
    return isinstance(error, (pickle.UnpicklingError, EOFError))
