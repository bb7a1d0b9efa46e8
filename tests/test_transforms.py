"""Transforms give what torchvision's give, bit for bit where that is possible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

from transform_cases import (  # noqa: E402
    CASES,
    ERRORS,
    PILLOW_ONLY,
    SEED,
    TENSOR_ONLY,
    as_array,
    pixels,
)

import tatami  # noqa: E402
import tatami.vision  # noqa: E402
from tatami.vision import transforms as M  # noqa: E402

REFERENCE = Path(__file__).parent / "reference"
ARRAYS = np.load(REFERENCE / "transforms.npz")
TEXTS = json.loads((REFERENCE / "transforms.json").read_text())


def made(expression: str) -> Any:
    """Return a transform."""
    return eval(f"M.{expression}", {"M": M})


def image_of(kind: str) -> Any:
    """Return the image of the cases as Pillow's, as bytes or as floats."""
    if kind == "pillow":
        return Image.fromarray(pixels())
    image = tatami.from_numpy(pixels()).permute(2, 0, 1)
    return image if kind == "bytes" else image / 255


@pytest.mark.filterwarnings("ignore:Anti-alias option")
@pytest.mark.parametrize("name", ARRAYS.files)
def test_like_torchvision(name: str) -> None:
    kind, _, expression = name.partition(" ")
    tatami.manual_seed(SEED)
    image = image_of(kind)
    before = as_array(image).copy()
    found, expected = as_array(made(expression)(image)), ARRAYS[name]
    assert np.array_equal(as_array(image), before)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if kind == "pillow":
        assert np.array_equal(found, expected)
    elif found.dtype == np.uint8:
        # A sum in another order may fall on the other side of one half.
        difference = np.abs(found.astype(int) - expected.astype(int))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.02
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("expression", [*CASES, *PILLOW_ONLY, *TENSOR_ONLY])
def test_repr_like_torchvision(expression: str) -> None:
    assert repr(made(expression)) == TEXTS["repr"][expression]


@pytest.mark.parametrize("expression", ERRORS)
def test_errors_like_torchvision(expression: str) -> None:
    with pytest.raises(Exception) as caught:
        made(expression)(image_of("pillow"))
    found = [type(caught.value).__name__, str(caught.value).splitlines()[0]]
    assert found == TEXTS["errors"][expression]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "I", "F", "HSV"])
def test_to_tensor_of_every_mode(mode: str) -> None:
    image = Image.fromarray(pixels()).convert("L" if mode in "1IF" else "RGB")
    image = image.convert(mode)
    tensor = M.ToTensor()(image)
    assert tensor.shape == (len(image.getbands()), 11, 13)
    expected = np.array(image, dtype=np.float64)
    if mode not in ("I", "F", "1"):
        expected /= 255
    found = tensor.numpy().transpose(1, 2, 0).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "HSV", "YCbCr"])
def test_there_and_back(mode: str) -> None:
    image = Image.fromarray(pixels()).convert(mode)
    back = M.ToPILImage(mode)(M.PILToTensor()(image))
    assert back.mode == mode
    assert back.tobytes() == image.tobytes()


def test_gradient_flows_through_a_resize() -> None:
    x = tatami.rand(1, 4, 6, requires_grad=True)
    M.Resize((2, 3))(x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy().sum(), 6.0, rtol=1e-5)


def test_same_seed_same_augmentation() -> None:
    transform = M.Compose([M.RandomCrop(8, padding=2), M.ColorJitter(0.5, hue=0.1)])
    results = []
    for _ in range(2):
        tatami.manual_seed(7)
        results.append(as_array(transform(image_of("pillow"))))
    assert np.array_equal(*results)


def test_unknown_kind_of_image() -> None:
    with pytest.raises(TypeError, match="Unexpected type <class 'int'>"):
        M.Resize(3)(5)
    with pytest.raises(TypeError, match="pic should be PIL Image or ndarray"):
        M.ToTensor()(5)


def test_newer_spelling() -> None:
    older = M.Compose([M.ToTensor(), M.Normalize((0.5,) * 3, (0.2,) * 3)])
    newer = M.v2.Compose(
        [
            M.v2.ToImage(),
            M.v2.ToDtype(tatami.float32, scale=True),
            M.v2.Normalize((0.5,) * 3, (0.2,) * 3),
        ]
    )
    image = image_of("pillow")
    assert (newer(image) == older(image)).all()
    assert (M.v2.ToImage()(pixels()) == M.v2.ToImage()(image)).all()
    assert M.v2.ToDtype(tatami.float32)(image_of("bytes")).numpy().max() > 1
    with pytest.raises(TypeError, match="but got <class 'int'> instead"):
        M.v2.ToImage()(3)
