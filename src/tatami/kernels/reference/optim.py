"""Optimizer steps: one call updates every parameter of a group, in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = [
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "asgd_step",
    "count_steps",
    "nadam_step",
    "radam_step",
    "rmsprop_step",
    "rprop_step",
    "sgd_step",
]

Array = np.ndarray
Arrays = Sequence[Array]


def _descent(param: Array, grad: Array, weight_decay: float, maximize: bool) -> Array:
    """Return the direction to go against: the gradient and the pull of the decay."""
    step = -grad if maximize else grad
    return step + weight_decay * param if weight_decay else step


def _blend(average: Array, value: Array, weight: float) -> None:
    """Move ``average`` towards ``value`` by the formula that is exact at its end."""
    if weight < 0.5:
        average += weight * (value - average)
    else:
        average[...] = value - (value - average) * (1 - weight)


def _accumulate_square(square: Array, step: Array, decay: float) -> None:
    square *= decay
    square += (1 - decay) * step * step


def count_steps(steps: Arrays) -> list[float]:
    """Add one to each count of steps, and return the counts."""
    for step in steps:
        step += 1
    return [float(step) for step in steps]


def sgd_step(
    params: Arrays, grads: Sequence[Array | tuple[Array, Array]],
    buffers: Sequence[Array | None],
    first: Sequence[bool], lr: float, momentum: float, dampening: float,
    weight_decay: float, nesterov: bool, maximize: bool,
) -> None:  # fmt: skip
    """Gradient descent with momentum; a ``first`` buffer starts as the gradient.

    A gradient may be given as two matrices that it is the product of.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in
    deep learning", section 2, with the learning rate outside the velocity.
    """
    for param, given, buffer, fresh in zip(params, grads, buffers, first, strict=True):
        grad = np.matmul(*given) if isinstance(given, tuple) else given
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
    max_exp_avg_sqs: Arrays, steps: Arrays, lr: float, beta1: float,
    beta2: float, eps: float, weight_decay: float, decoupled: bool, amsgrad: bool,
    maximize: bool,
) -> None:  # fmt: skip
    """Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019).

    ``steps`` count the steps, this one too; ``decoupled`` weight decay is AdamW's.
    """
    counts = count_steps(steps)
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
        correction1 = 1 - beta1 ** counts[i]
        correction2 = (1 - beta2 ** counts[i]) ** 0.5
        param -= (lr / correction1) * (average / (np.sqrt(square) / correction2 + eps))


def rmsprop_step(
    params: Arrays, grads: Arrays, square_avgs: Arrays, grad_avgs: Arrays,
    buffers: Arrays, lr: float, alpha: float, eps: float, weight_decay: float,
    momentum: float, maximize: bool,
) -> None:  # fmt: skip
    """RMSprop (Hinton 2012, lecture 6e), centred if there are ``grad_avgs``.

    Source of the centred form: Graves 2013, "Generating sequences with recurrent neural
    networks", equations 38 to 45. There are ``buffers`` if there is momentum.
    """
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = _descent(param, grad, weight_decay, maximize)
        square = square_avgs[i]
        _accumulate_square(square, step, alpha)
        if len(grad_avgs):
            _blend(grad_avgs[i], step, 1 - alpha)
            square = square - grad_avgs[i] * grad_avgs[i]
        with np.errstate(all="ignore"):
            scaled = step / (np.sqrt(square) + eps)
        if momentum:
            buffers[i][...] = buffers[i] * momentum + scaled
            scaled = buffers[i]
        param -= lr * scaled


def adagrad_step(
    params: Arrays, grads: Arrays, sums: Arrays, steps: Arrays, lr: float,
    lr_decay: float, weight_decay: float, eps: float, maximize: bool,
) -> None:  # fmt: skip
    """Adagrad (Duchi et al. 2011, figure 1, diagonal).

    ``steps`` count the steps, this one too.
    """
    counts = count_steps(steps)
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = _descent(param, grad, weight_decay, maximize)
        sums[i][...] += step * step
        rate = lr / (1 + (counts[i] - 1) * lr_decay)
        with np.errstate(all="ignore"):
            param -= rate * step / (np.sqrt(sums[i]) + eps)


def adadelta_step(
    params: Arrays, grads: Arrays, square_avgs: Arrays, acc_deltas: Arrays, lr: float,
    rho: float, eps: float, weight_decay: float, maximize: bool,
) -> None:  # fmt: skip
    """Adadelta (Zeiler 2012, algorithm 1), its step scaled by ``lr``."""
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = _descent(param, grad, weight_decay, maximize)
        _accumulate_square(square_avgs[i], step, rho)
        with np.errstate(all="ignore"):
            ratio = np.sqrt(acc_deltas[i] + eps) / np.sqrt(square_avgs[i] + eps)
            delta = ratio * step
        _accumulate_square(acc_deltas[i], delta, rho)
        param -= lr * delta


def adamax_step(
    params: Arrays, grads: Arrays, exp_avgs: Arrays, exp_infs: Arrays,
    steps: Arrays, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, maximize: bool,
) -> None:  # fmt: skip
    """Adamax (Kingma and Ba 2015, algorithm 2).

    ``steps`` count the steps, this one too.
    """
    counts = count_steps(steps)
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = _descent(param, grad, weight_decay, maximize)
        _blend(exp_avgs[i], step, 1 - beta1)
        np.maximum(exp_infs[i] * beta2, np.abs(step) + eps, out=exp_infs[i])
        rate = lr / (1 - beta1 ** counts[i])
        with np.errstate(all="ignore"):
            param -= rate * exp_avgs[i] / exp_infs[i]


def nadam_step(
    params: Arrays, grads: Arrays, exp_avgs: Arrays, exp_avg_sqs: Arrays,
    mu_products: Arrays, steps: Arrays, lr: float, beta1: float, beta2: float,
    eps: float, weight_decay: float, momentum_decay: float, decoupled: bool,
    maximize: bool,
) -> None:  # fmt: skip
    """NAdam (Dozat 2016, algorithm 2); ``mu_products`` hold the product of momenta.

    ``steps`` count the steps, this one too; ``decoupled`` weight decay is AdamW's.
    """
    counts = count_steps(steps)
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        if weight_decay and decoupled:
            param *= 1 - lr * weight_decay
        step = _descent(param, grad, 0 if decoupled else weight_decay, maximize)
        mu, after = (
            beta1 * (1 - 0.5 * 0.96 ** (count * momentum_decay))
            for count in (counts[i], counts[i] + 1)
        )
        mu_products[i][...] *= mu
        product = mu_products[i].item()
        _blend(exp_avgs[i], step, 1 - beta1)
        _accumulate_square(exp_avg_sqs[i], step, beta2)
        scale = np.sqrt(exp_avg_sqs[i] / (1 - beta2 ** counts[i])) + eps
        with np.errstate(all="ignore"):
            param -= lr * (1 - mu) / (1 - product) * step / scale
            param -= lr * after / (1 - product * after) * exp_avgs[i] / scale


def radam_step(
    params: Arrays, grads: Arrays, exp_avgs: Arrays, exp_avg_sqs: Arrays,
    steps: Arrays, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, decoupled: bool, maximize: bool,
) -> None:  # fmt: skip
    """RAdam (Liu et al. 2020, algorithm 2), adaptive from a variance length above 5.

    ``steps`` count the steps, this one too; ``decoupled`` weight decay is AdamW's.
    """
    longest = 2 / (1 - beta2) - 1
    counts = count_steps(steps)
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        if weight_decay and decoupled:
            param *= 1 - lr * weight_decay
        step = _descent(param, grad, 0 if decoupled else weight_decay, maximize)
        _blend(exp_avgs[i], step, 1 - beta1)
        _accumulate_square(exp_avg_sqs[i], step, beta2)
        change = exp_avgs[i] / (1 - beta1 ** counts[i]) * lr
        correction = 1 - beta2 ** counts[i]
        length = longest - 2 * counts[i] * beta2 ** counts[i] / correction
        if length > 5:
            above = (length - 4) * (length - 2) * longest
            below = (longest - 4) * (longest - 2) * length
            scale = correction**0.5 / (np.sqrt(exp_avg_sqs[i]) + eps)
            change = change * scale * (above / below) ** 0.5
        param -= change


def asgd_step(
    params: Arrays, grads: Arrays, averages: Arrays, weights: Sequence[float],
    rates: Sequence[float], lambd: float, weight_decay: float, maximize: bool,
) -> None:  # fmt: skip
    """Averaged gradient descent (Polyak and Juditsky 1992).

    ``rates`` are those of this step, ``weights`` those of the new point in the average.
    """
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = _descent(param, grad, weight_decay, maximize)
        param *= 1 - lambd * rates[i]
        param -= rates[i] * step
        if weights[i] == 1:
            averages[i][...] = param
        else:
            averages[i][...] += (param - averages[i]) * weights[i]


def rprop_step(
    params: Arrays, grads: Arrays, previous: Arrays, step_sizes: Arrays, shrink: float,
    grow: float, smallest: float, largest: float, maximize: bool,
) -> None:  # fmt: skip
    """Rprop (Riedmiller and Braun 1993, section IV), without weight backtracking.

    Where the sign of the gradient has changed, this step and the next forget it.
    """
    for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
        step = -grad if maximize else grad
        agreement = step * previous[i]
        factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1.0))
        factor = np.where(np.isnan(agreement), agreement, factor).astype(param.dtype)
        np.clip(step_sizes[i] * factor, smallest, largest, out=step_sizes[i])
        step = np.where(agreement < 0, 0, step)
        param -= np.sign(step) * step_sizes[i]
        previous[i][...] = step
