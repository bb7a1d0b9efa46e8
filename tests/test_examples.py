"""The examples in docstrings and documents do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tatami

ROOT = Path(__file__).parent.parent
SKIPPED = ("tatami.__main__",)
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tatami.__path__, "tatami.")
    if module.name not in SKIPPED and "._native" not in module.name
)
# CONTRIBUTING.md holds a whole operation: test_contributing.py runs that.
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if path.name != "CONTRIBUTING.md"
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    tatami.manual_seed(0)
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    tatami.manual_seed(0)
    path = str(ROOT / name)
    result = doctest.testfile(path, module_relative=False, optionflags=FLAGS)
    assert result.failed == 0
