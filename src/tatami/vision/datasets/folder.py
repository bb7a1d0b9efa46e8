"""Folders with one folder of files for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..images import open_image
from .vision import VisionDataset

__all__ = [
    "IMG_EXTENSIONS",
    "DatasetFolder",
    "ImageFolder",
    "default_loader",
    "find_classes",
    "has_file_allowed_extension",
    "is_image_file",
    "make_dataset",
]

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"
)  # fmt: skip


def has_file_allowed_extension(
    filename: str, extensions: str | tuple[str, ...]
) -> bool:
    """Tell whether a name ends in one of the extensions, in small letters or large.

    Example:
        >>> has_file_allowed_extension("photo.JPG", ".jpg")
        True
    """
    wanted = extensions if isinstance(extensions, str) else tuple(extensions)
    return filename.lower().endswith(wanted)


def is_image_file(filename: str) -> bool:
    """Tell whether a name is that of an image.

    Example:
        >>> is_image_file("notes.txt")
        False
    """
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: str | Path) -> tuple[list[str], dict[str, int]]:
    """Return the names of a folder's folders in order, and the label of each.

    Raises:
        FileNotFoundError: there is no folder in it.
    """
    with os.scandir(directory) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: label for label, name in enumerate(classes)}


def make_dataset(
    directory: str | Path,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """Return the path and the label of each file, in the order of their names.

    Args:
        directory: folder that has the classes' folders.
        class_to_idx: label of each class; found from the folders if left out.
        extensions: endings of the files to take.
        is_valid_file: function that tells which files to take, instead.
        allow_empty: accept classes without a file.

    Raises:
        ValueError: ``extensions`` and ``is_valid_file`` are both given or both not.
        FileNotFoundError: a class has no file.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError(
            "'class_to_index' must have at least one entry to collect any samples."
        )
    valid = _validity(extensions, is_valid_file)
    samples = [
        (path, class_to_idx[name])
        for name in sorted(class_to_idx)
        for path in _files_under(os.path.join(directory, name))
        if valid(path)
    ]
    labels = {label for _, label in samples}
    empty = sorted(name for name, label in class_to_idx.items() if label not in labels)
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(empty)}. "
        if extensions is not None:
            known = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f"Supported extensions are: {known}"
        raise FileNotFoundError(message)
    return samples


def _validity(extensions: Any, is_valid_file: Any) -> Callable[[str], bool]:
    if (extensions is None) == (is_valid_file is None):
        raise ValueError(
            "Both extensions and is_valid_file cannot be None or not None at the same "
            "time"
        )
    if is_valid_file is not None:
        return is_valid_file
    return lambda path: has_file_allowed_extension(path, extensions)


def _files_under(folder: str) -> list[str]:
    return [
        os.path.join(parent, name)
        for parent, _, names in sorted(os.walk(folder, followlinks=True))
        for name in sorted(names)
    ]


def default_loader(path: str | Path) -> Any:
    """Read an image file as a Pillow image in RGB.

    Raises:
        ValueError: the file is not an image, or a broken one.
    """
    with open(path, "rb") as file:
        return open_image(file, path).convert("RGB")


class DatasetFolder(VisionDataset):
    """Give the files of a folder that has one folder for each class.

    Args:
        root: folder of the classes' folders.
        loader: function that reads a file, given its path.
        extensions: endings of the files to take.
        transform: function of what the loader gives.
        target_transform: function of each label.
        is_valid_file: function that tells which files to take, instead.
        allow_empty: accept classes without a file.

    Raises:
        FileNotFoundError: there is no class, or one without a file.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> (folder / "a").mkdir(), (folder / "a" / "x.txt").write_text("hello")
        (None, 5)
        >>> DatasetFolder(folder, lambda path: open(path).read(), (".txt",))[0]
        ('hello', 0)
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(
            self.root, class_to_idx, extensions, is_valid_file, allow_empty
        )
        self.loader = loader
        self.extensions = extensions
        self.classes = classes
        self.class_to_idx = class_to_idx
        self.targets = [label for _, label in self.samples]

    @staticmethod
    def make_dataset(
        directory: str | Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """Return the path and the label of each file; see :func:`make_dataset`."""
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(
            directory, class_to_idx, extensions, is_valid_file, allow_empty
        )

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """Return the classes of a folder and the label of each."""
        return find_classes(directory)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self._transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Give the images of a folder that has one folder for each class.

    Args:
        root: folder of the classes' folders.
        transform: function of each Pillow image.
        target_transform: function of each label.
        loader: function that reads an image, given its path.
        is_valid_file: function that tells which files to take, instead of their ending.
        allow_empty: accept classes without an image.

    Raises:
        FileNotFoundError: there is no class, or one without an image.

    Example:
        >>> import tempfile
        >>> ImageFolder(tempfile.mkdtemp())
        Traceback (most recent call last):
        FileNotFoundError: Couldn't find any class folder in ...
    """

    def __init__(
        self,
        root: str | Path,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform,
            target_transform,
            is_valid_file,
            allow_empty,
        )
        self.imgs = self.samples
