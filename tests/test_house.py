"""The manners of the house: which room imports which, and how long files are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "tatami"
# Each room may import from itself and from what stands after it.
ORDER = (
    ("cli", "studio"),
    ("explain", "vision", "serialization", "program"),
    ("optim", "utils"),
    ("nn",),
    ("ops",),
    ("random",),
    ("autograd",),
    ("tensor", "printing", "runtime"),
    ("fields",),
    ("kernels",),
)
LEAVES = ("dtypes", "size", "device", "later", "_version")
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MAY_IMPORT_ANYTHING = ("__init__", "__main__")
ALLOWED_OUTSIDE = {"numpy"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room a file stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[str, bool]]:
    """Return the rooms a file imports, and whether at its top."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    package = ["tatami", *path.relative_to(PACKAGE).parts[:-1]]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            parts = base + (node.module.split(".") if node.module else [])
            names = [parts[1]] if len(parts) > 1 else [a.name for a in node.names]
            found += [(name, id(node) in top) for name in names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(path)
    if room not in RANK:
        return
    for target, at_top in imported(path):
        if not at_top or target in LEAVES or target == room:
            continue
        assert target in RANK, f"{path}: {target} has no place in the order of rooms"
        assert RANK[target] > RANK[room], f"{path}: {room} must not import {target}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_heavy_at_import(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            first = name.partition(".")[0]
            known = first in sys.stdlib_module_names or first in ALLOWED_OUTSIDE
            assert known or first == "tatami", f"{path} imports {name} at its top"


def test_pytorch_is_never_imported() -> None:
    pattern = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)
    for path in FILES:
        code = re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)
        assert not pattern.search(code), path


def test_files_are_short() -> None:
    sources = [*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "csrc").glob("*")]
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources
        if path.is_file() and (count := len(path.read_text().splitlines())) > 500
    }
    assert not long


def test_functions_are_short() -> None:
    lengths = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body
                first = body[0]
                documented = isinstance(first, ast.Expr) and isinstance(
                    first.value, ast.Constant
                )
                if documented:
                    body = body[1:]
                start = body[0].lineno if body else node.lineno
                end = node.end_lineno or start
                lengths.append(end - start + 1 if body else 0)
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 30


def test_the_engine_is_small_and_knows_no_operation() -> None:
    text = (PACKAGE / "autograd" / "engine.py").read_text()
    assert "ops" not in [room for room, _ in imported(PACKAGE / "autograd/engine.py")]
    code = [line for line in text.splitlines() if line.strip()]
    assert len(code) < 300


def test_import_brings_numpy_and_nothing_else() -> None:
    code = (
        "import sys, tatami; outside = {name.partition('.')[0] for name in sys.modules}"
        "; print(sorted(outside - sys.stdlib_module_names))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    outside = set(ast.literal_eval(result.stdout))
    allowed = {"numpy", "tatami", "__main__", "_distutils_hack", "nanobind"}
    hidden = {name for name in outside if name.startswith("_")}
    assert outside - hidden <= allowed
