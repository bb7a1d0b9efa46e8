"""The tutorial's program prints under tatami what it prints under PyTorch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "examples" / "tutorial.py"
RECORDED = ROOT / "tests" / "reference" / "tutorial.txt"
NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")


def output(*command: str) -> str:
    """Return what a program prints."""
    done = subprocess.run(
        [sys.executable, *command, str(PROGRAM)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_same(found: str, expected: str) -> None:
    """Fail unless the words are the same and the numbers too, to 1e-4."""
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers = [[float(n) for n in NUMBER.findall(text)] for text in (found, expected)]
    assert numbers[0] == pytest.approx(numbers[1], abs=1.01e-4)


def test_recorded_output() -> None:
    check_same(output("-m", "tatami", "run"), RECORDED.read_text())


def test_like_pytorch() -> None:
    pytest.importorskip("torch")
    check_same(output("-m", "tatami", "run"), output())
