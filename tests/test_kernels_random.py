"""Compiled draws are those of the NumPy definitions, bit for bit, from one stream."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from kernel_checks import both_types, needs_native, normal, served

import tatami
from tatami.kernels import reference
from tatami.kernels.reference import Stream

pytestmark = needs_native
SHAPES = [(), (0,), (1,), (7,), (311,), (312,), (313,), (3, 5, 7), (2, 3001)]
PROBABILITIES = [0.0, 0.25, 1 / 3, 0.9, 1.0]
RANGES = [(0.0, 1.0), (-0.1, 0.1), (-3.0, 5.5), (0.3, 0.3000001)]


def same_draw(name: str, *args: Any) -> None:
    """Draw from two streams in turn, and see that they go on alike."""
    first, second = Stream(7), Stream(7)
    for _ in range(3):
        with served(name) as kernel:
            found = kernel(first, *args)
        expected = getattr(reference, name)(second, *args)
        if not isinstance(expected, tuple):
            found, expected = (found,), (expected,)
        for a, b in zip(found, expected, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            assert a.tobytes() == b.tobytes()
        assert first.raw(3).tolist() == second.raw(3).tolist()
        assert first.position()[1] == second.position()[1]


@both_types
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("p", PROBABILITIES)
def test_bernoulli(shape: tuple[int, ...], p: float, kind: str) -> None:
    same_draw("bernoulli", shape, p, np.dtype(kind))


@both_types
@pytest.mark.parametrize("shape", SHAPES)
def test_dropout(shape: tuple[int, ...], kind: str) -> None:
    x = normal(1, *shape, kind=kind)
    if x.size:
        x.flat[0] = math.inf
    for keep in PROBABILITIES[1:]:
        same_draw("dropout", x, keep)


@both_types
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_uniform(shape: tuple[int, ...], low: float, high: float, kind: str) -> None:
    same_draw("uniform", shape, low, high, np.dtype(kind))


def test_reseeding_keeps_the_twister() -> None:
    stream = Stream(1)
    capsule = stream.capsule
    with served("bernoulli") as kernel:
        first = kernel(stream, (100,), 0.5, np.dtype("float32"))
        stream.reseed(1)
        again = kernel(stream, (100,), 0.5, np.dtype("float32"))
    assert repr(stream.capsule) == repr(capsule)
    np.testing.assert_array_equal(first, again)


def test_other_types_are_served_by_the_definition() -> None:
    drawn = tatami.kernels.bernoulli(Stream(3), (50,), 0.5, np.dtype("int64"))
    expected = reference.bernoulli(Stream(3), (50,), 0.5, np.dtype("int64"))
    np.testing.assert_array_equal(drawn, expected)


def test_dropout_can_be_differentiated_twice() -> None:
    x = tatami.full((20,), 3.0, requires_grad=True)
    tatami.manual_seed(2)
    result = tatami.nn.functional.dropout(x * x, 0.5)
    (first,) = tatami.autograd.grad(result.sum(), x, create_graph=True)
    (second,) = tatami.autograd.grad(first.sum(), x)
    assert (second.numpy() == np.where(result.detach().numpy() == 0, 0, 4)).all()
