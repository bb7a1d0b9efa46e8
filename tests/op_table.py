"""One row for each public operation; everything that is tested of it hangs here.

A row names the operation, the inputs it is tried on, and inputs it must refuse. Inputs
are described, not made: the same description gives tensors of tatami and of PyTorch.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np


class Constant(np.ndarray):
    """An array whose tensor asks for no gradient."""


@dataclass(frozen=True)
class Sample:
    """Describe an array: its shape, type and range; floats keep off the kinks."""

    shape: tuple[int, ...]
    kind: str = "float64"
    low: float = -2.0
    high: float = 2.0
    grad: bool = True
    distinct: bool = False
    values: Any = None

    def array(self, seed: int) -> np.ndarray:
        """Return the array; the same one for the same seed."""
        made = self._made(seed)
        return made if self.grad else made.view(Constant)

    def _made(self, seed: int) -> np.ndarray:
        if self.values is not None:
            return np.array(self.values, dtype=self.kind)
        source = np.random.default_rng(seed)
        count = int(np.prod(self.shape))
        if self.kind == "bool":
            return source.random(self.shape) < 0.5
        if self.kind.startswith(("int", "uint")):
            return source.integers(self.low, self.high, self.shape).astype(self.kind)
        if self.distinct:
            steps = source.permutation(count) + 0.3
            flat = self.low + steps * (self.high - self.low) / max(count, 1)
        else:
            flat = source.uniform(self.low, self.high, count)
        return flat.reshape(self.shape).astype(self.kind)


def floats(*shape: int, low: float = -2.0, high: float = 2.0, **more: Any) -> Sample:
    """Describe random numbers between ``low`` and ``high``."""
    return Sample(shape, low=low, high=high, **more)


def distinct(*shape: int, low: float = -2.0, high: float = 2.0) -> Sample:
    """Describe evenly spaced numbers in random order: no ties, none at zero."""
    return Sample(shape, low=low, high=high, distinct=True)


def integers(*shape: int, low: int = -5, high: int = 6, kind: str = "int64") -> Sample:
    """Describe random integers from ``low`` up to, but not including, ``high``."""
    return Sample(shape, kind=kind, low=low, high=high, grad=False)


def booleans(*shape: int) -> Sample:
    """Describe random truth values."""
    return Sample(shape, kind="bool", grad=False)


def exactly(values: Any, kind: str = "float64", grad: bool = True) -> Sample:
    """Describe given values."""
    shape = np.shape(values)
    return Sample(shape, kind=kind, values=values, grad=grad and kind[0] == "f")


@dataclass(frozen=True)
class Case:
    """One call: arguments in which Samples stand for tensors."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def arrays(self, name: str) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with arrays in the place of samples."""
        self_seed = zlib.crc32(f"{name}{self.args}{self.kwargs}".encode())
        counter = iter(range(self_seed, self_seed + 1000))
        return (
            [_made(value, counter) for value in self.args],
            {key: _made(value, counter) for key, value in self.kwargs.items()},
        )


def _made(value: Any, counter: Any) -> Any:
    if isinstance(value, Sample):
        return value.array(next(counter))
    if isinstance(value, (list, tuple)) and any(
        isinstance(x, (Sample, list, tuple)) for x in value
    ):
        return type(value)(_made(x, counter) for x in value)
    return value


def case(*args: Any, **kwargs: Any) -> Case:
    """Describe one call."""
    return Case(args, kwargs)


@dataclass(frozen=True)
class Row:
    """Say all there is to test of one operation.

    Args:
        name: where the operation is, below the package: ``add``,
            ``nn.functional.relu``, ``Tensor.view``.
        cases: calls it must get right.
        errors: calls it must refuse with PyTorch's error type and first line.
        gradient: whether gradients are checked on floating-point inputs.
        second: whether second derivatives are checked.
        method: whether Tensor has a method of that name that does the same.
        in_place: whether Tensor has ``name_``.
        aliases: other names of the same operation.
        tolerance: relative and absolute difference allowed from PyTorch in float64.
        values: compare values; False where they are random or not initialised.
        own_errors: calls refused with a text of our own: (case, type, start of text).
        family: the file the row stands in.
        agreed: cases whose gradient is an agreement, not the derivative: they are
            compared with PyTorch, but not with finite differences.
        grad_name: compare the name of ``grad_fn`` with PyTorch's.
    """

    name: str
    cases: tuple[Case, ...]
    errors: tuple[Case, ...] = ()
    gradient: bool = True
    second: bool = True
    method: bool = False
    in_place: bool = False
    aliases: tuple[str, ...] = ()
    tolerance: float = 1e-9
    values: bool = True
    own_errors: tuple[tuple[Case, type, str], ...] = ()
    grad_name: bool = True
    family: str = ""
    agreed: tuple[int, ...] = ()


TABLE: dict[str, Row] = {}


def row(name: str, *cases: Case, **options: Any) -> Row:
    """Add a row to the table."""
    if name in TABLE:
        raise ValueError(f"two rows for {name}")
    family = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]
    TABLE[name] = Row(name, cases, family=family, **options)
    return TABLE[name]


def load() -> dict[str, Row]:
    """Read the rows of every family and return the table."""
    package = importlib.import_module("op_rows")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"op_rows.{module.name}")
    return TABLE


@dataclass(frozen=True)
class Named:
    """Stand for something of the package, such as a dtype, by its name."""

    name: str


def public_operations() -> list[str]:
    """Return where each operation in an ``__all__`` of ``tatami.ops`` is found."""
    import tatami

    names = []
    for module in pkgutil.iter_modules(tatami.ops.__path__):
        if module.name in ("arguments", "inplace"):
            continue
        family = importlib.import_module(f"tatami.ops.{module.name}")
        names += [_place(tatami, name) for name in family.__all__]
    return names


def _place(package: Any, name: str) -> str:
    if hasattr(package, name):
        return name
    if hasattr(package.nn.functional, name):
        return f"nn.functional.{name}"
    return f"linalg.{name.removeprefix('linalg_')}"
