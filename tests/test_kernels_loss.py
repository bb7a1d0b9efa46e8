"""Compiled losses of classes and softmax gradients, against the NumPy definitions."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_checks import both_types, check, needs_native, normal, same_on_any_threads

from tatami import kernels

pytestmark = needs_native
SHAPES = [(1, 1), (3, 5), (7, 13), (64, 10), (2, 3, 5), (2, 3, 1, 7), (301, 67)]


def targets(shape: tuple[int, ...]) -> np.ndarray:
    """Return classes for scores of a shape; every fourth does not count."""
    labels = np.random.default_rng(0).integers(0, shape[1], (shape[0], *shape[2:]))
    labels.flat[3::4] = -100
    return labels


@both_types
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_loss(
    shape: tuple[int, ...], reduction: str, weighted: bool, kind: str
) -> None:
    x, target = normal(1, *shape, kind=kind), targets(shape)
    weight = np.abs(normal(2, shape[1], kind=kind)) + 1 if weighted else None
    weight = None if weight is None else weight.astype(kind)
    arguments = target, weight, -100, reduction
    check("nll_loss", x, *arguments)
    loss, total = kernels.nll_loss(x, *arguments)
    grad = normal(3, *loss.shape, kind=kind)
    check("nll_loss_grad", grad, *arguments, total, shape)


def test_nothing_counts() -> None:
    x, target = normal(1, 2, 3, kind="float32"), np.full(2, -100)
    loss, total = kernels.nll_loss(x, target, None, -100, "mean")
    assert np.isnan(loss) and total == 0


@pytest.mark.parametrize("wrong", [-1, 3])
def test_targets_out_of_range_are_refused(wrong: int) -> None:
    target = np.array([0, wrong])
    with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
        kernels.nll_loss(normal(1, 2, 3), target, None, -100, "mean")


@both_types
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 1), (2, 3, 17), (129, 1001)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_grad(shape: tuple[int, ...], name: str, kind: str) -> None:
    x, grad = normal(1, *shape, kind=kind), normal(2, *shape, kind=kind)
    result = getattr(kernels, name)(x, len(shape) - 1)
    arguments = grad, result, len(shape) - 1
    check(f"{name}_grad", *arguments, ulps=64)
    same_on_any_threads(lambda: getattr(kernels, f"{name}_grad")(*arguments))


@pytest.mark.parametrize("name", ["softmax_grad", "log_softmax_grad"])
def test_softmax_grad_takes_gradients_with_gaps(name: str) -> None:
    result = np.log(np.full((3, 4), 0.25, np.float32))
    grad = np.broadcast_to(np.float32(2), (3, 4))
    check(name, grad, result, 1)
