"""Whole training steps: compiled ones leave behind what eager ones do, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from compile_tools import batches, check, classifier

import tatami
from tatami import kernels, nn, optim
from tatami.nn import functional as F

STEPS = 8
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "dampened": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1),
    "nesterov": lambda p: optim.SGD(
        p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    ),
    "maximize": lambda p: optim.SGD(p, lr=0.01, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adam with decay": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "amsgrad": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "rmsprop centred": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.01),
    "adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
}
# Their kernels take numbers that change with the step.
EAGER = {
    "asgd": lambda p: optim.ASGD(p, lr=0.1),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
}


def training(make: Any, compile: Any, steps: int = STEPS) -> Iterator[Any]:
    """Train a classifier."""
    model = classifier()
    optimizer = make(model.parameters())

    @compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for x, y in batches(steps):
        yield step(x, y), model, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    report = check(lambda compile: training(OPTIMIZERS[name], compile))
    assert report.programs() == 1
    if kernels.in_use == "native":
        assert not report.in_python()
    assert report.replays >= STEPS - 4
    assert not report.warnings


@pytest.mark.parametrize("name", EAGER)
def test_optimizers_with_numbers_of_their_own(name: str) -> None:
    check(lambda compile: training(EAGER[name], compile, 12))


def test_several_groups() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        groups = [
            {"params": model[0].parameters(), "lr": 0.5, "weight_decay": 0.1},
            {"params": model[1].parameters(), "momentum": 0.0},
            {"params": model[4].parameters(), "nesterov": True},
        ]
        optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for i, (x, y) in enumerate(batches(STEPS)):
            optimizer.param_groups[i % 3]["lr"] *= 0.5
            yield step(x, y), model, optimizer

    report = check(scenario)
    assert report.programs() == 1 and report.replays >= STEPS - 4


@pytest.mark.parametrize("how", ["norm", "norm of inf", "value"])
def test_clipping(how: str) -> None:
    def clip(model: nn.Module) -> Any:
        if how == "value":
            return nn.utils.clip_grad_value_(model.parameters(), 0.01)
        order = float("inf") if how == "norm of inf" else 2.0
        return nn.utils.clip_grad_norm_(model.parameters(), 0.1, order)

    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            norm = clip(model)
            optimizer.step()
            return loss, norm

        for x, y in batches(STEPS):
            yield step(x, y), model, optimizer

    report = check(scenario)
    assert report.programs() == 1 and report.replays >= STEPS - 4


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("where", ["inside", "outside", "before the step", "never"])
def test_zero_grad(where: str, set_to_none: bool) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.5)

        @compile
        def step(x: Any, y: Any) -> Any:
            if where == "inside":
                optimizer.zero_grad(set_to_none=set_to_none)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            if where == "before the step":
                model.zero_grad(set_to_none=set_to_none)
            return loss

        for x, y in batches(STEPS):
            if where == "outside":
                optimizer.zero_grad(set_to_none=set_to_none)
            yield step(x, y), model, optimizer

    report = check(scenario)
    assert report.programs() == 1 and report.replays >= STEPS - 5


def test_accumulation() -> None:
    """Two compiled parts: gradients add up over four batches, then a step."""

    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        @compile
        def accumulate(x: Any, y: Any) -> Any:
            loss = F.cross_entropy(model(x), y) / 4
            loss.backward()
            return loss

        @compile
        def update() -> None:
            optimizer.step()
            optimizer.zero_grad()

        for i, (x, y) in enumerate(batches(32)):
            loss = accumulate(x, y)
            if i % 4 == 3:
                update()
            yield loss, model, optimizer

    report = check(scenario)
    assert report.programs(0)
    assert report.replays >= 8


SCHEDULES = {
    "step": lambda o: optim.lr_scheduler.StepLR(o, 2, 0.5),
    "exponential": lambda o: optim.lr_scheduler.ExponentialLR(o, 0.9),
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 8),
    "lambda": lambda o: optim.lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "one cycle": lambda o: optim.lr_scheduler.OneCycleLR(o, 0.5, total_steps=12),
    "cyclic": lambda o: optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3),
}


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
@pytest.mark.parametrize("maker", ["sgd", "adamw"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str, maker: str, inside: bool) -> None:
    makers = {
        "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
        "adamw": lambda p: optim.AdamW(p, lr=0.1),
    }

    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = makers[maker](model.parameters())
        schedule = SCHEDULES[name](optimizer)

        def plain_step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        def step_and_schedule(x: Any, y: Any) -> Any:
            loss = plain_step(x, y)
            schedule.step()
            return loss

        step = compile(step_and_schedule if inside else plain_step)
        for x, y in batches(10):
            loss = step(x, y)
            if not inside:
                schedule.step()
            yield loss, model, optimizer, schedule.get_last_lr()

    report = check(scenario)
    if not inside:
        # No new recording either: one program, and every later call replayed.
        assert report.programs() == 1 and report.replays >= 10 - 4


def test_plateau_schedule() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.5)
        schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for x, y in batches(10):
            loss = step(x, y)
            schedule.step(loss.item())
            yield loss, model, optimizer

    assert check(scenario).replays >= 6


def test_options_changed_by_hand() -> None:
    """Numbers that decide which code runs are more than inputs."""

    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        changes: dict[int, dict[str, Any]] = {
            4: {"momentum": 0.9}, 8: {"weight_decay": 0.1}, 12: {"maximize": True},
            15: {"momentum": 0}, 18: {"lr": 0.0}, 20: {"lr": 1},
        }  # fmt: skip

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for i, (x, y) in enumerate(batches(24)):
            optimizer.param_groups[0].update(changes.get(i, {}))
            yield step(x, y), model, optimizer

    assert check(scenario).replays


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_rate_in_a_tensor(name: str) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        rate = tatami.tensor(0.1)
        made = {"adam": optim.Adam, "sgd": optim.SGD}[name]
        optimizer = made(model.parameters(), lr=rate)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for x, y in batches(STEPS):
            rate.mul_(0.9)
            yield step(x, y), model, optimizer

    check(scenario)


def test_closure() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)

        @compile
        def step(x: Any, y: Any) -> Any:
            def closure() -> Any:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            return optimizer.step(closure)

        for x, y in batches(STEPS):
            yield step(x, y), model, optimizer

    check(scenario)


def test_two_optimizers() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        maker, judge = nn.Linear(3, 5), nn.Linear(5, 1)
        first = optim.Adam(maker.parameters(), lr=0.01)
        second = optim.RMSprop(judge.parameters(), lr=0.01)

        @compile
        def step(real: Any) -> Any:
            second.zero_grad()
            fake = maker(tatami.randn(len(real), 3))
            judged = judge(real).mean() - judge(fake.detach()).mean()
            judged.backward()
            second.step()
            first.zero_grad()
            fooled = judge(fake).mean()
            fooled.backward()
            first.step()
            return judged, fooled

        for x, _ in batches(STEPS):
            yield step(x), maker, judge, first, second

    report = check(scenario)
    assert report.programs() == 1 and report.replays >= STEPS - 4


@pytest.mark.parametrize("name", ["one_hot", "maximum", "minimum", "written"])
def test_operations_that_look_at_no_elements(name: str) -> None:
    def hidden(x: Any, y: Any) -> Any:
        if name == "one_hot":
            return x * F.one_hot(y, x.shape[1])
        if name == "written":
            z = x.detach().clone()
            z[0] = 0.5
            return x + z
        return getattr(tatami, name)(x, (x > 0) * x)

    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier(classes=3)

        @compile
        def step(x: Any, y: Any) -> Any:
            model.zero_grad()
            hidden(model(x), y).square().sum().backward()

        for x, y in batches(STEPS):
            yield step(x, y), model

    report = check(scenario)
    assert report.programs() == 1 and report.replays >= STEPS - 4
