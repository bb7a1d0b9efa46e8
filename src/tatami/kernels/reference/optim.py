"""Optimizer steps: one call updates every parameter of a group, in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = [
    "adam_step",
    "sgd_step",
]

Array = np.ndarray
Arrays = Sequence[Array]


def sgd_step(
    params: Arrays, grads: Arrays, buffers: Sequence[Array | None],
    first: Sequence[bool], lr: float, momentum: float, dampening: float,
    weight_decay: float, nesterov: bool, maximize: bool,
) -> None:  # fmt: skip
    """Gradient descent with momentum; a buffer that is ``first`` starts as the gradient.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in
    deep learning", section 2, with the learning rate outside the velocity.
    """
    for param, grad, buffer, fresh in zip(params, grads, buffers, first, strict=True):
        step = -grad if maximize else grad
        if weight_decay:
            step = step + weight_decay * param
        if momentum and buffer is not None:
            if fresh:
                buffer[...] = step
            else:
                buffer *= momentum
                buffer += (1 - dampening) * step
            step = step + momentum * buffer if nesterov else buffer
        param -= lr * step


def adam_step(
    params: Arrays, grads: Arrays, exp_avgs: Arrays, exp_avg_sqs: Arrays,
    max_exp_avg_sqs: Arrays, steps: Sequence[float], lr: float, beta1: float,
    beta2: float, eps: float, weight_decay: float, decoupled: bool, amsgrad: bool,
    maximize: bool,
) -> None:  # fmt: skip
    """Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019).

    ``steps`` are the counts after this step; ``decoupled`` weight decay is AdamW's.
    """
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = -grad if maximize else grad
        if weight_decay and decoupled:
            param *= 1 - lr * weight_decay
        elif weight_decay:
            step = step + weight_decay * param
        average, square = exp_avgs[i], exp_avg_sqs[i]
        average += (step - average) * (1 - beta1)
        square *= beta2
        square += (1 - beta2) * step * step
        if amsgrad:
            np.maximum(max_exp_avg_sqs[i], square, out=max_exp_avg_sqs[i])
            square = max_exp_avg_sqs[i]
        correction1 = 1 - beta1 ** steps[i]
        correction2 = (1 - beta2 ** steps[i]) ** 0.5
        param -= (lr / correction1) * (average / (np.sqrt(square) / correction2 + eps))
