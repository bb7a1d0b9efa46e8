"""Samplers: the order in which the samples of a dataset are taken."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ... import dtypes, kernels
from ...ops.creation import as_tensor
from ...ops.sampling import multinomial
from ...random import Generator, default_generator
from ...tensor import Tensor
from .dataset import permutation

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)

# Draws with replacement are made this many at a time, as in PyTorch.
_BLOCK = 32


def draw_seed(generator: Generator | None = None) -> int:
    """Return a random integer that is not negative, as a seed for others."""
    stream = (default_generator if generator is None else generator)._stream
    return int(kernels.random_bits(stream, (), np.dtype(np.int64)).item())


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


class Sampler(Generic[T_co]):
    """Give the numbers of samples, or lists of them, in some order.

    A subclass has ``__iter__``, and ``__len__`` if the number is known.

    Example:
        >>> from tatami.utils.data import DataLoader, Sampler
        >>> class Backwards(Sampler):
        ...     def __iter__(self):
        ...         return iter([2, 1, 0])
        >>> list(DataLoader("abc", batch_size=3, sampler=Backwards()))
        [['c', 'b', 'a']]
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError("Subclasses of Sampler should implement __iter__.")


class SequentialSampler(Sampler[int]):
    """Take the samples in their order.

    Args:
        data_source: dataset with a length.

    Example:
        >>> from tatami.utils.data import SequentialSampler
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Take the samples in random order.

    Args:
        data_source: dataset with a length.
        replacement: a sample may be taken again.
        num_samples: how many to take; all of them if left out.
        generator: where random numbers come from. If left out, each pass draws a seed
            from the default generator for one of its own.

    Raises:
        ValueError: ``num_samples`` is not positive.

    Example:
        >>> import tatami
        >>> from tatami.utils.data import RandomSampler
        >>> sorted(RandomSampler("abc"))
        [0, 1, 2]
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                "replacement should be a boolean value, but got "
                f"replacement={replacement}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """How many samples a pass takes."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator, count = self.generator, len(self.data_source)
        if generator is None:
            generator = Generator().manual_seed(draw_seed())
        if self.replacement:
            yield from self._with_replacement(generator, count)
            return
        for _ in range(self.num_samples // count):
            yield from permutation(count, generator)
        yield from permutation(count, generator)[: self.num_samples % count]

    def _with_replacement(self, generator: Generator, count: int) -> Iterator[int]:
        whole, rest = divmod(self.num_samples, _BLOCK)
        for size in [_BLOCK] * whole + [rest]:
            stream, kind = generator._stream, np.dtype(np.int64)
            yield from kernels.randint(stream, (size,), 0, count, kind).tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Take given samples in random order.

    Args:
        indices: their numbers.
        generator: where random numbers come from.

    Example:
        >>> import tatami
        >>> from tatami.utils.data import SubsetRandomSampler
        >>> sorted(SubsetRandomSampler([7, 3]))
        [3, 7]
    """

    indices: Sequence[int]

    def __init__(
        self, indices: Sequence[int], generator: Generator | None = None
    ) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in permutation(len(self.indices), self.generator):
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Take samples at random, some more often than others.

    Args:
        weights: one number for each sample; they need not add up to 1.
        num_samples: how many to take.
        replacement: a sample may be taken again.
        generator: where random numbers come from.

    Raises:
        ValueError: ``num_samples`` is not positive, or the weights are not in one row.

    Example:
        >>> import tatami
        >>> from tatami.utils.data import WeightedRandomSampler
        >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], 3))
        [1, 1, 1]
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not _is_count(num_samples):
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(
                "replacement should be a boolean value, but got "
                f"replacement={replacement}"
            )
        row = as_tensor(weights, dtype=dtypes.float64)
        if row.ndim != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(row.shape)}"
            )
        self.weights = row
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Take the numbers of another sampler in lists.

    Args:
        sampler: gives the numbers.
        batch_size: length of a list.
        drop_last: leave out a last, shorter list.

    Raises:
        ValueError: ``batch_size`` is not positive.

    Example:
        >>> from tatami.utils.data import BatchSampler
        >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, sampler: Iterable[int], batch_size: int, drop_last: bool
    ) -> None:
        if not _is_count(batch_size):
            raise ValueError(
                "batch_size should be a positive integer value, but got "
                f"batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(
                f"drop_last should be a boolean value, but got drop_last={drop_last}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        numbers = iter(self.sampler)
        while batch := list(itertools.islice(numbers, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        whole, rest = divmod(count, self.batch_size)
        return whole if self.drop_last or not rest else whole + 1
