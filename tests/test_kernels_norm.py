"""Compiled normalisation against the NumPy definitions, and against PyTorch's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernel_checks import both_types, check, needs_native, normal, same_on_any_threads

import tatami
from tatami import kernels
from tatami.autograd import gradcheck, gradgradcheck

CHANNELS = [
    (2, 1),
    (3, 7),
    (64, 67),
    (2, 3, 1),
    (3, 5, 7),
    (2, 4, 3, 5),
    (5, 3, 33, 31),
]
ROWS = [((5,), 1), ((1, 1), 1), ((7, 3), 1), ((3, 5, 64), 1), ((4, 3, 37), 2)]
AFFINE = pytest.mark.parametrize("affine", ["both", "weight", "neither"])


def factors(affine: str, kind: str, *shape: int) -> tuple[Any, Any]:
    weight = None if affine == "neither" else normal(3, *shape, kind=kind)
    return weight, normal(4, *shape, kind=kind) if affine == "both" else None


@needs_native
@both_types
@AFFINE
@pytest.mark.parametrize("shape", CHANNELS)
def test_batch_norm(shape: tuple[int, ...], affine: str, kind: str) -> None:
    x, grad = normal(1, *shape, kind=kind) + 3, normal(2, *shape, kind=kind)
    x = x.astype(kind)
    weight, bias = factors(affine, kind, shape[1])
    check("batch_norm", x, weight, bias, 1e-5, ulps=256)
    _, mean, _, scale = kernels.batch_norm(x, weight, bias, 1e-5)
    check("batch_norm_grad", grad, x, weight, mean, scale, ulps=256)
    check("channel_affine", x, weight, bias)
    same_on_any_threads(lambda: kernels.batch_norm(x, weight, bias, 1e-5))
    same_on_any_threads(lambda: kernels.batch_norm_grad(grad, x, weight, mean, scale))


@needs_native
@both_types
@AFFINE
@pytest.mark.parametrize(("shape", "d"), ROWS)
def test_layer_norm(shape: tuple[int, ...], d: int, affine: str, kind: str) -> None:
    x, grad = normal(1, *shape, kind=kind), normal(2, *shape, kind=kind)
    weight, bias = factors(affine, kind, *shape[len(shape) - d :])
    check("layer_norm", x, d, weight, bias, 1e-5, ulps=256)
    _, mean, _, scale = kernels.layer_norm(x, d, weight, bias, 1e-5)
    check("layer_norm_grad", grad, x, d, weight, mean, scale, ulps=256)
    same_on_any_threads(lambda: kernels.layer_norm(x, d, weight, bias, 1e-5))
    same_on_any_threads(
        lambda: kernels.layer_norm_grad(grad, x, d, weight, mean, scale)
    )


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_can_be_differentiated_twice(training: bool) -> None:
    x = tatami.tensor(normal(1, 3, 2, 2), requires_grad=True)
    weight = tatami.tensor(normal(2, 2), requires_grad=True)
    bias = tatami.tensor(normal(3, 2), requires_grad=True)
    mean, variance = tatami.zeros(2).double(), tatami.ones(2).double()

    def norm(x: Any, weight: Any, bias: Any) -> Any:
        return tatami.nn.functional.batch_norm(
            x, mean, variance, weight, bias, training, 0.0
        )

    assert gradcheck(norm, (x, weight, bias))
    assert gradgradcheck(norm, (x, weight, bias))


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_layer_norm_can_be_differentiated_twice(shape: tuple[int, ...]) -> None:
    x = tatami.tensor(normal(1, 2, 2, 3), requires_grad=True)
    weight = tatami.tensor(normal(2, *shape), requires_grad=True)
    bias = tatami.tensor(normal(3, *shape), requires_grad=True)

    def norm(x: Any, weight: Any, bias: Any) -> Any:
        return tatami.nn.functional.layer_norm(x, shape, weight, bias)

    assert gradcheck(norm, (x, weight, bias))
    assert gradgradcheck(norm, (x, weight, bias))


def test_empty_batches_are_served_by_the_definition() -> None:
    result, *found = kernels.batch_norm(np.zeros((0, 3, 2)), None, None, 1e-5)
    assert result.shape == (0, 3, 2)
    assert [values.shape for values in found] == [(3,)] * 3
