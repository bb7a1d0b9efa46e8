"""What this machine can do, measured once and kept in the file of results.

python benchmarks/machine.py [--again]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

import results

from tatami.cli.measure.machine import machine_name, measure_peak, processors

__all__ = ["known_machine"]

_SECONDS = 2.0


def known_machine(again: bool = False) -> dict[str, Any]:
    """Return the machine's name and peaks, for one thread and for all processors.

    Args:
        again: measure even if it is known.

    Raises:
        RuntimeError: there is no C++ compiler, and it was not measured before.
    """
    found: dict[str, Any] = results.load().get("machine", {})
    if again or not found:
        counts = tuple(sorted({1, min(2, processors()), processors()}))
        peaks = measure_peak(counts, _SECONDS)
        found = {
            "name": machine_name(),
            "peaks": {str(count): asdict(peak) for count, peak in peaks.items()},
        }
        results.update("machine", found)
    return found


def main() -> None:
    """Print what the machine can do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="measure once more")
    machine = known_machine(parser.parse_args().again)
    print(machine["name"])
    for count, peak in machine["peaks"].items():
        print(
            f"{count} thread(s): {peak['gflops']:.1f} GFLOP/s of float32 multiply-adds "
            f"in {peak['vector_bytes']}-byte vectors, copying {peak['copy']:.1f} GB/s"
        )


if __name__ == "__main__":
    main()
