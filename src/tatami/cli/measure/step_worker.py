"""The process of one side of ``tatami bench``: the tutorial's network, step by step."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .steps import inference, training_step, tutorial_network
from .worker import serve

__all__ = ["main"]


def main(package_name: str, mode: str) -> None:
    """Answer requests for the tutorial's network.

    Args:
        package_name: ``'tatami'`` or ``'torch'``.
        mode: ``'eager'`` or ``'compiled'``.
    """
    package = importlib.import_module(package_name)

    def prepare(spec: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        package.set_num_threads(spec["threads"])
        package.manual_seed(0)
        network = tutorial_network(package)
        batch, compiled = spec["batch"], mode == "compiled"
        data = (package.randn(batch, 1, 32, 32), package.randn(batch, 10))
        if not spec["training"]:
            return inference(package, network, data, compiled), {}
        optimizer = package.optim.SGD(network.parameters(), lr=0.01)
        loss_function = package.nn.MSELoss()
        call = training_step(package, network, optimizer, loss_function, data, compiled)
        return call, {}

    serve(prepare)


if __name__ == "__main__":
    main(*sys.argv[1:])
