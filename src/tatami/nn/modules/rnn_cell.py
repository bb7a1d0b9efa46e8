"""Single steps of recurrent networks."""

from __future__ import annotations

import math
from typing import Any

from ...ops.filled import zeros
from ...tensor import Tensor
from .. import functional as F
from .. import init
from .module import Module
from .recurrence import CELLS
from .utils import fresh_parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """Base of RNNCell, LSTMCell and GRUCell.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn additive biases.
        num_chunks: number of gates.
        device: must be the CPU.
        dtype: type of the parameters.
    """

    bias_ih: Any
    bias_hh: Any

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        self.weight_ih = fresh_parameter(gates, input_size, **factory)
        self.weight_hh = fresh_parameter(gates, hidden_size, **factory)
        for name in ("bias_ih", "bias_hh"):
            made = fresh_parameter(gates, **factory) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-k, k) with k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, input: Tensor, state: Any, mode: str) -> tuple[Tensor, ...]:
        """Check the input, run the step, and take an added batch away again."""
        count = 2 if mode == "LSTM" else 1
        self._check("input", input)
        batched = input.dim() == 2
        rows = input if batched else input.unsqueeze(0)
        if state is None:
            nothing = zeros(rows.shape[0], self.hidden_size, dtype=input.dtype)
            state = (nothing,) * count
        else:
            for i, tensor in enumerate(state):
                self._check(f"hx[{i}]" if count > 1 else "hidden", tensor)
            if not batched:
                state = tuple(tensor.unsqueeze(0) for tensor in state)
        self._check_sizes(rows, state)
        gates = F.linear(rows, self.weight_ih, self.bias_ih)
        weights = self.weight_hh, self.bias_hh, None
        found = CELLS[mode](gates, tuple(state), weights)
        return found if batched else tuple(tensor.squeeze(0) for tensor in found)

    def _check(self, name: str, tensor: Tensor) -> None:
        if tensor.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {name} to be 1D or 2D, got "
                f"{tensor.dim()}D instead"
            )

    def _check_sizes(self, rows: Tensor, state: Any) -> None:
        if rows.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {rows.shape[1]} expected "
                f"{self.input_size}"
            )
        for i, hidden in enumerate(state):
            if hidden.shape[0] != rows.shape[0]:
                raise RuntimeError(
                    f"Input batch size {rows.shape[0]} doesn't match hidden{i} batch "
                    f"size {hidden.shape[0]}"
                )
            if hidden.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {hidden.shape[1]}, "
                    f"expected {self.hidden_size}"
                )


class RNNCell(RNNCellBase):
    """Take one step h = tanh(W x + b + V h + c).

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn additive biases.
        nonlinearity: ``'tanh'`` or ``'relu'``.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> tatami.nn.RNNCell(3, 4)(tatami.ones(2, 3)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True,
        nonlinearity: str = "tanh", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state.

        Args:
            input: (N, input_size) or (input_size).
            hx: hidden state; zeros if left out.
        """
        mode = f"RNN_{self.nonlinearity.upper()}"
        if mode not in CELLS:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(input, None if hx is None else (hx,), mode)[0]


class LSTMCell(RNNCellBase):
    """Take one step of a long short-term memory.

    Args:
        input_size: features of the input.
        hidden_size: features of hidden and cell state.
        bias: learn additive biases.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> hidden, cell = tatami.nn.LSTMCell(3, 4)(tatami.ones(2, 3))
        >>> hidden.shape
        torch.Size([2, 4])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next hidden and cell state.

        Args:
            input: (N, input_size) or (input_size).
            hx: hidden and cell state; zeros if left out.
        """
        hidden, cell = self._step(input, hx, "LSTM")
        return hidden, cell


class GRUCell(RNNCellBase):
    """Take one step of gated recurrent units.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn additive biases.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> tatami.nn.GRUCell(3, 4)(tatami.ones(2, 3)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next hidden state.

        Args:
            input: (N, input_size) or (input_size).
            hx: hidden state; zeros if left out.
        """
        return self._step(input, None if hx is None else (hx,), "GRU")[0]
