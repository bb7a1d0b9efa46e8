"""Hooks, gradients, options and generators that change between compiled calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from compile_tools import batches, check, classifier

import tatami
from tatami import nn, optim
from tatami.nn import functional as F


def test_hooks_added_later() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        call = compile(lambda x: model(x).sum())
        heard: list[int] = []
        handles = []
        for i, (x, _) in enumerate(batches(16)):
            if i == 5:
                hook = lambda *_: heard.append(1)  # noqa: E731
                handles.append(model[0].register_forward_hook(hook))
            if i == 8:
                handles.append(
                    model[2].register_forward_hook(lambda m, args, out: out * 2)
                )
            if i == 12:
                for handle in handles:
                    handle.remove()
            yield call(x), len(heard)

    check(scenario)


def test_hook_of_a_parameter() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = nn.Linear(5, 3)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        heard: list[int] = []

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for i, (x, y) in enumerate(batches(12)):
            if i == 5:
                model.weight.register_hook(lambda grad: heard.append(1) or grad * 2)
            yield step(x, y), model, len(heard)

    check(scenario)


def test_gradients_no_longer_cleared() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = nn.Linear(5, 3)

        @compile
        def walk(x: Any, y: Any) -> Any:
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        for i, (x, y) in enumerate(batches(16)):
            if i < 6 or i > 11:
                model.zero_grad()
            yield walk(x, y), model

    assert check(scenario).replays >= 4


@pytest.mark.parametrize("steps", [False, True], ids=["", "with a step"])
@pytest.mark.parametrize("together", [2, 3, 4])
def test_gradients_that_add_up(together: int, steps: bool) -> None:
    """Gradients are cleared before every second, third, fourth batch."""

    def scenario(compile: Any) -> Iterator[Any]:
        model = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        @compile
        def walk(x: Any, y: Any) -> Any:
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            if steps:
                optimizer.step()
            return loss

        for i, (x, y) in enumerate(batches(24)):
            if i % together == 0:
                optimizer.zero_grad()
            loss = walk(x, y)
            yield loss, model, optimizer, [p.grad._version for p in model.parameters()]

    report = check(scenario)
    assert report.programs() == 2
    assert report.replays >= 24 - 3 * together
    assert not report.warnings


BY_HAND = {
    "another": lambda x, bucket: (x * 3, x * 5),
    "turned": lambda x, bucket: ((x + tatami.arange(4.0)).t(), x * 2),
    "shared": lambda x, bucket: (x * 3,) * 2,
    "the argument": lambda x, bucket: (x, x * 5),
    "views": lambda x, bucket: (bucket[..., 0], bucket[..., 1]),
}


@pytest.mark.parametrize("how", BY_HAND)
def test_gradients_put_there_by_hand(how: str) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        one, two = (tatami.ones(4, 4, requires_grad=True) for _ in range(2))
        bucket = tatami.ones(4, 4, 2)

        @compile
        def walk(x: Any) -> Any:
            (one * x + two * 2).sum().backward()
            return one.grad + 1

        for i in range(20):
            x = tatami.full((4, 4), float(i))
            if i == 5 or i > 11:
                one.grad, two.grad = BY_HAND[how](x, bucket)
            yield walk(x), one.grad, two.grad, bucket, x

    check(scenario)


def test_gradient_that_is_the_result() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        weight = tatami.ones(4, requires_grad=True)

        @compile
        def walk(x: Any) -> Any:
            (weight * x).sum().backward()
            return weight.grad

        for i in range(12):
            if i % 3 == 0:
                weight.grad = None
            result = walk(tatami.full((4,), float(i)))
            yield result, result is weight.grad

    assert check(scenario).replays >= 3


def test_gradient_read_by_the_code() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        weight = tatami.ones(3, requires_grad=True)

        @compile
        def call(x: Any) -> Any:
            if weight.grad is None:
                return x * 2
            return x + weight.grad

        for i in range(20):
            if i == 5:
                weight.grad = tatami.ones(3)
            if i == 10:
                weight.grad = tatami.full((3,), 7.0)
            if i == 15:
                weight.grad = None
            yield call(tatami.ones(3))

    check(scenario)


def test_options_read_by_the_code() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        optimizer = optim.SGD([tatami.ones(1, requires_grad=True)], lr=1.0)
        group = optimizer.param_groups[0]
        one = compile(lambda x: x * optimizer.param_groups[0]["lr"])
        two = compile(lambda x: x * group["lr"])
        for i in range(15):
            group["lr"] = float(i // 5)
            yield one(tatami.ones(3)), two(tatami.ones(3))

    check(scenario)


def test_seeds_and_generators() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        generator = tatami.Generator().manual_seed(5)

        @compile
        def call(x: Any) -> Any:
            noise = tatami.rand(3, generator=generator)
            return F.dropout(x, 0.5) + noise + tatami.randn(3)

        for i in range(12):
            if i in (4, 9):
                tatami.manual_seed(i)
                generator.manual_seed(i)
            yield call(tatami.ones(3)), generator.get_state()

    check(scenario)
