"""Class folders of images inside a tar file, read without unpacking it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from ..images import open_image
from .folder import is_image_file
from .vision import VisionDataset

__all__ = ["ImageArchive"]


class ImageArchive(VisionDataset):
    """Give the images of a tar file that has one folder for each class.

    Only ordinary files with plain relative names are read, each when it is asked for;
    nothing is unpacked to the disk. torchvision has no such class.

    Args:
        root: path of an uncompressed tar file.
        folder: path, inside the archive, of the folder of the classes' folders.
        transform: function of each Pillow image.
        target_transform: function of each label.

    Raises:
        ValueError: the file is no plain tar file.
        FileNotFoundError: there is no image in class folders at that place.

    Example:
        >>> ImageArchive.folders("/nowhere.tar")
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: '/nowhere.tar'
    """

    def __init__(
        self,
        root: str | Path,
        folder: str = "",
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        inside = sorted(
            (path, start, size)
            for path, start, size in _images(self.root)
            if path.parent.parent == PurePosixPath(folder)
        )
        if not inside:
            raise FileNotFoundError(
                f"Couldn't find any class folder of images in {self.root}"
                + (f", {folder}" if folder else "")
            )
        self.classes = sorted({path.parent.name for path, _, _ in inside})
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        self.targets = [self.class_to_idx[path.parent.name] for path, _, _ in inside]
        self.samples = [(str(path), label) for (path, _, _), label in
                        zip(inside, self.targets, strict=True)]  # fmt: skip
        self._places = [(start, size) for _, start, size in inside]

    @staticmethod
    def folders(root: str | Path) -> list[str]:
        """Return the places inside an archive where class folders of images are."""
        return sorted({str(path.parent.parent) for path, _, _ in _images(root)})

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        name, target = self.samples[index]
        start, size = self._places[index]
        with open(self.root, "rb") as file:
            file.seek(start)
            content = io.BytesIO(file.read(size))
        image = open_image(content, f"{self.root}, {name}").convert("RGB")
        return self._transformed(image, target)

    def __len__(self) -> int:
        return len(self.samples)


def _images(root: str | Path) -> list[tuple[PurePosixPath, int, int]]:
    """Return name, start and size of each image of an archive."""
    try:
        with tarfile.open(root, "r:") as archive:
            return [
                (PurePosixPath(member.name), member.offset_data, member.size)
                for member in archive
                if member.isreg() and not member.issparse() and _is_safe(member.name)
            ]
    except tarfile.TarError as error:
        raise ValueError(
            f"{root}: expected an uncompressed tar file, found something else: {error}"
        ) from None


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return is_image_file(name) and not path.is_absolute() and ".." not in path.parts
