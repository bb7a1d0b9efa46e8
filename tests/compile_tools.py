"""Scenarios for ``tatami.compile``: the same story told eagerly and compiled.

A scenario is a generator function of one argument, ``compile``. It makes what it needs,
wraps functions with ``compile``, and yields after each step whatever has to be equal:
results, modules, optimizers. :func:`check` runs it twice and compares bit for bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import tatami
from tatami import nn
from tatami.nn import functional as F
from tatami.optim import Optimizer
from tatami.program import bands, captured, graph, owed

__all__ = [
    "Report", "batches", "check", "classifier", "close_to", "small_debts", "snapshot",
    "stepping", "thin_bands",
]  # fmt: skip

Scenario = Callable[[Any], Iterator[Any]]


class Report:
    """What became of the functions that a scenario compiled.

    Attributes:
        functions: the compiled functions, in order.
        replays: calls that a program served.
        warnings: the texts of the warnings about running eagerly.
        snapshots: what was compared.
    """

    def __init__(self) -> None:
        self.functions: list[Any] = []
        self.replays = 0
        self.warnings: list[str] = []
        self.snapshots: list[Any] = []

    def programs(self, i: int = 0) -> int:
        """Return how many programs a function has."""
        return sum(len(kind.programs) for kind in self._of(i).kinds.values())

    def kinds(self, i: int = 0) -> int:
        """Return how many kinds of calls a function has met."""
        return len(self._of(i).kinds)

    def in_python(self, i: int = 0) -> list[str]:
        """Return the kernels of a function's programs that are not compiled."""
        programs = [x for kind in self._of(i).kinds.values() for x in kind.programs]
        steps = [x for program in programs for y in program.machine.steps for x in y]
        return [step.call.name for step in steps if step.by_python]

    def reason(self, i: int = 0) -> str:
        """Return why a function runs eagerly, or nothing."""
        return self._of(i).reason or ""

    def _of(self, i: int) -> Any:
        return self.functions[i].compiled


def snapshot(value: Any) -> Any:
    """Return an unchanging copy of what two runs must agree on."""
    if isinstance(value, tatami.Tensor):
        array = value._array
        return (
            "tensor", type(value).__name__, str(array.dtype), array.shape,
            array.tobytes(), value.requires_grad,
        )  # fmt: skip
    if isinstance(value, nn.Module):
        state = {name: snapshot(x) for name, x in value.state_dict().items()}
        grads = {name: snapshot(p.grad) for name, p in value.named_parameters()}
        return state, grads
    if isinstance(value, Optimizer):
        return snapshot(value.state_dict())
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [snapshot(item) for item in value]
    return repr(value)


def _steps(scenario: Scenario, compile: Any, replays: list[int]) -> list[Any]:
    tatami.manual_seed(0)
    found = []
    for value in scenario(compile):
        found.append((snapshot(value), tatami.get_rng_state()._array.tobytes()))
        replays.append(0)
    return found


@contextmanager
def _counted(replays: list[int]) -> Iterator[None]:
    """Count the calls that programs serve, whichever way they take."""
    kinds = (captured.Captured, "finish"), (captured.Captured, "__call__")
    kinds += ((graph.CapturedGraph, "__call__"),)
    originals = [kind.__dict__[name] for kind, name in kinds]

    def counting(original: Any) -> Any:
        def call(self: Any, *args: Any) -> Any:
            replays[-1] += 1
            return original(self, *args)

        return call

    for (kind, name), original in zip(kinds, originals, strict=True):
        setattr(kind, name, counting(original))
    try:
        yield
    finally:
        for (kind, name), original in zip(kinds, originals, strict=True):
            setattr(kind, name, original)


def compiled(scenario: Scenario, **options: Any) -> tuple[Report, list[int]]:
    """Run a scenario with compiled functions; say what each step was served by."""
    report, replays = Report(), [0]

    def compile(function: Any) -> Any:
        made = tatami.compile(function, **options)
        report.functions.append(made)
        return made

    with _counted(replays), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report.snapshots = _steps(scenario, compile, replays)
    texts = [str(warning.message) for warning in caught]
    report.warnings = [text for text in texts if "tatami.compile" in text]
    report.replays = sum(replays)
    return report, replays


def check(scenario: Scenario, **options: Any) -> Report:
    """Fail unless a scenario gives the same bits compiled; return what happened.

    Args:
        scenario: see the module.
        options: for ``tatami.compile``.
    """
    expected = _steps(scenario, lambda function: function, [0])
    report, _ = compiled(scenario, **options)
    assert len(report.snapshots) == len(expected)
    for i, (found, wanted) in enumerate(zip(report.snapshots, expected, strict=True)):
        assert not close_to(found, wanted, 0), (
            f"step {i} differs: {close_to(found, wanted, 0)}"
        )
    return report


def close_to(found: Any, wanted: Any, tolerance: float, where: str = "") -> str:
    """Return where two snapshots differ by more than a share of the largest element.

    With a tolerance of 0 they must agree bit for bit. Nothing means that they agree.
    """
    if isinstance(wanted, tuple) and wanted and wanted[0] == "tensor" and tolerance:
        return _close_tensors(found, wanted, tolerance, where)
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or found.keys() != wanted.keys():
            return f"{where}: other names"
        pairs = [(str(key), found[key], wanted[key]) for key in wanted]
    elif isinstance(wanted, (list, tuple)):
        if type(found) is not type(wanted) or len(found) != len(wanted):
            return f"{where}: {_short(found, wanted)}"
        pairs = [
            (str(i), *pair) for i, pair in enumerate(zip(found, wanted, strict=True))
        ]
    else:
        return "" if found == wanted else f"{where}: {_short(found, wanted)}"
    for name, one, two in pairs:
        difference = close_to(one, two, tolerance, f"{where}.{name}")
        if difference:
            return difference
    return ""


def _short(found: Any, wanted: Any) -> str:
    """Return two values in few words; bytes are those of numbers."""
    if isinstance(found, bytes) and isinstance(wanted, bytes):
        kind = np.float32 if len(wanted) % 4 == 0 else np.uint8
        found, wanted = (np.frombuffer(x[:16], kind) for x in (found, wanted))
    return f"{found!s:.100} for {wanted!s:.100}"


def _close_tensors(found: Any, wanted: Any, tolerance: float, where: str) -> str:
    if found[:4] != wanted[:4] or found[5] != wanted[5]:
        return f"{where}: {found[:4]} for {wanted[:4]}"
    one, two = (np.frombuffer(x[4], x[2]) for x in (found, wanted))
    if one.dtype.kind != "f":
        return "" if np.array_equal(one, two) else f"{where}: other numbers"
    if not np.array_equal(np.isfinite(one), np.isfinite(two)):
        return f"{where}: other numbers are finite"
    finite = np.isfinite(two)
    one, two = one[finite], two[finite]
    if one.size == 0:
        return ""
    error = float(np.abs(one - two).max() / max(float(np.abs(two).max()), 1e-3))
    limit = tolerance * float(np.finfo(one.dtype).eps)
    return "" if error <= limit else f"{where}: differs by {error:.2g} > {limit:.2g}"


def batches(count: int, size: int = 6, features: int = 5, classes: int = 3) -> Any:
    """Yield fixed batches for a classifier."""
    generator = np.random.default_rng(7)
    for _ in range(count):
        x = generator.standard_normal((size, features)).astype(np.float32)
        y = generator.integers(0, classes, size)
        yield tatami.from_numpy(x), tatami.from_numpy(y)


def classifier(features: int = 5, classes: int = 3) -> nn.Module:
    """Return a small network with batch norm and dropout."""
    return nn.Sequential(
        nn.Linear(features, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25),
        nn.Linear(8, classes),
    )  # fmt: skip


def stepping(compile: Any, model: Any, optimizer: Any) -> Any:
    """Return a compiled training step."""

    @compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


@contextmanager
def thin_bands() -> Iterator[None]:
    """Let programs go through batches of any size row by row."""
    limits = bands.BAND, bands.LEAST_ROWS, bands.SHARE_OF_SUMS
    bands.BAND, bands.LEAST_ROWS, bands.SHARE_OF_SUMS = 1, 1, 1e6
    try:
        yield
    finally:
        bands.BAND, bands.LEAST_ROWS, bands.SHARE_OF_SUMS = limits


@contextmanager
def small_debts() -> Iterator[None]:
    """Let programs owe gradients of any size."""
    least, owed.LEAST = owed.LEAST, 1
    try:
        yield
    finally:
        owed.LEAST = least
