"""Whole derivatives of functions: products, Jacobians, Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .differentiate import grad
from .grad_mode import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Inputs = Tensor | Sequence[Tensor]


def _fresh(inputs: Inputs, create_graph: bool) -> tuple[Tensor, ...]:
    """Return inputs that gradients can be taken of, apart from the caller's."""
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if create_graph:
        return tuple(x.view_as(x) if x.requires_grad else _leaf(x) for x in given)
    return tuple(_leaf(x) for x in given)


def _leaf(x: Tensor) -> Tensor:
    return x.detach().requires_grad_()


def _outputs(function: Callable[..., Any], inputs: tuple[Tensor, ...]) -> Any:
    with enable_grad():
        return function(*inputs)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, Tensor) else tuple(value)


def _zeros(like: Tensor) -> Tensor:
    return wrap(np.zeros(like._array.shape, like._array.dtype))


def _gradients(
    outputs: Any, inputs: Any, seeds: Any, create_graph: bool, strict: bool
) -> tuple[Tensor, ...]:
    with enable_grad():
        pairs = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
        found: Sequence[Any] = [None] * len(inputs)
        if pairs:
            wanted, given = zip(*pairs, strict=True)
            found = grad(
                wanted, inputs, given, retain_graph=True, create_graph=create_graph,
                allow_unused=True,
            )  # fmt: skip
    if strict and any(g is None for g in found):
        raise RuntimeError(
            "The output of the user-provided function is independent of one of the "
            "inputs. This is not allowed in strict mode."
        )
    return tuple(
        _zeros(x) if g is None else g for g, x in zip(found, inputs, strict=True)
    )


def _unpacked(values: Sequence[Any], like: Any) -> Any:
    return values[0] if isinstance(like, Tensor) else tuple(values)


def _seeds(v: Any, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if v is not None:
        return _as_tuple(v)
    if len(outputs) != 1 or outputs[0]._array.size != 1:
        raise RuntimeError(
            "The vector v can only be None if the user-provided function returns a "
            "single Tensor with a single element."
        )
    return (wrap(np.ones(outputs[0]._array.shape, outputs[0]._array.dtype)),)


def vjp(
    func: Callable[..., Any], inputs: Inputs, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the outputs, and ``v`` times the Jacobian.

    Args:
        func: takes the inputs as arguments and returns a tensor or several.
        inputs: tensor or several.
        v: as many tensors as there are outputs, of their shapes; may be left out for
            a single number.
        create_graph: record the result, for higher derivatives.
        strict: refuse inputs that the outputs don't depend on.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.vjp(lambda x: (x * x).sum(), x)[1]
        tensor([2., 4.])
    """
    fresh = _fresh(inputs, create_graph)
    result = _outputs(func, fresh)
    outputs = _as_tuple(result)
    seeds = _seeds(v, outputs)
    products = _gradients(outputs, fresh, seeds, create_graph, strict)
    kept = outputs if create_graph else tuple(o.detach() for o in outputs)
    return _unpacked(kept, result), _unpacked(products, inputs)


def jvp(
    func: Callable[..., Any], inputs: Inputs, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the outputs, and the Jacobian times ``v``.

    The product is the derivative of a backward pass with respect to what it starts
    with, as in PyTorch.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.jvp(lambda x: x * x, x, tatami.ones(2))[1]
        tensor([2., 4.])
    """
    fresh = _fresh(inputs, create_graph)
    result = _outputs(func, fresh)
    outputs = _as_tuple(result)
    starts = tuple(_leaf(_zeros(o)) for o in outputs)
    back = _gradients(outputs, fresh, starts, True, strict)
    directions = _seeds(v, fresh)
    products = _gradients(back, starts, directions, create_graph, False)
    kept = outputs if create_graph else tuple(o.detach() for o in outputs)
    return _unpacked(kept, result), _unpacked(products, result)


def jacobian(
    func: Callable[..., Any], inputs: Inputs, create_graph: bool = False,
    strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """Return the derivative of each output element by each input element.

    Args:
        func: takes the inputs as arguments and returns a tensor or several.
        inputs: tensor or several.
        create_graph: record the result, for higher derivatives.
        strict: refuse inputs that the outputs don't depend on.
        vectorize: has no effect; rows are computed one by one.
        strategy: must be ``'reverse-mode'``.

    Returns:
        For one output and one input a tensor of the output's shape followed by the
        input's; otherwise tuples of those.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.jacobian(lambda x: x * x, x)
        tensor([[2., 0.],
                [0., 4.]])
    """
    if strategy != "reverse-mode":
        raise NotImplementedError(
            f"strategy must be 'reverse-mode', but got {strategy!r}"
        )
    fresh = _fresh(inputs, create_graph)
    result = _outputs(func, fresh)
    rows = [
        _unpacked(_rows(o, fresh, create_graph, strict), inputs)
        for o in _as_tuple(result)
    ]
    return _unpacked(rows, result)


def _rows(
    output: Tensor, inputs: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> list[Tensor]:
    found = []
    for i in range(output._array.size):
        seed = np.zeros(output._array.shape, output._array.dtype)
        seed.reshape(-1)[i] = 1
        seeds = (wrap(seed),)
        found.append(_gradients((output,), inputs, seeds, create_graph, strict))
    return [_stack([row[j] for row in found], output, x) for j, x in enumerate(inputs)]


def _stack(rows: list[Tensor], output: Tensor, x: Tensor) -> Tensor:
    """Put gradients on top of each other, recorded if they are."""
    shape = (*output._array.shape, *x._array.shape)
    count = max(output._array.size, 1)
    total = wrap(np.zeros((count, *x._array.shape), x._array.dtype))
    for i, row in enumerate(rows):
        place = np.zeros((count, *(1,) * x._array.ndim), x._array.dtype)
        place[i] = 1
        total = total + wrap(place) * row
    return total[: output._array.size].reshape(shape)


def hessian(
    func: Callable[..., Any], inputs: Inputs, create_graph: bool = False,
    strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """Return the second derivatives of a function whose result is one number.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.hessian(lambda x: (x * x * x).sum(), x)
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """

    def slope(*values: Tensor) -> Any:
        found = jacobian(func, values, create_graph=True)
        return found[0] if isinstance(inputs, Tensor) else found

    return jacobian(slope, inputs, create_graph, strict)


def vhp(
    func: Callable[..., Any], inputs: Inputs, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the output, and ``v`` times the Hessian.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.vhp(lambda x: (x * x).sum(), x, x)[1]
        tensor([2., 4.])
    """
    fresh = _fresh(inputs, create_graph)
    result = _outputs(func, fresh)
    slopes = _gradients((result,), fresh, _seeds(None, (result,)), True, strict)
    products = _gradients(slopes, fresh, _seeds(v, slopes), create_graph, strict)
    kept = result if create_graph else result.detach()
    return kept, _unpacked(products, inputs)


def hvp(
    func: Callable[..., Any], inputs: Inputs, v: Any = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the output, and the Hessian times ``v``: the same as :func:`vhp`.

    Differs from PyTorch, which walks the graph twice; a Hessian is symmetric.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([1.0, 2.0])
        >>> tatami.autograd.functional.hvp(lambda x: (x * x).sum(), x, x)[1]
        tensor([2., 4.])
    """
    return vhp(func, inputs, v, create_graph, strict)
