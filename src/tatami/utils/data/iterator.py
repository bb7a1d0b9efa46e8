"""One pass over a DataLoader."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from .dataset import IterableDataset
from .fetch import fetcher_of
from .sampler import draw_seed

__all__ = ["LoaderIterator", "SingleIterator"]


class LoaderIterator:
    """What passes have in common: the order of samples, the seed, and a count."""

    def __init__(self, loader: Any) -> None:
        self.loader_length = loader._IterableDataset_len_called
        self.iterable = isinstance(loader.dataset, IterableDataset)
        self.dataset = loader.dataset
        self.num_workers = loader.num_workers
        self.sampler = loader._index_sampler
        _warn_of_pinning(loader)
        self.indices = iter(self.sampler)
        # Drawn even where it isn't needed: PyTorch draws it here.
        self.base_seed = draw_seed(loader.generator)
        self.yielded = 0

    def reset(self, loader: Any) -> None:
        """Begin another pass."""
        self.indices = iter(self.sampler)
        self.yielded = 0
        self.loader_length = loader._IterableDataset_len_called

    def __iter__(self) -> LoaderIterator:
        return self

    def __len__(self) -> int:
        return len(self.sampler)

    def __next__(self) -> Any:
        batch = self.next_batch()
        self.yielded += 1
        known = self.loader_length
        if self.iterable and known is not None and self.yielded > known:
            self._warn_of_length(known)
        return batch

    def next_batch(self) -> Any:
        """Return the next batch; a subclass says how."""
        raise NotImplementedError

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")

    def _warn_of_length(self, known: int) -> None:
        text = (
            f"Length of IterableDataset {self.dataset} was reported to be {known}"
            f"(when accessing len(dataloader)), but {self.yielded} samples have been "
            "fetched. "
        )
        if self.num_workers:
            text += (
                "For multiprocessing data-loading, this could be caused by not "
                "properly configuring the IterableDataset replica at each worker."
            )
        warnings.warn(text, stacklevel=3)


def _warn_of_pinning(loader: Any) -> None:
    if loader.pin_memory:
        warnings.warn(
            "'pin_memory' argument is set as true but no accelerator is found, then "
            "device pinned memory won't be used.",
            stacklevel=5,
        )


class SingleIterator(LoaderIterator):
    """One pass over a DataLoader that fetches in this process."""

    def __init__(self, loader: Any) -> None:
        if loader.timeout:
            raise AssertionError(
                "timeout is for worker processes: with num_workers=0 it must be 0, "
                f"but it is {loader.timeout}"
            )
        super().__init__(loader)
        self.fetcher = fetcher_of(
            loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
        )

    def next_batch(self) -> Any:
        """Return the next batch."""
        return self.fetcher.fetch(next(self.indices))
