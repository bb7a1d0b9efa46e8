"""Filling tensors with random numbers, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..random import Generator, default_generator
from ..tensor import Tensor, tensor_method
from .arguments import type_name
from .door import zeros_of
from .filled import kind_of
from .inplace import update

__all__: list[str] = []

Array = np.ndarray


def stream_of(generator: Generator | None) -> Any:
    """Return the stream of a generator, that of the default one for None."""
    return (default_generator if generator is None else generator)._stream


def floating_kind(dtype: Any, kernel: str) -> np.dtype[Any]:
    """Return the NumPy type to draw in, which must be a floating-point one."""
    kind = kind_of(dtype)
    if kind.kind != "f":
        name = type_name(dtypes.parse(dtype))
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{name}'")
    return kind


def integers(
    shape: tuple[int, ...], low: int, high: int, kind: Any, generator: Any
) -> Array:
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= "
            f"to={high}"
        )
    return kernels.randint(stream_of(generator), shape, low, high, kind)


class Draw(Operation):
    """Replace elements by random ones: no gradient comes back through them."""

    @staticmethod
    def forward(ctx: Any, array: Array, drawn: Callable[[Array], Array]) -> Array:
        return drawn(array)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return zeros_of(grad_output)


class Uniform(Draw):
    node_name = "UniformBackward0"


class Normal(Draw):
    node_name = "NormalBackward0"


class Random(Draw):
    node_name = "RandomBackward0"


class Bernoulli(Draw):
    node_name = "BernoulliBackward0"


class Exponential(Draw):
    node_name = "ExponentialBackward0"


class Geometric(Draw):
    node_name = "GeometricBackward0"


class Cauchy(Draw):
    node_name = "CauchyBackward0"


class LogNormal(Draw):
    node_name = "LogNormalBackward0"


def _fill(tensor: Tensor, operation: type[Draw], draw: Callable[..., Array]) -> Tensor:
    """Fill a tensor with ``draw(shape)``, in the order its elements lie in memory."""

    def drawn(array: Array) -> Array:
        values = draw(array.shape)
        if array.flags.c_contiguous:
            return values
        placed = np.empty_like(array)
        kernels.fill_in_memory_order(placed, values)
        return placed

    return update(tensor, lambda original: operation.apply(original, drawn))


def _require_floating(tensor: Tensor, kernel: str) -> np.dtype[Any]:
    return floating_kind(tensor.dtype, kernel)


@tensor_method("uniform_")
def _uniform(
    self: Tensor, low: float = 0.0, to: float = 1.0, *,
    generator: Generator | None = None, **start: float,
) -> Tensor:  # fmt: skip
    """Fill with numbers from ``from`` up to, but not including, ``to``."""
    low = _from(start, low)
    kind = _require_floating(self, "check_uniform_bounds")
    if low > to:
        raise RuntimeError(
            "uniform_ expects to return a [from, to) range, but found from="
            f"{low:g} > to={to:g}"
        )
    stream = stream_of(generator)
    return _fill(self, Uniform, lambda s: kernels.uniform(stream, s, low, to, kind))


def _from(options: dict[str, Any], default: Any) -> Any:
    """Return the argument named ``from``, a word Python keeps for itself."""
    value = options.pop("from", default)
    if options:
        raise TypeError(f"unexpected keyword argument '{next(iter(options))}'")
    return value


@tensor_method("normal_")
def _normal(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill with normal numbers."""
    kind = _require_floating(self, "normal_kernel_cpu")
    check_std(std)
    stream, contiguous = stream_of(generator), self._array.flags.c_contiguous
    return _fill(
        self, Normal, lambda s: kernels.normal(stream, s, mean, std, kind, contiguous)
    )


def check_std(std: float) -> None:
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


@tensor_method("random_")
def _random(
    self: Tensor, low: int | None = None, to: int | None = None, *,
    generator: Generator | None = None, **start: int,
) -> Tensor:  # fmt: skip
    """Fill with integers: from ``from`` to ``to`` - 1, or all the type holds."""
    low = _from(start, low)
    stream, kind = stream_of(generator), self._array.dtype
    if low is None and to is None:
        return _fill(self, Random, lambda s: kernels.random_bits(stream, s, kind))
    if to is None:
        low, to = 0, low
    first, last = int(low or 0), int(to or 0)
    return _fill(self, Random, lambda s: integers(s, first, last, kind, generator))


@tensor_method("bernoulli_")
def _bernoulli(
    self: Tensor, p: Any = 0.5, *, generator: Generator | None = None
) -> Tensor:
    """Fill with ones with probability ``p``, and zeros."""
    stream, kind = stream_of(generator), self._array.dtype
    if isinstance(p, Tensor):
        probabilities = np.broadcast_to(p._array, self._array.shape)
        check_probabilities(probabilities)
        return _fill(
            self, Bernoulli,
            lambda s: kernels.bernoulli_tensor(stream, probabilities, kind),
        )  # fmt: skip
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return _fill(self, Bernoulli, lambda s: kernels.bernoulli(stream, s, p, kind))


def check_probabilities(probabilities: Array) -> None:
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this "
            "error message be improved?  If so, please report an enhancement request "
            "to PyTorch.)\nA probability lies between 0 and 1; these go from "
            f"{probabilities.min():g} to {probabilities.max():g}"
        )


@tensor_method("exponential_")
def _exponential(
    self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with waiting times of rate ``lambd``."""
    kind = _require_floating(self, "exponential_cpu")
    if not lambd > 0:
        raise RuntimeError(
            f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}"
        )
    stream = stream_of(generator)
    return _fill(
        self, Exponential, lambda s: kernels.exponential(stream, s, lambd, kind)
    )


@tensor_method("geometric_")
def _geometric(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials up to the first success."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    stream, kind = stream_of(generator), self._array.dtype
    return _fill(self, Geometric, lambda s: kernels.geometric(stream, s, p, kind))


@tensor_method("cauchy_")
def _cauchy(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill with numbers of the Cauchy distribution."""
    kind = _require_floating(self, "cauchy_cpu")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    stream = stream_of(generator)
    return _fill(self, Cauchy, lambda s: kernels.cauchy(stream, s, median, sigma, kind))


@tensor_method("log_normal_")
def _log_normal(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Fill with numbers whose logarithm is normal."""
    kind = _require_floating(self, "log_normal_cpu")
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    stream = stream_of(generator)
    return _fill(
        self, LogNormal, lambda s: kernels.log_normal(stream, s, mean, std, kind)
    )
