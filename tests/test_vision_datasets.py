"""Data sets of images: contents, printed form, and what they say of broken files."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tatami
import tatami.vision
from tatami.utils.data import DataLoader
from tatami.vision import datasets, transforms
from tatami.vision.datasets import cifar
from tatami.vision.datasets.download import md5_of
from tatami.vision.datasets.idx import read_idx

MNIST_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "mnist"
CODES = {"uint8": 8, "int8": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx_bytes(array: np.ndarray, kind: str = "uint8") -> bytes:
    """Return an array in IDX format."""
    head = struct.pack(">HBB", 0, CODES[kind], array.ndim)
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return head + sizes + array.astype(kind).tobytes()


# A fixed date, so that the processes that share the tests give them the same names.
ZIPPED = gzip.compress(idx_bytes(np.zeros(999)), mtime=0)


def write_mnist(folder: Path, count: int = 7, size: int = 28) -> None:
    """Write four small files like MNIST's, half of them gzipped."""
    folder.mkdir(parents=True)
    random = np.random.RandomState(0)
    for prefix in ("train", "t10k"):
        images = random.randint(0, 256, (count, size, size))
        labels = np.arange(count) % 10
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        packed = gzip.compress(idx_bytes(labels))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(packed)


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4), (0, 3)])
def test_idx(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape)
    plain, packed = tmp_path / "plain", tmp_path / "packed.gz"
    plain.write_bytes(idx_bytes(array, kind))
    packed.write_bytes(gzip.compress(idx_bytes(array, kind)))
    for path in (plain, packed):
        found = read_idx(path)
        assert found.shape == shape
        assert found.dtype == np.dtype(kind).newbyteorder("=")
        assert (found == array).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX file.*an empty file"),
        (b"hello world", "expected an IDX file.*found 68 65 6c 6c"),
        (idx_bytes(np.zeros((3, 4)))[:9], "expected 8 bytes for the sizes.*found 5"),
        (idx_bytes(np.zeros((3, 4)))[:-2], r"expected 12 bytes for \(3, 4\).*found 10"),
        (idx_bytes(np.zeros((3, 4))) + b"x", "expected 12 bytes.*found more"),
        (ZIPPED[:-20], "the gzip data is broken"),
        (struct.pack(">HBBII", 0, 8, 2, 2**31, 2**31), "found 0"),
    ],
)
def test_broken_idx(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_mnist(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    write_mnist(tmp_path / "MNIST" / "raw")
    data = datasets.MNIST(tmp_path, transform=transforms.ToTensor(), download=True)
    assert len(data) == 7
    assert data.data.dtype == tatami.uint8
    assert data.targets.tolist() == list(range(7))
    assert data.class_to_idx["3 - three"] == 3
    image, label = data[2]
    assert (image.shape, label) == ((1, 28, 28), 2)
    assert np.allclose(image.numpy() * 255, data.data[2].numpy())
    assert repr(data) == (
        "Dataset MNIST\n    Number of datapoints: 7\n"
        f"    Root location: {tmp_path}\n    Split: Train\n    StandardTransform\n"
        "Transform: ToTensor()"
    )
    inputs, labels = next(iter(DataLoader(data, batch_size=4)))
    assert (inputs.shape, labels.tolist()) == ((4, 1, 28, 28), [0, 1, 2, 3])


def test_mnist_with_unequal_files(tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    write_mnist(folder)
    labels = folder / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(idx_bytes(np.zeros(5))))
    with pytest.raises(ValueError, match="7 images, but 5 labels"):
        datasets.MNIST(tmp_path)
    labels.write_bytes(gzip.compress(idx_bytes(np.zeros((7, 1)))))
    with pytest.raises(ValueError, match=r"expected 1 dimensions, found 2: \(7, 1\)"):
        datasets.MNIST(tmp_path)


@pytest.mark.skipif(not MNIST_FOLDER.exists(), reason="the MNIST files are not there")
def test_the_real_mnist() -> None:
    data = datasets.IDXFolder(MNIST_FOLDER, train=False)
    assert data.data.shape == (10000, 28, 28)
    assert data.targets[:5].tolist() == [7, 2, 1, 0, 4]


def test_digits() -> None:
    train, test = datasets.Digits(), datasets.Digits(train=False)
    assert (len(train), len(test)) == (1437, 360)
    assert train.data.shape == (1437, 32, 32)
    assert train.data.numpy().max() == 255
    counts = np.bincount(train.targets.numpy()) + np.bincount(test.targets.numpy())
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # No test digit is also one to train with.
    seen = {image.tobytes() for image in train.data.numpy()}
    assert not any(image.tobytes() in seen for image in test.data.numpy())
    text = tatami.vision.datasets.digits._FILE.with_name("digits.txt").read_text()
    assert "CC BY 4.0" in text
    assert "Alpaydin" in text


def test_fake_data_leaves_the_generator_alone() -> None:
    pytest.importorskip("PIL")
    data = datasets.FakeData(3, (3, 8, 9), transform=transforms.PILToTensor())
    tatami.manual_seed(0)
    expected = tatami.rand(2).tolist()
    tatami.manual_seed(0)
    first = data[1]
    assert tatami.rand(2).tolist() == expected
    assert (first[0] == data[1][0]).all()
    assert first[1] == data[1][1]
    with pytest.raises(IndexError):
        data[3]


def image_bytes(colour: Any, size: tuple[int, int] = (6, 5)) -> bytes:
    """Return a PNG file of one colour."""
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def write_folder(folder: Path, per_class: int = 2) -> None:
    """Write class folders 'blue' and 'red' of images."""
    for name in ("red", "blue"):
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            (folder / name / f"{i}.png").write_bytes(image_bytes(name))
    (folder / "red" / "notes.txt").write_text("not an image")


def test_image_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "images")
    data = datasets.ImageFolder(tmp_path / "images")
    assert data.classes == ["blue", "red"]
    assert data.class_to_idx == {"blue": 0, "red": 1}
    assert data.targets == [0, 0, 1, 1]
    assert [Path(path).name for path, _ in data.imgs] == ["0.png", "1.png"] * 2
    image, label = data[2]
    assert (image.mode, image.getpixel((0, 0)), label) == ("RGB", (255, 0, 0), 1)


def test_image_folder_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder in"):
        datasets.ImageFolder(tmp_path)
    write_folder(tmp_path / "images")
    (tmp_path / "images" / "green").mkdir()
    message = (
        "Found no valid file for the classes green. Supported extensions are: .jpg"
    )
    with pytest.raises(FileNotFoundError, match=message):
        datasets.ImageFolder(tmp_path / "images")
    data = datasets.ImageFolder(tmp_path / "images", allow_empty=True)
    assert data.targets == [0, 0, 2, 2]
    broken = tmp_path / "images" / "red" / "0.png"
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(ValueError, match="expected an image, found something Pillow"):
        data[2]


def test_folder_arguments(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.num").write_text("3")
    data = datasets.DatasetFolder(
        tmp_path, lambda path: int(open(path).read()), (".num",)
    )
    assert data[0] == (3, 0)
    with pytest.raises(ValueError, match="Both extensions and is_valid_file"):
        datasets.DatasetFolder(tmp_path, str)
    with pytest.raises(ValueError, match="Only transforms or transform/target_transf"):
        datasets.VisionDataset(transforms=str, transform=str)


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to a tar archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_archive(path: Path) -> None:
    """Write a tar file of class folders, and of things that must not be read."""
    with tarfile.open(path, "w") as archive:
        for split, count in (("train", 4), ("test", 2)):
            for name in ("red", "blue"):
                for i in range(count):
                    content = image_bytes(name)
                    add_file(archive, f"top/{split}/{name}/{i}.png", content)
        add_file(archive, "top/README.md", b"hello")
        add_file(archive, "../out/evil/0.png", image_bytes("red"))
        add_file(archive, "/abs/evil/0.png", image_bytes("red"))
        link = tarfile.TarInfo("top/train/evil/0.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


def test_image_archive(tmp_path: Path) -> None:
    path = tmp_path / "images.tar"
    write_archive(path)
    assert datasets.ImageArchive.folders(path) == ["top/test", "top/train"]
    data = datasets.ImageArchive(path, "top/train")
    assert data.classes == ["blue", "red"]
    assert data.targets == [0] * 4 + [1] * 4
    assert data[5][0].getpixel((1, 1)) == (255, 0, 0)
    with pytest.raises(FileNotFoundError, match="images.tar, top/valid"):
        datasets.ImageArchive(path, "top/valid")
    path.write_bytes(b"no archive" * 100)
    with pytest.raises(ValueError, match="expected an uncompressed tar file"):
        datasets.ImageArchive(path)


def write_cifar(folder: Path, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write small batches and put their sums into the class."""
    folder.mkdir(parents=True)
    for name, count in (("train", 4), ("test", 3)):
        pixels = np.arange(count * 3072).reshape(count, 3072).astype(np.uint8)
        entry = {"data": pixels, "fine_labels": list(range(count))}
        (folder / name).write_bytes(pickle.dumps(entry, protocol=2))
    names = {"fine_label_names": ["a", "b", "c", "d"]}
    (folder / "meta").write_bytes(pickle.dumps(names, protocol=2))
    for field in ("train", "test"):
        rows = [[field, md5_of(folder / field)]]
        monkeypatch.setattr(kind, f"{field}_list", rows)
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5_of(folder / "meta")})


def test_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PIL")
    folder = tmp_path / "cifar-100-python"
    write_cifar(folder, datasets.CIFAR100, monkeypatch)
    data = datasets.CIFAR100(tmp_path, download=True)
    assert data.data.shape == (4, 32, 32, 3)
    assert data.targets == [0, 1, 2, 3]
    assert data.classes == ["a", "b", "c", "d"]
    image, label = data[1]
    assert (image.mode, label) == ("RGB", 1)
    assert image.getpixel((0, 0)) == tuple((3072 + np.arange(3) * 1024) % 256)
    (folder / "test").write_bytes(b"broken")
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        datasets.CIFAR100(tmp_path)


class Evil:
    """Call a function when it is unpickled."""

    def __reduce__(self) -> Any:
        return print, ("called",)


def test_a_batch_calls_nothing(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({"data": Evil()}))
    with pytest.raises(ValueError, match="found builtins.print"):
        cifar._unpickled(str(path), ("data",))
    path.write_bytes(pickle.dumps({"other": 1}))
    with pytest.raises(ValueError, match="expected a dictionary with data"):
        cifar._unpickled(str(path), ("data",))
    assert capsys.readouterr().out == ""
