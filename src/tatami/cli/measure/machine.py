"""What a machine can do: multiply-adds and bytes a second, and what it is called."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "compiler", "machine_name", "measure_peak", "processors"]

_SOURCE = Path(__file__).with_name("peak.cpp")
_OPTIONS = (
    "-O3", "-march=native", "-std=c++17", "-ffp-contract=fast", "-Wno-psabi",
    "-pthread",
)  # fmt: skip


@dataclass(frozen=True)
class Peak:
    """Say what a number of threads can do at best.

    Attributes:
        threads: how many work at once.
        gflops: 10^9 float32 operations a second, a multiply-add being two.
        copy: 10^9 bytes a second, read and written, when copying large arrays.
        vector_bytes: width of the vectors that were used.
    """

    threads: int
    gflops: float
    copy: float
    vector_bytes: int


def compiler() -> str | None:
    """Return the path of a C++ compiler, or None."""
    return shutil.which("g++") or shutil.which("clang++")


def measure_peak(threads: tuple[int, ...], seconds: float = 1.0) -> dict[int, Peak]:
    """Measure the machine with a loop that lives in registers, and a copy.

    Args:
        threads: numbers of threads to measure with.
        seconds: time for each of them; the best of many short bursts counts.

    Raises:
        RuntimeError: there is no C++ compiler, or it fails.
    """
    program = compiler()
    if program is None:
        raise RuntimeError("no C++ compiler: g++ is needed to measure the peak")
    with tempfile.TemporaryDirectory() as folder:
        binary = str(Path(folder) / "peak")
        _run([program, *_OPTIONS, str(_SOURCE), "-o", binary])
        found = {}
        for count in threads:
            gflops, copy, width = _run([binary, str(count), str(seconds)]).split()
            found[count] = Peak(count, float(gflops), float(copy), int(width))
    return found


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise RuntimeError(f"{Path(command[0]).name} failed: {lines[0]}")
    return done.stdout


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_name() -> str:
    """Return the processor's name, its model and the number of processors."""
    facts = _processor_facts()
    name = facts.get("model name") or platform.processor() or platform.machine()
    name = re.sub(r"\((R|TM)\)|\bCPU\b|\bProcessor\b|@.*", "", name)
    model = [
        f"{word} {facts[key]}"
        for word, key in (("family", "cpu family"), ("model", "model"))
        if facts.get(key)
    ]
    return ", ".join([" ".join(name.split()), *model, f"{processors()} processors"])


def _processor_facts() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    first = text.split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
