"""Planning: drop what nobody needs, fold constants, give buffers their memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..kernels import Stream
from .trace import Buffer, Call, Ref, mapped

__all__ = ["Plan"]

_ALIGNMENT = 64
# Kernels may read up to a vector beyond the end of an operand.
_SLACK = 64


class Plan:
    """The calls of a program, and what is known of its buffers.

    Args:
        calls: kernel calls, in order.
        buffers: the memory they work on.
        kept: numbers of made buffers that outlive a run.
        lanes: how many bands of a batch may be gone through at once.

    Attributes:
        runs: how many runs of bands there are.
        lasting: buffers whose elements must stay until the next run.
        notes: what was done, in words.
    """

    def __init__(
        self, calls: Iterable[Call], buffers: list[Buffer], kept: set[int],
        lanes: int = 1,
    ) -> None:  # fmt: skip
        self.calls = list(calls)
        self.buffers = buffers
        self.kept = kept
        self.lanes = lanes
        self.runs = 0
        self.lasting: set[int] = set()
        self.notes: list[str] = []

    # What is known.

    def is_made(self, number: int) -> bool:
        """Tell whether a kernel of the program makes this buffer."""
        return self.buffers[number].kind == "made"

    def whole(self, ref: Ref) -> bool:
        """Tell whether an array is all of its buffer, its elements in order."""
        return (
            ref.offset == 0
            and ref.strides == contiguous_strides(ref.shape, ref.dtype.itemsize)
            and ref.nbytes == self.buffers[ref.buffer].nbytes
        )

    def makers(self) -> dict[int, int]:
        """Return the number of the call that makes each buffer made once for all."""
        made: dict[int, int] = {}
        changed: set[int] = set()
        for i, call in enumerate(self.calls):
            for ref in call.results:
                if ref.buffer in made:
                    changed.add(ref.buffer)
                made[ref.buffer] = i
            changed.update(ref.buffer for ref in call.changed())
        return {number: i for number, i in made.items() if number not in changed}

    def users(self) -> dict[int, list[int]]:
        """Return the numbers of the calls that take each buffer as an argument."""
        found: dict[int, list[int]] = {}
        for i, call in enumerate(self.calls):
            for number in {ref.buffer for ref in call.refs()}:
                found.setdefault(number, []).append(i)
        return found

    def new_buffer(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Ref:
        """Return an array in a new buffer of its own."""
        strides = contiguous_strides(shape, dtype.itemsize)
        nbytes = int(np.prod(shape)) * dtype.itemsize
        self.buffers.append(Buffer("made", 0, nbytes, np.empty(0, np.uint8)))
        return Ref(len(self.buffers) - 1, 0, shape, strides, dtype)

    # Passes.

    def simplify(self) -> None:
        """Drop what nobody needs, copies without purpose, and constants."""
        self.fold_constants()
        self.drop_unused()
        self.join_copies()

    def fold_constants(self) -> None:
        """Compute once what depends on nothing but numbers."""
        makers = self.makers()
        kept: list[Call] = []
        for i, call in enumerate(self.calls):
            alone = not any(True for _ in call.refs()) and not is_random(call)
            once = all(
                makers.get(ref.buffer) == i and ref.buffer not in self.kept
                for ref in call.results
            )
            if alone and once and call.results:
                for ref in call.results:
                    self.buffers[ref.buffer].kind = "outside"
            else:
                kept.append(call)
        self.calls = kept

    def drop_unused(self) -> None:
        """Drop calls whose results nobody uses."""
        needed = set(self.kept)
        kept: list[Call] = []
        for call in reversed(self.calls):
            results = {ref.buffer for ref in call.results}
            changed = {ref.buffer for ref in call.changed()}
            lasting = any(not self.is_made(number) for number in changed)
            if lasting or is_random(call) or (results | changed) & needed:
                needed.update(ref.buffer for ref in call.refs())
                kept.append(call)
        self.calls = kept[::-1]

    def join_copies(self) -> None:
        """Let the maker of a buffer write where it would be copied to."""
        for call in list(self.calls):
            if call.name == "copy" and not call.kwargs:
                self._join(call)

    def _join(self, call: Call) -> None:
        source, target = call.args[0], call.results[0]
        makers = self.makers()
        if source.buffer not in makers or target.buffer not in makers:
            return
        if not self.whole(source) or not self.whole(target):
            return
        if source.buffer in self.kept:
            return
        self.calls.remove(call)
        old, new = source.buffer, target.buffer

        def moved(ref: Ref) -> Ref:
            return replace(ref, buffer=new) if ref.buffer == old else ref

        self.calls = [_mapped_call(other, moved) for other in self.calls]

    # Memory.

    def lifetimes(self) -> dict[int, Lifetime]:
        """Return when each passing buffer is in use."""
        runs = self._extents_of_runs()
        found: dict[int, Lifetime] = {}
        for i, call in enumerate(self.calls):
            run, band = call.band or (0, 0)
            extent = runs.get(run, (i, i))
            lane = (run, band, band % self.lanes)
            for ref in (*call.refs(), *call.results):
                if self.is_made(ref.buffer) and ref.buffer not in self.kept:
                    life = found.setdefault(ref.buffer, Lifetime(i, i, *extent, lane))
                    life.add(i, extent, lane)
        for number in self.lasting & found.keys():
            end = len(self.calls)
            found[number].add(end, (end, end), (0, 0, 0))
        return found

    def _extents_of_runs(self) -> dict[int, tuple[int, int]]:
        """Return the first and the last call of each run of bands that are shared."""
        runs: dict[int, tuple[int, int]] = {}
        for i, call in enumerate(self.calls):
            if call.band is not None and self.lanes > 1:
                first, _ = runs.get(call.band[0], (i, i))
                runs[call.band[0]] = (first, i)
        return runs

    def places(self) -> tuple[dict[int, int], int]:
        """Return where in one block of memory each passing buffer lies; its size.

        Buffers that serve at different times share memory; large ones choose first.
        """
        lives = self.lifetimes()
        sizes = {number: _padded(self.buffers[number].nbytes) for number in lives}
        taken: list[tuple[int, int, Lifetime]] = []
        offsets: dict[int, int] = {}
        for number in sorted(lives, key=lambda n: (-sizes[n], lives[n].first, n)):
            life = lives[number]
            rivals = sorted((start, end) for start, end, x in taken if x.meets(life))
            offset = _gap(rivals, sizes[number])
            offsets[number] = offset
            taken.append((offset, offset + sizes[number], life))
        return offsets, max((end for _, end, _ in taken), default=0)


@dataclass
class Lifetime:
    """When a buffer is in use.

    Attributes:
        first: the first call that it serves.
        last: the last one.
        start: the first call that may be made at the same time as those.
        end: the last one.
        band: the run, the band, and the lane that it serves alone, or None. Bands of
            one lane are gone through one after the other, others at any time.
    """

    first: int
    last: int
    start: int
    end: int
    band: tuple[int, int, int] | None

    def add(self, i: int, extent: tuple[int, int], band: tuple[int, int, int]) -> None:
        """Let a buffer serve call ``i`` as well."""
        self.last = i
        self.end = max(self.end, extent[1])
        if self.band != band:
            self.band = None

    def meets(self, other: Lifetime) -> bool:
        """Tell whether both are in use at some time."""
        if self.band and other.band and self.band[0] == other.band[0]:
            if self.band[2] != other.band[2]:
                return True
            return self.first <= other.last and other.first <= self.last
        return self.start <= other.end and other.start <= self.end


def _gap(taken: list[tuple[int, int]], size: int) -> int:
    """Return the lowest place of this size between what is taken."""
    offset = 0
    for start, end in taken:
        if start - offset >= size:
            break
        offset = max(offset, end)
    return offset


def _padded(nbytes: int) -> int:
    return -(-(nbytes + _SLACK) // _ALIGNMENT) * _ALIGNMENT


def _mapped_call(call: Call, change: object) -> Call:
    return Call(
        call.name,
        mapped(call.args, change),  # type: ignore[arg-type]
        mapped(call.kwargs, change),  # type: ignore[arg-type]
        tuple(change(ref) for ref in call.results),  # type: ignore[operator]
        call.phase,
    )


def is_random(call: Call) -> bool:
    """Tell whether a call draws random numbers, and so must not be left out."""
    return any(isinstance(value, Stream) for value in call.args)


def contiguous_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the strides of an array with its elements in order."""
    strides, step = [], itemsize
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def block(nbytes: int) -> np.ndarray:
    """Return aligned memory, with room for reads beyond its end."""
    raw = np.empty(nbytes + _ALIGNMENT + _SLACK, np.uint8)
    start = -raw.__array_interface__["data"][0] % _ALIGNMENT
    return raw[start : start + nbytes]
