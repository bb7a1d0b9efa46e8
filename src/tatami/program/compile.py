"""The public face of capture and replay: ``tatami.compile``."""

from __future__ import annotations

import functools
from typing import Any

from ..nn import Module

__all__ = ["compile"]


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
    backend: Any = "inductor", mode: str | None = None,
    options: dict[str, Any] | None = None, disable: bool = False,
) -> Any:  # fmt: skip
    """Capture the kernels a function calls, and replay them without Python.

    The function may be a module, a function of tensors, or a whole training step with
    its ``zero_grad``, ``backward`` and ``optimizer.step``.

    Args:
        model: module or function; left out to decorate one.
        fullgraph: raise an error instead of running eagerly.
        dynamic: has no effect: each combination of shapes gets a program of its own.
        backend: has no effect: there is one.
        mode: has no effect.
        options: have no effect.
        disable: return the function as it is.

    Returns:
        What to call in the place of ``model``. The first calls run eagerly and are
        recorded; once two of them did the same, the kernels are replayed. Shapes,
        types, modes and everything the code looks at are guards.

    Raises:
        RuntimeError: with ``fullgraph``, when the function can't become a program.

    Example:
        >>> import tatami
        >>> @tatami.compile
        ... def scaled(x):
        ...     return x * 2 + 1
        >>> for _ in range(4):
        ...     result = scaled(tatami.ones(2))
        >>> result
        tensor([3., 3.])
    """
    if model is None:
        return functools.partial(
            compile, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode,
            options=options, disable=disable,
        )  # fmt: skip
    if disable:
        return model
    if isinstance(model, Module):
        from .module import OptimizedModule

        return OptimizedModule(model, fullgraph)
    from .compiled import as_function

    return as_function(model, fullgraph)
