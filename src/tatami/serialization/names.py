"""Names in files: PyTorch's on disk, the package's own in memory."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .. import dtypes
from ..device import device
from ..size import Size
from ..tensor import Tensor

__all__ = ["ours", "theirs"]

_ROOTS = (("tatami.vision", "torchvision"), ("tatami", "torch"))
# The files of torch.nn.modules; layers from other files are named by their package.
_LAYERS = {
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv",
    "distance", "dropout", "flatten", "fold", "instancenorm", "linear", "loss",
    "module", "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse",
    "transformer", "upsampling", "utils",
}  # fmt: skip
_HOMES = {
    "torch._tensor": "tatami", "torch._C": "tatami", "torch._C._nn":
    "tatami.nn.functional", "torch._VF": "tatami",
}  # fmt: skip
_FIXED: dict[Any, tuple[str, str]] = {
    Tensor: ("torch", "Tensor"),
    Size: ("torch", "Size"),
    device: ("torch", "device"),
}


def _belongs(module: str, root: str) -> bool:
    return module == root or module.startswith(root + ".")


def theirs(thing: Any, name: str | None = None) -> tuple[str, str] | None:
    """Return module and name that PyTorch has for a class or function of this package.

    None for what belongs to others, or to this package alone.
    """
    try:
        if thing in _FIXED:
            return _FIXED[thing]
    except TypeError:
        return None
    if isinstance(thing, dtypes.dtype):
        return "torch", thing.name
    module = getattr(thing, "__module__", None) or ""
    name = name or getattr(thing, "__qualname__", "")
    if not _belongs(module, "tatami") or not name:
        return None
    if _belongs(module, "tatami.ops"):
        return _function(thing, name)
    if _belongs(module, "tatami.optim.lr_scheduler"):
        return "torch.optim.lr_scheduler", name
    if module.startswith("tatami.nn.modules."):
        return _layer(module.rpartition(".")[2], name)
    for own, other in _ROOTS:
        if _belongs(module, own):
            return other + module[len(own) :], name
    return None


def _function(thing: Any, name: str) -> tuple[str, str] | None:
    for home, other in (
        ("tatami.nn.functional", "torch.nn.functional"), ("tatami", "torch"),
    ):  # fmt: skip
        if getattr(sys.modules[home], name, None) is thing:
            return other, name
    return None


def _layer(file: str, name: str) -> tuple[str, str]:
    if file not in _LAYERS:
        file = file.partition("_")[0]
    return ("torch.nn.modules." + file if file in _LAYERS else "torch.nn"), name


def ours(module: str, name: str) -> Any:
    """Return what this package has under a name of PyTorch's; None if nothing."""
    home = _HOMES.get(module)
    if home is None:
        for own, other in _ROOTS:
            if _belongs(module, other) or _belongs(module, own):
                root = other if _belongs(module, other) else own
                home = own + module[len(root) :]
                break
        else:
            return None
    while True:
        found = _attribute(home, name)
        if found is not None or "." not in home:
            return found
        home = home.rpartition(".")[0]


def _attribute(module: str, name: str) -> Any:
    try:
        value: Any = importlib.import_module(module)
    except ImportError:
        return None
    for part in name.split("."):
        value = getattr(value, part, None)
    return value
