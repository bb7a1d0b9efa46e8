"""What the user sees while training: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["EpochDisplay", "epoch_line"]


class EpochDisplay:
    """Show how an epoch goes.

    Args:
        title: what to call the epoch.
        batches: number of batches in it.
        done: number of batches that are done.
        bar: draw a progress bar.
    """

    def __init__(self, title: str, batches: int, done: int, bar: bool) -> None:
        self._title = title
        self._batches = batches
        self._done = done
        self._wanted = bar
        self._bar: Any = None

    @contextmanager
    def shown(self) -> Iterator[EpochDisplay]:
        """Show the bar for the duration of a ``with`` block."""
        self._start = time.perf_counter()
        self._images = 0
        if not self._wanted:
            yield self
            return
        from tqdm import tqdm

        self._bar = tqdm(
            desc=self._title, total=self._batches, initial=self._done, leave=False,
            unit=" batches", dynamic_ncols=True, file=sys.stdout, mininterval=0.2,
        )  # fmt: skip
        with self._bar:
            yield self

    def step(self, images: int, loss: float, accuracy: float) -> None:
        """Show that a batch is done."""
        self._images += images
        if self._bar is not None:
            text = (
                f"loss {loss:.4f}, accuracy {accuracy:.2%}, {self.rate():,.0f} images/s"
            )
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update()

    def rate(self) -> float:
        """Return images per second."""
        return self._images / max(time.perf_counter() - self._start, 1e-9)


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """Return an epoch's numbers in one line.

    Example:
        >>> row = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "images_per_second": 900.0,
        ...        "test_loss": 0.4, "test_accuracy": 0.85}
        >>> epoch_line(row, 3)
        'epoch 1/3   loss 0.5000   accuracy 80.00%   test 85.00%   900 images/s'
    """
    return (
        f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}   loss {row['loss']:.4f}   "
        f"accuracy {row['accuracy']:.2%}   test {row['test_accuracy']:.2%}   "
        f"{row['images_per_second']:,.0f} images/s"
    )
