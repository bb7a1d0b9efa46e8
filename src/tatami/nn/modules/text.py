"""Modules as text."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor

__all__ = ["describe", "indent", "layout", "type_name"]


def type_name(value: Any) -> str:
    """Return the name PyTorch's errors give a value's type."""
    if isinstance(value, Tensor):
        return str(value.type())
    kind = value if isinstance(value, type) else type(value)
    prefix = "" if kind.__module__ == "builtins" else kind.__module__ + "."
    return prefix + kind.__qualname__


def indent(text: str) -> str:
    """Indent all lines but the first."""
    return text.replace("\n", "\n  ")


def layout(name: str, extra: list[str], children: list[str]) -> str:
    """Return a printed module: its name, what is special about it, its children."""
    if len(extra) == 1 and not children:
        return f"{name}({extra[0]})"
    lines = extra + children
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"


def describe(value: Any, tensor_type: bool) -> str:
    """Return one line about an entry of a list or dictionary of parameters."""
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(str(n) for n in value.shape)
    kind = value.type() if tensor_type else value.dtype
    return f"Parameter containing: [{kind} of size {size}]"
