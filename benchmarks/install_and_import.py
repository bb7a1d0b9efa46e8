"""Measure the sizes and the import times of tatami and PyTorch, in turn.

python benchmarks/install_and_import.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import statistics
import subprocess
import sys
from pathlib import Path

import results


def import_times(package: str) -> tuple[float, float]:
    """Return milliseconds: the whole import, and the package's own share."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {package}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    own = total = 0.0
    for line in done.stderr.splitlines():
        found = re.match(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)([\w.]+)$", line)
        if not found:
            continue
        name = found.group(4)
        if name == package or name.startswith(package + "."):
            own += int(found.group(1)) / 1000
        if name == package and not found.group(3):
            total = int(found.group(2)) / 1000
    return total, own


def folder_size(package: str) -> float:
    """Return the megabytes an installed package takes."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def main() -> None:
    """Print sizes and medians of the import times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    packages = ["tatami", "torch"] if importlib.util.find_spec("torch") else ["tatami"]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in packages}
    for _ in range(rounds):
        for name in packages:
            times[name].append(import_times(name))
    results.update("install", _reported(times))


def _reported(times: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    """Print a line for each package, and return the numbers for the report."""
    found: dict[str, float] = {}
    for name, rounds in times.items():
        total, own = (statistics.median(column) for column in zip(*rounds, strict=True))
        size = folder_size(name)
        print(
            f"{name:7} installed {size:7.1f} MB, import {total:7.0f} ms, "
            f"of which its own modules {own:6.1f} ms"
        )
        whose = (
            ("ours", "our_import") if name == "tatami" else ("theirs", "their_import")
        )
        found.update(zip(whose, (size, total), strict=True))
    if "torch" in times:
        pairs = zip(times["tatami"], times["torch"], strict=True)
        ratio = statistics.median(b[0] / a[0] for a, b in pairs)
        print(f"import, PyTorch / tatami: {ratio:.1f}")
    return found


if __name__ == "__main__":
    main()
