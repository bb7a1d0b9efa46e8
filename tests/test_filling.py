"""Writing into tensors: copying, filling, ``out=``, and random numbers."""

from __future__ import annotations

import numpy as np
import pytest

import tatami


def test_copy_casts_and_stretches() -> None:
    target = tatami.zeros(2, 3, dtype=tatami.int64)
    result = target.copy_(tatami.tensor([1.7, -2.2, 3.0]))
    assert result is target
    assert target.tolist() == [[1, -2, 3], [1, -2, 3]]


def test_gradient_of_a_copy_goes_to_the_source() -> None:
    source = tatami.ones(3, requires_grad=True)
    old = tatami.ones(2, 3, requires_grad=True)
    target = old * 2
    target.copy_(source)
    (target * tatami.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert source.grad is not None and source.grad.tolist() == [2.0, 4.0, 6.0]
    assert old.grad is not None and not old.grad.any()


def test_zero_and_fill_cut_the_gradient() -> None:
    x = tatami.ones(3, requires_grad=True)
    y = x * 2
    y[1:].zero_()
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 0.0, 0.0]


def test_out_takes_the_result() -> None:
    out = tatami.empty(0)
    assert tatami.add(tatami.tensor([1.0, 2.0]), 1, out=out) is out
    assert out.tolist() == [2.0, 3.0]
    values, indices = tatami.empty(0), tatami.empty(0, dtype=tatami.int64)
    tatami.max(tatami.tensor([[1.0, 5.0]]), 1, out=(values, indices))
    assert (values.item(), indices.item()) == (5.0, 1)


def test_out_of_another_size_is_resized_with_a_warning() -> None:
    out = tatami.zeros(5)
    with pytest.warns(UserWarning, match="was resized since it had shape"):
        tatami.exp(tatami.zeros(2), out=out)
    assert out.tolist() == [1.0, 1.0]


def test_out_refuses_gradients_and_lower_types() -> None:
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        tatami.exp(tatami.zeros(2, requires_grad=True), out=tatami.zeros(2))
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        tatami.exp(tatami.zeros(2), out=tatami.zeros(2, dtype=tatami.int64))


FILLS = {
    "uniform_": (-1.0, 2.0), "normal_": (1.0, 2.0), "random_": (3, 90),
    "bernoulli_": (0.3,), "exponential_": (2.0,), "geometric_": (0.3,),
    "cauchy_": (1.0, 2.0), "log_normal_": (0.5, 0.25),
}  # fmt: skip


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("shape", [(7,), (5, 7)])
@pytest.mark.parametrize("transposed", [False, True])
def test_random_fills_like_pytorch(
    name: str, shape: tuple[int, ...], transposed: bool
) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for package in (tatami, torch):
        package.manual_seed(3)
        x = package.zeros(*shape)
        x = x.t() if transposed else x
        getattr(x, name)(*FILLS[name])
        found.append(x.numpy())
    np.testing.assert_array_equal(*found)


def test_random_tensors_like_pytorch() -> None:
    torch = pytest.importorskip("torch")

    def draws(package: type) -> list[np.ndarray]:
        package.manual_seed(11)
        weights = package.arange(1, 8).to(package.float32)
        deviations = package.full((3, 5), 0.5)
        made = [
            package.rand(3, 5), package.randn(3, 5), package.randint(-9, 99, (3, 5)),
            package.randperm(13), package.rand_like(weights), package.randn_like(weights),  # noqa: E501
            package.randint_like(weights, 7), package.bernoulli(weights / 9),
            package.bernoulli(weights, 0.4), package.multinomial(weights, 3),
            package.multinomial(weights, 9, replacement=True),
            package.normal(1.0, 2.0, (3, 5)), package.normal(weights, 2.0),
            package.normal(0.0, deviations), package.normal(deviations, deviations),
            package.rand(3, dtype=package.float64), package.randn(20, dtype=package.float64),  # noqa: E501
        ]  # fmt: skip
        return [x.numpy() for x in made]

    for found, expected in zip(draws(tatami), draws(torch), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_generators_are_independent() -> None:
    first = tatami.Generator().manual_seed(5)
    second = tatami.Generator().manual_seed(5)
    tatami.rand(3)
    a, b = tatami.rand(3, generator=first), tatami.rand(3, generator=second)
    assert a.tolist() == b.tolist()
