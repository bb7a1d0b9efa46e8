"""Let several sides run one thing in turn; name those that can't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from engine import SIDES, absent, start, version

import tatami
from tatami.cli.measure.timing import Block, summarize
from tatami.cli.measure.worker import Failure, Worker, interleave
from tatami.kernels import native

__all__ = ["Sides", "present"]

_SAME = 1e-3  # relative difference of two sides' numbers that needs explaining
_SPARE = 0.3  # processor time beyond the threads, of timers and the interpreter


def present(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the sides that can take part with the versions, and why others can't.

    Args:
        names: keys of :data:`engine.SIDES`.
    """
    reasons = {name: absent(name) for name in names}
    missing = {name: reason for name, reason in reasons.items() if reason}
    for name, reason in missing.items():
        print(f"{name}: {reason}", flush=True)
    there = [name for name in reasons if name not in missing]
    kernels = f"{tatami.kernels.in_use}, {native.instruction_set()}"
    print("tatami's kernels:", kernels)
    print("sides:", ", ".join(f"{name} {version(name)}" for name in there), flush=True)
    return there, missing


class Sides:
    """Keep a process for each side.

    Args:
        names: keys of :data:`engine.SIDES`.
        threads: threads each may use.
    """

    def __init__(self, names: list[str], threads: int) -> None:
        self.threads = threads
        self._workers = {name: start(name, threads) for name in names}

    def __enter__(self) -> Sides:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def measure(
        self, spec: dict[str, Any], rounds: int, seconds: float, same: bool = True
    ) -> dict[str, Any]:
        """Run blocks of what a spec describes, in turn.

        Args:
            spec: what to prepare.
            rounds: blocks of each side.
            seconds: length of a block.
            same: sides must compute the same number.

        Returns:
            ``sides``: for each its times; ``failed``: for others, why.
        """
        ready, facts, failed = self._prepare(spec)
        if same:
            failed.update(_disagreeing(facts))
            ready = [worker for worker in ready if worker.name not in failed]
        try:
            blocks = interleave(ready, rounds, seconds)
        except Failure as failure:
            return {"sides": {}, "failed": {**failed, "blocks": str(failure)}}
        summaries = summarize(blocks, ready[0].name) if ready else {}
        self._warn(summaries)
        sides = {
            name: {**asdict(summary), **facts[name], "blocks": _medians(blocks, name)}
            for name, summary in summaries.items()
        }
        return {"sides": sides, "failed": failed}

    def _prepare(self, spec: dict[str, Any]) -> tuple[list[Worker], Any, Any]:
        ready, facts, failed = [], {}, {}
        for name, worker in self._workers.items():
            if spec.get("training") and not SIDES[name].training:
                continue
            if not worker.alive:
                worker.close()
                worker = self._workers[name] = start(name, self.threads)
            try:
                facts[name] = worker.prepare(spec)
                ready.append(worker)
            except Failure as failure:
                failed[name] = str(failure)
        return ready, facts, failed

    def _warn(self, summaries: Any) -> None:
        for name, summary in summaries.items():
            if summary.cores > self.threads + _SPARE:
                print(
                    f"warning: {name} kept {summary.cores:.1f} processors busy, but "
                    f"may use {self.threads}"
                )


def _medians(blocks: list[dict[str, Block]], name: str) -> list[float]:
    return [found[name].median for found in blocks]


def _disagreeing(facts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the sides whose number is not the one of the last side that has one.

    The last is never tatami, if any other is there.
    """
    numbers = {name: fact["check"] for name, fact in facts.items() if "check" in fact}
    if not numbers:
        return {}
    oracle = "PyTorch eager" if "PyTorch eager" in numbers else list(numbers)[-1]
    wanted = numbers[oracle]
    return {
        name: f"computes {number:.6g}, but {oracle} {wanted:.6g}"
        for name, number in numbers.items()
        if not abs(number - wanted) <= _SAME * abs(wanted)
    }
