"""Sequences of different lengths in one tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ...device import require_cpu
from ...ops.creation import tensor as make_tensor
from ...ops.filled import full
from ...ops.joining import cat, stack
from ...tensor import Tensor, wrap

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Hold sequences step by step, without padding; made by ``pack_padded_sequence``.

    Args:
        data: all first elements, then all second ones, and so on.
        batch_sizes: how many sequences have a first element, a second one ...
        sorted_indices: where each of the sequences, longest first, had been.
        unsorted_indices: the way back.

    Example:
        >>> import tatami
        >>> pack = tatami.nn.utils.rnn.pack_sequence
        >>> pack([tatami.tensor([1, 2]), tatami.tensor([3])]).data
        tensor([1, 3, 2])
    """

    __slots__ = ()

    def __new__(
        cls, data: Tensor, batch_sizes: Any = None, sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return the sequences in another type."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def float(self) -> PackedSequence:
        """Return the sequences as float32."""
        return self._replace(data=self.data.float())

    def double(self) -> PackedSequence:
        """Return the sequences as float64."""
        return self._replace(data=self.data.double())

    def cpu(self) -> PackedSequence:
        """Return the sequences: they are on the CPU already."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Say that tatami has no GPU and how to use one."""
        require_cpu("cuda")
        return self

    @property
    def is_cuda(self) -> bool:
        """Whether the sequences are on a GPU: never."""
        return False

    def is_pinned(self) -> bool:
        """Tell whether the memory is pinned: never."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that undoes another one.

    Example:
        >>> import tatami
        >>> tatami.nn.utils.rnn.invert_permutation(tatami.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    return wrap(permutation._array.argsort())


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Drop the padding of sequences of different lengths.

    Args:
        input: padded sequences: (L, N, *), or (N, L, *) with ``batch_first``.
        lengths: length of each, a tensor or a list.
        batch_first: which of both.
        enforce_sorted: the lengths go down; otherwise the sequences are sorted.

    Raises:
        RuntimeError: there is not one length for each sequence, one is not positive,
            or they are not sorted as promised.

    Example:
        >>> import tatami
        >>> padded = tatami.tensor([[1, 2], [3, 0]])
        >>> tatami.nn.utils.rnn.pack_padded_sequence(padded, [2, 1], True).data
        tensor([1, 3, 2])
    """
    counts = [int(n) for n in _as_list(lengths)]
    order = None
    if not enforce_sorted:
        order = sorted(range(len(counts)), key=lambda i: -counts[i])
        counts = [counts[i] for i in order]
        indices = make_tensor(order)
        input = input.index_select(0 if batch_first else 1, indices)
    steps = input.transpose(0, 1) if batch_first else input
    _check_lengths(counts, steps)
    sizes = [sum(n > step for n in counts) for step in range(counts[0])]
    data = cat([steps[step, :size] for step, size in enumerate(sizes)])
    if order is None:
        return PackedSequence(data, make_tensor(sizes))
    return PackedSequence(data, make_tensor(sizes), make_tensor(order))


def _as_list(lengths: Any) -> Sequence[Any]:
    return lengths.tolist() if isinstance(lengths, Tensor) else lengths


def _check_lengths(counts: list[int], steps: Tensor) -> None:
    if steps.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(counts) != steps.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={steps.shape[1]})"
        )
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in "
            "'lengths' that is <= 0"
        )
    if any(a < b for a, b in pairwise(counts)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` "
            "is True. You can pass `enforce_sorted=False` to pack_padded_sequence "
            "and/or pack_sequence to sidestep this requirement if you do not need ONNX "
            "exportability."
        )
    if counts[0] > steps.shape[0]:
        raise RuntimeError(
            f"Expected lengths of at most {steps.shape[0]}, the length of the padded "
            f"sequences, but got {counts[0]}"
        )


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Put the padding back that ``pack_padded_sequence`` has dropped.

    Args:
        sequence: packed sequences.
        batch_first: return (N, L, *), not (L, N, *).
        padding_value: what to pad with.
        total_length: length L; the longest sequence's if left out.

    Returns:
        The padded sequences, and their lengths.

    Raises:
        ValueError: ``total_length`` is too small.

    Example:
        >>> import tatami
        >>> rnn = tatami.nn.utils.rnn
        >>> packed = rnn.pack_sequence([tatami.tensor([1, 2]), tatami.tensor([3])])
        >>> rnn.pad_packed_sequence(packed, batch_first=True)
        (tensor([[1, 2],
                [3, 0]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes.tolist()
    longest, batch = len(sizes), sizes[0]
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence "
            f"in input, but got total_length={total_length} and max sequence length "
            f"being {longest}"
        )
    rows = [_filled(part, batch, padding_value) for part in sequence.data.split(sizes)]
    padding = full(rows[0].shape, padding_value, dtype=sequence.data.dtype)
    rows += [padding] * ((total_length or longest) - longest)
    output = stack(rows, 1 if batch_first else 0)
    lengths = make_tensor([sum(n > i for n in sizes) for i in range(batch)])
    if sequence.unsorted_indices is not None:
        dim = 0 if batch_first else 1
        output = output.index_select(dim, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return output, lengths


def _filled(part: Tensor, count: int, value: float) -> Tensor:
    """Return a tensor with rows of one value added up to ``count``."""
    missing = count - part.shape[0]
    if missing == 0:
        return part
    return cat([part, full((missing, *part.shape[1:]), value, dtype=part.dtype)])


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:  # fmt: skip
    """Put sequences of different lengths into one tensor.

    Args:
        sequences: tensors (L, *) that differ in L only.
        batch_first: return (N, L, *), not (L, N, *).
        padding_value: what to pad with.
        padding_side: ``'right'`` or ``'left'``.

    Example:
        >>> import tatami
        >>> sequences = [tatami.tensor([1, 2]), tatami.tensor([3])]
        >>> tatami.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
        tensor([[1, 2],
                [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    rows = list(sequences.unbind(0) if isinstance(sequences, Tensor) else sequences)
    if not rows:
        raise RuntimeError("received an empty list of sequences")
    longest = max(row.shape[0] for row in rows)
    padded = []
    for row in rows:
        missing = (longest - row.shape[0], *row.shape[1:])
        border = full(missing, padding_value, dtype=row.dtype)
        if missing[0]:
            row = cat([row, border] if padding_side == "right" else [border, row])
        padded.append(row)
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Take sequences of different lengths out of one tensor.

    Args:
        padded_sequences: (L, N, *), or (N, L, *) with ``batch_first``.
        lengths: length of each.
        batch_first: which of both.

    Example:
        >>> import tatami
        >>> padded = tatami.tensor([[1, 2], [3, 0]])
        >>> tatami.nn.utils.rnn.unpad_sequence(padded, tatami.tensor([2, 1]), True)
        [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    rows = zip(padded_sequences.unbind(0), _as_list(lengths), strict=True)
    return [row[: int(length)] for row, length in rows]


def pack_sequence(
    sequences: list[Tensor], enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences of different lengths.

    Args:
        sequences: tensors (L, *) that differ in L only.
        enforce_sorted: they get shorter; otherwise they are sorted.

    Example:
        >>> import tatami
        >>> pack = tatami.nn.utils.rnn.pack_sequence
        >>> pack([tatami.tensor([1, 2]), tatami.tensor([3])]).batch_sizes
        tensor([2, 1])
    """
    lengths = [sequence.shape[0] for sequence in sequences]
    return pack_padded_sequence(
        pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted
    )


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences that were packed.

    Example:
        >>> import tatami
        >>> rnn = tatami.nn.utils.rnn
        >>> packed = rnn.pack_sequence([tatami.tensor([1, 2]), tatami.tensor([3])])
        >>> rnn.unpack_sequence(packed)
        [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
