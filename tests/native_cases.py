"""How to call each compiled kernel: strategies that draw its arguments.

To add a kernel, write a function that draws its arguments and enter it in ``CASES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

__all__ = ["CASES", "LATER", "TOLERANCES", "tolerance_of"]

Draw = Callable[..., Any]
Arguments = tuple[Any, ...]
LENGTHS = (0, 1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33, 64, 67)
SMALL = (1, 2, 3, 5, 7, 8, 9)
# Kernels whose strategies live in test files of their own.
LATER = {
    **dict.fromkeys(
        (
            "batch_norm", "batch_norm_grad", "channel_affine", "layer_norm",
            "layer_norm_grad",
        ),
        "test_kernels_norm.py",
    ),
    **dict.fromkeys(("lstm_cell", "lstm_cell_grad"), "test_kernels_elementwise.py"),
    **dict.fromkeys(
        (
            "assign", "concatenate", "embedding", "embedding_grad", "full", "one_hot",
            "pad", "put", "take",
        ),
        "test_kernels_movement.py",
    ),
    **dict.fromkeys(("bernoulli", "dropout", "uniform"), "test_kernels_random.py"),
    **dict.fromkeys(
        ("nll_loss", "nll_loss_grad", "softmax_grad", "log_softmax_grad"),
        "test_kernels_loss.py",
    ),
    **dict.fromkeys(("linear_relu", "matmul_masked"), "test_kernels_linalg.py"),
    "convolution_relu": "test_kernels_conv.py",
    **dict.fromkeys(
        (
            "convolution_max_pool", "convolution_max_pool_grad",
            "convolution_max_pool_infer",
        ),
        "test_kernels_conv_pool.py",
    ),
}  # fmt: skip
# Units in the last place of the largest result: an exact operation, a function, a sum.
TOLERANCES = {"exact": 0, "function": 8, "sum": 64, "step": 64}
FUNCTIONS = {
    "exp", "log", "tanh", "sigmoid", "erf", "rsqrt", "softmax", "log_softmax", "gelu",
    "gelu_grad", "silu", "silu_grad",
}  # fmt: skip
SUMS = ("sum", "matmul", "addmm", "linear", "conv", "avg_pool", "norm", "loss")


def tolerance_of(name: str) -> int:
    """Return the units in the last place that a kernel may differ by."""
    if name.endswith("_step"):
        return TOLERANCES["step"]
    if name in FUNCTIONS:
        return TOLERANCES["function"]
    return TOLERANCES["sum" if any(part in name for part in SUMS) else "exact"]


def shapes(draw: Draw, least: int = 0, most: int = 4, lengths: Any = SMALL) -> Any:
    """Draw a shape."""
    rank = draw(st.integers(least, most))
    return tuple(draw(st.sampled_from(lengths)) for _ in range(rank))


def array(draw: Draw, shape: Any, kind: Any, low: float = -3, high: float = 3) -> Any:
    """Draw an array: in order, or with gaps, or turned, or with repeated elements."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layout = draw(st.sampled_from(("plain", "plain", "gaps", "turned", "offset")))
    if layout == "gaps" and shape:
        wide = generator.uniform(low, high, (*shape[:-1], 2 * shape[-1]))
        return wide.astype(kind)[..., ::2]
    if layout == "turned":
        return generator.uniform(low, high, shape[::-1]).astype(kind).T
    if layout == "offset":
        size = int(np.prod(shape))
        return generator.uniform(low, high, size + 3).astype(kind)[3:].reshape(shape)
    return generator.uniform(low, high, shape).astype(kind)


def binary(draw: Draw, kind: Any) -> Arguments:
    """Draw two operands, one stretched or a number."""
    shape = shapes(draw, lengths=LENGTHS[:12], most=3)
    other = tuple(1 if draw(st.integers(0, 3)) == 0 else n for n in shape)
    a = array(draw, shape, kind)
    b: Any = array(draw, other[draw(st.integers(0, len(other))) :], kind)
    if draw(st.integers(0, 4)) == 0:
        b = draw(st.sampled_from((2, -0.5, 1.0)))
    return (a, b) if draw(st.booleans()) or not isinstance(b, np.ndarray) else (b, a)


def unary(draw: Draw, kind: Any) -> Arguments:
    """Draw an operand."""
    return (array(draw, shapes(draw, lengths=LENGTHS), kind),)


def positive(draw: Draw, kind: Any) -> Arguments:
    """Draw an operand above 0."""
    return (array(draw, shapes(draw, lengths=LENGTHS), kind, 0.01, 9),)


def threshold(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient and the operand it belongs to."""
    shape = shapes(draw, lengths=LENGTHS)
    return array(draw, shape, kind), array(draw, shape, kind), 0.0


def slope(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient and the operand it belongs to."""
    return threshold(draw, kind)[:2]


def where(draw: Draw, kind: Any) -> Arguments:
    """Draw a condition and two operands, one of them stretched or a number."""
    a, b = binary(draw, kind)
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    return array(draw, shape, kind) > 0, a, b


def reduction(draw: Draw, kind: Any) -> Arguments:
    """Draw an array without empty dimensions, some of them, and keepdim."""
    shape = shapes(draw, least=1, lengths=LENGTHS[1:])
    while np.prod(shape) > 20000:
        shape = shape[1:]
    dims = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    return array(draw, shape, kind), tuple(sorted(dims)), draw(st.booleans())


def rows(draw: Draw, kind: Any) -> Arguments:
    """Draw an array and one of its dimensions."""
    shape = shapes(draw, least=1, most=3, lengths=LENGTHS[1:])
    return array(draw, shape, kind, -20, 20), draw(st.integers(0, len(shape) - 1))


def matrices(draw: Draw, kind: Any) -> Arguments:
    """Draw factors of a product, perhaps stacks of them."""
    M, N, K = (draw(st.sampled_from(LENGTHS)) for _ in range(3))
    stack = shapes(draw, most=2, lengths=(1, 2, 3))
    shared = stack if draw(st.booleans()) else ()
    return array(draw, (*stack, M, K), kind), array(draw, (*shared, K, N), kind)


def addition(draw: Draw, kind: Any) -> Arguments:
    """Draw a bias, factors, beta and alpha."""
    M, N, K = (draw(st.sampled_from(LENGTHS)) for _ in range(3))
    bias = draw(st.sampled_from([(N,), (M, N), (1, N), (M, 1), ()]))
    numbers = draw(st.sampled_from([(1, 1), (0, 1), (0.5, 2.0), (1, -1.5)]))
    return (
        array(draw, bias, kind), array(draw, (M, K), kind), array(draw, (K, N), kind),
        *numbers,
    )  # fmt: skip


def _geometry(draw: Draw) -> dict[str, Any]:
    d = draw(st.integers(1, 2))
    groups = draw(st.sampled_from((1, 1, 1, 2, 3)))
    pick = lambda low, high: tuple(  # noqa: E731
        draw(st.integers(low, high)) for _ in range(d)
    )
    kernel, stride, padding = pick(1, 4), pick(1, 3), pick(0, 2)
    dilation = pick(1, 2)
    spans = [x * (k - 1) + 1 for k, x in zip(kernel, dilation, strict=True)]
    lengths = tuple(max(1, n - 2 * p) + draw(st.integers(0, 9))
                    for n, p in zip(spans, padding, strict=True))  # fmt: skip
    outputs = tuple(
        (n + 2 * p - span) // s + 1
        for n, p, span, s in zip(lengths, padding, spans, stride, strict=True)
    )
    C, O = (groups * draw(st.integers(1, 9)) for _ in range(2))
    N = draw(st.integers(1, 5))
    return {
        "x": (N, C, *lengths), "weight": (O, C // groups, *kernel), "bias": (O,),
        "output": (N, O, *outputs), "tail": (stride, padding, dilation, groups),
    }  # fmt: skip


def convolution(draw: Draw, kind: Any) -> Arguments:
    """Draw an image, a weight, perhaps a bias, and the geometry."""
    g = _geometry(draw)
    bias = array(draw, g["bias"], kind) if draw(st.booleans()) else None
    return array(draw, g["x"], kind), array(draw, g["weight"], kind), bias, *g["tail"]


def convolution_grad_input(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient, a weight, and the geometry."""
    g = _geometry(draw)
    grad, weight = array(draw, g["output"], kind), array(draw, g["weight"], kind)
    return grad, weight, g["x"], *g["tail"]


def convolution_grad_weight(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient, an image, and the geometry."""
    g = _geometry(draw)
    grad, x = array(draw, g["output"], kind), array(draw, g["x"], kind)
    return grad, x, g["weight"], *g["tail"]


def _window(draw: Draw, dilated: bool) -> dict[str, Any]:
    d = draw(st.integers(1, 2))
    pick = lambda low, high: tuple(  # noqa: E731
        draw(st.integers(low, high)) for _ in range(d)
    )
    kernel, stride = pick(1, 4), pick(1, 3)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = pick(1, 2) if dilated else (1,) * d
    lengths = tuple(x * (k - 1) + 1 + draw(st.integers(0, 9))
                    for k, x in zip(kernel, dilation, strict=True))  # fmt: skip
    return {
        "shape": (draw(st.integers(1, 3)), draw(st.integers(1, 5)), *lengths),
        "window": (kernel, stride, padding), "dilation": dilation,
        "ceil": draw(st.booleans()),
    }  # fmt: skip


def max_pool(draw: Draw, kind: Any) -> Arguments:
    """Draw an image and a window."""
    w = _window(draw, True)
    return array(draw, w["shape"], kind), *w["window"], w["dilation"], w["ceil"]


def max_pool_grad(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient and the places it goes to."""
    from tatami.kernels import reference

    x, *window = max_pool(draw, kind)
    values, indices = reference.max_pool(x, *window)
    return array(draw, values.shape, kind), indices, x.shape


def max_pool_tiles(draw: Draw, kind: Any) -> Arguments:
    """Draw an image and the lengths of its tiles."""
    pool = draw(st.sampled_from(((2, 2), (2, 2), (1, 3), (3, 1), (4, 2), (11, 11))))
    rows, columns = (k + draw(st.integers(0, 21)) for k in pool)
    planes = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    return array(draw, (*planes, rows, columns), kind), pool


def max_pool_tiles_grad(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient and the codes of tiles."""
    from tatami.kernels import reference

    x, pool = max_pool_tiles(draw, kind)
    values, code = reference.max_pool_tiles(x, pool)
    return array(draw, values.shape, kind), code, x, pool


def avg_pool(draw: Draw, kind: Any) -> Arguments:
    """Draw an image and a window."""
    w = _window(draw, False)
    divisor = draw(st.sampled_from((None, 3)))
    rest = (w["ceil"], draw(st.booleans()), divisor)
    return array(draw, w["shape"], kind), *w["window"], *rest


def avg_pool_grad(draw: Draw, kind: Any) -> Arguments:
    """Draw a gradient and a window."""
    from tatami.kernels import reference

    x, *rest = avg_pool(draw, kind)
    out = reference.avg_pool(x, *rest)
    return array(draw, out.shape, kind), x.shape, *rest


def _parameters(draw: Draw, kind: Any, lists: int, low: float = -3) -> list[Any]:
    """Draw lists of arrays, all for the same few parameters."""
    sizes = [shapes(draw, lengths=LENGTHS[:10], most=2) for _ in range(3)]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return [
        [np.asarray(generator.uniform(low, 3, shape), kind) for shape in sizes]
        for _ in range(lists)
    ]


def sgd_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step with or without momentum; some gradients are given as factors."""
    params, grads, buffers = _parameters(draw, kind, 3)
    for i, param in enumerate(params):
        if param.ndim == 2 and draw(st.booleans()):
            depth = draw(st.integers(0, 5))
            a = array(draw, (param.shape[0], depth), kind)
            grads[i] = a, array(draw, (depth, param.shape[1]), kind)
    momentum = draw(st.sampled_from((0.0, 0.9)))
    first = [draw(st.booleans()) for _ in params]
    options = (0.1, momentum, draw(st.sampled_from((0.0, 0.1))))
    flags = (bool(momentum) and draw(st.booleans()), draw(st.booleans()))
    decay = draw(st.sampled_from((0.0, 0.01)))
    return params, grads, buffers, first, *options, decay, *flags


def adam_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of any kind of Adam."""
    params, grads, averages = _parameters(draw, kind, 3)
    squares, largest = ([np.asarray(abs(x)) for x in params] for _ in range(2))
    steps = [np.array(draw(st.integers(0, 50)), np.float32) for _ in params]
    amsgrad = draw(st.booleans())
    return (
        params, grads, averages, squares, largest if amsgrad else [], steps, 0.01, 0.9,
        0.999, 1e-8, draw(st.sampled_from((0.0, 0.1))), draw(st.booleans()), amsgrad,
        draw(st.booleans()),
    )  # fmt: skip


def _counts(draw: Draw, params: list[Any]) -> list[Any]:
    return [np.array(draw(st.integers(0, 50)), np.float32) for _ in params]


def _decay(draw: Draw) -> float:
    return draw(st.sampled_from((0.0, 0.1)))


def rmsprop_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of RMSprop whose squares are more than the squared averages."""
    params, grads, averages, buffers = _parameters(draw, kind, 4)
    squares = [np.asarray(x * x + 1) for x in averages]
    momentum = draw(st.sampled_from((0.0, 0.9)))
    return (
        params, grads, squares, averages if draw(st.booleans()) else [],
        buffers if momentum else [], 0.01, draw(st.sampled_from((0.99, 0.3))), 1e-8,
        _decay(draw), momentum, draw(st.booleans()),
    )  # fmt: skip


def adagrad_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of Adagrad."""
    params, grads, sums = _parameters(draw, kind, 3)
    sums, steps = [np.asarray(abs(x)) for x in sums], _counts(draw, params)
    rest = (_decay(draw), 1e-10, draw(st.booleans()))
    return params, grads, sums, steps, 0.1, _decay(draw), *rest


def adadelta_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of Adadelta."""
    params, grads, *states = _parameters(draw, kind, 4)
    squares, deltas = ([np.asarray(abs(x)) for x in state] for state in states)
    rest = (_decay(draw), draw(st.booleans()))
    return params, grads, squares, deltas, 1.0, 0.9, 1e-6, *rest


def adamax_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of Adamax."""
    params, grads, averages, largest = _parameters(draw, kind, 4)
    largest, steps = [np.asarray(abs(x)) for x in largest], _counts(draw, params)
    options = (0.002, draw(st.sampled_from((0.9, 0.2))), 0.999, 1e-8)
    rest = (_decay(draw), draw(st.booleans()))
    return params, grads, averages, largest, steps, *options, *rest


def nadam_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of NAdam."""
    params, grads, averages, squares = _parameters(draw, kind, 4)
    squares, steps = [np.asarray(abs(x)) for x in squares], _counts(draw, params)
    products = [np.array(draw(st.sampled_from((1, 0.7))), np.float32) for _ in params]
    options = (0.002, 0.9, 0.999, 1e-8, _decay(draw), 0.004)
    rest = (draw(st.booleans()), draw(st.booleans()))
    return params, grads, averages, squares, products, steps, *options, *rest


def radam_step(draw: Draw, kind: Any) -> Arguments:
    """Draw a step of RAdam, before or after it is adaptive."""
    params, grads, averages, squares = _parameters(draw, kind, 4)
    squares, steps = [np.asarray(abs(x)) for x in squares], _counts(draw, params)
    rest = (_decay(draw), draw(st.booleans()), draw(st.booleans()))
    return params, grads, averages, squares, steps, 0.001, 0.9, 0.999, 1e-8, *rest


def count_steps(draw: Draw, kind: Any) -> Arguments:
    """Draw counts of steps."""
    return ([np.array(draw(st.integers(0, 50)), kind) for _ in range(3)],)


CASES: dict[str, Callable[[Draw, Any], Arguments]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "maximum", "minimum"), binary),
    **dict.fromkeys(("neg", "abs", "square", "relu", "exp", "tanh"), unary),
    **dict.fromkeys(("sigmoid", "erf", "gelu", "silu", "copy"), unary),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), binary),
    **dict.fromkeys(("gelu_grad", "silu_grad"), slope),
    "where": where,
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal", "log"), positive),
    **dict.fromkeys(("sum", "amax", "amin"), reduction),
    **dict.fromkeys(("softmax", "log_softmax"), rows),
    "threshold_backward": threshold,
    "matmul": matrices,
    "addmm": addition,
    "convolution": convolution,
    "convolution_grad_input": convolution_grad_input,
    "convolution_grad_weight": convolution_grad_weight,
    "max_pool": max_pool,
    "max_pool_grad": max_pool_grad,
    "max_pool_tiles": max_pool_tiles,
    "max_pool_tiles_grad": max_pool_tiles_grad,
    "avg_pool": avg_pool,
    "avg_pool_grad": avg_pool_grad,
    "sgd_step": sgd_step,
    "adam_step": adam_step,
    "rmsprop_step": rmsprop_step,
    "adagrad_step": adagrad_step,
    "adadelta_step": adadelta_step,
    "adamax_step": adamax_step,
    "nadam_step": nadam_step,
    "radam_step": radam_step,
    "count_steps": count_steps,
}
