"""Time one training step of the tutorial's network, eager, against PyTorch.

Both sides run in this process, block after block in turn; a ratio compares blocks that
follow each other, and the median of the ratios is printed.

    python benchmarks/eager_step.py [--rounds 15] [--threads 1] [--batches 1 16 64]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

import tatami

# Multiplications and additions of one sample, forward and backward (no gradient of
# the image), counted from the shapes.
FORWARD = 2 * (6 * 9 * 30 * 30 + 16 * 54 * 13 * 13 + 576 * 120 + 120 * 84 + 84 * 10)
FLOPS = 3 * FORWARD - 2 * 6 * 9 * 30 * 30


def make_net(package: Any) -> Any:
    """Return the tutorial's network, made of the package's modules."""
    nn = package.nn
    functional = nn.functional

    class Net(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3)
            self.conv2 = nn.Conv2d(6, 16, 3)
            self.fc1 = nn.Linear(16 * 6 * 6, 120)
            self.fc2 = nn.Linear(120, 84)
            self.fc3 = nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
            x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
            x = x.view(-1, 16 * 6 * 6)
            x = functional.relu(self.fc1(x))
            x = functional.relu(self.fc2(x))
            return self.fc3(x)

    package.manual_seed(0)
    return Net()


def make_step(package: Any, batch: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a training step and a forward without gradients."""
    net = make_net(package)
    optimizer = package.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    criterion = package.nn.MSELoss()
    x, target = package.randn(batch, 1, 32, 32), package.randn(batch, 10)

    def train() -> Any:
        optimizer.zero_grad()
        loss = criterion(net(x), target)
        loss.backward()
        optimizer.step()
        return loss

    def infer() -> Any:
        with package.no_grad():
            return net(x)

    return train, infer


def block(function: Callable[[], Any], seconds: float) -> float:
    """Return the median time of a call, over calls that fill ``seconds``."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(name: str, batch: int, rounds: int, index: int, flops: int) -> None:
    """Print the times of both sides and the ratio."""
    ours, theirs = (make_step(package, batch)[index] for package in (tatami, torch))
    for function in (ours, theirs):
        block(function, 0.2)
    pairs = [(block(theirs, 0.15), block(ours, 0.15)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    them, us = (min(column) * 1e6 for column in zip(*pairs, strict=True))
    print(
        f"{name:5} batch {batch:4}: PyTorch {them:9.1f} us, tatami {us:9.1f} us, "
        f"ratio {statistics.median(ratios):5.2f} "
        f"({flops * batch / us / 1e3:5.1f} GFLOP/s)"
    )


def main() -> None:
    """Read the arguments and print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tatami.set_num_threads(arguments.threads)
    print(f"kernels: {tatami.kernels.in_use}, threads: {arguments.threads}")
    for batch in arguments.batches:
        compare("train", batch, arguments.rounds, 0, FLOPS)
        compare("infer", batch, arguments.rounds, 1, FORWARD)


if __name__ == "__main__":
    main()
