"""Measure networks on every side there is, each in a process of its own.

    python benchmarks/suite.py [--quick] [--threads 1 2] [--only tutorial mlp]

Blocks of the sides' steps follow each other in turn, and a ratio is the middle of the
ratios of blocks of the same round: a busy machine slows all sides alike.
"""

from __future__ import annotations

import argparse
from typing import Any

import results
from engine import SIDES
from machine import known_machine
from sides import Sides, present
from workloads import WORKLOADS, Case, cases, quick_cases

import tatami
from tatami.cli.measure.machine import processors

__all__ = ["measure_networks"]

_LEFT_OUT = "torch.compile"
_PYTORCH = ("PyTorch eager", "torch.compile")


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="a few cases, one thread, short blocks")
    add("--threads", type=int, nargs="+", help="default: 1, and 2 if there are two")
    add("--only", nargs="+", choices=WORKLOADS, help="networks to measure")
    add("--sides", nargs="+", choices=SIDES, help="sides that take part")
    add("--rounds", type=int, help="blocks of each side (default: 9; quick: 3)")
    add("--seconds", type=float, help="length of a block (default: 0.2; quick: 0.1)")
    found = parser.parse_args(words)
    quick = found.quick
    partial = found.only or found.sides or found.threads
    # The report is made of whole runs only.
    found.section = "quick" if quick else "partial" if partial else "networks"
    found.threads = found.threads or (
        [1] if quick else sorted({1, min(2, processors())})
    )
    found.rounds = found.rounds or (3 if quick else 9)
    found.seconds = found.seconds or (0.1 if quick else 0.2)
    return found


def measure_networks(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure each case with each number of threads, and print a line for each side."""
    names = arguments.sides or list(SIDES)
    if arguments.quick and not arguments.sides:
        names.remove(_LEFT_OUT)
        print(f"{_LEFT_OUT}: left out of the quick run, for the time compiling takes")
    names, missing = present(names)
    machine = known_machine()
    print(f"machine: {machine['name']}", flush=True)
    wanted = quick_cases() if arguments.quick else cases()
    rows = []
    for threads in arguments.threads:
        with Sides(names, threads) as sides:
            for case in wanted:
                if arguments.only is None or case.network in arguments.only:
                    rows.append(_measured(sides, case, arguments))
                    print_row(rows[-1], machine)
    return {"absent": missing, "kernels": tatami.kernels.in_use, "rows": rows}


def _measured(
    sides: Sides, case: Case, arguments: argparse.Namespace
) -> dict[str, Any]:
    spec = case.spec(sides.threads)
    # Random numbers differ, so what a step with dropout comes to can't be compared.
    same = not (case.training and WORKLOADS[case.network].random)
    row = sides.measure(spec, arguments.rounds, arguments.seconds, same)
    return {**spec, "title": case.title(), "flops": case.flops(), **row}


def print_row(row: dict[str, Any], machine: dict[str, Any]) -> None:
    """Print what each side takes, and how it compares."""
    plural = "s" if row["threads"] > 1 else ""
    print(f"\n{row['title']}, {row['threads']} thread{plural}")
    base = results.best(row, _PYTORCH)
    for name, side in row["sides"].items():
        speed = results.ratio(row, base, name) if base else None
        compared = f"  {speed:6.2f} x {base}" if speed else ""
        print(
            f"  {name:16} {side['median'] * 1e6:11,.1f} us"
            f"  (least {side['minimum'] * 1e6:11,.1f})"
            f"  {row['flops'] / side['median'] / 1e9:6.1f} GFLOP/s"
            f"  {results.share(row, name, machine):6.1%} of the peak{compared}"
        )
    for name, reason in row["failed"].items():
        print(f"  {name:16} failed: {reason}")
    print(end="", flush=True)


def main() -> None:
    """Measure, and keep the results."""
    arguments = arguments_of()
    found = measure_networks(arguments)
    results.update(arguments.section, found)
    print(f"\nwrote {arguments.section} to {results.path()}")


if __name__ == "__main__":
    main()
