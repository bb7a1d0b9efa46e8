"""The names programs ask about GPUs; there is none here, and errors say what to do."""

from __future__ import annotations

from typing import Any

from .device import require_cpu

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]


def is_available() -> bool:
    """Tell whether a GPU can be used: never.

    Example:
        >>> import tatami
        >>> tatami.cuda.is_available()
        False
    """
    return False


def device_count() -> int:
    """Return the number of usable GPUs: 0.

    Example:
        >>> import tatami
        >>> tatami.cuda.device_count()
        0
    """
    return 0


def manual_seed(seed: int) -> None:
    """Accept a seed for a GPU that isn't there, as PyTorch does.

    Example:
        >>> import tatami
        >>> tatami.cuda.manual_seed(0)
    """


def manual_seed_all(seed: int) -> None:
    """Accept a seed for GPUs that aren't there, as PyTorch does.

    Example:
        >>> import tatami
        >>> tatami.cuda.manual_seed_all(0)
    """


def empty_cache() -> None:
    """Do nothing, as PyTorch without a GPU does.

    Example:
        >>> import tatami
        >>> tatami.cuda.empty_cache()
    """


def synchronize(device: Any = None) -> None:
    """Say that there is no GPU to wait for."""
    require_cpu("cuda" if device is None else device)


def current_device() -> int:
    """Say that there is no GPU."""
    require_cpu("cuda")
    return 0


def get_device_name(device: Any = None) -> str:
    """Say that there is no GPU to name."""
    require_cpu("cuda" if device is None else device)
    return ""
