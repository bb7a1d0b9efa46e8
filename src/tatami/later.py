"""Parts of the package that wait until a program asks for them."""

from __future__ import annotations

import importlib
from typing import Any

from .absent import refuse

__all__ = ["find"]

# What running a network does not need: a tenth of the time an import takes.
_LATER = frozenset({"optim", "utils"})


def find(name: str) -> Any:
    """Return a part of the package, imported now.

    Args:
        name: what was looked for in ``tatami``.

    Raises:
        AttributeError: there is no such part.

    Example:
        >>> import tatami
        >>> tatami.optim.SGD.__name__
        'SGD'
    """
    if name in _LATER:
        return importlib.import_module(f"tatami.{name}")
    refuse(name)
