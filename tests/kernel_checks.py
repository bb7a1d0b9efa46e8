"""Comparing compiled kernels with their NumPy definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tatami import kernels
from tatami.kernels import native, reference

needs_native = pytest.mark.skipif(
    kernels.in_use != "native", reason="the compiled kernels are not in use"
)
both_types = pytest.mark.parametrize("kind", ["float32", "float64"])


@contextmanager
def served(name: str) -> Iterator[Callable[..., Any]]:
    """Yield the compiled kernel, which fails instead of declining within the block."""
    definition = getattr(reference, name)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"the compiled kernel {name} declines this call")

    native._native.set_reference(name, refuse)
    try:
        yield getattr(native._native, name)
    finally:
        native._native.set_reference(name, definition)


def check(name: str, *args: Any, ulps: float = 16, **kwargs: Any) -> None:
    """Compare one call, within ``ulps`` units of the largest result or of 1."""
    expected = getattr(reference, name)(*args, **kwargs)
    with served(name) as kernel:
        found = kernel(*args, **kwargs)
    many = isinstance(expected, (tuple, list))
    for a, b in zip(
        found if many else [found], expected if many else [expected], strict=True
    ):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        finite = np.abs(b[np.isfinite(b)])
        scale = max(1.0, float(finite.max())) if finite.size else 1.0
        eps = float(np.finfo(b.dtype).eps)
        np.testing.assert_allclose(a, b, rtol=ulps * eps, atol=ulps * eps * scale)


def same_on_any_threads(call: Callable[[], Any]) -> None:
    """Check that results don't depend on the number of threads, in any bit."""
    before = native.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            native.set_num_threads(count)
            result = call()
            parts = result if isinstance(result, (tuple, list)) else [result]
            found.append([part.tobytes() for part in parts])
    finally:
        native.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def normal(seed: int, *shape: int, kind: str = "float64") -> np.ndarray:
    """Return normal numbers."""
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(drawn, kind)
