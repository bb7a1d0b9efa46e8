"""The command line: ``tatami train | predict | run | info``."""

from .entry import main

__all__ = ["main"]
