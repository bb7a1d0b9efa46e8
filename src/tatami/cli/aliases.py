"""Imports of ``torch`` and ``torchvision`` answered with tatami."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["TorchFinder", "install"]

_HOMES = {"torch": "tatami", "torchvision": "tatami.vision"}


def install() -> None:
    """Answer imports of torch and torchvision with tatami from now on."""
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())


class TorchFinder(MetaPathFinder):
    """Find tatami's module of the same place for each of PyTorch's."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return a spec for modules of torch and torchvision, None for others.

        Raises:
            ModuleNotFoundError: tatami has no such module.
        """
        top, dot, rest = fullname.partition(".")
        if top not in _HOMES:
            return None
        module = _existing(_HOMES[top] + dot + rest)
        if module is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: tatami does not have it. Run the "
                "program under PyTorch, or do without this import.",
                name=fullname,
            )
        package = hasattr(module, "__path__")
        return ModuleSpec(fullname, _Existing(module), is_package=package)


def _existing(name: str) -> Any:
    """Import a module of tatami; an attribute that stands for one will do."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    parent, _, last = name.rpartition(".")
    home = _existing(parent) if parent else None
    return getattr(home, last, None)


class _Existing(Loader):
    """Give a module that is loaded already, unchanged."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._spec = getattr(module, "__spec__", None)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._module

    def exec_module(self, module: Any) -> None:
        # The import system has just overwritten it with the alias's.
        if isinstance(module, ModuleType):
            module.__spec__ = self._spec
