"""Datasets and orders of samples, described once for tatami and for PyTorch."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import numpy as np


def rows(library: Any, data: Any) -> Any:
    return data.TensorDataset(library.arange(23), library.arange(46).reshape(23, 2))


def _passes(library: Any, data: Any, **options: Any) -> list[Any]:
    loader = data.DataLoader(rows(library, data), batch_size=4, shuffle=True, **options)
    return [[x.tolist() for x in batch] for _ in range(2) for batch in loader]


def _several(library: Any, data: Any) -> list[Any]:
    samplers = [
        data.RandomSampler(range(9), replacement=True, num_samples=70),
        data.RandomSampler(range(9), num_samples=25),
        data.SubsetRandomSampler([4, 5, 6, 7]),
        data.WeightedRandomSampler([0.1, 0.4, 0.5], 30),
        data.WeightedRandomSampler([0.1, 0.4, 0.5], 2, replacement=False),
        data.BatchSampler(data.RandomSampler(range(9)), 4, drop_last=True),
    ]
    return [list(sampler) for sampler in samplers]


class Draws:
    """Give a random number of each generator of the process."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> list[float]:
        drawn = self.library.randint(0, 1000, (1,)).item()
        return [random.random(), float(np.random.rand()), drawn]


def _draws(library: Any, data: Any, **options: Any) -> list[Any]:
    loader = data.DataLoader(
        Draws(library), num_workers=2, batch_size=2, collate_fn=list, **options
    )
    return [batch for _ in range(2) for batch in loader]


ORDERS = {
    "shuffle": _passes,
    "shuffle with a generator": lambda library, data: _passes(
        library, data, generator=library.Generator().manual_seed(1)
    ),
    "workers": lambda library, data: _passes(library, data, num_workers=2),
    "persistent workers": lambda library, data: _passes(
        library, data, num_workers=2, persistent_workers=True, prefetch_factor=3
    ),
    "samplers": _several,
    "split": lambda library, data: [
        list(part) for part in data.random_split(range(20), [0.5, 0.25, 0.25])
    ],
    "split with a generator": lambda library, data: [
        list(part)
        for part in data.random_split(
            range(10), [3, 7], generator=library.Generator().manual_seed(42)
        )
    ],
    "draws of workers": _draws,
    "draws of persistent workers": lambda library, data: _draws(
        library, data, persistent_workers=True
    ),
    "draws of workers with a generator": lambda library, data: _draws(
        library, data, generator=library.Generator().manual_seed(5)
    ),
}


def ordered(library: Any, data: Any, name: str) -> list[Any]:
    """Return the samples in their order, and what the generator draws after them."""
    library.manual_seed(3)
    found = ORDERS[name](library, data)
    return [found, library.randint(0, 1_000_000, (2,)).tolist()]


class Faulty:
    """Fail at sample 3, in a way of one's choice."""

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        if index == 3:
            if self.fault == "exit":
                os._exit(7)
            if self.fault == "sleep":
                time.sleep(60)
            if self.fault == "unpicklable":
                return lambda: None
            raise {"key": KeyError, "stop": StopIteration}.get(self.fault, ValueError)(
                "sample 3 is bad"
            )
        return index


class Process:
    """Give the number of the process that fetches, slowly if wanted."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> int:
        time.sleep(self.pause)
        return os.getpid()


class Squares:
    """Give squares; workers can be started with it anew."""

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> int:
        return index * index
