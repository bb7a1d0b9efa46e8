"""Transforms and images on which tatami is compared with torchvision."""

from __future__ import annotations

from typing import Any

import numpy as np

SEED = 3
# Each is evaluated with M, the module of transforms.
CASES = [
    "Resize(9)",
    "Resize((6, 20))",
    "Resize(9, max_size=11)",
    "Resize((5, 5), interpolation=M.InterpolationMode.BICUBIC)",
    "Resize((17, 19), interpolation=M.InterpolationMode.BICUBIC)",
    "Resize((5, 5), antialias=False)",
    "Resize((5, 20), interpolation=M.InterpolationMode.NEAREST)",
    "Resize((5, 20), interpolation=M.InterpolationMode.NEAREST_EXACT)",
    "CenterCrop(7)",
    "CenterCrop((15, 16))",
    "Pad((1, 2))",
    "Pad((1, 2, 3, 4), fill=7)",
    "Pad((1, -2, 3, 4), padding_mode='edge')",
    "Pad((1, 2, 3, 4), padding_mode='reflect')",
    "Pad(2, padding_mode='symmetric')",
    "RandomCrop(7)",
    "RandomCrop((6, 9), padding=3)",
    "RandomCrop(15, pad_if_needed=True)",
    "RandomHorizontalFlip()",
    "RandomVerticalFlip()",
    "RandomHorizontalFlip(1.0)",
    "RandomVerticalFlip(1.0)",
    "RandomResizedCrop((6, 9))",
    "RandomRotation(30)",
    "RandomRotation((10, 70), interpolation=2)",
    "RandomRotation(45, expand=True, interpolation=2, fill=9)",
    "RandomRotation(45, center=(3, 4))",
    "RandomAffine(20)",
    "RandomAffine(20, translate=(0.1, 0.2), scale=(0.5, 1.5), shear=10)",
    "RandomAffine(5, shear=(1, 5, -4, 8), interpolation=M.InterpolationMode.BILINEAR)",
    "ColorJitter(0.5, 0.5, 0.5, 0.2)",
    "ColorJitter(brightness=(0.2, 0.4))",
    "ColorJitter(hue=0.3)",
    "Grayscale()",
    "RandomGrayscale(0.9)",
    "RandomApply([M.RandomHorizontalFlip(1.0)], p=0.7)",
    "Compose([M.Resize(9), M.CenterCrop(5)])",
]
PILLOW_ONLY = ["ToTensor()", "PILToTensor()"]
TENSOR_ONLY = [
    "RandomErasing(1.0)",
    "RandomErasing(1.0, value='random')",
    "RandomErasing(1.0, value=(0.1, 0.2, 0.3))",
    "ToPILImage()",
    "Normalize((0.5, 0.4, 0.3), (0.5, 0.1, 0.2))",
]
# Wrong arguments, and the wrong sizes for images of 11x13.
ERRORS = [
    "Resize((3, 4, 5))",
    "Resize(10, max_size=5)",
    "Pad([1, 2, 3])",
    "Pad(1, padding_mode='mirror')",
    "Pad('x')",
    "RandomCrop(40)",
    "RandomRotation(-3)",
    "RandomRotation((1, 2, 3))",
    "RandomAffine(3, scale=(0, 1))",
    "RandomAffine(3, translate=(2, 1))",
    "ColorJitter(hue=0.7)",
    "ColorJitter(contrast=-1)",
    "Grayscale(2)",
    "RandomErasing(2)",
    "RandomErasing(value='x')",
    "RandomErasing(scale=(0.5, 2))",
    "Lambda(3)",
    "ToPILImage('HSV')",
    "Normalize((0.5,), (0.5,))",
]


def pixels() -> np.ndarray:
    """Return a colour image of 11x13 bytes."""
    return np.random.RandomState(0).randint(0, 256, (11, 13, 3), dtype=np.uint8)


def as_array(result: Any) -> np.ndarray:
    """Return an image or a tensor as an array, an image's mode in its last axis."""
    if hasattr(result, "getbands"):
        return np.asarray(result)
    return np.asarray(result.numpy())
