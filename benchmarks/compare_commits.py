"""Compare the instructions that fixed work takes in two commits.

    python benchmarks/compare_commits.py A B [--limit 1]

Each commit is built from a worktree of its own. Counts repeat where times don't; the
exit code is 1 if one has grown by more than the limit, in percent.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from instructions import chosen_counter

__all__ = ["table"]

ROOT = Path(__file__).resolve().parent.parent
Counts = dict[str, float]


def git(*words: str) -> str:
    """Return what git prints.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()


def build(commit: str, folder: Path) -> Path:
    """Install a commit's tatami into a folder of its own, and return that.

    Args:
        commit: its full name.
        folder: where builds are; what is there already is used again.

    Raises:
        RuntimeError: it can't be built.
    """
    site = folder / commit
    if (site / "tatami").exists():
        return site
    tree = folder / f"{commit}.tree"
    # What an interrupted run has left.
    shutil.rmtree(tree, ignore_errors=True)
    git("worktree", "prune")
    git("worktree", "add", "--force", "--detach", str(tree), commit)
    try:
        print(f"building {commit[:10]}", flush=True)
        aside = folder / f"{commit}.new"
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]
        command += ["--disable-pip-version-check", "--target", str(aside), str(tree)]
        variables = {**os.environ, "TATAMI_BUILD": "native"}
        done = subprocess.run(command, env=variables, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{commit[:10]}: {done.stderr.strip()[-2000:]}")
        aside.rename(site)
    finally:
        git("worktree", "remove", "--force", str(tree))
    return site


def table(before: Counts, after: Counts, limit: float) -> tuple[str, list[str]]:
    """Return the comparison as a table, and the names of what has grown too much.

    Args:
        before: instructions a call, by name.
        after: the same, of the other commit.
        limit: growth that is accepted, in percent.
    """
    lines = [f"{'':40} {'before':>14} {'after':>14} {'change':>8}"]
    grown = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            there = "after" if name in after else "before"
            lines.append(f"{name:40} only {there}")
            continue
        change = 100 * (after[name] / before[name] - 1)
        mark = ""
        if change > limit:
            grown.append(name)
            mark = "  grown"
        counts = f"{before[name]:14,.0f} {after[name]:14,.0f}"
        lines.append(f"{name:40} {counts} {change:+7.2f}%{mark}")
    return "\n".join(lines), grown


def main() -> int:
    """Build both commits, count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("before", metavar="A", help="commit to compare with")
    add("after", metavar="B", help="commit that must not take more")
    add("--limit", type=float, default=1.0, metavar="PERCENT", help="default: 1")
    add("--builds", type=Path, metavar="FOLDER", help="keep what is built here")
    arguments = parser.parse_args()
    try:
        counter = chosen_counter()
        with tempfile.TemporaryDirectory() as temporary:
            folder = (arguments.builds or Path(temporary)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            words = [
                f"{name}^{{commit}}" for name in (arguments.before, arguments.after)
            ]
            sites = [
                build(git("rev-parse", "--verify", word), folder) for word in words
            ]
            before, after = (counter(site) for site in sites)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    text, grown = table(before, after, arguments.limit)
    print(text)
    if grown:
        print(f"more than {arguments.limit:g}% up: {', '.join(grown)}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
