"""Results with names: the tuples that operations with several outputs return."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

__all__: list[str] = []


class Result(tuple[Any, ...]):
    """A tuple whose entries also have names, and which prints like PyTorch's."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, values: Iterable[Any]) -> Result:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(
                f"torch.return_types.{cls.__name__}() takes a "
                f"{len(cls._fields)}-sequence ({len(made)}-sequence given)"
            )
        return made

    def __repr__(self) -> str:
        pairs = zip(self._fields, self, strict=True)
        rows = ",\n".join(f"{name}={value!r}" for name, value in pairs)
        return f"torch.return_types.{type(self).__name__}(\n{rows})"

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return rebuild, (type(self).__name__, tuple(self))


KINDS: dict[str, type[Result]] = {}


def named(name: str, *fields: str) -> type[Result]:
    """Make the class of the results of an operation."""
    places = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
    members = {"_fields": fields, "__slots__": (), "__module__": __name__, **places}
    KINDS[name] = type(name, (Result,), members)
    return KINDS[name]


def rebuild(name: str, values: tuple[Any, ...]) -> Result:
    """Make a result from its name: the way back from a pickle."""
    return KINDS[name](values)
