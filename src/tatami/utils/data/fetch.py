"""Fetching: from the numbers of samples to a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import kernels
from ...autograd import grad_mode
from ...tensor import Tensor, wrap
from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset, samples

__all__ = ["IterableFetcher", "MapFetcher", "fetcher_of"]


class MapFetcher:
    """Fetch the samples of given numbers."""

    def __init__(
        self, dataset: Any, batched: bool, collate_fn: Callable[..., Any]
    ) -> None:
        self.dataset = dataset
        self.batched = batched
        self.collate_fn = collate_fn

    def fetch(self, index: Any) -> Any:
        """Return the batch of a list of numbers, or a single sample."""
        if not self.batched:
            return self.collate_fn(self.dataset[index])
        if self.collate_fn is default_collate:
            rows = _rows(self.dataset, index)
            if rows is not None:
                return rows
        return self.collate_fn(samples(self.dataset, index))


def _rows(dataset: Any, index: Any) -> list[Tensor] | None:
    """Return the batch of a plain TensorDataset with one kernel call for each tensor.

    None if fetching sample by sample could give anything else, such as an error.
    """
    while type(dataset) is Subset:
        try:
            index = [dataset.indices[i] for i in index]
        except (IndexError, TypeError):
            return None
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or grad_mode.state.inference:
        return None
    if not index or not all(type(i) is int for i in index):
        return None
    for tensor in dataset.tensors:
        count = len(tensor._array)
        if type(tensor) is not Tensor or tensor.requires_grad:
            return None
        if not -count <= min(index) <= max(index) < count:
            return None
    return [wrap(kernels.take(tensor._array, index)) for tensor in dataset.tensors]


class IterableFetcher:
    """Fetch the next samples."""

    def __init__(
        self, dataset: Any, batched: bool, collate_fn: Callable[..., Any],
        drop_last: bool,
    ) -> None:  # fmt: skip
        self.samples = iter(dataset)
        self.batched = batched
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        """Return as many samples as ``index`` has entries, or a single one."""
        if self.ended:
            raise StopIteration
        if not self.batched:
            return self.collate_fn(next(self.samples))
        batch: list[Any] = []
        for _ in index:
            try:
                batch.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not batch or (self.drop_last and len(batch) < len(index)):
            raise StopIteration
        return self.collate_fn(batch)


def fetcher_of(
    dataset: Any, batched: bool, collate_fn: Callable[..., Any], drop_last: bool
) -> MapFetcher | IterableFetcher:
    """Return what fetches from a dataset."""
    if isinstance(dataset, IterableDataset):
        return IterableFetcher(dataset, batched, collate_fn, drop_last)
    return MapFetcher(dataset, batched, collate_fn)
