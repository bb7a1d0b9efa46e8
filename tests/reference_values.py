"""Values PyTorch gave for the rows of the table, kept for machines without it.

Run this file where PyTorch is installed to record them anew, for all families of rows
or for those named: ``python tests/reference_values.py elementwise reduce``.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent / "reference"


def key(row: Any, i: int, kind: str) -> str:
    """Return the name of a record: it changes when the call does."""
    case = row.cases[i] if kind == "value" else row.errors[i]
    text = f"{row.name}|{kind}|{case.args}|{case.kwargs}"
    return f"{row.name}-{hashlib.sha1(text.encode()).hexdigest()[:10]}"


@functools.cache
def _arrays(family: str) -> dict[str, Any]:
    with np.load(HERE / f"ops_{family}.npz") as file:
        return dict(file)


@functools.cache
def _texts(family: str) -> dict[str, Any]:
    path = HERE / f"ops_{family}.json"
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def values(row: Any, i: int) -> list[Any]:
    """Return the recorded outputs and gradients of a case."""
    name = key(row, i, "value")
    if name not in _texts(row.family)["counts"]:
        pytest.fail(f"nothing recorded for {row.name}: run tests/reference_values.py")
    found = _arrays(row.family)
    return [found.get(f"{name}/{j}") for j in range(_texts(row.family)["counts"][name])]


def error(row: Any, i: int) -> tuple[str, str]:
    """Return the recorded type and first line of an error."""
    name = key(row, i, "error")
    if name not in _texts(row.family)["errors"]:
        pytest.fail(f"nothing recorded for {row.name}: run tests/reference_values.py")
    return tuple(_texts(row.family)["errors"][name])


def record(family: str) -> None:
    """Run every row of a family on PyTorch and write what it gives."""
    import test_ops
    import torch

    arrays: dict[str, Any] = {}
    counts: dict[str, int] = {}
    errors: dict[str, Any] = {}
    rows = [row for row in test_ops.TABLE.values() if row.family == family]
    for row in rows:
        for i, case in enumerate(row.cases):
            name = key(row, i, "value")
            args, kwargs, outputs = test_ops.call(torch, row, case, row.gradient)
            found = test_ops.flat(outputs)
            if row.gradient:
                leaves = test_ops.leaves(args, kwargs)
                found += test_ops.differentiated(torch, outputs, leaves) or []
            counts[name] = len(found)
            if not row.values:
                continue
            for j, value in enumerate(found):
                if value is not None:
                    arrays[f"{name}/{j}"] = test_ops.as_array(value)
        for i, case in enumerate(row.errors):
            errors[key(row, i, "error")] = _error_of(torch, row, case)
    np.savez_compressed(HERE / f"ops_{family}.npz", **arrays)
    text = json.dumps({"counts": counts, "errors": errors}, indent=1, sort_keys=True)
    (HERE / f"ops_{family}.json").write_text(text + "\n")


def _error_of(torch: Any, row: Any, case: Any) -> tuple[str, str]:
    import test_ops

    try:
        test_ops.call(torch, row, case, False)
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]
    raise AssertionError(f"PyTorch accepts {row.name} {case}")


def main() -> None:
    """Record the families named on the command line, or all."""
    import test_ops

    families = sys.argv[1:] or sorted({r.family for r in test_ops.TABLE.values()})
    for family in families:
        record(family)


if __name__ == "__main__":
    main()
