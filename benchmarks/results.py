"""The file of results: ``benchmarks/results/<machine>.json``, section by section."""

from __future__ import annotations

import datetime
import json
import os
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

from tatami.cli.measure.machine import machine_name

__all__ = ["best", "load", "path", "ratio", "share", "update"]

FOLDER = Path(__file__).parent / "results"
Row = dict[str, Any]


def path() -> Path:
    """Return this machine's file; ``TATAMI_RESULTS`` names another."""
    named = os.environ.get("TATAMI_RESULTS")
    if named:
        return Path(named)
    slug = re.sub(r"[^a-z0-9]+", "-", machine_name().lower()).strip("-")
    return FOLDER / f"{slug}.json"


def load() -> dict[str, Any]:
    """Return all sections; none if nothing was measured yet."""
    try:
        found: dict[str, Any] = json.loads(path().read_text())
    except FileNotFoundError:
        return {}
    return found


def update(section: str, content: Any) -> None:
    """Write a section anew, and leave the others."""
    sections = load()
    sections[section] = content
    sections.setdefault("measured", {})[section] = _now()
    path().parent.mkdir(parents=True, exist_ok=True)
    aside = path().with_suffix(".new")
    aside.write_text(json.dumps(sections, indent=1) + "\n")
    aside.replace(path())


def _now() -> str:
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    command = ["git", "-C", str(FOLDER.parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return day
    return f"{day}, commit {done.stdout.strip()}" if done.returncode == 0 else day


def ratio(row: Row, base: str, side: str) -> float | None:
    """Return how many times faster ``side`` is than ``base``.

    It is the middle of the ratios of blocks of the same round.

    Args:
        row: a row of results, with the blocks of each side.
        base: name of the slower side.
        side: name of the faster.
    """
    sides = row["sides"]
    if base not in sides or side not in sides:
        return None
    pairs = zip(sides[base]["blocks"], sides[side]["blocks"], strict=True)
    return float(statistics.median(theirs / ours for theirs, ours in pairs))


def best(row: Row, names: tuple[str, ...]) -> str | None:
    """Return the fastest of the sides that took part."""
    present = [name for name in names if name in row["sides"]]
    return min(present, key=lambda name: row["sides"][name]["median"], default=None)


def share(row: Row, side: str, machine: dict[str, Any]) -> float:
    """Return which part of the machine's multiply-adds a side makes use of.

    Args:
        row: a row of results with its FLOPs and threads.
        side: name of the side.
        machine: section of results on the machine.
    """
    peak = machine["peaks"][str(row["threads"])]["gflops"] * 1e9
    return float(row["flops"] / row["sides"][side]["median"] / peak)
