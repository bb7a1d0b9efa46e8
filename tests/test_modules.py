"""Modules print, hold, draw and refuse what PyTorch's do, and hooks run in order."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import record_modules as recorded

import tatami
from tatami import nn
from tatami.nn import functional as F

CASES = recorded.cases()


@pytest.mark.parametrize("case", CASES)
def test_prints(case: str) -> None:
    assert repr(recorded.build(tatami, case)) == recorded.texts()["prints"][case]


@pytest.mark.parametrize("case", CASES)
def test_fresh_state(case: str) -> None:
    assert (
        list(recorded.build(tatami, case).state_dict())
        == (recorded.texts()["names"][case])
    )
    for name, value in recorded.state(tatami, case).items():
        expected = recorded.arrays()[f"{case}|{name}"]
        assert value.dtype == expected.dtype
        np.testing.assert_allclose(value, expected, 1e-6, 1e-7, err_msg=name)


@pytest.mark.parametrize("case", recorded.FORWARDS)
def test_forward_and_gradients(case: str) -> None:
    found = recorded.forward(tatami, case)
    names = [n for n in recorded.arrays() if n.startswith(f"forward|{case}|")]
    assert len(found) == len(names) > 1
    for name, value in found.items():
        expected = recorded.arrays()[f"forward|{name}"]
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, 1e-9, 1e-9, err_msg=name)


@pytest.mark.parametrize("text", recorded.ERRORS)
def test_errors(text: str) -> None:
    kind, message = recorded.error(tatami, text)
    expected_kind, expected = recorded.texts()["errors"][text]
    assert kind == expected_kind
    assert message.splitlines()[0] == expected.splitlines()[0]


def test_loading_errors_say_everything() -> None:
    for text in recorded.ERRORS:
        if "load_state_dict" in text:
            assert (
                recorded.error(tatami, text)[1] == (recorded.texts()["errors"][text][1])
            )


def test_records_are_current() -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        words, numbers = recorded.observe(torch)
    as_lists = {k: list(v) for k, v in words["errors"].items()}
    assert {**words, "errors": as_lists} == recorded.texts()
    assert set(numbers) == set(recorded.arrays())


class Net(nn.Module):
    """The tutorial's kind of network, with a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.second = nn.Linear(4, 2, bias=False)
        self.register_buffer("scale", tatami.ones(1))
        self.register_buffer("hidden", tatami.ones(1), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.second(F.relu(self.norm(self.first(x)))) * self.scale


def test_members() -> None:
    net = Net()
    names = ["first.weight", "first.bias", "norm.weight", "norm.bias", "second.weight"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [name for name, _ in net.named_modules()] == ["", "first", "norm", "second"]
    buffers = ["scale", "hidden", "norm.running_mean", "norm.running_var"]
    assert [name for name, _ in net.named_buffers()] == [
        *buffers, "norm.num_batches_tracked",
    ]  # fmt: skip
    assert "hidden" not in net.state_dict()
    assert [type(m).__name__ for m in net.children()] == [
        "Linear", "BatchNorm1d", "Linear",
    ]  # fmt: skip
    assert net.get_parameter("first.bias") is net.first.bias
    assert net.get_submodule("first") is net.first
    assert {"first", "scale", "forward", "training"} <= set(dir(net))


def test_shared_members_are_listed_once() -> None:
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(list(net.parameters())) == 2
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert len(list(net.modules())) == 3
    assert len(list(net.state_dict())) == 4


def test_attributes_change_their_kind() -> None:
    module = nn.Module()
    module.thing = 3
    module.thing = nn.Parameter(tatami.ones(1))
    assert "thing" in module._parameters
    assert "thing" not in module.__dict__
    module.thing = None
    assert module._parameters == {"thing": None}
    del module.thing
    module.thing = nn.ReLU()
    assert (list(module._modules), module._parameters) == (["thing"], {})
    del module.thing
    assert not hasattr(module, "thing")
    module.mean = nn.Buffer(tatami.ones(1), persistent=False)
    assert module._non_persistent_buffers_set == {"mean"}


def test_state_goes_round() -> None:
    source, target = Net(), Net()
    source.norm.running_mean.fill_(3)
    assert repr(target.load_state_dict(source.state_dict())) == (
        "<All keys matched successfully>"
    )
    for a, b in zip(source.state_dict().values(), target.state_dict().values()):  # noqa: B905
        assert (a == b).all()
    state = source.state_dict()
    assert state._metadata["norm"] == {"version": 2}
    del state["scale"]
    state["more"] = tatami.ones(1)
    keys = target.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["scale"]
    assert keys.unexpected_keys == ["more"]


def test_loading_copies_or_assigns() -> None:
    layer, weight = nn.Linear(2, 3), tatami.ones(3, 2)
    before = layer.weight
    layer.load_state_dict({"weight": weight, "bias": tatami.ones(3)})
    assert layer.weight is before
    assert layer.weight.data_ptr() != weight.data_ptr()
    layer.load_state_dict({"weight": weight, "bias": tatami.ones(3)}, assign=True)
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.data_ptr() == weight.data_ptr()


def test_loading_keeps_what_fits() -> None:
    layer = nn.Linear(2, 3)
    with pytest.raises(RuntimeError, match=r"size mismatch for bias"):
        layer.load_state_dict({"weight": tatami.ones(3, 2), "bias": tatami.ones(4)})
    assert (layer.weight == 1).all()


def test_state_hooks_and_extra_state() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 3

        def get_extra_state(self) -> int:
            return self.count

        def set_extra_state(self, state: int) -> None:
            self.count = state

    module, seen = Counting(), []
    module.register_state_dict_pre_hook(lambda *args: seen.append("before"))
    module.register_state_dict_post_hook(lambda *args: seen.append("after"))
    module.register_load_state_dict_pre_hook(lambda *args: seen.append("load"))
    module.register_load_state_dict_post_hook(lambda *args: seen.append("loaded"))
    state = module.state_dict()
    assert dict(state) == {"_extra_state": 3}
    module.load_state_dict({"_extra_state": 7})
    assert module.count == 7
    assert seen == ["before", "after", "load", "loaded"]


def test_copies() -> None:
    net = Net()
    net.first.weight.sum().backward()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(other) == repr(net)
        assert other.first.weight is not net.first.weight
        assert isinstance(other.first.weight, nn.Parameter)
        assert (other.first.weight == net.first.weight).all()
        other.first.weight.data.fill_(0)
    assert not (net.first.weight == 0).all()
    assert copy.deepcopy(net).first.weight.grad is None


def test_parameter_shares_memory() -> None:
    data = tatami.zeros(2)
    parameter = nn.Parameter(data)
    data.fill_(3)
    assert repr(parameter) == (
        "Parameter containing:\ntensor([3., 3.], requires_grad=True)"
    )
    assert isinstance(parameter, tatami.Tensor)
    assert not isinstance(parameter * 1, nn.Parameter)
    assert not nn.Parameter(data, requires_grad=False).requires_grad


def test_modes_and_types() -> None:
    net = Net().eval()
    assert not any(module.training for module in net.modules())
    weight = net.first.weight
    net.double()
    assert net.first.weight is weight
    assert weight.dtype is tatami.float64
    assert net.norm.running_mean.dtype is tatami.float64
    assert net.norm.num_batches_tracked.dtype is tatami.int64
    net.to("cpu", tatami.float32)
    assert net.scale.dtype is tatami.float32
    with pytest.raises(RuntimeError, match="runs on CPUs"):
        net.cuda()
    with pytest.raises(RuntimeError, match="runs on CPUs"):
        net.to("cuda:0")
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


def test_zero_grad() -> None:
    layer = nn.Linear(2, 1)
    layer(tatami.ones(1, 2)).backward()
    gradient = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is gradient
    assert (gradient == 0).all()
    layer.zero_grad()
    assert layer.weight.grad is None


def test_forward_hooks() -> None:
    layer, seen = nn.Identity(), []
    layer.register_forward_pre_hook(lambda module, args: seen.append("second"))
    layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,), prepend=True)
    handle = layer.register_forward_hook(lambda module, args, out: out * 2)
    assert layer(tatami.ones(1)).item() == 4
    handle.remove()
    assert layer(tatami.ones(1)).item() == 2
    assert seen == ["second"] * 2


def test_hooks_with_keyword_arguments_and_after_errors() -> None:
    class Scale(nn.Module):
        def forward(self, x: Any, factor: int = 1) -> Any:
            return x * factor

    module, seen = Scale(), []
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"factor": 5}), with_kwargs=True
    )
    module.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(kwargs["factor"]),
        with_kwargs=True, always_call=True,
    )  # fmt: skip
    assert module(tatami.ones(1), factor=2).item() == 5
    with pytest.raises(TypeError):
        module({})
    assert seen == [5, 5]


def test_backward_hooks() -> None:
    layer, seen = nn.Linear(2, 1, bias=False), []
    layer.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 3,))
    layer.register_full_backward_hook(
        lambda module, inner, outer: seen.append((inner[0], outer[0]))
    )
    x = tatami.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    ((inner, outer),) = seen
    assert outer.item() == 3
    assert (inner == layer.weight * 3).all()
    assert (layer.weight.grad == 3).all()
    layer(tatami.ones(1, 2)).sum().backward()
    assert seen[1][0] is None


def test_backward_hook_replaces_gradient() -> None:
    layer = nn.ReLU()
    layer.register_full_backward_hook(lambda module, inner, outer: (inner[0] * 7,))
    x = tatami.ones(1, requires_grad=True)
    layer(x).backward()
    assert x.grad.item() == 7


def test_hooks_for_every_module() -> None:
    from tatami.nn.modules import module as everywhere

    seen: list[str] = []
    handles = [
        everywhere.register_module_forward_pre_hook(lambda m, args: seen.append("pre")),
        everywhere.register_module_forward_hook(lambda m, a, out: seen.append("post")),
        everywhere.register_module_full_backward_hook(
            lambda m, inner, outer: seen.append("back")
        ),
        everywhere.register_module_parameter_registration_hook(
            lambda m, name, parameter: seen.append(name)
        ),
    ]
    try:
        layer = nn.Linear(1, 1, bias=False)
        layer(tatami.ones(1, 1, requires_grad=True)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    layer(tatami.ones(1, 1))
    assert seen == ["weight", "pre", "post", "back"]


def test_sequential() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert net(tatami.ones(4, 2)).shape == (4, 1)
    assert list(net[1:]._modules) == ["1", "2"]
    assert net[-1].out_features == 1
    net.insert(1, nn.Tanh()).append(nn.Sigmoid())
    assert [type(m).__name__ for m in net] == [
        "Linear", "Tanh", "ReLU", "Linear", "Sigmoid",
    ]  # fmt: skip
    del net[1]
    assert list(net._modules) == ["0", "1", "2", "3"]
    assert len(net + nn.Sequential(nn.ReLU())) == 5
    assert len(net * 2) == 8
    net[0] = nn.Identity()
    assert type(net.pop(0)) is nn.Identity


def test_lists_and_dictionaries() -> None:
    modules = nn.ModuleList([nn.ReLU()])
    modules += [nn.Tanh()]
    modules.insert(0, nn.Identity())
    assert [type(m).__name__ for m in modules[:2]] == ["Identity", "ReLU"]
    table = nn.ModuleDict({"a": nn.ReLU()})
    table["b"] = nn.Linear(1, 1)
    assert list(table.keys()) == ["a", "b"]
    assert type(table.pop("a")) is nn.ReLU
    numbers = nn.ParameterList([tatami.ones(1)])
    numbers.append(tatami.zeros(2))
    assert [p.shape for p in numbers.parameters()] == [(1,), (2,)]
    named = nn.ParameterDict({"a": tatami.ones(1)})
    named |= {"b": tatami.ones(2)}
    assert list(named.state_dict()) == ["a", "b"]
    assert named.popitem()[0] == "b"
    assert named.get("b") is None


def test_lazy_modules_become_ordinary_ones() -> None:
    layer = nn.LazyLinear(2)
    assert repr(layer.weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        _ = layer.weight.shape
    with pytest.raises(ValueError, match="uninitialized parameter"):
        _ = layer.weight + 1
    copied = copy.deepcopy(layer)
    layer(tatami.ones(1, 3))
    assert type(layer) is nn.Linear
    assert type(layer.weight) is nn.Parameter
    copied.load_state_dict(layer.state_dict())
    assert copied.weight.shape == (2, 3)


def test_running_statistics() -> None:
    norm = nn.BatchNorm1d(1, momentum=None)
    norm(tatami.tensor([[1.0], [3.0]]))
    norm(tatami.tensor([[5.0], [7.0]]))
    assert norm.running_mean.item() == pytest.approx(4)
    assert norm.running_var.item() == pytest.approx(2)
    assert int(norm.num_batches_tracked) == 2
    before = norm.running_mean.item()
    norm.eval()(tatami.ones(2, 1))
    assert norm.running_mean.item() == before


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_packed_sequences_match_single_ones(kind: Any) -> None:
    network = kind(3, 4, num_layers=2, bidirectional=True).double()
    lengths = [2, 5, 3]
    rows = [tatami.randn(n, 3, dtype=tatami.float64) for n in lengths]
    packed = nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
    output, _ = network(packed)
    padded, found = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
    assert found.tolist() == lengths
    for row, expected in zip(padded, rows):  # noqa: B905
        alone, _ = network(expected)
        assert ((row[: len(expected)] - alone).abs() < 1e-12).all()


def test_packing_and_unpacking() -> None:
    rnn = nn.utils.rnn
    rows = [tatami.arange(n) for n in (1, 3, 2)]
    packed = rnn.pack_sequence(rows, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 2, 0]
    back = rnn.unpack_sequence(packed)
    assert [row.tolist() for row in back] == [row.tolist() for row in rows]
    left = rnn.pad_sequence(rows, batch_first=True, padding_side="left")
    assert left.tolist() == [[0, 0, 0], [0, 1, 2], [0, 0, 1]]


def test_clipping() -> None:
    weights = [nn.Parameter(tatami.zeros(2)), nn.Parameter(tatami.zeros(1))]
    weights[0].grad = tatami.tensor([3.0, 0.0])
    weights[1].grad = tatami.tensor([-4.0])
    assert nn.utils.get_total_norm([w.grad for w in weights], 1).item() == 7
    assert nn.utils.clip_grad_norm_(weights, 10.0).item() == 5
    assert weights[0].grad.tolist() == [3.0, 0.0]
    assert nn.utils.clip_grad_norm_(weights, 1.0, float("inf")).item() == 4
    assert weights[1].grad.item() == pytest.approx(-1)
    nn.utils.clip_grad_value_(weights, 0.5)
    assert weights[0].grad.tolist() == [0.5, 0.0]
    weights[0].grad = tatami.tensor([float("nan"), 0.0])
    with pytest.raises(RuntimeError, match="is non-finite"):
        nn.utils.clip_grad_norm_(weights, 1.0, error_if_nonfinite=True)


def test_vectors_of_parameters() -> None:
    layer = nn.Linear(2, 1)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    nn.utils.vector_to_parameters(vector.detach() * 0 + 2, layer.parameters())
    assert layer.weight.tolist() == [[2.0, 2.0]]


def test_fusion() -> None:
    x = tatami.randn(2, 2, 5, 5)
    conv, norm = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)
    norm(conv(x))
    fused = nn.utils.fuse_conv_bn_eval(conv.eval(), norm.eval())
    assert ((fused(x) - norm(conv(x))).abs() < 1e-5).all()


def test_skipping_leaves_the_random_stream_alone() -> None:
    tatami.manual_seed(0)
    expected = tatami.rand(3)
    tatami.manual_seed(0)
    nn.utils.skip_init(nn.Linear, 3, 2)
    assert (tatami.rand(3) == expected).all()


def test_one_device_only() -> None:
    with pytest.raises(RuntimeError, match="Use the module itself"):
        nn.DataParallel(nn.Linear(1, 1))
    with pytest.raises(NotImplementedError, match=r"tatami\.compile"):
        nn.Linear(1, 1).compile()
