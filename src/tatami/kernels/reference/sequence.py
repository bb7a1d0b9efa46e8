"""Kernels of losses over sequences: sums over all ways to align a text.

Source: Graves et al. 2006, "Connectionist temporal classification", section 4.
"""

from __future__ import annotations

import numpy as np

__all__ = ["ctc_loss", "ctc_loss_grad"]

Array = np.ndarray


def _states(x: Array, targets: Array, blank: int) -> tuple[Array, Array]:
    """Return the texts (N, 2 S + 1) with blanks around letters, and where to leap.

    A leap passes over the blank between two letters that differ.
    """
    N, S = targets.shape
    letters = np.full((N, 2 * S + 1), blank, np.int64)
    letters[:, 1::2] = targets
    leap = np.zeros(letters.shape, bool)
    leap[:, 2:] = (letters[:, 2:] != blank) & (letters[:, 2:] != letters[:, :-2])
    return letters, leap


def _moved(values: Array, places: int) -> Array:
    """Return the values moved to the right, or left if ``places`` is negative."""
    out = np.full_like(values, -np.inf)
    if places > 0:
        out[:, places:] = values[:, :-places]
    else:
        out[:, :places] = values[:, -places:]
    return out


def _log_sum(*terms: Array) -> Array:
    top = np.maximum.reduce(terms)
    safe = np.where(np.isneginf(top), 0, top)
    total = np.sum([np.exp(term - safe) for term in terms], 0)
    return np.asarray(np.log(total) + safe)


def _emitted(x: Array, letters: Array) -> Array:
    """Return (T, N, 2 S + 1): the logarithm of each state's probability."""
    whole = np.broadcast_to(letters, (x.shape[0], *letters.shape))
    return np.take_along_axis(x, whole, 2)


def ctc_loss(
    x: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int
) -> tuple[Array, Array]:
    """The losses (N) of x (T, N, C) for texts (N, S), and what led to each state.

    The latter, (T, N, 2 S + 1), are logarithms of the probability to be in a state.
    """
    letters, leap = _states(x, targets, blank)
    emitted = _emitted(x, letters)
    ways = np.full(emitted.shape, -np.inf, x.dtype)
    rows = np.arange(x.shape[1])
    with np.errstate(all="ignore"):
        if len(x):
            ways[0, :, :2] = emitted[0, :, :2]
        for t in range(1, len(x)):
            past = ways[t - 1]
            leaped = np.where(leap, _moved(past, 2), -np.inf)
            ways[t] = _log_sum(past, _moved(past, 1), leaped) + emitted[t]
        last = np.maximum(input_lengths - 1, 0)
        ends = [ways[last, rows, 2 * target_lengths]] if len(x) else []
        if len(x):
            before = ways[last, rows, 2 * target_lengths - 1]
            ends.append(np.where(target_lengths > 0, before, -np.inf))
        total = _log_sum(*ends) if ends else np.zeros(len(rows), x.dtype)
    nothing = np.where(target_lengths > 0, np.inf, 0)
    return np.where(input_lengths > 0, -total, nothing).astype(x.dtype), ways


def _later_ways(
    emitted: Array, leap: Array, input_lengths: Array, target_lengths: Array
) -> Array:
    """Return, as ``ctc_loss`` does, what can follow each state."""
    ways = np.full(emitted.shape, -np.inf, emitted.dtype)
    states = np.arange(emitted.shape[2])
    final = 2 * target_lengths[:, None]
    ending = (states == final) | (states == final - 1)
    from_here = np.zeros(leap.shape, bool)
    from_here[:, :-2] = leap[:, 2:]
    for t in reversed(range(len(emitted))):
        if t + 1 < len(emitted):
            next_ways = ways[t + 1]
            leaped = np.where(from_here, _moved(next_ways, -2), -np.inf)
            ways[t] = _log_sum(next_ways, _moved(next_ways, -1), leaped) + emitted[t]
        stops = (input_lengths - 1 == t)[:, None]
        ways[t] = np.where(stops, np.where(ending, emitted[t], -np.inf), ways[t])
    return ways


def ctc_loss_grad(
    grad_output: Array, x: Array, targets: Array, input_lengths: Array,
    target_lengths: Array, losses: Array, ways: Array, blank: int, zero_infinity: bool,
) -> Array:  # fmt: skip
    """The gradient of the scores whose logarithm of the softmax is x."""
    letters, leap = _states(x, targets, blank)
    emitted = _emitted(x, letters)
    with np.errstate(all="ignore"):
        both = ways + _later_ways(emitted, leap, input_lengths, target_lengths)
        shares = np.exp(both + losses[:, None] - emitted)
        slope = np.exp(x)
        for n, row in enumerate(letters):
            np.subtract.at(slope[:, n].T, row, shares[:, n].T)
        slope = slope * grad_output[:, None]
    steps = np.arange(len(x))[:, None]
    dropped = steps >= input_lengths
    if zero_infinity:
        dropped = dropped | np.isinf(losses)
    return np.where(dropped[..., None], x.dtype.type(0), slope)
