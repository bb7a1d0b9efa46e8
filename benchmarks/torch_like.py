"""tatami and PyTorch as sides: one set of lines, given one package or the other."""

from __future__ import annotations

import importlib
from typing import Any

import kernel_calls
import operation_calls
import optimizer_calls
from engine import ready
from networks import make_network
from workloads import WORKLOADS, make_data

from tatami.cli.measure.steps import inference, training_step

__all__ = ["prepare"]


def prepare(side: Any) -> Any:
    """Return the function that prepares what a spec describes.

    Args:
        side: which package, and whether it compiles.
    """
    package = importlib.import_module(side.package)

    def prepared(spec: dict[str, Any]) -> Any:
        package.set_num_threads(spec["threads"])
        if spec["kind"] == "kernel":
            return ready(kernel_calls.make(package, spec), _mean_size)
        if spec["kind"] == "operation":
            return operation_calls.make(package, spec["operation"]), {}
        if spec["kind"] == "optimizer":
            return ready(optimizer_calls.make(package, spec["optimizer"]), _mean_size)
        return _network(package, spec, side.compiled)

    return prepared


def _network(package: Any, spec: dict[str, Any], compiled: bool) -> Any:
    if compiled and side_remembers(package):
        # It gives up compiling a function that it has met with eight shapes.
        package._dynamo.reset()
    workload = WORKLOADS[spec["network"]]
    network = make_network(package, spec["network"])
    data = tuple(package.from_numpy(array) for array in make_data(spec))
    if not spec["training"]:
        return ready(inference(package, network, data, compiled), _mean_size)
    kind = {"sgd": package.optim.SGD, "adam": package.optim.Adam}[workload.optimizer]
    optimizer = kind(network.parameters(), lr=workload.rate)
    loss = _loss(package, workload.loss)
    return ready(
        training_step(package, network, optimizer, loss, data, compiled), float
    )


def side_remembers(package: Any) -> bool:
    """Whether what was compiled before must be forgotten by hand."""
    return bool(package.__name__ == "torch")


def _loss(package: Any, name: str) -> Any:
    functional = package.nn.functional
    return {
        "mse": functional.mse_loss,
        "nll": functional.nll_loss,
        "cross_entropy": functional.cross_entropy,
    }[name]


def _mean_size(output: Any) -> float:
    return float(abs(output).mean())
