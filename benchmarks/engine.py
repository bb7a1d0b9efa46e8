"""The process of one side: ``python benchmarks/engine.py NAME``, driven by a pipe."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tatami.cli.measure.worker import Worker, serve, source_folder

__all__ = ["SIDES", "absent", "ready", "start"]


@dataclass(frozen=True)
class Side:
    """Say how a side is run.

    Attributes:
        module: the module here that has its ``prepare``.
        package: what must be installed.
        compiled: whether it compiles what it runs.
        training: whether it can train.
    """

    module: str
    package: str
    compiled: bool = False
    training: bool = True


SIDES = {
    "tatami compiled": Side("torch_like", "tatami", compiled=True),
    "tatami eager": Side("torch_like", "tatami"),
    "PyTorch eager": Side("torch_like", "torch"),
    "torch.compile": Side("torch_like", "torch", compiled=True),
    "JAX": Side("jax_side", "jax", compiled=True),
    "ONNX Runtime": Side("onnx_side", "onnxruntime", compiled=True, training=False),
}


def absent(name: str) -> str | None:
    """Return why a side can't take part, or None."""
    side = SIDES[name]
    if side.package == "tatami":
        import tatami

        if side.compiled and not hasattr(tatami, "compile"):
            return "not available: this tatami has no tatami.compile"
        return None
    needed = [side.package, *(["onnx"] if side.module == "onnx_side" else [])]
    missing = [package for package in needed if find_spec(package) is None]
    return f"not installed: pip install {' '.join(missing)}" if missing else None


def version(name: str) -> str:
    """Return the version of a side's package."""
    try:
        return metadata.version(SIDES[name].package)
    except metadata.PackageNotFoundError:
        return str(importlib.import_module(SIDES[name].package).__version__)


def start(name: str, threads: int) -> Worker:
    """Start the process of a side.

    Args:
        name: key of :data:`SIDES`.
        threads: threads it may use.
    """
    path = os.pathsep.join([source_folder(), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": path.strip(os.pathsep), "JAX_PLATFORMS": "cpu"}
    if threads == 1:
        # XLA's pool has NPROC threads; this keeps Eigen from a pool of its own.
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    program = [sys.executable, str(Path(__file__).resolve()), name]
    return Worker(name, program, threads, environment)


def ready(
    call: Callable[[], Any], number: Callable[[Any], float]
) -> tuple[Callable[[], Any], dict[str, Any]]:
    """Call three times; return the call, how long the first took, and a check.

    Args:
        call: what will be measured.
        number: makes a number of what it returns; sides must agree on the third.
    """
    begin = time.perf_counter()
    call()
    first = time.perf_counter() - begin
    call()
    return call, {"first_call": first, "check": number(call())}


if __name__ == "__main__":
    chosen = SIDES[sys.argv[1]]
    side_module = importlib.import_module(chosen.module)
    serve(side_module.prepare(chosen))
