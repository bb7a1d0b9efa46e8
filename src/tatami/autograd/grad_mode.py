"""Whether operations are recorded: one switch for each thread."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from .. import kernels
from ..kernels import native

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

Function = TypeVar("Function", bound=Callable[..., Any])


class _State(threading.local):
    enabled = True
    inference = False
    check_nan = False


# The extension has the same three flags, where its recording reads them.
state: Any = native.Modes() if kernels.in_use == "native" else _State()


class _Mode:
    """Set the switch for a ``with`` block or for each call of a function."""

    def __init__(self) -> None:
        self._previous: list[tuple[bool, bool]] = []

    def _wanted(self) -> tuple[bool, bool]:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._previous.append((state.enabled, state.inference))
        state.enabled, state.inference = self._wanted()

    def __exit__(self, *unused: object) -> None:
        state.enabled, state.inference = self._previous.pop()

    def clone(self) -> _Mode:
        """Return a fresh mode with the same setting."""
        return type(self)()

    def __call__(self, function: Function) -> Function:
        if inspect.isclass(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions, not the class "
                f"{function.__name__}; decorate its methods instead"
            )
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    def _decorate_generator(self, function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            value = None
            while True:
                with self.clone():
                    try:
                        result = generator.send(value)
                    except StopIteration as stop:
                        return stop.value
                value = yield result

        return wrapper


class no_grad(_Mode):
    """Stop recording operations, as a context or a decorator.

    Example:
        >>> import tatami
        >>> x = tatami.ones(2, requires_grad=True)
        >>> with tatami.no_grad():
        ...     (x * 2).requires_grad
        False
    """

    def __new__(cls, function: Any = None) -> Any:
        mode = object.__new__(cls)
        if function is None:
            return mode
        mode.__init__()  # type: ignore[misc]
        return mode(function)

    def _wanted(self) -> tuple[bool, bool]:
        return False, state.inference


class enable_grad(no_grad):
    """Record operations again inside a ``no_grad`` block.

    Example:
        >>> import tatami
        >>> with tatami.no_grad(), tatami.enable_grad():
        ...     tatami.is_grad_enabled()
        True
    """

    def _wanted(self) -> tuple[bool, bool]:
        return True, state.inference


class set_grad_enabled(_Mode):
    """Switch recording on or off, at once and as a context.

    Args:
        mode: True to record.

    Example:
        >>> import tatami
        >>> with tatami.set_grad_enabled(False):
        ...     tatami.is_grad_enabled()
        False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = bool(mode)
        self._outer = (state.enabled, state.inference)
        state.enabled = self.mode

    def __enter__(self) -> None:
        self._previous.append(self._outer)
        state.enabled = self.mode

    def __call__(self, function: Function) -> Function:
        state.enabled, state.inference = self._outer
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        """Return a fresh mode with the same setting."""
        return type(self)(self.mode)


class inference_mode(_Mode):
    """Stop recording, and mark what is made as never to be recorded.

    Args:
        mode: False to leave inference mode inside it.

    Example:
        >>> import tatami
        >>> with tatami.inference_mode():
        ...     tatami.ones(1).is_inference()
        True
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]
        return made(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode

    def _wanted(self) -> tuple[bool, bool]:
        return not self.mode, self.mode

    def clone(self) -> inference_mode:
        """Return a fresh mode with the same setting."""
        return type(self)(self.mode)


def is_grad_enabled() -> bool:
    """Tell whether operations are being recorded in this thread.

    Example:
        >>> import tatami
        >>> tatami.is_grad_enabled()
        True
    """
    return state.enabled


def is_inference_mode_enabled() -> bool:
    """Tell whether this thread is in inference mode.

    Example:
        >>> import tatami
        >>> tatami.is_inference_mode_enabled()
        False
    """
    return state.inference
