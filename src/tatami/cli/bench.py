"""``tatami bench``: how fast this machine trains and runs the tutorial's network."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from .errors import CommandError

if TYPE_CHECKING:
    from .measure.timing import Summary
    from .measure.worker import Worker

__all__ = ["add_parser"]

_BATCHES = (1, 64)
_EAGER = "tatami eager"
_COLUMNS = "{:<10} {:>5}  {:<15} {:>12} {:>12} {:>9} {:>6} {:>8}"


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, but got {value}")
    return value


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "bench",
        help="measure this machine on the tutorial's network",
        description="Train and run the network of the PyTorch tutorial (1x32x32 "
        "images, 81,194 parameters, SGD) with tatami, eager and compiled, and with "
        "PyTorch if it is installed. Each has its own process; blocks of their steps "
        "follow each other in turn, so that a busy machine slows all alike.",
    )
    add = parser.add_argument
    add("--batch-sizes", type=_positive, nargs="+", metavar="N", default=_BATCHES,
        help="default: 1 64")  # fmt: skip
    add("--threads", type=_positive, metavar="N", default=1, help="default: 1")
    add("--rounds", type=_positive, metavar="N", default=7,
        help="blocks of each side (default: 7)")  # fmt: skip
    add("--seconds", type=float, metavar="S", default=0.15,
        help="length of a block (default: 0.15)")  # fmt: skip
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    import tatami

    from ..kernels import native
    from .measure.machine import machine_name

    threads = arguments.threads
    print(f"kernels: {tatami.kernels.in_use}, {native.instruction_set()}")
    print(f"machine: {machine_name()}; {threads} thread{'s' if threads > 1 else ''}")
    peak = _peak(threads)
    workers = _workers(threads)
    heads = ("batch", "", "time a step", "images/s", "GFLOP/s", "share", "speed")
    print(_COLUMNS.format("", *heads))
    try:
        for training in (True, False):
            for batch in arguments.batch_sizes:
                _compare(workers, arguments, training, batch, peak)
    finally:
        for worker in workers:
            worker.close()
    print(
        "share: of the machine's multiply-adds; speed: times that of "
        f"{workers[-1].name}, the middle of {arguments.rounds} pairs of blocks"
    )
    return 0


def _peak(threads: int) -> float | None:
    """Return the machine's best rate in GFLOP/s, or None without a compiler."""
    from .measure.machine import measure_peak

    try:
        peak = measure_peak((threads,))[threads]
    except RuntimeError as error:
        print(f"peak:    not measured ({error})", flush=True)
        return None
    print(
        f"peak:    {peak.gflops:.0f} GFLOP/s of multiply-adds (float32), copying "
        f"{peak.copy:.1f} GB/s",
        flush=True,
    )
    return peak.gflops


def _workers(threads: int) -> list[Worker]:
    """Start a process for each side there is, and say which there is not."""
    from importlib.util import find_spec

    import tatami

    from .measure.worker import Worker, source_folder

    sides = {_EAGER: ("tatami", "eager")}
    if hasattr(tatami, "compile"):
        sides = {"tatami compiled": ("tatami", "compiled"), **sides}
    else:
        print("tatami compiled: not available")
    if find_spec("torch") is not None:
        sides["PyTorch eager"] = ("torch", "eager")
    else:
        print("PyTorch: not installed")
    program = [sys.executable, "-m", "tatami.cli.measure.step_worker"]
    path = {"PYTHONPATH": source_folder()}
    return [
        Worker(name, [*program, *words], threads, path) for name, words in sides.items()
    ]


def _compare(
    workers: list[Worker], arguments: argparse.Namespace, training: bool, batch: int,
    peak: float | None,
) -> None:  # fmt: skip
    import tatami

    from .measure.flops import count_flops
    from .measure.steps import tutorial_network
    from .measure.timing import summarize
    from .measure.worker import Failure, interleave

    spec = {"training": training, "batch": batch, "threads": arguments.threads}
    try:
        for worker in workers:
            worker.prepare(spec)
        rounds = interleave(workers, arguments.rounds, arguments.seconds)
    except Failure as failure:
        raise CommandError(
            f"{'training' if training else 'inference'}: {failure}"
        ) from None
    counted = count_flops(tutorial_network(tatami), batch, 1, 32, 32)
    flops = counted.training if training else counted.forward
    base = workers[-1].name
    for name, summary in summarize(rounds, base).items():
        print(_line(name, summary, training, batch, flops, peak), flush=True)


def _line(
    name: str, summary: Summary, training: bool, batch: int, flops: int,
    peak: float | None,
) -> str:  # fmt: skip
    rate = flops / summary.median / 1e9
    return _COLUMNS.format(
        "training" if training else "inference",
        batch,
        name,
        f"{summary.median * 1e6:,.1f} us",
        f"{batch / summary.median:,.0f}",
        f"{rate:.1f}",
        "-" if peak is None else f"{rate / peak:.1%}",
        f"{summary.ratio:.2f}" if summary.ratio else "-",
    ).rstrip()
