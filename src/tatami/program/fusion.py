"""Fusion: neighbouring kernels that become one."""

from __future__ import annotations

from .plan import Plan

__all__ = ["fuse"]


def fuse(plan: Plan) -> None:
    """Replace the patterns that a fused kernel serves."""
