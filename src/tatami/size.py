"""Sizes: the ``Size`` tuple and every rule that says how a size comes about.

Shape letters used everywhere: N samples, C channels, H and W height and width,
O output channels, K kernel size.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex, overload

__all__ = ["Size", "broadcast_shapes"]


class Size(tuple[int, ...]):
    """Hold the sizes of a tensor, one integer for each dimension.

    Example:
        >>> import tatami
        >>> tatami.zeros(2, 3).size()
        torch.Size([2, 3])
    """

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements a tensor of this size has."""
        count = 1
        for length in self:
            count *= length
        return count

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: tuple[Any, ...]) -> Size:
        return Size(tuple(self) + tuple(other))

    def __mul__(self, count: SupportsIndex) -> Size:
        return Size(tuple(self) * count)

    __rmul__ = __mul__

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: Any) -> Any:
        value = tuple.__getitem__(self, index)
        return Size(value) if isinstance(index, slice) else value

    def __reduce__(self) -> tuple[Any, tuple[tuple[int, ...]]]:
        return Size, (tuple(self),)


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that all ``shapes`` stretch to, aligned at the last dimension.

    Raises:
        RuntimeError: two lengths differ and neither of them is 1.
    """
    rank = max(map(len, shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        offset = rank - len(shape)
        for i, length in enumerate(shape):
            known = result[offset + i]
            if length == known or length == 1:
                continue
            if known != 1:
                raise RuntimeError(
                    f"The size of tensor a ({known}) must match the size of tensor b "
                    f"({length}) at non-singleton dimension {offset + i}"
                )
            result[offset + i] = length
    return tuple(result)


def broadcast_shapes(*shapes: Sequence[int] | int) -> Size:
    """Return the shape that tensors of these shapes broadcast to.

    Example:
        >>> import tatami
        >>> tatami.broadcast_shapes((3, 1), (1, 4))
        torch.Size([3, 4])
    """
    rows = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    try:
        return Size(broadcast(*rows))
    except RuntimeError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape"
        ) from None


def convolution_length(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> int:
    """Return floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1."""
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def convolution_lengths(
    lengths: Iterable[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, ...]:
    """Return the output length of a convolution along each dimension."""
    return tuple(
        convolution_length(*row)
        for row in zip(lengths, kernel, stride, padding, dilation, strict=True)
    )


def transposed_length(
    length: int, kernel: int, stride: int, padding: int, extra: int, dilation: int
) -> int:
    """Return (length-1) stride - 2 padding + dilation (kernel-1) + extra + 1."""
    return (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1


def pooling_length(
    length: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """Return how many windows fit; in ceil mode one may hang over the end.

    A hanging window must still start inside the input or its left padding.
    """
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return span // stride + 1
    count = -(-span // stride) + 1
    return count - 1 if (count - 1) * stride >= length + padding else count


def pooling_lengths(
    lengths: Iterable[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[int, ...]:
    """Return the output length of a pooling along each dimension."""
    rows = zip(lengths, kernel, stride, padding, dilation, strict=True)
    return tuple(pooling_length(*row, ceil_mode) for row in rows)


def adaptive_window(index: int, length: int, windows: int) -> tuple[int, int]:
    """Return where adaptive window ``index`` of ``windows`` starts and ends."""
    return index * length // windows, -(-(index + 1) * length // windows)


@functools.lru_cache(maxsize=1024)
def infer(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return ``shape`` with a single -1 replaced so that it holds ``count`` elements.

    Raises:
        RuntimeError: the sizes don't multiply to ``count``, or two of them are -1.
    """
    known, missing = 1, None
    for i, length in enumerate(shape):
        if length == -1:
            if missing is not None:
                raise RuntimeError("only one dimension can be inferred")
            missing = i
        elif length < 0:
            raise RuntimeError(f"invalid shape dimension {length}")
        else:
            known *= length
    if missing is None:
        if known == count:
            return tuple(shape)
    elif known == 0:
        raise RuntimeError(
            f"cannot reshape tensor of {count} elements into shape "
            f"{list(shape)} because the unspecified dimension size -1 can be any "
            "value and is ambiguous"
        )
    elif count % known == 0:
        return (*shape[:missing], count // known, *shape[missing + 1 :])
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")


def normalize_dim(dim: int, rank: int) -> int:
    """Return ``dim`` counted from the front.

    Raises:
        IndexError: ``dim`` is outside ``[-rank, rank-1]``.
    """
    limit = max(rank, 1)
    if not -limit <= dim < limit:
        raise IndexError(
            f"Dimension out of range (expected to be in range of "
            f"[{-limit}, {limit - 1}], but got {dim})"
        )
    return dim + limit if dim < 0 else dim


def normalize_dims(dim: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Return the dimensions of a reduction; ``None`` and ``()`` mean all of them."""
    if dim is None:
        return tuple(range(rank))
    if isinstance(dim, int):
        return (normalize_dim(dim, rank),) if rank else check_scalar_dim(dim)
    if len(dim) == 0:
        return tuple(range(rank))
    dims = tuple(normalize_dim(int(d), rank) for d in dim)
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims if rank else ()


def check_scalar_dim(dim: int) -> tuple[int, ...]:
    """Accept dimension 0 or -1 of a tensor without dimensions."""
    normalize_dim(dim, 0)
    return ()
