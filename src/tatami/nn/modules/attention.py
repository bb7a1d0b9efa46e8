"""Attention with several heads."""

from __future__ import annotations

import math
from typing import Any

from ...ops.filled import zeros
from ...ops.joining import cat
from ...tensor import Tensor
from .. import functional as F
from .. import init
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .utils import fresh_parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Let each element of a sequence gather from another sequence, in several ways.

    Args:
        embed_dim: features of the query and of the result.
        num_heads: number of ways; divides ``embed_dim``.
        dropout: probability of dropping an attention weight.
        bias: learn additive biases.
        add_bias_kv: add a learnt element to keys and values.
        add_zero_attn: add an element of zeros to keys and values.
        kdim: features of the key; ``embed_dim`` if left out.
        vdim: features of the value; ``embed_dim`` if left out.
        batch_first: sequences are (N, L, E), not (L, N, E).
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Vaswani et al. 2017, "Attention is all you need".

    Example:
        >>> import tatami
        >>> attention = tatami.nn.MultiheadAttention(4, 2, batch_first=True)
        >>> x = tatami.ones(1, 3, 4)
        >>> output, weights = attention(x, x, x)
        >>> output.shape, weights.shape
        (torch.Size([1, 3, 4]), torch.Size([1, 3, 3]))
    """

    in_proj_weight: Any
    in_proj_bias: Any

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
        add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
        vdim: int | None = None, batch_first: bool = False, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        factory = {"device": device, "dtype": dtype}
        self._make_parameters(bias, add_bias_kv, factory)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _make_parameters(
        self, bias: bool, bias_kv: bool, factory: dict[str, Any]
    ) -> None:
        size = self.embed_dim
        together: tuple[int, ...] | None = (3 * size, size)
        apart: list[Any] = [None] * 3
        if not self._qkv_same_embed_dim:
            together = None
            apart = [(size, size), (size, self.kdim), (size, self.vdim)]
        shapes = {
            "q_proj_weight": apart[0],
            "k_proj_weight": apart[1],
            "v_proj_weight": apart[2],
            "in_proj_weight": together,
            "in_proj_bias": (3 * size,) if bias else None,
        }
        if together is not None:
            shapes = {"in_proj_weight": shapes.pop("in_proj_weight"), **shapes}
        for name, shape in shapes.items():
            made = None if shape is None else fresh_parameter(*shape, **factory)
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(size, size, bias, **factory)
        self.bias_k = self.bias_v = None
        if bias_kv:
            self.bias_k = fresh_parameter(1, 1, size, **factory)
            self.bias_v = fresh_parameter(1, 1, size, **factory)

    def _reset_parameters(self) -> None:
        for name in ("in_proj", "q_proj", "k_proj", "v_proj"):
            weight = getattr(self, name + "_weight")
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        if self.bias_k is not None:
            init.xavier_normal_(self.bias_k)
        if self.bias_v is not None:
            init.xavier_normal_(self.bias_v)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor,
        key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """Return what each element of ``query`` has gathered, and the weights.

        Args:
            query: (L, N, E), (N, L, E) with ``batch_first``, or (L, E).
            key: (S, N, kdim), (N, S, kdim) or (S, kdim).
            value: (S, N, vdim), (N, S, vdim) or (S, vdim).
            key_padding_mask: (N, S) or (S): True, or what is added, for keys to leave
                out.
            need_weights: return the weights, too.
            attn_mask: (L, S) or (N heads, L, S), likewise.
            average_attn_weights: return the mean over the heads.
            is_causal: ``attn_mask`` hides what comes later; it is needed all the same.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError(
                "Need attn_mask if specifying the is_causal hint. You may use the "
                "Transformer module method `generate_square_subsequent_mask` to create "
                "this mask."
            )
        batched = query.dim() == 3
        _check_dimensions(query, key, value, key_padding_mask, attn_mask)
        inputs = [query, key, value]
        if not batched:
            inputs = [tensor.unsqueeze(1) for tensor in inputs]
            if key_padding_mask is not None:
                key_padding_mask = key_padding_mask.unsqueeze(0)
        elif self.batch_first:
            inputs = [tensor.transpose(0, 1) for tensor in inputs]
        output, weights = self._attend(
            inputs, as_addend(key_padding_mask, query), as_addend(attn_mask, query),
            need_weights,
        )  # fmt: skip
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if not batched:
            output = output.squeeze(1)
            weights = weights if weights is None else weights.squeeze(0)
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, weights

    def _attend(
        self, inputs: list[Tensor], padding: Tensor | None, mask: Tensor | None,
        need_weights: bool,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        length, batch, _ = inputs[0].shape
        source = inputs[1].shape[0]
        self._check_sizes(inputs, padding, mask)
        query, key, value = self._project(inputs)
        added = 0
        if self.bias_k is not None and self.bias_v is not None:
            key = cat([key, self.bias_k.repeat(1, batch, 1)])
            value = cat([value, self.bias_v.repeat(1, batch, 1)])
            added += 1
        query, key, value = (self._heads(tensor) for tensor in (query, key, value))
        if self.add_zero_attn:
            nothing = zeros(batch * self.num_heads, 1, self.head_dim, dtype=key.dtype)
            key, value = cat([key, nothing], 1), cat([value, nothing], 1)
            added += 1
        if added:
            mask, padding = (
                None if x is None else F.pad(x, (0, added)) for x in (mask, padding)
            )
        mask = self._merge(mask, padding, batch, source + added)
        result, weights = self._gather(query, key, value, mask, need_weights)
        result = result.transpose(0, 1).reshape(length, batch, self.embed_dim)
        result = F.linear(result, self.out_proj.weight, self.out_proj.bias)
        if weights is not None:
            weights = weights.view(batch, self.num_heads, length, source + added)
        return result, weights

    def _check_sizes(
        self, inputs: list[Tensor], padding: Tensor | None, mask: Tensor | None
    ) -> None:
        query, key, value = inputs
        length, batch, size = query.shape
        if size != self.embed_dim:
            raise AssertionError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {size}"
            )
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's "
                f"{value.shape[:2]}"
            )
        source = key.shape[0]
        if padding is not None and tuple(padding.shape) != (batch, source):
            raise AssertionError(
                f"expecting key_padding_mask shape of {(batch, source)}, but got "
                f"{padding.shape}"
            )
        if mask is not None:
            wanted: tuple[int, ...] = (length, source)
            if mask.dim() == 3:
                wanted = (batch * self.num_heads, *wanted)
            if tuple(mask.shape) != wanted:
                raise RuntimeError(
                    f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but "
                    f"should be {wanted}."
                )

    def _project(self, inputs: list[Tensor]) -> list[Tensor]:
        if self._qkv_same_embed_dim:
            query, key, value = inputs
            if query is key and key is value:
                together = F.linear(query, self.in_proj_weight, self.in_proj_bias)
                return list(together.chunk(3, -1))
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None] * 3
        if self.in_proj_bias is not None:
            biases = self.in_proj_bias.chunk(3)
        parts = zip(inputs, weights, biases, strict=True)
        return [F.linear(tensor, weight, bias) for tensor, weight, bias in parts]

    def _heads(self, tensor: Tensor) -> Tensor:
        """Turn (L, N, E) into (N heads, L, features of a head)."""
        length, batch, _ = tensor.shape
        split = tensor.reshape(length, batch * self.num_heads, self.head_dim)
        return split.transpose(0, 1)

    def _merge(
        self, mask: Tensor | None, padding: Tensor | None, batch: int, source: int
    ) -> Tensor | None:
        """Return both masks as one, for all batches and heads."""
        if mask is not None and mask.dim() == 2:
            mask = mask.unsqueeze(0)
        if padding is None:
            return mask
        padding = padding.view(batch, 1, 1, source)
        padding = padding.expand(-1, self.num_heads, -1, -1)
        padding = padding.reshape(batch * self.num_heads, 1, source)
        return padding if mask is None else mask + padding

    def _gather(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None,
        need_weights: bool,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        dropout = self.dropout if self.training else 0.0
        if not need_weights:
            result = F.scaled_dot_product_attention(query, key, value, mask, dropout)
            return result, None
        scores = (query * math.sqrt(1.0 / query.shape[-1])).bmm(key.transpose(-2, -1))
        weights = F.softmax(scores if mask is None else scores + mask, dim=-1)
        if dropout > 0.0:
            weights = F.dropout(weights, dropout)
        return weights.bmm(value), weights


def _check_dimensions(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None,
    mask: Tensor | None,
) -> None:  # fmt: skip
    dimensions = query.dim()
    if dimensions not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{dimensions}-D query tensor"
        )
    word = "batched" if dimensions == 3 else "unbatched"
    if key.dim() != dimensions or value.dim() != dimensions:
        raise AssertionError(
            f"For {word} ({dimensions}-D) `query`, expected `key` and `value` to be "
            f"{dimensions}-D but found {key.dim()}-D and {value.dim()}-D tensors "
            "respectively"
        )
    if padding is not None and padding.dim() != dimensions - 1:
        raise AssertionError(
            f"For {word} ({dimensions}-D) `query`, expected `key_padding_mask` to be "
            f"`None` or {dimensions - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {word} ({dimensions}-D) `query`, expected `attn_mask` to be `None`, "
            f"2-D or 3-D but found {mask.dim()}-D tensor instead"
        )


def as_addend(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """Return a mask as what is added to scores: -inf where it is True."""
    if mask is None or mask.is_floating_point():
        return mask
    if mask.dtype.name != "bool":
        raise AssertionError("only bool and floating types of masks are supported")
    nothing = zeros(*mask.shape, dtype=like.dtype)
    return nothing.masked_fill(mask, -math.inf)
