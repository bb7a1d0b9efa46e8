"""What is measured: networks with their data, losses and optimizers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from networks import make_network

import tatami
from tatami.cli.measure.flops import Flops, count_flops

__all__ = ["WORKLOADS", "Case", "Workload", "cases", "make_data", "quick_cases"]

CLASSES = 10


@dataclass(frozen=True)
class Workload:
    """Say how a network is trained.

    Attributes:
        title: what to call it.
        shape: an input's, without the batch.
        batches: batch sizes it is measured with.
        optimizer: ``'sgd'`` or ``'adam'``.
        rate: learning rate.
        loss: ``'mse'``, ``'nll'`` or ``'cross_entropy'``.
        random: whether a training step draws random numbers.
    """

    title: str
    shape: tuple[int, ...]
    batches: tuple[int, ...]
    optimizer: str
    rate: float
    loss: str
    random: bool = False


WORKLOADS = {
    "tutorial": Workload(
        "tutorial's CNN", (1, 32, 32), (1, 16, 64, 256, 1024), "sgd", 0.01, "mse"
    ),
    "mnist": Workload(
        "PyTorch's MNIST example", (1, 28, 28), (64,), "adam", 0.001, "nll", True
    ),
    "resnet": Workload(
        "ResNet-8, 3x32x32", (3, 32, 32), (32,), "adam", 0.001, "cross_entropy"
    ),
    "mlp": Workload(
        "MLP 784-512-512-10", (784,), (64,), "adam", 0.001, "cross_entropy"
    ),
}


@dataclass(frozen=True)
class Case:
    """Say one thing to measure.

    Attributes:
        network: key of :data:`WORKLOADS`.
        batch: inputs in a batch.
        training: a whole training step, or else the forward alone.
    """

    network: str
    batch: int
    training: bool

    def spec(self, threads: int) -> dict[str, Any]:
        """Return what a worker is told."""
        return {"kind": "network", **vars(self), "threads": threads}

    def flops(self) -> int:
        """Return the multiplications and additions of a call."""
        shape = (self.batch, *WORKLOADS[self.network].shape)
        counted: Flops = count_flops(make_network(tatami, self.network), *shape)
        return counted.training if self.training else counted.forward

    def title(self) -> str:
        """Return what to call it."""
        mode = "training" if self.training else "inference"
        return f"{WORKLOADS[self.network].title}, {mode}, batch {self.batch}"


def cases() -> list[Case]:
    """Return everything there is to measure."""
    return [
        Case(name, batch, training)
        for name, workload in WORKLOADS.items()
        for training in (True, False)
        for batch in workload.batches
    ]


def quick_cases() -> list[Case]:
    """Return the few that tell most."""
    tutorial = [Case("tutorial", n, train) for train in (True, False) for n in (1, 64)]
    others = [
        Case(name, workload.batches[0], True)
        for name, workload in WORKLOADS.items()
        if name != "tutorial"
    ]
    return tutorial + others


def make_data(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the same inputs and targets to every side.

    Args:
        case: a worker's spec.
    """
    workload, batch = WORKLOADS[case["network"]], case["batch"]
    stream = np.random.default_rng(0)
    inputs = stream.standard_normal((batch, *workload.shape), np.float32)
    if workload.loss == "mse":
        return inputs, stream.standard_normal((batch, CLASSES), np.float32)
    return inputs, stream.integers(0, CLASSES, batch)
