"""Compare single kernels with PyTorch's, over a grid of shapes.

python benchmarks/kernel_grid.py [--quick] [--threads 1] [--rounds 7]
"""

from __future__ import annotations

import argparse
from typing import Any

import kernel_calls
import results
from sides import Sides, present

from tatami.cli.measure.flops import conv2d_flops, matmul_flops

__all__ = ["grid", "worst"]

OURS, THEIRS = "tatami eager", "PyTorch eager"
# N, C, H=W, O, K, stride, padding, groups
_CONVOLUTIONS = (
    (1, 1, 32, 6, 3, 1, 0, 1),
    (64, 1, 32, 6, 3, 1, 0, 1),
    (1, 6, 15, 16, 3, 1, 0, 1),
    (64, 6, 15, 16, 3, 1, 0, 1),
    (64, 1, 32, 6, 5, 1, 0, 1),
    (64, 6, 14, 16, 5, 1, 0, 1),
    (64, 1, 28, 32, 3, 1, 0, 1),
    (1, 32, 26, 64, 3, 1, 0, 1),
    (64, 32, 26, 64, 3, 1, 0, 1),
    (32, 3, 32, 16, 3, 1, 1, 1),
    (1, 16, 32, 16, 3, 1, 1, 1),
    (32, 16, 32, 16, 3, 1, 1, 1),
    (32, 16, 32, 32, 3, 2, 1, 1),
    (32, 16, 32, 32, 1, 2, 0, 1),
    (32, 32, 16, 32, 3, 1, 1, 1),
    (32, 32, 16, 64, 3, 2, 1, 1),
    (32, 64, 8, 64, 3, 1, 1, 1),
    (32, 64, 16, 64, 1, 1, 0, 1),
    (16, 128, 8, 128, 3, 1, 1, 1),
    (8, 3, 64, 16, 7, 2, 3, 1),
    (32, 32, 16, 32, 3, 1, 1, 32),
    (32, 32, 16, 32, 3, 1, 1, 4),
    (7, 13, 17, 11, 3, 1, 1, 1),
)
_PRODUCTS = (
    (1, 576, 120), (16, 576, 120), (64, 576, 120), (1024, 576, 120), (64, 120, 84),
    (64, 84, 10), (64, 784, 512), (64, 512, 512), (1, 9216, 128), (64, 9216, 128),
    (37, 101, 53), (128, 128, 128), (256, 256, 256), (512, 512, 512),
    (1024, 1024, 1024),
)  # fmt: skip
_QUICK = 5  # every fifth


def grid() -> list[dict[str, Any]]:
    """Return the specs of all kernels and shapes, each with its title and FLOPs."""
    kinds = ("convolution", "convolution_grad_input", "convolution_grad_weight")
    found = [
        _convolution(kind, *shape)
        for shape in _CONVOLUTIONS
        for kind in kinds
        # Nobody asks for the gradient of an image.
        if kind != "convolution_grad_input" or shape[1] > 3
    ]
    layouts = ("matmul_nn", "matmul_nt", "matmul_tn")
    return found + [
        {
            "kernel": layout,
            "sizes": sizes,
            "title": f"{layout} {'x'.join(map(str, sizes))}",
            "flops": matmul_flops(*sizes),
        }
        for sizes in _PRODUCTS
        for layout in layouts
    ]


def _convolution(
    kernel: str, N: int, C: int, H: int, O: int, K: int, stride: int, padding: int,
    groups: int,
) -> dict[str, Any]:  # fmt: skip
    spec: dict[str, Any] = {
        "kernel": kernel,
        "input": (N, C, H, H),
        "weight": (O, C // groups, K, K),
        "stride": stride,
        "padding": padding,
        "groups": groups,
    }
    words = [f"{N}x{C}x{H}x{H}", f"{O}@{K}x{K}"]
    words += [f"stride {stride}"] * (stride > 1) + [f"padding {padding}"] * (
        padding > 0
    )
    words += [f"groups {groups}"] * (groups > 1)
    flops = conv2d_flops(kernel_calls.output_shape(spec), spec["weight"])
    return {**spec, "title": f"{kernel} {', '.join(words)}", "flops": flops}


def worst(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the row that compares worst."""
    compared = [row for row in rows if row["ratio"] is not None]
    return min(compared, key=lambda row: row["ratio"], default=None)


def main() -> None:
    """Print a line for each kernel and shape, and name the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="every fifth line, short blocks")
    add("--threads", type=int, default=1)
    add("--rounds", type=int, help="blocks of each side (default: 7; quick: 3)")
    add("--only", default="", help="lines whose title has this text")
    arguments = parser.parse_args()
    wanted = [spec for spec in grid() if arguments.only in spec["title"]]
    wanted = wanted[:: _QUICK if arguments.quick else 1]
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    names, missing = present([OURS, THEIRS])
    with Sides(names, arguments.threads) as sides:
        rows = [_measured(sides, spec, rounds) for spec in wanted]
    found = worst(rows)
    if found is not None:
        print(f"worst: {found['ratio']:.2f} {found['title']}")
    section = "kernels_quick" if arguments.quick else "kernels"
    if not arguments.only:
        content = {"threads": arguments.threads, "absent": missing, "rows": rows}
        results.update(section, content)


def _measured(sides: Sides, spec: dict[str, Any], rounds: int) -> dict[str, Any]:
    full = {"kind": "kernel", "threads": sides.threads, **spec}
    row = {**spec, **sides.measure(full, rounds, 0.02)}
    row["ratio"] = results.ratio(row, THEIRS, OURS)
    rates = [
        f"{name.split()[0]} {spec['flops'] / side['median'] / 1e9:6.1f}"
        for name, side in row["sides"].items()
    ]
    compared = "     -" if row["ratio"] is None else f"{row['ratio']:6.2f}"
    print(f"{compared}  {spec['title']:62} {', '.join(rates)} GFLOP/s", flush=True)
    for name, reason in row["failed"].items():
        print(f"        {name} failed: {reason}", flush=True)
    return row


if __name__ == "__main__":
    main()
