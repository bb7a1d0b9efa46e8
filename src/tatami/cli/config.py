"""``config.toml``: how a run was made, in the part of TOML that is also JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import CommandError

__all__ = ["read_config", "write_config"]

Config = dict[str, dict[str, Any]]


def formatted(config: Config) -> str:
    """Return tables of numbers, strings, truth values and lists as TOML.

    Example:
        >>> print(formatted({"data": {"name": "digits", "mean": [0.5]}}), end="")
        [data]
        name = "digits"
        mean = [0.5]
    """
    tables = []
    for title, table in config.items():
        rows = [
            f"{key} = {json.dumps(value, ensure_ascii=False, allow_nan=False)}\n"
            for key, value in table.items()
        ]
        tables.append(f"[{title}]\n{''.join(rows)}")
    return "\n".join(tables)


def parsed(text: str, name: str) -> Config:
    """Return the tables that :func:`formatted` wrote.

    Raises:
        CommandError: a line is not as it writes them.

    Example:
        >>> parsed('[data]\\nclasses = ["a", "b"]\\n', "config.toml")
        {'data': {'classes': ['a', 'b']}}
    """
    config: Config = {}
    table: dict[str, Any] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]") and "=" not in line:
            table = config.setdefault(line[1:-1], {})
            continue
        key, equals, value = line.partition(" = ")
        try:
            if table is None or not equals:
                raise ValueError("expected key = value below a [table]")
            table[key] = json.loads(value)
        except ValueError as error:
            raise CommandError(f"{name}, line {number}: {line!r}: {error}") from None
    return config


def write_config(path: Path, config: Config) -> None:
    """Write a configuration, whole or not at all."""
    from .files import write_text

    write_text(path, formatted(config))


def read_config(path: Path) -> Config:
    """Read a configuration.

    Raises:
        CommandError: the file is missing or broken.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(
            f"{path.parent} is not a run of tatami train: it has no {path.name}"
        ) from None
    return parsed(text, str(path))
