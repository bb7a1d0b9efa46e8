"""Runs of optimizers and schedules, described once for tatami and for PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

SHAPES = ((3, 5), (7,), ())
STEPS = 20

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"betas": (0.3, 0.9), "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"amsgrad": True, "weight_decay": 0.2, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.9, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1,
                 "initial_accumulator_value": 0.5}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "t0": 5, "weight_decay": 0.1, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.2)}),
]  # fmt: skip

SEARCHES: list[dict[str, Any]] = [
    {"lr": 0.05, "max_iter": 5},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "lr": 4.0, "history_size": 2, "max_iter": 7},
    {"line_search_fn": "strong_wolfe", "lr": 0.01, "max_eval": 9},
]

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 1 / (epoch + 1), lambda epoch: epoch]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}),
    ("StepLR", {"step_size": 3}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 8], "gamma": 0.3}),
    ("ConstantLR", {"factor": 0.4, "total_iters": 4}),
    ("LinearLR", {"start_factor": 0.2, "end_factor": 0.8, "total_iters": 7}),
    ("ExponentialLR", {"gamma": 0.93}),
    ("PolynomialLR", {"total_iters": 9, "power": 1.7}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.001}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": [0.1, 0.2], "step_size_up": 4}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3,
                  "step_size_down": 2, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3,
                  "mode": "exp_range", "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3,
                  "scale_fn": lambda x: 0.5**x, "scale_mode": "iterations"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": [0.3, 0.1], "epochs": 4, "steps_per_epoch": 5,
                    "anneal_strategy": "linear", "three_phase": True}),
]  # fmt: skip

MEASURED = [3.0, 2.9, 2.9, 2.9, 3.1, 2.8, 2.8, 2.8, 2.8, 2.8, 1.0, 1.2, 1.2, 1.2, 1.2]
PLATEAUS: list[dict[str, Any]] = [
    {"patience": 1, "factor": 0.5},
    {"patience": 0, "cooldown": 2, "threshold": 0.2, "threshold_mode": "abs"},
    {"mode": "max", "patience": 2, "min_lr": [0.05, 0.2]},
]


def parameters(library: Any, kind: str, source: Any) -> list[Any]:
    """Return leaves of one library, with the same numbers for each."""
    return [
        library.tensor(
            source.standard_normal(shape).tolist(),
            dtype=getattr(library, kind), requires_grad=True,
        )
        for shape in SHAPES
    ]  # fmt: skip


def give_gradients(library: Any, params: list[Any], source: Any) -> None:
    """Set random gradients; one parameter has none now and then."""
    for i, param in enumerate(params):
        values = source.standard_normal(tuple(param.shape)).tolist()
        given = library.tensor(values, dtype=param.dtype)
        param.grad = None if i == 1 and source.random() < 0.2 else given


def optimize(
    library: Any, name: str, options: dict[str, Any], kind: str
) -> tuple[Any, list[Any]]:
    """Do some steps, with options of its own for the last parameter."""
    source = np.random.default_rng(0)
    params = parameters(library, kind, source)
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.07}]
    optimizer = getattr(library.optim, name)(groups, **options)
    for _ in range(STEPS):
        give_gradients(library, params, source)
        optimizer.step()
    return optimizer, [param.detach().numpy() for param in params]


def search(library: Any, options: dict[str, Any], kind: str) -> tuple[Any, list[float]]:
    """Look for the bottom of Rosenbrock's valley with L-BFGS."""
    a, b = (
        library.tensor(value, dtype=getattr(library, kind), requires_grad=True)
        for value in (-1.2, 1.0)
    )
    optimizer = library.optim.LBFGS([a, b], **options)
    losses = []

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (1 - a) ** 2 + 10 * (b - a * a) ** 2
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(3):
        optimizer.step(closure)
    return optimizer, [*losses, a.item(), b.item()]


def two_groups(library: Any) -> Any:
    """Return an optimizer with two groups, ready for schedules."""
    params = [library.ones(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.3}]
    return library.optim.SGD(groups, lr=0.1, momentum=0.9)


def follow(library: Any, name: str, options: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Return the rates and momenta of twenty epochs."""
    optimizer = two_groups(library)
    schedule = getattr(library.optim.lr_scheduler, name)(optimizer, **options)
    return schedule, _walk(optimizer, schedule.step, 20)


def follow_plateau(library: Any, options: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Return the rates as a measurement stops getting better."""
    optimizer = two_groups(library)
    schedule = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    values = iter(MEASURED)
    walk = _walk(optimizer, lambda: schedule.step(next(values)), len(MEASURED))
    return schedule, walk


def follow_several(library: Any, combined: str) -> tuple[Any, list[Any]]:
    """Return the rates of schedules in a row, or at once."""
    optimizer, schedules = two_groups(library), library.optim.lr_scheduler
    parts = [
        schedules.ConstantLR(optimizer, factor=0.1, total_iters=2),
        schedules.ExponentialLR(optimizer, gamma=0.9),
        schedules.StepLR(optimizer, step_size=2, gamma=0.5),
    ]
    if combined == "SequentialLR":
        schedule = schedules.SequentialLR(optimizer, parts, milestones=[3, 9])
    else:
        schedule = schedules.ChainedScheduler(parts, optimizer)
    return schedule, _walk(optimizer, schedule.step, 15)


def _walk(optimizer: Any, step: Any, count: int) -> list[Any]:
    rows = [_options(optimizer)]
    for _ in range(count):
        optimizer.step()
        step()
        rows.append(_options(optimizer))
    return rows


def _options(optimizer: Any) -> list[float]:
    groups = optimizer.param_groups
    return [float(g[key]) for g in groups for key in ("lr", "momentum")]
