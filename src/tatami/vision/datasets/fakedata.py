"""Random images for trying things out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tatami

from ..transforms import functional
from .vision import VisionDataset

__all__ = ["FakeData"]


class FakeData(VisionDataset):
    """Give random images, always the same ones.

    Args:
        size: number of images.
        image_size: channels, height and width.
        num_classes: number of classes.
        transform: function of each Pillow image.
        target_transform: function of each label.
        random_offset: offset of the seeds, for other images.

    Example:
        >>> import tatami.vision
        >>> image, label = tatami.vision.datasets.FakeData(2, (3, 8, 5))[0]
        >>> image.size, label
        ((5, 8), 0)
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.image_size = image_size
        self.num_classes = num_classes
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        state = tatami.get_rng_state()
        tatami.manual_seed(index + self.random_offset)
        image = tatami.randn(*self.image_size)
        target = tatami.randint(0, self.num_classes, (1,), dtype=tatami.long)[0]
        tatami.set_rng_state(state)
        image, target = self._transformed(functional.to_pil_image(image), target)
        return image, target.item()

    def __len__(self) -> int:
        return self.size
