"""Tables of vectors that are looked up by number."""

from __future__ import annotations

from typing import Any

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module
from .utils import fresh_parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """Base of both: the table, and the row that stays zero."""

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None

    def _set_up(self, padding_idx: int | None) -> None:
        count = self.num_embeddings
        if padding_idx is not None:
            if not -count <= padding_idx < count and padding_idx != 0:
                word = "Padding_idx" if isinstance(self, Embedding) else "padding_idx"
                raise AssertionError(f"{word} must be within num_embeddings")
            if padding_idx < 0:
                padding_idx += count
        self.padding_idx = padding_idx

    def _make_weight(
        self, weight: Tensor | None, freeze: bool, device: Any, dtype: Any
    ) -> None:
        shape = (self.num_embeddings, self.embedding_dim)
        if weight is None:
            self.weight = fresh_parameter(*shape, device=device, dtype=dtype)
            self.weight.requires_grad_(not freeze)
            self.reset_parameters()
            return
        if tuple(weight.shape) != shape:
            raise AssertionError(
                "Shape of weight does not match num_embeddings and embedding_dim"
            )
        self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the table from the standard normal distribution."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def _options(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, usual in (
            ("padding_idx", None), ("max_norm", None), ("norm_type", 2.0),
            ("scale_grad_by_freq", False), ("sparse", False),
        ):  # fmt: skip
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text


def _dimensions(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.dim() != 2:
        raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
    rows, columns = embeddings.shape
    return rows, columns


class Embedding(_Table):
    """Look vectors up in a table that is learnt.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: length of a vector.
        padding_idx: row that stays zero and gets no gradient.
        max_norm: longer vectors are shortened to this norm, in the table.
        norm_type: order of that norm.
        scale_grad_by_freq: divide gradients by how often a row is looked up.
        sparse: has no effect; gradients are dense.
        device: must be the CPU.
        dtype: type of the table.

    Example:
        >>> import tatami
        >>> tatami.nn.Embedding(10, 3)(tatami.tensor([[1, 2], [4, 3]])).shape
        torch.Size([2, 2, 3])
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
        max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, sparse: bool = False,
        _weight: Tensor | None = None, _freeze: bool = False, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self._set_up(padding_idx)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._make_weight(_weight, _freeze, device, dtype)
        self.sparse = sparse

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors with the numbers in ``input``."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return self._options()

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None,
        max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, sparse: bool = False,
    ) -> Embedding:  # fmt: skip
        """Make a layer around a given table.

        Args:
            embeddings: the table, a matrix.
            freeze: don't train it.
            padding_idx: row that gets no gradient.
            max_norm: longer vectors are shortened to this norm, in the table.
            norm_type: order of that norm.
            scale_grad_by_freq: divide gradients by how often a row is looked up.
            sparse: has no effect; gradients are dense.

        Example:
            >>> import tatami
            >>> table = tatami.tensor([[1.0, 2.3], [4.0, 5.1]])
            >>> tatami.nn.Embedding.from_pretrained(table)(tatami.tensor([1]))
            tensor([[4.0000, 5.1000]])
        """
        rows, columns = _dimensions(embeddings)
        return cls(
            rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
            _weight=embeddings, _freeze=freeze,
        )  # fmt: skip


class EmbeddingBag(_Table):
    """Look vectors up and combine those of each bag.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: length of a vector.
        max_norm: longer vectors are shortened to this norm, in the table.
        norm_type: order of that norm.
        scale_grad_by_freq: divide gradients by how often a row is looked up.
        mode: ``'sum'``, ``'mean'`` or ``'max'``.
        sparse: has no effect; gradients are dense.
        include_last_offset: the last offset is the end of the last bag.
        padding_idx: row that doesn't count.
        device: must be the CPU.
        dtype: type of the table.

    Example:
        >>> import tatami
        >>> bags = tatami.nn.EmbeddingBag(10, 3, mode="sum")
        >>> bags(tatami.tensor([1, 2, 4, 5]), tatami.tensor([0, 2])).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, mode: str = "mean",
        sparse: bool = False, _weight: Tensor | None = None,
        include_last_offset: bool = False, padding_idx: int | None = None,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._set_up(padding_idx)
        self._make_weight(_weight, False, device, dtype)
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    def forward(
        self, input: Tensor, offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return one vector for each bag.

        Args:
            input: numbers of rows; (bags, N), or one row of all bags.
            offsets: where each bag starts, if ``input`` is one row.
            per_sample_weights: factors of the vectors, for ``'sum'`` only.
        """
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.mode, self.sparse, per_sample_weights,
            self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        return text + (
            f", padding_idx={self.padding_idx}" if self.padding_idx is not None else ""
        )

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, mode: str = "mean",
        sparse: bool = False, include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:  # fmt: skip
        """Make a layer around a given table.

        The arguments are those of the class; ``freeze`` says not to train the table.

        Example:
            >>> import tatami
            >>> bags = tatami.nn.EmbeddingBag.from_pretrained(tatami.ones(3, 2))
            >>> bags(tatami.tensor([[0, 1]]))
            tensor([[1., 1.]])
        """
        rows, columns = _dimensions(embeddings)
        bag = cls(
            rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse,
            embeddings, include_last_offset, padding_idx,
        )  # fmt: skip
        bag.weight.requires_grad_(not freeze)
        return bag
