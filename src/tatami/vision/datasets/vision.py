"""What every data set of images shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...utils.data import Dataset

__all__ = ["StandardTransform", "VisionDataset"]

Transform = Callable[..., Any]


class VisionDataset(Dataset[Any]):
    """Be the base of data sets that give pairs of an image and its target.

    Args:
        root: folder or file the data is in.
        transforms: function of image and target, instead of the next two.
        transform: function of the image.
        target_transform: function of the target.

    Raises:
        ValueError: ``transforms`` comes with one of the other two.

    Example:
        >>> import tatami.vision
        >>> tatami.vision.datasets.FakeData(size=3)
        Dataset FakeData
            Number of datapoints: 3
    """

    _repr_indent = 4

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Transform | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as "
                "argument"
            )
        self.transform = transform
        self.target_transform = target_transform
        if separate:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def _transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body.append(repr(self.transforms))
        indent = " " * self._repr_indent
        return "\n".join(
            [f"Dataset {type(self).__name__}", *(indent + line for line in body)]
        )

    def extra_repr(self) -> str:
        """Return further lines for the printed form."""
        return ""


class StandardTransform:
    """Apply one function to the image and another to the target.

    Example:
        >>> import tatami.vision
        >>> StandardTransform(abs, str)(-1, 2)
        (1, '2')
    """

    def __init__(
        self,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        body = [type(self).__name__]
        if self.transform is not None:
            body += _described(self.transform, "Transform: ")
        if self.target_transform is not None:
            body += _described(self.target_transform, "Target transform: ")
        return "\n".join(body)


def _described(transform: Transform, head: str) -> list[str]:
    first, *others = repr(transform).splitlines()
    return [head + first, *(" " * len(head) + line for line in others)]
