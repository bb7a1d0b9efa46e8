"""A training step and an inference, written once for tatami and for PyTorch.

``package`` is whichever of the two was imported; nothing here knows which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["inference", "training_step", "tutorial_network"]

Call = Callable[[], Any]


def tutorial_network(package: Any) -> Any:
    """Make the network of the PyTorch tutorial, for 1x32x32 images.

    Args:
        package: tatami or torch.

    Example:
        >>> import tatami
        >>> sum(p.numel() for p in tutorial_network(tatami).parameters())
        81194
    """
    nn = package.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 6 * 6, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def training_step(
    package: Any, network: Any, optimizer: Any, loss_function: Any, data: Any,
    compiled: bool,
) -> Call:  # fmt: skip
    """Return a function that trains one step and returns the loss.

    Args:
        package: tatami or torch.
        network: the network, in training mode.
        optimizer: the optimizer of its parameters.
        loss_function: loss of an output and a target.
        data: pair of inputs and target.
        compiled: compile the whole step.
    """

    def step(inputs: Any, target: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_function(network(inputs), target)
        loss.backward()
        optimizer.step()
        return loss

    chosen = package.compile(step) if compiled else step
    return lambda: chosen(*data)


def inference(package: Any, network: Any, data: Any, compiled: bool) -> Call:
    """Return a function that gives the network's output, without gradients.

    Args:
        package: tatami or torch.
        network: the network; it is put in evaluation mode.
        data: pair of inputs and target, of which the target is not needed.
        compiled: compile the network.
    """
    network.eval()
    chosen = package.compile(network) if compiled else network

    def infer() -> Any:
        with package.no_grad():
            return chosen(data[0])

    return infer
