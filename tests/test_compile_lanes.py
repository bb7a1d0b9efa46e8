"""Threads that share bands of a batch: the same bits, and memory that nobody shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compile_tools import stepping, thin_bands

import tatami
from tatami import kernels, nn, optim
from tatami.kernels import native
from tatami.program.plan import Plan

SIZE = 23


@pytest.fixture
def threads() -> Iterator[Any]:
    """Return a function that sets the number of threads for a while."""
    before = native.get_num_threads()
    yield native.set_num_threads
    native.set_num_threads(before)


def training() -> Any:
    """Return a network's compiled training step, and the network."""
    tatami.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(144, 17), nn.ReLU(), nn.Linear(17, 5),
    )  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return stepping(tatami.compile, model, optimizer), model


def program_of(step: Any) -> Any:
    (program,) = (p for kind in step.compiled.kinds.values() for p in kind.programs)
    return program


def bits(step: Any, model: Any, count: int) -> list[bytes]:
    """Make some steps; return their losses, and the gradients and weights."""
    generator = np.random.default_rng(1)
    found = []
    for _ in range(count):
        x = generator.standard_normal((SIZE, 1, 14, 14)).astype(np.float32)
        loss = step(tatami.from_numpy(x), tatami.arange(SIZE) % 5)
        found.append(loss.detach().numpy().tobytes())
    for parameter in model.parameters():
        found += [
            parameter.grad.numpy().tobytes(),
            parameter.detach().numpy().tobytes(),
        ]
    return found


@pytest.mark.parametrize("planned", [1, 2, 3, 5])
def test_steps_are_the_same_bits_on_any_number_of_threads(
    threads: Any, planned: int
) -> None:
    found = []
    for running in (1, 2, 3, 8):
        threads(planned)
        with thin_bands():
            step, model = training()
            bits(step, model, 4)
        assert program_of(step).plan.lanes == planned
        threads(running)
        found.append(bits(step, model, 12))
    assert all(x == found[0] for x in found)


def planned(lanes: int) -> Plan:
    native.set_num_threads(lanes)
    with thin_bands():
        step, model = training()
        bits(step, model, 4)
    return program_of(step).plan


def overlaps(plan: Plan) -> list[tuple[Any, Any]]:
    """Return the lifetimes of all pairs of buffers that share memory."""
    offsets, _ = plan.places()
    lives, found = plan.lifetimes(), []
    numbers = sorted(lives)
    for i, one in enumerate(numbers):
        for two in numbers[:i]:
            start = max(offsets[one], offsets[two])
            sizes = (plan.buffers[n].nbytes for n in (one, two))
            ends = (
                offsets[n] + size for n, size in zip((one, two), sizes, strict=True)
            )
            if start < min(ends):
                found.append((lives[one], lives[two]))
    return found


@pytest.mark.parametrize("lanes", [2, 3])
def test_bands_of_different_lanes_share_no_memory(threads: Any, lanes: int) -> None:
    plan = planned(lanes)
    shared = overlaps(plan)
    own = [(a.band, b.band) for a, b in shared if a.band and b.band and a.band[0]]
    own = [(a, b) for a, b in own if a[0] == b[0]]
    assert own
    assert all(a[2] == b[2] for a, b in own)
    assert any(a[1] != b[1] for a, b in own), "bands of a lane take the same memory"


@pytest.mark.parametrize("lanes", [2, 3])
def test_what_serves_all_bands_shares_no_memory_with_them(
    threads: Any, lanes: int
) -> None:
    plan = planned(lanes)
    extents: dict[int, list[int]] = {}
    for i, call in enumerate(plan.calls):
        if call.band:
            extents.setdefault(call.band[0], []).append(i)
    for one, two in overlaps(plan):
        for a, b in ((one, two), (two, one)):
            if not (a.band and a.band[0]) or (b.band and b.band[0] == a.band[0]):
                continue
            run = extents[a.band[0]]
            assert b.last < min(run) or b.first > max(run)


def test_one_thread_needs_one_lane(threads: Any) -> None:
    assert planned(1).places()[1] < planned(2).places()[1]


@pytest.mark.skipif(kernels.in_use != "native", reason="programs of compiled kernels")
@pytest.mark.parametrize("count", [1, 2])
def test_a_refused_band_is_named(threads: Any, count: int) -> None:
    threads(count)
    program = native.Program()
    gradient = np.ones((1, 1, 2, 2), np.float32)
    x = np.zeros((1, 1, 4, 4), np.float32)
    codes = [np.zeros((1, 1, 2, 2), np.uint8) for _ in range(8)]
    outputs = [np.empty_like(x) for _ in codes]
    for code, output in zip(codes, outputs, strict=True):
        arguments = (gradient, code, x, (2, 2))
        assert program.add("max_pool_tiles_grad", arguments, (output,))
    program.add_bands(list(range(9)), 2)
    assert program.run(()) == -1
    assert all(output.sum() == 4 for output in outputs)
    codes[5][...] = 77
    assert program.run(()) == 5
