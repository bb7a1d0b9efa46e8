"""Recurrent networks, step by step, for whole and for packed sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ops.joining import cat
from ...ops.rnn import LstmCell
from ...tensor import Tensor
from .. import functional as F

__all__ = ["CELLS", "gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell", "run"]

# What a step works with: the hidden tensors, and the weights it multiplies them by.
State = tuple[Tensor, ...]
Weights = tuple[Tensor, Any, Any]


def rnn_tanh_cell(gates: Tensor, state: State, weights: Weights) -> State:
    """Return tanh of the input's part ``gates`` and of the hidden state's."""
    return ((gates + F.linear(state[0], weights[0], weights[1])).tanh(),)


def rnn_relu_cell(gates: Tensor, state: State, weights: Weights) -> State:
    """Return ReLU of the input's part ``gates`` and of the hidden state's."""
    return ((gates + F.linear(state[0], weights[0], weights[1])).relu(),)


def lstm_cell(gates: Tensor, state: State, weights: Weights) -> State:
    """Return hidden and cell state after one step.

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; the projection
    is that of Sak, Senior and Beaufays 2014.
    """
    hidden, cell = state
    gates = gates + F.linear(hidden, weights[0], weights[1])
    hidden, cell = LstmCell.apply(gates, cell)
    if weights[2] is not None:
        hidden = F.linear(hidden, weights[2])
    return hidden, cell


def gru_cell(gates: Tensor, state: State, weights: Weights) -> State:
    """Return the hidden state after one step.

    Source: Cho et al. 2014, "Learning phrase representations using RNN
    encoder-decoder", with the reset gate behind the product, as in cuDNN.
    """
    (hidden,) = state
    reset, update, new = gates.chunk(3, -1)
    own = F.linear(hidden, weights[0], weights[1]).chunk(3, -1)
    reset = (reset + own[0]).sigmoid()
    update = (update + own[1]).sigmoid()
    new = (new + reset * own[2]).tanh()
    return (new + update * (hidden - new),)


CELLS: dict[str, Callable[[Tensor, State, Weights], State]] = {
    "RNN_TANH": rnn_tanh_cell,
    "RNN_RELU": rnn_relu_cell,
    "LSTM": lstm_cell,
    "GRU": gru_cell,
}


def run(
    mode: str, steps: Sequence[Tensor], state: State, weights: Weights, reverse: bool
) -> tuple[list[Tensor], State]:
    """Run one layer in one direction.

    Args:
        mode: key of ``CELLS``.
        steps: the input's part of the gates, for each time; later ones may have fewer
            rows, if sequences have ended.
        state: hidden tensors before the first step, with all rows.
        weights: for the hidden state: weight, bias, projection.
        reverse: begin at the end.

    Returns:
        The outputs in the order of time, and the hidden tensors after the last step of
        each row.
    """
    advance = _backwards if reverse else _forwards
    return advance(CELLS[mode], steps, state, weights)


def _rows(state: State, start: int, stop: int) -> State:
    if start == 0 and stop == state[0].shape[0]:
        return state
    return tuple(tensor[start:stop] for tensor in state)


def _forwards(
    cell: Any, steps: Sequence[Tensor], state: State, weights: Weights
) -> tuple[list[Tensor], State]:
    outputs, ended = [], []
    for gates in steps:
        count, running = gates.shape[0], state[0].shape[0]
        if count < running:
            ended.append(_rows(state, count, running))
            state = _rows(state, 0, count)
        state = cell(gates, state, weights)
        outputs.append(state[0])
    ended.append(state)
    return outputs, _joined(ended[::-1])


def _backwards(
    cell: Any, steps: Sequence[Tensor], first: State, weights: Weights
) -> tuple[list[Tensor], State]:
    outputs = []
    state = _rows(first, 0, steps[-1].shape[0])
    for gates in reversed(steps):
        count, running = gates.shape[0], state[0].shape[0]
        if count > running:
            state = _joined([state, _rows(first, running, count)])
        state = cell(gates, state, weights)
        outputs.append(state[0])
    return outputs[::-1], state


def _joined(parts: list[State]) -> State:
    if len(parts) == 1:
        return parts[0]
    return tuple(cat(tensors) for tensors in zip(*parts, strict=True))
