"""L-BFGS: a quasi-Newton method that keeps a short history of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import kernels
from ..autograd import no_grad
from ..tensor import Tensor, wrap
from .group import check_options, evaluate, scalar, trained
from .line_search import strong_wolfe
from .optimizer import Optimizer

__all__ = ["LBFGS"]

# A step enters the history only if gradient and step agree by this much.
_CURVATURE = 1e-10


class LBFGS(Optimizer):
    """Walk along an approximate Newton direction, evaluating the loss as needed.

    Args:
        params: tensors or named tensors; a single group.
        lr: step length, or the first one the line search tries.
        max_iter: most iterations of one step.
        max_eval: most evaluations of one step; 5/4 of ``max_iter`` if left out.
        tolerance_grad: stop when no gradient is larger.
        tolerance_change: stop when neither loss nor parameters change more.
        history_size: how many past steps the direction is made of.
        line_search_fn: None or ``"strong_wolfe"``.

    Raises:
        ValueError: the rate is negative, or there are several groups.

    Source: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale
    optimization", section 2.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([3.0], requires_grad=True)
        >>> optimizer = tatami.optim.LBFGS([x], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((x - 1) * (x - 1)).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(4., grad_fn=<SumBackward0>)
        >>> x
        tensor([1.], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: Any = 1, max_iter: int = 20,
        max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        options = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
            "history_size": history_size, "line_search_fn": line_search_fn,
        }  # fmt: skip
        check_options(options)
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ValueError(
                "LBFGS doesn't support per-parameter options (parameter groups)"
            )

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _flat_gradient(self) -> Tensor:
        """Return the gradients of all parameters in one row; zeros where none is."""
        trained(self._params)
        rows = [
            np.zeros(param._array.size, param._array.dtype)
            if param._grad is None
            else param._grad._array.reshape(-1)
            for param in self._params
        ]
        return wrap(np.concatenate(rows))

    def _move(self, length: Any, direction: Tensor) -> None:
        """Add ``length`` times the direction to the parameters."""
        start = 0
        for param in self._params:
            count = param._array.size
            part = direction._array[start : start + count].reshape(param._array.shape)
            change = kernels.mul(part, scalar(length))
            kernels.add(param._array, change, out=param._array)
            param._counter[0] += 1
            start += count

    def _values(self) -> list[np.ndarray]:
        return [kernels.copy(param._array) for param in self._params]

    def _restore(self, values: list[np.ndarray]) -> None:
        for param, value in zip(self._params, values, strict=True):
            kernels.assign(param._array, value)
            param._counter[0] += 1

    @no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], Any]) -> Any:
        """Do up to ``max_iter`` iterations.

        Args:
            closure: evaluates the model anew and returns the loss.

        Returns:
            what the first call of ``closure`` returned.
        """
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = evaluate(closure)
        state["func_evals"] += 1
        gradient = self._flat_gradient()
        if _largest(gradient) <= group["tolerance_grad"]:
            return first_loss
        walk = _Walk(self, closure, group, state, float(first_loss), gradient)
        walk.run()
        return first_loss


class _Walk:
    """The iterations of one step."""

    def __init__(
        self, optimizer: LBFGS, closure: Callable[[], Any], group: dict[str, Any],
        state: dict[str, Any], loss: float, gradient: Tensor,
    ) -> None:  # fmt: skip
        self.optimizer = optimizer
        self.closure = closure
        self.group = group
        self.state = state
        self.loss = loss
        self.gradient = gradient
        self.evaluations = 1

    def run(self) -> None:
        """Iterate until a limit or a tolerance is reached."""
        state, group = self.state, self.group
        for i in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            state["d"] = self._direction()
            state["prev_flat_grad"] = self.gradient.clone()
            state["prev_loss"] = self.loss
            state["t"] = self._first_length()
            slope = self.gradient.dot(state["d"])
            if slope > -group["tolerance_change"]:
                break
            self._advance(slope, last=i == group["max_iter"])
            if i == group["max_iter"] or self._done():
                break

    def _direction(self) -> Tensor:
        """Return minus the gradient, bent by what the history says of the curvature."""
        state = self.state
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -self.gradient
        self._remember()
        count = len(state["old_dirs"])
        weights = state.setdefault("al", [None] * self.group["history_size"])
        direction: Tensor = self.gradient.neg()
        for i in range(count - 1, -1, -1):
            weights[i] = state["old_stps"][i].dot(direction) * state["ro"][i]
            direction = direction - state["old_dirs"][i] * weights[i]
        direction = direction * state["H_diag"]
        for i in range(count):
            back = state["old_dirs"][i].dot(direction) * state["ro"][i]
            direction = direction + state["old_stps"][i] * (weights[i] - back)
        return direction

    def _remember(self) -> None:
        """Add the last step to the history if the loss curves upwards along it."""
        state = self.state
        change = self.gradient.sub(state["prev_flat_grad"])
        step = state["d"].mul(state["t"])
        curvature = change.dot(step)
        if not curvature > _CURVATURE:
            return
        if len(state["old_dirs"]) == self.group["history_size"]:
            for name in ("old_dirs", "old_stps", "ro"):
                state[name].pop(0)
        state["old_dirs"].append(change)
        state["old_stps"].append(step)
        state["ro"].append(1.0 / curvature)
        state["H_diag"] = curvature / change.dot(change)

    def _first_length(self) -> Any:
        rate = scalar(self.group["lr"])
        if self.state["n_iter"] == 1:
            return min(1.0, 1.0 / self.gradient.abs().sum()) * rate
        return rate

    def _advance(self, slope: Tensor, last: bool) -> None:
        """Go one step, its length found by a line search or given by the rate."""
        state, optimizer, used = self.state, self.optimizer, 0
        if self.group["line_search_fn"] is not None:
            self.loss, self.gradient, state["t"], used = strong_wolfe(
                self._probe(optimizer._values()), state["t"], state["d"], self.loss,
                self.gradient, slope, self.group["max_eval"] - self.evaluations,
            )  # fmt: skip
            optimizer._move(state["t"], state["d"])
        else:
            optimizer._move(state["t"], state["d"])
            if not last:
                self.loss, used = float(evaluate(self.closure)), 1
                self.gradient = optimizer._flat_gradient()
        self.evaluations += used
        state["func_evals"] += used

    def _probe(self, values: list[np.ndarray]) -> Callable[..., Any]:
        """Return a function that looks at loss and gradient some way along."""
        optimizer = self.optimizer

        def look(length: Any, direction: Tensor) -> tuple[float, Tensor]:
            optimizer._move(length, direction)
            loss = float(evaluate(self.closure))
            gradient = optimizer._flat_gradient()
            optimizer._restore(values)
            return loss, gradient

        return look

    def _done(self) -> bool:
        state, group = self.state, self.group
        return bool(
            self.evaluations >= group["max_eval"]
            or _largest(self.gradient) <= group["tolerance_grad"]
            or _largest(state["d"].mul(state["t"])) <= group["tolerance_change"]
            or abs(self.loss - state["prev_loss"]) < group["tolerance_change"]
        )


def _largest(values: Tensor) -> float:
    return float(values.abs().max())
