"""Time eager operations on single elements: node, dispatch and output, and no work.

python benchmarks/operation_overhead.py [--rounds 9] [--budget 3]
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import results
from operation_calls import OPERATIONS, per_operation
from sides import Sides, present

OURS, THEIRS = "tatami eager", "PyTorch eager"


def main() -> int:
    """Print a line for each operation; return 1 if one is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="blocks of each side (default: 9)")
    add("--budget", type=float, default=3.0, help="microseconds (default: 3)")
    arguments = parser.parse_args()
    names, missing = present([OURS, THEIRS])
    with Sides(names, 1) as sides:
        rows = [_measured(sides, name, arguments) for name in OPERATIONS]
    results.update("operations", {"absent": missing, "rows": rows})
    over = [row["operation"] for row in rows if row["over"]]
    if over:
        print(f"over {arguments.budget:g} us: {', '.join(over)}")
    return 1 if over else 0


def _measured(sides: Sides, name: str, arguments: Any) -> dict[str, Any]:
    spec = {"kind": "operation", "operation": name, "threads": 1}
    row = {"operation": name, **sides.measure(spec, arguments.rounds, 0.05)}
    # The least, because an interrupted call says nothing of the operation.
    times = {
        side: per_operation(name, found["minimum"])
        for side, found in row["sides"].items()
    }
    row["microseconds"] = times
    row["over"] = OURS not in times or times[OURS] > arguments.budget
    words = [f"{side} {value:6.2f} us" for side, value in times.items()]
    if OURS in times and THEIRS in times:
        words.append(f"ratio {times[THEIRS] / times[OURS]:5.2f}")
    words += [f"{side} failed: {why}" for side, why in row["failed"].items()]
    print(f"{name:24} {', '.join(words)}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
