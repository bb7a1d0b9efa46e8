"""Fused kernels: only what nobody else looks at, or looks at in another shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from compile_tools import close_to, compiled, snapshot

import tatami
from tatami import nn
from tatami.nn import functional as F

STEPS = 6
# A fused kernel may form sums in another order.
TOLERANCE = 4096.0
SQUARE, IMAGES = (6, 6), (4, 1, 18, 18)
CASES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "linear, relu": (lambda m, x: m.square(F.relu(m.square(x))), SQUARE),
    "linear, turned, relu": (lambda m, x: F.relu(m.square(x).t()), SQUARE),
    "linear, view, relu": (lambda m, x: F.relu(m.square(x).view(4, 9)), SQUARE),
    "relu, turned, linear": (
        lambda m, x: m.square(F.relu(x * m.square.weight).t()), SQUARE,
    ),
    "relu, flat, linear": (
        lambda m, x: m.flat(F.relu(x * m.square.bias).flatten(1)), (6, 2, 6, 6),
    ),
    "conv, relu, pool": (lambda m, x: F.max_pool2d(F.relu(m.conv(x)), 2), IMAGES),
    "conv, pool, relu": (lambda m, x: F.relu(F.max_pool2d(m.conv(x), 2)), IMAGES),
    "conv, pool, flat": (lambda m, x: F.max_pool2d(m.conv(x), 2).flatten(1), IMAGES),
    "conv, turned, relu": (lambda m, x: F.relu(m.conv(x).mT), IMAGES),
    "conv, turned, relu, pool": (
        lambda m, x: F.max_pool2d(F.relu(m.conv(x).mT), 2), IMAGES,
    ),
    "conv, relu, turned, pool": (
        lambda m, x: F.max_pool2d(F.relu(m.conv(x)).mT, 2), IMAGES,
    ),
    "conv, pool, turned, relu": (
        lambda m, x: F.relu(F.max_pool2d(m.conv(x), 2).mT), IMAGES,
    ),
    "conv, relu, shifted, pool": (
        lambda m, x: F.max_pool2d(F.relu(m.conv(x)) + 1, 2), IMAGES,
    ),
    "conv, relu, pool twice": (
        lambda m, x: F.max_pool2d(z := F.relu(m.conv(x)), 2) + z[..., ::2, ::2], IMAGES,
    ),
    "indices": (
        lambda m, x: F.max_pool2d(m.conv(x), 2, return_indices=True), IMAGES,
    ),
    "indices behind relu": (
        lambda m, x: F.max_pool2d(F.relu(m.conv(x)), 2, return_indices=True), IMAGES,
    ),
}  # fmt: skip
FUSED = {
    "linear, relu": "linear_relu", "conv, relu, pool": "convolution_max_pool",
    "conv, pool, relu": "convolution_max_pool",
    "conv, pool, flat": "convolution_max_pool",
}  # fmt: skip


def scenario(name: str, training: bool, compile: Any) -> Iterator[Any]:
    """Call a part of a network, and walk back through it if training."""
    part, shape = CASES[name]
    model = nn.Module()
    model.square, model.flat = nn.Linear(6, 6), nn.Linear(72, 3)
    model.conv = nn.Conv2d(1, 6, 3)

    @compile
    def call(x: Any) -> Any:
        model.zero_grad()
        results = part(model, x)
        results = results if isinstance(results, tuple) else (results,)
        if training:
            results[0].square().sum().backward()
        return [result.detach() for result in results]

    for _ in range(STEPS):
        with tatami.set_grad_enabled(training):
            yield call(tatami.rand(*shape)), model


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("name", CASES)
def test_views_between_kernels(name: str, training: bool) -> None:
    tatami.manual_seed(0)
    wanted = [snapshot(x) for x in scenario(name, training, lambda call: call)]
    report, _ = compiled(lambda compile: scenario(name, training, compile))
    for (found, _), expected in zip(report.snapshots, wanted, strict=True):
        assert not close_to(found, expected, TOLERANCE)
    assert report.replays >= STEPS - 3
    notes = [
        note
        for kind in report.functions[0].compiled.kinds.values()
        for program in kind.programs
        for note in program.plan.notes
    ]
    assert FUSED.get(name, "") in " ".join(notes)
