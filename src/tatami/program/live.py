"""Numbers that may change from run to run: the options of optimizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Live"]


class Live(float):
    """An option of a parameter group that remembers where it came from.

    A kernel that is given it whole reads it anew at each run. Whoever computes with it
    gets a plain number, and from then on the program holds for this value only.
    """

    group: dict[str, Any]
    path: tuple[Any, ...]
    used: bool
    tested: bool

    @classmethod
    def of(cls, value: float, group: dict[str, Any], path: tuple[Any, ...]) -> Live:
        """Return the option ``group[path[0]][path[1]]...`` as such a number."""
        number = cls(value)
        number.group, number.path = group, path
        number.used = number.tested = False
        return number

    def now(self) -> float:
        """Return the present value of the option."""
        value: Any = self.group
        for key in self.path:
            value = value[key]
        return float(value)

    @property
    def truth(self) -> bool:
        """Whether the present value of the option is other than 0."""
        return self.now() != 0

    def __bool__(self) -> bool:
        self.tested = True
        return float.__bool__(self)

    def __hash__(self) -> int:
        return float.__hash__(self)


def _using(name: str) -> Callable[..., Any]:
    original = getattr(float, name)

    def method(self: Live, *args: Any) -> Any:
        self.used = True
        return original(self, *args)

    method.__name__ = name
    return method


for _name in (
    "__abs__", "__add__", "__ceil__", "__divmod__", "__eq__", "__floor__",
    "__floordiv__", "__format__", "__ge__", "__gt__", "__int__", "__le__", "__lt__",
    "__mod__", "__mul__", "__ne__", "__neg__", "__pos__", "__pow__", "__radd__",
    "__rdivmod__", "__repr__", "__rfloordiv__", "__rmod__", "__rmul__", "__round__",
    "__rpow__", "__rsub__", "__rtruediv__", "__str__", "__sub__", "__truediv__",
    "__trunc__", "as_integer_ratio", "hex", "is_integer",
):  # fmt: skip
    setattr(Live, _name, _using(_name))
