"""Single kernels, called as directly as tatami and PyTorch allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["make", "output_shape"]

Spec = dict[str, Any]
Call = Callable[[], Any]


def output_shape(spec: Spec) -> tuple[int, ...]:
    """Return the shape of a convolution's output."""
    N, _, H, W = spec["input"]
    O, _, K, _ = spec["weight"]
    stride, padding = spec["stride"], spec["padding"]
    return (N, O, *((n + 2 * padding - K) // stride + 1 for n in (H, W)))


def make(package: Any, spec: Spec) -> Call:
    """Return a function that calls a kernel.

    Args:
        package: tatami or torch.
        spec: the kernel's name and shapes.
    """
    stream = np.random.default_rng(0)

    def array(shape: Any) -> Any:
        return stream.standard_normal(shape, np.float32)

    if spec["kernel"].startswith("matmul"):
        return _matmul(package, spec["kernel"], array, *spec["sizes"])
    grad, x, weight = map(array, (output_shape(spec), spec["input"], spec["weight"]))
    tools = _tatami_convolution if package.__name__ == "tatami" else _torch_convolution
    return tools(package, spec, grad, x, weight)


def _matmul(package: Any, kernel: str, array: Any, M: int, K: int, N: int) -> Call:
    left = array((K, M)).T if kernel == "matmul_tn" else array((M, K))
    right = array((N, K)).T if kernel == "matmul_nt" else array((K, N))
    if package.__name__ == "tatami":
        matmul = package.kernels.matmul
        return lambda: matmul(left, right)
    a, b = package.from_numpy(left), package.from_numpy(right)
    return lambda: package.mm(a, b)


def _tatami_convolution(
    package: Any, spec: Spec, grad: Any, x: Any, weight: Any
) -> Call:
    kernels = package.kernels
    pair = ((spec["stride"],) * 2, (spec["padding"],) * 2, (1, 1), spec["groups"])
    if spec["kernel"] == "convolution":
        return lambda: kernels.convolution(x, weight, None, *pair)
    if spec["kernel"] == "convolution_grad_input":
        return lambda: kernels.convolution_grad_input(grad, weight, x.shape, *pair)
    return lambda: kernels.convolution_grad_weight(grad, x, weight.shape, *pair)


def _torch_convolution(package: Any, spec: Spec, *arrays: Any) -> Call:
    grad, x, weight = map(package.from_numpy, arrays)
    stride, padding, groups = (
        [spec["stride"]] * 2,
        [spec["padding"]] * 2,
        spec["groups"],
    )
    if spec["kernel"] == "convolution":
        convolve = package.conv2d
        return lambda: convolve(x, weight, None, stride, padding, 1, groups)
    wanted = spec["kernel"] == "convolution_grad_input"
    backward = package.ops.aten.convolution_backward.default
    rest = (None, stride, padding, [1, 1], False, [0, 0], groups)
    mask, place = [wanted, not wanted, False], 0 if wanted else 1
    return lambda: backward(grad, x, weight, *rest, mask)[place]
