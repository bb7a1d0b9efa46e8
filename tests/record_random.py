"""The random draws to check, and the script that records PyTorch's values for them.

Run ``python tests/record_random.py`` where PyTorch is installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parent / "reference" / "random.npz"
KEPT = 8
TURNS = 2


@dataclass
class Case:
    """One draw: a kernel with its arguments and PyTorch's way to say the same.

    ``libm`` marks float64 draws, whose last bit depends on the C library.
    """

    name: str
    kernel: str
    arguments: tuple[Any, ...]
    draw: Callable[[Any, Any], Any]
    libm: bool = False


def _fill(
    kernel: str, method: str, shape: tuple[int, ...], numbers: tuple[Any, ...],
    dtype: str, **options: Any,
) -> Case:  # fmt: skip
    """Make a case of a method that fills a tensor in place."""
    name = f"{method}{numbers} {dtype} {list(shape)}"

    def draw(torch: Any, generator: Any) -> Any:
        tensor = torch.empty(shape, dtype=getattr(torch, dtype))
        return getattr(tensor, method)(*numbers, generator=generator)

    return Case(name, kernel, (shape, *numbers, np.dtype(dtype)), draw, **options)


FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
SIZES = ((), (1,), (0,), (5, 3), (15,), (16,), (17,), (6, 1, 3, 3), (31,), (1000,))
LARGE = (70_003,)


def _probabilities(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count = int(np.prod(shape))
    return ((np.arange(count) * 37 % 101 + 0.5) / 102).reshape(shape).astype(dtype)


def _cases_of_reals() -> list[Case]:
    cases = []
    for dtype in FLOATS:
        double = dtype == "float64"
        for shape in (*SIZES, LARGE):
            cases.append(_fill("uniform", "uniform_", shape, (0, 1), dtype))
            cases.append(_fill("normal", "normal_", shape, (0, 1), dtype, libm=double))
        for numbers in ((-0.1, 0.37), (1.1, 3.37), (-1e-3, 5e4), (2, 2), (1e4, 1.01e4)):
            cases.append(_fill("uniform", "uniform_", LARGE, numbers, dtype))
        for numbers in ((0.3, 1.7), (5.0, 1.0), (0, 0.02), (-20, 1e-3), (1, 0)):
            for shape in ((7,), LARGE):
                cases.append(
                    _fill("normal", "normal_", shape, numbers, dtype, libm=double)
                )
        for kernel, numbers in (
            ("exponential", (1.3,)),
            ("cauchy", (0.1, 1.3)),
            ("log_normal", (0.1, 1.3)),
            ("geometric", (0.1,)),
        ):
            for shape in ((7,), (3000,)):
                cases.append(
                    _fill(kernel, f"{kernel}_", shape, numbers, dtype, libm=double)
                )
    return cases


def _cases_of_integers() -> list[Case]:
    cases = []
    for dtype in (*INTEGERS, *FLOATS, "bool"):
        for shape in ((), (7, 3), (3000,)):
            cases.append(_fill("random_bits", "random_", shape, (), dtype))
            cases.append(_fill("randint", "random_", shape, (0, 2), dtype))
            cases.append(_fill("bernoulli", "bernoulli_", shape, (0.3,), dtype))
    for dtype, low, high in (
        ("uint8", 3, 256), ("int8", -128, 128), ("int16", -5, 1000),
        ("int32", -(2**31), 2**31), ("int32", 0, 2**28), ("int32", 0, 2**28 - 1),
        ("int64", -(2**62), 2**62), ("int64", 5, 2**28 + 5), ("int64", -7, 2**40),
        ("int64", 0, 10), ("int64", -(2**63), 2**63 - 1), ("float32", 0, 2**24),
        ("float64", 0, 2**40), ("float16", 0, 2048), ("float64", -9, 9),
    ):  # fmt: skip
        cases.append(_fill("randint", "random_", (500,), (low, high), dtype))
    for p in (0.0, 1.0, 0.5, 0.9, 1e-9):
        cases.append(_fill("bernoulli", "bernoulli_", (5000,), (p,), "float32"))
    for dtype in ("int64", "float64"):
        cases.append(_full_range(dtype))
    for n in (0, 1, 2, 10, 1000, 60_000):
        cases.append(_randperm(n, "int64"))
    cases.append(_randperm(100, "uint8"))
    cases.append(_randperm(100, "float32"))
    return cases


def _full_range(dtype: str) -> Case:
    def draw(torch: Any, generator: Any) -> Any:
        tensor = torch.empty(300, dtype=getattr(torch, dtype))
        return tensor.random_(-(2**63), None, generator=generator)

    return Case(f"full range {dtype}", "random_full", ((300,), np.dtype(dtype)), draw)


def _randperm(n: int, dtype: str) -> Case:
    def draw(torch: Any, generator: Any) -> Any:
        return torch.randperm(n, generator=generator, dtype=getattr(torch, dtype))

    return Case(f"randperm {n} {dtype}", "randperm", (n, np.dtype(dtype)), draw)


def _cases_of_tables() -> list[Case]:
    cases = []
    for dtype in FLOATS:
        probabilities = _probabilities((40, 30), dtype)
        for result in ("bool", "float32", dtype):
            cases.append(_bernoulli_tensor(probabilities, result))
    for dtype in FLOATS:
        for shape in ((9,), (40, 30), (3, 1)):
            for count in (1, 2, 9):
                for replacement in (False, True):
                    ties = dtype == "float16" and count > 2
                    if replacement or (count <= shape[-1] and not ties):
                        table = _probabilities(shape, dtype)
                        cases.append(_multinomial(table, count, replacement))
    return cases


def _bernoulli_tensor(probabilities: np.ndarray, dtype: str) -> Case:
    def draw(torch: Any, generator: Any) -> Any:
        tensor = torch.empty(probabilities.shape, dtype=getattr(torch, dtype))
        return tensor.bernoulli_(torch.from_numpy(probabilities), generator=generator)

    name = f"bernoulli {probabilities.dtype} {dtype}"
    return Case(name, "bernoulli_tensor", (probabilities, np.dtype(dtype)), draw)


def _multinomial(table: np.ndarray, count: int, replacement: bool) -> Case:
    def draw(torch: Any, generator: Any) -> Any:
        probabilities = torch.from_numpy(table)
        return torch.multinomial(probabilities, count, replacement, generator=generator)

    name = f"multinomial {table.dtype} {table.shape} {count} {replacement}"
    return Case(name, "multinomial", (table, count, replacement), draw)


CASES = [*_cases_of_reals(), *_cases_of_integers(), *_cases_of_tables()]


def digest(values: np.ndarray) -> int:
    """Return 32 bits that tell apart arrays that differ in any bit, shape or type."""
    text = f"{values.dtype}{values.shape}".encode() + values.tobytes()
    return int.from_bytes(hashlib.md5(text).digest()[:4], "little")


def head(values: np.ndarray) -> np.ndarray:
    """Return the bytes of the first values, filled up with zeros."""
    data = np.zeros(8 * KEPT, np.uint8)
    first = values.reshape(-1)[:KEPT].copy().view(np.uint8)
    data[: first.size] = first
    return data


def record() -> None:
    """Write what PyTorch draws for every case, twice in a row from one seed."""
    import torch

    heads, digests, states = [], [], []
    for number, case in enumerate(CASES):
        generator = torch.Generator().manual_seed(number)
        drawn = [case.draw(torch, generator).numpy() for _ in range(TURNS)]
        heads.append([head(values) for values in drawn])
        digests.append([digest(values) for values in drawn])
        states.append(digest(generator.get_state().numpy()))
    np.savez_compressed(
        RECORDED,
        names=np.array([case.name for case in CASES]),
        heads=np.array(heads),
        digests=np.array(digests, np.uint32),
        states=np.array(states, np.uint32),
    )


if __name__ == "__main__":
    record()
