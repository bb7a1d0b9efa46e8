"""``tatami info``: what is installed and in use."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata
from typing import Any

__all__ = ["add_parser"]

_OPTIONAL = ("Pillow", "tqdm", "matplotlib", "safetensors", "onnx")


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    text = "show version, kernels, threads and optional libraries"
    parser = commands.add_parser("info", help=text, description=text)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    for name, value in _facts():
        print(f"{name + ':':<17}{value}")
    return 0


def _facts() -> list[tuple[str, str]]:
    import numpy as np

    import tatami

    from .. import kernels
    from .._version import __version__

    found = [f"{name} {_version(name)}" for name in _OPTIONAL if _version(name)]
    missing = [name for name in _OPTIONAL if not _version(name)]
    system = f"{platform.system()} {platform.machine()}"
    return [
        ("tatami", __version__),
        ("kernels", f"{kernels.in_use} ({kernels.reason})"),
        ("instruction set", kernels.instruction_set()),
        ("threads", str(tatami.get_num_threads())),
        ("Python", f"{platform.python_version()} on {system}"),
        ("NumPy", np.__version__),
        ("optional", ", ".join(found) or "none"),
        ("not installed", ", ".join(missing) or "none"),
    ]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
