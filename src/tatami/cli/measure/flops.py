"""Count the multiplications and additions of a network from its layers' shapes.

Only convolutions and matrix products count: what the rest costs is time, not work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tatami

from ...nn import Conv2d, Linear, Module

__all__ = ["Flops", "conv2d_flops", "count_flops", "matmul_flops"]


@dataclass(frozen=True)
class Flops:
    """Say how many operations a batch takes, a multiply-add being two.

    Attributes:
        forward: of the output.
        backward: of the gradients of all parameters, and none of the input's.
    """

    forward: int
    backward: int

    @property
    def training(self) -> int:
        """Those of both directions."""
        return self.forward + self.backward


def matmul_flops(rows: int, inner: int, columns: int) -> int:
    """Return the operations of a product (rows, inner) x (inner, columns).

    Example:
        >>> matmul_flops(2, 3, 4)
        48
    """
    return 2 * rows * inner * columns


def conv2d_flops(output_shape: Any, weight_shape: Any) -> int:
    """Return the operations of a convolution (N, O, H, W) with weight (O, C, *kernel).

    Example:
        >>> conv2d_flops((1, 6, 30, 30), (6, 1, 3, 3))
        97200
    """
    return 2 * math.prod(output_shape) * math.prod(weight_shape[1:])


def count_flops(network: Module, *shape: int) -> Flops:
    """Count the operations for an input of a shape.

    Args:
        network: a network of tatami's.
        shape: the input's, with the batch.

    Example:
        >>> count_flops(tatami.nn.Linear(3, 4), 2, 3)
        Flops(forward=48, backward=48)
    """
    seen: list[tuple[int, bool]] = []

    def note(layer: Module, inputs: Any, output: Any) -> None:
        seen.append((_layer_flops(layer, inputs[0], output), inputs[0].requires_grad))

    layers = [part for part in network.modules() if isinstance(part, (Conv2d, Linear))]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with tatami.random.fork_rng():
            network(tatami.zeros(*shape))
    finally:
        for hook in hooks:
            hook.remove()
    forward = sum(flops for flops, _ in seen)
    # The weight's gradient costs what the output did; so does the input's, if needed.
    return Flops(forward, forward + sum(flops for flops, needed in seen if needed))


def _layer_flops(layer: Module, x: Any, output: Any) -> int:
    if isinstance(layer, Conv2d):
        return conv2d_flops(output.shape, layer.weight.shape)
    assert isinstance(layer, Linear)
    rows = output.numel() // layer.out_features
    return matmul_flops(rows, layer.in_features, layer.out_features)
