"""Count the instructions of ``counted_steps.py``: with perf if it can, or valgrind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tatami.cli.measure.machine import compiler
from tatami.cli.measure.worker import thread_variables

__all__ = ["chosen_counter", "parse_callgrind", "parse_perf"]

PROGRAM = str(Path(__file__).resolve().parent / "counted_steps.py")
Counts = dict[str, float]
_CALLS = 3  # as in counted_steps.py
_PERF = ["perf", "stat", "-e", "instructions:u", "-x", ",", "-o"]
_SHIM = """
#include <valgrind/callgrind.h>
extern "C" void start() {
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
}
extern "C" void stop(const char* name) {
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_STOP_INSTRUMENTATION;
}
"""


def environment(site: Path) -> dict[str, str]:
    """Return the variables that make counts repeatable.

    Valgrind does not know AVX-512, so both counters use the kernels for AVX2.

    Args:
        site: folder that tatami is installed in.
    """
    fixed = {"PYTHONPATH": str(site), "PYTHONHASHSEED": "0", "TATAMI_ISA": "avx2"}
    return {**os.environ, **thread_variables(1), **fixed}


def chosen_counter() -> Callable[[Path], Counts]:
    """Return the function that counts: of the work's names, instructions a call.

    Raises:
        RuntimeError: there is neither perf with counters nor valgrind.
    """
    if _perf_works():
        print("counting with perf")
        return count_with_perf
    if shutil.which("valgrind") is None:
        raise RuntimeError(
            "perf can't count instructions here, and valgrind is not installed: "
            "install valgrind (Debian: apt-get install valgrind)"
        )
    if compiler() is None:
        raise RuntimeError("valgrind needs g++ for a small library of ours")
    print("counting with valgrind")
    return count_with_valgrind


def _perf_works() -> bool:
    if shutil.which("perf") is None:
        return False
    with tempfile.NamedTemporaryFile("r") as file:
        done = subprocess.run([*_PERF, file.name, "true"], capture_output=True)
        return done.returncode == 0 and parse_perf(file.read()) is not None


def parse_perf(text: str) -> int | None:
    """Return the instructions in the output of ``perf stat -x ,``, None without.

    Example:
        >>> parse_perf("123,,instructions:u,100,100.00,,")
        123
        >>> parse_perf("<not supported>,,instructions:u,0,100.00,,")
    """
    found = re.search(r"^(\d+),[^,]*,instructions", text, re.MULTILINE)
    return int(found.group(1)) if found else None


def parse_callgrind(text: str) -> tuple[str, int] | None:
    """Return the name and the instructions of a file of callgrind's.

    None for the file it writes at exit.
    """
    name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
    total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
    return (name.group(1), int(total.group(1))) if name and total else None


def run(command: list[str], site: Path) -> str:
    """Return what a command prints.

    Raises:
        RuntimeError: it failed.
    """
    variables = environment(site)
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def names(site: Path) -> list[str]:
    """Return the names of the work, having made sure that the right tatami does it.

    Raises:
        RuntimeError: another tatami would be imported.
    """
    place, *found = run([sys.executable, PROGRAM, "list"], site).splitlines()
    if not Path(place).is_relative_to(site):
        raise RuntimeError(f"expected tatami of {site}, but {place} is imported")
    return found


def count_with_perf(site: Path) -> Counts:
    """Return the difference between many calls and few, for each."""
    few, many = 10, 30
    return {
        name: (_perf(site, name, many) - _perf(site, name, few)) / (many - few)
        for name in names(site)
    }


def _perf(site: Path, name: str, calls: int) -> int:
    with tempfile.NamedTemporaryFile("r") as file:
        program = [sys.executable, PROGRAM, "count", name, str(calls)]
        run([*_PERF, file.name, *program], site)
        count = parse_perf(file.read())
    if count is None:
        raise RuntimeError("perf stopped counting")
    return count


def count_with_valgrind(site: Path) -> Counts:
    """Return the instructions between the marks that the program sets, for each."""
    names(site)
    program = compiler()
    assert program is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, shim = folder / "shim.cpp", folder / "shim.so"
        source.write_text(_SHIM)
        run([program, "-shared", "-fPIC", "-o", str(shim), str(source)], site)
        tool = [
            "valgrind", "--tool=callgrind", "--instr-atstart=no",
            f"--callgrind-out-file={folder / 'counts'}",
        ]  # fmt: skip
        run([*tool, sys.executable, PROGRAM, "callgrind", str(shim)], site)
        files = [path.read_text() for path in folder.glob("counts*")]
    found = [parsed for text in files if (parsed := parse_callgrind(text))]
    if not found:
        raise RuntimeError("valgrind wrote no counts")
    return {name: total / _CALLS for name, total in found}
