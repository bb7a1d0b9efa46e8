"""Gradients that replayed backward passes owe: the same numbers, whoever does what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compile_tools import close_to, small_debts, snapshot

import tatami
import tatami.nn.functional as F
from tatami import nn, optim
from tatami.autograd import engine
from tatami.kernels import native

pytestmark = pytest.mark.skipif(
    engine.passes is None, reason="passes are replayed by the compiled extension"
)
STEPS = 10
Scenario = Callable[[], Iterator[Any]]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the passes of other tests."""
    engine.passes.clear()
    with small_debts():
        yield
    engine.passes.active = True
    engine.passes.clear()


def check(scenario: Scenario) -> None:
    """Fail unless a scenario gives the same bits with passes walked and replayed."""
    stories = []
    for replayed in (False, True):
        engine.passes.active = replayed
        tatami.manual_seed(0)
        stories.append([snapshot(value) for value in scenario()])
    for i, (walked, found) in enumerate(zip(*stories, strict=True)):
        assert not close_to(found, walked, 0), f"step {i}{close_to(found, walked, 0)}"
    assert engine.passes.ready


class Layers(nn.Module):
    """Two layers; keeps what it is told to."""

    def __init__(self, keep: str = "") -> None:
        super().__init__()
        self.first, self.second = nn.Linear(5, 19), nn.Linear(19, 7)
        self.keep, self.kept = keep, None

    def forward(self, x: Any) -> Any:
        """Return scores."""
        hidden = F.relu(self.first(x))
        if self.keep:
            kept = {"it": hidden, "a view": hidden[:1], "its array": hidden.detach()}
            self.kept = kept[self.keep]
        return self.second(hidden)


def owing(model: nn.Module) -> int:
    """Return how many parameters are owed a gradient."""
    _, _, gradients = native.trained(list(model.parameters()), True)
    return sum(isinstance(gradient, tuple) for gradient in gradients)


def batch(size: int = 3) -> tuple[Any, Any]:
    return tatami.randn(size, 5), tatami.arange(size) % 7


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.01),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "LBFGS": lambda p: optim.LBFGS(p, lr=0.1, max_iter=2),
}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training(name: str, size: int) -> None:
    def scenario() -> Iterator[Any]:
        model = Layers()
        optimizer = OPTIMIZERS[name](model.parameters())
        for i in range(STEPS):
            x, y = batch(size)

            def closure(x: Any = x, y: Any = y) -> Any:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            if name != "LBFGS":
                closure()
                owed = owing(model)
            yield optimizer.step(closure if name == "LBFGS" else None)
            yield model if i % 3 == 2 else model.state_dict()
        if name != "LBFGS" and engine.passes.active:
            # The first layer's input is an argument, which others hold.
            assert owed == (1 if size <= 4 else 0)

    check(scenario)


@pytest.mark.parametrize("keep", ["it", "a view", "its array"])
def test_what_others_can_change_is_not_owed(keep: str) -> None:
    def scenario() -> Iterator[Any]:
        model = Layers(keep)
        for _ in range(STEPS):
            model.zero_grad()
            x, y = batch()
            F.cross_entropy(model(x), y).backward()
            with tatami.no_grad():
                model.kept.zero_()
            assert owing(model) == 0
            yield model

    check(scenario)


def test_an_input_that_changes_later() -> None:
    def scenario() -> Iterator[Any]:
        layer = nn.Linear(11, 13)
        memory = np.ones((2, 11), np.float32)
        for i in range(STEPS):
            layer.zero_grad()
            memory[...] = i + 1
            layer(tatami.from_numpy(memory)).square().sum().backward()
            memory[...] = 0
            yield layer

    check(scenario)


def test_an_input_that_nobody_holds() -> None:
    def scenario() -> Iterator[Any]:
        layer = nn.Linear(11, 13)
        for _ in range(STEPS):
            layer.zero_grad()
            layer(tatami.randn(2, 11)).square().sum().backward()
            owed = owing(layer)
            yield layer
        assert owed == (1 if engine.passes.active else 0)

    check(scenario)


def test_a_graph_that_is_kept() -> None:
    def scenario() -> Iterator[Any]:
        model = Layers()
        for _ in range(STEPS):
            model.zero_grad()
            x, y = batch()
            loss = F.cross_entropy(model(x), y)
            loss.backward(retain_graph=True)
            assert owing(model) == 0
            loss.backward()
            yield model

    check(scenario)


def test_two_models_share_a_pass() -> None:
    def scenario() -> Iterator[Any]:
        models = [Layers(), Layers()]
        for i in range(STEPS):
            for model in models:
                model.zero_grad()
                x, y = batch()
                F.cross_entropy(model(x), y).backward()
            yield models[i % 2 :] + models[: i % 2]

    check(scenario)
    assert engine.passes.ready == 1


def test_gradients_that_add_up() -> None:
    def scenario() -> Iterator[Any]:
        model = Layers()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for i in range(3 * STEPS):
            x, y = batch()
            F.cross_entropy(model(x), y).backward()
            if i % 3 == 2:
                optimizer.step()
                optimizer.zero_grad(set_to_none=i % 2 == 0)
            yield loss_free(model, i)

    check(scenario)


def loss_free(model: nn.Module, i: int) -> Any:
    """Return a model with its gradients, or without looking at them."""
    return model if i % 4 == 3 else model.state_dict()


def test_a_shape_that_no_longer_fits() -> None:
    model = Layers()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        model.zero_grad()
        x, y = batch()
        F.cross_entropy(model(x), y).backward()
    assert owing(model) == 1
    before = model.first.weight.tolist()
    model.second.weight.data = tatami.zeros(2, 2)
    message = r"a parameter has shape \[2, 2\], but its gradient \[7, 19\]"
    with pytest.raises(RuntimeError, match=message):
        optimizer.step()
    assert model.first.weight.tolist() == before


def test_a_gradient_is_one_tensor() -> None:
    model = Layers()
    for _ in range(STEPS):
        model.zero_grad()
        x, y = batch()
        F.cross_entropy(model(x), y).backward()
    assert owing(model) == 1
    gradient = model.second.weight.grad
    assert owing(model) == 0
    assert model.second.weight.grad is gradient


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)),
        (np.ones((2, 3), np.float32), np.ones((3, 2), np.float64)),
        (np.ones((2, 3), np.int32), np.ones((3, 2), np.int32)),
        (np.ones(3, np.float32), np.ones((3, 2), np.float32)),
    ],
    ids=["lengths", "types", "integers", "a row"],
)
def test_what_cannot_be_owed(a: Any, b: Any) -> None:
    with pytest.raises(TypeError, match="two matrices of one type"):
        native.Debt(a, b)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_any_layout_of_the_factors(kind: Any) -> None:
    generator = np.random.default_rng(0)
    wide = generator.standard_normal((3, 8)).astype(kind)
    for a in (wide[:, ::2], wide[:, ::-2], wide[:, 4:]):
        for b in (wide.T[:4], wide.T[::-2], np.ascontiguousarray(wide.T[:4])):
            weight = tatami.zeros(3, 3, dtype=tatami.from_numpy(wide).dtype)
            weight._grad = native.Debt(a, b)
            np.testing.assert_allclose(weight.grad.numpy(), a @ b, rtol=1e-5)
