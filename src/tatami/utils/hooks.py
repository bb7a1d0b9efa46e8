"""Handles of hooks, under the module name PyTorch gives them."""

from __future__ import annotations

from ..autograd.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
