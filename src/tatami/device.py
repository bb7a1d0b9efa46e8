"""The device object; tatami computes on the CPU and says so where asked for more."""

from __future__ import annotations

from typing import Any

__all__ = ["device"]

_TYPES = ("cpu", "cuda", "mps", "xpu", "meta")


class device:
    """Name a device as PyTorch does; only ``cpu`` can hold tensors here.

    Example:
        >>> import tatami
        >>> tatami.device("cpu")
        device(type='cpu')
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int):
            type, index = "cuda", type
        name, _, number = str(type).partition(":")
        if name not in _TYPES or (number and not number.isdigit()):
            raise RuntimeError(f"Invalid device string: '{type}'")
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        suffix = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{suffix})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (
            other.type,
            other.index,
        )

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, tuple[str, int | None]]:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        require_cpu(self)
        return self

    def __exit__(self, *unused: object) -> None:
        pass


CPU = device("cpu")


def require_cpu(value: Any) -> device:
    """Return the CPU device, or say how to leave for another one.

    Raises:
        RuntimeError: ``value`` names a device other than the CPU.
    """
    if value is None or value is CPU:
        return CPU
    wanted = device(value)
    if wanted.type != "cpu":
        raise RuntimeError(
            f"tatami runs on CPUs, and device '{wanted}' was asked for. To use that "
            "device, run the same script on PyTorch: replace `import tatami as torch` "
            "by `import torch` (or run it with `python` instead of `tatami run`)."
        )
    return CPU
