"""What several layers need: fresh parameters, and sizes made uniform."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from ... import dtypes
from ...device import require_cpu
from ...tensor import Tensor, wrap
from ..parameter import Parameter

__all__ = [
    "as_tuple",
    "doubled_backwards",
    "fresh",
    "fresh_parameter",
    "pairs",
    "position",
    "weight_and_bias",
]


def as_tuple(value: Any, count: int) -> tuple[Any, ...]:
    """Return a sequence as a tuple, or one value ``count`` times."""
    if isinstance(value, Iterable):
        return tuple(value)
    return tuple(repeat(value, count))


def doubled_backwards(sizes: Iterable[int]) -> list[int]:
    """Return each size twice, the last first: the order of ``F.pad``."""
    return [size for size in reversed(tuple(sizes)) for _ in range(2)]


def fresh(*shape: int, device: Any = None, dtype: Any = None) -> Tensor:
    """Make a tensor whose elements are not initialised."""
    require_cpu(device)
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.parse(dtype)
    return wrap(np.empty(shape, kind.numpy))


def fresh_parameter(*shape: int, device: Any = None, dtype: Any = None) -> Parameter:
    """Make a parameter whose elements are not initialised."""
    made: Parameter = Parameter(fresh(*shape, device=device, dtype=dtype))
    return made


def weight_and_bias(module: Any) -> tuple[Any, Any]:
    """Return the two parameters of a layer, or what was put in their place."""
    # An attribute that only __getattr__ finds costs half a microsecond.
    own = module._parameters
    if "weight" in own and "bias" in own:
        return own["weight"], own["bias"]
    return module.weight, module.bias


def position(index: Any, count: int) -> int:
    """Return an index that may be negative as one that isn't."""
    position = operator.index(index)
    if not -count <= position < count:
        raise IndexError(f"index {position} is out of range")
    return position % count


def pairs(values: Any, called: str, kind: str) -> list[tuple[Any, Any]]:
    """Return a mapping, or a sequence of pairs, as pairs."""
    if not isinstance(values, Iterable):
        raise TypeError(
            f"{called}.update should be called with an iterable of key/value pairs, "
            f"but got {type(values).__name__}"
        )
    if isinstance(values, Mapping) or hasattr(values, "items"):
        return list(values.items())
    found = []
    for i, pair in enumerate(values):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{kind} update sequence element #{i} should be Iterable; is"
                f"{type(pair).__name__}"
            )
        entries = list(pair)
        if len(entries) != 2:
            raise ValueError(
                f"{kind} update sequence element #{i} has length {len(entries)}; 2 is "
                "required"
            )
        found.append((entries[0], entries[1]))
    return found
