"""Batches of prepared images, in an order that seed and epoch alone decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import tatami

from ..utils.data import DataLoader, Dataset, Sampler
from ..vision import transforms
from .data import Images

__all__ = ["loader"]

_TEST_BATCH = 256


class Normalizer:
    """Turn bytes into numbers of mean 0 and deviation 1, channel by channel.

    Args:
        mean: mean of each channel, where 1 is full brightness.
        std: deviation of each channel.
    """

    def __init__(self, mean: list[float], std: list[float]) -> None:
        deviations = np.maximum(np.array(std), 1e-6)
        self.factor = (1 / (255 * deviations)).astype(np.float32)[:, None, None]
        self.offset = (np.array(mean) / deviations).astype(np.float32)[:, None, None]

    def __call__(self, pixels: np.ndarray) -> Any:
        numbers = pixels.astype(np.float32)
        numbers *= self.factor
        numbers -= self.offset
        return tatami.from_numpy(numbers)


class Batches(Dataset[Any]):
    """Give whole batches: of each list of indices, the images and the labels."""

    def __init__(
        self, images: Images, normalize: Normalizer, augment: Any = None
    ) -> None:
        self.images = images
        self.normalize = normalize
        self.augment = augment

    def __getitem__(self, batch: Any) -> Any:
        seed, indices = batch
        inputs = self.normalize(self.images.pixels[indices])
        if self.augment is not None:
            with tatami.random.fork_rng():
                tatami.manual_seed(seed)
                inputs = tatami.stack([self.augment(x) for x in inputs.unbind(0)])
        return inputs, tatami.from_numpy(self.images.labels[indices])


class BatchOrder(Sampler[Any]):
    """Give the indices of each batch of an epoch, from a given batch on.

    Args:
        count: number of images.
        batch_size: images in a batch.
        seed: what the order depends on; None keeps the images in order.
        start: batches to leave out at the beginning.
    """

    def __init__(
        self, count: int, batch_size: int, seed: int | None, start: int = 0
    ) -> None:
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.start = start

    def __len__(self) -> int:
        return -(-self.count // self.batch_size) - self.start

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        if self.seed is None:
            order = np.arange(self.count)
        else:
            generator = tatami.Generator().manual_seed(self.seed)
            order = tatami.randperm(self.count, generator=generator).numpy()
        for i in range(self.start, self.start + len(self)):
            first = i * self.batch_size
            yield (self.seed or 0) + i, order[first : first + self.batch_size]


def augmentation(channels: int, size: tuple[int, int]) -> Any:
    """Return the transform of ``--augment``: shifts, and mirroring of colour images."""
    steps: list[Any] = [transforms.RandomCrop(size, padding=2, padding_mode="edge")]
    if channels == 3:
        steps.append(transforms.RandomHorizontalFlip())
    return transforms.Compose(steps)


def loader(
    images: Images,
    normalize: Normalizer,
    batch_size: int = _TEST_BATCH,
    seed: int | None = None,
    start: int = 0,
    workers: int = 0,
    augment: Any = None,
) -> Any:
    """Return an iterable of batches that draws nothing from the global generator.

    Args:
        images: what to take them from.
        normalize: how bytes become numbers.
        batch_size: images in a batch.
        seed: what order and augmentation depend on; None keeps the images in order.
        start: batches to leave out at the beginning.
        workers: processes that prepare batches.
        augment: transform of each image.
    """
    return DataLoader(
        Batches(images, normalize, augment),
        batch_size=None,
        sampler=BatchOrder(len(images), batch_size, seed, start),
        num_workers=workers,
        generator=tatami.Generator().manual_seed(0),
    )
