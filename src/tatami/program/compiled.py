"""Compiled functions: record the first calls, then replay."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd import grad_mode
from ..tensor import Tensor
from .captured import Captured
from .graph import CapturedGraph
from .lasting import guard_gradients, guard_options, unwatched_changes
from .record import Recording, difference, record, unwatched

__all__ = ["Compiled"]

# Recordings of one kind of call before it is left to run eagerly.
_TRIES = 6
# Programs of one kind of call, and kinds of calls, before it is.
_PROGRAMS = 8
_KINDS = 64


class _Kind:
    """What is known of calls with arguments of one kind."""

    def __init__(self) -> None:
        self.programs: list[Captured] = []
        self.recordings: list[Recording] = []
        self.tries = 0
        self.eager = False

    def to_compare(self) -> Recording | None:
        """Return the recording that the next run should be like, the last one if any.

        Gradients that add up and are cleared come and go in turns: where the last run
        found others than are there now, an earlier one may have found the same.
        """
        alike = [recording for recording in self.recordings if recording.is_like_now()]
        return next(iter(alike or self.recordings), None)

    def keep(self, recording: Recording) -> None:
        """Keep a recording in the place of those that found the same gradients."""
        found = recording.had_gradients()
        others = [x for x in self.recordings if x.had_gradients() != found]
        self.recordings = [recording, *others[:1]]

    def forget(self, *recordings: Recording) -> None:
        """Let go of recordings that a program was made of."""
        self.recordings = [
            x for x in self.recordings if not any(x is y for y in recordings)
        ]


class Compiled:
    """Call a function, and replay its kernels once they are known.

    Args:
        function: what to call.
        fullgraph: whether running eagerly is an error.
        name: how to call the function in messages.
    """

    def __init__(
        self, function: Callable[..., Any], fullgraph: bool, name: str
    ) -> None:
        self.function = function
        self.fullgraph = fullgraph
        self.name = name
        self.kinds: dict[Any, _Kind] = {}
        self.reason: str | None = None
        self._recording = False
        self._lock = threading.Lock()
        self._fast: Captured | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, or its program."""
        # A program has its memory to itself: whoever comes meanwhile runs eagerly.
        if not self._lock.acquire(blocking=False):
            return self.function(*args, **kwargs)
        try:
            return self._serve(args, kwargs)
        finally:
            self._lock.release()

    def _serve(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        fast = self._fast
        if fast is not None and not kwargs:
            handed = fast.fast.run(args)
            if handed is not None:
                return fast.finish(args, handed)
        if self._recording:
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        kind = self._kind(_key(args, kwargs, tensors))
        if kind is None:
            return self.function(*args, **kwargs)
        for program in kind.programs:
            if program.guards.hold_up():
                arguments = program.arguments(tensors)
                if arguments is not None and program.takes(arguments):
                    if program.fast is not None:
                        self._fast = program
                    return program(arguments)
        if kind.eager:
            return self.function(*args, **kwargs)
        return self._record(kind, args, kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> None:
        """Print the program for such arguments, kernel by kernel.

        The function is called with them until its program is known: a training step
        makes its steps. The times are taken on copies.

        Raises:
            RuntimeError: the function can't become a program; the message says why.
        """
        from .explain import describe

        for _ in range(_TRIES + 1):
            self(*args, **kwargs)
            key = _key(args, kwargs, [])
            for program in self.kinds[key].programs:
                if program.guards.hold_up():
                    print(describe(program))
                    return
        raise RuntimeError(f"{self.name} can't become a program: {self.reason}")

    def _kind(self, key: Any) -> _Kind | None:
        kind = self.kinds.get(key)
        if kind is None:
            if len(self.kinds) >= _KINDS:
                self._give_up(f"it is called with over {_KINDS} kinds of arguments")
                return None
            kind = self.kinds[key] = _Kind()
        return kind

    def _record(self, kind: _Kind, args: Any, kwargs: Any) -> Any:
        self._recording = True
        try:
            last = kind.to_compare()
            recording = record(self.function, args, kwargs, last)
        finally:
            self._recording = False
        result = recording.result
        reason = self._learn(kind, last, recording, args, kwargs)
        kind.tries += 1
        if reason is not None and kind.tries >= _TRIES:
            kind.eager = True
            self._give_up(reason)
        return result

    def _learn(
        self, kind: _Kind, last: Recording | None, recording: Recording, args: Any,
        kwargs: Any,
    ) -> str | None:  # fmt: skip
        """Make a program if this recording is like the last one, else say why not."""
        kind.keep(recording)
        reason = recording.reason
        if reason is None and last is not None:
            reason = last.reason or difference(last, recording)
            reason = reason or _unreliable(last, recording)
            if reason is None:
                kind_of = Captured if recording.backward is None else CapturedGraph
                captured = kind_of(recording, args, kwargs)
                reason = recording.reason
                if reason is None:
                    kind.programs = [captured, *kind.programs[: _PROGRAMS - 1]]
                    kind.forget(last, recording)
                    kind.tries = 0
        if recording.reason is not None and last and recording.reason == last.reason:
            kind.tries = max(kind.tries, _TRIES - 1)
        return reason or "it has not run often enough"

    def _give_up(self, reason: str) -> None:
        if self.fullgraph:
            raise RuntimeError(
                f"tatami.compile(..., fullgraph=True): {self.name} can't become a "
                f"program: {reason}"
            )
        if self.reason is None:
            self.reason = reason
            warnings.warn(
                f"tatami.compile: {self.name} runs eagerly, because {reason}",
                RuntimeWarning,
                stacklevel=5,
            )


def _unreliable(last: Recording, recording: Recording) -> str | None:
    """Guard what two like recordings relied on; return why that can't be done."""
    guard_gradients(last, recording)
    guard_options(recording)
    watched = [tensor._array for tensor in recording.guards.tensors.values()]
    return unwatched(last, recording, watched) or unwatched_changes(recording)


def _key(args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
    """Return what makes two calls calls of one kind; gather their tensors."""
    parts: list[Any] = [
        grad_mode.state.enabled, grad_mode.state.inference, grad_mode.state.check_nan,
        dtypes.get_default_dtype().name,
    ]  # fmt: skip
    for value in args if not kwargs else (*args, kwargs):
        _describe(value, parts, tensors)
    return tuple(parts)


def _describe(value: Any, parts: list[Any], tensors: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        array = value._array
        tensors.append(value)
        parts += (
            type(value), array.shape, array.strides, array.dtype, value.requires_grad,
            value._node is not None,
        )  # fmt: skip
    elif isinstance(value, (list, tuple)):
        parts += (type(value), len(value))
        for item in value:
            _describe(item, parts, tensors)
    elif isinstance(value, dict):
        for name, item in value.items():
            parts.append(name)
            _describe(item, parts, tensors)
    elif isinstance(value, (int, str, bytes, type(None))):
        parts += (type(value), value)
    elif isinstance(value, (float, complex, np.generic)):
        # The texts tell 0.0 and -0.0 apart.
        parts += (type(value), repr(value))
    else:
        parts.append(_Itself(value))


class _Itself:
    """Stand for an object in a key, and keep it: addresses are used again."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value


def as_function(model: Callable[..., Any], fullgraph: bool) -> Callable[..., Any]:
    """Return a function that calls ``model`` or replays it."""
    name = getattr(model, "__qualname__", type(model).__name__)
    compiled = Compiled(model, fullgraph, name)

    @functools.wraps(model, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        return compiled(*args, **kwargs)

    call.compiled = compiled  # type: ignore[attr-defined]
    call.explain = compiled.explain  # type: ignore[attr-defined]
    return call
