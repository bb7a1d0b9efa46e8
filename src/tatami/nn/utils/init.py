"""Modules whose parameters are not initialised."""

from __future__ import annotations

import inspect
from typing import Any

from ...random import fork_rng
from ..modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module without drawing from the random stream.

    Args:
        module_cls: class of the module; its constructor takes ``device``.
        args: arguments of the constructor.
        kwargs: further ones.

    Raises:
        RuntimeError: ``module_cls`` is no such class.

    Example:
        >>> import tatami
        >>> tatami.nn.utils.skip_init(tatami.nn.Linear, 5, 1)
        Linear(in_features=5, out_features=1, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    with fork_rng():
        return module_cls(*args, **kwargs)
