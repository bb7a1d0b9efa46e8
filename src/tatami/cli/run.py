"""``tatami run``: run a PyTorch program with tatami in PyTorch's place."""

from __future__ import annotations

import argparse
import builtins
import os
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any

from . import aliases
from .errors import CommandError, explained

__all__ = ["add_parser"]

_INTERRUPTED = 130
_OWN_FILES = (__file__, aliases.__file__)


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "run",
        help="run a PyTorch program with tatami",
        description="Run a program as python would, with tatami in the place of "
        "torch and tatami.vision in the place of torchvision.",
    )
    parser.add_argument("file", metavar="FILE", help="the program")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="arguments of the program"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    path = arguments.file
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise CommandError(explained(error)) from None
    aliases.install()
    sys.argv = [path, *arguments.arguments]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    try:
        full = os.path.abspath(path)
        _execute(compile(source, full, "exec", dont_inherit=True), full)
    except SystemExit:
        raise
    except BaseException as error:
        return _report(error)
    return 0


def _execute(code: CodeType, path: str) -> None:
    main = ModuleType("__main__")
    vars(main).update(
        __file__=path,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", path),
        __cached__=None,
    )
    sys.modules["__main__"] = main
    exec(code, vars(main))


def _report(error: BaseException) -> int:
    """Print the traceback that python would, without tatami's part of the way."""
    error.__traceback__ = _without_own(error.__traceback__)
    sys.excepthook(type(error), error, error.__traceback__)
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _without_own(traceback: TracebackType | None) -> TracebackType | None:
    if traceback is None:
        return None
    rest = _without_own(traceback.tb_next)
    if traceback.tb_frame.f_code.co_filename in _OWN_FILES:
        return rest
    traceback.tb_next = rest
    return traceback
