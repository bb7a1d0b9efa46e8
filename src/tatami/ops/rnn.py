"""Steps of recurrent networks that have kernels of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..autograd import grad_mode
from ..autograd.function import Operation
from ..tensor import Tensor, wrap
from .joining import cat

__all__: list[str] = []


class LstmCell(Operation):
    """Hidden and cell state from gates (N, 4 H) and the cell state (N, H)."""

    node_name = "MulBackward0"

    @staticmethod
    def forward(
        ctx: Any, gates: np.ndarray, cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        hidden, new_cell, opened, bent = kernels.lstm_cell(gates, cell)
        ctx.save_for_backward(gates, cell, opened, bent)
        return hidden, new_cell

    @staticmethod
    def backward(ctx: Any, grad_hidden: Any, grad_cell: Any) -> Any:
        gates, cell, opened, bent = ctx.saved_tensors
        if grad_mode.state.enabled:
            return _composed(grad_hidden, grad_cell, gates, cell)
        found = kernels.lstm_cell_grad(
            None if grad_hidden is None else grad_hidden._array,
            None if grad_cell is None else grad_cell._array,
            opened._array, bent._array, cell._array,
        )  # fmt: skip
        return tuple(map(wrap, found))


def _composed(grad_hidden: Any, grad_cell: Any, gates: Tensor, cell: Tensor) -> Any:
    """Return the gradients by operations, which can be differentiated again."""
    parts = gates.chunk(4, 1)
    enter, forget, leave = (parts[i].sigmoid() for i in (0, 1, 3))
    update = parts[2].tanh()
    bent = (forget * cell + enter * update).tanh()
    hidden = cell * 0 if grad_hidden is None else grad_hidden
    total = hidden * leave * (1 - bent * bent)
    if grad_cell is not None:
        total = grad_cell + total
    slopes = [
        total * update * enter * (1 - enter),
        total * cell * forget * (1 - forget),
        total * enter * (1 - update * update),
        hidden * bent * leave * (1 - leave),
    ]
    return cat(slopes, 1), total * forget
