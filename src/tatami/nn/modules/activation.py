"""Activation functions as modules."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ... import later
from ...tensor import Tensor
from .. import functional as F
from .. import init as initialise
from .inplace import InPlace
from .module import Module
from .utils import fresh_parameter

if TYPE_CHECKING:
    from .activation_smooth import (
        GELU,
        GLU,
        LogSigmoid,
        Mish,
        Sigmoid,
        SiLU,
        Softplus,
        Softsign,
        Tanh,
        Tanhshrink,
    )
    from .attention import MultiheadAttention
    from .softmax import LogSoftmax, Softmax, Softmax2d, Softmin

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "MultiheadAttention",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]

__getattr__, __dir__ = later.namespace(
    __name__,
    {
        "nn.modules.attention": "MultiheadAttention",
        "nn.modules.activation_smooth": (
            "GELU GLU LogSigmoid Mish SiLU Sigmoid Softplus Softsign Tanh Tanhshrink"
        ),
        "nn.modules.softmax": "LogSoftmax Softmax Softmax2d Softmin",
    },
)


class ReLU(InPlace):
    """Replace negative elements by zero.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.ReLU()(tatami.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.relu(input, inplace=self.inplace)


class RReLU(InPlace):
    """Multiply negative elements by a random slope; by its mean in evaluation.

    Args:
        lower: smallest slope.
        upper: largest slope.
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.RReLU().eval()(tatami.tensor([-1.0, 2.0]))
        tensor([-0.2292,  2.0000])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def _shown(self) -> list[str]:
        return [f"lower={self.lower}, upper={self.upper}"]


class Hardtanh(InPlace):
    """Limit elements to a range.

    Args:
        min_val: smallest result.
        max_val: largest result.
        inplace: write the result into the input.
        min_value: old name of ``min_val``.
        max_value: old name of ``max_val``.

    Raises:
        AssertionError: the range is empty.

    Example:
        >>> import tatami
        >>> tatami.nn.Hardtanh()(tatami.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """

    def __init__(
        self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False,
        min_value: float | None = None, max_value: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(inplace)
        if min_value is not None:
            _renamed("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _renamed("max_value", "max_val")
            max_val = max_value
        if max_val <= min_val:
            raise AssertionError(
                f"max_val ({max_val}) must be greater than min_val ({min_val})"
            )
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Tensor) -> Tensor:
        """Return each element, limited."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def _shown(self) -> list[str]:
        return [f"min_val={self.min_val}, max_val={self.max_val}"]


def _renamed(old: str, new: str) -> None:
    warnings.warn(
        f"keyword argument `{old}` is deprecated and renamed to `{new}`",
        FutureWarning,
        stacklevel=3,
    )


class ReLU6(Hardtanh):
    """Limit elements to the range from 0 to 6.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.ReLU6()(tatami.tensor([-1.0, 7.0]))
        tensor([0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def _shown(self) -> list[str]:
        return []


class Hardsigmoid(InPlace):
    """Approximate the logistic function by straight lines.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.Hardsigmoid()(tatami.tensor([-4.0, 0.0]))
        tensor([0.0000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return ""


class Hardswish(InPlace):
    """Multiply each element by its hard logistic function.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.Hardswish()(tatami.tensor([0.0, 1.0]))
        tensor([0.0000, 0.6667])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return ""


class ELU(InPlace):
    """Replace negative elements by alpha * (exp(x) - 1).

    Args:
        alpha: what the result approaches, with a minus, for small elements.
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.ELU()(tatami.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.elu(input, self.alpha, self.inplace)

    def _shown(self) -> list[str]:
        return [f"alpha={self.alpha}"]


class CELU(InPlace):
    """Replace negative elements by alpha * (exp(x / alpha) - 1).

    Args:
        alpha: what the result approaches, with a minus, for small elements.
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.CELU()(tatami.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.celu(input, self.alpha, self.inplace)

    def _shown(self) -> list[str]:
        return [f"alpha={self.alpha}"]


class SELU(InPlace):
    """Apply the scaled ELU that keeps mean 0 and variance 1.

    Args:
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.SELU()(tatami.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.selu(input, self.inplace)


class Hardshrink(Module):
    """Replace elements between -lambd and lambd by zero.

    Args:
        lambd: the limit.

    Example:
        >>> import tatami
        >>> tatami.nn.Hardshrink()(tatami.tensor([-1.0, 0.2]))
        tensor([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.lambd}"


class LeakyReLU(InPlace):
    """Multiply negative elements by a small slope.

    Args:
        negative_slope: the slope.
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.LeakyReLU()(tatami.tensor([-1.0, 2.0]))
        tensor([-0.0100,  2.0000])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def _shown(self) -> list[str]:
        return [f"negative_slope={self.negative_slope}"]


class Softshrink(Module):
    """Move elements towards zero by lambd, those nearer to it become zero.

    Args:
        lambd: how far.

    Example:
        >>> import tatami
        >>> tatami.nn.Softshrink()(tatami.tensor([-1.0, 0.2]))
        tensor([-0.5000,  0.0000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"{self.lambd}"


class Threshold(InPlace):
    """Replace elements that are not above a threshold by a value.

    Args:
        threshold: the threshold.
        value: what replaces them.
        inplace: write the result into the input.

    Example:
        >>> import tatami
        >>> tatami.nn.Threshold(0.1, 20)(tatami.tensor([0.0, 1.0]))
        tensor([20.,  1.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def _shown(self) -> list[str]:
        return [f"threshold={self.threshold}, value={self.value}"]


class PReLU(Module):
    """Multiply negative elements by a slope that is learnt.

    Args:
        num_parameters: 1, or as many slopes as there are channels (dimension 1).
        init: slope to begin with.
        device: must be the CPU.
        dtype: type of the slopes.

    Source: He et al. 2015, "Delving deep into rectifiers".

    Example:
        >>> import tatami
        >>> tatami.nn.PReLU()(tatami.tensor([-1.0, 2.0])).detach()
        tensor([-0.2500,  2.0000])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self.num_parameters = num_parameters
        super().__init__()
        self.init = init
        self.weight = fresh_parameter(num_parameters, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set all slopes to ``init``."""
        initialise.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return what the printed module shows in its parentheses."""
        return f"num_parameters={self.num_parameters}"
