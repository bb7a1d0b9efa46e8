"""Smooth activation functions as modules."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .inplace import InPlace
from .module import Module

__all__ = [
    "GELU",
    "GLU",
    "LogSigmoid",
    "Mish",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class Sigmoid(Module):
    """Apply the logistic function, 1 / (1 + exp(-x)).

    Example:
        >>> import tatami
        >>> tatami.nn.Sigmoid()(tatami.tensor([0.0]))
        tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.sigmoid(input)


class Tanh(Module):
    """Apply the hyperbolic tangent.

    Example:
        >>> import tatami
        >>> tatami.nn.Tanh()(tatami.tensor([0.0, 0.5]))
        tensor([0.0000, 0.4621])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.tanh(input)


class SiLU(InPlace):
    """Multiply each element by its logistic function.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.SiLU()(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7311])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.silu(input, inplace=self.inplace)


class Mish(InPlace):
    """Multiply each element by tanh(softplus(x)).

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.Mish()(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8651])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.mish(input, inplace=self.inplace)


class GELU(Module):
    """Multiply each element by the normal distribution function of it.

    Args:
        approximate: ``'tanh'`` for a faster formula, or ``'none'``.

    Example:
        >>> import tatami
        >>> tatami.nn.GELU()(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """Multiply one half of a dimension by the logistic function of the other.

    Args:
        dim: dimension to halve; its length is even.

    Example:
        >>> import tatami
        >>> tatami.nn.GLU()(tatami.tensor([1.0, 0.0]))
        tensor([0.5000])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"dim={self.dim}"


class LogSigmoid(Module):
    """Apply the logarithm of the logistic function.

    Example:
        >>> import tatami
        >>> tatami.nn.LogSigmoid()(tatami.tensor([0.0]))
        tensor([-0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.logsigmoid(input)


class Softplus(Module):
    """Apply log(1 + exp(beta * x)) / beta, a smooth ReLU.

    Args:
        beta: how sharp the bend is.
        threshold: where beta * x is above it, return x.

    Example:
        >>> import tatami
        >>> tatami.nn.Softplus()(tatami.tensor([0.0, 30.0]))
        tensor([ 0.6931, 30.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """Apply x / (1 + |x|).

    Example:
        >>> import tatami
        >>> tatami.nn.Softsign()(tatami.tensor([-1.0, 0.0]))
        tensor([-0.5000,  0.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.softsign(input)


class Tanhshrink(Module):
    """Apply x - tanh(x).

    Example:
        >>> import tatami
        >>> tatami.nn.Tanhshrink()(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.tanhshrink(input)
