"""Random draws are PyTorch's, bit for bit: against recorded values and PyTorch."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from record_random import CASES, RECORDED, TURNS, Case, digest, head

from tatami import kernels, random
from tatami.kernels.reference import box_muller
from tatami.kernels.reference import random as reference
from tatami.tensor import Tensor, wrap

FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
NUMBERED = pytest.mark.parametrize(
    ("number", "case"), list(enumerate(CASES)), ids=[case.name for case in CASES]
)


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(RECORDED) as file:
        return dict(file)


def draw(case: Case, generator: random.Generator) -> np.ndarray:
    kernel = getattr(kernels, case.kernel)
    return kernel(generator._stream, *case.arguments)  # type: ignore[no-any-return]


def same_bits(a: np.ndarray, b: np.ndarray) -> None:
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    np.testing.assert_array_equal(a, b)
    assert a.tobytes() == b.tobytes()


def words(generator: Any) -> np.ndarray:
    """Return a state of either library as an array."""
    return np.asarray(generator.get_state().numpy())


# Draws.


def test_recorded_cases_are_these(recorded: dict[str, np.ndarray]) -> None:
    assert recorded["names"].tolist() == [case.name for case in CASES]


@NUMBERED
def test_draws_are_as_recorded(
    number: int, case: Case, recorded: dict[str, np.ndarray]
) -> None:
    generator = random.Generator().manual_seed(number)
    for turn in range(TURNS):
        values = draw(case, generator)
        known = recorded["heads"][number, turn]
        if case.libm:
            close = known.view(np.float64)[: values.size]
            first = head(values).view(np.float64)[: values.size]
            np.testing.assert_allclose(first, close, rtol=1e-14, atol=1e-14)
        else:
            np.testing.assert_array_equal(head(values), known)
            assert digest(values) == recorded["digests"][number, turn]
    if not case.libm:
        assert digest(words(generator)) == recorded["states"][number]


@NUMBERED
def test_draws_are_those_of_pytorch(number: int, case: Case) -> None:
    torch = pytest.importorskip("torch")
    generator = random.Generator().manual_seed(number + 1000)
    theirs = torch.Generator().manual_seed(number + 1000)
    for _ in range(TURNS):
        same_bits(draw(case, generator), case.draw(torch, theirs).numpy())
    same_bits(words(generator), words(theirs))


def test_three_million_normal_numbers_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    generator = random.Generator().manual_seed(11)
    theirs = torch.Generator().manual_seed(11)
    values = kernels.normal(generator._stream, (3_000_001,), 0, 1, FLOAT32)
    same_bits(values, torch.randn(3_000_001, generator=theirs).numpy())


@pytest.mark.parametrize("mean_std", [(0.3, 1.7), (1e-3, 30.0), (-1e4, 1e-3)])
def test_scaled_normal_numbers_are_rounded_once(mean_std: tuple[float, float]) -> None:
    torch = pytest.importorskip("torch")
    for dtype in (FLOAT32, FLOAT64):
        generator = random.Generator().manual_seed(12)
        theirs = torch.empty(400_000, dtype=getattr(torch, dtype.name))
        theirs.normal_(*mean_std, generator=torch.Generator().manual_seed(12))
        values = kernels.normal(generator._stream, (400_000,), *mean_std, dtype)
        same_bits(values, theirs.numpy())


def test_rounding_twice_is_harmless_in_the_polynomials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every 13th of the 2**24 units, with each product and sum rounded once."""
    row = np.arange(0, 2**24, 13).astype(np.float32) * np.float32(2.0**-24)
    units = np.stack((row, row[::-1]))
    quick = box_muller.box_muller_float32(units)

    def exact(a: np.ndarray, b: Any, c: Any) -> np.ndarray:
        product = np.multiply(a, b, dtype=np.float64)
        addend = np.broadcast_to(np.asarray(c, np.float64), product.shape)
        return reference._sum_to_odd(product, addend).astype(np.float32)

    monkeypatch.setattr(box_muller, "_multiply_add", exact)
    same_bits(quick, box_muller.box_muller_float32(units))


def test_sum_to_odd_breaks_ties_by_the_lost_part() -> None:
    """1 + 2**-24 lies halfway between float32 numbers; 2**-80 more decides."""
    start = np.array([1 + 2.0**-24, 1 + 2.0**-24, 1 + 2.0**-24])
    added = np.array([2.0**-80, 0.0, -(2.0**-80)])
    rounded = reference._sum_to_odd(start, added).astype(np.float32)
    assert rounded.tolist() == [1 + 2.0**-23, 1.0, 1.0]
    assert (start + added).astype(np.float32).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "factor", "offset"),
    [
        (1 + 2.0**-15, (1 - 2.0**-15) * 2.0**-24, 1 + 2.0**-23),
        (1 + 2.0**-15, (2.0**-15 - 1) * 2.0**-24, -1 - 2.0**-23),
        (13325.0, 80581 * 2.0**-54, 1.0),
    ],
)
def test_float32_is_scaled_with_one_rounding_near_ties(
    value: float, factor: float, offset: float
) -> None:
    """Here float64 rounds to halfway between two float32 numbers."""
    values = np.array([value, 0.5], np.float32)
    scaled = reference._scale(values, factor, offset)
    exact = Fraction(value) * Fraction(factor) + Fraction(offset)
    below, above = np.nextafter(scaled[0], np.array([-9, 9], np.float32))
    error = abs(Fraction(float(scaled[0])) - exact)
    assert scaled.dtype == np.float32
    assert all(error < abs(Fraction(float(x)) - exact) for x in (below, above))


def test_float64_is_scaled_with_one_rounding() -> None:
    source = np.random.default_rng(0)
    for exponent in range(-120, 121, 8):
        values = source.normal(size=20)
        values[0] = 1 + 2.0**-30
        for factor, offset in (
            (float(source.normal()) * 2.0**exponent, float(source.normal())),
            ((1 - 2.0**-30) * 2.0**-53, 1 + 2.0**-52),
        ):
            scaled = reference._scale(values, factor, offset)
            exact = [
                float(Fraction(value) * Fraction(factor) + Fraction(offset))
                for value in values.tolist()
            ]
            same_bits(scaled, np.array(exact))


def test_extreme_units_give_finite_numbers() -> None:
    last = np.float32(1 - 2.0**-24)
    units = np.array([[0, 0, last, last], [0, last, 0, last]], np.float32)
    values = box_muller.box_muller_float32(units)
    assert np.isfinite(values).all()
    assert math.isclose(values[0, 2], math.sqrt(48 * math.log(2)), rel_tol=1e-6)


def _layouts(torch: Any) -> list[Any]:
    channels_last = torch.empty(2, 3, 4, 5).to(memory_format=torch.channels_last)
    return [
        torch.empty(6, 7).t(),
        torch.empty(9, 11)[:, ::2],
        torch.empty(9, 11)[::3, 2:5],
        torch.empty(3, 4, 5).permute(2, 0, 1),
        channels_last,
        torch.empty(40)[::2],
    ]


@pytest.mark.parametrize("layout", range(6))
@pytest.mark.parametrize("method", ["uniform_", "normal_", "random_", "bernoulli_"])
def test_layouts_are_filled_in_memory_order(layout: int, method: str) -> None:
    torch = pytest.importorskip("torch")
    generator = random.Generator().manual_seed(layout)
    theirs = _layouts(torch)[layout]
    mine = _layouts(torch)[layout].numpy()
    getattr(theirs, method)(generator=torch.Generator().manual_seed(layout))
    stream, shape = generator._stream, mine.shape
    values = {
        "uniform_": lambda: kernels.uniform(stream, shape, 0, 1, FLOAT32),
        "normal_": lambda: kernels.normal(stream, shape, 0, 1, FLOAT32, False),
        "random_": lambda: kernels.random_bits(stream, shape, FLOAT32),
        "bernoulli_": lambda: kernels.bernoulli(stream, shape, 0.5, FLOAT32),
    }[method]()
    kernels.fill_in_memory_order(mine, values)
    same_bits(mine, theirs.numpy())


def test_data_loader_draws() -> None:
    """A base seed, then a shuffle from a generator of its own."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)
    base = torch.empty((), dtype=torch.int64).random_().item()
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(base))
    stream = random.manual_seed(4)._stream
    mine = int(kernels.random_bits(stream, (), np.dtype("int64")))
    stream = random.Generator().manual_seed(mine)._stream
    assert mine == base
    same_bits(kernels.randperm(stream, 1000, np.dtype("int64")), order.numpy())


def test_randperm_says_how_many_it_can_shuffle() -> None:
    stream = random.Generator()._stream
    with pytest.raises(NotImplementedError, match=r"up to 214748363 .* 214748364"):
        kernels.randperm(stream, 214_748_364, np.dtype("int64"))


# Generators.


def wrapped(theirs: Any) -> Tensor:
    """Return the state of a PyTorch generator as a tensor of ours."""
    return wrap(words(theirs).copy())


def test_state_travels_in_the_middle_of_a_stream() -> None:
    torch = pytest.importorskip("torch")
    theirs, mine = torch.Generator().manual_seed(9), random.Generator()
    for count in (3, 623, 1, 700, 5):
        torch.randn(count, generator=theirs)
        mine.set_state(wrapped(theirs))
        same_bits(
            kernels.normal(mine._stream, (3,), 0, 1, FLOAT32),
            torch.randn(3, generator=theirs).numpy(),
        )
        kernels.uniform(mine._stream, (count,), 0, 1, FLOAT32)
        theirs.set_state(torch.from_numpy(words(mine).copy()))
        same_bits(
            kernels.normal(mine._stream, (7,), 0, 1, FLOAT64),
            torch.randn(7, dtype=torch.float64, generator=theirs).numpy(),
        )


@pytest.mark.parametrize("count", [0, 1, 623, 624, 625, 1248])
def test_state_after_some_words_is_that_of_pytorch(count: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.Generator().manual_seed(2**40 + 5)
    mine = random.Generator().manual_seed(2**40 + 5)
    torch.rand(count, generator=theirs)
    kernels.uniform(mine._stream, (count,), 0, 1, FLOAT32)
    same_bits(words(mine), words(theirs))
    same_bits(words(random.Generator().set_state(wrapped(theirs))), words(theirs))


def test_state_restores_the_kept_normal_number() -> None:
    generator = random.Generator().manual_seed(0)
    kernels.normal(generator._stream, (3,), 0, 1, FLOAT32)
    state = generator.get_state()
    first = kernels.normal(generator._stream, (4,), 0, 1, FLOAT32)
    generator.manual_seed(1).set_state(state)
    same_bits(first, kernels.normal(generator._stream, (4,), 0, 1, FLOAT32))


def test_state_keeps_fields_that_the_cpu_never_uses() -> None:
    state = random.Generator().get_state()
    view = state._array.view(random._STATE)[0]
    view["float_sample"], view["has_float_sample"] = 0.5, True
    same_bits(words(random.Generator().set_state(state)), state._array)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_go_their_own_way(duplicate: Any) -> None:
    generator = random.Generator().manual_seed(6)
    kernels.normal(generator._stream, (5,), 0, 1, FLOAT32)
    for other in (duplicate(generator), generator.clone_state()):
        ahead = kernels.normal(other._stream, (50,), 0, 1, FLOAT32)
        again = generator.clone_state()
        same_bits(ahead, kernels.normal(again._stream, (50,), 0, 1, FLOAT32))


def test_generators_are_pickled_with_their_state() -> None:
    generator = random.Generator().manual_seed(6)
    kernels.uniform(generator._stream, (5,), 0, 1, FLOAT32)
    same_bits(words(pickle.loads(pickle.dumps(generator))), words(generator))


@pytest.mark.parametrize("seed", [-1, -(2**63), 0, 1.7, "3", True, 2**64 - 1])
def test_module_seeds_are_read_as_pytorch_reads_them(seed: Any) -> None:
    torch = pytest.importorskip("torch")
    assert random.manual_seed(seed) is random.default_generator
    assert random.initial_seed() == torch.manual_seed(seed).initial_seed()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, "3", True, None])
def test_bad_seeds_are_refused_as_pytorch_does(seed: Any) -> None:
    torch = pytest.importorskip("torch")
    generator = random.Generator().manual_seed(5)
    with pytest.raises((RuntimeError, ValueError)) as theirs:
        torch.Generator().manual_seed(seed)
    with pytest.raises(theirs.type) as mine:
        generator.manual_seed(seed)
    assert str(mine.value).split("\n")[0] == str(theirs.value).split("\n")[0]
    assert generator.initial_seed() == 5


def _bad_states() -> dict[str, Any]:
    state = random.Generator().get_state()._array
    not_seeded, no_words, too_far = state.copy(), state.copy(), state.copy()
    not_seeded[12], no_words[8], too_far[8:20:4] = 0, 0, (1, 1, 255)
    too_far[17] = 255
    return {
        "number": 3,
        "floats": np.zeros(3, np.float32),
        "size": np.zeros(3, np.uint8),
        "zeros": np.zeros(5056, np.uint8),
        "strided": np.zeros(2 * 5056, np.uint8)[::2],
        "not seeded": not_seeded,
        "no words": no_words,
        "too far": too_far,
    }


@pytest.mark.parametrize("name", list(_bad_states()))
def test_bad_states_are_refused_as_pytorch_does(name: str) -> None:
    torch = pytest.importorskip("torch")
    bad = _bad_states()[name]
    is_array = isinstance(bad, np.ndarray)
    with pytest.raises((RuntimeError, TypeError)) as theirs:
        torch.Generator().set_state(torch.from_numpy(bad) if is_array else bad)
    generator = random.Generator().manual_seed(5)
    before = words(generator).copy()
    with pytest.raises(theirs.type) as mine:
        generator.set_state(wrap(bad) if is_array else bad)
    assert str(mine.value).split("\n")[0] == str(theirs.value).split("\n")[0]
    same_bits(words(generator), before)


def test_states_no_generator_was_in_are_refused() -> None:
    """Left and next count the same words; PyTorch takes any two numbers here."""
    state = random.Generator().get_state()
    state._array[8] = 5
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        random.Generator().set_state(state)


def test_what_generators_do_not_do() -> None:
    generator = random.Generator("cpu")
    assert str(generator.device) == "cpu"
    for method, arguments in (("get_offset", ()), ("set_offset", (1,))):
        with pytest.raises(RuntimeError, match="CPU Generator does not use offset"):
            getattr(generator, method)(*arguments)
    for method, arguments in (
        ("graphsafe_get_state", ()),
        ("graphsafe_set_state", (generator,)),
    ):
        with pytest.raises(NotImplementedError, match=f"{method} is not supported"):
            getattr(generator, method)(*arguments)
    with pytest.raises(RuntimeError, match="tatami runs on CPUs"):
        random.Generator("cuda")


def test_unpredictable_seeds_differ() -> None:
    assert random.seed() == random.initial_seed()
    first = random.initial_seed()
    assert random.seed() != first
    assert random.Generator().seed() != random.Generator().seed()


def test_fork_rng_restores_the_default_generator() -> None:
    random.manual_seed(3)
    before = words(random.default_generator).copy()
    with pytest.raises(KeyError), random.fork_rng():
        random.manual_seed(4)
        raise KeyError
    same_bits(words(random.default_generator), before)
    with random.fork_rng(enabled=False):
        random.manual_seed(4)
    assert random.initial_seed() == 4
    with pytest.raises(RuntimeError, match="device 'cuda:0' was asked for"):
        random.fork_rng(devices=[0]).__enter__()


def test_rng_state_of_the_default_generator() -> None:
    random.manual_seed(3)
    state = random.get_rng_state()
    first = kernels.uniform(random.default_generator._stream, (5,), 0, 1, FLOAT32)
    random.set_rng_state(state)
    stream = random.default_generator._stream
    same_bits(first, kernels.uniform(stream, (5,), 0, 1, FLOAT32))
