"""Convolution, relu and max pooling in one step against its NumPy definition."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tatami import kernels
from tatami.kernels import native
from tatami.kernels import reference as definition

# N, C, O, (H, W), kernel, padding, pool
SHAPES = [
    (3, 1, 6, (32, 32), (3, 3), (0, 0), (2, 2)),
    (3, 6, 16, (15, 15), (3, 3), (0, 0), (2, 2)),
    (1, 1, 1, (2, 2), (1, 1), (0, 0), (2, 2)),
    (1, 3, 5, (7, 11), (2, 2), (0, 0), (2, 2)),
    (5, 7, 11, (13, 17), (3, 3), (1, 1), (2, 2)),
    (2, 8, 8, (9, 6), (3, 5), (1, 2), (2, 2)),
    (2, 9, 17, (11, 11), (5, 5), (2, 2), (2, 2)),
    (2, 17, 33, (5, 19), (1, 3), (0, 1), (2, 2)),
    (2, 3, 13, (12, 40), (7, 7), (3, 3), (2, 2)),
    (1, 2, 3, (8, 31), (1, 11), (0, 5), (2, 2)),
    (1, 1, 2, (4, 41), (2, 13), (1, 0), (2, 2)),
    (2, 5, 24, (4, 4), (3, 3), (0, 0), (2, 2)),
    (2, 3, 7, (11, 11), (3, 3), (1, 1), (3, 3)),
    (2, 2, 4, (10, 9), (2, 3), (0, 1), (1, 3)),
    (1, 3, 4, (6, 7), (3, 3), (0, 0), (1, 1)),
    (41, 2, 3, (8, 8), (3, 3), (1, 1), (2, 2)),
]
IDS = [str(shape) for shape in SHAPES]


def arrays(shape, dtype, seed=0):
    """Return x, weight, bias and the remaining arguments for a row of SHAPES."""
    N, C, O, image, kernel, padding, pool = shape
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((N, C, *image)).astype(dtype)
    weight = generator.standard_normal((O, C, *kernel)).astype(dtype)
    bias = generator.standard_normal(O).astype(dtype)
    return x, weight, bias, padding, pool


def close(actual, expected, terms):
    """Assert that sums of ``terms`` products are equal up to rounding."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    unit = np.finfo(expected.dtype).eps
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    bound = 8 * unit * scale * max(1, terms) ** 0.5
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_forward(shape, dtype):
    x, weight, bias, padding, pool = arrays(shape, dtype)
    for shift, relu in product((bias, None), (True, False)):
        call = (x, weight, shift, padding, pool, relu)
        out, code = kernels.convolution_max_pool(*call)
        expected, places = definition.convolution_max_pool(*call)
        close(out, expected, weight[0].size)
        assert code.dtype == np.uint8
        # Where two sums are almost equal, rounding decides.
        assert (code != places).mean() < 0.005
        np.testing.assert_array_equal(out, kernels.convolution_max_pool_infer(*call))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_gradients(shape, dtype):
    x, weight, bias, padding, pool = arrays(shape, dtype)
    out, code = definition.convolution_max_pool(x, weight, bias, padding, pool, True)
    grad = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
    for factor, bias in product((weight, None), (True, False)):
        call = (grad, code, x, factor, weight.shape, padding, pool, True, bias)
        compare_gradients(call)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_gradients_by_codes_of_a_pooling(shape, dtype):
    """Codes say which tiles relu closes; without relu these count too."""
    x, weight, bias, padding, pool = arrays(shape, dtype)
    y = definition.convolution(x, weight, bias, (1, 1), padding, (1, 1), 1)
    out, code = definition.max_pool_tiles(y, pool)
    grad = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
    for factor, relu in product((weight, None), (True, False)):
        compare_gradients(
            (grad, code, x, factor, weight.shape, padding, pool, relu, True)
        )


def compare_gradients(call):
    grad, weight = call[0], np.empty(call[4])
    actual = kernels.convolution_max_pool_grad(*call)
    expected = definition.convolution_max_pool_grad(*call)
    terms = (weight[:, 0].size, grad[:, 0].size, grad[:, 0].size)
    for mine, theirs, count in zip(actual, expected, terms, strict=True):
        assert (mine is None) == (theirs is None)
        if theirs is not None:
            close(mine, theirs, count)


@pytest.mark.parametrize(("code", "relu"), [(4, True), (4, False), (255, False)])
def test_codes_of_no_tap_are_refused(code, relu):
    x, weight = np.ones((1, 1, 8, 8), np.float32), np.ones((2, 1, 3, 3), np.float32)
    codes = np.zeros((1, 2, 3, 3), np.uint8)
    codes[0, 1, 2, 2] = code
    grad = np.ones(codes.shape, np.float32)
    call = (grad, codes, x, None, weight.shape, (0, 0), (2, 2), relu, True)
    with pytest.raises(IndexError):
        kernels.convolution_max_pool_grad(*call)


def test_of_equal_sums_the_first_counts():
    x = np.ones((2, 3, 9, 9), np.float32)
    for channels in (2, 8, 16):
        weight = np.ones((channels, 3, 3, 3), np.float32)
        call = (x, weight, None, (0, 0), (2, 2), True)
        out, code = kernels.convolution_max_pool(*call)
        assert (out == 27).all()
        assert (code == 0).all()


@pytest.mark.parametrize("channels", [3, 16])
def test_a_closed_relu_lets_nothing_through(channels):
    x = np.ones((2, 1, 8, 8), np.float32)
    weight = -np.ones((channels, 1, 3, 3), np.float32)
    call = (x, weight, None, (0, 0), (2, 2))
    out, code = kernels.convolution_max_pool(*call, True)
    assert (out == 0).all()
    assert (code == 255).all()
    ones = np.ones_like(out)
    for gradient in kernels.convolution_max_pool_grad(
        ones, code, x, weight, weight.shape, (0, 0), (2, 2), True, True
    ):
        assert (gradient == 0).all()
    assert (kernels.convolution_max_pool(*call, False)[0] == -9).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("relu", [True, False])
def test_numbers_that_are_not_finite(value, channels, relu):
    x, weight, bias, *_ = arrays((1, 2, channels, (12, 12), (3, 3), 0, 0), np.float32)
    x[0, 1, 4, 5] = value
    call = (x, weight, bias, (1, 1), (2, 2), relu)
    out, code = kernels.convolution_max_pool(*call)
    with np.errstate(all="ignore"):
        expected, _ = definition.convolution_max_pool(*call)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
    assert (code[np.isnan(out)] < 4).all()


def test_no_samples_and_no_windows():
    weight = np.ones((4, 2, 3, 3), np.float32)
    for shape in ((0, 2, 8, 8), (2, 2, 3, 8)):
        x = np.ones(shape, np.float32)
        out, code = kernels.convolution_max_pool(x, weight, None, (0, 0), (2, 2), True)
        assert out.size == code.size == 0
        gradients = kernels.convolution_max_pool_grad(
            out, code, x, weight, weight.shape, (0, 0), (2, 2), True, True
        )
        assert [g.shape for g in gradients] == [shape, weight.shape, (4,)]
        assert not any(g.any() for g in gradients)


def test_arrays_with_gaps():
    x, weight, bias, *_ = arrays((4, 6, 16, (15, 30), (3, 3), 0, 0), np.float32)
    wide = np.repeat(x, 2, axis=3)
    rest = (weight, bias, (0, 0), (2, 2), True)
    for ours, theirs in zip(
        kernels.convolution_max_pool(wide[..., ::2], *rest),
        kernels.convolution_max_pool(x, *rest),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.skipif(not native.available, reason="needs the compiled kernels")
@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[1], SHAPES[4]], ids=str)
def test_the_number_of_threads_changes_nothing(shape):
    x, weight, bias, padding, pool = arrays((67, *shape[1:]), np.float32)
    results = []
    before = native.get_num_threads()
    try:
        for threads in (1, 2, 3):
            native.set_num_threads(threads)
            out, code = kernels.convolution_max_pool(
                x, weight, bias, padding, pool, True
            )
            gradients = kernels.convolution_max_pool_grad(
                out, code, x, weight, weight.shape, padding, pool, True, True
            )
            results.append((out, code, *gradients))
    finally:
        native.set_num_threads(before)
    for other in results[1:]:
        for left, right in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(left, right)
