"""A program in words: kernels, fusions, memory, time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..kernels import native
from ..random import fork_rng
from .captured import Captured
from .machine import Machine, Step
from .plan import Plan
from .trace import Call, Ref

__all__ = ["describe", "operations"]

_ROUNDS = 20


def _volume(shape: Sequence[int]) -> int:
    return math.prod(shape)


def _of_convolution(call: Call) -> float:
    weight, images = call.args[1], call.results[0]
    return 2.0 * _volume(images.shape) * _volume(weight.shape[1:])


def _of_grad_input(call: Call) -> float:
    gradient, weight = call.args[:2]
    return 2.0 * _volume(gradient.shape) * _volume(weight.shape[1:])


def _of_grad_weight(call: Call) -> float:
    gradient, weight = call.args[0], call.results[0]
    return 2.0 * _volume(gradient.shape) * _volume(weight.shape[1:])


def _of_pooled(call: Call) -> float:
    """Count what the pooling uses of the convolution."""
    window = _volume(call.args[4])
    return (
        window * 2.0 * _volume(call.results[0].shape) * _volume(call.args[1].shape[1:])
    )


def _of_pooled_grad(call: Call) -> float:
    """Count every window, though only its largest element has a gradient."""
    gradient, _, _, weight, shape, _, pool, *_ = call.args
    passes = 1 if weight is None else 2
    windows = _volume(gradient.shape) * _volume(pool)
    return passes * 2.0 * windows * _volume(shape[1:])


def _of_factors(a: Ref, b: Ref) -> int:
    """Count the product that a gradient is given as."""
    return 2 * _volume(a.shape) * b.shape[1]


def _of_product(call: Call) -> float:
    a = call.args[1] if call.name == "addmm" else call.args[0]
    return 2.0 * _volume(call.results[0].shape) * a.shape[-1]


_COUNTS: dict[str, Callable[[Call], float]] = {
    "convolution": _of_convolution,
    "convolution_relu": _of_convolution,
    "convolution_grad_input": _of_grad_input,
    "convolution_grad_weight": _of_grad_weight,
    "convolution_max_pool": _of_pooled,
    "convolution_max_pool_infer": _of_pooled,
    "convolution_max_pool_grad": _of_pooled_grad,
    "matmul": _of_product,
    "matmul_masked": _of_product,
    "addmm": _of_product,
    "linear_relu": _of_product,
}


def operations(call: Call) -> float:
    """Return how many multiplications and additions a call stands for.

    Of other kernels than products, each element of the results counts once.
    """
    if call.name in _COUNTS:
        return _COUNTS[call.name](call)
    changed = sum(_volume(ref.shape) for ref in call.changed())
    if call.name == "sgd_step":
        changed += sum(_of_factors(*x) for x in call.args[1] if isinstance(x, tuple))
    return float(changed + sum(_volume(ref.shape) for ref in call.results))


def _traffic(call: Call) -> int:
    return sum(ref.nbytes for ref in (*call.refs(), *call.results))


def _times(captured: Captured) -> list[list[float]]:
    """Return the least seconds each step takes, on copies of all it would change."""
    plan = captured.plan
    buffers = [
        replace(b, array=b.array.copy("K")) if b.kind != "made" else b
        for b in plan.buffers
    ]
    copied = Plan(plan.calls, buffers, plan.kept)
    machine = Machine(copied, captured.given, list(plan.kept))
    arrays = [machine.own(number) for number in machine.slots]
    found = []
    with fork_rng():
        for phase in range(len(machine.programs)):
            program = machine.programs[phase]
            rounds = [program.profile(tuple(arrays)) for _ in range(_ROUNDS)]
            found.append([min(times) for times in zip(*rounds, strict=True)])
    return found


def describe(captured: Captured) -> str:
    """Return a program as a table of its kernels."""
    machine, plan = captured.machine, captured.plan
    peak = native.peak_rate()
    lines: list[str] = []
    total = work = 0.0
    for phase, times in enumerate(_times(captured)):
        if len(machine.programs) > 1:
            lines.append("forward:" if phase == 0 else "backward:")
        for row in _rows(machine.steps[phase], times):
            lines.append(_line(row, peak))
            total, work = total + row.seconds, work + operations(row.call)
    return "\n".join([_HEAD, *lines, *_summary(plan, machine, total, work, peak)])


@dataclass
class _Row:
    """A call, in how many bands it is made, and how long they take together."""

    call: Call
    by_python: bool
    bands: int = 0
    seconds: float = 0.0


def _rows(steps: list[Step], times: list[float]) -> Iterable[_Row]:
    rows: dict[int, _Row] = {}
    for step, seconds in zip(steps, times, strict=True):
        call = step.call.whole or step.call
        row = rows.setdefault(id(call), _Row(call, step.by_python))
        row.bands += 1
        row.seconds += seconds
    return rows.values()


_HEAD = f"{'kernel':<30}{'result':<22}{'us':>9}{'kFLOP':>10}{'kB':>9}  of peak"


def _line(row: _Row, peak: float | None) -> str:
    call, seconds = row.call, row.seconds
    result = next(iter(call.results), None)
    work, name = operations(call), call.name + (" (Python)" if row.by_python else "")
    name += f" x{row.bands}" if row.bands > 1 else ""
    share = _share(work, seconds, peak) if call.name in _COUNTS else ""
    return (
        f"{name:<30}{_shape(result):<22}{seconds * 1e6:9.2f}{work / 1e3:10.1f}"
        f"{_traffic(call) / 1e3:9.1f}  {share}"
    )


def _shape(ref: Ref | None) -> str:
    return "in place" if ref is None else "x".join(map(str, ref.shape)) or "1"


def _share(work: float, seconds: float, peak: float | None) -> str:
    if not peak or not seconds:
        return ""
    return f"{100 * work / (seconds * 1e9) / peak:.0f}%"


def _summary(
    plan: Plan, machine: Machine, total: float, work: float, peak: float | None
) -> list[str]:
    made = {r.buffer for call in plan.calls for r in call.results}
    passing = sum(plan.buffers[n].nbytes for n in plan.lifetimes())
    lines = [
        f"{len(plan.calls)} kernels, {total * 1e6:.1f} us, {work / 1e6:.3f} MFLOP",
        f"memory: {len(made)} buffers; those that pass take {machine.nbytes / 1e3:.1f} "
        f"kB, shared, instead of {passing / 1e3:.1f} kB",
    ]
    if peak:
        lines.append(
            f"one core does {peak:.1f} GFLOP/s at most: this is "
            f"{_share(work, total, peak)} of it"
        )
    return lines + plan.notes
