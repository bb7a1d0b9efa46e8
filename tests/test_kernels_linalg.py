"""The compiled matrix products against their NumPy definitions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tatami import kernels
from tatami.kernels import native, reference

pytestmark = pytest.mark.skipif(
    kernels.in_use != "native", reason="there is nothing to compare"
)

# 0 and 1, primes around the sizes of tiles, and one that needs several blocks.
LENGTHS = (0, 1, 2, 3, 5, 7, 13, 17, 31, 67)
SHAPES = [
    *itertools.product((0, 1, 3, 7, 17), (0, 1, 5, 13, 37), (0, 1, 2, 11, 67)),
    *((length, length, length) for length in LENGTHS),
    (1, 300, 1030), (2, 130, 577), (4, 1, 700), (13, 10, 1200), (10, 577, 61),
    (64, 120, 576), (97, 101, 1031), (150, 85, 2050), (211, 409, 89),
    (1, 4099, 7), (1, 2050, 33), (31, 67, 4), (301, 37, 2), (150, 2100, 193),
]  # fmt: skip
DTYPES = (np.float32, np.float64)
LAYOUTS = ("rows", "columns", "spread", "late")
PAIRS = list(itertools.product(LAYOUTS, LAYOUTS))


def filled(shape: tuple[int, ...], dtype: Any, layout: str, seed: int) -> np.ndarray:
    """Return random numbers that lie in memory as the layout says."""
    values = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    *stack, height, width = shape
    if layout == "columns":
        home = np.empty((*stack, width, height), dtype).swapaxes(-1, -2)
    elif layout == "spread":
        home = np.empty((*stack, 2 * height, 3 * width), dtype)[..., ::2, ::3]
    elif layout == "late":
        home = np.empty((*stack, height, width + 3), dtype)[..., 3:]
    else:
        home = np.empty(shape, dtype)
    home[...] = values
    return home


def assert_sums_close(result: np.ndarray, expected: np.ndarray, depth: int) -> None:
    """Compare sums of `depth` products of numbers of about 1."""
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    eps = np.finfo(expected.dtype).eps
    np.testing.assert_allclose(
        result, expected, rtol=8 * eps, atol=(8 + 3 * depth) * eps
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layouts", PAIRS, ids="-".join)
def test_products(layouts: tuple[str, str], dtype: Any) -> None:
    for height, width, depth in SHAPES:
        a = filled((height, depth), dtype, layouts[0], 1)
        b = filled((depth, width), dtype, layouts[1], 2)
        assert_sums_close(kernels.matmul(a, b), reference.matmul(a, b), depth)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layouts", PAIRS, ids="-".join)
def test_ways_out(layouts: tuple[str, str], dtype: Any) -> None:
    for height, width, depth in SHAPES[::3]:
        a = filled((height, depth), dtype, layouts[0], 1)
        b = filled((depth, width), dtype, layouts[1], 2)
        bias = filled((1, width), dtype, "rows", 3)[0]
        mask = filled((height, width), dtype, "rows", 4)
        mask[:, ::5] = 0
        for name, arguments in (
            ("linear_relu", (a, b.T, bias)),
            ("matmul_masked", (a, b, mask)),
            ("addmm", (bias, a, b, 1, 1)),
            ("addmm", (bias, a, b, 0.5, -2)),
            ("addmm", (mask, a, b, 1, 1)),
            ("addmm", (mask[:, :1], a, b, 1, 1.5)),
            ("addmm", (bias, a, b, 0, 3)),
        ):
            result = getattr(kernels, name)(*arguments)
            expected = getattr(reference, name)(*arguments)
            assert_sums_close(result, expected, depth)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "stacks", [((3,), (3,)), ((2, 1), (5,)), ((), (4,)), ((1, 3), ()), ((0,), (0,))]
)
def test_stacks(stacks: tuple[tuple[int, ...], tuple[int, ...]], dtype: Any) -> None:
    for layouts in itertools.product(("rows", "columns", "spread"), repeat=2):
        a = filled((*stacks[0], 7, 19), dtype, layouts[0], 1)
        b = filled((*stacks[1], 19, 13), dtype, layouts[1], 2)
        expected = reference.matmul(a, b)
        assert_sums_close(kernels.matmul(a, b), expected, 19)
        mask = filled(expected.shape, dtype, "rows", 3)
        masked = kernels.matmul_masked(a, b, mask)
        assert_sums_close(masked, reference.matmul_masked(a, b, mask), 19)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_goes_through(dtype: Any) -> None:
    a = np.array([[np.nan, 1.0], [1.0, 1.0]], dtype)
    weight = np.ones((3, 2), dtype)
    bias = np.array([0, -3, np.inf], dtype)
    nan = np.nan
    expected = [[nan, nan, nan], [2, 0, np.inf]]
    np.testing.assert_array_equal(kernels.linear_relu(a, weight, bias), expected)
    mask = np.array([[nan, 0, 1], [nan, -1, -0.0]], dtype)
    expected = [[nan, 0, nan], [2, 0, 0]]
    np.testing.assert_array_equal(kernels.matmul_masked(a, weight.T, mask), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_do_not_change_a_bit(dtype: Any) -> None:
    threads = native.get_num_threads()
    sizes = [(1, 4096, 700), (4, 700, 4096), (300, 301, 1100), (1030, 10, 512)]
    try:
        for (height, width, depth), first, second in itertools.product(
            sizes, ("rows", "columns"), ("rows", "columns")
        ):
            a = filled((height, depth), dtype, first, 1)
            b = filled((depth, width), dtype, second, 2)
            results = []
            for count in (1, 2, 3):
                native.set_num_threads(count)
                results.append(kernels.matmul(a, b))
            np.testing.assert_array_equal(results[1], results[0])
            np.testing.assert_array_equal(results[2], results[0])
    finally:
        native.set_num_threads(threads)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 17])
@pytest.mark.parametrize("width", [1, 4, 13])
def test_a_masked_product_has_the_bits_of_the_product(
    width: int, depth: int, dtype: Any
) -> None:
    for height in (1, 5, 6, 33):
        a = filled((height, depth), dtype, "rows", 1)
        b = filled((depth, width), dtype, "rows", 2)
        mask = filled((height, width), dtype, "rows", 3)
        expected = np.where(mask <= 0, dtype(0), kernels.matmul(a, b))
        np.testing.assert_array_equal(kernels.matmul_masked(a, b, mask), expected)
