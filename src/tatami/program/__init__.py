"""Programs: the kernels a function calls, recorded once and replayed."""

from .compile import compile as compile

__all__ = ["compile"]
