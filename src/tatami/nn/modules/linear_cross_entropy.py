"""A linear layer and the cross-entropy of its scores, as one module."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .linear import Linear
from .loss_base import _WeightedLoss

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]

_NO_CLASS = -100


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """Say how PyTorch shall divide the computation; here it has no effect.

    Args:
        allow_retain_graph: allow a second backward.
        batch_chunk_size: samples to compute at once.
        chunking_method: how to find that number.
        acc_policy: how exact sums are.
        acc_dtype: type of sums.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


class LinearCrossEntropyLoss(_WeightedLoss):
    """Compare linear scores of features with the right classes.

    Args:
        in_features: features of the input (N, in_features) or (in_features).
        num_classes: number of classes.
        out_features: sizes of what is classified for each sample.
        bias: learn an additive bias.
        device: must be the CPU.
        dtype: type of the parameters.
        reduction: ``'mean'``, ``'sum'`` or ``'none'``.
        weight: a factor for each class.
        ignore_index: class that doesn't count.
        label_smoothing: probability given to all classes alike.
        options: has no effect.

    Raises:
        RuntimeError: there is not one weight for each class, or ``label_smoothing`` is
            no probability.

    Example:
        >>> import tatami
        >>> loss = tatami.nn.LinearCrossEntropyLoss(5, 10)
        >>> loss(tatami.ones(2, 5), tatami.tensor([3, 4])).shape
        torch.Size([])
    """

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (),
        bias: bool = False, device: Any = None, dtype: Any = None,
        reduction: str = "mean", weight: Tensor | None = None,
        ignore_index: int | None = None, label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:  # fmt: skip
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be {(num_classes,)}, got "
                f"{tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        scores = math.prod(out_features, start=num_classes)
        factory = {"device": device, "dtype": dtype}
        self.linear = Linear(in_features, scores, bias, **factory)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Args:
            input: the features.
            target: classes (N, *out_features), or probabilities (N, num_classes,
                *out_features).
        """
        batched = input.dim() > 1
        if not batched:
            input, target = input.unsqueeze(0), target.unsqueeze(0)
        shape = (input.shape[0], self.num_classes, *self.out_features)
        ignored = _NO_CLASS if self.ignore_index is None else self.ignore_index
        loss = F.cross_entropy(
            self.linear(input).reshape(shape), target, weight=self.weight,
            ignore_index=ignored, reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )  # fmt: skip
        return loss if batched or self.reduction != "none" else loss.squeeze(0)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        linear = self.linear
        return (
            f"in_features={linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
