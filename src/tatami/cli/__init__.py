"""The command line: ``tatami train | predict | run | bench | info``."""

from .entry import main

__all__ = ["main"]
