"""Tensors as text, the way PyTorch prints them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["format_tensor", "set_printoptions"]


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}
options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print.

    Args:
        precision: digits after the point.
        threshold: number of elements above which only the edges are shown.
        edgeitems: how many elements an edge has.
        linewidth: characters in a line.
        profile: ``'default'``, ``'short'`` or ``'full'``, set before the rest.
        sci_mode: always (True) or never (False) write exponents.

    Example:
        >>> import tatami
        >>> tatami.set_printoptions(precision=2)
        >>> tatami.tensor(1 / 3)
        tensor(0.33)
        >>> tatami.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(
                f"profile must be one of {list(_PROFILES)}, but got {profile!r}"
            )
        options.__dict__.update(_PROFILES[profile].__dict__)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems}
    given["linewidth"] = linewidth
    for name, value in given.items():
        if value is not None:
            setattr(options, name, value)
    options.sci_mode = sci_mode


class _Elements:
    """How one element is written: found once from all that will be shown."""

    def __init__(self, shown: np.ndarray) -> None:
        self.floating = shown.dtype.kind == "f"
        self.exponent = False
        self.whole = True
        self.width = 1
        if self.floating:
            self._measure(shown.astype(np.float64).ravel())
        else:
            for value in shown.ravel().tolist():
                self.width = max(self.width, len(str(value)))

    def _measure(self, values: np.ndarray) -> None:
        values = values[np.isfinite(values) & (values != 0)]
        if values.size == 0:
            return
        sizes = np.abs(values)
        high, low = sizes.max(), sizes.min()
        self.whole = bool((values == np.ceil(values)).all())
        self.exponent = bool(high / low > 1000 or high > 1e8)
        self.exponent |= not self.whole and bool(low < 1e-4)
        if options.sci_mode is not None:
            self.exponent = options.sci_mode
        self.width = max(1, *(len(self._number(value)) for value in values.tolist()))

    def _number(self, value: float) -> str:
        if self.exponent:
            return f"{value:.{options.precision}e}"
        if not self.whole:
            return f"{value:.{options.precision}f}"
        return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"

    def text(self, value: Any) -> str:
        """Return an element, aligned to the right."""
        text = self._number(value) if self.floating else str(value)
        return text.rjust(self.width)


def _edges(array: np.ndarray) -> np.ndarray:
    """Return the elements that remain when the middle of each dimension is left out."""
    edge = options.edgeitems
    for dim, length in enumerate(array.shape):
        if length > 2 * edge:
            kept = [*range(edge), *range(length - edge, length)]
            array = array.take(kept, axis=dim)
    return array


def _vector(array: np.ndarray, indent: int, short: bool, elements: _Elements) -> str:
    per_line = max(1, (options.linewidth - indent) // (elements.width + 2))
    edge = options.edgeitems
    if short and len(array) > 2 * edge:
        texts = [elements.text(x) for x in array[:edge].tolist()]
        texts += [" ..."]
        texts += [elements.text(x) for x in array[len(array) - edge :].tolist()]
    else:
        texts = [elements.text(x) for x in array.tolist()]
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _body(array: np.ndarray, indent: int, short: bool, elements: _Elements) -> str:
    if array.ndim == 0:
        return elements.text(array.item())
    if array.ndim == 1:
        return _vector(array, indent, short, elements)
    edge = options.edgeitems
    rows: list[Any] = list(array)
    if short and len(rows) > 2 * edge:
        rows = [*rows[:edge], None, *rows[len(rows) - edge :]]
    texts = [
        "..." if row is None else _body(np.asarray(row), indent + 1, short, elements)
        for row in rows
    ]
    separator = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(texts) + "]"


def _suffixes(tensor: Tensor) -> list[str]:
    kind, default = tensor.dtype, dtypes.get_default_dtype()
    found = []
    if tensor._array.size == 0:
        if tensor._array.ndim != 1:
            found.append(f"size={tuple(tensor._array.shape)}")
        if kind is not default:
            found.append(f"dtype={kind}")
    elif kind not in (default, dtypes.int64, dtypes.bool):
        found.append(f"dtype={kind}")
    if tensor.grad_fn is not None:
        found.append(f"grad_fn=<{type(tensor.grad_fn).__name__}>")
    elif tensor._requires_grad:
        found.append("requires_grad=True")
    return found


def format_tensor(tensor: Tensor) -> str:
    """Return the text of a tensor: its elements, and what is special about it."""
    prefix = "tensor("
    array, indent = tensor._array, len(prefix)
    if array.size == 0:
        body = "[]"
    else:
        short = array.size > options.threshold
        elements = _Elements(_edges(array) if short else array)
        body = _body(array, indent, short, elements)
    text = prefix + body
    column = len(text) - text.rfind("\n") + 1
    for suffix in _suffixes(tensor):
        if column + len(suffix) + 2 > options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"
