"""Recording: which kernels a function calls, on which arrays."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.engine import passes
from ..kernels import reference
from .live import Live
from .observed import Observed, observer, plain

__all__ = ["Buffer", "Call", "Ref", "Trace", "recording"]

Array = np.ndarray
_NOTHING = np.empty(0, np.uint8)

# Arguments that a kernel changes, by their place.
CHANGES: dict[str, tuple[int, ...]] = {
    "assign": (0,), "fill_in_memory_order": (0,), "count_steps": (0,),
    "sgd_step": (0, 2), "adam_step": (0, 2, 3, 4, 5), "rmsprop_step": (0, 2, 3, 4),
    "adagrad_step": (0, 2, 3), "adadelta_step": (0, 2, 3), "adamax_step": (0, 2, 3, 4),
    "nadam_step": (0, 2, 3, 4, 5), "radam_step": (0, 2, 3, 4), "asgd_step": (0, 2),
    "rprop_step": (0, 2, 3),
}  # fmt: skip
# Kernels whose result tells Python something about the elements.
_REVEALING = {
    "reveal", "unique", "bincount", "histogram", "histogramdd", "multinomial",
}  # fmt: skip
# Kernels that return numbers which nobody reads but the next kernel.
_RETURNING_NUMBERS = {"count_steps"}


@dataclass(frozen=True, slots=True)
class Ref:
    """Part of a buffer, as an array.

    Attributes:
        buffer: number of the buffer.
        offset: bytes from its start.
        shape: lengths of the dimensions.
        strides: bytes between neighbours along each.
        dtype: type of the elements.
    """

    buffer: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """The bytes of the elements."""
        return int(np.prod(self.shape)) * self.dtype.itemsize


@dataclass(slots=True)
class Buffer:
    """Memory that a recording met.

    Attributes:
        kind: ``"input"``, ``"gradient"`` (of a result), ``"outside"`` (there before) or
            ``"made"`` (by a kernel).
        start: address.
        nbytes: length.
        array: an array that holds the memory.
        position: which input it is.
    """

    kind: str
    start: int
    nbytes: int
    array: Array
    position: int = -1


@dataclass(slots=True)
class Call:
    """One kernel call; arrays among the arguments are :class:`Ref`.

    ``phase`` is 1 in the backward pass of a function that returned a graph, else 0.
    ``whole`` is the call this one does a part of, if it does; ``band`` are the number
    of the run of bands it belongs to, and of its band in it.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[Ref, ...]
    phase: int = 0
    whole: Call | None = None
    band: tuple[int, int] | None = None

    def refs(self) -> Iterator[Ref]:
        """Yield the arrays among the arguments."""
        yield from refs_in((self.args, self.kwargs))

    def changed(self) -> Iterator[Ref]:
        """Yield the arrays among the arguments that the call changes."""
        for place in CHANGES.get(self.name, ()):
            if place < len(self.args):
                yield from refs_in(self.args[place])
        yield from refs_in(self.kwargs.get("out"))


def refs_in(value: Any) -> Iterator[Ref]:
    """Yield the arrays in nested lists, tuples and dictionaries."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, dict):
        yield from refs_in(list(value.values()))


def mapped(value: Any, change: Callable[[Ref], Any]) -> Any:
    """Return nested lists and tuples with each array replaced."""
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(mapped(item, change) for item in value)
    if type(value) is dict:
        return {key: mapped(item, change) for key, item in value.items()}
    return value


class Stop(Exception):
    """Say why a function can't become a program."""


def extent(array: Array) -> tuple[int, int]:
    """Return the first address of an array and the one behind its last."""
    start = array.__array_interface__["data"][0]
    last = sum(
        (n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)
    )
    return start, start + (last + array.itemsize if array.size else 0)


def owner_of(array: Array) -> Array:
    """Return the array whose memory this one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return plain(array)


@dataclass
class Trace:
    """What one run of a function did.

    Attributes:
        calls: the kernel calls, in order.
        buffers: the memory they worked on.
        reason: why it can't become a program, or None.
        phase: what calls belong to now.
    """

    calls: list[Call] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    reason: str | None = None
    phase: int = 0
    _starts: list[int] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _offered: dict[int, tuple[Array, int]] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)

    def stop(self, reason: str) -> None:
        """Note the first reason against a program."""
        if self.reason is None:
            self.reason = reason

    def add_input(self, array: Array, position: int, kind: str = "input") -> int:
        """Enter the array of an argument; return the number of its buffer."""
        start, end = extent(array)
        if array.size and self._find(start) is not None:
            self.stop("two arguments share memory")
        return self.enter(Buffer(kind, start, end - start, plain(array), position))

    def offer(self, array: Array, position: int) -> None:
        """Make the memory of an array an input, should a kernel come to use it."""
        self._offered[extent(array)[0]] = plain(array), position

    def enter(self, buffer: Buffer) -> int:
        """Enter memory; return the number of its buffer."""
        number = len(self.buffers)
        self.buffers.append(buffer)
        place = bisect.bisect(self._starts, buffer.start)
        self._starts.insert(place, buffer.start)
        self._numbers.insert(place, number)
        return number

    def _find(self, address: int) -> int | None:
        place = bisect.bisect(self._starts, address) - 1
        if place < 0:
            return None
        buffer = self.buffers[self._numbers[place]]
        inside = address < buffer.start + max(buffer.nbytes, 1)
        return self._numbers[place] if inside else None

    def ref(self, array: Array, kind: str = "outside") -> Ref:
        """Return an array as part of a buffer, entering new memory."""
        start, _ = extent(array)
        number = self._find(start) if array.size else None
        if number is None and array.size and start in self._offered:
            number = self.add_input(*self._offered[start])
        if number is None:
            owner = owner_of(array) if kind == "outside" else plain(array)
            first, end = extent(owner)
            if not first <= start < max(end, first + 1):
                owner, (first, end) = plain(array), extent(array)
            number = self.enter(Buffer(kind, first, end - first, owner))
        self._kept.append(array)
        offset = start - self.buffers[number].start
        return Ref(number, offset, array.shape, array.strides, array.dtype)

    def note(self, name: str, args: Any, kwargs: Any, result: Any) -> Any:
        """Enter a call that was made; return its result, observed."""
        if name in _REVEALING:
            self.stop(f"{name} reads elements back")
        if name == "take" and _has_mask(args[1]):
            self.stop("a mask decides how many elements are taken")
        specified = self._specify(args)
        named = {key: self._specify(value) for key, value in kwargs.items()}
        known = list(_arrays_in((args, kwargs)))
        arrays = _results(result, name, self)
        refs = tuple(
            self.ref(x, "made") for x in arrays if not any(x is y for y in known)
        )
        self.calls.append(Call(name, specified, named, refs, self.phase))
        return _observed(result)

    def without_memory(self) -> Trace:
        """Return the calls for comparison, without the arrays that came and went."""
        buffers = [
            b if b.kind == "outside" else replace(b, array=_NOTHING)
            for b in self.buffers
        ]
        return Trace(self.calls, buffers, self.reason)

    def _specify(self, value: Any) -> Any:
        if isinstance(value, Array):
            return self.ref(value)
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(self._specify(item) for item in value)
        self._kept.append(value)
        return value


def _has_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(x, Array) and x.dtype == bool for x in parts)


def _arrays_in(value: Any) -> Iterator[Array]:
    if isinstance(value, Array):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _arrays_in(item)
    elif isinstance(value, dict):
        yield from _arrays_in(list(value.values()))


def _results(result: Any, name: str, trace: Trace) -> list[Array]:
    """Return the arrays a kernel returned; numbers would tell Python too much."""
    parts = result if isinstance(result, (list, tuple)) else [result]
    arrays = [part for part in parts if isinstance(part, Array)]
    others = [part for part in parts if part is not None and part is not False]
    if len(others) != len(arrays) and name not in _RETURNING_NUMBERS:
        trace.stop(f"{name} returns numbers to Python")
    return arrays


def _observed(result: Any) -> Any:
    if isinstance(result, Array):
        return result.view(Observed)
    if isinstance(result, tuple):
        parts = [_observed(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return result


def _bare(value: Any) -> Any:
    """Return arguments as a kernel takes them: plain arrays, plain numbers."""
    if isinstance(value, Observed):
        return value.view(Array)
    if isinstance(value, Live):
        return float(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_bare(item) for item in value)
    return value


def _recorded(
    name: str, function: Callable[..., Any], trace: Trace
) -> Callable[..., Any]:
    thread = threading.get_ident()

    def kernel(*args: Any, **kwargs: Any) -> Any:
        bare = [_bare(value) for value in args]
        named = {key: _bare(value) for key, value in kwargs.items()}
        result = function(*bare, **named)
        if threading.get_ident() != thread:
            return result
        passed = [
            value if isinstance(value, Live) else plain_value
            for value, plain_value in zip(args, bare, strict=True)
        ]
        noted = trace.note(name, tuple(passed), named, result)
        return _same_out(kwargs.get("out"), result, named.get("out"), noted)

    return kernel


def _same_out(out: Any, result: Any, bare: Any, noted: Any) -> Any:
    """Return ``out`` itself if the kernel did."""
    return out if out is not None and result is bare else noted


def _kernel_names() -> list[str]:
    return [
        name
        for name in dir(reference)
        if not name.startswith("_")
        and callable(getattr(kernels, name, None))
        and not isinstance(getattr(kernels, name), type)
    ]


_lock = threading.RLock()
# NumPy's ways to turn anything into an array of its own class, which no subclass sees.
_CONVERSIONS = ("array", "asarray", "ascontiguousarray", "asfortranarray", "copy")


def _noticed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def convert(value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Observed):
            return function(value, *args, **kwargs)
        result = function(plain(value), *args, **kwargs)
        if np.may_share_memory(result, value):
            return result.view(Observed)
        if observer.tell is not None:
            observer.tell(f"numpy.{name}")
        return result

    return convert


@contextmanager
def _conversions_noticed() -> Iterator[None]:
    before = {name: getattr(np, name) for name in _CONVERSIONS}
    try:
        for name, function in before.items():
            setattr(np, name, _noticed(name, function))
        yield
    finally:
        for name, function in before.items():
            setattr(np, name, function)


@contextmanager
def recording(trace: Trace) -> Iterator[None]:
    """Note in ``trace`` every kernel that this thread calls within the block."""
    with _lock:
        names = _kernel_names()
        before = {name: getattr(kernels, name) for name in names}
        tell = observer.tell
        replayed = passes is not None and passes.active
        observer.tell = lambda what: trace.stop(f"{what} reads or changes elements")
        try:
            if replayed:
                passes.active = False
            for name, function in before.items():
                setattr(kernels, name, _recorded(name, function, trace))
            with _conversions_noticed():
                yield
        finally:
            for name, function in before.items():
                setattr(kernels, name, function)
            observer.tell = tell
            if replayed:
                passes.active = True
