"""Several devices, of which there is only one here."""

from __future__ import annotations

from typing import Any, NoReturn

from .modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]

_ONE_DEVICE = (
    "{} spreads a batch over several GPUs, and tatami runs on one CPU. Use the module "
    "itself: leave out the call that wraps it."
)


class DataParallel(Module):
    """Say that there is one device only, and what to do.

    Args:
        module: the module to run.

    Raises:
        RuntimeError: always, with the way out.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(_ONE_DEVICE.format(type(self).__name__))


class DistributedDataParallel(DataParallel):
    """Say that there is one process only, and what to do."""


def data_parallel(module: Module, *args: Any, **kwargs: Any) -> NoReturn:
    """Say that there is one device only, and what to do."""
    raise RuntimeError(_ONE_DEVICE.format("data_parallel"))
