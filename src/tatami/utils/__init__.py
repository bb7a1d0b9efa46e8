"""Tools around training, under PyTorch's names."""

from . import data, hooks

__all__ = ["data", "hooks"]
