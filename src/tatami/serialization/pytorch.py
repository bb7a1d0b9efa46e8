"""Saving and loading objects in PyTorch's file format."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

from .files import write_whole

__all__ = ["load", "save"]

_YES = ("1", "y", "yes", "true")


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:  # fmt: skip
    """Write an object to a file that PyTorch reads too.

    Tensors that share memory share it in the file. A file given by its path is written
    whole or not at all.

    Args:
        obj: tensors, state dictionaries, containers of them, or anything that can be
            pickled.
        f: path, or an object with a ``write`` method.
        pickle_module: must be ``pickle`` or None.
        pickle_protocol: version of the pickle format; PyTorch's safe loader reads 2.

    Raises:
        RuntimeError: the folder does not exist.

    Example:
        >>> import io, tatami
        >>> from tatami import serialization
        >>> file = io.BytesIO()
        >>> serialization.save({"weight": tatami.ones(2)}, file)
        >>> _ = file.seek(0)
        >>> serialization.load(file)
        {'weight': tensor([1., 1.])}
    """
    from .writer import write_archive

    _require_pickle(pickle_module)
    if not _use_new_zipfile_serialization:
        raise NotImplementedError(
            "tatami writes the archive format only, which PyTorch reads since 1.4; "
            "leave out _use_new_zipfile_serialization=False"
        )
    if isinstance(f, (str, os.PathLike)):
        folder = _folder_name(Path(f).name)
        write_whole(f, lambda file: write_archive(obj, file, folder, pickle_protocol))
    elif hasattr(f, "write"):
        whole = io.BytesIO()
        write_archive(obj, whole, "archive", pickle_protocol)
        f.write(whole.getbuffer())
    else:
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' "
            "attribute"
        )


def _folder_name(file: str) -> str:
    stem = file.rpartition(".")[0] or file
    return stem if stem.isascii() else "archive"


def _require_pickle(module: Any) -> None:
    if module is not None and module is not pickle:
        raise NotImplementedError(
            "pickle_module must be Python's pickle or left out, but it is "
            f"{getattr(module, '__name__', module)}"
        )


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *,
    weights_only: bool | None = None, mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:  # fmt: skip
    """Read what ``save`` of this package or of PyTorch has written.

    Args:
        f: path, or an object with ``read``, ``seek`` and ``tell``.
        map_location: the CPU, for files with tensors of other devices: a device, its
            name, a dictionary of names, or a function of storage and name.
        pickle_module: must be ``pickle`` or None.
        weights_only: read tensors, plain values and what
            ``serialization.add_safe_globals`` has allowed; anything else is an error.
            False reads everything, and runs what the file says.
        mmap: map the file into memory instead of reading it; only for paths.
        pickle_load_args: ``encoding`` of the strings of Python 2.

    Raises:
        UnpicklingError: the file needs more than ``weights_only`` allows.
        RuntimeError: the file is damaged, or has tensors of another device.

    Example:
        >>> import io, tatami
        >>> from tatami import serialization
        >>> file = io.BytesIO()
        >>> serialization.save(tatami.arange(3), file)
        >>> _ = file.seek(0)
        >>> serialization.load(file)
        tensor([0, 1, 2])
    """
    from .loader import Loader

    weights_only = _decide(weights_only, pickle_module)
    loader = Loader(map_location, weights_only, pickle_load_args)
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        with open(path, "rb") as file:
            return loader.read(file, f"'{path}'", path if mmap else None)
    if mmap:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if not all(hasattr(f, name) for name in ("read", "seek", "tell")):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only "
            "torch.load from a file that is seekable. Please pre-load the data into a "
            "buffer like io.BytesIO and try to load from it instead."
        )
    name = getattr(f, "name", None)
    whole = io.BytesIO(f.read())
    return loader.read(whole, f"'{name}'" if name else "the file", None)


def _decide(weights_only: bool | None, pickle_module: Any) -> bool:
    """Return whether to be careful, by argument, environment or habit."""
    force, free = (
        os.environ.get(f"TORCH_FORCE_{name}WEIGHTS_ONLY_LOAD", "0").lower() in _YES
        for name in ("", "NO_")
    )
    if force and free:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or "
            "`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both were set."
        )
    if force:
        weights_only = True
    elif weights_only is None:
        weights_only = not free and pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError(
            "Can not safely load weights when explicit pickle_module is specified"
        )
    _require_pickle(pickle_module)
    return weights_only
