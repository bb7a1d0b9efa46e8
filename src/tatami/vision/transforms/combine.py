"""Transforms made of transforms."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import tatami

from ...nn import Module

__all__ = [
    "Compose",
    "Lambda",
    "RandomApply",
    "RandomChoice",
    "RandomOrder",
    "RandomTransforms",
]

Transform = Callable[..., Any]


def _listed(name: str, lines: Sequence[object]) -> str:
    return "\n".join([f"{name}(", *(f"    {line}" for line in lines), ")"])


class Compose:
    """Apply transforms one after the other.

    Example:
        >>> import tatami
        >>> Compose([Lambda(abs), Lambda(str)])(-2)
        '2'
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class Lambda:
    """Apply a function.

    Raises:
        TypeError: ``lambd`` can't be called.

    Example:
        >>> Lambda(abs)(-3)
        3
    """

    def __init__(self, lambd: Transform) -> None:
        if not callable(lambd):
            raise TypeError(
                f"Argument lambd should be callable, got {type(lambd).__name__!r}"
            )
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomTransforms:
    """Be the base of transforms that choose among others."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class RandomOrder(RandomTransforms):
    """Apply transforms in a random order, drawn with Python's ``random``.

    Example:
        >>> RandomOrder([Lambda(abs)])(-1)
        1
    """

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(RandomTransforms):
    """Apply one of several transforms, drawn with Python's ``random``.

    Args:
        transforms: the transforms to choose from.
        p: weight of each.

    Example:
        >>> RandomChoice([Lambda(abs)])(-1)
        1
    """

    def __init__(
        self, transforms: Sequence[Transform], p: Sequence[float] | None = None
    ) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](*args)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class RandomApply(Module):
    """Apply all transforms, or none of them.

    Args:
        transforms: the transforms.
        p: how likely they are applied.

    Example:
        >>> RandomApply([Lambda(abs)], p=1.0)(-1)
        1
    """

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """Return the image, transformed or as it was."""
        if self.p < tatami.rand(1).item():
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, [f"p={self.p}", *self.transforms])
