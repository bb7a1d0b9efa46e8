"""Steps of optimizers over the tutorial's CNN, whose gradients stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from networks import make_network

__all__ = ["OPTIMIZERS", "make"]

# Beyond PyTorch's defaults: what changes the work of a step.
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 1e-3, "momentum": 0.9},
    "Adam": {},
    "RMSprop": {},
    "Adagrad": {},
    "Adadelta": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
}


def make(package: Any, name: str) -> Callable[[], Any]:
    """Return a function that does a step and returns a parameter.

    Args:
        package: tatami or torch.
        name: key of :data:`OPTIMIZERS`.
    """
    params = list(make_network(package, "tutorial").parameters())
    optimizer = getattr(package.optim, name)(params, **OPTIMIZERS[name])
    for param in params:
        param.grad = param.detach() + 0.5

    def call() -> Any:
        optimizer.step()
        return params[-2].detach()

    return call
