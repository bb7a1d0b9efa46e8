"""The operation that CONTRIBUTING.md adds works as the page says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import op_table

import tatami
from tatami import kernels
from tatami.autograd import gradcheck, gradgradcheck
from tatami.ops import inplace

PAGE = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_added_operation() -> None:
    code = next(block for block in BLOCKS if block.startswith("class"))
    file = importlib.import_module("tatami.ops.relu")
    scope: dict[str, Any] = {**vars(file), "in_place": inplace.in_place}
    try:
        exec(code, scope)
        square_relu = scope["square_relu"]
        x = tatami.tensor([-1.0, 3.0], dtype=tatami.float64, requires_grad=True)
        assert square_relu(x).tolist() == [0, 9]
        assert square_relu(x).grad_fn.name() == "SquareReluBackward0"
        assert gradcheck(square_relu, x) and gradgradcheck(square_relu, x)
        assert x.detach().clone().square_relu_().tolist() == [0, 9]
        assert ">>>" in (square_relu.__doc__ or "")
    finally:
        for name in ("square_relu", "square_relu_"):
            if hasattr(tatami.Tensor, name):
                delattr(tatami.Tensor, name)


def test_the_added_row() -> None:
    line = next(block for block in BLOCKS if block.startswith("row("))
    made: list[Any] = []

    def row(name: str, *cases: Any, **options: Any) -> None:
        made.append(op_table.Row(name, cases, **options))

    scope = {name: getattr(op_table, name) for name in ("case", "distinct", "floats")}
    exec(line, {**scope, "row": row})
    assert made[0].name == "square_relu" and made[0].in_place
    args, _ = made[0].cases[0].arrays("square_relu")
    assert isinstance(args[0], np.ndarray) and kernels.relu(args[0]).shape == (3, 5)
