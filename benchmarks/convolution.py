"""Time convolutions and their two gradients over a grid of shapes, against PyTorch.

Both sides run in this process, call after call in turn; the shortest call of each side
counts, in processor time of the calling thread with one thread, else in real time.

    python benchmarks/convolution.py [--threads 1] [--batches 1 32 64] [--only lenet]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

import tatami
from tatami import kernels


class Shape(NamedTuple):
    """A convolution without its batch size."""

    name: str
    x: tuple[int, ...]
    weight: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1


GRID = [
    Shape("mnist.1", (1, 28, 28), (32, 1, 3, 3)),
    Shape("mnist.2", (32, 26, 26), (64, 32, 3, 3)),
    Shape("resnet.first", (3, 32, 32), (16, 3, 3, 3), padding=1),
    Shape("resnet.16", (16, 32, 32), (16, 16, 3, 3), padding=1),
    Shape("resnet.16-32/2", (16, 32, 32), (32, 16, 3, 3), 2, 1),
    Shape("resnet.32", (32, 16, 16), (32, 32, 3, 3), padding=1),
    Shape("resnet.32-64/2", (32, 16, 16), (64, 32, 3, 3), 2, 1),
    Shape("resnet.64", (64, 8, 8), (64, 64, 3, 3), padding=1),
    Shape("shortcut.16-32", (16, 32, 32), (32, 16, 1, 1), 2),
    Shape("shortcut.32-64", (32, 16, 16), (64, 32, 1, 1), 2),
    Shape("wide.first", (3, 32, 32), (64, 3, 3, 3), padding=1),
    Shape("wide.64", (64, 32, 32), (64, 64, 3, 3), padding=1),
    Shape("wide.64-128/2", (64, 32, 32), (128, 64, 3, 3), 2, 1),
    Shape("wide.128", (128, 16, 16), (128, 128, 3, 3), padding=1),
    Shape("lenet.1", (1, 32, 32), (6, 1, 5, 5)),
    Shape("lenet.2", (6, 14, 14), (16, 6, 5, 5)),
    Shape("depthwise.32", (32, 32, 32), (32, 1, 3, 3), 1, 1, 1, 32),
    Shape("depthwise.64/2", (64, 16, 16), (64, 1, 3, 3), 2, 1, 1, 64),
    Shape("depthwise.128", (128, 8, 8), (128, 1, 3, 3), 1, 1, 1, 128),
    Shape("grouped.64/4", (64, 16, 16), (64, 16, 3, 3), 1, 1, 1, 4),
    Shape("pointwise.64", (64, 16, 16), (128, 64, 1, 1)),
    Shape("dilated.32", (32, 16, 16), (32, 32, 3, 3), 1, 2, 2),
    Shape("stem.7x7/2", (3, 64, 64), (64, 3, 7, 7), 2, 3),
    Shape("sequence.5", (16, 128), (32, 16, 5), 1, 2),
]

KINDS = ("forward", "grad input", "grad weight")


def make_calls(shape: Shape, batch: int) -> tuple[list[Any], list[Any], float]:
    """Return our three calls, PyTorch's, and the operations of one of them."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((batch, *shape.x)).astype(np.float32)
    weight = generator.standard_normal(shape.weight).astype(np.float32)
    bias = generator.standard_normal(shape.weight[0]).astype(np.float32)
    dims = x.ndim - 2
    steps = [(n,) * dims for n in (shape.stride, shape.padding, shape.dilation)]
    geometry: Any = (*steps, shape.groups)
    out = kernels.convolution(x, weight, bias, *geometry)
    grad = generator.standard_normal(out.shape).astype(np.float32)
    ours = [
        lambda: kernels.convolution(x, weight, bias, *geometry),
        lambda: kernels.convolution_grad_input(grad, weight, x.shape, *geometry),
        lambda: kernels.convolution_grad_weight(grad, x, weight.shape, *geometry),
    ]
    tensors: Any = [torch.from_numpy(array) for array in (grad, x, weight, bias)]
    theirs = _torch_calls(tensors, geometry)
    return ours, theirs, 2.0 * out.size * weight[0].size


def _torch_calls(tensors: Any, geometry: Any) -> list[Callable[[], Any]]:
    grad, x, weight, bias = tensors
    *steps, groups = geometry
    convolve = torch.nn.functional.conv1d if x.ndim == 3 else torch.conv2d

    def backward(*mask: bool) -> Any:
        return torch.ops.aten.convolution_backward(
            grad, x, weight, None, *steps, False, [0] * (x.ndim - 2), groups, mask
        )

    return [
        lambda: convolve(x, weight, bias, *steps, groups),
        lambda: backward(True, False, False),
        lambda: backward(False, True, False),
    ]


def shortest(calls: list[Callable[[], Any]], seconds: float, clock: Any) -> list[float]:
    """Return the shortest time of each call, made in turn."""
    best = [float("inf")] * len(calls)
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 5 or time.perf_counter() < end:
        rounds += 1
        for i, call in enumerate(calls):
            for _ in range(3):
                start = clock()
                call()
                best[i] = min(best[i], clock() - start)
    return best


def report(shape: Shape, batch: int, seconds: float, clock: Any) -> list[float]:
    """Print one line for a shape and return the three ratios."""
    ours, theirs, operations = make_calls(shape, batch)
    line, ratios = f"{shape.name:15} {batch:3}", []
    for mine, other in zip(ours, theirs, strict=True):
        us, them = (t * 1e6 for t in shortest([mine, other], seconds, clock))
        ratios.append(them / us)
        line += f" |{us:9.1f} us {operations / us / 1e3:6.1f} GF {ratios[-1]:6.2f}x"
    print(line, flush=True)
    return ratios


def main() -> None:
    """Read the arguments and print one line for each shape and batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 64])
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tatami.set_num_threads(arguments.threads)
    clock = time.thread_time if arguments.threads == 1 else time.perf_counter
    print(f"{'threads ' + str(arguments.threads):19}", *(f"| {k:30}" for k in KINDS))
    ratios = [
        ratio
        for shape in GRID
        if arguments.only in shape.name
        for batch in arguments.batches
        for ratio in report(shape, batch, arguments.seconds, clock)
    ]
    print(f"least ratio {min(ratios):.2f}, {len(ratios)} measured")


if __name__ == "__main__":
    main()
