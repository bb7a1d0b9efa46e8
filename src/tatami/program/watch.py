"""Watching the Python code of a function: what it looks at, and what it changes.

A program replays kernels only. So everything else that decides what the function does,
or that it does to the world, has to be known: numbers in globals and attributes become
guards, and whatever a replay could not repeat (a print, a clock, an entry into a list)
keeps the function from becoming a program.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any

import numpy as np

from ..later import imported
from ..optim import Optimizer
from .live import Live

__all__ = ["Watch"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LOUD = {"print", "input", "open", "exec", "eval", "breakpoint", "__import__"}
_FOREIGN = {
    "time", "_random", "posix", "nt", "_io", "io", "select", "_socket", "_thread",
    "_queue", "_pickle", "gc", "signal", "_asyncio", "_subprocess", "_posixsubprocess",
}  # fmt: skip
_CONTAINERS = (list, dict, set, bytearray)
_CHANGING = {
    "append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "add",
    "discard", "sort", "reverse", "setdefault", "appendleft", "popleft", "write",
    "extendleft", "rotate", "__setitem__", "__delitem__",
}  # fmt: skip


class Watch:
    """Follow the frames of a function while it runs.

    Attributes:
        frames: the code that ran, outside of this package, and its globals.
        changed: containers of Python that were changed through their methods.
        optimizers: optimizers that made a step.
        lives: their options, as numbers that tell whether they were used.
        options: the options of all optimizers that are known, before the run.
    """

    def __init__(self, stop: Callable[[str], None]) -> None:
        self.stop = stop
        self.frames: dict[CodeType, dict[str, Any]] = {}
        self.changed: dict[int, Any] = {}
        self.optimizers: list[Optimizer] = []
        self.lives: list[Live] = []
        self.options: list[tuple[dict[str, Any], str, Any]] = []
        self._own: dict[CodeType, bool] = {}
        # A part of this package is loaded once: that is nothing the function does.
        self._importing: FrameType | None = None
        self._steps: list[tuple[FrameType, list[tuple[dict[str, Any], str, Any]]]] = []

    def names(self) -> set[str]:
        """Return the names that the code uses for globals and attributes."""
        found: set[str] = set()
        for code in self.frames:
            found.update(code.co_names)
        return found

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow this thread within the block."""
        before, drawn = sys.getprofile(), _random_states()
        # A collection would call what has nothing to do with the function.
        collecting = gc.isenabled()
        gc.disable()
        sys.setprofile(self._event)
        try:
            yield
        finally:
            sys.setprofile(before)
            if collecting:
                gc.enable()
            while self._steps:
                self._leave_step()
            if _random_states() != drawn:
                self.stop("it draws from Python's or NumPy's random numbers")

    def _event(self, frame: FrameType, event: str, arg: Any) -> None:
        if self._importing is not None:
            if event == "return" and frame is self._importing:
                self._importing = None
        elif event == "call" and frame.f_code is imported.__code__:
            self._importing = frame
        elif event == "call":
            self._enter(frame)
        elif event == "c_call":
            self._builtin(frame, arg)
        elif event == "return" and self._steps and self._steps[-1][0] is frame:
            self._leave_step()

    def _is_own(self, code: CodeType) -> bool:
        known = self._own.get(code)
        if known is None:
            known = self._own[code] = code.co_filename.startswith(_PACKAGE)
        return known

    def _enter(self, frame: FrameType) -> None:
        code = frame.f_code
        if not self._is_own(code):
            self.frames[code] = frame.f_globals
        if code.co_name == "step" and "self" in code.co_varnames[:1]:
            optimizer = frame.f_locals.get("self")
            if isinstance(optimizer, Optimizer):
                self._enter_step(frame, optimizer)

    def _enter_step(self, frame: FrameType, optimizer: Optimizer) -> None:
        """Put live numbers in the place of the options until the step is done."""
        if optimizer not in self.optimizers:
            self.optimizers.append(optimizer)
            self.options += options_of(optimizer)
        changes = []
        for group in optimizer.param_groups:
            for name, value in group.items():
                live = self._alive(value, group, (name,))
                if live is not value:
                    changes.append((group, name, value))
                    group[name] = live
        self._steps.append((frame, changes))

    def _alive(self, value: Any, group: dict[str, Any], path: tuple[Any, ...]) -> Any:
        if type(value) in (int, float):
            self.lives.append(Live.of(value, group, path))
            return self.lives[-1]
        if type(value) is tuple and value and all(type(x) is float for x in value):
            return tuple(self._alive(x, group, (*path, i)) for i, x in enumerate(value))
        return value

    def _leave_step(self) -> None:
        for group, name, value in self._steps.pop()[1]:
            if _is_live(group[name]):
                group[name] = value

    def _builtin(self, frame: FrameType, function: Any) -> None:
        if self._is_own(frame.f_code) or not isinstance(function, BuiltinFunctionType):
            return
        name, owner = function.__name__, function.__self__
        if isinstance(owner, _CONTAINERS) or hasattr(owner, "popleft"):
            if name in _CHANGING:
                self.changed[id(owner)] = owner
            return
        module = function.__module__ or type(owner).__module__
        if module == "builtins" and name in _LOUD:
            self.stop(f"it calls {name}()")
        elif (
            module in _FOREIGN
            or isinstance(owner, random.Random)
            or type(owner).__module__.startswith("numpy.random")
        ):
            self.stop(f"it calls {name}() of {module}")


def options_of(optimizer: Optimizer) -> list[tuple[dict[str, Any], str, Any]]:
    """Return the options of an optimizer with their groups and names."""
    return [
        (group, name, value)
        for group in optimizer.param_groups
        for name, value in group.items()
        if name != "params"
    ]


def _is_live(value: Any) -> bool:
    first = value[0] if isinstance(value, tuple) and value else value
    return isinstance(first, Live)


def _random_states() -> Any:
    """Return a token that changes when Python or NumPy draw random numbers."""
    if "numpy.random" not in sys.modules:
        return random.getstate()
    state = np.random.get_state(legacy=True)
    return random.getstate(), state[1].tobytes(), state[2]  # type: ignore[index]
