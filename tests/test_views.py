"""Which shapes an array can take without moving its elements, as NumPy finds it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tatami.ops.movement import _can_view

SHAPES = [(2, 3, 4), (24,), (4, 6), (1, 24), (3, 8), (2, 2, 6), (2, 1, 3, 4), (24, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_views_are_found_without_trying(shape: tuple[int, ...]) -> None:
    whole = np.arange(24.0).reshape(shape)
    gaps = np.arange(96.0).reshape(*shape, 4)[..., 0]
    still = np.broadcast_to(whole[:1], shape)
    for array, order in itertools.product(
        (whole, gaps, still), itertools.permutations(range(len(shape)))
    ):
        turned = array.transpose(order)
        for wanted in SHAPES:
            shares = np.may_share_memory(turned.reshape(wanted), turned)
            assert _can_view(turned, wanted) == shares
