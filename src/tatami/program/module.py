"""A module whose forward is compiled."""

from __future__ import annotations

from typing import Any

from ..nn import Module
from .compiled import Compiled

__all__ = ["OptimizedModule"]


class OptimizedModule(Module):
    """Stand for a module: call its program, and answer for its members.

    As in PyTorch, the module itself is ``_orig_mod``, which its ``state_dict`` names.

    Args:
        module: the module.
        fullgraph: whether running eagerly is an error.
    """

    def __init__(self, module: Module, fullgraph: bool) -> None:
        super().__init__()
        self._orig_mod = module
        compiled = Compiled(module, fullgraph, type(module).__name__)
        object.__setattr__(self, "compiled", compiled)
        self.training = module.training

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.compiled(*args, **kwargs)

    forward = __call__

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        return getattr(self._orig_mod, name)

    def explain(self, *args: Any, **kwargs: Any) -> None:
        """Print the program for such arguments, kernel by kernel."""
        self.compiled.explain(*args, **kwargs)
