"""Prove gradients: compare them with finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .differentiate import grad
from .grad_mode import enable_grad, no_grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _tensors(value: Any) -> list[Tensor]:
    values = value if isinstance(value, (tuple, list)) else (value,)
    return [x for x in values if isinstance(x, Tensor)]


def _outputs(function: Callable[..., Any], inputs: Sequence[Any]) -> list[Tensor]:
    made = _tensors(function(*inputs))
    return [x for x in made if x._array.dtype.kind == "f"]


def _numerical(
    function: Callable[..., Any], inputs: Sequence[Any], x: Tensor, eps: float
) -> list[np.ndarray]:
    """Return d output / d x for each output, as (numel of x, numel of output)."""
    rows: list[list[np.ndarray]] = []
    array = x._array
    for index in np.ndindex(*array.shape):
        kept = array[index].copy()
        with no_grad():
            array[index] = kept + eps
            high = [o._array.copy() for o in _outputs(function, inputs)]
            array[index] = kept - eps
            low = [o._array.copy() for o in _outputs(function, inputs)]
            array[index] = kept
        rows.append(
            [((a - b) / (2 * eps)).ravel() for a, b in zip(high, low, strict=True)]
        )
    return [np.array(column) for column in zip(*rows, strict=True)]


def _analytical(output: Tensor, wanted: Sequence[Tensor]) -> list[np.ndarray]:
    """Return d output / d x for each x, as (numel of x, numel of output)."""
    count = output._array.size
    result = [np.zeros((x._array.size, count)) for x in wanted]
    for column in range(count):
        seed = np.zeros(output._array.shape, output._array.dtype)
        seed.reshape(-1)[column] = 1
        gradients = grad(
            output, wanted, wrap(seed), retain_graph=True, allow_unused=True
        )
        for matrix, gradient in zip(result, gradients, strict=True):
            if gradient is not None:
                matrix[:, column] = gradient._array.ravel()
    return result


def _require_double(inputs: Sequence[Any]) -> list[Tensor]:
    wanted = [x for x in _tensors(inputs) if x.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none "
            "of the them have requires_grad=True."
        )
    for x in wanted:
        if x._array.dtype != np.float64:
            raise ValueError(
                f"gradcheck compares finite differences and needs float64, but an "
                f"input that requires grad has dtype {x.dtype}"
            )
    return wanted


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Compare the gradients of a function with finite differences.

    Args:
        func: takes the inputs and returns a tensor or several.
        inputs: tensor or sequence; those that require grad must be float64.
        eps: step of the finite difference.
        atol: allowed absolute difference.
        rtol: allowed relative difference.
        raise_exception: raise on a difference, rather than return False.
        nondet_tol: allowed difference between two runs of the backward.

    Raises:
        GradcheckError: a gradient is wrong.

    Example:
        >>> import tatami
        >>> x = tatami.ones(2, dtype=tatami.float64, requires_grad=True)
        >>> tatami.autograd.gradcheck(lambda x: x * x, x)
        True
    """
    arguments = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    wanted = _require_double(arguments)
    try:
        _compare(func, arguments, wanted, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _compare(
    func: Callable[..., Any], arguments: Sequence[Any], wanted: list[Tensor],
    eps: float, atol: float, rtol: float, nondet_tol: float,
) -> None:  # fmt: skip
    outputs = _outputs(func, arguments)
    analytical = [
        _analytical(o, wanted)
        if o.requires_grad
        else [np.zeros((x._array.size, o._array.size)) for x in wanted]
        for o in outputs
    ]
    for o, first in zip(outputs, analytical, strict=True):
        _check_repeatable(o, wanted, first, nondet_tol)
    for i, x in enumerate(wanted):
        if x._array.size == 0:
            continue
        numerical = _numerical(func, arguments, x, eps)
        for j, expected in enumerate(numerical):
            found = analytical[j][i]
            if not np.allclose(found, expected, rtol, atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {j} with respect to input {i},\n"
                    f"numerical:{expected}\nanalytical:{found}\n"
                )


def _check_repeatable(
    output: Tensor, wanted: list[Tensor], first: list[np.ndarray], tolerance: float
) -> None:
    if not output.requires_grad:
        return
    again = _analytical(output, wanted)
    for a, b in zip(first, again, strict=True):
        if not np.allclose(a, b, 0, tolerance, equal_nan=True):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and "
                "grad_output multiple times gives different values"
            )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Compare the gradients of the gradients of a function with finite differences.

    Args:
        func: takes the inputs and returns a tensor or several.
        inputs: tensor or sequence; those that require grad must be float64.
        grad_outputs: gradients the backward starts with; random if left out.
        eps: step of the finite difference.
        atol: allowed absolute difference.
        rtol: allowed relative difference.
        raise_exception: raise on a difference, rather than return False.
        nondet_tol: allowed difference between two runs of the backward.

    Raises:
        GradcheckError: a second derivative is wrong.

    Example:
        >>> import tatami
        >>> x = tatami.ones(2, dtype=tatami.float64, requires_grad=True)
        >>> tatami.autograd.gradgradcheck(lambda x: x * x * x, x)
        True
    """
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    wanted = _require_double(arguments)
    seeds = (
        _tensors(grad_outputs)
        if grad_outputs is not None
        else _seeds([o for o in _outputs(func, arguments) if o.requires_grad])
    )

    def first_gradients(*values: Any) -> Any:
        count = len(arguments)
        with enable_grad():
            outputs = [o for o in _outputs(func, values[:count]) if o.requires_grad]
            needed = [x for x in values[:count] if any(x is w for w in wanted)]
            gradients = grad(
                outputs, needed, values[count:], create_graph=True, allow_unused=True
            )
        return tuple(g for g in gradients if g is not None and g.requires_grad)

    return gradcheck(
        first_gradients, (*arguments, *seeds), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, nondet_tol=nondet_tol,
    )  # fmt: skip


def _seeds(outputs: Sequence[Tensor]) -> list[Tensor]:
    source = np.random.default_rng(0)
    return [
        wrap(np.asarray(source.standard_normal(o._array.shape))).requires_grad_()
        for o in outputs
    ]
