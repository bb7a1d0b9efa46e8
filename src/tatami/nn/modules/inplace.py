"""The base of modules that can write into their input."""

from __future__ import annotations

from .module import Module

__all__ = ["InPlace"]


class InPlace(Module):
    """Base of activations that can write into their input."""

    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def _shown(self) -> list[str]:
        return []

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return ", ".join(self._shown() + ["inplace=True"] * self.inplace)
