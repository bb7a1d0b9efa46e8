"""Transformers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from ...ops.filled import full
from ...tensor import Tensor
from .. import functional as F
from .. import init
from .attention import MultiheadAttention
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Mask = Tensor | None


def _activation(activation: Any) -> Any:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return getattr(F, activation)


def _clones(module: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


class _Layer(Module):
    """Base of both layers: what comes after the attention."""

    activation: Any
    norm_first: bool

    def _set_up(
        self, attentions: list[str], d_model: int, nhead: int, dim_feedforward: int,
        dropout: float, activation: Any, layer_norm_eps: float, batch_first: bool,
        norm_first: bool, bias: bool, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        for name in attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, **factory
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **factory)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **factory)
        self.norm_first = norm_first
        numbers = range(1, len(attentions) + 2)
        for i in numbers:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **factory)
            setattr(self, f"norm{i}", norm)
        for i in numbers:
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    def _residual(
        self, x: Tensor, block: Callable[[Tensor], Tensor], number: int
    ) -> Tensor:
        """Add what a block makes of ``x``, with its norm and dropout."""
        norm, dropout = (
            getattr(self, f"norm{number}"),
            getattr(self, f"dropout{number}"),
        )
        if self.norm_first:
            return x + dropout(block(norm(x)))
        return norm(x + dropout(block(x)))

    def _feed_forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(self.activation(self.linear1(x)))
        return self.linear2(hidden)


class TransformerEncoderLayer(_Layer):
    """Let a sequence attend to itself, then map each element by itself.

    Args:
        d_model: features of an element.
        nhead: heads of the attention.
        dim_feedforward: features in between.
        dropout: probability of dropping an element.
        activation: ``'relu'``, ``'gelu'`` or a function.
        layer_norm_eps: added to variances.
        batch_first: sequences are (N, L, E), not (L, N, E).
        norm_first: normalise before each block, not after it.
        bias: learn additive biases.
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.TransformerEncoderLayer(d_model=8, nhead=2)
        >>> layer(tatami.ones(5, 1, 8)).shape
        torch.Size([5, 1, 8])
    """

    self_attn: MultiheadAttention

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048,
        dropout: float = 0.1, activation: Any = F.relu, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(
            ["self_attn"], d_model, nhead, dim_feedforward, dropout, activation,
            layer_norm_eps, batch_first, norm_first, bias, device, dtype,
        )  # fmt: skip

    def forward(
        self, src: Tensor, src_mask: Mask = None, src_key_padding_mask: Mask = None,
        is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Return the sequence after one layer.

        Args:
            src: the sequence.
            src_mask: what not to attend to; see :class:`MultiheadAttention`.
            src_key_padding_mask: elements that don't count.
            is_causal: ``src_mask`` hides what comes later.
        """

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal
            )[0]

        x = self._residual(src, attend, 1)
        return self._residual(x, self._feed_forward, 2)


class TransformerDecoderLayer(_Layer):
    """Let a sequence attend to itself and to another one, then map each element.

    The arguments are those of :class:`TransformerEncoderLayer`.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> layer(tatami.ones(5, 1, 8), tatami.ones(3, 1, 8)).shape
        torch.Size([5, 1, 8])
    """

    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048,
        dropout: float = 0.1, activation: Any = F.relu, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(
            ["self_attn", "multihead_attn"], d_model, nhead, dim_feedforward, dropout,
            activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype,
        )  # fmt: skip

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Mask = None,
        memory_mask: Mask = None, tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Return the sequence after one layer.

        Args:
            tgt: the sequence.
            memory: the other one, from the encoder.
            tgt_mask: what of ``tgt`` not to attend to.
            memory_mask: what of ``memory`` not to attend to.
            tgt_key_padding_mask: elements of ``tgt`` that don't count.
            memory_key_padding_mask: elements of ``memory`` that don't count.
            tgt_is_causal: ``tgt_mask`` hides what comes later.
            memory_is_causal: ``memory_mask`` hides what comes later.
        """

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )[0]

        def remember(x: Tensor) -> Tensor:
            return self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask,
                is_causal=memory_is_causal,
            )[0]  # fmt: skip

        x = self._residual(tgt, attend, 1)
        x = self._residual(x, remember, 2)
        return self._residual(x, self._feed_forward, 3)


class TransformerEncoder(Module):
    """Stack copies of an encoder layer.

    Args:
        encoder_layer: the layer.
        num_layers: how many copies.
        norm: module for the result.
        enable_nested_tensor: has no effect; PyTorch may compute faster with it.
        mask_check: has no effect.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.TransformerEncoderLayer(d_model=8, nhead=2)
        >>> tatami.nn.TransformerEncoder(layer, 2)(tatami.ones(5, 1, 8)).shape
        torch.Size([5, 1, 8])
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = False
        self.mask_check = mask_check

    def forward(
        self, src: Tensor, mask: Mask = None, src_key_padding_mask: Mask = None,
        is_causal: bool | None = None,
    ) -> Tensor:  # fmt: skip
        """Return the sequence after all layers.

        Args:
            src: the sequence.
            mask: what not to attend to; see :class:`MultiheadAttention`.
            src_key_padding_mask: elements that don't count.
            is_causal: ``mask`` hides what comes later.
        """
        causal = bool(is_causal)
        for layer in self.layers:
            src = layer(
                src, src_mask=mask, is_causal=causal,
                src_key_padding_mask=src_key_padding_mask,
            )  # fmt: skip
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Stack copies of a decoder layer.

    Args:
        decoder_layer: the layer.
        num_layers: how many copies.
        norm: module for the result.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> decoder = tatami.nn.TransformerDecoder(layer, 2)
        >>> decoder(tatami.ones(5, 1, 8), tatami.ones(3, 1, 8)).shape
        torch.Size([5, 1, 8])
    """

    def __init__(
        self, decoder_layer: Module, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Mask = None,
        memory_mask: Mask = None, tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Return the sequence after all layers.

        The arguments are those of :class:`TransformerDecoderLayer`.
        """
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
                memory_key_padding_mask, bool(tgt_is_causal), memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encode one sequence and decode another with it.

    Args:
        d_model: features of an element.
        nhead: heads of each attention.
        num_encoder_layers: layers of the encoder.
        num_decoder_layers: layers of the decoder.
        dim_feedforward: features in between.
        dropout: probability of dropping an element.
        activation: ``'relu'``, ``'gelu'`` or a function.
        custom_encoder: module to use as encoder.
        custom_decoder: module to use as decoder.
        layer_norm_eps: added to variances.
        batch_first: sequences are (N, L, E), not (L, N, E).
        norm_first: normalise before each block, not after it.
        bias: learn additive biases.
        device: must be the CPU.
        dtype: type of the parameters.

    Example:
        >>> import tatami
        >>> model = tatami.nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
        >>> model(tatami.ones(5, 1, 8), tatami.ones(3, 1, 8)).shape
        torch.Size([3, 1, 8])
    """

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6,
        num_decoder_layers: int = 6, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = F.relu, custom_encoder: Any = None,
        custom_decoder: Any = None, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        options = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
            batch_first, norm_first, bias,
        )  # fmt: skip
        self.encoder, self.decoder = custom_encoder, custom_decoder
        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(*options, **factory)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **factory)
            self.encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*options, **factory)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **factory)
            self.decoder = TransformerDecoder(layer, num_decoder_layers, norm)
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Mask = None, tgt_mask: Mask = None,
        memory_mask: Mask = None, src_key_padding_mask: Mask = None,
        tgt_key_padding_mask: Mask = None, memory_key_padding_mask: Mask = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Return the decoded sequence.

        Args:
            src: sequence for the encoder.
            tgt: sequence for the decoder.
            src_mask: what of ``src`` not to attend to.
            tgt_mask: what of ``tgt`` not to attend to.
            memory_mask: what of the encoded sequence not to attend to.
            src_key_padding_mask: elements of ``src`` that don't count.
            tgt_key_padding_mask: elements of ``tgt`` that don't count.
            memory_key_padding_mask: elements of the encoded sequence that don't count.
            src_is_causal: ``src_mask`` hides what comes later.
            tgt_is_causal: ``tgt_mask`` hides what comes later.
            memory_is_causal: ``memory_mask`` hides what comes later.
        """
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                "the feature number of src and tgt must be equal to d_model"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )  # fmt: skip
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: Any = None
    ) -> Tensor:
        """Return a mask that hides from each element those that come later.

        Args:
            sz: length of the sequence.
            device: must be the CPU.
            dtype: type of the mask.

        Example:
            >>> import tatami
            >>> tatami.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        mask = full((sz, sz), -math.inf, device=device, dtype=dtype)
        return mask.triu(diagonal=1)
