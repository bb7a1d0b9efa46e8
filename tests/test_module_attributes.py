"""Attributes of modules: found as Python finds them, whatever a class does."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import tatami
from tatami import nn
from tatami.nn.modules.members import Members


class Net(nn.Module):
    """A module with one member of each kind."""

    label = "of the class"

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.weight = nn.Parameter(tatami.ones(2))
        self.register_buffer("steps", tatami.zeros(1))
        self.register_parameter("nothing", None)
        self.number = 7

    @property
    def broken(self) -> Any:
        """Ask for what is not there."""
        return self.missing

    @property
    def doubled(self) -> int:
        """Ask for what is there."""
        return 2 * self.number


def test_members_of_each_kind() -> None:
    net = Net()
    assert net.layer is net._modules["layer"]
    assert net.weight is net._parameters["weight"]
    assert net.steps is net._buffers["steps"]
    assert net.nothing is None
    assert (net.number, net.label, net.doubled) == (7, "of the class", 14)
    assert net.layer.in_features == 2


@pytest.mark.parametrize("name", ["missing", "broken"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(Net(), name)
    # A property that fails is asked for like any other name.
    text = f"'Net' object has no attribute '{name}'"
    assert str(caught.value) == text
    assert not hasattr(Net(), name)
    assert getattr(Net(), name, 5) == 5


def test_the_class_comes_before_members() -> None:
    net = Net()
    net._parameters["label"] = net.weight
    net._parameters["doubled"] = net.weight
    assert (net.label, net.doubled) == ("of the class", 14)
    Net.layer = "now of the class"
    try:
        assert net.layer == "now of the class"
    finally:
        del Net.layer
    assert isinstance(net.layer, nn.Linear)


def test_the_object_comes_before_members() -> None:
    net = Net()
    net.__dict__["weight"] = "of the object"
    assert net.weight == "of the object"
    del net.__dict__["weight"]
    assert net.weight is net._parameters["weight"]


def test_members_that_go() -> None:
    net = Net()
    del net.layer, net.weight, net.steps
    for name in ("layer", "weight", "steps"):
        assert not hasattr(net, name)


def test_before_the_constructor_has_run() -> None:
    net = Net.__new__(Net)
    with pytest.raises(AttributeError, match="no attribute 'weight'"):
        net.weight  # noqa: B018
    assert net.label == "of the class"


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies(again: Any) -> None:
    net = again(Net())
    assert net.weight is net._parameters["weight"]
    assert net.layer.weight.shape == (3, 2)


class Wrapper(nn.Module):
    """Look for what is missing in the module inside, as many wrappers do."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def __getattr__(self, name: str) -> Any:
        """Look here, then inside."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.module, name)


def test_a_wrapper_that_looks_inside() -> None:
    net = Net()
    wrapper = Wrapper(net)
    assert wrapper.module is net and wrapper.weight is net.weight
    assert wrapper.number == 7 and wrapper.layer is net.layer
    assert not hasattr(wrapper, "missing")

    class Further(Wrapper):
        pass

    assert Further(net).weight is net.weight


def test_a_class_with_getattribute() -> None:
    asked = []

    class Asked(Net):
        def __getattribute__(self, name: str) -> Any:
            asked.append(name)
            return super().__getattribute__(name)

    assert isinstance(Asked().weight, nn.Parameter)
    assert "weight" in asked


def test_a_method_that_is_given_later() -> None:
    class Later(Net):
        pass

    net = Later()
    assert isinstance(net.weight, nn.Parameter)
    Later.__getattr__ = lambda self, name: f"no {name}"
    assert (net.weight, net.missing, net.number) == ("no weight", "no missing", 7)
    del Later.__getattr__
    assert isinstance(net.weight, nn.Parameter)
    assert not hasattr(net, "missing")


def test_the_method_of_all_modules_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    found, original = [], Members.__getattr__

    def told(self: Any, name: str) -> Any:
        found.append(name)
        return original(self, name)

    net = Net()
    with monkeypatch.context() as patch:
        patch.setattr(nn.Module, "__getattr__", told, raising=False)
        assert isinstance(net.weight, nn.Parameter)
    assert "weight" in found
    assert isinstance(net.weight, nn.Parameter)


def test_members_in_dictionaries_of_other_classes() -> None:
    class Upper(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: str) -> Any:
            return "looked up"

        def __contains__(self, key: object) -> bool:
            return True

    net = Net()
    net.__dict__["_parameters"] = Upper()
    assert net.weight == "looked up"


def test_errors_do_not_linger() -> None:
    net = Net()
    for _ in range(3):
        assert getattr(net, "missing", None) is None
        assert net.weight.shape == (2,)
