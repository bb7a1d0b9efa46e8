"""Neural networks: modules, functions on tensors, initialisation, utilities."""

from . import functional

__all__ = ["functional"]
