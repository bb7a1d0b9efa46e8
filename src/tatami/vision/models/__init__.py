"""Networks for images, by class and by name."""

from __future__ import annotations

from typing import Any

from ...nn import Module
from .lenet import LeNet5, TutorialNet

__all__ = ["LeNet5", "TutorialNet", "get_model", "list_models"]

_MODELS: dict[str, type[Module]] = {"tutorial": TutorialNet, "lenet5": LeNet5}


def list_models() -> list[str]:
    """Return the names of all networks.

    Example:
        >>> list_models()
        ['lenet5', 'tutorial']
    """
    return sorted(_MODELS)


def get_model(name: str, **config: Any) -> Module:
    """Make a network by its name.

    Args:
        name: one of :func:`list_models`.
        config: arguments of the network's class, such as ``num_classes``.

    Raises:
        ValueError: there is no network of that name.

    Example:
        >>> get_model("tutorial", num_classes=3).fc3
        Linear(in_features=84, out_features=3, bias=True)
    """
    key = name.lower()
    if key not in _MODELS:
        raise ValueError(f"Unknown model {name}: expected {' or '.join(list_models())}")
    return _MODELS[key](**config)
