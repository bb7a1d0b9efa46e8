"""Compiled copies, joins and look-ups against the NumPy definitions."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_checks import check, needs_native, normal, served

from tatami import kernels
from tatami.kernels import reference

pytestmark = needs_native
KINDS = pytest.mark.parametrize(
    "kind", ["float32", "float64", "int64", "int32", "bool"]
)


def values(*shape: int, kind: str) -> np.ndarray:
    return (normal(1, *shape) * 5).astype(kind)


def views(kind: str) -> list[np.ndarray]:
    """Return arrays with gaps, turned, backwards, and standing still."""
    x = values(4, 6, 5, kind=kind)
    return [
        x, x[1], x[:, 1], x[..., 2], x.transpose(2, 0, 1), x[::2, ::-1], x[0, 0, 0:1],
        np.broadcast_to(x[:, :1], (4, 6, 5)), np.asarray(x[1, 2, 3]),
    ]  # fmt: skip


@KINDS
def test_copy(kind: str) -> None:
    for x in views(kind):
        check("copy", x)


@KINDS
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 1, 4099)])
def test_full(shape: tuple[int, ...], kind: str) -> None:
    for value in (0, 1, True):
        check("full", shape, value, np.dtype(kind))
    if kind.startswith("float"):
        check("full", shape, -2.5, np.dtype(kind))


@KINDS
def test_assign(kind: str) -> None:
    source = values(4, 6, 5, kind=kind)
    for place in (np.s_[:], np.s_[1:3], np.s_[:, ::2], np.s_[..., 1]):
        for given in (source[place], source[place][:1], True):
            found, expected = np.zeros_like(source), np.zeros_like(source)
            with served("assign") as kernel:
                kernel(found[place], given)
            reference.assign(expected[place], given)
            np.testing.assert_array_equal(found, expected)
    turned = np.zeros((5, 6, 4), kind)
    with served("assign") as kernel:
        kernel(turned.T, source)
    np.testing.assert_array_equal(turned.T, source)


def test_assign_to_itself_is_served_by_the_definition() -> None:
    x = np.arange(6.0)
    kernels.assign(x[1:], x[:-1])
    np.testing.assert_array_equal(x, [0, 0, 1, 2, 3, 4])


@KINDS
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_concatenate(dim: int, kind: str) -> None:
    x = values(3, 4, 5, kind=kind)
    check("concatenate", [x], dim)
    check("concatenate", [x, x[::-1], x], dim)
    check("concatenate", (x, np.take(x, [0, 1], dim)), dim)
    check("concatenate", [x.transpose(0, 2, 1), x.transpose(0, 2, 1)], dim)


@KINDS
def test_pad(kind: str) -> None:
    x = values(2, 3, 5, kind=kind)
    check("pad", x, [(0, 0), (1, 0), (2, 3)], "constant", 0)
    check("pad", x.transpose(2, 0, 1), [(1, 1)] * 3, "constant", 1)


@KINDS
def test_take(kind: str) -> None:
    x, places = values(7, 3, 2, kind=kind), np.array([[6, 0], [-1, 3]])
    check("take", x, places)
    check("take", x, (places,))
    check("take", x[:, 0], places[0])
    check("take", x.transpose(1, 0, 2), np.array(1))
    for wrong in (7, -8):
        with pytest.raises(IndexError):
            kernels.take(x, np.array([0, wrong]))


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("accumulate", [False, True])
def test_put(accumulate: bool, kind: str) -> None:
    x, places = values(7, 3, kind=kind), np.array([6, 0, -1, 3, 6])
    given = normal(2, 5, 3, kind=kind)
    check("put", x, (places,), given, accumulate, ulps=0)
    check("put", x[:, 0], places, given[:, 0], accumulate, ulps=0)
    with pytest.raises(IndexError):
        kernels.put(x, (places + 1,), given, accumulate)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_embedding(kind: str) -> None:
    weight, places = values(7, 3, kind=kind), np.array([[6, 0], [5, 6]])
    check("embedding", weight, places)
    grad = normal(2, 2, 2, 3, kind=kind)
    for padding in (-1, 6):
        check("embedding_grad", grad, places, 7, padding, False, ulps=0)
    with pytest.raises(IndexError, match="index out of range in self"):
        kernels.embedding(weight, np.array([0, -1]))


@pytest.mark.parametrize("shape", [(5,), (2, 3), (1,), ()])
def test_one_hot(shape: tuple[int, ...]) -> None:
    places = np.asarray(np.random.default_rng(3).integers(0, 7, shape))
    check("one_hot", places, 7)
    check("one_hot", places, 9)
    for wrong, says in ((-1, "must be non-negative"), (7, "must be smaller")):
        with pytest.raises(RuntimeError, match=says):
            kernels.one_hot(np.array([0, wrong]), 7)
