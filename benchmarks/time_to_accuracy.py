"""Time training on MNIST to 98%, from starting Python to its exit, in turn.

    python benchmarks/time_to_accuracy.py [FOLDER] [--goal 98] [--rounds 3]

Sides are ``tatami train`` and ``train_mnist_pytorch.py``, once with a DataLoader and
once, faster, with rows of tensors.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import results

from tatami.cli.measure.machine import processors
from tatami.cli.measure.worker import source_folder, thread_variables

HERE = Path(__file__).resolve().parent
DEFAULT_DATA = HERE.parents[1] / "shared" / "data" / "mnist"
SCRIPT = HERE / "train_mnist_pytorch.py"


def commands(data: Path, goal: float) -> dict[str, list[str]]:
    """Return the command line of each side.

    Args:
        data: folder of MNIST's four files.
        goal: test accuracy in percent.
    """
    python, folder, until = sys.executable, str(data.resolve()), str(goal)
    ours = ["-m", "tatami", "train", "--data", folder, "--no-extras"]
    found = {"ours": [python, *ours, "--until-accuracy", until]}
    if find_spec("torch") is None:
        print("PyTorch: not installed")
        return found
    for kind in ("loader", "tensors"):
        script = [python, str(SCRIPT), folder, "--until", until, "--batches", kind]
        found[kind] = script
    return found


def run(command: list[str], goal: float, threads: int) -> tuple[float, str]:
    """Return the seconds a command took, and what it printed last.

    Raises:
        RuntimeError: it failed, or ended below the goal.
    """
    path = os.pathsep.join([source_folder(), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **thread_variables(threads)}
    environment["PYTHONPATH"] = path.strip(os.pathsep)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    last = done.stdout.strip().splitlines()[-1]
    found = re.search(r"test accuracy: ([\d.]+)%", last)
    if found is None or float(found.group(1)) < goal:
        raise RuntimeError(f"{' '.join(command)} did not reach {goal:g}%: {last}")
    return seconds, last


def main() -> None:
    """Run the sides in turn, and print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("data", type=Path, nargs="?", default=DEFAULT_DATA, metavar="FOLDER")
    add("--goal", type=float, default=98.0, metavar="PERCENT")
    add("--rounds", type=int, default=3)
    add("--threads", type=int, default=min(2, processors()))
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.exit(1, f"{arguments.data}: there is no such folder of MNIST's files\n")
    sides = commands(arguments.data, arguments.goal)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(arguments.rounds):
        for name, command in sides.items():
            seconds, last = run(command, arguments.goal, arguments.threads)
            times[name].append(seconds)
            print(f"{name:8} {seconds:7.2f} s   {last}", flush=True)
    results.update("accuracy", summary(times, arguments.goal, arguments.threads))


def summary(times: dict[str, list[float]], goal: float, threads: int) -> dict[str, Any]:
    """Return the middle of each side's times, and of the ratios to ours.

    Args:
        times: seconds of each side, run by run.
        goal: test accuracy in percent.
        threads: threads each side had.
    """
    found: dict[str, Any] = {"goal": goal, "threads": threads, "times": times}
    for name, seconds in times.items():
        found[name] = statistics.median(seconds)
        if name != "ours":
            pairs = zip(seconds, times["ours"], strict=True)
            found[f"{name}_ratio"] = statistics.median(a / b for a, b in pairs)
            print(f"{name}: {found[f'{name}_ratio']:.2f} times the time of tatami")
    return found


if __name__ == "__main__":
    main()
