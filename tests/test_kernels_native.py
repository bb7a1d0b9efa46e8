"""Every compiled kernel against its NumPy definition, over awkward arguments."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_cases import CASES, LATER, tolerance_of

from tatami.kernels import native, reference

pytestmark = pytest.mark.skipif(not native.available, reason="no compiled kernels")
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def compiled(name: str) -> Any:
    """Return a compiled kernel, whichever kernels are in use."""
    from tatami import _native

    _native.set_reference(name, getattr(reference, name))
    return getattr(_native, name)


def names() -> list[str]:
    """Return the names of all compiled kernels."""
    if not native.available:
        return []
    from tatami import _native

    return list(_native.names())


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """Yield the arrays in nested lists and tuples."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_in(item)


def called(function: Any, arguments: Any) -> list[np.ndarray]:
    """Call a kernel with copies of arguments; return its results and the copies."""
    own = copy.deepcopy(arguments)
    return [*arrays_in(function(*own)), *arrays_in(own)]


def assert_close(found: Any, wanted: Any, units: int) -> None:
    """Fail unless arrays agree within units in the last place of the largest."""
    assert len(found) == len(wanted)
    for one, two in zip(found, wanted, strict=True):
        assert one.shape == two.shape and one.dtype == two.dtype
        if one.dtype.kind != "f" or units == 0 or one.size == 0:
            np.testing.assert_array_equal(one, two)
            continue
        largest = np.abs(two[np.isfinite(two)]).max(initial=1)
        limit = units * np.finfo(one.dtype).eps * max(float(largest), 1.0)
        np.testing.assert_allclose(one, two, rtol=0, atol=limit)


@pytest.mark.parametrize("name", names())
def test_every_kernel_has_a_strategy(name: str) -> None:
    if name in LATER:
        text = (Path(__file__).parent / LATER[name]).read_text()
        assert re.search(rf"\b{name}\b", text), f"{LATER[name]} does not try {name}"
        return
    assert name in CASES, f"{name} needs a strategy in tests/native_cases.py"


@pytest.mark.parametrize("kind", [np.float32, np.float64], ids=["float", "double"])
@pytest.mark.parametrize("name", sorted(set(names()) & CASES.keys()))
def test_kernel_keeps_to_its_definition(name: str, kind: Any) -> None:
    @EXAMPLES
    @given(st.data())
    def compare(data: Any) -> None:
        arguments = CASES[name](data.draw, kind)
        found = called(compiled(name), arguments)
        wanted = called(getattr(reference, name), arguments)
        assert_close(found, wanted, tolerance_of(name))

    compare()


@pytest.mark.parametrize("name", sorted(set(names()) & CASES.keys()))
def test_results_do_not_depend_on_the_number_of_threads(name: str) -> None:
    before = native.get_num_threads()

    @settings(EXAMPLES, max_examples=15)
    @given(st.data())
    def compare(data: Any) -> None:
        arguments = CASES[name](data.draw, np.float32)
        results = []
        for count in (1, 2, 3):
            native.set_num_threads(count)
            found = called(compiled(name), arguments)
            results.append([array.tobytes() for array in found])
        assert results[0] == results[1] == results[2]

    try:
        compare()
    finally:
        native.set_num_threads(before)


def large(name: str) -> Any:
    """Return arguments that are worth more than one thread, or None."""
    generator = np.random.default_rng(0)

    def make(*shape: int) -> Any:
        return generator.standard_normal(shape).astype(np.float32)

    geometry = ((1, 1), (1, 1), (1, 1), 1)
    window = ((2, 2), (2, 2), (0, 0))
    return {
        "add": lambda: (make(700, 700), make(700)),
        "exp": lambda: (make(300_001),),
        "sum": lambda: (make(700, 701), (0, 1), False),
        "softmax": lambda: (make(900, 301), 1),
        "matmul": lambda: (make(301, 257), make(257, 203)),
        "addmm": lambda: (make(203), make(301, 257), make(257, 203), 1, 1),
        "convolution": lambda: (make(9, 7, 30, 31), make(11, 7, 3, 3), None, *geometry),
        "convolution_grad_input": lambda: (
            make(9, 11, 30, 31), make(11, 7, 3, 3), (9, 7, 30, 31), *geometry,
        ),
        "convolution_grad_weight": lambda: (
            make(9, 11, 30, 31), make(9, 7, 30, 31), (11, 7, 3, 3), *geometry,
        ),
        "max_pool": lambda: (make(9, 16, 64, 63), *window, (1, 1), False),
        "max_pool_tiles": lambda: (make(9, 16, 64, 63), (2, 2)),
        "avg_pool": lambda: (make(9, 16, 64, 63), *window, False, True, None),
        "sgd_step": lambda: (
            [make(300_001)], [make(300_001)], [make(300_001)], [False], 0.1, 0.9, 0.0,
            0.0, False, False,
        ),
    }.get(name)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in names() if large(name)])
def test_shared_work_gives_the_same_bits(name: str) -> None:
    before, arguments = native.get_num_threads(), large(name)()
    results = []
    try:
        for count in (1, 2, 3):
            native.set_num_threads(count)
            for _ in range(3):
                found = called(compiled(name), arguments)
                results.append([array.tobytes() for array in found])
    finally:
        native.set_num_threads(before)
    assert all(result == results[0] for result in results)
