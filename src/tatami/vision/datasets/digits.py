"""The handwritten digits that come with tatami."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...ops.creation import from_numpy
from ...tensor import Tensor
from ..images import image_from_array
from ..resample import resampling_matrix
from .vision import VisionDataset

__all__ = ["Digits"]

_FILE = Path(__file__).parent.parent / "data" / "digits.npz"
_BRIGHTEST = 16
_SIZE = 32


class Digits(VisionDataset):
    """Give 1,797 handwritten digits of 32x32 pixels; nothing needs to be downloaded.

    The originals have 8x8 pixels; they are enlarged with bilinear interpolation. Of the
    permutation that NumPy's ``RandomState(0)`` gives, the first 1,437 digits are for
    training, the last 360 for testing. torchvision has no such class.

    Args:
        train: give the digits for training rather than those for testing.
        transform: function of each Pillow image.
        target_transform: function of each label.

    Example:
        >>> import tatami.vision
        >>> digits = tatami.vision.datasets.Digits(train=False)
        >>> digits.data.shape, digits.targets[:5]
        (torch.Size([360, 32, 32]), tensor([7, 9, 4, 7, 0]))

    Source: Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits", UCI
    Machine Learning Repository, CC BY 4.0.
    """

    data: Tensor
    targets: Tensor
    original_size = (8, 8)

    def __init__(
        self,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.train = train
        self.classes = [str(digit) for digit in range(10)]
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        with np.load(_FILE) as content:
            images, labels = content["images"], content["labels"]
        order = np.random.RandomState(0).permutation(len(images))
        test_count = -(-len(images) // 5)
        chosen = order[:-test_count] if train else order[-test_count:]
        self.data = from_numpy(_enlarged(images[chosen]))
        self.targets = from_numpy(labels[chosen].astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = image_from_array(self.data[index].numpy(), "L")
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """Say which part of the data this is."""
        return f"Split: {'Train' if self.train else 'Test'}"


def _enlarged(images: np.ndarray) -> np.ndarray:
    """Return images of 0 to 16 as larger ones of 0 to 255."""
    matrix = resampling_matrix(images.shape[-1], _SIZE, "bilinear", antialias=True)
    large = matrix @ (images * (255 / _BRIGHTEST)) @ matrix.T
    return np.rint(large).astype(np.uint8)
