"""MNIST and its relatives: grey images of 28x28 pixels in IDX files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...ops.creation import from_numpy
from ...tensor import Tensor
from ..images import image_from_array
from .download import download_file
from .idx import find_idx, read_idx
from .vision import VisionDataset

__all__ = ["KMNIST", "MNIST", "FashionMNIST", "IDXFolder"]

_SPLITS = {True: "train", False: "t10k"}


def _check_pair(images: np.ndarray, labels: np.ndarray, where: Any) -> None:
    if len(images) != len(labels):
        raise ValueError(f"{where}: {len(images):,} images, but {len(labels):,} labels")


class _IDXDataset(VisionDataset):
    """Hold images and labels as tensors and give them as Pillow images and numbers."""

    data: Tensor
    targets: Tensor
    train: bool

    def _load(self, folder: Any) -> None:
        prefix = _SPLITS[self.train]
        images, labels = (
            read_idx(_existing(folder, f"{prefix}-{kind}-idx{rank}-ubyte"), rank)
            for kind, rank in (("images", 3), ("labels", 1))
        )
        _check_pair(images, labels, folder)
        self.data = from_numpy(images)
        self.targets = from_numpy(labels.astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = image_from_array(self.data[index].numpy(), "L")
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Say which part of the data this is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


def _existing(folder: Any, name: str) -> Path:
    path = find_idx(folder, name)
    if path is None:
        raise FileNotFoundError(f"{folder}: expected a file {name} or {name}.gz")
    return path


class MNIST(_IDXDataset):
    """Give the 70,000 handwritten digits of MNIST.

    Args:
        root: folder that has, or shall have, ``MNIST/raw`` with the four files, as
            they are or gzipped.
        train: give the 60,000 images for training rather than the 10,000 for testing.
        transform: function of each Pillow image.
        target_transform: function of each label.
        download: fetch files that are not there.

    Raises:
        RuntimeError: files are missing, or no mirror has them.
        ValueError: a file is broken; the message has expected and found sizes.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.MNIST("/nowhere")
        Traceback (most recent call last):
        RuntimeError: Dataset not found. You can use download=True to download it

    Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to
    document recognition", section III.A.
    """

    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it"
            )
        self._load(self.raw_folder)

    @property
    def raw_folder(self) -> str:
        """The folder of the IDX files."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        names = (name.removesuffix(".gz") for name, _ in self.resources)
        return all(find_idx(self.raw_folder, name) for name in names)

    def download(self) -> None:
        """Fetch the files that are not there yet.

        Raises:
            RuntimeError: no mirror has a file; the message has each one's failure.
        """
        for name, md5 in self.resources:
            if find_idx(self.raw_folder, name.removesuffix(".gz")) is None:
                urls = [mirror + name for mirror in self.mirrors]
                download_file(urls, os.path.join(self.raw_folder, name), md5)


class FashionMNIST(MNIST):
    """Give the 70,000 pictures of clothes of Fashion-MNIST.

    Arguments are those of :class:`MNIST`; files are in ``root/FashionMNIST/raw``.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.FashionMNIST.classes[9]
        'Ankle boot'

    Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms".
    """

    mirrors: ClassVar[list[str]] = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Give the 70,000 cursive Japanese characters of Kuzushiji-MNIST.

    Arguments are those of :class:`MNIST`; files are in ``root/KMNIST/raw``.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.KMNIST.classes[0]
        'o'

    Source: Clanuwat et al. 2018, "Deep learning for classical Japanese literature".
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = [
        "o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"
    ]  # fmt: skip


class IDXFolder(_IDXDataset):
    """Give the images of a folder that has the four IDX files of MNIST in it.

    torchvision has no such class.

    Args:
        root: folder with ``train-images-idx3-ubyte`` and so on, or those with ``.gz``.
        train: give the images for training rather than those for testing.
        transform: function of each Pillow image.
        target_transform: function of each label.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is broken; the message has expected and found sizes.

    Example:
        >>> IDXFolder("/nowhere")
        Traceback (most recent call last):
        FileNotFoundError: /nowhere: expected a file train-images-idx3-ubyte or
        train-images-idx3-ubyte.gz
    """

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        self._load(self.root)
        count = int(self.targets.numpy().max(initial=-1)) + 1
        self.classes = [str(label) for label in range(count)]
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}

    @staticmethod
    def fits(root: str | Path) -> bool:
        """Tell whether a folder has IDX files of images for training."""
        return find_idx(root, "train-images-idx3-ubyte") is not None
