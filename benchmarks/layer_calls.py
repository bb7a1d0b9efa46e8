"""The same networks as calls of layers by name, for libraries without modules.

``ops`` knows the weights by the names that ``networks.py`` gives them, and what a layer
is in its library: arrays for JAX, nodes of a graph for ONNX.
"""

from __future__ import annotations

from typing import Any

__all__ = ["forward"]


def forward(ops: Any, name: str, x: Any) -> Any:
    """Return the output of a network.

    Args:
        ops: layers of a library.
        name: the network's.
        x: the input.
    """
    return _FORWARDS[name](ops, x)


def _tutorial(ops: Any, x: Any) -> Any:
    x = ops.max_pool(ops.relu(ops.conv(x, "0")))
    x = ops.max_pool(ops.relu(ops.conv(x, "3")))
    x = ops.relu(ops.linear(ops.flatten(x), "7"))
    return ops.linear(ops.relu(ops.linear(x, "9")), "11")


def _mnist(ops: Any, x: Any) -> Any:
    x = ops.relu(ops.conv(x, "conv1"))
    x = ops.max_pool(ops.relu(ops.conv(x, "conv2")))
    x = ops.flatten(ops.dropout(x, 0.25))
    x = ops.dropout(ops.relu(ops.linear(x, "fc1")), 0.5)
    return ops.log_softmax(ops.linear(x, "fc2"))


def _block(ops: Any, x: Any, name: str, stride: int) -> Any:
    y = ops.conv(x, f"{name}.conv1", stride, 1)
    y = ops.relu(ops.norm(y, f"{name}.norm1"))
    y = ops.norm(ops.conv(y, f"{name}.conv2", 1, 1), f"{name}.norm2")
    if stride != 1:
        x = ops.conv(x, f"{name}.shortcut.0", stride, 0)
        x = ops.norm(x, f"{name}.shortcut.1")
    return ops.relu(ops.add(y, x))


def _resnet(ops: Any, x: Any) -> Any:
    x = ops.relu(ops.norm(ops.conv(x, "0", 1, 1), "1"))
    for name, stride in (("3", 1), ("4", 2), ("5", 2)):
        x = _block(ops, x, name, stride)
    return ops.linear(ops.average(x), "8")


def _mlp(ops: Any, x: Any) -> Any:
    x = ops.relu(ops.linear(x, "0"))
    return ops.linear(ops.relu(ops.linear(x, "2")), "4")


_FORWARDS = {"tutorial": _tutorial, "mnist": _mnist, "resnet": _resnet, "mlp": _mlp}
