"""Optimizers: PyTorch's numbers, state, errors and words."""

from __future__ import annotations

import copy
import functools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import optim_cases as cases
import pytest

import tatami
from tatami import optim
from tatami.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
RECORDED = Path(__file__).parent / "reference" / "optim.npz"
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
IDS = [f"{name}{i}" for i, (name, _) in enumerate(cases.OPTIMIZERS)]
every_optimizer = pytest.mark.parametrize(
    ("name", "options"), cases.OPTIMIZERS, ids=IDS
)


@functools.cache
def recorded() -> dict[str, Any]:
    with np.load(RECORDED) as file:
        return dict(file)


def leaf(*values: float) -> tatami.Tensor:
    return tatami.tensor([float(x) for x in values], requires_grad=True)


def with_gradient(*values: float) -> tatami.Tensor:
    param = leaf(*values)
    param.grad = tatami.ones(len(values))
    return param


@pytest.mark.parametrize("kind", TOLERANCE)
@pytest.mark.parametrize("i", range(len(IDS)), ids=IDS)
def test_parameters_after_twenty_steps(i: int, kind: str) -> None:
    name, options = cases.OPTIMIZERS[i]
    _, values = cases.optimize(tatami, name, options, kind)
    for j, value in enumerate(values):
        expected = recorded()[f"{name}{i}/{kind}/{j}"]
        assert value.dtype == expected.dtype
        tolerance = TOLERANCE[kind] * max(1, np.abs(expected).max())
        np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


@needs_torch
@every_optimizer
def test_state_is_that_of_pytorch(name: str, options: dict[str, Any]) -> None:
    ours = cases.optimize(tatami, name, options, "float32")[0].state_dict()
    theirs = cases.optimize(torch, name, options, "float32")[0].state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert [*ours["state"]] == [*theirs["state"]]
    for number, entries in theirs["state"].items():
        assert [*ours["state"][number]] == [*entries]
        for key, value in entries.items():
            found = ours["state"][number][key]
            assert repr(found.dtype) == repr(value.dtype)
            np.testing.assert_allclose(found.numpy(), value.numpy(), 1e-5, 1e-6)


@needs_torch
@every_optimizer
def test_repr_is_that_of_pytorch(name: str, options: dict[str, Any]) -> None:
    made = [cases.optimize(lib, name, options, "float32")[0] for lib in (tatami, torch)]
    assert repr(made[0]) == repr(made[1])


def converted(value: Any, library: Any) -> Any:
    """Return a state dictionary with its tensors in the other library."""
    if isinstance(value, dict):
        return {key: converted(x, library) for key, x in value.items()}
    if hasattr(value, "numpy"):
        return library.from_numpy(value.numpy().copy())
    return value


@needs_torch
@pytest.mark.parametrize("away", [True, False], ids=["to PyTorch", "from PyTorch"])
@every_optimizer
def test_training_goes_on_in_the_other_library(
    name: str, options: dict[str, Any], away: bool
) -> None:
    first, second = (tatami, torch) if away else (torch, tatami)
    old, values = cases.optimize(first, name, options, "float64")
    params = [second.from_numpy(np.array(value)).requires_grad_() for value in values]
    groups = [{"params": params[:2]}, {"params": params[2:]}]
    new = getattr(second.optim, name)(groups)
    new.load_state_dict(converted(old.state_dict(), second))
    theirs = [p for group in old.param_groups for p in group["params"]]
    for library, optimizer, leaves in ((first, old, theirs), (second, new, params)):
        source = np.random.default_rng(5)
        for _ in range(5):
            cases.give_gradients(library, leaves, source)
            optimizer.step()
    for ours, other in zip(theirs, params, strict=True):
        np.testing.assert_allclose(
            ours.detach().numpy(), other.detach().numpy(), 1e-11, 1e-12
        )


@pytest.mark.parametrize("i", range(len(cases.SEARCHES)))
def test_lbfgs_walks_as_in_pytorch(i: int) -> None:
    _, losses = cases.search(tatami, cases.SEARCHES[i], "float64")
    np.testing.assert_allclose(losses, recorded()[f"LBFGS{i}"], rtol=1e-6, atol=1e-10)


@needs_torch
def test_lbfgs_state_is_that_of_pytorch() -> None:
    options = cases.SEARCHES[2]
    ours, theirs = (
        cases.search(library, options, "float64")[0].state_dict()["state"][0]
        for library in (tatami, torch)
    )
    assert ours.keys() == theirs.keys()
    assert ours["func_evals"] == theirs["func_evals"]
    assert ours["n_iter"] == theirs["n_iter"]
    np.testing.assert_allclose(ours["d"].numpy(), theirs["d"].numpy(), 1e-5)
    assert len(ours["old_dirs"]) == len(theirs["old_dirs"])


def test_lbfgs_refuses_groups_and_unknown_searches() -> None:
    groups = [{"params": [leaf(1)]}, {"params": [leaf(2)]}]
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        optim.LBFGS(groups)
    optimizer = optim.LBFGS([leaf(1)], line_search_fn="golden")
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optimizer.step(lambda: 0)


MISTAKES = {
    "empty": (lambda lib: lib.optim.SGD([]), ValueError),
    "tensor": (lambda lib: lib.optim.SGD(lib.ones(2)), TypeError),
    "number": (lambda lib: lib.optim.SGD([3]), TypeError),
    "set": (lambda lib: lib.optim.SGD([{"params": {lib.ones(2)}}]), TypeError),
    "non-leaf": (
        lambda lib: lib.optim.SGD([lib.ones(2, requires_grad=True) * 2]), ValueError,
    ),
    "rate": (lambda lib: lib.optim.SGD([lib.ones(2)], lr=-1), ValueError),
    "rates": (lambda lib: lib.optim.Adam([lib.ones(2)], lr=lib.ones(2)), ValueError),
    "momentum": (lambda lib: lib.optim.SGD([lib.ones(2)], momentum=-1), ValueError),
    "decay": (lambda lib: lib.optim.Adam([lib.ones(2)], weight_decay=-1), ValueError),
    "nesterov": (lambda lib: lib.optim.SGD([lib.ones(2)], nesterov=True), ValueError),
    "beta": (lambda lib: lib.optim.Adam([lib.ones(2)], betas=(0.9, 1.0)), ValueError),
    "betas": (lambda lib: lib.optim.Adam([lib.ones(2)], betas=(0, 0.9)), ValueError),
    "epsilon": (lambda lib: lib.optim.RMSprop([lib.ones(2)], eps=-1), ValueError),
    "rho": (lambda lib: lib.optim.Adadelta([lib.ones(2)], rho=2), ValueError),
    "lr_decay": (lambda lib: lib.optim.Adagrad([lib.ones(2)], lr_decay=-1), ValueError),
    "etas": (lambda lib: lib.optim.Rprop([lib.ones(2)], etas=(2, 3)), ValueError),
    "fused": (
        lambda lib: lib.optim.SGD([lib.ones(2)], fused=True, foreach=True),
        RuntimeError,
    ),
    "names": (lambda lib: lib.optim.SGD([("a", lib.ones(2)), lib.ones(2)]), ValueError),
}  # fmt: skip


@needs_torch
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_as_in_pytorch(name: str) -> None:
    make, kind = MISTAKES[name]
    texts = []
    for library in (tatami, torch):
        with pytest.raises(kind) as caught:
            make(library)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_refused(name: str) -> None:
    make, kind = MISTAKES[name]
    with pytest.raises(kind):
        make(tatami)


def test_a_parameter_is_in_one_group_only() -> None:
    weight = leaf(1)
    optimizer = optim.SGD([weight])
    with pytest.raises(ValueError, match="some parameters appear in more than one"):
        optimizer.add_param_group({"params": [weight]})
    assert len(optimizer.param_groups) == 1
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([weight, weight])


def test_differentiable_steps_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="differentiable=True is not suppor"):
        optim.Adam([leaf(1)], differentiable=True)


def test_sparse_adam_says_what_to_use() -> None:
    with pytest.raises(NotImplementedError, match="use Adam"):
        optim.SparseAdam([leaf(1)])


def test_a_gradient_of_another_shape_changes_nothing() -> None:
    first, second = with_gradient(1, 2), with_gradient(3, 4)
    second.data = tatami.ones(3)
    with pytest.raises(RuntimeError, match=r"shape \[3\], but its gradient \[2\]"):
        optim.SGD([first, second], lr=1.0).step()
    assert first.tolist() == [1, 2]


@pytest.mark.parametrize("name", sorted({name for name, _ in cases.OPTIMIZERS}))
def test_a_step_counts_as_a_change_in_place(name: str) -> None:
    weight, idle = with_gradient(1, 2), leaf(3)
    output = weight * weight
    getattr(optim, name)([weight, idle], lr=0.1).step()
    assert (weight._version, idle._version) == (1, 0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_parameters_keep_their_memory() -> None:
    weight = with_gradient(1, 2)
    before = weight.data_ptr()
    optim.SGD([weight], lr=0.5, momentum=0.9).step()
    assert weight.data_ptr() == before
    assert weight.tolist() == [0.5, 1.5]


def test_data_and_gradients_may_be_replaced_between_steps() -> None:
    weight = with_gradient(1, 2)
    optimizer = optim.SGD([weight], lr=0.5, momentum=0.9)
    optimizer.step()
    weight.data = tatami.tensor([10.0, 20.0])
    weight.grad = tatami.zeros(2)
    optimizer.step()
    np.testing.assert_allclose(weight.tolist(), [9.55, 19.55], rtol=1e-6)


def test_zero_grad() -> None:
    weight = with_gradient(1, 2)
    kept = weight.grad
    optimizer = optim.SGD([weight])
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad is kept
    assert kept.tolist() == [0, 0]
    optimizer.zero_grad()
    assert weight.grad is None


def test_a_closure_records_and_its_loss_is_returned() -> None:
    weight = leaf(1, 2)
    optimizer = optim.SGD([weight], lr=0.5)

    def closure() -> tatami.Tensor:
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with tatami.no_grad():
        assert optimizer.step(closure).item() == 5
    assert weight.tolist() == [0, 0]


def test_hooks_run_around_the_step() -> None:
    calls: list[str] = []
    weight = with_gradient(1)
    optimizer = optim.SGD([weight], lr=1.0)
    handles = [
        register_optimizer_step_pre_hook(lambda *_: calls.append("all before")),
        optimizer.register_step_pre_hook(lambda *_: calls.append("before")),
        optimizer.register_step_post_hook(lambda *_: calls.append(str(weight.item()))),
        register_optimizer_step_post_hook(lambda *_: calls.append("all after")),
    ]
    optimizer.step()
    assert calls == ["all before", "before", "0.0", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(calls) == 4


def test_a_hook_may_change_the_arguments() -> None:
    optimizer = optim.SGD([with_gradient(1)])
    optimizer.register_step_pre_hook(
        lambda self, args, kwargs: ((self,) and (lambda: 7,), {})
    )
    assert optimizer.step() == 7
    optimizer.register_step_pre_hook(lambda *_: "wrong")
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_hooks_of_a_subclass_run_once() -> None:
    class Twice(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            super().step(closure)
            return super().step(closure)

    calls = []
    weight = with_gradient(4)
    optimizer = Twice([weight], lr=1.0)
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    assert calls == [1]
    assert weight.item() == 2


def test_state_dict_hooks() -> None:
    optimizer = optim.SGD([leaf(1)], lr=0.5)
    seen: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda _: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda _: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda _, state: {**state, "extra": 1})
    state = optimizer.state_dict()
    assert seen == ["first", "second"]
    assert state["extra"] == 1
    optimizer.register_load_state_dict_pre_hook(lambda _, state: seen.append("load"))
    optimizer.register_load_state_dict_post_hook(lambda _: seen.append("loaded"))
    optimizer.load_state_dict(state)
    assert seen[2:] == ["load", "loaded"]


def test_a_state_that_does_not_fit_is_refused() -> None:
    one, two = optim.SGD([leaf(1)], lr=0.5), optim.SGD([leaf(1), leaf(2)])
    with pytest.raises(ValueError, match=r"doesn.t match the size of optim"):
        two.load_state_dict(one.state_dict())
    two.add_param_group({"params": [leaf(3)]})
    with pytest.raises(ValueError, match="different number of parameter groups"):
        two.load_state_dict(one.state_dict())
    assert two.param_groups[0]["lr"] == 1e-3


def test_an_old_state_gets_the_options_it_lacks() -> None:
    optimizer = optim.Adam([with_gradient(1)])
    optimizer.step()
    state = copy.deepcopy(optimizer.state_dict())
    del state["param_groups"][0]["maximize"]
    state["state"][0]["step"] = 1
    fresh = optim.Adam([with_gradient(1)])
    fresh.load_state_dict(state)
    assert fresh.param_groups[0]["maximize"] is False
    fresh.step()
    assert fresh.state_dict()["state"][0]["step"].item() == 2


def test_named_parameters() -> None:
    weight, bias = leaf(1), leaf(2)
    optimizer = optim.SGD([("weight", weight), ("bias", bias)])
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == [
        "weight", "bias",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [leaf(3)]})


def test_pickle_and_deepcopy() -> None:
    weight = with_gradient(1, 2)
    optimizer = optim.Adam([weight], lr=0.1)
    optimizer.step()
    for duplicate in (
        copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer)),
    ):  # fmt: skip
        other = duplicate.param_groups[0]["params"][0]
        other.grad = tatami.ones(2)
        before = other.tolist()
        duplicate.step()
        assert other.tolist() != before
        assert weight.tolist() == before
        assert duplicate.state[other]["step"].item() == 2


def test_a_rate_may_be_a_tensor() -> None:
    weight = with_gradient(1)
    optim.SGD([weight], lr=tatami.tensor(0.25)).step()
    assert weight.item() == 0.75


def test_options_without_a_default_must_be_given() -> None:
    from tatami.optim.optimizer import required

    with pytest.raises(ValueError, match="required optimization parameter lr"):
        Optimizer([leaf(1)], {"lr": required})
    with pytest.raises(NotImplementedError):
        Optimizer([leaf(1)], {}).step()
