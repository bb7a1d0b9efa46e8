"""ONNX Runtime as a side: the networks as graphs, built from the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from engine import ready
from layer_calls import forward
from networks import make_network
from onnx import TensorProto, helper, numpy_helper
from workloads import CLASSES, WORKLOADS, make_data

import tatami

__all__ = ["onnx_model", "prepare"]

_OPSET, _IR = 17, 8


class OnnxLayers:
    """Add a node to a graph for each layer.

    Args:
        weights: arrays by PyTorch's names.
    """

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.used: dict[str, np.ndarray] = {}

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _weights(self, name: str, *kinds: str) -> list[str]:
        names = [f"{name}.{kind}" for kind in kinds if f"{name}.{kind}" in self.weights]
        self.used.update({key: self.weights[key] for key in names})
        return names

    def conv(self, x: str, name: str, stride: int = 1, padding: int = 0) -> str:
        weights = self._weights(name, "weight", "bias")
        steps, pads = [stride] * 2, [padding] * 4
        return self._node("Conv", x, *weights, strides=steps, pads=pads)

    def linear(self, x: str, name: str) -> str:
        return self._node("Gemm", x, *self._weights(name, "weight", "bias"), transB=1)

    def norm(self, x: str, name: str) -> str:
        kinds = ("weight", "bias", "running_mean", "running_var")
        weights = self._weights(name, *kinds)
        return self._node("BatchNormalization", x, *weights, epsilon=1e-5)

    def max_pool(self, x: str) -> str:
        return self._node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])

    def relu(self, x: str) -> str:
        return self._node("Relu", x)

    def add(self, x: str, y: str) -> str:
        return self._node("Add", x, y)

    def average(self, x: str) -> str:
        return self._node("Flatten", self._node("GlobalAveragePool", x))

    def flatten(self, x: str) -> str:
        return self._node("Flatten", x)

    def dropout(self, x: str, rate: float) -> str:
        return x

    def log_softmax(self, x: str) -> str:
        return self._node("LogSoftmax", x, axis=1)


def onnx_model(network: str, batch: int) -> Any:
    """Return a network as an ONNX model that takes ``x`` and gives ``y``.

    Args:
        network: key of the workloads.
        batch: inputs in a batch.
    """
    state = make_network(tatami, network).state_dict()
    layers = OnnxLayers({name: tensor.numpy() for name, tensor in state.items()})
    result = forward(layers, network, "x")
    layers.nodes.append(helper.make_node("Identity", [result], ["y"]))
    shape = [batch, *WORKLOADS[network].shape]
    graph = helper.make_graph(
        layers.nodes,
        network,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, CLASSES])],
        [numpy_helper.from_array(a, name) for name, a in layers.used.items()],
    )
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR)


def prepare(side: Any) -> Any:
    """Return the function that prepares what a spec describes."""

    def prepared(spec: dict[str, Any]) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = spec["threads"]
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            onnx_model(spec["network"], spec["batch"]).SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        feed = {"x": make_data(spec)[0]}
        return ready(lambda: session.run(None, feed)[0], _mean_size)

    return prepared


def _mean_size(output: np.ndarray) -> float:
    return float(np.abs(output).mean())
