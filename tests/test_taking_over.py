"""relu writes where its operand lies, if nobody else can ever look there."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tatami
from tatami import kernels, nn
from tatami.nn import functional as F
from tatami.ops.relu import _counts_holders

pytestmark = pytest.mark.skipif(
    kernels.in_use != "native" or not _counts_holders(),
    reason="needs compiled kernels and a Python that counts as expected",
)


class Source(nn.Conv2d):
    """A convolution that notes where its results lie."""

    def __init__(self) -> None:
        super().__init__(1, 2, 3)
        self.places: list[int] = []

    def forward(self, input: Any) -> Any:
        result = super().forward(input)
        self.places.append(result.data_ptr())
        return result


@pytest.fixture
def source() -> Source:
    tatami.manual_seed(0)
    return Source()


def image() -> Any:
    return tatami.randn(2, 1, 9, 9)


def test_counting_works_where_it_is_known_to() -> None:
    if sys.version_info[:2] in ((3, 11), (3, 12), (3, 13)):
        assert _counts_holders()


@pytest.mark.parametrize("relu", [F.relu, tatami.relu])
@pytest.mark.parametrize("grad", [True, False])
def test_a_passing_result_is_taken_over(source: Source, relu: Any, grad: bool) -> None:
    x = image()
    with tatami.set_grad_enabled(grad):
        result = relu(source(x))
    assert result.data_ptr() == source.places[-1]
    assert tatami.equal(result, source(x).clamp(min=0))
    assert result._array.flags.owndata


def holders(source: Source, x: Any) -> Iterator[tuple[Any, Callable[[], Any]]]:
    """Yield what holds elements, and a call of relu that must leave them alone."""
    named = source(x)
    yield named, lambda: F.relu(named)
    yield named, lambda: F.relu(*(named,))
    yield named, lambda: next(map(F.relu, [named]))
    yield named, functools.partial(F.relu, named)
    yield named, lambda: F.relu.__wrapped__(named)
    yield named, lambda: F.relu(input=named)
    yield named, lambda: named.relu()
    array = np.random.default_rng(0).standard_normal(9).astype(np.float32)
    yield array, lambda: F.relu(tatami.from_numpy(array))
    leaf = tatami.randn(5, requires_grad=True)
    yield leaf, lambda: F.relu(leaf.view(-1))
    kept: list[Any] = []
    hooked = Source()
    hooked.register_forward_hook(lambda module, given, result: kept.append(result))
    hooked(x)
    yield kept[-1], lambda: F.relu(hooked(x))


def elements(holder: Any) -> np.ndarray:
    return np.array(holder.detach() if isinstance(holder, tatami.Tensor) else holder)


def test_what_somebody_holds_stays(source: Source) -> None:
    count = 0
    for held, call in holders(source, image()):
        before = elements(held)
        call()
        np.testing.assert_array_equal(elements(held), before)
        assert (before < 0).any()
        count += 1
    assert count == 10


@pytest.mark.parametrize(
    "make",
    [
        lambda y: y,
        lambda y: y.view(-1),
        lambda y: y[0],
        lambda y: y.mT,
        lambda y: y.detach(),
        lambda y: y.data,
        lambda y: y.detach().numpy(),
    ],
)
def test_what_shows_the_same_memory_stays(source: Source, make: Any) -> None:
    seen: list[Any] = []

    def shown() -> Any:
        result = source(image())
        view = make(result)
        seen.append((view, elements(view)))
        return result

    F.relu(shown())
    view, before = seen[0]
    np.testing.assert_array_equal(elements(view), before)


def test_what_a_step_saved_stays() -> None:
    x = tatami.randn(7, requires_grad=True)
    F.relu(tatami.tanh(x)).sum().backward()
    wanted = tatami.where(x > 0, 1 - tatami.tanh(x).square(), tatami.zeros(()))
    assert tatami.allclose(x.grad, wanted)


def test_gradients_of_all_orders(source: Source) -> None:
    x = image().requires_grad_()
    source.places.clear()
    loss = F.relu(source(x)).square().sum()
    (first,) = tatami.autograd.grad(loss, x, create_graph=True)
    (second,) = tatami.autograd.grad(first.square().sum(), x)
    y = source(x)
    loss = F.relu(y).square().sum()
    (wanted,) = tatami.autograd.grad(loss, x, create_graph=True)
    assert tatami.allclose(first, wanted)
    (wanted,) = tatami.autograd.grad(wanted.square().sum(), x)
    assert tatami.allclose(second, wanted)


def test_other_types_and_memory_are_left_alone() -> None:
    numbers = np.arange(-3, 3)
    assert F.relu(tatami.tensor([-1, 2])).tolist() == [0, 2]
    assert F.relu(tatami.from_numpy(numbers[::2])).tolist() == [0, 0, 1]
    assert F.relu(tatami.randn(1).expand(3)).shape == (3,)
    assert numbers.tolist() == [-3, -2, -1, 0, 1, 2]
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        F.relu([1.0])
    with pytest.raises(TypeError):
        F.relu()


def test_compiled_functions_record_it_as_ever(source: Source) -> None:
    x = image()
    wanted = F.relu(source(x))

    @tatami.compile
    def step(x: Any) -> Any:
        return F.relu(source(x))

    source.places.clear()
    source.forward = functools.partial(nn.Conv2d.forward, source)  # notes nothing
    for _ in range(6):
        assert tatami.equal(step(x), wanted)


def test_relu_in_place_stays_where_it_is(source: Source) -> None:
    x = image()
    y = source(x)
    node, before = y.grad_fn, y.detach().clone()
    assert F.relu(y, inplace=True) is y
    assert y.data_ptr() == source.places[-1]
    assert y._version == 1
    assert [edge[0] for edge in y.grad_fn.next_functions] == [node]
    assert tatami.equal(y, before.clamp(min=0))
    y.square().sum().backward()
    grad, source.weight.grad = source.weight.grad, None
    F.relu(source(x)).square().sum().backward()
    assert tatami.allclose(grad, source.weight.grad)


def test_relu_in_place_of_views_and_of_what_was_saved() -> None:
    x = tatami.randn(6, requires_grad=True)
    y = x * 2
    y[:3].relu_()
    y.sum().backward()
    wanted = tatami.full((6,), 2.0)
    wanted[:3] *= (x[:3] > 0).float()
    assert tatami.equal(x.grad, wanted)
    z = x.exp()
    z.relu_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    z = (x * 2).relu_()
    z.mul_(3)
    with pytest.raises(RuntimeError, match="which is output 0 of Relu, is at version"):
        z.sum().backward()
    with pytest.raises(RuntimeError, match="a leaf Variable"):
        x.relu_()
    assert tatami.tensor([-1, 2]).relu_().tolist() == [0, 2]
