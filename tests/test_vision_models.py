"""Networks, grids of images, and image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tatami
import tatami.vision
from tatami.optim import Adam
from tatami.vision import io, models, utils


@pytest.mark.parametrize("name", models.list_models())
def test_networks_learn_one_batch(name: str) -> None:
    tatami.manual_seed(0)
    network = models.get_model(name, in_channels=3, num_classes=4)
    inputs, labels = tatami.randn(8, 3, 32, 32), tatami.arange(8) % 4
    optimizer = Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = tatami.nn.functional.cross_entropy(network(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert network(inputs[:0]).shape == (0, 4)


def test_unknown_network() -> None:
    with pytest.raises(ValueError, match="Unknown model vgg: expected lenet5 or tuto"):
        models.get_model("vgg")


def test_tutorial_network_is_the_tutorial_s() -> None:
    shapes = {k: tuple(v.shape) for k, v in models.TutorialNet().state_dict().items()}
    assert shapes == {
        "conv1.weight": (6, 1, 3, 3), "conv1.bias": (6,),
        "conv2.weight": (16, 6, 3, 3), "conv2.bias": (16,),
        "fc1.weight": (120, 576), "fc1.bias": (120,),
        "fc2.weight": (84, 120), "fc2.bias": (84,),
        "fc3.weight": (10, 84), "fc3.bias": (10,),
    }  # fmt: skip


def test_grid() -> None:
    images = tatami.arange(5).view(5, 1, 1, 1).expand(5, 1, 2, 3).float()
    grid = utils.make_grid(images, nrow=2, padding=1, pad_value=9)
    assert grid.shape == (3, 10, 9)
    assert grid[0].tolist() == [
        [9] * 9,
        *[[9, 0, 0, 0, 9, 1, 1, 1, 9]] * 2,
        [9] * 9,
        *[[9, 2, 2, 2, 9, 3, 3, 3, 9]] * 2,
        [9] * 9,
        *[[9, 4, 4, 4, 9, 9, 9, 9, 9]] * 2,
        [9] * 9,
    ]
    scaled = utils.make_grid(images, normalize=True)
    assert (float(scaled.min()), float(scaled.max())) == (0.0, 1.0)
    single = utils.make_grid(tatami.zeros(4, 4))
    assert single.shape == (3, 4, 4)
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid(3)  # type: ignore[arg-type]


def test_files(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    tatami.manual_seed(0)
    picture = tatami.randint(0, 256, (3, 5, 7), dtype=tatami.uint8)
    io.write_png(picture, tmp_path / "a.png")
    assert (io.read_image(tmp_path / "a.png") == picture).all()
    grey = io.read_image(tmp_path / "a.png", io.ImageReadMode.GRAY)
    assert grey.shape == (1, 5, 7)
    io.write_jpeg(picture, tmp_path / "a.jpg", quality=95)
    assert io.read_image(tmp_path / "a.jpg").shape == (3, 5, 7)
    utils.save_image(picture / 255, tmp_path / "b.png")
    assert np.array_equal(io.read_image(tmp_path / "b.png").numpy(), picture.numpy())
    with pytest.raises(RuntimeError, match="should be uint8, but it is torch.float32"):
        io.write_png(tatami.zeros(3, 2, 2), tmp_path / "c.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(ValueError, match="bad.png: expected an image"):
        io.read_image(tmp_path / "bad.png")
