"""The networks that are measured, written once for tatami and for PyTorch."""

from __future__ import annotations

from typing import Any

from tatami.cli.measure.steps import tutorial_network

__all__ = ["make_network"]


def make_network(package: Any, name: str) -> Any:
    """Make a network by its name, with the weights of seed 0.

    Args:
        package: tatami or torch.
        name: ``'tutorial'``, ``'mnist'``, ``'resnet'`` or ``'mlp'``.
    """
    package.manual_seed(0)
    return _MAKERS[name](package)


def mnist_network(package: Any) -> Any:
    """Make the network of PyTorch's MNIST example, for 1x28x28 images."""
    nn, functional = package.nn, package.nn.functional

    class Net(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 32, 3)
            self.conv2 = nn.Conv2d(32, 64, 3)
            self.dropout1 = nn.Dropout(0.25)
            self.dropout2 = nn.Dropout(0.5)
            self.fc1 = nn.Linear(9216, 128)
            self.fc2 = nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            x = functional.relu(self.conv1(x))
            x = functional.relu(self.conv2(x))
            x = self.dropout1(functional.max_pool2d(x, 2))
            x = functional.relu(self.fc1(package.flatten(x, 1)))
            return functional.log_softmax(self.fc2(self.dropout2(x)), dim=1)

    return Net()


def small_resnet(package: Any) -> Any:
    """Make ResNet-8, for 3x32x32 images: blocks of width 16, 32 and 64.

    Source: He et al. 2016, "Deep residual learning", section 4.2, with 1x1
    convolutions where the width changes.
    """
    nn, functional = package.nn, package.nn.functional

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(width)
            self.shortcut = nn.Identity()
            if stride != 1:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(before, width, 1, stride, bias=False),
                    nn.BatchNorm2d(width),
                )

        def forward(self, x: Any) -> Any:
            y = functional.relu(self.norm1(self.conv1(x)))
            return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def mlp(package: Any) -> Any:
    """Make 784-512-512-10 with rectifiers."""
    nn = package.nn
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, 10),
    )  # fmt: skip


_MAKERS = {
    "tutorial": tutorial_network,
    "mnist": mnist_network,
    "resnet": small_resnet,
    "mlp": mlp,
}
