"""A training run follows PyTorch's loss, step by step, from the same seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tatami
from tatami.vision import datasets

ROOT = Path(__file__).parent.parent
MNIST = ROOT.parent / "shared" / "data" / "mnist"
RECORDED = ROOT / "tests" / "reference" / "training.json"


def make_net(package: Any) -> Any:
    """Return the tutorial's network with dropout."""
    nn = package.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(16 * 6 * 6, 120), nn.ReLU(), nn.Dropout(0.25),
        nn.Linear(120, 84), nn.ReLU(), nn.Dropout(0.5), nn.Linear(84, 10),
    )  # fmt: skip


def losses(package: Any, images: Any, labels: Any, steps: int) -> list[float]:
    """Train for some steps on shuffled batches and return the losses."""
    package.manual_seed(0)
    net = make_net(package)
    data = package.utils.data
    pairs = data.TensorDataset(package.from_numpy(images), package.from_numpy(labels))
    optimizer = package.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    criterion = package.nn.CrossEntropyLoss()
    found: list[float] = []
    while True:
        for x, y in data.DataLoader(pairs, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if len(found) == steps:
                return found


def digits() -> tuple[Any, Any]:
    """Return the bundled digits as arrays."""
    import numpy as np

    data = datasets.Digits(train=True)
    images = np.stack([np.asarray(image, np.float32) for image, _ in data])
    labels = np.array([label for _, label in data], np.int64)
    return images[:, None] / 255, labels


def test_recorded_losses() -> None:
    pytest.importorskip("PIL")
    expected = json.loads(RECORDED.read_text())
    assert losses(tatami, *digits(), len(expected)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the real MNIST is not here")
def test_like_pytorch_on_mnist() -> None:
    torch = pytest.importorskip("torch")
    import numpy as np

    from tatami.vision.datasets.idx import read_idx

    images = read_idx(MNIST / "train-images-idx3-ubyte.gz")[:20_000]
    labels = read_idx(MNIST / "train-labels-idx1-ubyte.gz")[:20_000].astype(np.int64)
    images = np.pad(images.astype(np.float32) / 255, [(0, 0), (2, 2), (2, 2)])[:, None]
    ours = losses(tatami, images, labels, 200)
    theirs = losses(torch, images, labels, 200)
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-3


if __name__ == "__main__":
    import torch

    RECORDED.write_text(json.dumps(losses(torch, *digits(), 60)) + "\n")
