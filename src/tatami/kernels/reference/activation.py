"""Activation functions with kernels of their own, and the steps of an LSTM."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import as_array, sigmoid
from .special import erf

__all__ = [
    "gelu",
    "gelu_grad",
    "lstm_cell",
    "lstm_cell_grad",
    "silu",
    "silu_grad",
]

Array = np.ndarray


def _share_below(x: Array) -> Array:
    """The normal distribution's share below x."""
    return as_array((erf(as_array(x * math.sqrt(0.5))) + 1) * 0.5)


def gelu(x: Array) -> Array:
    """x times the normal distribution's share below it."""
    with np.errstate(all="ignore"):
        return as_array(x * _share_below(x))


def gelu_grad(grad: Array, x: Array) -> Array:
    """The gradient of x in gelu."""
    with np.errstate(all="ignore"):
        density = np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
        return as_array(grad * (_share_below(x) + x * density))


def silu(x: Array) -> Array:
    """x times its sigmoid."""
    with np.errstate(all="ignore"):
        return as_array(x * sigmoid(x))


def silu_grad(grad: Array, x: Array) -> Array:
    """The gradient of x in silu."""
    with np.errstate(all="ignore"):
        share = sigmoid(x)
        return as_array(grad * (share * (x * (1 - share) + 1)))


def lstm_cell(gates: Array, cell: Array) -> tuple[Array, ...]:
    """One step from gates (N, 4 H), input, forget, update and output, and cell (N, H).

    Returns the hidden and the cell state, and what lstm_cell_grad needs: the gates as
    they open, and tanh of the cell state.
    """
    H = cell.shape[1]
    opened = sigmoid(gates)
    np.tanh(gates[:, 2 * H : 3 * H], out=opened[:, 2 * H : 3 * H])
    enter, forget, update, leave = (opened[:, i * H : (i + 1) * H] for i in range(4))
    new_cell = forget * cell + enter * update
    bent = np.tanh(new_cell)
    return leave * bent, new_cell, opened, bent


def lstm_cell_grad(
    grad_hidden: Array | None, grad_cell: Array | None, opened: Array, bent: Array,
    cell: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """The gradients of gates and cell; one of those of the states may be None."""
    H = cell.shape[1]
    enter, forget, update, leave = (opened[:, i * H : (i + 1) * H] for i in range(4))
    hidden = np.zeros_like(cell) if grad_hidden is None else grad_hidden
    total = hidden * leave * (1 - bent * bent)
    if grad_cell is not None:
        total = grad_cell + total
    parts = (
        total * update * enter * (1 - enter),
        total * cell * forget * (1 - forget),
        total * enter * (1 - update * update),
        hidden * bent * leave * (1 - leave),
    )
    return np.concatenate(parts, 1), total * forget
