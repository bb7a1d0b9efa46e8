"""Functions of nn.init fill tensors with PyTorch's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import record_modules as recorded

import tatami
from tatami.nn import init


@pytest.mark.parametrize(("text", "shape"), recorded.inits())
def test_numbers(text: str, shape: tuple[int, ...]) -> None:
    found = recorded.initialised(tatami, text, shape)
    expected = recorded.arrays()[f"{text}|{shape}"]
    np.testing.assert_allclose(found, expected, 1e-5, 1e-6)


def test_own_generator() -> None:
    tatami.manual_seed(0)
    expected = init.kaiming_normal_(tatami.zeros(4, 5))
    generator = tatami.Generator().manual_seed(0)
    found = init.kaiming_normal_(tatami.zeros(4, 5), generator=generator)
    assert (found == expected).all()


def test_in_place_and_without_history() -> None:
    weight = tatami.nn.Parameter(tatami.zeros(3, 4))
    assert init.xavier_uniform_(weight) is weight
    assert weight.is_leaf
    assert weight.requires_grad
    assert init.orthogonal_(weight) is weight
    assert init.trunc_normal_(weight) is weight


@pytest.mark.parametrize(
    "name", ["uniform", "normal", "xavier_normal", "kaiming_uniform"]
)
def test_old_names_warn(name: str) -> None:
    with pytest.warns(FutureWarning, match=f"`nn.init.{name}_`"):
        getattr(init, name)(tatami.zeros(2, 2))


def test_nothing_to_fill() -> None:
    with pytest.warns(UserWarning, match="no-op"):
        init.kaiming_uniform_(tatami.zeros(0, 3))


def test_far_bounds_warn() -> None:
    with pytest.warns(UserWarning, match="more than 2 std"):
        weight = init.trunc_normal_(tatami.zeros(50), mean=5.0, a=-1.0, b=1.0)
    assert (weight.abs() <= 1).all()


def test_gains() -> None:
    assert init.calculate_gain("relu") == pytest.approx(2**0.5)
    assert init.calculate_gain("tanh") == pytest.approx(5 / 3)
    assert init.calculate_gain("leaky_relu", 1) == 1
    assert init.calculate_gain("conv2d") == 1
