"""The command line: one command, one file; errors in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import bench, info, predict, run, train
from .errors import CommandError, explained

__all__ = ["main"]

COMMANDS = (train, predict, run, bench, info)
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="tatami", description="PyTorch's API without PyTorch's weight."
    )
    commands = top.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: words of the command line after ``tatami``; ``sys.argv``'s if None.

    Example:
        >>> main(["predict", "/nowhere", "seven.png"])
        1
    """
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CommandError as error:
        message = str(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            return _broken_pipe()
        message = explained(error)
    except KeyboardInterrupt:
        print("tatami: interrupted", file=sys.stderr)
        return INTERRUPTED
    print(f"tatami: error: {message}", file=sys.stderr)
    return 1


def _broken_pipe() -> int:
    """Leave quietly when whoever read the output is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
