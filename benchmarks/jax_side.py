"""JAX as a side: the networks by hand, one jitted step, arguments donated.

Images are channels-last, which is what XLA's convolutions want on a CPU.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from engine import ready
from jax import lax
from layer_calls import forward
from networks import make_network
from workloads import WORKLOADS, make_data

import tatami

__all__ = ["prepare"]

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_MOMENTUM, _EPSILON = 0.1, 1e-5
_BETAS, _ADAM_EPSILON = (0.9, 0.999), 1e-8


class JaxLayers:
    """Be the layers of a network.

    Args:
        weights: arrays by PyTorch's names.
        key: what dropout draws from.
        training: use statistics of the batch, and drop elements.
    """

    def __init__(self, weights: dict[str, Any], key: Any, training: bool) -> None:
        self.weights = weights
        self.key = key
        self.training = training
        self.statistics: dict[str, Any] = {}

    def conv(self, x: Any, name: str, stride: int = 1, padding: int = 0) -> Any:
        kernel = self.weights[f"{name}.weight"]
        steps, pads = (stride, stride), [(padding, padding)] * 2
        y = lax.conv_general_dilated(x, kernel, steps, pads, dimension_numbers=_LAYOUT)
        bias = self.weights.get(f"{name}.bias")
        return y if bias is None else y + bias

    def linear(self, x: Any, name: str) -> Any:
        return x @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def norm(self, x: Any, name: str) -> Any:
        mean = self.weights[f"{name}.running_mean"]
        variance = self.weights[f"{name}.running_var"]
        if self.training:
            mean, variance = self._batch_statistics(x, name, mean, variance)
        scale = self.weights[f"{name}.weight"] * lax.rsqrt(variance + _EPSILON)
        return (x - mean) * scale + self.weights[f"{name}.bias"]

    def _batch_statistics(self, x: Any, name: str, *running: Any) -> tuple[Any, Any]:
        axes, count = (0, 1, 2), x.size / x.shape[-1]
        found = (x.mean(axes), x.var(axes))
        fair = (found[0], found[1] * count / (count - 1))
        for kind, old, new in zip(("mean", "var"), running, fair, strict=True):
            kept = lax.stop_gradient((1 - _MOMENTUM) * old + _MOMENTUM * new)
            self.statistics[f"{name}.running_{kind}"] = kept
        return found

    def dropout(self, x: Any, rate: float) -> Any:
        if not self.training:
            return x
        self.key, key = jax.random.split(self.key)
        keep = jax.random.bernoulli(key, 1 - rate, x.shape)
        return jnp.where(keep, x / (1 - rate), 0)

    def max_pool(self, x: Any) -> Any:
        window = (1, 2, 2, 1)
        return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")

    def relu(self, x: Any) -> Any:
        return jax.nn.relu(x)

    def add(self, x: Any, y: Any) -> Any:
        return x + y

    def average(self, x: Any) -> Any:
        return x.mean((1, 2))

    def flatten(self, x: Any) -> Any:
        return x.reshape(x.shape[0], -1)

    def log_softmax(self, x: Any) -> Any:
        return jax.nn.log_softmax(x)


def prepare(side: Any) -> Any:
    """Return the function that prepares what a spec describes."""

    def prepared(spec: dict[str, Any]) -> Any:
        weights = {
            name: jnp.asarray(array) for name, array in numpy_weights(spec).items()
        }
        inputs, target = make_data(spec)
        if inputs.ndim == 4:
            inputs = np.ascontiguousarray(inputs.transpose(0, 2, 3, 1))
        data = (jnp.asarray(inputs), jnp.asarray(target))
        if spec["training"]:
            return ready(_trainer(spec["network"], weights, data), float)
        return ready(_inference(spec["network"], weights, data[0]), _mean_size)

    return prepared


def numpy_weights(spec: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the network's weights, turned to channels-last."""
    network = make_network(tatami, spec["network"])
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return {
        name: _turned(spec["network"], array)
        for name, array in state.items()
        if not name.endswith("num_batches_tracked")
    }


def _turned(network: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)
    if array.ndim != 2:
        return array
    channels = {("tutorial", 576): 16, ("mnist", 9216): 64}.get(
        (network, array.shape[1]), 1
    )
    side = round((array.shape[1] / channels) ** 0.5)
    if channels == 1:
        return array.T
    image = array.reshape(-1, channels, side, side).transpose(2, 3, 1, 0)
    return image.reshape(array.shape[1], -1)


def _inference(network: str, weights: dict[str, Any], inputs: Any) -> Any:
    def infer(weights: dict[str, Any], x: Any) -> Any:
        return forward(JaxLayers(weights, None, False), network, x)

    jitted = jax.jit(infer)
    return lambda: jitted(weights, inputs).block_until_ready()


def _trainer(network: str, weights: dict[str, Any], data: Any) -> Any:
    workload = WORKLOADS[network]
    kept = {k: v for k, v in weights.items() if ".running_" in k}
    trained = {k: v for k, v in weights.items() if k not in kept}

    def loss_of(trained: Any, kept: Any, key: Any, x: Any, target: Any) -> Any:
        layers = JaxLayers({**trained, **kept}, key, True)
        loss = _loss(workload.loss, forward(layers, network, x), target)
        return loss, {**kept, **layers.statistics}

    def step(trained: Any, kept: Any, state: Any, key: Any, x: Any, target: Any) -> Any:
        key, now = jax.random.split(key)
        gradient_of = jax.value_and_grad(loss_of, has_aux=True)
        (loss, kept), gradients = gradient_of(trained, kept, now, x, target)
        update = {"sgd": _sgd, "adam": _adam}[workload.optimizer]
        trained, state = update(trained, gradients, state, workload.rate)
        return trained, kept, state, key, loss

    jitted = jax.jit(step, donate_argnums=(0, 1, 2, 3))
    zeros = [jax.tree.map(jnp.zeros_like, trained) for _ in range(2)]
    state = [*zeros, jnp.zeros(())] if workload.optimizer == "adam" else []
    now = [trained, kept, state, jax.random.key(0)]

    def call() -> Any:
        *now[:], loss = jitted(*now, *data)
        return jax.block_until_ready((now, loss))[1]

    return call


def _sgd(weights: Any, gradients: Any, state: Any, rate: float) -> Any:
    return jax.tree.map(lambda w, g: w - rate * g, weights, gradients), state


def _adam(weights: Any, gradients: Any, state: Any, rate: float) -> Any:
    first, second, count = state
    count = count + 1
    first = jax.tree.map(
        lambda m, g: _BETAS[0] * m + (1 - _BETAS[0]) * g, first, gradients
    )
    second = jax.tree.map(
        lambda v, g: _BETAS[1] * v + (1 - _BETAS[1]) * g * g, second, gradients
    )
    size = rate / (1 - _BETAS[0] ** count)
    root = jnp.sqrt(1 - _BETAS[1] ** count)
    weights = jax.tree.map(
        lambda w, m, v: w - size * m / (jnp.sqrt(v) / root + _ADAM_EPSILON),
        weights, first, second,
    )  # fmt: skip
    return weights, [first, second, count]


def _loss(kind: str, output: Any, target: Any) -> Any:
    if kind == "mse":
        return ((output - target) ** 2).mean()
    if kind == "cross_entropy":
        output = jax.nn.log_softmax(output)
    return -jnp.take_along_axis(output, target[:, None], 1).mean()


def _mean_size(output: Any) -> float:
    return float(jnp.abs(output).mean())
