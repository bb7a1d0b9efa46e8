"""Sums of products over named dimensions: einsum and tensordot."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import size
from ..tensor import Tensor, tensor_method
from .movement import permute
from .products import bmm

__all__ = ["einsum", "tensordot"]

Labels = list[int]
_ELLIPSIS = 52


def _label(letter: str) -> int:
    place = (string.ascii_uppercase + string.ascii_lowercase).find(letter)
    if place < 0:
        raise RuntimeError(
            f"einsum(): invalid subscript given at index 0 in the equation string, "
            f"subscripts must be in [a-zA-Z], but got {letter!r}"
        )
    return place


def _letter(label: int) -> str:
    letters = string.ascii_uppercase + string.ascii_lowercase
    return letters[label] if label < _ELLIPSIS else "..."


def _read(text: str, missing: int) -> Labels:
    """Return the labels of one operand; ... stands for ``missing`` dimensions."""
    head, dots, tail = text.replace(" ", "").partition("...")
    middle = [_ELLIPSIS + i for i in range(missing)] if dots else []
    return [*map(_label, head), *middle, *map(_label, tail)]


def _equation(equation: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        what = "more" if len(terms) < len(operands) else "fewer"
        raise RuntimeError(
            f"einsum(): {what} operands were provided than specified in the equation"
        )
    ranks = [t._array.ndim for t in operands]
    counts = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    widest = max(counts)
    found = []
    for i, (term, count) in enumerate(zip(terms, counts, strict=True)):
        labels = _read(term, max(count, 0))
        shift = widest - count
        labels = [n + shift if n >= _ELLIPSIS else n for n in labels]
        if len(labels) != ranks[i] or count < 0:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(labels)}) "
                f"does not match the number of dimensions ({ranks[i]}) for operand {i} "
                "and no ellipsis was given"
            )
        found.append(labels)
    return found, _output(right if arrow else None, found, widest)


def _output(text: str | None, terms: list[Labels], widest: int) -> Labels:
    everything = [n for labels in terms for n in labels]
    if text is not None:
        labels = _read(text, widest)
        for n in labels:
            if labels.count(n) > 1 or n not in everything:
                problem = (
                    "appears more than once in the output"
                    if labels.count(n) > 1
                    else "appears in the output but not in any operand"
                )
                raise RuntimeError(f"einsum(): output subscript {_letter(n)} {problem}")
        return labels
    dots = [_ELLIPSIS + i for i in range(widest)]
    return dots + sorted(
        n for n in set(everything) if n < _ELLIPSIS and everything.count(n) == 1
    )


def _sublists(args: Sequence[Any]) -> tuple[list[Tensor], list[Labels], Labels]:
    """Read the form einsum(op1, [0, 1], op2, [1, 2], [0, 2])."""
    operands = list(args[: len(args) // 2 * 2 : 2])
    lists = list(args[1 : len(args) // 2 * 2 : 2])
    terms = []
    for tensor, labels in zip(operands, lists, strict=True):
        missing = tensor._array.ndim - len(labels) + 1
        terms.append(_expanded(labels, missing))
    widest = max(sum(n >= _ELLIPSIS for n in labels) for labels in terms)
    if len(args) % 2:
        return operands, terms, _expanded(args[-1], widest)
    return operands, terms, _output(None, terms, widest)


def _expanded(labels: Sequence[Any], missing: int) -> Labels:
    result: Labels = []
    for n in labels:
        result += [_ELLIPSIS + i for i in range(missing)] if n is Ellipsis else [int(n)]
    return result


def _without_repeats(tensor: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """Take the diagonal of dimensions that carry the same label."""
    labels = list(labels)
    for n in dict.fromkeys(labels):
        while labels.count(n) > 1:
            first = labels.index(n)
            second = labels.index(n, first + 1)
            shape = tensor._array.shape
            if shape[first] != shape[second]:
                raise RuntimeError(
                    f"einsum(): subscript {_letter(n)} is repeated for an operand but the "  # noqa: E501
                    f"sizes don't match, {shape[second]} != {shape[first]}"
                )
            tensor = tensor.diagonal(0, first, second)
            del labels[second], labels[first]
            labels.append(n)
    return tensor, labels


def _sized(terms: list[Labels], operands: Sequence[Tensor]) -> dict[int, int]:
    lengths: dict[int, int] = {}
    for i, (labels, tensor) in enumerate(zip(terms, operands, strict=True)):
        for n, length in zip(labels, tensor._array.shape, strict=True):
            known = lengths.get(n, 1)
            if known != 1 and length not in (1, known):
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes "
                    f"[original->remapped]: operand {i} has size {length} where "
                    f"another has {known}"
                )
            lengths[n] = max(known, length) if length else 0
    return lengths


def _contract(
    a: tuple[Tensor, Labels], b: tuple[Tensor, Labels], kept: set[int]
) -> tuple[Tensor, Labels]:
    """Multiply two operands and sum the labels that nobody needs any more."""
    (x, first), (y, second) = a, b
    x, first = _summed(x, first, kept | set(second))
    y, second = _summed(y, second, kept | set(first))
    shared = [n for n in first if n in second]
    batch = [n for n in shared if n in kept]
    inner = [n for n in shared if n not in kept]
    rows = [n for n in first if n not in second]
    columns = [n for n in second if n not in first]
    left = _arranged(x, first, (batch, rows, inner), y, second)
    right = _arranged(y, second, (batch, inner, columns), x, first)
    product = bmm(left[0], right[0])
    labels = batch + rows + columns
    lengths = {**right[1], **left[1]}
    return product.reshape([lengths[n] for n in labels]), labels


def _summed(tensor: Tensor, labels: Labels, kept: set[int]) -> tuple[Tensor, Labels]:
    gone = [i for i, n in enumerate(labels) if n not in kept]
    if not gone:
        return tensor, labels
    return tensor.sum(gone), [n for n in labels if n in kept]


def _arranged(
    tensor: Tensor, labels: Labels, groups: tuple[Labels, Labels, Labels],
    other: Tensor, other_labels: Labels,
) -> tuple[Tensor, dict[int, int]]:  # fmt: skip
    """Return the operand as a stack of matrices, and the lengths of its labels."""
    theirs = dict(zip(other_labels, other._array.shape, strict=True))
    order = [n for group in groups for n in group]
    moved = permute(tensor, [labels.index(n) for n in order])
    lengths = {
        n: max(length, theirs.get(n, 1)) if length else 0
        for n, length in zip(order, moved._array.shape, strict=True)
    }
    moved = moved.expand([lengths[n] for n in order])
    shape = [int(np.prod([lengths[n] for n in group])) for group in groups]
    return moved.reshape(shape), lengths


def einsum(*args: Any) -> Tensor:
    """Multiply tensors and sum over labelled dimensions.

    Args:
        args: an equation such as ``'ij,jk->ik'`` and its operands; or operands, each
            followed by a list of numbers for its dimensions, and perhaps a list for
            the result.

    Returns:
        The tensor whose dimensions the right side names; labels that are missing there
        are summed over. Without a right side, labels that occur once, sorted.

    Raises:
        RuntimeError: labels and dimensions don't match.

    Differs from PyTorch: operands are always taken from left to right.

    Example:
        >>> import tatami
        >>> tatami.einsum("ij,j->i", tatami.ones(2, 3), tatami.ones(3))
        tensor([3., 3.])
    """
    if isinstance(args[0], str):
        operands = list(args[1:])
        if len(operands) == 1 and not isinstance(operands[0], Tensor):
            operands = list(operands[0])
        if not operands:
            raise ValueError("einsum(): must specify the equation string and at least "
                             "one operand, or at least one operand and its subscripts "
                             "list")  # fmt: skip
        terms, result = _equation(args[0], operands)
    else:
        operands, terms, result = _sublists(args)
    _sized(terms, operands)
    pairs = [_without_repeats(*pair) for pair in zip(operands, terms, strict=True)]
    total, labels = pairs[0]
    for i, pair in enumerate(pairs[1:], 1):
        later = {n for _, names in pairs[i + 1 :] for n in names}
        total, labels = _contract((total, labels), pair, set(result) | later)
    total, labels = _summed(total, labels, set(result))
    return permute(total, [labels.index(n) for n in result])


def _dims(dims: Any, rank: int) -> tuple[list[int], list[int]]:
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        return list(range(rank - dims, rank)), list(range(dims))
    a, b = dims
    return ([a], [b]) if isinstance(a, int) else (list(a), list(b))


@tensor_method()
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Tensor:
    """Sum products over given dimensions of two tensors.

    Args:
        a: left tensor.
        b: right tensor.
        dims: number of dimensions, the last of ``a`` with the first of ``b``; or two
            lists of dimensions.
        out: must be None.

    Example:
        >>> import tatami
        >>> tatami.tensordot(tatami.ones(2, 3), tatami.ones(3, 4), dims=1).shape
        torch.Size([2, 4])
    """
    x, y = a._array.shape, b._array.shape
    first, second = _dims(dims, len(x))
    first = [size.normalize_dim(d, len(x)) for d in first]
    second = [size.normalize_dim(d, len(y)) for d in second]
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(first, second, strict=True):
        if x[i] == 1 and y[j] != 1:
            b = b.sum(j, keepdim=True)
        elif y[j] == 1 and x[i] != 1:
            a = a.sum(i, keepdim=True)
        elif x[i] != y[j]:
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{x[i]} in dim {i} and second has size {y[j]} in dim {j}"
            )
    x, y = a._array.shape, b._array.shape
    rest = [i for i in range(len(x)) if i not in first]
    others = [j for j in range(len(y)) if j not in second]
    inner = int(np.prod([x[i] for i in first]))
    left = permute(a, rest + first).reshape(-1 if inner else 0, inner)
    right = permute(b, second + others).reshape(inner, -1 if inner else 0)
    if not inner:
        left = left.reshape(int(np.prod([x[i] for i in rest])), 0)
        right = right.reshape(0, int(np.prod([y[j] for j in others])))
    shape = [x[i] for i in rest] + [y[j] for j in others]
    return left.mm(right).reshape(shape)
