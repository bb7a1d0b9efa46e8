"""Convolutions and their gradients against their NumPy definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tatami import kernels
from tatami.kernels import native
from tatami.kernels import reference as definition

# N, C, O, lengths, kernel, stride, padding, dilation, groups: what networks have, and
# every way the kernels split their work
SHAPES = [
    (2, 1, 32, (28, 28), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    (2, 3, 16, (32, 32), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (3, 64, 64, (8, 8), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (9, 16, 32, (11, 13), (3, 3), (2, 2), (1, 1), (1, 1), 1),
    (2, 17, 24, (16, 16), (1, 1), (2, 2), (0, 0), (1, 1), 1),
    (2, 64, 41, (7, 7), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (19, 6, 16, (14, 14), (5, 5), (1, 1), (0, 0), (1, 1), 1),
    (2, 3, 64, (31, 29), (7, 7), (2, 2), (3, 3), (1, 1), 1),
    (2, 32, 8, (16, 16), (3, 3), (1, 1), (2, 2), (2, 2), 1),
    (1, 16, 7, (64, 65), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 32, 32, (9, 8), (3, 3), (1, 1), (1, 1), (1, 1), 4),
    (3, 19, 19, (17, 17), (3, 3), (1, 1), (1, 1), (1, 1), 19),
    (2, 23, 23, (16, 16), (3, 3), (2, 2), (1, 1), (1, 1), 23),
    (2, 5, 15, (12, 9), (5, 3), (1, 1), (2, 1), (1, 1), 5),
    (2, 7, 7, (10, 10), (3, 3), (1, 1), (0, 0), (1, 1), 7),
    (2, 9, 9, (40, 3), (3, 2), (3, 1), (1, 0), (1, 2), 9),
    (2, 16, 32, (128,), (5,), (1,), (2,), (1,), 1),
    (3, 3, 4, (37,), (4,), (3,), (5,), (2,), 1),
    (300, 8, 8, (1, 1), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (2, 8, 9, (1, 1), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (1, 8, 8, (2, 3), (1, 1), (3, 3), (4, 4), (1, 1), 1),
]
SMALL = [
    (3, C, O, (7, 10), kernel, stride, padding, dilation, groups)
    for C, O, groups in ((1, 1, 1), (5, 3, 1), (8, 14, 2), (10, 10, 10), (4, 8, 4))
    for kernel, stride in product([(1, 1), (3, 2), (2, 5)], [(1, 1), (2, 2), (3, 1)])
    for padding, dilation in product([(0, 0), (1, 1), (2, 4)], [(1, 1), (2, 1)])
]


def arrays(shape, dtype):
    """Return x, weight, bias and the geometry for a row."""
    N, C, O, lengths, kernel, *geometry, groups = shape
    generator = np.random.default_rng(len(lengths) + N + C)
    x = generator.standard_normal((N, C, *lengths)).astype(dtype)
    weight = generator.standard_normal((O, C // groups, *kernel)).astype(dtype)
    bias = generator.standard_normal(O).astype(dtype)
    return x, weight, bias, (*geometry, groups)


def close(actual, expected, terms):
    """Assert that sums of ``terms`` products are equal up to rounding."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    unit = np.finfo(expected.dtype).eps
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    bound = 8 * unit * scale * max(1, terms) ** 0.5
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


def check(shape, dtype):
    """Compare the four kernels with their definitions."""
    x, weight, bias, geometry = arrays(shape, dtype)
    taps = weight[0].size
    expected = definition.convolution(x, weight, bias, *geometry)
    close(kernels.convolution(x, weight, bias, *geometry), expected, taps)
    plain = kernels.convolution(x, weight, None, *geometry)
    close(plain, definition.convolution(x, weight, None, *geometry), taps)
    positive = kernels.convolution_relu(x, weight, bias, *geometry)
    close(positive, np.maximum(expected, 0), taps)
    grad = np.random.default_rng(1).standard_normal(expected.shape).astype(dtype)
    call = (grad, weight, x.shape, *geometry)
    expected = definition.convolution_grad_input(*call)
    close(kernels.convolution_grad_input(*call), expected, grad[0].size)
    call = (grad, x, weight.shape, *geometry)
    expected = definition.convolution_grad_weight(*call)
    close(kernels.convolution_grad_weight(*call), expected, grad[:, 0].size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_networks(shape, dtype):
    check(shape, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("part", range(6))
def test_combinations(part, dtype):
    for shape in SMALL[part::6]:
        check(shape, dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_threads(shape):
    x, weight, bias, geometry = arrays(shape, np.float32)
    out = kernels.convolution(x, weight, bias, *geometry)
    calls = [
        lambda: kernels.convolution(x, weight, bias, *geometry),
        lambda: kernels.convolution_grad_input(out, weight, x.shape, *geometry),
        lambda: kernels.convolution_grad_weight(out, x, weight.shape, *geometry),
    ]
    results, before = [], native.get_num_threads()
    try:
        for count in (1, 2, 3):
            native.set_num_threads(count)
            results.append([call() for call in calls])
    finally:
        native.set_num_threads(before)
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[2], SHAPES[11]], ids=str)
def test_no_samples_and_gaps(shape):
    x, weight, bias, geometry = arrays(shape, np.float32)
    none = kernels.convolution(x[:0], weight, bias, *geometry)
    expected = definition.convolution(x[:0], weight, bias, *geometry)
    assert none.shape == expected.shape
    grad = kernels.convolution_grad_weight(none, x[:0], weight.shape, *geometry)
    np.testing.assert_array_equal(grad, np.zeros_like(weight))
    wide = np.repeat(x, 2, axis=-1)
    np.testing.assert_array_equal(
        kernels.convolution(wide[..., ::2], weight, bias, *geometry),
        kernels.convolution(x, weight, bias, *geometry),
    )


@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[1], SHAPES[6], SHAPES[11]])
def test_infinity_stays_in_its_windows(shape):
    x, weight, bias, geometry = arrays(shape, np.float32)
    x[0, 0, 4, 5] = np.inf
    out = kernels.convolution_relu(x, weight, bias, *geometry)
    expected = definition.convolution_relu(x, weight, bias, *geometry)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(expected))
    x[0, 0, 4, 5] = np.nan
    out = kernels.convolution_relu(x, weight, bias, *geometry)
    expected = definition.convolution_relu(x, weight, bias, *geometry)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))


def test_inputs_stay():
    x, weight, bias, geometry = arrays(SHAPES[3], np.float32)
    copies = x.copy(), weight.copy(), bias.copy()
    out = kernels.convolution(x, weight, bias, *geometry)
    kernels.convolution_grad_input(out, weight, x.shape, *geometry)
    kernels.convolution_grad_weight(out, x, weight.shape, *geometry)
    for array, copy in zip((x, weight, bias), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
