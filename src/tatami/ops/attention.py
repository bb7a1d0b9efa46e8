"""Attention: averages weighted by how well queries match keys.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.
"""

from __future__ import annotations

import math

import numpy as np

from ..tensor import Tensor, wrap
from .dropout import dropout

__all__ = ["scaled_dot_product_attention"]


def _masked(scores: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
    if is_causal:
        if mask is not None:
            raise RuntimeError(
                "scaled_dot_product_attention: Explicit attn_mask should not be set "
                "when is_causal=True"
            )
        rows, columns = scores._array.shape[-2:]
        later = np.triu(np.ones((rows, columns), bool), 1)
        return scores.masked_fill(wrap(later), -math.inf)
    if mask is None:
        return scores
    if mask._array.dtype == bool:
        return scores.masked_fill(mask.logical_not(), -math.inf)
    return scores + mask


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """Average values, weighted by the softmax of queries times keys.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, V).
        attn_mask: bool, True where a key counts; or numbers added to the scores.
        dropout_p: probability that a weight is set to zero.
        is_causal: let each query see the keys up to its own place only.
        scale: factor of the scores; 1 / sqrt(E) if left out.
        enable_gqa: repeat heads of keys and values to as many as queries have.

    Returns:
        (..., L, V).

    Example:
        >>> import tatami
        >>> x = tatami.ones(1, 2, 3)
        >>> tatami.nn.functional.scaled_dot_product_attention(x, x, x).shape
        torch.Size([1, 2, 3])
    """
    if enable_gqa:
        heads = query._array.shape[-3]
        key = key.repeat_interleave(heads // key._array.shape[-3], -3)
        value = value.repeat_interleave(heads // value._array.shape[-3], -3)
    factor = 1 / math.sqrt(query._array.shape[-1]) if scale is None else scale
    # Both factors get the root, so that float16 scores don't overflow.
    root = math.sqrt(factor)
    scores = (query * root) @ (key * root).transpose(-2, -1)
    scores = _masked(scores, attn_mask, is_causal)
    lost = (scores._array == -np.inf).all(-1, keepdims=True)
    weights = scores.softmax(-1)
    if lost.any():
        weights = weights.masked_fill(wrap(lost), 0)
    return dropout(weights, dropout_p) @ value
