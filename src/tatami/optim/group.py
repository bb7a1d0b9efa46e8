"""What the package's optimizers share: one kernel call for each parameter group."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd import enable_grad
from ..kernels import native
from ..tensor import Tensor, wrap
from .optimizer import Closure, Optimizer

__all__ = ["GroupOptimizer"]

_RANGES = {
    "lr": "learning rate", "momentum": "momentum value", "eps": "epsilon value",
    "weight_decay": "weight_decay value", "alpha": "alpha value",
    "lr_decay": "lr_decay value", "momentum_decay": "momentum_decay value",
    "initial_accumulator_value": "initial_accumulator_value value",
}  # fmt: skip


class GroupOptimizer(Optimizer):
    """Do a step with one kernel call for each group: the package's own optimizers.

    A subclass says what a parameter starts with, ``_initial_state(group, param)``, and
    how arrays change, ``_update(group, params, grads, states)``.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for entries in self.state.values():
            for name in ("step", "mu_product", "eta", "mu"):
                if name in entries and not isinstance(entries[name], Tensor):
                    entries[name] = number(float(entries[name]))

    def step(self, closure: Closure | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: evaluates the model anew and returns the loss.

        Returns:
            what ``closure`` returned, or None.
        """
        loss = evaluate(closure)
        for group in self.param_groups:
            params, arrays, grads = trained(group["params"])
            if not params:
                continue
            states = [self._state_of(group, param) for param in params]
            self._update(group, arrays, grads, states)
            for param in params:
                param._counter[0] += 1
        return loss

    def _state_of(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        state: dict[str, Any] = self.state[param]
        if not state:
            state.update(self._initial_state(group, param))
        return state

    def _initial_state(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        raise NotImplementedError

    def _update(
        self, group: dict[str, Any], params: list[np.ndarray], grads: list[np.ndarray],
        states: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        raise NotImplementedError


def evaluate(closure: Closure | None) -> Any:
    """Return what a closure returns, called with recording switched on."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


# Lists of parameters, of their arrays, and of their gradients' arrays.
Trained = tuple[list[Tensor], list[np.ndarray], list[Any]]


def trained(params: list[Tensor], factors: bool = False) -> Trained:
    """Return the parameters that have a gradient, their arrays, and the gradients'.

    Args:
        params: parameters of a group.
        factors: whether two matrices may stand for a gradient that is their product.

    Raises:
        RuntimeError: a gradient has another shape than its parameter.
    """
    if kernels.in_use == "native":
        found: Trained | None = native.trained(params, factors)
        if found is not None:
            return found
    return _trained(params)


def _trained(params: list[Tensor]) -> Trained:
    chosen, arrays, grads = [], [], []
    for param in params:
        gradient = param._grad
        if gradient is None:
            continue
        array, grad = param._array, gradient._array
        if grad.shape != array.shape:
            raise RuntimeError(
                f"a parameter has shape {list(array.shape)}, but its gradient "
                f"{list(grad.shape)}: was its data replaced after the backward pass?"
            )
        chosen.append(param)
        arrays.append(array)
        grads.append(grad)
    return chosen, arrays, grads


def arrays(states: list[dict[str, Any]], name: str) -> list[np.ndarray]:
    """Return the arrays of one entry of the states."""
    return [state[name]._array for state in states]


def count_steps(states: list[dict[str, Any]]) -> list[float]:
    """Add one to the step counts of the states, and return them as numbers."""
    return kernels.count_steps(arrays(states, "step"))


def number(value: float) -> Tensor:
    """Return a tensor without dimensions for a count or a rate in a state."""
    double = dtypes.get_default_dtype() is dtypes.float64
    return wrap(np.array(value, np.float64 if double else np.float32))


def zeros_like(param: Tensor) -> Tensor:
    """Return a tensor of zeros, in the memory order of a parameter."""
    return wrap(np.zeros_like(param._array))


def scalar(value: Any) -> float:
    """Return an option given as a number or as a tensor of one element."""
    return value if isinstance(value, float) else float(value)


def check_options(options: dict[str, Any]) -> None:
    """Refuse options out of their range, and those that have no meaning here.

    Raises:
        ValueError: a rate is negative, or a beta is not between 0 and 1.
        RuntimeError: ``fused`` is combined with ``foreach`` or ``differentiable``.
        NotImplementedError: ``differentiable`` is asked for.
    """
    rate = options["lr"]
    if isinstance(rate, Tensor) and rate.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    for name, words in _RANGES.items():
        if name in options and not options[name] >= 0:
            raise ValueError(f"Invalid {words}: {options[name]}")
    for i, beta in enumerate(options.get("betas", ())):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    _check_implementation(options)


def _check_implementation(options: dict[str, Any]) -> None:
    """Accept what only chooses an implementation: every step is one kernel anyway."""
    if options.get("fused"):
        if options.get("differentiable"):
            raise RuntimeError("`fused` does not support `differentiable`")
        if options.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if options.get("differentiable"):
        raise NotImplementedError(
            "differentiable=True is not supported: a step changes parameters in place "
            "and is not recorded. To differentiate through a step, write it with "
            "tensor operations, as in `weight - lr * grad` with create_graph=True."
        )
