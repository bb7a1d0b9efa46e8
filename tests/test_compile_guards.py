"""What happens between calls of a compiled function: never a stale number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compile_tools import batches, check, classifier

import tatami
from tatami import nn, optim
from tatami.nn import functional as F

FACTOR = 2.0
TABLE = {"scale": 3.0, "shift": [1.0, 2.0]}


class Holder:
    """An object of the user's."""

    scale = 4.0

    def __init__(self) -> None:
        self.scale = 2.0
        self.inner = {"shift": 1.0}


def changing(make: Any, change: Any, calls: int = 5) -> Any:
    """Return a scenario: some calls, a change, some more calls, twice."""

    def scenario(compile: Any) -> Iterator[Any]:
        function, things = make()
        call = compile(function)
        x = tatami.arange(12.0).reshape(3, 4)
        for i in range(3):
            for _ in range(calls):
                yield call(x + 1)
            change(things, i)
        for _ in range(calls):
            yield call(x + 1)

    return scenario


def test_global_number() -> None:
    def change(_: Any, i: int) -> None:
        globals()["FACTOR"] = float(i)

    def make() -> Any:
        globals()["FACTOR"] = 2.0
        return (lambda x: x * FACTOR), None

    assert check(changing(make, change)).replays >= 8


def test_values_that_go_and_come_back() -> None:
    def change(_: Any, i: int) -> None:
        TABLE["scale"] = 5.0 if i == 0 else 3.0
        TABLE["unread"] = i

    def make() -> Any:
        TABLE["scale"] = 3.0
        return (lambda x: x * TABLE["scale"]), None

    assert check(changing(make, change)).replays >= 8


def test_global_container() -> None:
    def change(_: Any, i: int) -> None:
        TABLE["shift"][1] = float(i)  # type: ignore[index]

    def make() -> Any:
        TABLE["shift"] = [1.0, 2.0]
        return (lambda x: x + TABLE["shift"][1]), None  # type: ignore[index]

    assert check(changing(make, change)).replays >= 8


def test_sign_of_zero() -> None:
    def make() -> Any:
        holder = Holder()
        holder.scale = 0.0
        return (lambda x: x * holder.scale), holder

    def change(holder: Any, i: int) -> None:
        holder.scale = -holder.scale

    assert check(changing(make, change)).replays


def test_attribute_of_an_object() -> None:
    def make() -> Any:
        holder = Holder()
        return (lambda x: x * holder.scale + holder.inner["shift"]), holder

    def change(holder: Any, i: int) -> None:
        if i == 1:
            del holder.scale
        else:
            holder.inner["shift"] = 5.0 + i

    assert check(changing(make, change)).replays >= 8


def test_attribute_of_a_class() -> None:
    class Kind:
        scale = 1.5

    def make() -> Any:
        Kind.scale = 1.5
        return (lambda x: x * Kind.scale), None

    def change(_: Any, i: int) -> None:
        Kind.scale = float(i)

    assert check(changing(make, change)).replays


def test_class_attribute_through_an_instance() -> None:
    class Kind:
        scale = 1.5

    def make() -> Any:
        Kind.scale = 1.5
        thing = Kind()
        return (lambda x: x * thing.scale), thing

    def change(thing: Any, i: int) -> None:
        if i == 1:
            thing.scale = 9.0
        else:
            Kind.scale = 7.0 + i

    check(changing(make, change))


def test_property_and_slots() -> None:
    class Kind:
        __slots__ = ("hidden",)

        @property
        def scale(self) -> float:
            return self.hidden + 1

    def make() -> Any:
        thing = Kind()
        thing.hidden = 1.0
        return (lambda x: x * thing.scale), thing

    def change(thing: Any, i: int) -> None:
        thing.hidden = 10.0 * i

    check(changing(make, change))


def test_closure_variable() -> None:
    def make() -> Any:
        factor = 2.0

        def call(x: Any) -> Any:
            return x * factor

        def set_factor(value: float) -> None:
            nonlocal factor
            factor = value

        return call, set_factor

    check(changing(make, lambda set_factor, i: set_factor(3.0 + i)))


def test_default_argument_and_partial() -> None:
    import functools

    def scaled(x: Any, by: Any = (1.0, [2.0])) -> Any:
        return x * by[1][0]

    def make() -> Any:
        by = (1.0, [2.0])
        return functools.partial(scaled, by=by), by

    def change(by: Any, i: int) -> None:
        by[1][0] = 4.0 + i

    check(changing(make, change))


def test_function_replaced() -> None:
    def make() -> Any:
        holder = Holder()
        holder.act = tatami.relu  # type: ignore[attr-defined]
        return (lambda x: holder.act(x - 5)), holder

    def change(holder: Any, i: int) -> None:
        holder.act = [tatami.tanh, lambda x: x * 2, tatami.abs][i]

    assert check(changing(make, change)).replays


def test_method_replaced() -> None:
    def make() -> Any:
        model = nn.Linear(4, 4)
        return (lambda x: model(x)), model

    def change(model: Any, i: int) -> None:
        if i == 1:
            model.forward = lambda x: x * 2

    check(changing(make, change))


@pytest.mark.parametrize("how", ["list", "numpy", "tensor", "read-only"])
def test_data_changed_in_place(how: str) -> None:
    def make() -> Any:
        values: Any = [1.0, 2.0, 3.0, 4.0]
        if how in ("numpy", "read-only"):
            values = np.array(values, np.float32)
        shown = values
        if how == "read-only":
            shown = values.view()
            shown.flags.writeable = False
        if how == "tensor":
            values = shown = tatami.tensor(values)
            return (lambda x: x + shown), values
        return (lambda x: x + tatami.tensor(shown)), values

    def change(values: Any, i: int) -> None:
        values[i] = 100.0

    check(changing(make, change))


def test_memory_of_a_numpy_array() -> None:
    def make() -> Any:
        values = np.ones(4, np.float32)
        return (lambda x: x + tatami.from_numpy(values)), values

    def change(values: Any, i: int) -> None:
        values[i] = 100.0

    check(changing(make, change))


def test_numpy_argument() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        values = np.ones(3, np.float32)
        call = compile(lambda x, y: x + tatami.tensor(y))
        for i in range(12):
            if i > 5:
                values[i % 3] = i
            yield call(tatami.ones(3), values)

    check(scenario)


def test_numpy_numbers_as_arguments() -> None:
    """Their addresses are used again for other numbers."""

    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x, y: x * float(y))
        for i in range(24):
            yield call(tatami.ones(3), np.float64(i // 6))

    check(scenario)


def test_objects_as_arguments() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x, y: x * y.scale)
        for i in range(24):
            holder = Holder()
            holder.scale = float(i // 6)
            yield call(tatami.ones(3), holder)
            del holder

    check(scenario)


def test_lambdas_as_arguments() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x, f: f(x))
        for i in range(24):
            yield call(tatami.ones(3), (lambda k: lambda x: x * k)(i // 6))

    check(scenario)


def test_number_arguments() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x, y, flag=False: x * y + (1 if flag else 0))
        for _ in range(5):
            for y in (1, 1.0, True, 0.0, -0.0, 2):
                yield call(tatami.ones(3), y), call(tatami.ones(3), y, flag=True)

    assert check(scenario).replays > 20


def test_data_of_a_parameter_replaced() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        for i, (x, y) in enumerate(batches(16)):
            if i == 5:
                model[0].weight.data = tatami.randn(8, 5)
            if i == 10:
                model[0].weight.data.copy_(tatami.ones(8, 5))
            yield step(x, y), model, optimizer

    assert check(scenario).replays >= 6


def test_checkpoints_loaded() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        optimizer = optim.Adam(model.parameters(), lr=0.1)

        @compile
        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        import copy

        saved: Any = None
        for i, (x, y) in enumerate(batches(18)):
            if i == 4:
                saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
            if i == 9:
                model.load_state_dict(saved[0])
            if i == 13:
                optimizer.load_state_dict(saved[1])
            yield step(x, y), model, optimizer

    assert check(scenario).replays >= 6


def test_parameters_frozen_and_thawed() -> None:
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

        for i, (x, y) in enumerate(batches(20)):
            if i in (5, 12):
                model[0].requires_grad_(i == 12)
            if i == 16:
                optimizer.add_param_group({"params": [nn.Parameter(tatami.ones(2))]})
            yield step(x, y), model, optimizer

    assert check(scenario).replays >= 6


def test_modes() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        model = classifier()
        call = compile(lambda x: model(x))
        for i, (x, _) in enumerate(batches(24)):
            model.train(i % 6 < 3)
            if i % 2:
                with tatami.no_grad():
                    yield call(x), model
            else:
                yield call(x).detach(), model

    check(scenario)


def test_default_type_changed() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x: x + tatami.ones(3))
        try:
            for i in range(12):
                kind = tatami.float64 if i > 5 else tatami.float32
                tatami.set_default_dtype(kind)
                yield call(tatami.ones(3, dtype=tatami.float32))
        finally:
            tatami.set_default_dtype(tatami.float32)

    check(scenario)


def test_shapes_types_and_strides() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x: tatami.softmax(x[1:] * 2 + 1, -1).sum(0))
        base = tatami.randn(64, 64)
        for _ in range(5):
            for x in (base, base[:5], base[:, :3], base.t(), base[::2, 1::3]):
                yield call(x)
            yield call(base.double())

    assert check(scenario).replays >= 15


def test_strided_input_used_far_from_its_start() -> None:
    def scenario(compile: Any) -> Iterator[Any]:
        call = compile(lambda x: x[6:] * 2)
        for i in range(10):
            base = tatami.full((8, 40), float(i))
            yield call(base[:, :2])

    assert check(scenario).replays >= 6
