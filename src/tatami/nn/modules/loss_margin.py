"""Losses with a margin as modules."""

from __future__ import annotations

from collections.abc import Callable

from ...tensor import Tensor
from .. import functional as F
from .distance import PairwiseDistance
from .loss_base import _Loss, _WeightedLoss

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class HingeEmbeddingLoss(_Loss):
    """Make distances small (target 1), or larger than a margin (target -1).

    Args:
        margin: the margin.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.HingeEmbeddingLoss()(tatami.zeros(1), -tatami.ones(1))
        tensor(1.)
    """

    def __init__(
        self, margin: float = 1.0, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.hinge_embedding_loss(
            input, target, margin=self.margin, reduction=self.reduction
        )


class MultiLabelMarginLoss(_Loss):
    """Make the scores of right classes larger than the rest by 1.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: input (N, C), target (N, C): the right classes, then -1.

    Example:
        >>> import tatami
        >>> tatami.nn.MultiLabelMarginLoss()(tatami.zeros(1, 2), tatami.tensor([[1, -1]]))
        tensor(0.5000)
    """  # noqa: E501

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """Return log(1 + exp(-target * input)) for targets 1 and -1.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.SoftMarginLoss()(tatami.zeros(1), tatami.ones(1))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """Make vectors point the same way (target 1), or not (target -1).

    Args:
        margin: cosine from which on vectors that shouldn't agree cost something.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.CosineEmbeddingLoss()(tatami.ones(1, 2), tatami.ones(1, 2), tatami.ones(1))
        tensor(0.)
    """  # noqa: E501

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_Loss):
    """Make the first input larger (target 1) or smaller (target -1).

    Args:
        margin: by how much.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.MarginRankingLoss()(tatami.zeros(1), tatami.ones(1), tatami.ones(1))
        tensor(1.)
    """  # noqa: E501

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MultiMarginLoss(_WeightedLoss):
    """Make the score of the right class larger than the rest by a margin.

    Args:
        p: 1, or 2 to square the differences.
        margin: the margin.
        weight: a factor for each class.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: input (N, C) or (C), target (N) or ().

    Example:
        >>> import tatami
        >>> tatami.nn.MultiMarginLoss()(tatami.zeros(1, 2), tatami.tensor([1]))
        tensor(0.5000)
    """

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
        size_average: bool | None = None, reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{weight.dim()}D instead"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class TripletMarginLoss(_Loss):
    """Make vectors of a kind nearer to each other than to another by a margin.

    Args:
        margin: the margin.
        p: order of the norm.
        eps: added to each difference.
        swap: use the distance of positive and negative if it is smaller.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Source: Balntas et al. 2016, "Learning local feature descriptors with triplets".

    Example:
        >>> import tatami
        >>> tatami.nn.TripletMarginLoss()(*[tatami.ones(1, 2)] * 3)
        tensor(1.)
    """

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6,
        swap: bool = False, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        if margin <= 0:
            raise ValueError(
                "TripletMarginLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        super().__init__(size_average, reduce, reduction)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        return F.triplet_margin_loss(
            anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps,
            swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(_Loss):
    """Make things of a kind nearer to each other than to another by a margin.

    Args:
        distance_function: function of two tensors; the 2-norm if left out.
        margin: the margin.
        swap: use the distance of positive and negative if it is smaller.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.

    Example:
        >>> import tatami
        >>> loss = tatami.nn.TripletMarginWithDistanceLoss(margin=0.5)
        >>> loss(*[tatami.ones(1, 2)] * 3)
        tensor(0.5000)
    """

    def __init__(
        self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0, swap: bool = False, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, "
                f"got {margin} instead"
            )
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip
