"""The classes of results with names, such as ``return_types.max``."""

from __future__ import annotations

from .ops.results import KINDS

__all__ = list(KINDS)
globals().update(KINDS)
