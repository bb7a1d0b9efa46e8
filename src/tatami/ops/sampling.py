"""Random tensors: the numbers PyTorch draws from the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels, size
from ..random import Generator
from ..tensor import Tensor, tensor_method, wrap
from .arguments import type_name
from .door import public
from .filled import check_layout, finish, kind_of, sizes_of
from .random_fill import (
    Bernoulli,
    check_probabilities,
    check_std,
    floating_kind,
    integers,
    stream_of,
)

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]


@public
def rand(
    *shape: Any, size: Any = None, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw numbers from 0 up to, but not including, 1.

    Args:
        shape: sizes, one by one or as one sequence.
        size: sizes as one sequence.
        generator: source of random numbers; the default one if left out.
        dtype: floating-point type; the default one if left out.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Example:
        >>> import tatami
        >>> _ = tatami.manual_seed(0)
        >>> tatami.rand(2)
        tensor([0.4963, 0.7682])
    """
    check_layout(layout)
    kind = floating_kind(dtype, "check_uniform_bounds")
    sizes = sizes_of("rand", shape, size)
    drawn = kernels.uniform(stream_of(generator), sizes, 0.0, 1.0, kind)
    return finish(drawn, device, requires_grad)


@public
def randn(
    *shape: Any, size: Any = None, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw normal numbers of mean 0 and standard deviation 1; see ``rand``.

    Example:
        >>> import tatami
        >>> _ = tatami.manual_seed(0)
        >>> tatami.randn(2)
        tensor([ 1.5410, -0.2934])
    """
    check_layout(layout)
    kind = floating_kind(dtype, "normal_kernel_cpu")
    sizes = sizes_of("randn", shape, size)
    drawn = kernels.normal(stream_of(generator), sizes, 0.0, 1.0, kind)
    return finish(drawn, device, requires_grad)


@public
def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = dtypes.int64, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw integers from ``low`` up to, but not including, ``high``.

    Args:
        low: least integer; 0 if only the other bound is given.
        high: upper bound.
        size: sizes of the result.
        generator: source of random numbers; the default one if left out.
        dtype: type of the elements.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: there is no integer between the bounds.

    Example:
        >>> import tatami
        >>> _ = tatami.manual_seed(0)
        >>> tatami.randint(10, (3,))
        tensor([4, 9, 3])
    """
    check_layout(layout)
    if size is None and isinstance(high, (tuple, list)):
        high, size = None, high
    if high is None:
        low, high = 0, low
    sizes = sizes_of("randint", (tuple(size),))
    return finish(
        integers(sizes, int(low), int(high), kind_of(dtype), generator), device,
        requires_grad,
    )  # fmt: skip


@public
def randperm(
    n: int, *, generator: Generator | None = None, dtype: Any = dtypes.int64,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return the integers from 0 to ``n`` - 1 in random order.

    Args:
        n: how many.
        generator: source of random numbers; the default one if left out.
        dtype: type of the elements.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: ``n`` is negative.

    Example:
        >>> import tatami
        >>> _ = tatami.manual_seed(0)
        >>> tatami.randperm(4)
        tensor([0, 1, 3, 2])
    """
    check_layout(layout)
    if n < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {n}: [{n}]"
        )
    drawn = kernels.randperm(stream_of(generator), n, kind_of(dtype))
    return finish(drawn, device, requires_grad)


@public
def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Draw as ``rand`` does, in the shape and type of another tensor.

    Example:
        >>> import tatami
        >>> tatami.rand_like(tatami.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    kind = input.dtype if dtype is None else dtype
    return rand(input.shape, generator=generator, dtype=kind, layout=layout,
                device=device, requires_grad=requires_grad)  # fmt: skip


@public
def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Draw as ``randn`` does, in the shape and type of another tensor.

    Example:
        >>> import tatami
        >>> tatami.randn_like(tatami.zeros(2, 3)).shape
        torch.Size([2, 3])
    """
    kind = input.dtype if dtype is None else dtype
    return randn(input.shape, generator=generator, dtype=kind, layout=layout,
                 device=device, requires_grad=requires_grad)  # fmt: skip


@public
def randint_like(
    input: Tensor, low: Any, high: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Draw as ``randint`` does, in the shape and type of another tensor.

    Example:
        >>> import tatami
        >>> tatami.randint_like(tatami.zeros(2, 3), 10).shape
        torch.Size([2, 3])
    """
    kind = input.dtype if dtype is None else dtype
    if high is None:
        low, high = 0, low
    return randint(
        int(low), int(high), input.shape, generator=generator, dtype=kind,
        layout=layout, device=device, requires_grad=requires_grad,
    )  # fmt: skip


@public
@tensor_method()
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Draw ones with the probabilities in ``input``, and zeros.

    Args:
        input: tensor of probabilities.
        p: one probability for all, in the place of those.
        generator: source of random numbers; the default one if left out.

    Raises:
        RuntimeError: a probability is not between 0 and 1.

    Example:
        >>> import tatami
        >>> tatami.bernoulli(tatami.tensor([0.0, 1.0]))
        tensor([0., 1.])
    """
    stream, kind = stream_of(generator), input._array.dtype
    if p is not None:
        drawn = wrap(kernels.bernoulli(stream, input._array.shape, p, kind))
        return Bernoulli.apply(input, lambda array: drawn._array)
    floating_kind(input.dtype, "bernoulli_tensor_cpu_p_")
    check_probabilities(input._array)
    return Bernoulli.apply(
        input, lambda array: kernels.bernoulli_tensor(stream, array, kind)
    )


@public
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Draw normal numbers.

    Args:
        mean: number, or tensor with a mean for each element.
        std: number, or tensor with a standard deviation for each element.
        size: sizes of the result, where both are numbers.
        generator: source of random numbers; the default one if left out.
        dtype: floating-point type, where both are numbers.
        layout: must be ``strided``.
        device: must be the CPU.
        requires_grad: record operations on the tensor.
        pin_memory: has no effect on a CPU.

    Raises:
        RuntimeError: a standard deviation is negative.

    Example:
        >>> import tatami
        >>> tatami.normal(2.0, 3.0, (2, 3)).shape
        torch.Size([2, 3])
    """
    given = [x for x in (mean, std) if isinstance(x, Tensor)]
    if not given:
        check_layout(layout)
        kind = floating_kind(dtype, "normal_kernel_cpu")
        check_std(std)
        sizes, stream = sizes_of("normal", (tuple(size),)), stream_of(generator)
        drawn = kernels.normal(stream, sizes, float(mean), float(std), kind)
        return finish(drawn, device, requires_grad)
    return _normal_like(mean, std, given, generator)


def _normal_like(
    mean: Any, std: Any, given: list[Tensor], generator: Generator | None
) -> Tensor:
    shape = size.broadcast(*(x._array.shape for x in given))
    kind, stream = given[0]._array.dtype, stream_of(generator)
    if not isinstance(std, Tensor):
        check_std(std)
        drawn = kernels.normal(stream, shape, 0.0, float(std), kind)
    else:
        if (std._array < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        drawn = kernels.mul(kernels.normal(stream, shape, 0.0, 1.0, kind), std._array)
    offset = mean._array if isinstance(mean, Tensor) else float(mean)
    return wrap(kernels.cast(kernels.add(drawn, offset), kind))


@public
@tensor_method()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Draw columns with the weights in each row.

    Args:
        input: (columns,) or (rows, columns), weights that need not add up to 1.
        num_samples: how many to draw from each row.
        replacement: let a column be drawn more than once.
        generator: source of random numbers; the default one if left out.

    Returns:
        (num_samples,) or (rows, num_samples), int64.

    Raises:
        RuntimeError: weights are negative, or there are too few.

    Example:
        >>> import tatami
        >>> tatami.multinomial(tatami.tensor([0.0, 1.0]), 1)
        tensor([1])
    """
    weights = input._array
    _check_weights(input, num_samples, replacement)
    drawn = kernels.multinomial(stream_of(generator), weights, num_samples, replacement)
    return wrap(kernels.cast(drawn, np.int64))


def _check_weights(input: Tensor, num_samples: int, replacement: bool) -> None:
    weights = input._array
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind != "f":
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: "
            f"{type_name(input.dtype)}"
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise RuntimeError(
            "probability tensor contains either `inf`, `nan` or element < 0"
        )
    if not weights.sum(-1).all():
        raise RuntimeError(
            "invalid multinomial distribution (sum of probabilities <= 0)"
        )
