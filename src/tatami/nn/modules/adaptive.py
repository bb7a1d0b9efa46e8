"""A softmax for many classes, of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ...ops.joining import cat
from ...tensor import Tensor
from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _Output(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Find the loss of many classes, rare ones with fewer features.

    The first classes, up to the first cutoff, have all features; those of each further
    cluster share one place among them.

    Args:
        in_features: features of the input.
        n_classes: number of classes, the frequent ones first.
        cutoffs: where the clusters begin, in increasing order.
        div_value: by how much the features shrink from cluster to cluster.
        head_bias: learn an additive bias for the first classes and the clusters.
        device: must be the CPU.
        dtype: type of the parameters.

    Source: Grave et al. 2017, "Efficient softmax approximation for GPUs".

    Example:
        >>> import tatami
        >>> layer = tatami.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])
        >>> layer.log_prob(tatami.ones(2, 16)).shape
        torch.Size([2, 20])
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int],
        div_value: float = 4.0, head_bias: bool = False, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        _check_cutoffs(cutoffs, n_classes)
        factory = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, **factory)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            features = int(in_features // div_value ** (i + 1))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, features, False, **factory),
                    Linear(features, classes, False, **factory),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _Output:
        """Return the logarithm of each target's probability, and the mean loss.

        Args:
            input_: (N, in_features) or (in_features).
            target_: (N) or ().
        """
        self._check(input_, target_)
        batched = target_.dim() > 0
        input = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        head = F.log_softmax(self.head(input), dim=1)
        place = target.clone()
        parts, rows = [], []
        for i, (start, end) in enumerate(pairwise(self.cutoffs)):
            chosen = ((target >= start) & (target < end)).nonzero().squeeze(1)
            if chosen.numel() == 0:
                continue
            place = place.index_fill(0, chosen, self.shortlist_size + i)
            inner = F.log_softmax(self.tail[i](input.index_select(0, chosen)), dim=1)
            own = (target.index_select(0, chosen) - start).unsqueeze(1)
            parts.append(inner.gather(1, own).squeeze(1))
            rows.append(chosen)
        output = head.gather(1, place.unsqueeze(1)).squeeze(1)
        if parts:
            output = output.index_add(0, cat(rows), cat(parts))
        return _Output(output if batched else output.squeeze(0), (-output).mean())

    def _check(self, input: Tensor, target: Tensor) -> None:
        dimensions = target.dim()
        if dimensions > 1:
            raise RuntimeError(
                "0D or 1D target tensor expected, multi-target not supported"
            )
        if dimensions == 1 and input.shape[0] != target.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension."
            )
        if input.dim() != dimensions + 1:
            raise RuntimeError(
                f"{dimensions}D target tensor expects {dimensions + 1}D input tensors, "
                f"but found inputs with size {input.size()}"
            )
        low, high = int(target.min()), int(target.max())
        if low < 0 or high >= self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in "
                f"range [{low}, {high}] were found. "
            )

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the logarithms of the probabilities of all classes.

        Args:
            input: (N, in_features).
        """
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            place = self.shortlist_size + i
            inner = F.log_softmax(cluster(input), dim=1)
            parts.append(inner + head[:, place : place + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable classes.

        Args:
            input: (N, in_features).
        """
        return self.log_prob(input).argmax(1)


def _check_cutoffs(cutoffs: list[int], n_classes: int) -> None:
    if not cutoffs:
        raise ValueError("cutoffs should be a sequence of length larger than 0")
    if (
        cutoffs != sorted(set(cutoffs))
        or cutoffs[0] <= 0
        or cutoffs[-1] > n_classes - 1
        or any(int(c) != c for c in cutoffs)
    ):
        raise ValueError(
            "cutoffs should be a sequence of unique, positive integers sorted in an "
            "increasing order, where each value is between 1 and n_classes-1"
        )
