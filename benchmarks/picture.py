"""Draw the share of the machine's peak against the batch size, for all sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import results

__all__ = ["curves", "draw"]

NETWORK = "tutorial"
COLOURS = {
    "tatami compiled": "#0b6e4f",
    "tatami eager": "#6bbf8a",
    "PyTorch eager": "#d1495b",
    "torch.compile": "#e5989b",
    "JAX": "#3d5a99",
    "ONNX Runtime": "#8d6a9f",
}
Curves = dict[str, list[tuple[int, float]]]


def curves(sections: dict[str, Any], training: bool, threads: int) -> Curves:
    """Return for each side its batch sizes and shares of the peak, in percent.

    Args:
        sections: what the file of results has.
        training: of training steps, or else of inference.
        threads: number of threads.
    """
    found: Curves = {}
    for row in sections["networks"]["rows"]:
        kind = (row["network"], row["training"], row["threads"])
        if kind != (NETWORK, training, threads):
            continue
        for name in row["sides"]:
            share = results.share(row, name, sections["machine"])
            found.setdefault(name, []).append((row["batch"], 100 * share))
    return found


def draw(sections: dict[str, Any], path: Path) -> None:
    """Draw a plot for training and one for inference, a row for each thread count.

    Args:
        sections: what the file of results has.
        path: where the picture goes.
    """
    import matplotlib

    matplotlib.use("Agg")
    # Fixed, so that the same results make the same file.
    matplotlib.rcParams["svg.hashsalt"] = "tatami"
    from matplotlib import pyplot

    rows = [row for row in sections["networks"]["rows"] if row["network"] == NETWORK]
    counts = sorted({row["threads"] for row in rows})
    figure, plots = pyplot.subplots(
        len(counts), 2, figsize=(10, 3.6 * len(counts)), sharex=True, squeeze=False
    )
    for line, threads in zip(plots, counts, strict=True):
        for plot, training in zip(line, (True, False), strict=True):
            _plot(plot, curves(sections, training, threads), training, threads)
    # All sides can infer, and not all can train.
    plots[0][1].legend(frameon=False, fontsize=8)
    figure.suptitle(f"The tutorial's CNN on {sections['machine']['name']}", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


def _plot(plot: Any, found: Curves, training: bool, threads: int) -> None:
    for name, points in found.items():
        batches, shares = zip(*sorted(points), strict=True)
        plot.plot(batches, shares, "o-", color=COLOURS[name], label=name, markersize=4)
    mode = "training" if training else "inference"
    plot.set_title(f"{mode}, {threads} thread{'s' if threads > 1 else ''}", fontsize=10)
    plot.set_xscale("log", base=2)
    ticks = sorted({batch for points in found.values() for batch, _ in points})
    plot.set_xticks(ticks, [str(tick) for tick in ticks])
    plot.set_ylim(0, 100)
    plot.set_xlabel("batch size")
    plot.set_ylabel("% of the multiply-add peak")
    plot.grid(alpha=0.3)
