"""A few of the fuzzer's programs; ``python tests/capture_fuzzer.py`` runs many."""

from __future__ import annotations

import capture_fuzzer
import pytest

GROUPS = 6


@pytest.mark.parametrize("group", range(GROUPS))
def test_programs(group: int) -> None:
    outcomes = [capture_fuzzer.run(seed) for seed in range(group, 36, GROUPS)]
    for outcome in outcomes:
        assert not outcome.difference, (
            f"seed {outcome.seed}: {outcome.difference}\n"
            + capture_fuzzer.source_of(outcome.seed)
        )
    assert sum(outcome.replays > 0 for outcome in outcomes) >= len(outcomes) // 2
