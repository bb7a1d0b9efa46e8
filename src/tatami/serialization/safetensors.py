"""Tensors in the safetensors format, with the library of that name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .files import write_whole

__all__ = ["load", "load_file", "save", "save_file"]


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "safetensors files need the safetensors library: "
            "pip install 'tatami[safetensors]'"
        ) from None
    return safetensors


def _arrays(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    arrays = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"Key `{name}` is invalid, expected torch.Tensor but received "
                f"{type(tensor)}"
            )
        arrays[name] = np.array(tensor._array, order="C")
    return arrays


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Return tensors as bytes of the safetensors format.

    Args:
        tensors: by name.
        metadata: words about them.

    Raises:
        ImportError: the safetensors library is not installed.
    """
    library = _library()
    return library.numpy.save(_arrays(tensors), metadata)


def save_file(
    tensors: dict[str, Tensor], filename: Any, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors to a safetensors file.

    Args:
        tensors: by name.
        filename: path of the file, which is written whole or not at all.
        metadata: words about them.

    Raises:
        ImportError: the safetensors library is not installed.
    """
    data = save(tensors, metadata)
    write_whole(filename, lambda file: file.write(data))


def load(data: bytes) -> dict[str, Tensor]:
    """Return the tensors in bytes of the safetensors format.

    Raises:
        ImportError: the safetensors library is not installed.
    """
    found = _library().numpy.load(data)
    return {name: wrap(np.array(array)) for name, array in found.items()}


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """Read tensors from a safetensors file.

    Args:
        filename: path of the file.
        device: must be the CPU.

    Raises:
        ImportError: the safetensors library is not installed.
        RuntimeError: the file is damaged, or ``device`` is another one.
    """
    from ..device import require_cpu

    require_cpu(device)
    library = _library()
    try:
        found = library.numpy.load_file(filename)
    except library.SafetensorError as error:
        raise RuntimeError(f"'{filename}' can't be read: {error}") from None
    return {name: wrap(np.array(array)) for name, array in found.items()}
