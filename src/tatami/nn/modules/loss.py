"""Losses as modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import later
from ...tensor import Tensor
from .. import functional as F
from .loss_base import _Loss, _WeightedLoss

if TYPE_CHECKING:
    from .loss_margin import (
        CosineEmbeddingLoss,
        HingeEmbeddingLoss,
        MarginRankingLoss,
        MultiLabelMarginLoss,
        MultiMarginLoss,
        SoftMarginLoss,
        TripletMarginLoss,
        TripletMarginWithDistanceLoss,
    )

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]

__getattr__, __dir__ = later.namespace(
    __name__,
    {
        "nn.modules.loss_margin": (
            "CosineEmbeddingLoss HingeEmbeddingLoss MarginRankingLoss "
            "MultiLabelMarginLoss MultiMarginLoss SoftMarginLoss TripletMarginLoss "
            "TripletMarginWithDistanceLoss"
        )
    },
)


class L1Loss(_Loss):
    """Compare by the absolute difference.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.L1Loss()(tatami.zeros(2), tatami.tensor([1.0, 3.0]))
        tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """Compare by the squared difference.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.MSELoss()(tatami.zeros(2), tatami.tensor([1.0, 3.0]))
        tensor(5.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.mse_loss(input, target, None, None, self.reduction)


class SmoothL1Loss(_Loss):
    """Compare by the square of small and the size of large differences.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        beta: where small ends.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Source: Girshick 2015, "Fast R-CNN".

    Example:
        >>> import tatami
        >>> tatami.nn.SmoothL1Loss()(tatami.zeros(1), tatami.tensor([3.0]))
        tensor(2.5000)
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None,
        reduction: str = "mean", beta: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.smooth_l1_loss(input, target, beta=self.beta, reduction=self.reduction)


class HuberLoss(_Loss):
    """Compare by the square of small and the size of large differences.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        delta: where small ends.

    Source: Huber 1964, "Robust estimation of a location parameter".

    Example:
        >>> import tatami
        >>> tatami.nn.HuberLoss()(tatami.zeros(1), tatami.tensor([3.0]))
        tensor(2.5000)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.huber_loss(input, target, delta=self.delta, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    """Compare logarithms of probabilities with the right classes.

    Args:
        weight: a factor for each class.
        ignore_index: class that doesn't count.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: input (N, C, *), target (N, *); or (C) and ().

    Example:
        >>> import tatami
        >>> tatami.nn.NLLLoss()(tatami.tensor([[-0.5, -1.0]]), tatami.tensor([1]))
        tensor(1.)
    """

    def __init__(
        self, weight: Tensor | None = None, size_average: bool | None = None,
        ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.nll_loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index,
            reduction=self.reduction,
        )  # fmt: skip


class NLLLoss2d(NLLLoss):
    """Compare images of logarithms with classes: the old name of :class:`NLLLoss`.

    Example:
        >>> import tatami
        >>> classes = tatami.zeros(1, 1, 1).long()
        >>> tatami.nn.NLLLoss2d()(-tatami.ones(1, 2, 1, 1), classes)
        tensor(1.)
    """


class CrossEntropyLoss(_WeightedLoss):
    """Compare scores with the right classes, or with their probabilities.

    Args:
        weight: a factor for each class.
        ignore_index: class that doesn't count.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        label_smoothing: probability given to all classes alike.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: input (N, C, *) or (C); target classes (N, *) or (), or probabilities of
    the shape of the input.

    Example:
        >>> import tatami
        >>> tatami.nn.CrossEntropyLoss()(tatami.zeros(1, 2), tatami.tensor([1]))
        tensor(0.6931)
    """

    def __init__(
        self, weight: Tensor | None = None, size_average: bool | None = None,
        ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.cross_entropy(
            input, target, weight=self.weight, ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing, reduction=self.reduction,
        )  # fmt: skip


class BCELoss(_WeightedLoss):
    """Compare probabilities with labels 0 or 1.

    Args:
        weight: a factor for each element.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.BCELoss()(tatami.tensor([0.5]), tatami.ones(1))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.binary_cross_entropy(
            input, target, weight=self.weight, reduction=self.reduction
        )


class BCEWithLogitsLoss(_Loss):
    """Compare scores, before the logistic function, with labels 0 or 1.

    Args:
        weight: a factor for each element.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        pos_weight: a factor for the labels 1 of each class.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.BCEWithLogitsLoss()(tatami.zeros(1), tatami.ones(1))
        tensor(0.6931)
    """

    weight: Any
    pos_weight: Any

    def __init__(
        self, weight: Tensor | None = None, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight,
            reduction=self.reduction,
        )  # fmt: skip


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Compare scores with a label 0 or 1 for each class.

    Args:
        weight: a factor for each class.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: (N, C), twice.

    Example:
        >>> import tatami
        >>> tatami.nn.MultiLabelSoftMarginLoss()(tatami.zeros(1, 2), tatami.ones(1, 2))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class KLDivLoss(_Loss):
    """Return the Kullback-Leibler divergence of two distributions.

    Args:
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        log_target: the target is a logarithm, too.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Shape: input, logarithms of probabilities, and target of the same shape.
    ``reduction`` may also be ``'batchmean'``, the mathematical definition.

    Example:
        >>> import tatami
        >>> tatami.nn.KLDivLoss(reduction="sum")(tatami.zeros(1), tatami.ones(1))
        tensor(0.)
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None,
        reduction: str = "mean", log_target: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.kl_div(
            input, target, log_target=self.log_target, reduction=self.reduction
        )


class PoissonNLLLoss(_Loss):
    """Compare rates with counts drawn from a Poisson distribution.

    Args:
        log_input: the input is the logarithm of the rate.
        full: add Stirling's approximation of log(target!).
        eps: added to a rate before its logarithm is taken.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        size_average: old way to say ``reduction``.
        reduce: old way to say ``reduction``.

    Example:
        >>> import tatami
        >>> tatami.nn.PoissonNLLLoss()(tatami.zeros(1), tatami.ones(1))
        tensor(1.)
    """

    def __init__(
        self, log_input: bool = True, full: bool = False,
        size_average: bool | None = None, eps: float = 1e-8, reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps,
            reduction=self.reduction,
        )  # fmt: skip


class GaussianNLLLoss(_Loss):
    """Compare means and variances with numbers drawn from a normal distribution.

    Args:
        full: add the constant term.
        eps: smallest variance.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.

    Example:
        >>> import tatami
        >>> tatami.nn.GaussianNLLLoss()(tatami.zeros(1), tatami.ones(1), tatami.ones(1))
        tensor(0.5000)
    """

    def __init__(
        self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor) -> Tensor:
        """Return the loss."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class CTCLoss(_Loss):
    """Compare a sequence of logarithms of probabilities with a shorter text.

    Args:
        blank: class that stands for no letter.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        zero_infinity: let texts that are too long cost nothing.

    Source: Graves et al. 2006, "Connectionist temporal classification".

    Example:
        >>> import tatami
        >>> scores = tatami.nn.functional.log_softmax(tatami.zeros(2, 1, 3), 2)
        >>> text, one, two = (tatami.tensor(x) for x in ([[1]], [1], [2]))
        >>> tatami.nn.CTCLoss()(scores, text, two, one)
        tensor(1.0986)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any,
        target_lengths: Any,
    ) -> Tensor:  # fmt: skip
        """Return the loss."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank,
            self.reduction, self.zero_infinity,
        )  # fmt: skip
