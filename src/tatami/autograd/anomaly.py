"""Finding the step of a backward pass whose gradient is not a number."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import grad_mode

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Raise an error when a step of the backward pass makes a NaN, or stop doing so.

    Args:
        mode: True to look at every gradient.
        check_nan: False to switch the look at NaN off.

    Differs from PyTorch: the error names the step, not the line that recorded it.

    Example:
        >>> import tatami
        >>> with tatami.autograd.set_detect_anomaly(True):
        ...     pass
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = grad_mode.state.check_nan
        grad_mode.state.check_nan = mode and check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *unused: object) -> None:
        grad_mode.state.check_nan = self._previous


class detect_anomaly(set_detect_anomaly):
    """Raise an error when a step of the backward pass in this block makes a NaN.

    Example:
        >>> import tatami
        >>> with tatami.autograd.detect_anomaly():
        ...     pass
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)


def check_nan(name: str, gradients: tuple[Any, ...]) -> None:
    """Raise an error if one of the gradients a step returned has a NaN."""
    for i, gradient in enumerate(gradients):
        if isinstance(gradient, Tensor):
            array = gradient._array
            if bool((array != array).any()):
                raise RuntimeError(
                    f"Function '{name}' returned nan values in its {i}th output."
                )
