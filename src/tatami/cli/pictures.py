"""Pictures of a run: curves, confusion of classes, and the surest mistakes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from .data import Source
from .files import write_bytes

__all__ = ["draw_all"]

_MISTAKES = 32
_COLUMNS = 8


def draw_all(
    folder: Path, history: list[dict[str, Any]], source: Source, scores: np.ndarray
) -> dict[str, str]:
    """Write all pictures of a run.

    Args:
        folder: where they go.
        history: numbers of each epoch.
        source: the data.
        scores: probability of each class for each test image.

    Returns:
        The title of each picture, by the name of its file.
    """
    wrong = int((scores.argmax(1) != source.test.labels).sum())
    shown = min(wrong, _MISTAKES)
    pictures = {
        "curves.png": ("Loss and accuracy", _curves(history)),
        "confusion.png": ("Confusion of classes", _confusion(source, scores)),
        "mistakes.png": (
            f"The {shown} surest of {wrong} mistakes" if wrong else "No mistakes",
            _mistakes(source, scores),
        ),
    }
    for name, (_, figure) in pictures.items():
        content = io.BytesIO()
        figure.savefig(content, format="png")
        write_bytes(folder / name, content.getvalue())
    return {name: title for name, (title, _) in pictures.items()}


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def _curves(history: list[dict[str, Any]]) -> Any:
    figure = _figure(9, 3.6)
    epochs = [row["epoch"] for row in history]
    for axes, key, name in zip(
        figure.subplots(1, 2), ("loss", "accuracy"), ("loss", "accuracy"), strict=True
    ):
        axes.plot(epochs, [row[key] for row in history], "o-", label="training")
        axes.plot(epochs, [row[f"test_{key}"] for row in history], "o-", label="test")
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def confusion(labels: np.ndarray, guesses: np.ndarray, classes: int) -> np.ndarray:
    """Count how often each class (row) was taken for each class (column).

    Example:
        >>> import numpy as np
        >>> confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
        array([[1, 0],
               [1, 1]])
    """
    places = labels * classes + guesses
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def _confusion(source: Source, scores: np.ndarray) -> Any:
    names = source.classes
    counts = confusion(source.test.labels, scores.argmax(1), len(names))
    side = min(max(4.0, 0.5 * len(names)), 14.0)
    figure = _figure(side + 0.6, side)
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= 30:
        axes.set_xticks(range(len(names)), _plain(names), rotation=90)
        axes.set_yticks(range(len(names)), _plain(names))
        for row, column in zip(*counts.nonzero(), strict=True):
            axes.text(
                column, row, str(counts[row, column]), ha="center", va="center",
                fontsize=8, color="white" if shares[row, column] > 0.5 else "black",
            )  # fmt: skip
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    return figure


def _plain(names: list[str]) -> list[str]:
    """Return names in which matplotlib sees no formulas."""
    return [name.replace("$", r"\$") for name in names]


def _mistakes(source: Source, scores: np.ndarray) -> Any:
    labels, guesses = source.test.labels, scores.argmax(1)
    wrong = np.flatnonzero(guesses != labels)
    sure = scores[wrong, guesses[wrong]]
    wrong = wrong[np.argsort(-sure, kind="stable")][:_MISTAKES]
    rows = max(1, -(-len(wrong) // _COLUMNS))
    figure = _figure(1.3 * _COLUMNS, 1.6 * rows)
    names = _plain(source.classes)
    for i in range(rows * _COLUMNS):
        axes = figure.add_subplot(rows, _COLUMNS, i + 1)
        axes.axis("off")
        if i < len(wrong):
            index = wrong[i]
            axes.imshow(
                _shown(source.test.pixels[index]), cmap="gray", vmin=0, vmax=255
            )
            guess = guesses[index]
            text = f"{names[labels[index]]}, not {names[guess]}"
            axes.set_title(f"{text}\n{scores[index, guess]:.0%} sure", fontsize=8)
    if not len(wrong):
        figure.suptitle("every test image was told right")
    return figure


def _shown(pixels: np.ndarray) -> np.ndarray:
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
