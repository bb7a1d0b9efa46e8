"""Gradients that a program owes: nobody can tell, whenever and however he looks."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from compile_tools import batches, check, small_debts, stepping

import tatami
from tatami import kernels, nn, optim
from tatami.nn import functional as F

pytestmark = pytest.mark.skipif(
    kernels.in_use != "native", reason="programs owe gradients where they run natively"
)
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD with decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.1),
    "SGD that maximizes": lambda p: optim.SGD(p, lr=0.01, maximize=True),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1),
    "Nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "all": lambda p: optim.SGD(
        p, lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=True, maximize=True
    ),
}


def network() -> nn.Module:
    """Return layers whose gradients are products of what the program makes."""
    return nn.Sequential(
        nn.Linear(5, 13), nn.ReLU(), nn.Linear(13, 19), nn.ReLU(), nn.Linear(19, 3)
    )


def owing(function: Any) -> int:
    """Return how many gradients the programs of a function owe."""
    kinds = function.compiled.kinds.values()
    return sum(len(program.debts) for kind in kinds for program in kind.programs)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_and_gradients_are_the_same_bits(name: str, size: int) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = OPTIMIZERS[name](model.parameters())
        step = stepping(compile, model, optimizer)
        for i, (x, y) in enumerate(batches(14, size)):
            loss = step(x, y)
            # Looked at after some steps only.
            yield loss, (model if i % 5 == 4 else model.state_dict()), optimizer

    with small_debts():
        report = check(scenario)
    assert report.replays >= 10
    assert owing(report.functions[0]) == 2


def test_a_rate_that_changes() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        step = stepping(compile, model, optimizer)
        for i, (x, y) in enumerate(batches(12, 2)):
            yield step(x, y), model
            schedule.step()
            if i == 8:
                optimizer.param_groups[0]["weight_decay"] = 0.1

    with small_debts():
        assert check(scenario).replays >= 8


def test_what_is_done_to_gradients_between_steps() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        step = stepping(compile, model, optimizer)
        weight = model[2].weight
        held: list[Any] = []
        for i, (x, y) in enumerate(batches(30, 2)):
            step(x, y)
            if i % 6 == 0:
                held.append(weight.grad)
            if i % 6 == 1:
                weight.grad.mul_(2)
            if i % 6 == 2:
                weight.grad = None
            if i % 6 == 3:
                F.cross_entropy(model(x), y).backward()
            if i % 6 == 4:
                nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            if i % 6 == 5:
                held.append(copy.deepcopy(model)[2].weight.grad)
            yield model, held

    with small_debts():
        assert check(scenario).replays >= 20


def test_two_programs_owe_for_one_parameter() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        step = stepping(compile, model, optimizer)
        sizes = [2, 3, 2, 3, 2, 3, 2, 2, 3, 3, 2, 3]
        for i, size in enumerate(sizes):
            ((x, y),) = batches(1, size)
            step(x * (i + 1), y)
            yield model if i % 3 == 2 else i

    with small_debts():
        report = check(scenario)
    assert owing(report.functions[0]) == 4


def test_gradients_that_add_up_meet_those_that_are_owed() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        step = stepping(compile, model, optimizer)

        @compile
        def more(x: Any, y: Any) -> Any:
            F.cross_entropy(model(x), y).backward()

        for x, y in batches(14, 2):
            step(x, y)
            more(x, y)
            yield model

    with small_debts():
        check(scenario)


def test_a_returned_gradient_is_not_owed() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            return model[2].weight.grad

        for x, y in batches(10, 2):
            yield step(x, y)

    with small_debts():
        report = check(scenario)
    assert report.replays >= 6 and owing(report.functions[0]) == 1


def test_a_refused_run_leaves_no_gradient() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with small_debts():
        step = stepping(tatami.compile, model, optimizer)
        for x, y in batches(6, 2):
            step(x, y)
    assert owing(step) == 2
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        step(x, tatami.tensor([0, 7]))
    assert model[2].weight.grad is None


def test_gradients_outlive_the_function() -> None:
    def run(compile: Any) -> list[Any]:
        tatami.manual_seed(0)
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        step = stepping(compile, model, optimizer)
        for x, y in batches(6, 2):
            step(x, y)
        del step
        gc.collect()
        return [parameter.grad.tolist() for parameter in model.parameters()]

    with small_debts():
        assert run(tatami.compile) == run(lambda function: function)


def test_a_model_that_is_owed_gradients_can_go() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with small_debts():
        step = stepping(tatami.compile, model, optimizer)
        for x, y in batches(6, 2):
            step(x, y)
    assert owing(step) == 2
    gone = weakref.ref(model), weakref.ref(optimizer)
    del model, optimizer, step
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_another_thread_looks_while_steps_run() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    with small_debts():
        step = stepping(tatami.compile, model, optimizer)
        ((x, y),) = batches(1, 2)
        for _ in range(6):
            step(x, y)
    wanted, found, done = model[2].weight.grad.tolist(), [], threading.Event()

    def look() -> None:
        while not done.is_set():
            gradient = model[2].weight.grad
            found.append(gradient is None or gradient.tolist() == wanted)

    thread = threading.Thread(target=look)
    thread.start()
    while len(found) < 300:
        for _ in range(50):
            step(x, y)
    done.set()
    thread.join()
    assert all(found)


def test_explain_names_what_is_owed(capsys: Any) -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    ((x, y),) = batches(1, 2)
    with small_debts():
        stepping(tatami.compile, model, optimizer).explain(x, y)
    text = capsys.readouterr().out
    assert "owed: the gradient 19x13, formed only when it is read" in text


def _owed_by_default(size: int, kind: Any) -> int:
    def scenario(compile: Any) -> Iterator[Any]:
        model = nn.Sequential(nn.Linear(5, 100), nn.ReLU(), nn.Linear(100, 90))
        step = stepping(compile, model, kind(model.parameters(), lr=0.1))
        for x, y in batches(6, size, classes=90):
            yield step(x, y), model

    report = check(scenario)
    assert report.replays
    return owing(report.functions[0])


def test_what_is_owed() -> None:
    # Of two gradients one is small, and is made of an argument.
    assert _owed_by_default(4, optim.SGD) == 1
    assert _owed_by_default(5, optim.SGD) == 0
    assert _owed_by_default(1, optim.Adam) == 0
