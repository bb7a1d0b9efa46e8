"""What every test needs: the test folder on the path, and fixed seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_ALIASED = ("torch", "torchvision")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _no_aliases_left():
    """Take away the alias of ``torch`` that a test of ``tatami run`` has made."""
    finders = list(sys.meta_path)
    known = {name for name in sys.modules if name.partition(".")[0] in _ALIASED}
    yield
    if sys.meta_path != finders:
        sys.meta_path[:] = finders
        for name in list(sys.modules):
            if name.partition(".")[0] in _ALIASED and name not in known:
                del sys.modules[name]
