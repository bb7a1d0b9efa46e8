"""What ``import tatami`` loads, and that all it leaves for later is found."""

from __future__ import annotations

import ast
import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tatami
from tatami import kernels, later
from tatami.kernels import reference
from tatami.ops.rooms import FUNCTIONS

SOURCE = Path(tatami.__file__).parent.parent
# How many modules of the package a bare import may load.
BUDGET = 80
# Of the standard library, what NumPy has not loaded already.
ALLOWED_LIBRARY = {"__future__", "atexit", "copy", "threading"}
NAMESPACES = (
    "tatami", "tatami.nn", "tatami.nn.functional", "tatami.nn.modules",
    "tatami.nn.modules.activation", "tatami.nn.modules.loss", "tatami.ops",
    "tatami.kernels",
)  # fmt: skip
TRAINING = """
import tatami as torch, tatami.nn as nn, tatami.nn.functional as F, tatami.optim
before = set(sys.modules)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 10)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))
for loss, target in ((nn.MSELoss(), torch.randn(2, 10)),
                     (nn.CrossEntropyLoss(), torch.tensor([3, 1]))):
    net = Net()
    optimizer = tatami.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    optimizer.zero_grad()
    output = net(torch.randn(2, 1, 32, 32))
    loss(output, target).backward()
    optimizer.step()
    correct = (torch.max(output, 1)[1] == torch.tensor([3, 1])).sum().item()
loaded = set(sys.modules) - before
print(json.dumps(sorted(x for x in loaded if x.startswith("tatami"))))
"""


def in_fresh_python(code: str) -> Any:
    """Return what the last line that a program prints says in JSON."""
    start = f"import json, sys; sys.path.insert(0, {str(SOURCE)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def resolved(name: str) -> Any:
    """Return a module by the way a program takes from ``tatami``, by attributes."""
    found: Any = tatami
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


def test_an_import_stays_within_its_budget() -> None:
    loaded = in_fresh_python(
        "import numpy; before = set(sys.modules); import tatami\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    own = [name for name in loaded if name.partition(".")[0] == "tatami"]
    assert len(own) <= BUDGET, own
    assert set(loaded) - set(own) <= ALLOWED_LIBRARY


def test_training_a_small_network_loads_nothing_more() -> None:
    loaded = in_fresh_python(TRAINING)
    if kernels.in_use == "numpy":
        loaded = [x for x in loaded if not x.startswith("tatami.kernels.reference.")]
    assert loaded == []


@pytest.mark.parametrize("room", FUNCTIONS)
def test_the_table_of_functions_is_what_a_room_has(room: str) -> None:
    module = importlib.import_module(f"tatami.ops.{room}")
    assert FUNCTIONS[room].split() == sorted(module.__all__)


@pytest.mark.parametrize("file", reference.FILES)
def test_the_table_of_definitions_is_what_a_file_has(file: str) -> None:
    module = importlib.import_module(f"tatami.kernels.reference.{file}")
    names = reference.FILES[file].split()
    assert names == sorted(module.__all__)
    for name in names:
        assert getattr(reference, name) is getattr(module, name)
        assert name in dir(kernels) and callable(getattr(kernels, name))


def test_a_kernel_finds_its_definition_when_it_does_not_serve() -> None:
    code = """
import numpy, tatami
from tatami import kernels
found = kernels.matmul(numpy.ones((2, 3), "f2"), numpy.ones((3, 1), "f2"))
print(json.dumps([found.tolist(), "tatami.kernels.reference.linalg" in sys.modules]))
"""
    assert in_fresh_python(code) == [[[3], [3]], True]


def test_the_table_of_methods_is_what_the_rooms_attach() -> None:
    code = """
import importlib, tatami
from tatami.ops.rooms import FUNCTIONS, METHODS
before = dict(vars(tatami.Tensor))
for room in FUNCTIONS:
    importlib.import_module("tatami.ops." + room)
after = dict(vars(tatami.Tensor))
changed = [name for name in after if after[name] is not before.get(name)]
announced = [name for names in METHODS.values() for name in names.split()]
print(json.dumps([sorted(changed), sorted(announced)]))
"""
    changed, announced = in_fresh_python(code)
    assert changed == announced


def test_each_room_attaches_its_own_methods() -> None:
    code = """
import tatami
from tatami.ops.rooms import METHODS
wrong = []
for names in METHODS.values():
    for name in names.split():
        found = getattr(tatami.Tensor, name)
        if not callable(found) or type(found).__name__ != "function":
            wrong.append(name)
print(json.dumps(wrong))
"""
    assert in_fresh_python(code) == []


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    module = resolved(name)
    public = getattr(module, "__all__", list(FUNCTIONS))
    assert len(public) == len(set(public))
    assert set(public) <= set(dir(module))
    found: dict[str, Any] = {}
    exec(f"from {name} import *", found)
    for member in public:
        value = getattr(module, member)
        assert value is getattr(module, member)
        if hasattr(module, "__all__"):
            assert found[member] is value


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_name_does_not_become_a_module_once_all_is_loaded(name: str) -> None:
    code = f"""
import importlib, pkgutil, types, tatami
module = importlib.import_module({name!r})
names = getattr(module, "__all__", [])
before = [isinstance(getattr(module, x), types.ModuleType) for x in names]
for found in pkgutil.walk_packages(tatami.__path__, "tatami."):
    if not found.name.startswith(("tatami.__main__", "tatami.cli", "tatami._native")):
        importlib.import_module(found.name)
after = [isinstance(getattr(module, x), types.ModuleType) for x in names]
print(json.dumps([x for x, a, b in zip(names, before, after) if a != b]))
"""
    assert in_fresh_python(code) == []


def test_files_of_layers_are_attributes() -> None:
    folder = SOURCE / "tatami" / "nn" / "modules"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    code = f"import tatami; m = tatami.nn.modules\nprint(json.dumps([x for x in \
{sorted(files)} if type(getattr(m, x, None)).__name__ != 'module']))"
    assert in_fresh_python(code) == []


def test_names_that_are_not_there() -> None:
    for name in NAMESPACES:
        with pytest.raises(AttributeError, match=f"'{name}' has no attribute 'nosuch'"):
            resolved(name).nosuch  # noqa: B018
        assert not hasattr(resolved(name), "nosuch")


def test_methods_that_wait_are_bound_as_functions_are() -> None:
    code = """
import tatami
class Own(tatami.Tensor):
    def exp(self):
        return "own, not " + type(super().exp()).__name__
x = tatami.ones(2)
kinds = [type(vars(tatami.Tensor)[n]).__name__ for n in ("exp", "__pow__", "where")]
print(json.dumps([kinds, Own(2).exp(), (2 ** x).tolist(), (x ** x).tolist(),
    tatami.Tensor.log(x).tolist(), hasattr(x, "tril_"), hasattr(x, "nosuch"),
    "erfinv_" in dir(x), tatami.Tensor.trace.__name__]))
"""
    assert in_fresh_python(code) == [
        ["_Method"] * 3, "own, not Tensor", [2, 2], [1, 1], [0, 0], True, False, True,
        "trace",
    ]  # fmt: skip


def test_a_method_that_a_program_has_replaced_stays_replaced() -> None:
    code = """
import tatami
tatami.Tensor.sort = lambda self: "mine"
tatami.topk(tatami.ones(3), 1)
print(json.dumps([tatami.ones(2).sort(), tatami.ones(2).argsort().tolist()]))
"""
    assert in_fresh_python(code) == ["mine", [0, 1]]


def test_a_method_that_waits_can_be_patched_for_a_while() -> None:
    code = """
import tatami
from unittest import mock
with mock.patch.object(tatami.Tensor, "sort", lambda self: "mine"):
    tatami.topk(tatami.ones(3), 1)
    patched = tatami.ones(2).sort()
print(json.dumps([patched, tatami.ones(2).sort().values.tolist()]))
"""
    assert in_fresh_python(code) == ["mine", [1, 1]]


def test_a_room_that_attaches_too_little_is_found_out() -> None:
    class Owner:
        pass

    later.methods(Owner, {"tatami.ops.layout": "nosuch"})
    with pytest.raises(AttributeError, match="attaches no method 'nosuch'"):
        Owner.nosuch  # type: ignore[attr-defined]  # noqa: B018


def test_pickles_find_layers_that_wait() -> None:
    model = tatami.nn.Sequential(tatami.nn.GRU(2, 3), tatami.nn.Softmax(-1))
    code = f"""
import pickle
model = pickle.loads({pickle.dumps(model)!r})
import tatami
kinds = (tatami.nn.GRU, tatami.nn.Softmax)
print(json.dumps([isinstance(x, k) for x, k in zip(model, kinds)]))
"""
    assert in_fresh_python(code) == [True, True]


def test_programs_under_the_name_of_pytorch_find_all() -> None:
    code = """
import tatami
sys.modules["torch"] = tatami
import torch
from torch import nn, optim, linalg, special
from torch import einsum
print(json.dumps([nn is tatami.nn, nn.utils.parameters_to_vector.__name__,
    einsum is tatami.einsum, torch.linalg.norm is linalg.norm,
    nn.functional.gelu.__name__, optim.SGD.__name__]))
"""
    expected = [True, "parameters_to_vector", True, True, "gelu", "SGD"]
    assert in_fresh_python(code) == expected


def test_a_function_that_needs_what_waits_is_known_after_two_runs() -> None:
    code = """
import tatami
from tatami.nn import functional as F
@tatami.compile
def f(x):
    return F.gelu(x).exp() + tatami.tril(x) ** 2
x = tatami.ones(2, 2)
results = [f(x).tolist() for _ in range(2)]
programs = [len(kind.programs) for kind in f.compiled.kinds.values()]
print(json.dumps([programs, results[0] == results[1] == f(x).tolist()]))
"""
    assert in_fresh_python(code) == [[1], True]


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a module that run when it is imported."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, (ast.FunctionDef, ast.Lambda)):
            for value in (child.args, *getattr(child, "decorator_list", ())):
                yield from ast.walk(value)
        else:
            yield from run_at_import(child)


def kernels_bound(code: str) -> list[str]:
    """Return the kernels a module takes when it is imported, and not at each call."""
    return [
        node.attr
        for node in run_at_import(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) != ("kernels", "in_use")
        and node.value.id == "kernels"
    ]


def test_no_module_keeps_a_kernel_of_a_recording_it_is_loaded_in() -> None:
    assert kernels_bound("TABLE = {1: kernels.relu}\ndef f(x): kernels.exp") == ["relu"]
    assert kernels_bound("@wrap(kernels.sin)\ndef f(g=kernels.cos): ...") == [
        "cos",
        "sin",
    ]
    for path in (SOURCE / "tatami").rglob("*.py"):
        assert not kernels_bound(path.read_text()), path


def test_threads_may_ask_for_the_same_name_at_once() -> None:
    code = """
import threading, tatami
start, found = threading.Barrier(8), []
def look():
    start.wait()
    found.append((tatami.einsum, tatami.nn.LSTM, tatami.ones(2).exp().tolist()))
threads = [threading.Thread(target=look) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps([len(found), len({x[:2] for x in found}), len({*map(str, found)})]))
"""
    assert in_fresh_python(code) == [8, 1, 1]
