"""Time blocks of calls, and compare sides by blocks that follow each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Block", "Summary", "summarize", "time_block"]

_FEWEST = 3


@dataclass(frozen=True)
class Block:
    """Say how long the calls of one block took, in seconds.

    Attributes:
        calls: how many there were.
        median: the middle of their times.
        minimum: the shortest of them.
        cores: processor time over time, the threads of the process together.
    """

    calls: int
    median: float
    minimum: float
    cores: float


@dataclass(frozen=True)
class Summary:
    """Say what the blocks of one side come to, in seconds.

    Attributes:
        median: the middle of the blocks' medians.
        minimum: the shortest call of all.
        cores: the middle of the blocks' processor time over time.
        ratio: the middle of base's median over this side's, round by round.
    """

    median: float
    minimum: float
    cores: float
    ratio: float | None


def time_block(function: Callable[[], Any], seconds: float) -> Block:
    """Call a function until time is up, and at least three times.

    Args:
        function: what to call; it is called twice before, unmeasured, to fill caches
            and wake threads.
        seconds: how long.

    Example:
        >>> time_block(lambda: None, 0.001).calls >= 3
        True
    """
    times: list[float] = []
    clock = time.perf_counter
    function()
    function()
    cpu, begin = time.process_time(), clock()
    end = begin + seconds
    while len(times) < _FEWEST or clock() < end:
        start = clock()
        function()
        times.append(clock() - start)
    spent, passed = time.process_time() - cpu, clock() - begin
    return Block(len(times), statistics.median(times), min(times), spent / passed)


def summarize(rounds: list[dict[str, Block]], base: str) -> dict[str, Summary]:
    """Return the summary of each side.

    Args:
        rounds: for each round, the block of each side that took part.
        base: the side whose time is divided by the others'.

    Example:
        >>> slow, fast = Block(3, 4.0, 3.0, 1.0), Block(9, 2.0, 1.0, 1.0)
        >>> summarize([{"theirs": slow, "ours": fast}], "theirs")["ours"].ratio
        2.0
    """
    names = list(dict.fromkeys(name for blocks in rounds for name in blocks))
    return {name: _summary(rounds, name, base) for name in names}


def _summary(rounds: list[dict[str, Block]], name: str, base: str) -> Summary:
    blocks = [blocks[name] for blocks in rounds if name in blocks]
    ratios = [
        both[base].median / both[name].median
        for both in rounds
        if name in both and base in both
    ]
    return Summary(
        statistics.median(block.median for block in blocks),
        min(block.minimum for block in blocks),
        statistics.median(block.cores for block in blocks),
        statistics.median(ratios) if ratios else None,
    )
