"""``tatami train``: what it writes, says, survives and refuses."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_vision_datasets import idx_bytes, write_archive, write_folder, write_mnist

import tatami
from tatami.cli import main
from tatami.cli.config import read_config
from tatami.cli.data import Images, Source, fit
from tatami.cli.trainer import Trainer

SHARED = Path(__file__).parents[2] / "shared" / "data"
SOURCES = Path(tatami.__file__).parents[1]
FEW = 300
TIMES = ("seconds", "images_per_second")


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bundled digits fewer."""
    from tatami.vision import datasets

    class Few(datasets.Digits):
        def __init__(self, train: bool = True) -> None:
            super().__init__(train)
            count = FEW if train else FEW // 5
            self.data, self.targets = self.data[:count], self.targets[:count]

    monkeypatch.setattr(datasets, "Digits", Few)


@pytest.fixture
def no_torch() -> Iterator[None]:
    """Hide PyTorch, and take back what stood in for it."""

    def pop() -> dict[str, Any]:
        names = [name for name in sys.modules if name.partition(".")[0] == "torch"]
        return {name: sys.modules.pop(name) for name in names}

    hidden, finders = pop(), sys.meta_path[:]
    yield
    pop()
    sys.modules.update(hidden)
    sys.meta_path[:] = finders


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let runs go to a fresh folder."""
    monkeypatch.chdir(tmp_path)
    yield


def train(*arguments: str) -> int:
    """Train without what needs further libraries."""
    return main(["train", "--no-extras", *arguments])


def error_of(capsys: Any, *arguments: str) -> str:
    """Return the one line that a failing command prints."""
    assert train(*arguments) == 1
    text = capsys.readouterr().err
    assert text.startswith("tatami: error: ")
    assert text.count("\n") == 1
    return str(text.removeprefix("tatami: error: ").rstrip())


class Outline(HTMLParser):
    """Note what pictures and tags a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.sources.append(dict(attrs)["src"])


def test_a_run_has_everything(few_digits: None, capsys: Any) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("safetensors")
    assert main(["train", "--epochs", "2", "--seed", "1", "--out", "run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "data:  UCI digits, bundled: 300 training and 60 test images of 1x32x32, 10 "
    )
    assert lines[1].startswith("model: TutorialNet, 81,194 parameters; adamw, ")
    assert sum(line.startswith("epoch ") for line in lines) == 2
    names = {path.name for path in Path("run").iterdir()}
    assert names == {
        ".lock", "checkpoint.pt", "config.toml", "confusion.png", "curves.png",
        "metrics.jsonl", "mistakes.png", "model.pt", "model.safetensors", "report.html",
    }  # fmt: skip
    rows = [json.loads(line) for line in Path("run/metrics.jsonl").open()]
    assert [row["epoch"] for row in rows] == [1, 2]
    right = round(rows[-1]["test_accuracy"] * 60)
    result = f"test accuracy: {right / 60:.2%}  ({right} of 60)"
    assert lines[-1] == result
    outline = Outline()
    page = Path("run/report.html").read_text()
    outline.feed(page)
    assert len(outline.sources) == 3
    assert all(s.startswith("data:image/png;base64,") for s in outline.sources)
    assert result in page
    assert "script" not in outline.tags
    config = read_config(Path("run/config.toml"))
    assert config["training"]["seed"] == 1
    assert config["data"]["original_size"] == [8, 8]


def test_config_is_toml(few_digits: None) -> None:
    tomllib = pytest.importorskip("tomllib")
    assert train("--epochs", "1", "--out", "run") == 0
    path = Path("run/config.toml")
    assert tomllib.loads(path.read_text()) == read_config(path)


def test_training_ends_with_the_accuracy(few_digits: None, capsys: Any) -> None:
    words = ["--epochs", "3", "--until-accuracy", "1", "--out", "run"]
    assert train(*words) == 0
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == 1
    capsys.readouterr()
    assert train("--resume", "run") == 0
    assert "epoch " not in capsys.readouterr().out


@pytest.mark.parametrize("percent", ["0", "100.5", "nan"])
def test_an_accuracy_is_a_percentage(percent: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        train("--until-accuracy", percent)
    assert "expected 0 < percent <= 100" in capsys.readouterr().err


def test_pytorch_loads_the_network(few_digits: None) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    safetensors = pytest.importorskip("safetensors.numpy")
    assert main(["train", "--epochs", "1", "--out", "run"]) == 0
    weights = torch.load("run/model.pt")
    assert list(weights) == list(tatami.vision.models.TutorialNet().state_dict())
    own = tatami.load("run/model.pt")
    for name, value in weights.items():
        assert np.array_equal(value.numpy(), own[name].numpy())
    for name, value in safetensors.load_file("run/model.safetensors").items():
        assert np.array_equal(value, own[name].numpy())


def contents(folder: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a run's weights, and its numbers without the times."""
    rows = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").open()]
    rows = [{k: v for k, v in row.items() if k not in TIMES} for row in rows]
    weights = tatami.load(Path(folder) / "model.pt")
    return {name: value.numpy() for name, value in weights.items()}, rows


def check_same_run(first: str, second: str) -> None:
    """Fail unless two runs ended with the same bits."""
    (weights, rows), (other, other_rows) = contents(first), contents(second)
    assert rows == other_rows
    assert list(weights) == list(other)
    for name, value in weights.items():
        assert np.array_equal(value, other[name]), name


NETWORK = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.5), nn.Linear(32 * 32, num_classes)
        )

    def forward(self, x):
        return self.layers(x)
"""


def stop_at(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Send this process a Ctrl-C in the middle of a step."""
    step, count = Trainer._step, iter(range(steps + 1))

    def interrupted(self: Any, inputs: Any, labels: Any) -> None:
        if next(count, -1) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        step(self, inputs, labels)

    monkeypatch.setattr(Trainer, "_step", interrupted)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("steps", [0, 2, 4, 7])
@pytest.mark.parametrize(
    "options", [(), ("--model", "net.py:Net", "--optimizer", "sgd", "--augment")]
)
def test_resumed_equals_uninterrupted(
    few_digits: None, no_torch: None, capsys: Any, steps: int, options: tuple[str, ...]
) -> None:
    Path("net.py").write_text(NETWORK)
    options = (*options, "--epochs", "2", "--seed", "3")
    assert train(*options, "--out", "whole") == 0
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, steps)
        assert train(*options, "--out", "parts") == 130
    text = capsys.readouterr().out.splitlines()[-1]
    epoch, batch = divmod(steps + 1, 5)
    batch, epoch = (5, epoch - 1) if batch == 0 else (batch, epoch)
    assert text == (
        f"stopped in epoch {epoch + 1} after {batch} of 5 batches; go on with: tatami "
        "train --resume parts"
    )
    tatami.rand(3)
    assert train("--resume", "parts") == 0
    check_same_run("whole", "parts")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_signal_to_the_process(number: int, code: int) -> None:
    command = [sys.executable, "-m", "tatami", "train", "--no-extras", "--epochs", "99"]
    process = subprocess.Popen(
        [*command, "--out", "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("run: "):
            break
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err == ""
    assert "go on with: tatami train --resume run" in out
    progress = tatami.load("run/checkpoint.pt")["progress"]
    assert progress["epoch"] + progress["batch"] > 0


def test_same_seed_same_run(few_digits: None) -> None:
    for name in ("a", "b"):
        assert train("--epochs", "1", "--out", name) == 0
    check_same_run("a", "b")
    assert train("--epochs", "1", "--seed", "1", "--out", "c") == 0
    assert not np.array_equal(
        contents("a")[0]["fc3.bias"], contents("c")[0]["fc3.bias"]
    )


def test_workers_change_nothing(few_digits: None) -> None:
    options = ("--epochs", "1", "--augment")
    assert train(*options, "--out", "a") == 0
    assert train(*options, "--workers", "2", "--out", "b") == 0
    check_same_run("a", "b")


def test_fresh_folder_for_each_run(few_digits: None) -> None:
    for _ in range(2):
        assert train("--epochs", "1", "--model", "lenet5") == 0
    names = sorted(path.name for path in Path("runs").iterdir())
    assert names == ["digits-lenet5", "digits-lenet5-2"]


def test_what_is_refused(few_digits: None, capsys: Any) -> None:
    assert train("--epochs", "1", "--out", "run") == 0
    capsys.readouterr()
    assert "run has a run already" in error_of(capsys, "--out", "run")
    assert "no such folder" in error_of(capsys, "--resume", "nowhere")
    text = error_of(capsys, "--resume", "run", "--lr", "1")
    assert "--lr can't be changed by --resume" in text
    Path("empty").mkdir()
    assert "it has no config.toml" in error_of(capsys, "--resume", "empty")
    text = error_of(capsys, "--model", "vgg")
    assert text.startswith("unknown model 'vgg': expected lenet5, tutorial")
    text = error_of(capsys, "--image-size", "28")
    assert text == "TutorialNet takes images of 32x32, but --image-size is 28"
    text = error_of(capsys, "--data", "nowhere")
    assert text.startswith("nowhere: no such file or folder, and not one of digits, ")
    text = error_of(capsys, "--lr", "1e30", "--out", "wild")
    assert text.startswith("the loss is nan in epoch 1, batch ")
    assert text.endswith("try a lower --lr than 1e+30")
    for bad in (["--epochs", "0"], ["--lr", "-1"], ["--lr", "nan"], ["--seed", "-1"]):
        with pytest.raises(SystemExit) as caught:
            train(*bad)
        assert caught.value.code == 2


def test_models_that_do_not_fit(few_digits: None, no_torch: None, capsys: Any) -> None:
    Path("net.py").write_text(NETWORK)
    text = error_of(capsys, "--model", "net.py:Net", "--image-size", "20")
    assert text.startswith("Net can't take images of 1x20x20: mat1 and mat2 shapes")
    assert "the file has Net" in error_of(capsys, "--model", "net.py:Other")
    assert "there is no file" in error_of(capsys, "--model", "other.py:Net")
    Path("wrong.py").write_text(NETWORK.replace("num_classes)\n", "3)\n"))
    text = error_of(capsys, "--model", "wrong.py:Net")
    assert text.endswith("but the data has 10 classes: expected [2, 10]")
    Path("broken.py").write_text("1 / 0")
    text = error_of(capsys, "--model", "broken.py:Net")
    broken = Path("broken.py").resolve()
    assert text == f"--model {broken}: ZeroDivisionError: division by zero"
    assert not Path("runs").exists()


def test_data_that_is_broken(tmp_path: Path, capsys: Any) -> None:
    data = tmp_path / "idx"
    write_mnist(data, 40)
    images = data / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    images.write_bytes(whole[:-7])
    text = error_of(capsys, "--data", "idx")
    assert text == (
        f"{images.relative_to(tmp_path)}: expected 31,360 bytes for (40, 28, 28) "
        "numbers of 1 bytes, found 31,353"
    )
    images.write_bytes(idx_bytes(np.full((40, 28, 28), np.nan), ">f4"))
    assert "found NaN or infinity" in error_of(capsys, "--data", "idx")
    images.write_bytes(idx_bytes(np.zeros((0, 28, 28))))
    (data / "train-labels-idx1-ubyte.gz").unlink()
    (data / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(0)))
    assert "idx: expected training images, found none" in error_of(
        capsys, "--data", "idx"
    )
    images.write_bytes(whole)
    (data / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(40)))
    text = error_of(capsys, "--data", "idx")
    assert text == "idx: expected test labels from 0 to 0, found 0 to 9"
    (data / "train-labels-idx1-ubyte").unlink()
    assert "expected a file train-labels-idx1-ubyte" in error_of(
        capsys, "--data", "idx"
    )
    Path("nothing").mkdir()
    assert "Couldn't find any class folder in" in error_of(capsys, "--data", "nothing")


def test_idx_folder(tmp_path: Path, capsys: Any) -> None:
    write_mnist(tmp_path / "idx", 40)
    assert train("--data", "idx", "--epochs", "1", "--batch-size", "16") == 0
    assert "idx: 40 training and 40 test images of 1x32x32" in capsys.readouterr().out
    assert train("--resume", "runs/idx-tutorial") == 0


def test_other_kernels_are_noted(few_digits: None, capsys: Any) -> None:
    assert train("--epochs", "1", "--out", "run") == 0
    path = Path("run/config.toml")
    used = tatami.kernels.in_use
    path.write_text(path.read_text().replace(f'"{used}"', '"abacus"'))
    capsys.readouterr()
    assert train("--resume", "run") == 0
    assert capsys.readouterr().out.splitlines()[2] == (
        f"note:  the run was started with kernels abacus, now {used}: last digits may "
        "differ"
    )


def test_data_that_has_changed(tmp_path: Path, capsys: Any) -> None:
    write_mnist(tmp_path / "idx", 40)
    assert train("--data", "idx", "--epochs", "1", "--out", "run") == 0
    images = np.zeros((40, 28, 28))
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    capsys.readouterr()
    assert "has changed since this run was started" in error_of(
        capsys, "--resume", "run"
    )


def test_folder_and_archive_of_images(tmp_path: Path, capsys: Any) -> None:
    write_folder(tmp_path / "images", 5)
    assert train("--data", "images", "--epochs", "1") == 0
    text = capsys.readouterr().out
    assert "images: 8 training and 2 test images of 3x32x32, 2 classes (no test" in text
    write_archive(tmp_path / "images.tar")
    assert train("--data", "images.tar", "--epochs", "1", "--augment") == 0
    text = capsys.readouterr().out
    assert "images.tar: 8 training and 4 test images of 3x32x32, 2 classes\n" in text
    broken = tmp_path / "images" / "red" / "0.png"
    broken.write_bytes(broken.read_bytes()[:50])
    text = error_of(capsys, "--data", "images")
    assert text.startswith("images/red/0.png: expected an image, found something")


def test_a_run_in_use(few_digits: None, capsys: Any) -> None:
    from tatami.cli.files import lock_folder

    assert train("--epochs", "1", "--out", "run") == 0
    capsys.readouterr()
    with lock_folder(Path("run")):
        text = error_of(capsys, "--resume", "run")
    assert text.startswith(f"run is in use by process {os.getpid()}; wait for it")
    assert train("--resume", "run") == 0


@pytest.mark.parametrize(
    ("good", "name"),
    [(0, "config.toml"), (1, "model.pt"), (2, "metrics.jsonl"), (3, "checkpoint.pt")],
)
def test_a_full_disk_leaves_whole_files(
    few_digits: None, capsys: Any, monkeypatch: pytest.MonkeyPatch, good: int, name: str
) -> None:
    calls = iter(range(good))

    def fsync(handle: int) -> None:
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    text = error_of(capsys, "--epochs", "2", "--out", "run")
    assert text == f"run/{name}: no space left on the disk; nothing was half-written"
    order = ["config.toml", "model.pt", "metrics.jsonl"]
    assert {path.name for path in Path("run").iterdir()} == {".lock", *order[:good]}


def test_missing_libraries(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("matplotlib", "safetensors"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["train"]) == 1
    assert capsys.readouterr().err == (
        'tatami: error: matplotlib and safetensors are not installed: pip install "tatami[train]", or '  # noqa: E501
        "train with --no-extras\n"
    )


@pytest.mark.parametrize("shape", [(28, 28), (24, 30), (8, 8), (40, 32), (64, 20)])
def test_fit(shape: tuple[int, int]) -> None:
    images = np.full((2, 1, *shape), 200, np.uint8)
    fitted = fit(images, (32, 32))
    assert (fitted.shape, fitted.dtype) == ((2, 1, 32, 32), np.uint8)
    assert fitted.max() == 200
    bordered = min(shape) >= 24 and max(shape) < 32
    assert (fitted == 200).sum() == 2 * (shape[0] * shape[1] if bordered else 1024)


def test_statistics() -> None:
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (20, 3, 5, 7), dtype=np.uint8)
    images = Images(pixels, np.zeros(20, np.int64))
    mean, std = Source("x", images, images, ["a"], None).statistics()
    numbers = pixels.transpose(1, 0, 2, 3).reshape(3, -1) / 255
    assert mean == pytest.approx(numbers.mean(1), abs=1e-6)
    assert std == pytest.approx(numbers.std(1), abs=1e-6)


def test_bundled_digits_are_learnt(capsys: Any) -> None:
    assert train("--seed", "0", "--out", "run") == 0
    rows = contents("run")[1]
    assert rows[-1]["test_accuracy"] >= 0.97


@pytest.mark.skipif(not SHARED.exists(), reason="the data folder is not there")
@pytest.mark.parametrize("name", ["mnist", "cifar10-12k-jpg.tar"])
def test_real_data(name: str, capsys: Any) -> None:
    if name == "mnist" and tatami.kernels.in_use == "numpy":
        pytest.skip("an epoch of MNIST takes minutes on the NumPy definitions")
    assert train("--data", str(SHARED / name), "--epochs", "1", "--out", "run") == 0
    rows = contents("run")[1]
    assert rows[-1]["test_accuracy"] >= {"m": 0.95, "c": 0.2}[name[0]]
