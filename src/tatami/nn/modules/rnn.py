"""Recurrent layers."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ...ops.filled import zeros
from ...ops.joining import cat, stack
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..utils.rnn import PackedSequence
from .module import Module
from .recurrence import run
from .rnn_cell import GRUCell, LSTMCell, RNNCell, RNNCellBase
from .utils import fresh_parameter

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
]

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "GRU": 3, "LSTM": 4}


class RNNBase(Module):
    """Base of RNN, LSTM and GRU.

    Args:
        mode: ``'RNN_TANH'``, ``'RNN_RELU'``, ``'LSTM'`` or ``'GRU'``.
        input_size: features of an element of the sequence.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other.
        bias: learn additive biases.
        batch_first: the input is (N, L, H), not (L, N, H).
        dropout: probability of dropping an output between layers.
        bidirectional: run in both directions.
        proj_size: features after a projection of the hidden state (LSTM only).
        device: must be the CPU.
        dtype: type of the parameters.
    """

    nonlinearity: str

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1,
        bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False, proj_size: int = 0, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        _check_dropout(dropout, num_layers)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_sizes()
        self._all_weights = [
            self._make_weights(layer, reverse, device, dtype)
            for layer in range(num_layers)
            for reverse in range(1 + bidirectional)
        ]
        self.reset_parameters()

    def _check_sizes(self) -> None:
        for name, kind in (
            ("bias", bool), ("batch_first", bool), ("input_size", int),
            ("hidden_size", int),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: "
                    f"{type(value).__name__}"
                )
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    def _make_weights(
        self, layer: int, reverse: int, device: Any, dtype: Any
    ) -> list[str]:
        """Make the parameters of one layer and direction; return their names."""
        output = self.proj_size or self.hidden_size
        gates = _GATES[self.mode] * self.hidden_size
        below = self.input_size if layer == 0 else output * (1 + self.bidirectional)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, below),
            "weight_hh": (gates, output),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        names = []
        for name, shape in shapes.items():
            names.append(f"{name}_l{layer}" + "_reverse" * reverse)
            made = fresh_parameter(*shape, device=device, dtype=dtype)
            self.register_parameter(names[-1], made)
        return names

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-k, k) with k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: on a CPU the parameters needn't lie together."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
            ("dropout", 0), ("bidirectional", False),
        ):  # fmt: skip
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text

    # Running.

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run through a sequence.

        Args:
            input: (L, H) or (L, N, H), (N, L, H) with ``batch_first``, or a
                PackedSequence.
            hx: hidden state before the first step, of shape (layers * directions, N,
                features); zeros if left out. An LSTM takes and returns two.

        Returns:
            The outputs of the last layer, and the hidden state after the last step.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got "
                f"{input.dim()}D instead"
            )
        batched = input.dim() == 3
        given = self._given_state(hx)
        if given is not None:
            self._check_dimensions(given, 3 if batched else 2)
        if batched and self.batch_first:
            input = input.transpose(0, 1)
        elif not batched:
            input = input.unsqueeze(1)
            given = given and [tensor.unsqueeze(1) for tensor in given]
        self._check_input(input)
        state = self._full_state(given, input, input.shape[1])
        output, state = self._through_layers(input, state, None)
        if not batched:
            output, state = output.squeeze(1), [tensor.squeeze(1) for tensor in state]
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, self._returned_state(state)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> Any:
        sizes = [int(n) for n in input.batch_sizes.tolist()]
        self._check_input(input.data, dimensions=2)
        given = self._given_state(hx)
        if given is not None and input.sorted_indices is not None:
            given = [x.index_select(1, input.sorted_indices) for x in given]
        state = self._full_state(given, input.data, sizes[0])
        output, state = self._through_layers(input.data, state, sizes)
        if input.unsorted_indices is not None:
            state = [x.index_select(1, input.unsorted_indices) for x in state]
        return input._replace(data=output), self._returned_state(state)

    def _given_state(self, hx: Any) -> list[Tensor] | None:
        if hx is None:
            return None
        return list(hx) if self.mode == "LSTM" else [hx]

    def _returned_state(self, state: list[Tensor]) -> Any:
        return tuple(state) if self.mode == "LSTM" else state[0]

    def _check_dimensions(self, given: list[Tensor], wanted: int) -> None:
        if all(tensor.dim() == wanted for tensor in given):
            return
        batched = "batched 3-D" if wanted == 3 else "unbatched 2-D"
        found = ", ".join(f"{tensor.dim()}-D" for tensor in given)
        if self.mode == "LSTM":
            names, found = "hx and cx", f"({found}) tensors"
        else:
            names, found = "hx", f"{found} tensor"
        raise RuntimeError(
            f"For {batched} input, {names} should also be {wanted}-D but got {found}"
        )

    def _check_input(self, input: Tensor, dimensions: int = 3) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype != weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype "
                f"({weight.dtype}). Convert input: input.to({weight.dtype}), or convert "  # noqa: E501
                f"model: model.to({input.dtype})"
            )
        if input.dim() != dimensions:
            raise RuntimeError(
                f"input must have {dimensions} dimensions, got {input.dim()}"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.shape[-1]}"
            )

    def _full_state(
        self, given: list[Tensor] | None, input: Tensor, batch: int
    ) -> list[Tensor]:
        """Return the hidden tensors, checked, or zeros."""
        layers = self.num_layers * (1 + self.bidirectional)
        shapes = [(layers, batch, self.proj_size or self.hidden_size)]
        if self.mode == "LSTM":
            shapes.append((layers, batch, self.hidden_size))
        if given is None:
            return [zeros(*shape, dtype=input.dtype) for shape in shapes]
        for i, (tensor, shape) in enumerate(zip(given, shapes, strict=True)):
            if tuple(tensor.shape) != shape:
                name = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(
                    f"Expected {name} size {shape}, got {list(tensor.shape)}"
                )
        return given

    def _through_layers(
        self, output: Tensor, state: list[Tensor], sizes: list[int] | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run all layers; ``sizes`` are the rows of each step of a packed sequence."""
        before = list(zip(*[tensor.unbind(0) for tensor in state], strict=True))
        after = []
        directions = 1 + self.bidirectional
        for layer in range(self.num_layers):
            if layer and self.dropout:
                output = F.dropout(output, self.dropout, self.training)
            found = []
            for reverse in range(directions):
                number = layer * directions + reverse
                result, last = self._one_direction(
                    number, output, before[number], sizes, bool(reverse)
                )
                found.append(result)
                after.append(last)
            output = found[0] if directions == 1 else cat(found, -1)
        return output, [stack(parts) for parts in zip(*after, strict=True)]

    def _one_direction(
        self, number: int, input: Tensor, state: tuple[Tensor, ...],
        sizes: list[int] | None, reverse: bool,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:  # fmt: skip
        weights = {
            n.partition("_l")[0]: getattr(self, n) for n in self._all_weights[number]
        }
        gates = F.linear(input, weights["weight_ih"], weights.get("bias_ih"))
        steps = gates.unbind(0) if sizes is None else gates.split(sizes)
        own = weights["weight_hh"], weights.get("bias_hh"), weights.get("weight_hr")
        outputs, state = run(self.mode, steps, state, own, reverse)
        return (stack(outputs) if sizes is None else cat(outputs)), state


def _check_dropout(dropout: Any, num_layers: int) -> None:
    if (
        not isinstance(dropout, numbers.Number)
        or isinstance(dropout, bool)
        or not 0 <= dropout <= 1  # type: ignore[operator]
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of "  # noqa: E501
            "an element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so "
            f"non-zero dropout expects num_layers greater than 1, but got "
            f"dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )


_ONLY_LSTM = "proj_size argument is only supported for LSTM, not RNN or GRU"


class RNN(RNNBase):
    """Run h = tanh(W x + b + V h + c) through sequences.

    Args:
        input_size: features of an element of the sequence.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other.
        nonlinearity: ``'tanh'`` or ``'relu'``.
        bias: learn additive biases.
        batch_first: the input is (N, L, H), not (L, N, H).
        dropout: probability of dropping an output between layers.
        bidirectional: run in both directions.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> output, hidden = tatami.nn.RNN(3, 4)(tatami.ones(5, 2, 3))
        >>> output.shape, hidden.shape
        (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError(_ONLY_LSTM)
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.nonlinearity = nonlinearity
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)


class LSTM(RNNBase):
    """Run a long short-term memory through sequences.

    Args:
        input_size: features of an element of the sequence.
        hidden_size: features of hidden and cell state.
        num_layers: layers on top of each other.
        bias: learn additive biases.
        batch_first: the input is (N, L, H), not (L, N, H).
        dropout: probability of dropping an output between layers.
        bidirectional: run in both directions.
        proj_size: features after a projection of the hidden state; 0 for none.
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory".

    Example:
        >>> import tatami
        >>> output, (hidden, cell) = tatami.nn.LSTM(3, 4)(tatami.ones(5, 2, 3))
        >>> output.shape, cell.shape
        (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Run gated recurrent units through sequences.

    The arguments are those of :class:`LSTM`, without ``proj_size``.

    Source: Cho et al. 2014, "Learning phrase representations using RNN
    encoder-decoder".

    Example:
        >>> import tatami
        >>> output, hidden = tatami.nn.GRU(3, 4)(tatami.ones(5, 2, 3))
        >>> output.shape, hidden.shape
        (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError(_ONLY_LSTM)
        super().__init__("GRU", *args, **kwargs)
