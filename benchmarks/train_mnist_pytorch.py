"""Train the tutorial's network on MNIST with PyTorch, as ``tatami train`` does.

    python benchmarks/train_mnist_pytorch.py FOLDER [--until 98] [--batches loader]

Network, loss, optimizer, batch size and schedule are those of ``tatami train``; it ends
with the first epoch whose test accuracy is high enough.
"""

import argparse
import gzip
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, BATCH, RATE, SEED = 3, 64, 0.004, 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(16 * 6 * 6, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def read(path):
    """Return the array in an IDX file."""
    with gzip.open(path, "rb") as file:
        content = file.read()
    dimensions = content[3]
    shape = np.frombuffer(content, ">i4", dimensions, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load(folder, part):
    """Return images of 32x32 with a black border, as bytes, and their labels."""
    images = read(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read(folder / f"{part}-labels-idx1-ubyte.gz")
    images = F.pad(torch.from_numpy(images.copy()), (2, 2, 2, 2)).unsqueeze(1)
    return images, torch.from_numpy(labels.astype(np.int64))


def one_cycle(step, steps):
    """Rise for a fifth of the steps, then fall to 0, along half cosines."""
    rising = 0.2 * steps
    if step < rising:
        return 1 - (1 - 1 / 25) * (1 + math.cos(math.pi * step / rising)) / 2
    return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2


def training_batches(images, labels, kind):
    """Yield an epoch's batches: from a DataLoader, or rows of the tensors."""
    if kind == "loader":
        yield from DataLoader(TensorDataset(images, labels), BATCH, shuffle=True)
        return
    for rows in torch.randperm(len(images)).split(BATCH):
        yield images[rows], labels[rows]


def evaluate(net, images, labels):
    """Return the accuracy in percent."""
    net.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(256), labels.split(256), strict=True):
            right += (net(x).argmax(1) == y).sum().item()
    return 100 * right / len(images)


def main():
    """Train until the accuracy is reached, or three epochs are done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--until", type=float, default=98.0)
    parser.add_argument("--batches", choices=("loader", "tensors"), default="loader")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    images, labels = load(arguments.folder, "train")
    numbers = images.float() / 255
    mean, deviation = numbers.mean(), numbers.std()
    numbers = (numbers - mean) / deviation
    test_images, test_labels = load(arguments.folder, "t10k")
    test_numbers = (test_images.float() / 255 - mean) / deviation

    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(images) / BATCH)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: one_cycle(step, steps)
    )
    for epoch in range(1, EPOCHS + 1):
        net.train()
        total = right = 0
        for x, y in training_batches(numbers, labels, arguments.batches):
            optimizer.zero_grad()
            scores = net(x)
            loss = F.cross_entropy(scores, y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item() * len(y)
            right += (scores.argmax(1) == y).sum().item()
        accuracy = evaluate(net, test_numbers, test_labels)
        print(
            f"epoch {epoch}/{EPOCHS}   loss {total / len(images):.4f}   accuracy "
            f"{right / len(images):.2%}   test {accuracy:.2f}%",
            flush=True,
        )
        if accuracy >= arguments.until:
            break
    torch.save(net.state_dict(), "model.pt")
    print(f"test accuracy: {accuracy:.2f}%")


if __name__ == "__main__":
    main()
