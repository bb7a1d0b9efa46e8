"""Tensors print PyTorch's text."""

from __future__ import annotations

import numpy as np
import pytest

import tatami

KINDS = ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ([1.0, 2.5], "tensor([1.0000, 2.5000], dtype=torch.float64)"),
        (np.float32([1, -2]), "tensor([ 1., -2.])"),
        (np.float32([1e-5, 1]), "tensor([1.0000e-05, 1.0000e+00])"),
        (np.float32([np.nan, np.inf, 1]), "tensor([nan, inf, 1.])"),
        (np.array([[True, False]]), "tensor([[ True, False]])"),
        (np.int64(3), "tensor(3)"),
        (np.zeros((0, 3), np.float32), "tensor([], size=(0, 3))"),
        (np.array([1], np.int8), "tensor([1], dtype=torch.int8)"),
    ],
)
def test_text(array: object, text: str) -> None:
    assert repr(tatami.from_numpy(np.asarray(array))) == text


def test_history_shows() -> None:
    x = tatami.ones(2, requires_grad=True)
    assert repr(x) == "tensor([1., 1.], requires_grad=True)"
    assert repr(x + 1) == "tensor([2., 2.], grad_fn=<AddBackward0>)"


def test_large_tensors_show_their_edges() -> None:
    text = repr(tatami.arange(1001))
    assert text == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"


def test_options() -> None:
    try:
        tatami.set_printoptions(precision=2, sci_mode=True)
        assert repr(tatami.tensor([10.0])) == "tensor([1.00e+01])"
        tatami.set_printoptions(profile="full")
        assert "..." not in repr(tatami.arange(1001))
    finally:
        tatami.set_printoptions(profile="default")


def _random_array(source: np.random.Generator) -> np.ndarray:
    shape = source.choice([0, 1, 2, 3, 7, 11, 40], source.integers(0, 4))
    array = source.standard_normal(shape) * source.choice([1, 1e-3, 1e5, 1e9])
    if source.random() < 0.3:
        array = np.round(array)
    array = np.asarray(array)
    if array.size and source.random() < 0.2:
        array.flat[0] = source.choice([np.nan, np.inf, 0])
    with np.errstate(all="ignore"):
        return array.astype(source.choice(KINDS))


def test_like_pytorch() -> None:
    torch = pytest.importorskip("torch")
    source = np.random.default_rng(0)
    for _ in range(300):
        array = np.asarray(_random_array(source))
        ours, theirs = tatami.from_numpy(array), torch.from_numpy(array)
        if array.dtype.kind == "f":
            ours, theirs = ours.requires_grad_(), theirs.requires_grad_()
            if source.random() < 0.5:
                ours, theirs = ours * 1, theirs * 1
        assert repr(ours) == repr(theirs)
