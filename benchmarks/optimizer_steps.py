"""Time steps of optimizers over the tutorial's CNN, eager: one kernel call each.

python benchmarks/optimizer_steps.py [--rounds 7] [--threads 1]
"""

from __future__ import annotations

import argparse
from typing import Any

import results
from optimizer_calls import OPTIMIZERS
from sides import Sides, present

OURS, THEIRS = "tatami eager", "PyTorch eager"


def main() -> None:
    """Print a line for each optimizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=7, help="blocks of each side (default: 7)")
    add("--threads", type=int, default=1, help="threads of each side (default: 1)")
    arguments = parser.parse_args()
    names, missing = present([OURS, THEIRS])
    with Sides(names, arguments.threads) as sides:
        rows = [_measured(sides, name, arguments) for name in OPTIMIZERS]
    results.update("optimizers", {"absent": missing, "rows": rows})


def _measured(sides: Sides, name: str, arguments: Any) -> dict[str, Any]:
    spec = {"kind": "optimizer", "optimizer": name, "threads": arguments.threads}
    row = {"optimizer": name, **sides.measure(spec, arguments.rounds, 0.1)}
    times = {side: 1e6 * found["minimum"] for side, found in row["sides"].items()}
    words = [f"{side} {value:6.1f} us" for side, value in times.items()]
    if OURS in times and THEIRS in times:
        words.append(f"ratio {times[THEIRS] / times[OURS]:5.2f}")
    words += [f"{side} failed: {why}" for side, why in row["failed"].items()]
    print(f"{name:10} {', '.join(words)}", flush=True)
    return row


if __name__ == "__main__":
    main()
