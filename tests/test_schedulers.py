"""Schedules of the learning rate: PyTorch's numbers, warnings and checkpoints."""

from __future__ import annotations

import functools
import json
import warnings
from pathlib import Path
from typing import Any

import optim_cases as cases
import pytest

import tatami
from tatami.optim import lr_scheduler

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
RECORDED = Path(__file__).parent / "reference" / "schedules.json"
IDS = [f"{name}{i}" for i, (name, _) in enumerate(cases.SCHEDULES)]


@functools.cache
def recorded() -> dict[str, Any]:
    return json.loads(RECORDED.read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("i", range(len(IDS)), ids=IDS)
def test_rates_are_those_of_pytorch(i: int) -> None:
    name, options = cases.SCHEDULES[i]
    schedule, rows = cases.follow(tatami, name, options)
    assert rows == recorded()[f"{name}{i}"]
    assert schedule.get_last_lr() == [rows[-1][0], rows[-1][2]]


@pytest.mark.parametrize("i", range(len(cases.PLATEAUS)))
def test_plateaus_are_seen_as_in_pytorch(i: int) -> None:
    _, rows = cases.follow_plateau(tatami, cases.PLATEAUS[i])
    assert rows == recorded()[f"ReduceLROnPlateau{i}"]


@pytest.mark.parametrize("name", ["SequentialLR", "ChainedScheduler"])
def test_schedules_of_schedules(name: str) -> None:
    _, rows = cases.follow_several(tatami, name)
    assert rows == recorded()[name]


@needs_torch
@pytest.mark.parametrize("i", range(len(IDS)), ids=IDS)
def test_checkpoints_are_those_of_pytorch(i: int) -> None:
    name, options = cases.SCHEDULES[i]
    ours, theirs = (
        cases.follow(library, name, options)[0].state_dict()
        for library in (tatami, torch)
    )
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key] == value, key


@pytest.mark.parametrize("i", range(len(IDS)), ids=IDS)
def test_a_schedule_goes_on_from_a_checkpoint(i: int) -> None:
    name, options = cases.SCHEDULES[i]
    kind = getattr(lr_scheduler, name)
    optimizer = cases.two_groups(tatami)
    schedule = kind(optimizer, **options)
    for _ in range(7):
        optimizer.step()
        schedule.step()
    other = cases.two_groups(tatami)
    resumed = kind(other, **options)
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    for _ in range(5):
        schedule.step()
        resumed.step()
        assert resumed.get_last_lr() == schedule.get_last_lr()


@pytest.mark.parametrize("name", ["SequentialLR", "ChainedScheduler"])
def test_combined_schedules_go_on_from_a_checkpoint(name: str) -> None:
    whole, _ = cases.follow_several(tatami, name)
    state = whole.state_dict()
    assert len(state["_schedulers"]) == 3
    assert "optimizer" not in state
    whole.load_state_dict(state)
    assert [part.last_epoch for part in whole._schedulers] == [
        inner["last_epoch"] for inner in state["_schedulers"]
    ]


def test_epochs_by_number_use_the_closed_form() -> None:
    optimizer = cases.two_groups(tatami)
    schedule = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    optimizer.step()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
        schedule.step(5)
    assert schedule.get_last_lr() == [0.1 * 0.25, 0.3 * 0.25]
    schedule = lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    with pytest.warns(UserWarning, match="The epoch parameter"):
        schedule.step(3)
    assert schedule.last_epoch == 3


def test_the_wrong_order_is_noticed_once() -> None:
    optimizer = cases.two_groups(tatami)
    schedule = lr_scheduler.StepLR(optimizer, step_size=2)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)`"):
        schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()


def test_the_right_order_is_quiet() -> None:
    optimizer = cases.two_groups(tatami)
    schedules = [lr_scheduler.StepLR(optimizer, 2), lr_scheduler.LinearLR(optimizer)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        for schedule in schedules:
            schedule.step()


def test_steps_before_the_schedule_do_not_count() -> None:
    optimizer = cases.two_groups(tatami)
    optimizer.step()
    schedule = lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match="Detected call"):
        schedule.step()


def test_an_overridden_step_is_noticed() -> None:
    optimizer = cases.two_groups(tatami)
    schedule = lr_scheduler.StepLR(optimizer, 2)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        schedule.step()


def test_get_lr_points_to_get_last_lr() -> None:
    schedule = lr_scheduler.StepLR(cases.two_groups(tatami), 2)
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        schedule.get_lr()


def test_resuming_needs_the_first_rates() -> None:
    optimizer = cases.two_groups(tatami)
    with pytest.raises(KeyError, match=r"not specified in param_groups\[0\]"):
        lr_scheduler.StepLR(optimizer, 2, last_epoch=3)


def test_a_rate_held_in_a_tensor_is_filled_in_place() -> None:
    rate = tatami.tensor(0.5)
    optimizer = tatami.optim.SGD([tatami.ones(1, requires_grad=True)], lr=rate)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25


MISTAKES = {
    "no optimizer": lambda s, o: s.StepLR(3, 2),
    "factor": lambda s, o: s.ConstantLR(o, factor=2),
    "start": lambda s, o: s.LinearLR(o, start_factor=0),
    "end": lambda s, o: s.LinearLR(o, end_factor=2),
    "lambdas": lambda s, o: s.LambdaLR(o, [len]),
    "not callable": lambda s, o: s.MultiplicativeLR(o, 3),
    "period": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=0),
    "factor of period": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, T_mult=0),
    "negative epoch": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1).step(-1),
    "mode": lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="square"),
    "rates": lambda s, o: s.CyclicLR(o, 0.1, [0.2]),
    "no total": lambda s, o: s.OneCycleLR(o, 0.1),
    "total": lambda s, o: s.OneCycleLR(o, 0.1, total_steps=0),
    "part": lambda s, o: s.OneCycleLR(o, 0.1, total_steps=5, pct_start=2.0),
    "anneal": lambda s, o: s.OneCycleLR(o, 0.1, total_steps=5, anneal_strategy="x"),
    "plateau factor": lambda s, o: s.ReduceLROnPlateau(o, factor=1.5),
    "plateau mode": lambda s, o: s.ReduceLROnPlateau(o, mode="least"),
    "plateau threshold": lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="x"),
    "plateau rates": lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    "no schedules": lambda s, o: s.ChainedScheduler([]),
    "none in a row": lambda s, o: s.SequentialLR(o, [], []),
    "milestones": lambda s, o: s.SequentialLR(o, [s.StepLR(o, 2)], [1]),
    "plateau in a row": lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    "not a schedule": lambda s, o: s.ChainedScheduler([3], o),
}


@needs_torch
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_as_in_pytorch(name: str) -> None:
    texts = []
    for library in (torch, tatami):
        with pytest.raises((TypeError, ValueError)) as caught:
            MISTAKES[name](library.optim.lr_scheduler, cases.two_groups(library))
        texts.append((caught.type, str(caught.value)))
    assert texts[0] == texts[1]


def test_one_cycle_ends() -> None:
    optimizer = cases.two_groups(tatami)
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=2)
    optimizer.step()
    schedule.step()
    schedule.step()
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        schedule.step()


def test_schedules_of_different_optimizers_are_not_mixed() -> None:
    first, second = cases.two_groups(tatami), cases.two_groups(tatami)
    parts = [lr_scheduler.StepLR(first, 2), lr_scheduler.StepLR(second, 2)]
    with pytest.raises(ValueError, match="expects all schedulers to belong"):
        lr_scheduler.ChainedScheduler(parts)


def test_a_new_group_gets_the_lowest_rate_of_the_others() -> None:
    optimizer = cases.two_groups(tatami)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    optimizer.add_param_group({"params": [tatami.ones(1, requires_grad=True)]})
    schedule.step(1.0)
    schedule.step(1.0)
    assert schedule.get_last_lr() == [0.05, 0.15, 0.05]
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=[0, 0, 0], patience=0)
    optimizer.add_param_group({"params": [tatami.ones(1, requires_grad=True)]})
    schedule.step(1.0)
    with pytest.raises(RuntimeError, match=r"param groups in the `optimizer` \(4\)"):
        schedule.step(1.0)
