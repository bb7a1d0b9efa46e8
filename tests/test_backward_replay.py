"""Backward passes that are replayed against the walk through the graph."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from capture_fuzzer import TOLERANCE, scenario_of, source_of
from compile_tools import close_to, snapshot

import tatami
import tatami.nn.functional as F
from tatami import nn
from tatami.autograd import engine

pytestmark = pytest.mark.skipif(
    engine.passes is None, reason="passes are replayed by the compiled extension"
)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the passes of other tests."""
    engine.passes.clear()
    yield
    engine.passes.active = True
    engine.passes.clear()


def story(scenario: Callable[[Any], Iterator[Any]], replayed: bool) -> list[Any]:
    """Return what is to be compared after each step of a scenario."""
    engine.passes.active = replayed
    tatami.manual_seed(0)
    found = [snapshot(value) for value in scenario(lambda function: function)]
    engine.passes.active = True
    return found


def both_ways(scenario: Callable[[Any], Iterator[Any]], tolerance: float) -> None:
    """Compare a scenario with and without replays."""
    walked, replayed = story(scenario, False), story(scenario, True)
    for i, pair in enumerate(zip(replayed, walked, strict=True)):
        difference = close_to(*pair, tolerance)
        assert not difference, f"step {i}{difference}"


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    both_ways(scenario_of(source_of(seed)), TOLERANCE)


class Tutorial(nn.Module):
    """The network of PyTorch's tutorial."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 16, 3)
        self.fc1, self.fc2 = nn.Linear(16 * 6 * 6, 120), nn.Linear(120, 10)

    def forward(self, x: Any) -> Any:
        """Return scores."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.view(-1, 16 * 6 * 6))))


def training(steps: int = 8, batch: int = 2, keep: bool = False) -> Any:
    """Return a scenario that trains the tutorial's network."""

    def scenario(compile: Any) -> Iterator[Any]:
        model = Tutorial()
        optimizer = tatami.optim.SGD(model.parameters(), lr=0.01)
        for i in range(steps):
            x, y = tatami.randn(batch, 1, 32, 32), tatami.randn(batch, 10)
            if not keep or i % 3 == 0:
                optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            yield loss, model

    return scenario


def test_training_is_replayed() -> None:
    both_ways(training(), TOLERANCE)
    assert engine.passes.ready == 1


def test_gradients_add_up() -> None:
    both_ways(training(16, keep=True), TOLERANCE)
    assert engine.passes.ready == 2


def test_a_changed_batch_is_another_pass() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        layer = nn.Linear(3, 2)
        for i in range(20):
            layer.zero_grad()
            layer(tatami.randn(1 + i % 3, 3)).square().sum().backward()
            yield layer

    both_ways(scenario, 0)
    assert engine.passes.ready == 3


def repeated(function: Callable[[Any], Any], *shape: int) -> None:
    """Compare eight passes through a function of a leaf."""

    def scenario(compile: Any) -> Iterator[Any]:
        for _ in range(8):
            x = tatami.randn(*shape, requires_grad=True)
            function(x).backward()
            yield x.grad

    both_ways(scenario, 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x.t() @ x).sum(),
        lambda x: x[1:, ::2].exp().sum(),
        lambda x: (x.expand(4, *x.shape) * 2).sum(),
        lambda x: tatami.cat([x, x * 2]).square().mean(),
        lambda x: x.view(-1)[3:7].sum() + x.view(-1)[5:].square().sum(),
        lambda x: F.cross_entropy(x, tatami.arange(len(x)) % x.shape[1]),
        lambda x: x.clone().mul_(2).add_(x).sum(),
        lambda x: F.dropout(x, 0.5).sum(),
        lambda x: x.max() * x.min(),
        lambda x: x.sort(0).values[0].sum(),
        lambda x: x.sum(),
        lambda x: x.detach().sum() * x.mean(),
        lambda x: F.gelu(x).std() + F.softmax(x, 0)[0, 0],
    ],
)  # fmt: skip
def test_functions(function: Callable[[Any], Any]) -> None:
    repeated(function, 5, 7)


@pytest.mark.parametrize(
    "block",
    [
        lambda y: F.max_pool2d(F.relu(y), 2),
        lambda y: F.relu(F.max_pool2d(y, 2)),
        lambda y: F.max_pool2d(y, (3, 2)),
        lambda y: F.max_pool2d(F.relu(y), 3, 2),
        lambda y: F.max_pool2d(F.relu(y), 2, return_indices=True)[0],
        # What the pooling sees is positive where relu let nothing through.
        lambda y: F.max_pool2d(F.relu(y) + 1, 2),
        lambda y: F.max_pool2d(F.threshold(y, 0, 20), 2),
        lambda y: F.max_pool2d(F.relu(y.detach()) + F.relu(y) - 1, 2),
        lambda y: F.max_pool2d(F.relu(y).mT, 2),
        lambda y: F.max_pool2d(z := F.relu(y), 2) + z[..., ::2, ::2],
        lambda y: F.max_pool2d(F.relu(y), 2) + F.max_pool2d(F.relu(y), 2),
    ],
)
def test_blocks_of_convolutions(block: Callable[[Any], Any]) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        first, second = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 9, 3, padding=1)
        for _ in range(8):
            y = block(second(block(first(tatami.randn(2, 1, 38, 38)))))
            y.square().sum().backward()
            yield first, second

    both_ways(scenario, TOLERANCE)


def test_values_decide_nothing_unseen() -> None:
    """A factor that is a number of Python's is part of what a pass is like."""

    def scenario(compile: Any) -> Iterator[Any]:
        for factor in (1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 2.0, 0.0, -0.0):
            x = tatami.ones(3, requires_grad=True)
            (x * factor).sum().backward()
            yield x.grad

    both_ways(scenario, 0)


def test_shared_memory_is_seen() -> None:
    """Two saved values that lie in one memory are not two that do not."""

    def scenario(compile: Any) -> Iterator[Any]:
        data = tatami.arange(12.0)
        for i in range(16):
            a = data[i % 3 : i % 3 + 4]
            b = data[4:8] if i % 2 else data[:4]
            x = tatami.ones(4, requires_grad=True)
            (x * a * b).sum().backward()
            yield x.grad

    both_ways(scenario, 0)


def test_the_graph_is_freed() -> None:
    x = tatami.ones(3, requires_grad=True)
    for _ in range(6):
        loss = x.square().sum()
        loss.backward()
        with pytest.raises(RuntimeError, match="a second time"):
            loss.backward()


def test_a_kept_graph_can_be_walked_again() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        for _ in range(6):
            x = tatami.randn(3, requires_grad=True)
            loss = x.square().sum()
            for keep in (True, True, False):
                loss.backward(retain_graph=keep)
                yield x.grad

    both_ways(scenario, 0)


def test_changed_saved_values_are_refused() -> None:
    for _ in range(6):
        x, factor = tatami.ones(3, requires_grad=True), tatami.ones(3)
        loss = (x * factor).sum()
        factor.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
        assert x.grad is None


def test_the_default_type_is_part_of_a_pass() -> None:
    """A backward may make tensors of the default type."""

    def scenario(compile: Any) -> Iterator[Any]:
        layer = nn.Linear(3, 2)
        for i in range(24):
            if i == 12:
                tatami.set_default_dtype(tatami.float64)
            layer.zero_grad()
            x = tatami.ones(4, 3, dtype=tatami.float32)
            layer(x).square().mean().backward()
            yield layer
        tatami.set_default_dtype(tatami.float32)

    both_ways(scenario, 0)
    assert engine.passes.ready == 2


def test_hooks_are_called() -> None:
    seen = []
    x = tatami.ones(3, requires_grad=True)
    for turn in range(8):
        x.grad = None
        y = x * 2
        if turn > 5:
            y.register_hook(lambda grad: seen.append(grad) or grad * 10)
        y.sum().backward()
        assert x.grad.tolist() == [20.0 if turn > 5 else 2.0] * 3
    assert len(seen) == 2


def test_a_function_of_the_users_is_walked() -> None:
    calls = []

    class Double(tatami.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            calls.append(1)
            return grad * 2

    for _ in range(7):
        x = tatami.ones(2, requires_grad=True)
        Double.apply(x * 3).sum().backward()
        assert x.grad.tolist() == [6.0, 6.0]
    assert len(calls) == 7


def test_gradients_belong_to_the_caller() -> None:
    """The next pass must not write into a gradient that was handed out."""
    x = tatami.ones(4, requires_grad=True)
    held = []
    for i in range(8):
        x.grad = None
        (x * float(i % 2)).sum().backward()
        held.append(x.grad)
    assert [grad.tolist() for grad in held] == [[float(i % 2)] * 4 for i in range(8)]


def test_versions_count_additions() -> None:
    x = tatami.ones(4, requires_grad=True)
    versions = []
    for _ in range(8):
        x.sum().backward()
        versions.append(x.grad._version)
    assert versions == list(range(8))
    assert x.grad.tolist() == [8.0] * 4


def test_nothing_is_held_between_passes() -> None:
    def passes() -> None:
        layer = nn.Linear(300, 300)
        for _ in range(6):
            layer(tatami.randn(64, 300)).square().sum().backward()

    passes()
    gc.collect()
    alive = [x for x in gc.get_objects() if type(x) is nn.Linear]
    assert not [layer for layer in alive if layer.in_features == 300]


def test_threads_walk_beside_each_other() -> None:
    weight = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    wrong: list[str] = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).standard_normal((30, 40)).astype(np.float32)
        wanted = 2 * x.T @ (x @ weight)
        for _ in range(60):
            w = tatami.tensor(weight, requires_grad=True)
            (tatami.from_numpy(x) @ w).square().sum().backward()
            if not np.allclose(w.grad.numpy(), wanted, rtol=1e-4, atol=1e-3):
                wrong.append(f"seed {seed}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_known_stays_small() -> None:
    for length in range(1, 150):
        x = tatami.ones(length, requires_grad=True)
        x.square().sum().backward()
    assert len(engine.passes) <= 64
