"""Batches: how samples become tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...ops.creation import as_tensor, tensor
from ...ops.joining import stack
from ...tensor import Tensor

__all__ = ["collate", "default_collate", "default_convert"]

Rules = dict[Any, Callable[..., Any]]
_UNKNOWN = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or "
    "lists; found {}"
)


def default_convert(data: Any) -> Any:
    """Turn NumPy arrays into tensors, wherever they are inside a sample.

    Example:
        >>> import numpy
        >>> from tatami.utils.data import default_convert
        >>> default_convert({"x": numpy.arange(2), "name": "a"})
        {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, (Tensor, np.str_, np.bytes_)):
        return data
    if isinstance(data, np.ndarray) and data.dtype.kind in "SUO":
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(entry) for entry in data))
    if isinstance(data, tuple):
        return [default_convert(entry) for entry in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(entry) for entry in data])
    return data


def _like_mapping(original: Any, values: dict[Any, Any]) -> Any:
    """Return ``values`` in a mapping of the original's kind, or as a dictionary."""
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)
            clone.update(values)
            return clone
        return type(original)(values)
    except TypeError:
        return values


def _like_sequence(original: Any, values: list[Any]) -> Any:
    """Return ``values`` in a sequence of the original's kind, or as a list."""
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for i, value in enumerate(values):
                clone[i] = value
            return clone
        return type(original)(values)
    except TypeError:
        return values


def collate(batch: Sequence[Any], *, collate_fn_map: Rules | None = None) -> Any:
    """Put samples together by rules for their types, looking inside containers.

    Args:
        batch: samples of the same structure.
        collate_fn_map: from types to functions of the samples.

    Raises:
        TypeError: there is no rule for a type.
        RuntimeError: lists of samples differ in length.

    Example:
        >>> from tatami.utils.data.collate import collate
        >>> collate([(1, 2), (3, 4)], collate_fn_map={int: lambda x, **_: sum(x)})
        [4, 6]
    """
    first = batch[0]
    rule = _rule(type(first), collate_fn_map or {})
    if rule is not None:
        return rule(batch, collate_fn_map=collate_fn_map)

    def together(samples: Sequence[Any]) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        values = {key: together([sample[key] for sample in batch]) for key in first}
        return _like_mapping(first, values)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        columns = zip(*batch, strict=False)
        return type(first)(*(together(column) for column in columns))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        joined = [together(column) for column in zip(*batch, strict=True)]
        return joined if isinstance(first, tuple) else _like_sequence(first, joined)
    raise TypeError(_UNKNOWN.format(type(first)))


def _rule(kind: type, rules: Rules) -> Any:
    if kind in rules:
        return rules[kind]
    return next((rules[key] for key in rules if issubclass(kind, key)), None)


def _stack(batch: Sequence[Tensor], **options: Any) -> Tensor:
    return stack(list(batch), 0)


def _stack_arrays(batch: Sequence[np.ndarray], **options: Any) -> Any:
    if batch[0].dtype.kind in "SUO":
        raise TypeError(_UNKNOWN.format(batch[0].dtype))
    return collate([as_tensor(x) for x in batch], **options)


def _numpy_numbers(batch: Sequence[Any], **options: Any) -> Tensor:
    return as_tensor(np.array(batch))


def _floats(batch: Sequence[float], **options: Any) -> Tensor:
    return tensor(list(batch), dtype=dtypes.float64)


def _integers(batch: Sequence[int], **options: Any) -> Tensor:
    return tensor(list(batch))


def _unchanged(batch: Sequence[Any], **options: Any) -> Sequence[Any]:
    return batch


default_collate_fn_map: Rules = {
    Tensor: _stack,
    np.ndarray: _stack_arrays,
    (np.bool_, np.number, np.object_): _numpy_numbers,
    float: _floats,
    int: _integers,
    str: _unchanged,
    bytes: _unchanged,
}


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together: tensors are stacked, numbers become tensors.

    Args:
        batch: samples of the same structure: tensors, arrays, numbers, strings, or
            tuples, lists and dictionaries of them.

    Raises:
        TypeError: a sample holds something else.
        RuntimeError: tensors differ in shape, or lists in length.

    Example:
        >>> from tatami.utils.data import default_collate
        >>> default_collate([("a", 0.5), ("b", 1.0)])
        [('a', 'b'), tensor([0.5000, 1.0000], dtype=torch.float64)]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
