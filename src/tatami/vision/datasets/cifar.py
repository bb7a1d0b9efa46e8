"""CIFAR-10 and CIFAR-100: colour images of 32x32 pixels in pickled batches."""

from __future__ import annotations

import os
import pickle
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..images import image_from_array
from .download import check_md5, download_file, md5_of
from .vision import VisionDataset

__all__ = ["CIFAR10", "CIFAR100"]

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
_PIXELS = 3 * 32 * 32


class _ArrayUnpickler(pickle.Unpickler):
    """Read lists, dictionaries, numbers, strings and arrays, and call nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"expected arrays, numbers and strings, found {module}.{name}"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _unpickled(path: str, keys: tuple[str, ...]) -> list[Any]:
    """Return the first of each key's values that a pickled dictionary has."""
    with open(path, "rb") as file:
        try:
            entry = _ArrayUnpickler(file, encoding="latin1").load()
        except Exception as error:
            raise ValueError(f"{path}: not a batch of CIFAR images: {error}") from None
    if not isinstance(entry, dict) or not any(key in entry for key in keys):
        raise ValueError(f"{path}: expected a dictionary with {' or '.join(keys)}")
    return [entry[key] for key in keys if key in entry]


class CIFAR10(VisionDataset):
    """Give the 60,000 colour images of CIFAR-10.

    Args:
        root: folder that has, or shall have, ``cifar-10-batches-py``.
        train: give the 50,000 images for training rather than the 10,000 for testing.
        transform: function of each Pillow image.
        target_transform: function of each label.
        download: fetch the archive if files are not there.

    Raises:
        RuntimeError: files are missing or have another MD5 sum.
        ValueError: a batch has other contents than images and labels.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.CIFAR10("/nowhere")
        Traceback (most recent call last):
        RuntimeError: Dataset not found or corrupted. You can use download=True to
        download it

    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [
        ["test_batch", "40351d587109b95175f43aff81a1287e"],
    ]
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta",
        "key": "label_names",
        "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }

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
        if not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to "
                "download it"
            )
        self._load()

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _files(self) -> list[list[str]]:
        extra = [self.meta["filename"], self.meta["md5"]]
        return [*self.train_list, *self.test_list, extra]

    def _check_integrity(self) -> bool:
        return all(
            os.path.isfile(self._path(name)) and md5_of(self._path(name)) == md5
            for name, md5 in self._files()
        )

    def _load(self) -> None:
        rows: list[np.ndarray] = []
        self.targets: list[int] = []
        for name, _ in self.train_list if self.train else self.test_list:
            path = self._path(name)
            (data,) = _unpickled(path, ("data",))
            (labels,) = _unpickled(path, ("labels", "fine_labels"))
            if np.shape(data) != (len(labels), _PIXELS):
                raise ValueError(
                    f"{path}: expected {len(labels)} rows of {_PIXELS} numbers, found "
                    f"{np.shape(data)}"
                )
            rows.append(data)
            self.targets += labels
        images = np.vstack(rows).reshape(-1, 3, 32, 32)
        self.data = images.transpose(0, 2, 3, 1)
        (self.classes,) = _unpickled(
            self._path(self.meta["filename"]), (self.meta["key"],)
        )
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = image_from_array(self.data[index], "RGB")
        return self._transformed(image, self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def download(self) -> None:
        """Fetch and unpack the archive unless all files are there.

        Raises:
            RuntimeError: the archive can't be fetched or lacks a file.
        """
        if self._check_integrity():
            return
        archive = os.path.join(self.root, self.filename)
        download_file([self.url], archive, self.tgz_md5)
        with tarfile.open(archive, "r:gz") as packed:
            for name, md5 in self._files():
                self._unpack(packed, name, md5)

    def _unpack(self, packed: tarfile.TarFile, name: str, md5: str) -> None:
        member = packed.extractfile(f"{self.base_folder}/{name}")
        if member is None:
            raise RuntimeError(f"{self.filename}: {name} is not a file")
        target = self._path(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with member, open(f"{target}.part", "wb") as file:
            shutil.copyfileobj(member, file)
            file.flush()
            os.fsync(file.fileno())
        check_md5(f"{target}.part", md5)
        os.replace(f"{target}.part", target)

    def extra_repr(self) -> str:
        """Say which part of the data this is."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """Give the 60,000 colour images of CIFAR-100.

    Arguments are those of :class:`CIFAR10`; the folder is ``cifar-100-python``.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.CIFAR100.base_folder
        'cifar-100-python'
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [
        ["train", "16019d7e3df5f24257cddd939b257f8d"],
    ]
    test_list: ClassVar[list[list[str]]] = [
        ["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"],
    ]
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta",
        "key": "fine_label_names",
        "md5": "7973b15100ade9c7d40fb424638fde48",
    }
