"""Activation functions made of straight lines: the relatives of relu."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.function import Operation
from ..tensor import Tensor, tensor_method, wrap
from .arguments import type_name, unbroadcast
from .door import public, refuse_type
from .inplace import update
from .relu import ThresholdBackward

__all__ = [
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "prelu",
    "relu6",
    "rrelu",
    "threshold",
]


class Gate(Operation):
    """Let a gradient through where a mask holds; elsewhere it is 0."""

    @staticmethod
    def forward(ctx: Any, gradient: np.ndarray, mask: np.ndarray) -> np.ndarray:
        ctx.mask = mask
        return kernels.where(mask, gradient, 0)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return Gate.apply(grad_output, wrap(ctx.mask))


def gate(gradient: Tensor, mask: np.ndarray) -> Tensor:
    """Return the gradient where the mask holds, else 0."""
    return Gate.apply(gradient, wrap(mask))


def perhaps_in_place(
    inplace: bool, input: Tensor, compute: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return what ``compute`` makes of ``input``, put into ``input`` if wanted."""
    return update(input, compute) if inplace else compute(input)


class Threshold(Operation):
    @staticmethod
    def forward(
        ctx: Any, array: np.ndarray, threshold: float, value: float
    ) -> np.ndarray:
        ctx.threshold = threshold
        ctx.save_for_backward(array)
        return kernels.where(kernels.le(array, threshold), value, array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return ThresholdBackward.apply(grad_output, x, ctx.threshold)


@public
def threshold(
    input: Tensor, threshold: float, value: float, inplace: bool = False
) -> Tensor:
    """Replace elements that are not above ``threshold`` by ``value``.

    Args:
        input: tensor of any shape and numeric type.
        threshold: elements up to and including it are replaced.
        value: what they are replaced by.
        inplace: put the result into ``input``.

    Example:
        >>> import tatami
        >>> tatami.threshold(tatami.tensor([0.1, 0.9]), 0.5, 7.0)
        tensor([7.0000, 0.9000])
    """
    refuse_type("threshold_cpu", input, "b")
    if input._array.dtype.kind != "f":
        threshold, value = int(threshold), int(value)
    return perhaps_in_place(
        inplace, input, lambda x: Threshold.apply(x, threshold, value)
    )


class Hardtanh(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, low: float, high: float) -> np.ndarray:
        ctx.bounds = low, high
        ctx.save_for_backward(array)
        return kernels.clip(array, low, high)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,), (low, high) = ctx.saved_arrays, ctx.bounds
        outside = kernels.logical_or(kernels.le(x, low), kernels.ge(x, high))
        return gate(grad_output, kernels.logical_not(outside))


@public
def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Cut elements to the range from ``min_val`` to ``max_val``.

    Args:
        input: tensor of any shape and numeric type.
        min_val: smallest value of the result.
        max_val: largest value of the result.
        inplace: put the result into ``input``.

    Raises:
        ValueError: ``min_val`` is greater than ``max_val``.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.hardtanh(tatami.tensor([-2.0, 0.5, 2.0]))
        tensor([-1.0000,  0.5000,  1.0000])
    """
    kind = input._array.dtype.kind
    if kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if kind != "f":
        min_val, max_val = int(min_val), int(max_val)
        if kind == "u" and (min_val < 0 or max_val < 0):
            raise RuntimeError(
                "cannot do hardtanh on an unsigned type with negative limits"
            )
    return perhaps_in_place(
        inplace, input, lambda x: Hardtanh.apply(x, min_val, max_val)
    )


@public
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Cut elements to the range from 0 to 6.

    Source: Krizhevsky 2010, "Convolutional Deep Belief Networks on CIFAR-10".

    Example:
        >>> import tatami
        >>> tatami.nn.functional.relu6(tatami.tensor([-2.0, 3.0, 9.0]))
        tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


class LeakyRelu(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, slope: float) -> np.ndarray:
        ctx.slope = slope
        ctx.save_for_backward(array)
        return _leak(array, array, slope)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return LeakyReluBackward.apply(grad_output, x, ctx.slope)


def _leak(values: np.ndarray, x: np.ndarray, slope: Any) -> np.ndarray:
    return kernels.where(kernels.gt(x, 0), values, kernels.mul(values, slope))


class LeakyReluBackward(Operation):
    @staticmethod
    def forward(
        ctx: Any, grad_output: np.ndarray, array: np.ndarray, slope: float
    ) -> np.ndarray:
        ctx.slope = slope
        ctx.save_for_backward(array)
        return _leak(grad_output, array, slope)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return LeakyReluBackward.apply(grad_output, x, ctx.slope)


@public
def leaky_relu(
    input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """Multiply negative elements by a small slope.

    Args:
        input: floating-point tensor of any shape.
        negative_slope: factor for negative elements.
        inplace: put the result into ``input``.

    Source: Maas et al. 2013, "Rectifier Nonlinearities Improve Neural Network
    Acoustic Models", section 2.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.leaky_relu(tatami.tensor([-1.0, 2.0]), 0.1)
        tensor([-0.1000,  2.0000])
    """
    refuse_type("leaky_relu_cpu", input, "biu")
    return perhaps_in_place(
        inplace, input, lambda x: LeakyRelu.apply(x, negative_slope)
    )


class PreluKernel(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, weight: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array, weight)
        return _leak(array, array, weight)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        positive = kernels.gt(x._array, 0)
        below = gate(grad_output, kernels.logical_not(positive))
        grad_input = gate(grad_output, positive) + below * weight
        return grad_input, unbroadcast(below * x, weight._array.shape)


@public
@tensor_method()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Multiply negative elements by a slope that is learnt.

    Args:
        input: floating-point tensor (N, C, *) or of any shape.
        weight: one slope, or one for each of the C channels.

    Source: He et al. 2015, "Delving Deep into Rectifiers", section 2.1.

    Raises:
        RuntimeError: types differ, or there are more slopes than channels.

    Example:
        >>> import tatami
        >>> tatami.prelu(tatami.tensor([-1.0, 2.0]), tatami.tensor([0.5]))
        tensor([-0.5000,  2.0000])
    """
    x, slopes = input._array, weight._array
    if x.dtype != slopes.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. Got "
            f"{type_name(input.dtype)} and {type_name(weight.dtype)}"
        )
    refuse_type("prelu_cpu", input, "biu")
    if slopes.size != 1:
        _check_slopes(x, slopes)
    shape = [1] * x.ndim
    if x.ndim > 1:
        shape[1] = slopes.size
    elif x.ndim == 1 and slopes.size != 1:
        shape[0] = 1
    return PreluKernel.apply(input, weight.reshape(shape))


def _check_slopes(x: np.ndarray, slopes: np.ndarray) -> None:
    if x.ndim == 0:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = x.shape[1] if x.ndim > 1 else 1
    if slopes.size != channels:
        raise RuntimeError(
            "Mismatch of parameter numbers and input channel size. Found parameter "
            f"numbers = {slopes.size} and channel size = {channels}."
        )
    if slopes.ndim > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
            f"{slopes.ndim}"
        )


class RreluWithNoise(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray, noise: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(noise)
        return kernels.mul(array, noise)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (noise,) = ctx.saved_tensors
        return grad_output * noise


@public
def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False,
    inplace: bool = False,
) -> Tensor:  # fmt: skip
    """Multiply negative elements by slopes drawn at random.

    Args:
        input: floating-point tensor of any shape.
        lower: smallest slope.
        upper: largest slope.
        training: draw slopes; otherwise their mean is used.
        inplace: put the result into ``input``.

    Source: Xu et al. 2015, "Empirical Evaluation of Rectified Activations in
    Convolutional Network", section 2.4.

    Raises:
        RuntimeError: a bound is infinite, or the lower one is above the upper one.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.rrelu(tatami.tensor([-1.0, 2.0]), 0.25, 0.75)
        tensor([-0.5000,  2.0000])
    """
    for name, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {name} bound must be finite, got {bound:g}")
    if lower > upper:
        raise RuntimeError(
            "Lower bound should be less than or equal to the upper bound"
        )
    refuse_type("rrelu_with_noise_out_cpu" if training else "leaky_relu_cpu",
                input, "biu")  # fmt: skip

    def compute(x: Tensor) -> Tensor:
        slopes = _slopes(x._array, lower, upper, training)
        return RreluWithNoise.apply(x, slopes)

    return perhaps_in_place(inplace, input, compute)


def _slopes(x: np.ndarray, lower: float, upper: float, training: bool) -> Tensor:
    """Return 1 for positive elements; for others a slope, each drawn in training."""
    positive = kernels.gt(x, 0)
    noise = kernels.full(x.shape, 1, x.dtype)
    if not training:
        return wrap(kernels.where(positive, noise, (lower + upper) / 2))
    places = np.nonzero(kernels.le(x, 0))
    drawn = wrap(kernels.full((len(places[0]) if x.ndim else x.size,), 0, np.float64))
    drawn.uniform_(lower, upper)
    return wrap(kernels.put(noise, places, drawn._array.astype(x.dtype), False))


def _ramp(array: np.ndarray) -> np.ndarray:
    """Return min(max(x + 3, 0), 6) / 6."""
    return kernels.div(kernels.clip(kernels.add(array, 3), 0, 6), 6)


def _on_ramp(array: np.ndarray) -> np.ndarray:
    return kernels.logical_and(kernels.gt(array, -3), kernels.lt(array, 3))


class Hardsigmoid(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return _ramp(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_arrays
        return gate(grad_output / 6, _on_ramp(x))


@public
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """Approximate the sigmoid by straight lines: min(max(x + 3, 0), 6) / 6.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.hardsigmoid(tatami.tensor([-4.0, 0.0, 1.5]))
        tensor([0.0000, 0.5000, 0.7500])
    """
    refuse_type("hardsigmoid_cpu", input, "biu")
    return perhaps_in_place(inplace, input, Hardsigmoid.apply)


class Hardswish(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(array)
        return kernels.mul(array, _ramp(array))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        bent = gate(grad_output * (x / 3 + 0.5), _on_ramp(x._array))
        return bent + gate(grad_output, kernels.ge(x._array, 3))


@public
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Multiply elements by their hardsigmoid.

    Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.

    Example:
        >>> import tatami
        >>> tatami.nn.functional.hardswish(tatami.tensor([-4.0, 1.0, 4.0]))
        tensor([-0.0000, 0.6667, 4.0000])
    """
    refuse_type("hardswish_cpu", input, "biu")
    return perhaps_in_place(inplace, input, Hardswish.apply)
