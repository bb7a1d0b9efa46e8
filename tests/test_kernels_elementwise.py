"""Compiled element-wise kernels against the NumPy definitions, in any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernel_checks import both_types, check, needs_native, normal, same_on_any_threads

import tatami
from tatami import kernels
from tatami.autograd import gradcheck, gradgradcheck

pytestmark = needs_native
SHAPES = [(), (1,), (7,), (3, 5), (2, 3, 67), (4099,)]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-30, 1e30, 88.9, -104.5]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
UNARY = ["neg", "abs", "square", "relu", "exp", "tanh", "sigmoid", "erf"]


def layouts(kind: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs that stretch, with gaps and steps of zero; all in order."""
    wide = normal(1, 6, 10, kind=kind)
    return [
        (wide[:, :5], normal(2, 6, 5, kind=kind)),
        (wide[:, ::2], normal(2, 6, 5, kind=kind)[:, ::1]),
        (wide[::3], normal(2, 1, 10, kind=kind)),
        (wide, normal(2, 6, 1, kind=kind)),
        (wide, normal(2, 10, kind=kind)),
        (np.broadcast_to(normal(2, 6, 1, kind=kind), (6, 10)), wide),
        (normal(3, 2, 1, 3, 1, kind=kind), normal(4, 1, 5, 1, 7, kind=kind)),
    ]


@both_types
@pytest.mark.parametrize("name", [*BINARY, *COMPARISONS])
def test_binary(name: str, kind: str) -> None:
    for a, b in layouts(kind):
        check(name, a, b)
    for shape in SHAPES:
        x = normal(1, *shape, kind=kind)
        check(name, x, normal(2, *shape, kind=kind))
        check(name, x, 2.5)
        check(name, 3, x)
    values = np.array(SPECIAL, kind)
    check(name, values[:, None], values)


@pytest.mark.parametrize("name", ["add", "sub", "mul", *COMPARISONS])
def test_integers(name: str) -> None:
    x = np.arange(-7, 8).reshape(3, 5)
    for other in (x[::-1].copy(), x[:, :1], 3, x[1]):
        check(name, x, other)
    check(name, np.array(2**62), 2**62)


@both_types
@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str, kind: str) -> None:
    for shape in SHAPES:
        check(name, np.asarray(normal(1, *shape, kind=kind) * 3))
    for x, _ in layouts(kind):
        check(name, x)
    check(name, np.array(SPECIAL, kind))


@both_types
def test_erf_is_exact_to_two_units(kind: str) -> None:
    x = np.linspace(-6, 6, 20001).astype(kind)
    expected = kernels.erf(x.astype("float64"))
    error = np.abs(kernels.erf(x) - expected) / np.spacing(
        np.abs(expected).astype(kind)
    )
    assert error[x != 0].max() < 2


@both_types
def test_where(kind: str) -> None:
    x, y = normal(1, 4, 6, kind=kind), normal(2, 4, 6, kind=kind)
    for condition in (x > 0, (x > 0)[:1], (x > 0)[:, ::2].repeat(2, 1), np.array(True)):
        check("where", condition, x, y)
        check("where", condition, 0.0, y)
        check("where", condition, x, np.asarray(np.inf, kind))


@both_types
def test_threshold_backward_takes_gradients_that_stand_still(kind: str) -> None:
    x = normal(1, 4, 6, kind=kind)
    check("threshold_backward", np.broadcast_to(x[:, :1], x.shape), x, 0)
    check("threshold_backward", x, x, 0.5)


@both_types
@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_formulas(name: str, kind: str) -> None:
    for shape in [(1,), (3, 5), (4099,)]:
        x, grad = normal(1, *shape, kind=kind) * 3, normal(2, *shape, kind=kind)
        x = x.astype(kind)
        check(name, x)
        check(f"{name}_grad", grad, x, ulps=32)
    same_on_any_threads(lambda: getattr(kernels, name)(normal(1, 70001, kind=kind)))


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_formulas_can_be_differentiated_twice(name: str) -> None:
    function = getattr(tatami.nn.functional, name)
    x = tatami.tensor(normal(1, 5), requires_grad=True)
    assert gradcheck(function, (x,))
    assert gradgradcheck(function, (x,))


@both_types
@pytest.mark.parametrize(("N", "H"), [(1, 1), (3, 7), (20, 128)])
def test_lstm_cell(N: int, H: int, kind: str) -> None:
    gates, cell = normal(1, N, 4 * H, kind=kind), normal(2, N, H, kind=kind)
    check("lstm_cell", gates, cell)
    _, _, opened, bent = kernels.lstm_cell(gates, cell)
    grads: list[Any] = [normal(3, N, H, kind=kind), normal(4, N, H, kind=kind)]
    for hidden, new_cell in (grads, (None, grads[1]), (grads[0], None)):
        check("lstm_cell_grad", hidden, new_cell, opened, bent, cell)


def test_lstm_cell_can_be_differentiated_twice() -> None:
    from tatami.ops.rnn import LstmCell

    gates = tatami.tensor(normal(1, 2, 12), requires_grad=True)
    cell = tatami.tensor(normal(2, 2, 3), requires_grad=True)
    assert gradcheck(LstmCell.apply, (gates, cell))
    assert gradgradcheck(LstmCell.apply, (gates, cell))
