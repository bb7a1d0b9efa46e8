"""Say where to get a writer for TensorBoard: there is none in this package."""

from __future__ import annotations

from typing import NoReturn

__all__: list[str] = []


def __getattr__(name: str) -> NoReturn:
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(
        f"tatami.utils.tensorboard has no {name}. Install `tensorboardX` and write "
        f"`from tensorboardX import {name}`, which has the same methods, or print the "
        "numbers."
    )
