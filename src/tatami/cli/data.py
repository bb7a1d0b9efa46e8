"""Images for training and testing: where they come from, and how they are prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..vision import datasets
from ..vision.datasets.folder import IMG_EXTENSIONS
from ..vision.resample import resampling_matrix
from .errors import CommandError

__all__ = ["Images", "Source", "fit", "open_source"]

_TRAIN_FOLDERS = ("train", "training")
_TEST_FOLDERS = ("test", "testing", "val", "valid", "validation")
_CHUNK = 4096


@dataclass
class Images:
    """Hold images and their labels.

    Attributes:
        pixels: bytes of shape (N, C, H, W).
        labels: int64 of shape (N,).
    """

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class Source:
    """Hold all images of a data set.

    Attributes:
        title: what to call it.
        train: images to train with.
        test: images to test with.
        classes: name of each class.
        size: height and width the images had, or None if they differed.
        note: how training and test images were told apart, if that needs saying.
    """

    title: str
    train: Images
    test: Images
    classes: list[str]
    size: tuple[int, int] | None
    note: str = ""

    @property
    def channels(self) -> int:
        """The number of channels: 1 for grey images, 3 for colour."""
        return int(self.train.pixels.shape[1])

    def fingerprint(self) -> str:
        """Return a short digest that tells whether the data are still the same."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(repr(part.pixels.shape).encode())
            digest.update(part.labels.tobytes())
            digest.update(np.ascontiguousarray(part.pixels[:64]).tobytes())
        return digest.hexdigest()[:16]

    def statistics(self) -> tuple[list[float], list[float]]:
        """Return mean and deviation of each channel, where 1 is full brightness."""
        pixels = self.train.pixels
        count = pixels.shape[0] * pixels.shape[2] * pixels.shape[3]
        means, deviations = [], []
        for channel in range(self.channels):
            total, squares = _sums(pixels[:, channel])
            mean = total / count
            means.append(round(mean / 255, 6))
            deviations.append(round((squares / count - mean**2) ** 0.5 / 255, 6))
        return means, deviations

    def background(self) -> int:
        """Return the usual brightness of the images' border."""
        pixels = self.train.pixels[:1000]
        rows = pixels[:, :, [0, -1]].reshape(-1)
        columns = pixels[:, :, :, [0, -1]].reshape(-1)
        return int(np.median(np.concatenate([rows, columns])))


def _sums(images: np.ndarray) -> tuple[float, float]:
    """Return the sum of all bytes, and of their squares: exact below 2^53."""
    total = squares = 0.0
    for start in range(0, len(images), 64):
        numbers = images[start : start + 64].astype(np.float64).reshape(-1)
        total += float(numbers.sum())
        squares += float(numbers @ numbers)
    return total, squares


def fit(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring images to the size a network takes.

    An image a little smaller (3/4 or more) gets a black border, as MNIST's do in the
    paper on LeNet-5; any other is resized.

    Args:
        images: bytes of shape (..., H, W).
        size: wanted height and width.

    Example:
        >>> import numpy as np
        >>> fit(np.ones((28, 28), np.uint8), (32, 32)).sum()
        np.uint64(784)
    """
    height, width = images.shape[-2:]
    if (height, width) == size:
        return images
    missing = [wanted - n for wanted, n in zip(size, (height, width), strict=True)]
    near = all(0 <= gap <= n // 4 for gap, n in zip(missing, size, strict=True))
    if near:
        sides = [(0, 0)] * (images.ndim - 2) + [(n // 2, n - n // 2) for n in missing]
        return np.pad(images, sides)
    return resize(images, size)


def resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize images of bytes (..., H, W) with a bilinear kernel, antialiased."""
    height, width = images.shape[-2:]
    down = resampling_matrix(height, size[0], "bilinear", True).astype(np.float32)
    across = resampling_matrix(width, size[1], "bilinear", True).astype(np.float32).T
    flat = images.reshape(-1, height, width)
    result = np.empty((len(flat), *size), np.uint8)
    for start in range(0, len(flat), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        result[chunk] = np.rint(down @ (flat[chunk] @ across))
    return result.reshape(*images.shape[:-2], *size)


def _tensors(dataset: Any, size: tuple[int, int]) -> Images:
    """Take images that lie in memory as (N, H, W), or (N, H, W, C) for CIFAR."""
    pixels = np.asarray(dataset.data)
    labels = np.asarray(dataset.targets, np.int64)
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
    return Images(fit(_bytes(pixels, dataset), size), labels)


def _bytes(pixels: np.ndarray, dataset: Any) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    if not np.isfinite(pixels).all():
        raise CommandError(f"{dataset.root}: expected numbers, found NaN or infinity")
    low, high = pixels.min(initial=0), pixels.max(initial=0)
    if low < 0 or high > 255:
        raise CommandError(
            f"{dataset.root}: expected pixels from 0 to 255, found {low} to {high}"
        )
    return (pixels * (255 if high <= 1 else 1)).astype(np.uint8)


class _Prepared:
    """Turn each Pillow image into bytes of the wanted size; remember the first size."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.seen: set[tuple[int, int]] = set()

    def __call__(self, image: Any) -> np.ndarray:
        pixels = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
        self.seen.add(pixels.shape[1:])
        return fit(pixels, self.size)


def _files(dataset: Any) -> Images:
    """Read the images of files one by one."""
    pixels, labels = [], []
    for i in range(len(dataset)):
        image, label = dataset[i]
        pixels.append(image)
        labels.append(label)
    return Images(np.stack(pixels), np.array(labels, np.int64))


def _grey(*parts: Images) -> None:
    """Drop two of three channels where all are equal everywhere."""
    for part in parts:
        first = part.pixels[:, :1]
        if part.pixels.shape[1] != 3 or not (part.pixels == first).all():
            return
    for part in parts:
        part.pixels = np.ascontiguousarray(part.pixels[:, :1])


def _held_out(images: Images) -> tuple[Images, Images]:
    """Split off every fifth of a fixed permutation for testing."""
    order = np.random.RandomState(0).permutation(len(images))
    count = -(-len(images) // 5)
    train, test = np.sort(order[count:]), np.sort(order[:count])
    return (
        Images(images.pixels[train], images.labels[train]),
        Images(images.pixels[test], images.labels[test]),
    )


def _downloaded(kind: Any) -> Callable[[str, bool], Any]:
    def make(root: str, train: bool) -> Any:
        return kind(root, train=train, download=True)

    return make


def _digits(root: str, train: bool) -> Any:
    return datasets.Digits(train=train)


NAMED: dict[str, tuple[str, Callable[[str, bool], Any]]] = {
    "digits": ("UCI digits, bundled", _digits),
    "mnist": ("MNIST", _downloaded(datasets.MNIST)),
    "fashion": ("Fashion-MNIST", _downloaded(datasets.FashionMNIST)),
    "kmnist": ("Kuzushiji-MNIST", _downloaded(datasets.KMNIST)),
    "cifar10": ("CIFAR-10", _downloaded(datasets.CIFAR10)),
    "cifar100": ("CIFAR-100", _downloaded(datasets.CIFAR100)),
}


def open_source(data: str, root: str, size: tuple[int, int]) -> Source:
    """Read a data set.

    Args:
        data: a name, a folder of IDX files, a folder of class folders of images, with
            or without ``train`` and ``test`` above them, or a tar file of such folders.
        root: folder where named data sets are, or are put.
        size: height and width the network takes.

    Raises:
        CommandError: there is no such data, or it is empty or broken.
        OSError: a file can't be read.
    """
    try:
        source = _opened(data, root, size)
    except (ValueError, RuntimeError, FileNotFoundError, ImportError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CommandError(" ".join(str(error).split())) from None
    _check(source, data)
    return source


def _opened(data: str, root: str, size: tuple[int, int]) -> Source:
    if data in NAMED:
        title, make = NAMED[data]
        return _in_memory(title, [make(root, True), make(root, False)], size)
    path = Path(data).expanduser()
    if not path.exists():
        raise CommandError(
            f"{data}: no such file or folder, and not one of {', '.join(NAMED)}"
        )
    if path.is_file():
        return _from_archive(path, size)
    if datasets.IDXFolder.fits(path):
        pair = [datasets.IDXFolder(path, train) for train in (True, False)]
        return _in_memory(str(path), pair, size)
    return _from_folder(path, size)


def _in_memory(title: str, pair: list[Any], wanted: tuple[int, int]) -> Source:
    train, test = (_tensors(dataset, wanted) for dataset in pair)
    height, width = np.asarray(pair[0].data).shape[1:3]
    size = getattr(pair[0], "original_size", (height, width))
    return Source(title, train, test, list(pair[0].classes), size)


def _from_archive(path: Path, size: tuple[int, int]) -> Source:
    places = datasets.ImageArchive.folders(path)
    if not places:
        raise CommandError(
            f"{path}: expected images in class folders ({', '.join(IMG_EXTENSIONS)}), "
            "found none"
        )

    def make(name: str, prepare: Any) -> Any:
        return datasets.ImageArchive(path, name, transform=prepare)

    return _from_places(path, {Path(p).name: p for p in places}, make, size)


def _from_folder(path: Path, size: tuple[int, int]) -> Source:
    names = {entry.name: str(entry) for entry in path.iterdir() if entry.is_dir()}
    split = [n for n in names if n.lower() in (*_TRAIN_FOLDERS, *_TEST_FOLDERS)]
    places = {name: names[name] for name in split} if split else {"": str(path)}

    def make(name: str, prepare: Any) -> Any:
        return datasets.ImageFolder(name, transform=prepare)

    return _from_places(path, places, make, size)


def _from_places(
    path: Path,
    places: dict[str, str],
    make: Callable[[str, Any], Any],
    size: tuple[int, int],
) -> Source:
    """Read training images, and test images if there is a folder of them."""
    train_place = _first(places, _TRAIN_FOLDERS) or next(iter(places.values()))
    test_place = _first(places, _TEST_FOLDERS)
    if test_place == train_place:
        raise CommandError(f"{path}: expected a folder 'train', found {list(places)}")
    prepare = _Prepared(size)
    dataset = make(train_place, prepare)
    train, note = _files(dataset), ""
    if test_place is None:
        train, test = _held_out(train)
        note = "no test folder, so every fifth image was held out"
    else:
        other = make(test_place, prepare)
        if other.classes != dataset.classes:
            raise CommandError(
                f"{path}: classes for training {dataset.classes} and for testing "
                f"{other.classes} differ"
            )
        test = _files(other)
    _grey(train, test)
    seen = next(iter(prepare.seen)) if len(prepare.seen) == 1 else None
    return Source(str(path), train, test, dataset.classes, seen, note)


def _first(places: dict[str, str], names: tuple[str, ...]) -> str | None:
    for name, place in places.items():
        if name.lower() in names:
            return place
    return None


def _check(source: Source, data: str) -> None:
    """Fail unless there are images, and labels that fit the classes."""
    for name, part in (("training", source.train), ("test", source.test)):
        if len(part) == 0:
            raise CommandError(f"{data}: expected {name} images, found none")
        low, high = int(part.labels.min()), int(part.labels.max())
        if low < 0 or high >= len(source.classes):
            raise CommandError(
                f"{data}: expected {name} labels from 0 to {len(source.classes) - 1}, "
                f"found {low} to {high}"
            )
