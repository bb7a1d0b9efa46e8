"""``report.html``: a run on one page that needs no other file."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from .config import Config
from .files import write_text

__all__ = ["write_report"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; color: #222; background: #fff; }
h1 { margin-bottom: 0; } .result { font-size: 1.4rem; margin: .2rem 0 2rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; } .settings td { text-align: left; overflow-wrap: anywhere; }
"""
_COLUMNS = {
    "epoch": "{}",
    "loss": "{:.4f}",
    "accuracy": "{:.2%}",
    "test_loss": "{:.4f}",
    "test_accuracy": "{:.2%}",
    "learning_rate": "{:.2e}",
    "seconds": "{:.1f}",
    "images_per_second": "{:,.0f}",
}


def write_report(
    folder: Path,
    result: str,
    config: Config,
    history: list[dict[str, Any]],
    pictures: dict[str, str],
) -> None:
    """Write the page of a run.

    Args:
        folder: where it goes and where the pictures are.
        result: the run's outcome in one line.
        config: how the run was made.
        history: numbers of each epoch.
        pictures: title of each picture, by the name of its file.
    """
    title = escape(f"{config['model']['name']} on {config['data']['title']}")
    body = [f"<h1>{title}</h1>", f'<p class="result">{escape(result)}</p>']
    for name, heading in pictures.items():
        content = base64.b64encode((folder / name).read_bytes()).decode("ascii")
        image = f'<img alt="{escape(heading)}" src="data:image/png;base64,{content}">'
        body += [f"<h2>{escape(heading)}</h2>", image]
    body += [
        "<h2>Epochs</h2>",
        _epochs(history),
        "<h2>Settings</h2>",
        _settings(config),
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )
    write_text(folder / "report.html", page)


def _table(rows: list[list[str]], head: list[str], kind: str = "") -> str:
    lines = [f'<table class="{kind}">']
    if head:
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        lines.append(f"<tr>{cells}</tr>")
    for row in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table>"])


def _epochs(history: list[dict[str, Any]]) -> str:
    rows = [
        [form.format(row[key]) for key, form in _COLUMNS.items()] for row in history
    ]
    return _table(rows, [key.replace("_", " ") for key in _COLUMNS])


def _settings(config: Config) -> str:
    rows = []
    for title, table in config.items():
        for key, value in table.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            rows.append([f"{title}: {key.replace('_', ' ')}", text])
    return _table(rows, [], "settings")
