"""Distances between vectors."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """Return the p-norm of the differences between vectors.

    Args:
        p: order of the norm.
        eps: added to each difference.
        keepdim: keep the last dimension, of length 1.

    Shape: (N, D) or (D), twice.

    Example:
        >>> import tatami
        >>> tatami.nn.PairwiseDistance()(tatami.zeros(2), tatami.tensor([3.0, 4.0]))
        tensor(5.0000)
    """

    def __init__(
        self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
    ) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the distances."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """Return the cosine of the angle between vectors.

    Args:
        dim: dimension along which the vectors lie.
        eps: smallest product of norms to divide by.

    Example:
        >>> import tatami
        >>> tatami.nn.CosineSimilarity(dim=0)(tatami.ones(3), tatami.ones(3))
        tensor(1.0000)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the cosines."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
