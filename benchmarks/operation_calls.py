"""Eager operations on single elements, where nothing is left but their overhead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["OPERATIONS", "make", "per_operation"]

_TOGETHER = 100  # operations in a call: enough for the clock, too few for an interrupt
_CHAIN = 10
# What is timed, and how many operations one round of it is.
OPERATIONS = {
    "x + y": 1,
    "x * y": 1,
    "relu(x)": 1,
    "linear(x, w, b)": 1,
    "x.view(1)": 1,
    "x.sum()": 1,
    "10 x mul, no gradients": _CHAIN,
    "10 x mul, then backward": 2 * _CHAIN,
}


def make(package: Any, name: str) -> Callable[[], Any]:
    """Return a function that runs a hundred operations.

    Args:
        package: tatami or torch.
        name: key of :data:`OPERATIONS`.
    """
    operation, times = _operation(package, name), _TOGETHER // OPERATIONS[name]

    def call() -> None:
        for _ in range(times):
            operation()

    return call


def per_operation(name: str, seconds: float) -> float:
    """Return microseconds an operation, of what :func:`make` returned."""
    return seconds / (_TOGETHER // OPERATIONS[name]) / OPERATIONS[name] * 1e6


def _operation(package: Any, name: str) -> Callable[[], Any]:
    functional = package.nn.functional
    x = package.ones(1, 1, requires_grad=True)
    y = package.ones(1, 1)
    b = package.ones(1, requires_grad=True)
    w = package.ones(1, 1, requires_grad=True)

    def chain() -> Any:
        z = x
        for _ in range(_CHAIN):
            z = z * y
        return z

    def chain_and_backward() -> None:
        chain().backward()
        x.grad = None

    def chain_alone() -> None:
        with package.no_grad():
            chain()

    return {
        "x + y": lambda: x + y,
        "x * y": lambda: x * y,
        "relu(x)": lambda: functional.relu(x),
        "linear(x, w, b)": lambda: functional.linear(x, w, b),
        "x.view(1)": lambda: x.view(1),
        "x.sum()": lambda: x.sum(),
        "10 x mul, no gradients": chain_alone,
        "10 x mul, then backward": chain_and_backward,
    }[name]
