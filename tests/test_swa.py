"""Averages of weights: PyTorch's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import optim_cases as cases
import pytest

import tatami
from tatami.optim import swa_utils

torch = pytest.importorskip("torch")
theirs = torch.optim.swa_utils


def model(library: Any) -> Any:
    """Return a model with the same numbers in either library."""
    made = library.nn.Sequential(library.nn.Linear(3, 2), library.nn.BatchNorm1d(2))
    change(library, made, 0)
    return made


def change(library: Any, made: Any, seed: int) -> None:
    """Give the parameters and the statistics other numbers."""
    source = np.random.default_rng(seed)
    with library.no_grad():
        for each in [*made.parameters(), made[1].running_mean]:
            each.copy_(library.tensor(source.random(tuple(each.shape)).tolist()))


AVERAGES = {
    "equal": lambda utils: {},
    "equal, one by one": lambda utils: {"avg_fn": utils.get_swa_avg_fn()},
    "equal, all at once": lambda utils: {"multi_avg_fn": utils.get_swa_multi_avg_fn()},
    "fading": lambda utils: {"avg_fn": utils.get_ema_avg_fn(0.9)},
    "fading, at once": lambda utils: {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.9)},
    "with buffers": lambda utils: {
        "use_buffers": True, "multi_avg_fn": utils.get_ema_multi_avg_fn(0.7),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_are_those_of_pytorch(name: str) -> None:
    states = []
    for library, utils in ((tatami, swa_utils), (torch, theirs)):
        made = model(library)
        averaged = utils.AveragedModel(made, **AVERAGES[name](utils))
        for seed in range(4):
            change(library, made, seed)
            averaged.update_parameters(made)
        states.append(averaged.state_dict())
    assert list(states[0]) == list(states[1])
    for key, value in states[1].items():
        np.testing.assert_allclose(states[0][key].numpy(), value.numpy(), 1e-6)


def test_statistics_are_computed_anew() -> None:
    found = []
    batches = np.random.default_rng(1).random((3, 5, 2)).tolist()
    for library, utils in ((tatami, swa_utils), (torch, theirs)):
        layer = counting_layer(library)
        made = library.nn.Sequential(layer).eval()
        loader = [(library.tensor(batch), "label") for batch in batches]
        utils.update_bn(loader, made)
        assert (made.training, layer.training, layer.momentum) == (False, False, 0.1)
        found.append((layer.calls, layer.running_mean.tolist()))
    np.testing.assert_allclose(found[0][1], found[1][1], 1e-6)
    assert found[0][0] == found[1][0]
    assert found[0][0] == [(True, None)] * 3
    swa_utils.update_bn([], tatami.nn.Linear(1, 1))


def test_statistics_are_given_back_after_an_error() -> None:
    made = tatami.nn.Sequential(counting_layer(tatami)).eval()
    with pytest.raises(AttributeError):
        swa_utils.update_bn(["no tensor"], made)
    assert (made.training, made[0].momentum) == (False, 0.1)


def counting_layer(library: Any) -> Any:
    """Return a normalisation that adds up its inputs and notes how it is called."""

    class Counting(library.nn.BatchNorm1d):
        def forward(self, x: Any) -> Any:
            self.running_mean.add_(x.sum(0))
            self.calls.append((self.training, self.momentum))
            return x

    layer = Counting(2)
    layer.running_mean.fill_(7)
    layer.calls = []
    return layer


@pytest.mark.parametrize(
    "options",
    [
        {"swa_lr": 0.05},
        {"swa_lr": [0.05, 0.5], "anneal_epochs": 4, "anneal_strategy": "linear"},
        {"swa_lr": 0.05, "anneal_epochs": 0},
    ],
)
def test_rates_are_those_of_pytorch(options: dict[str, Any]) -> None:
    rows = []
    for library, utils in ((tatami, swa_utils), (torch, theirs)):
        optimizer = cases.two_groups(library)
        schedule = utils.SWALR(optimizer, **options)
        rows.append([schedule.get_last_lr()])
        for _ in range(12):
            optimizer.step()
            schedule.step()
            rows[-1].append(schedule.get_last_lr())
    assert rows[0] == rows[1]


MISTAKES = {
    "decay": lambda lib: lib.optim.swa_utils.get_ema_avg_fn(2),
    "strategy": lambda lib: lib.optim.swa_utils.SWALR(
        cases.two_groups(lib), 0.1, anneal_strategy="x"
    ),
    "epochs": lambda lib: lib.optim.swa_utils.SWALR(cases.two_groups(lib), 0.1, -1),
    "both": lambda lib: lib.optim.swa_utils.AveragedModel(
        lib.nn.Linear(1, 1), avg_fn=max, multi_avg_fn=max
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_as_in_pytorch(name: str) -> None:
    texts = []
    for library in (torch, tatami):
        with pytest.raises((ValueError, AssertionError)) as caught:
            MISTAKES[name](library)
        texts.append((caught.type, str(caught.value)))
    assert texts[0] == texts[1]
