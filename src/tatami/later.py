"""Parts of the package that wait until a program asks for them.

A namespace says in a table which module has which of its names, and so does a class
whose methods modules attach; a module is imported when one of them is asked for.
``import tatami`` loads what nearly every network needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NoReturn

__all__ = ["attach", "imported", "methods", "namespace"]

Find = Callable[[str], Any]
List = Callable[[], list[str]]
_announced: dict[tuple[type, str], _Method] = {}


def namespace(
    name: str,
    places: dict[str, str],
    parts: Iterable[str] = (),
    public: Iterable[str] | None = None,
    refuse: Callable[[str], NoReturn] | None = None,
) -> tuple[Find, List]:
    """Return ``__getattr__`` and ``__dir__`` of a module whose names may wait.

    Args:
        name: the module they are for.
        places: modules, as seen from ``tatami``, with the names each of them has.
        parts: modules below the module itself.
        public: which names of ``places`` the module shows; all if left out.
        refuse: raises the error for a name that is not there.

    Example:
        >>> import tatami
        >>> tatami.optim.SGD.__name__
        'SGD'
    """
    homes = {part: f"{name}.{part}" for part in parts}
    wanted = None if public is None else frozenset(public)
    for place, names in places.items():
        for member in names.split():
            if wanted is None or member in wanted:
                homes[member] = f"tatami.{place}"

    def find(member: str) -> Any:
        home = homes.get(member)
        if home is None:
            (refuse or _missing(name))(member)
        found = loaded(home)
        if home != f"{name}.{member}":
            found = getattr(found, member)
        vars(sys.modules[name])[member] = found
        return found

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[name]), *homes})

    return find, listed


def loaded(name: str) -> Any:
    """Return a module, imported now if it is not there yet."""
    module = sys.modules.get(name)
    if module is None or getattr(module.__spec__, "_initializing", False):
        return imported(name)
    return module


def imported(name: str) -> Any:
    """Import a module, while those who follow frames look away."""
    return import_module(name)


def _missing(name: str) -> Callable[[str], NoReturn]:
    def refuse(member: str) -> NoReturn:
        raise AttributeError(f"module {name!r} has no attribute {member!r}")

    return refuse


class _Method:
    """Stand for a method until the module that attaches it is loaded."""

    method: Any = None

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __get__(self, instance: Any, kind: type) -> Any:
        loaded(self.module)
        if self.method is None:
            raise AttributeError(f"{self.module} attaches no method {self.name!r}")
        return self.method.__get__(instance, kind)


def methods(owner: type, places: dict[str, str]) -> None:
    """Announce methods of a class that modules attach once they are loaded."""
    for module, names in places.items():
        for name in names.split():
            waiting = _announced[owner, name] = _Method(module, name)
            setattr(owner, name, waiting)


def attach(owner: type, name: str, method: Any) -> None:
    """Give a class a method, unless a program has replaced what was announced."""
    waiting = _announced.pop((owner, name), None)
    if waiting is not None:
        waiting.method = method
        if vars(owner).get(name) is not waiting:
            return
    setattr(owner, name, method)
