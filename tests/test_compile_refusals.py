"""What a program could not repeat runs eagerly; and what is asked of the caller."""

from __future__ import annotations

import random
import threading
import time
import warnings
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compile_tools import batches, check, classifier

import tatami
from tatami import nn, optim
from tatami.nn import functional as F

Pair = namedtuple("Pair", "first second")


def calling(make: Any, calls: int = 12, shape: Any = (3, 4)) -> Any:
    """Return a scenario of calls of what ``make`` returns with new tensors."""

    def scenario(compile: Any) -> Iterator[Any]:
        function, things = make()
        call = compile(function)
        noise = np.random.default_rng(1)
        for _ in range(calls):
            x = noise.standard_normal(shape).astype(np.float32)
            yield call(tatami.from_numpy(x)), things

    return scenario


def appended() -> Any:
    seen: list[Any] = []

    def call(x: Any) -> Any:
        seen.append(float(len(seen)))
        return x * 2

    return call, seen


def counted() -> Any:
    class Counter:
        count = 0

    counter = Counter()

    def call(x: Any) -> Any:
        counter.count += 1
        return x * counter.count

    return call, vars(counter)


def iterated() -> Any:
    numbers = iter([1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0] * 3)
    return (lambda x: x * next(numbers)), None


def generated() -> Any:
    def forever() -> Iterator[float]:
        k = 0
        while True:
            k += 1
            yield float(k // 4)

    numbers = forever()
    return (lambda x: x * next(numbers)), None


def drawn() -> Any:
    own = random.Random(3)
    return (lambda x: x * own.random()), None


def drawn_by_numpy() -> Any:
    own = np.random.default_rng(3)
    return (lambda x: x * float(own.integers(0, 2))), None


def branching(x: Any) -> Any:
    if x.sum() > 0:
        return x * 2
    return x - 1


def bounced(x: Any) -> Any:
    return x + tatami.from_numpy(np.ascontiguousarray(x.numpy() * 2))


REFUSED = {
    "item": lambda: ((lambda x: x * x.sum().item()), None),
    "branch": lambda: (branching, None),
    "tolist": lambda: ((lambda x: x * x.tolist()[0][0]), None),
    "nonzero": lambda: ((lambda x: x.nonzero()), None),
    "mask": lambda: ((lambda x: x[x > 0]), None),
    "masked_select": lambda: ((lambda x: x.masked_select(x > 0).sum()), None),
    "unique": lambda: ((lambda x: (x > 0).unique()), None),
    "numpy": lambda: (bounced, None),
    "append": appended,
    "counter": counted,
    "iterator": iterated,
    "generator": generated,
    "random": drawn,
    "numpy's random": drawn_by_numpy,
    "text": lambda: ((lambda x: (x * 2, f"{x.sum():.2f}")), None),
    "repr": lambda: ((lambda x: (x * 2, repr(x))), None),
    "length of a mask": lambda: ((lambda x: x * len(x[x > 0])), None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_never_stale(name: str) -> None:
    check(calling(REFUSED[name], calls=20))


@pytest.mark.parametrize("name", ["item", "branch", "mask", "append", "numpy"])
def test_refusals_are_told_once(name: str) -> None:
    report = check(calling(REFUSED[name], calls=20))
    assert report.programs() == 0 and report.replays == 0
    assert len(report.warnings) == 1 and report.reason() in report.warnings[0]


@pytest.mark.parametrize("name", ["item", "mask", "append"])
def test_fullgraph_names_the_reason(name: str) -> None:
    function, _ = REFUSED[name]()
    call = tatami.compile(function, fullgraph=True)
    with pytest.raises(RuntimeError, match="can't become a program: .+"):
        for _ in range(10):
            call(tatami.ones(3, 4))


def test_clocks_and_prints(capsys: Any) -> None:
    clocked = tatami.compile(lambda x: (x * 2, time.time()))
    spoken = tatami.compile(lambda x: (print("said"), x * 2)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times = [clocked(tatami.ones(2))[1] for _ in range(10)]
        for _ in range(10):
            spoken(tatami.ones(2))
    assert len(set(times)) == 10
    assert capsys.readouterr().out == "said\n" * 10


def test_results_kept_by_the_caller() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        losses: list[Any] = []
        grads: list[Any] = []
        arrays: list[Any] = []
        for x, y in batches(12):
            losses.append(step(x, y))
            grads.append(model[0].weight.grad)
            arrays.append(model[4].bias.grad.numpy())
            arrays.append(losses[-1].detach().view(1))
            yield losses, grads, arrays

    assert check(scenario).replays >= 8


RESULTS = {
    "tuple": lambda x: (x * 2, [x + 1, {"a": x - 1}], Pair(x.sum(), 3)),
    "the argument": lambda x: x,
    "the argument, changed": lambda x: x.mul_(2),
    "changed and not returned": lambda x: x.add_(1).sum(),
    "a view": lambda x: x[1:],
    "twice the same": lambda x: (lambda y: (y, y))(x * 2),
    "two views": lambda x: (lambda y: (y[0], y[1]))(x * 2),
    "nothing": lambda x: None,
    "a number": lambda x: 3.5,
    "empty": lambda x: x[:0] * 2,
    "a constant": lambda x: tatami.zeros(3),
    "whole numbers": lambda x: (x > 0).sum() + x.argmax(),
    "sorted": lambda x: x.sort(-1),
    "stretched": lambda x: (x[:, :1] * 2).expand(-1, 4),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results(name: str) -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(RESULTS[name])
        kept = []
        for i in range(9):
            x = tatami.arange(12.0).reshape(3, 4) - i
            kept.append((call(x), x))
            yield kept

    check(scenario)


def test_arguments_that_share_memory() -> None:
    def changed(a: Any, b: Any) -> Any:
        a.mul_(2)
        return a + b

    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(changed)
        for i in range(20):
            a, b = tatami.ones(4) * i, tatami.ones(4) + i
            if i > 5:
                base = tatami.arange(8.0) + i
                a, b = base[:4], (base[2:6] if i % 2 else base[:4])
            if i > 15:
                b = a
            yield call(a, b), a, b

    check(scenario)


def test_arguments_that_are_used_tensors() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        weight = tatami.ones(4)

        @compile
        def call(x: Any) -> Any:
            weight.add_(1)
            return x * weight

        for i in range(20):
            x = tatami.ones(4) * i
            if i > 8:
                x = weight if i % 2 else weight.detach()
            yield call(x), weight

    assert check(scenario).replays >= 4


def test_result_as_the_next_argument() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x: x * 0.5 + 1)
        x = tatami.ones(4)
        for _ in range(12):
            x = call(x)
            yield x

    assert check(scenario).replays >= 8


def test_an_exception_inside() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        holder = {"fail": False}
        weight = tatami.ones(3, requires_grad=True)

        @compile
        def call(x: Any) -> Any:
            weight.grad = None
            (weight * x).sum().backward()
            if holder["fail"]:
                raise KeyError("asked for")
            return weight.grad * 2

        for i in range(20):
            holder["fail"] = i in (0, 2, 7, 8)
            try:
                result = call(tatami.ones(3) * i)
            except KeyError:
                result = None
            yield result, weight, weight.grad, type(weight._array).__name__

    assert check(scenario).replays >= 4


def test_wrong_shapes_raise_as_ever() -> None:
    model = nn.Linear(4, 2)
    call = tatami.compile(lambda x: model(x))
    for _ in range(4):
        call(tatami.ones(3, 4))
    for _ in range(8):
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            call(tatami.ones(3, 5))
    assert call(tatami.ones(3, 4)).shape == (3, 2)


def test_compiled_inside_compiled() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        inner = compile(lambda x: tatami.tanh(x) * 2)
        outer = compile(lambda x: inner(x) + inner(x + 1))
        for i in range(12):
            yield outer(tatami.ones(3) * i), inner(tatami.ones(3))

    check(scenario)


def test_recursion() -> None:
    @tatami.compile
    def power(x: Any, times: int) -> Any:
        return x if times == 0 else power(x, times - 1) * x

    for _ in range(8):
        assert power(tatami.tensor([2.0]), 3).tolist() == [16.0]


def test_threads() -> None:
    call = tatami.compile(lambda x: (x * 2 + 1).sum(-1))
    wrong: list[Any] = []

    def work(number: int) -> None:
        for i in range(150):
            x = tatami.full((64, 64), float(number * 1000 + i))
            if call(x)[0].item() != 64 * (2 * (number * 1000 + i) + 1):
                wrong.append((number, i))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_forms() -> None:
    @tatami.compile
    def first(x: Any) -> Any:
        return x + 1

    @tatami.compile(fullgraph=True, mode="max-autotune", dynamic=False)
    def second(x: Any, *, by: Any) -> Any:
        """Scale."""
        return x * by

    for _ in range(5):
        assert first(tatami.ones(1)).item() == 2
        assert second(tatami.ones(1), by=tatami.full((1,), 3.0)).item() == 3
    assert second.__name__ == "second" and second.__doc__ == "Scale."
    assert any(kind.programs for kind in second.compiled.kinds.values())
    assert tatami.compile(first, disable=True) is first
