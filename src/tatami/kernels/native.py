"""The compiled kernels, if they were built."""

from __future__ import annotations

from typing import Any

available = False
reason = "tatami._native is not built"


def install(reference: Any) -> dict[str, Any]:
    """Return the compiled kernels by name."""
    return {}
