"""Fixed work whose instructions are counted: the program for compare_commits.py.

It uses whichever tatami the path has, old ones too, and so only its public names.

    python benchmarks/counted_steps.py list
    python benchmarks/counted_steps.py count NAME CALLS
    valgrind ... python benchmarks/counted_steps.py callgrind SHIM.so
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tatami

STEPS = Path(__file__).parents[1] / "src" / "tatami" / "cli" / "measure" / "steps.py"
Call = Callable[[], Any]
_WARM = 3
_CALLS = 3


def steps() -> Any:
    """Return this checkout's module of training steps, on the path's tatami."""
    spec = importlib.util.spec_from_file_location("steps", STEPS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tutorial(batch: int, training: bool = True, compiled: bool = False) -> Call:
    """Return a step, or an inference, of the tutorial's network."""
    tools = steps()
    tatami.manual_seed(0)
    network = tools.tutorial_network(tatami)
    data = (tatami.randn(batch, 1, 32, 32), tatami.randn(batch, 10))
    call: Call
    if not training:
        call = tools.inference(tatami, network, data, compiled)
        return call
    optimizer = tatami.optim.SGD(network.parameters(), lr=0.01)
    loss = tatami.nn.MSELoss()
    call = tools.training_step(tatami, network, optimizer, loss, data, compiled)
    return call


def perceptron(compiled: bool = False) -> Call:
    """Return a step of a network with a normalised layer, trained by Adam."""
    nn = tatami.nn
    tatami.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(784, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10)
    )
    data = (tatami.randn(32, 784), tatami.randint(0, 10, (32,)))
    optimizer = tatami.optim.Adam(network.parameters())
    loss = nn.CrossEntropyLoss()
    call: Call = steps().training_step(tatami, network, optimizer, loss, data, compiled)
    return call


def small_operations() -> Call:
    """Return a chain of operations on single elements, and its backward."""
    x, y = tatami.ones(1, requires_grad=True), tatami.ones(1)

    def call() -> None:
        z = x
        for _ in range(20):
            z = (z * y + y).relu().view(1)
        z.sum().backward()
        x.grad = None

    return call


WORK: dict[str, Callable[[], Call]] = {
    "operations on single elements": small_operations,
    "tutorial's CNN, eager, batch 1": lambda: tutorial(1),
    "tutorial's CNN, eager, batch 16": lambda: tutorial(16),
    "tutorial's CNN, inference, batch 16": lambda: tutorial(16, training=False),
    "MLP with batch norm and Adam, eager": perceptron,
}
if hasattr(tatami, "compile"):
    WORK |= {
        "tutorial's CNN, compiled, batch 1": lambda: tutorial(1, compiled=True),
        "tutorial's CNN, compiled, batch 16": lambda: tutorial(16, compiled=True),
        "MLP with batch norm and Adam, compiled": lambda: perceptron(compiled=True),
    }


def repeat(call: Call, times: int) -> None:
    """Call several times."""
    for _ in range(times):
        call()


def under_callgrind(shim: str) -> None:
    """Do all work, and let callgrind write a file of counts for each."""
    counter = ctypes.CDLL(shim)
    for name, make in WORK.items():
        call = make()
        repeat(call, _WARM)
        counter.start()
        repeat(call, _CALLS)
        counter.stop(name.encode())


def main() -> None:
    """Do what the command line says."""
    tatami.set_num_threads(1)
    if sys.argv[1] == "list":
        print(tatami.__file__, *WORK, sep="\n")
    elif sys.argv[1] == "count":
        call = WORK[sys.argv[2]]()
        repeat(call, _WARM)
        repeat(call, int(sys.argv[3]))
    else:
        under_callgrind(sys.argv[2])


if __name__ == "__main__":
    main()
