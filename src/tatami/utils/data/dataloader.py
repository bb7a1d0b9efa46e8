"""DataLoader: batches of a dataset, in order or shuffled, here or in processes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ...random import Generator
from ...runtime import cpu_count
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .iterator import LoaderIterator, SingleIterator
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .worker import get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)
_FIXED = (
    "batch_size", "batch_sampler", "sampler", "drop_last", "dataset",
    "persistent_workers",
)  # fmt: skip


class _Endless(Sampler[None]):
    """Give None for each sample of an iterable dataset, which has no numbers."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """Give the samples of a dataset in batches.

    The order of a shuffle, and the seeds of workers, are those of PyTorch for the same
    seed of the generator.

    Args:
        dataset: with samples by number, or an :class:`IterableDataset`.
        batch_size: number of samples in a batch; None for samples as they are.
        shuffle: take the samples in a new random order each time.
        sampler: gives the order of the samples instead.
        batch_sampler: gives lists of numbers of samples instead.
        num_workers: how many processes fetch batches; 0 to fetch in this one.
        collate_fn: makes a batch of a list of samples.
        pin_memory: has no effect on a CPU; it warns, as PyTorch does.
        drop_last: leave out a last, shorter batch.
        timeout: seconds to wait for a batch of the workers; 0 to wait on.
        worker_init_fn: called in each worker with its number.
        multiprocessing_context: how workers are started: ``"fork"``, ``"spawn"`` ...
        generator: where random numbers come from; the default one if left out.
        prefetch_factor: batches fetched ahead by each worker; 2 if left out.
        persistent_workers: keep the workers from one pass to the next.
        pin_memory_device: has no effect.
        in_order: give batches in their order rather than as they arrive.

    Raises:
        ValueError: arguments contradict each other.

    Example:
        >>> from tatami.utils.data import DataLoader
        >>> list(DataLoader([1, 2, 3], batch_size=2))
        [tensor([1, 2]), tensor([3])]
    """

    _ready = False
    dataset: Any
    batch_size: int | None
    sampler: Any
    batch_sampler: Any

    def __init__(
        self, dataset: Dataset[T_co] | Any, batch_size: int | None = 1,
        shuffle: bool | None = None, sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None, num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None, pin_memory: bool = False,
        drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None, generator: Generator | None = None, *,
        prefetch_factor: int | None = None, persistent_workers: bool = False,
        pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        if num_workers and prefetch_factor is None:
            prefetch_factor = 2
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        if isinstance(dataset, IterableDataset):
            _check_iterable(shuffle, sampler, batch_sampler)
        _check_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            sampler = self._usual_sampler(bool(shuffle))
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        usual = default_collate if self._auto_collation else default_convert
        self.collate_fn: Callable[[Any], Any] = collate_fn or usual
        self.persistent_workers = persistent_workers
        self._IterableDataset_len_called: int | None = None
        self._iterator: Any = None
        self._ready = True
        self.check_worker_number_rationality()

    def _usual_sampler(self, shuffle: bool) -> Any:
        if isinstance(self.dataset, IterableDataset):
            return _Endless()
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)
        return SequentialSampler(self.dataset)

    @property
    def multiprocessing_context(self) -> Any:
        """How worker processes are started; None for the usual way."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, value: Any) -> None:
        self._context = None if value is None else _context(value, self.num_workers)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is "
                "initialized"
            )
        object.__setattr__(self, name, value)

    def __iter__(self) -> LoaderIterator:
        if not self.num_workers:
            return SingleIterator(self)
        if not self.persistent_workers:
            return self._start_workers()
        if self._iterator is None or not self._iterator.stop.alive:
            self._iterator = self._start_workers()
        else:
            self._iterator.reset(self)
        return self._iterator

    def _start_workers(self) -> LoaderIterator:
        from .multiprocess import WorkersIterator

        self.check_worker_number_rationality()
        return WorkersIterator(self)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = self._IterableDataset_len_called = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        whole, rest = divmod(length, self.batch_size)
        return whole if self.drop_last or not rest else whole + 1

    def check_worker_number_rationality(self) -> None:
        """Warn if there are more workers than processors."""
        if self.num_workers > cpu_count():
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in "
                "total. Our suggested max number of worker in current system is "
                f"{cpu_count()}, which is smaller than what this DataLoader is going "
                "to create. Please be aware that excessive worker creation might get "
                "DataLoader running slow or even freeze, lower the worker number to "
                "avoid potential slowness/freeze if necessary.",
                stacklevel=3,
            )


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; "
            "use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, "
            "otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(
            "prefetch_factor option should be non-negative"
            if prefetch_factor < 0
            else "prefetch_factor must be at least 1, but it is 0"
        )
    if persistent and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_iterable(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    options = {"shuffle": shuffle or None, "sampler": sampler}
    for name, value in {**options, "batch_sampler": batch_sampler}.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, "
                f"but got {name}={value}"
            )


def _check_order(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                "sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive "
            "with drop_last"
        )


def _context(value: Any, num_workers: int) -> Any:
    """Return a multiprocessing context from one or from its name."""
    import multiprocessing
    from multiprocessing.context import BaseContext

    if not num_workers:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
    if isinstance(value, str):
        known = multiprocessing.get_all_start_methods()
        if value not in known:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{known!r}, but got multiprocessing_context={value!r}"
            )
        return multiprocessing.get_context(value)
    if not isinstance(value, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a "
            "string specifying the start method, but got "
            f"multiprocessing_context={value}"
        )
    return value
