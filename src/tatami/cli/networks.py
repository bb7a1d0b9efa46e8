"""Networks by name, or from a class in a user's file."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import tatami

from ..vision import models
from . import aliases
from .errors import CommandError

__all__ = ["absolute", "make_network", "network_class", "try_network"]

DEFAULT_SIZE = 32


def network_class(model: str) -> Any:
    """Return the class of a network.

    Args:
        model: one of the networks' names, or ``FILE:CLASS``; the file may import torch.

    Raises:
        CommandError: there is no such network, or its file fails.
    """
    file, colon, name = model.rpartition(":")
    if colon and file.endswith(".py"):
        return _from_file(Path(file), name)
    if model not in models.list_models():
        names = ", ".join(models.list_models())
        raise CommandError(
            f"unknown model {model!r}: expected {names}, or a class of yours as "
            "FILE.py:CLASS"
        )
    return type(models.get_model(model))


def absolute(model: str) -> str:
    """Return the model with the whole path of its file, if it is of a file."""
    file, colon, name = model.rpartition(":")
    if colon and file.endswith(".py"):
        return f"{Path(file).resolve()}:{name}"
    return model


def _from_file(path: Path, name: str) -> Any:
    if not path.is_file():
        raise CommandError(f"--model {path}:{name}: there is no file {path}")
    aliases.install()
    spec = importlib.util.spec_from_file_location(f"tatami_model_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CommandError(f"--model {path}: {type(error).__name__}: {error}") from None
    found = getattr(module, name, None)
    if not (inspect.isclass(found) and issubclass(found, tatami.nn.Module)):
        known = [
            key
            for key, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == spec.name
        ]
        raise CommandError(
            f"--model {path}:{name}: expected a subclass of nn.Module, and the file "
            f"has {', '.join(known) or 'no class'}"
        )
    return found


def make_network(kind: Any, channels: int, classes: int) -> Any:
    """Make a network, telling it channels and classes if it takes them.

    Raises:
        CommandError: the class can't be made.
    """
    wanted = {"in_channels": channels, "num_classes": classes}
    takes = inspect.signature(kind).parameters
    try:
        return kind(**{name: n for name, n in wanted.items() if name in takes})
    except Exception as error:
        raise CommandError(
            f"{kind.__name__} can't be made: {type(error).__name__}: {error}"
        ) from None


def try_network(
    network: Any, channels: int, size: tuple[int, int], classes: int
) -> None:
    """Fail unless a network takes images of this size and tells classes apart.

    Raises:
        CommandError: it doesn't; the message has both sizes.
    """
    image = f"{channels}x{size[0]}x{size[1]}"
    state = tatami.get_rng_state()
    network.eval()
    try:
        with tatami.no_grad():
            output = network(tatami.zeros(2, channels, *size))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CommandError(
            f"{type(network).__name__} can't take images of {image}: {reason}"
        ) from None
    finally:
        network.train()
        tatami.set_rng_state(state)
    if tuple(output.shape) != (2, classes):
        raise CommandError(
            f"{type(network).__name__} gives {list(output.shape)} for 2 images of "
            f"{image}, but the data has {classes} classes: expected [2, {classes}]"
        )
