"""Random small programs: 20 compiled steps against 20 eager ones.

    python tests/capture_fuzzer.py --programs 2000 --seed 0 --jobs 2

Each seed writes the source of a training step out of random layers, operations, Python
branches, losses, optimizers and schedules, runs it eagerly and compiled, and compares
results, gradients, parameters, states and the random generator. Gradients of
any size are owed; programs of odd seeds go through batches row by row. A difference
prints the seed and the source, without the lines that do not matter to it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
from compile_tools import close_to, compiled, small_debts, snapshot, thin_bands

import tatami

__all__ = ["Outcome", "run", "scenario_of", "source_of"]

STEPS = 20
# Fused sums may be formed in another order: units in the last place of the largest.
TOLERANCE = 4096.0

POINTWISE = (
    "x = x * {a} + {b}", "x = F.relu(x)", "x = tatami.tanh(x)", "x = F.gelu(x)",
    "x = tatami.sigmoid(x) * {a}", "x = x.clone().mul_({a}).add_({b})",
    "x = x - x.mean(-1, keepdim=True)", "x = F.softplus(x)", "x = x.abs() + {b}",
    "x = F.dropout(x, 0.3, training=model.training)", "x = x / (1 + x.square())",
    "x = tatami.where(x > {b}, x, x * {a})", "x = x.clamp(-{a}, {a})",
    "x = x + tatami.rand(x.shape[-1]) * 0.1", "x = F.leaky_relu(x, 0.1)",
    "x = tatami.cat([x[:1], x[1:]])", "x = F.elu(x)", "x = x.flip(0)",
    "y = x.detach().clone(); y[0] = {b}; x = x + y",
    "x = F.layer_norm(x, x.shape[-1:], eps=0.1)",
    "x = tatami.maximum(x, x * {a})", "x = x.exp().clamp(max=10.0)",
    "x = x.transpose(0, -1).contiguous().transpose(0, -1)", "x = F.silu(x)",
    "x = F.relu(x.transpose(0, -1)).transpose(0, -1)",
    "x = F.relu(x.flatten()).view(x.shape)",
    "x = F.softmax(x, -1) * x.shape[-1]", "x = x + scale['by'] * {a}",
    "if count % 2: x = x * {a}", "if model.training: x = x + {b}",
    "if x.shape[0] > 4: x = x - {b}", "for k in range(2): x = x * 0.9 + k * {b}",
    "with tatami.no_grad(): shift = x.mean()\nx = x - shift",
    "x = tatami.stack([x, x * {a}]).sum(0)", "x = x.sin() + x.cos() * {a}",
)  # fmt: skip
FLAT = (
    "nn.Linear({n}, {m})",
    "nn.BatchNorm1d({n}, eps=0.1)",
    "nn.LayerNorm({n}, eps=0.1)",
)
PLANES = (
    "nn.Conv2d({n}, {m}, 3, padding=1)", "nn.Conv2d({n}, {m}, 3)",
    "nn.Conv2d({n}, {m}, 2, stride=2)", "nn.BatchNorm2d({n}, eps=0.1)",
    "nn.MaxPool2d(2)", "nn.AvgPool2d(2)",
    "nn.Conv2d({n}, {n}, 3, padding=1, groups={n})",
    "nn.GroupNorm(1, {n}, eps=0.1)",
)  # fmt: skip
LOSSES = (
    "F.cross_entropy(x, target)", "F.nll_loss(F.log_softmax(x, -1), target)",
    "F.mse_loss(x, F.one_hot(target, x.shape[-1]).float())", "x.square().mean()",
    "F.smooth_l1_loss(x, tatami.zeros_like(x))", "x.logsumexp(-1).sum() / x.shape[0]",
    "F.binary_cross_entropy_with_logits(x, tatami.ones_like(x))",
    "F.cross_entropy(x, target, label_smoothing=0.1)",
)  # fmt: skip
# With their own eps, optimizers make whole steps of gradients that are only rounding,
# as a bias has ahead of a normalization.
OPTIMIZERS = (
    "SGD(params, lr=0.05)", "SGD(params, lr=0.05, momentum=0.9)",
    "Adam(params, lr=0.01, eps=0.05)",
    "SGD(params, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)",
    "AdamW(params, lr=0.01, eps=0.05)",
    "AdamW(params, lr=0.01, eps=0.05, amsgrad=True)",
    "RMSprop(params, lr=0.005, eps=0.05)", "Adagrad(params, lr=0.05, eps=0.05)",
    "NAdam(params, lr=0.005, eps=0.05)", "RAdam(params, lr=0.005, eps=0.05)",
    "Adamax(params, lr=0.005, eps=0.05)", "Adadelta(params, lr=0.1)",
)  # fmt: skip
SCHEDULES = (
    "StepLR(optimizer, 3, 0.7)", "ExponentialLR(optimizer, 0.95)",
    "CosineAnnealingLR(optimizer, 20)", "LambdaLR(optimizer, lambda k: 1 / (1 + k))",
)  # fmt: skip


class _Writer:
    """Write one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.layers: list[str] = []
        self.lines: list[str] = []
        self.planes = self.random.random() < 0.45
        self.shape = [self.random.choice((1, 2, 3)), 8, 8] if self.planes else [
            self.random.randint(2, 9)
        ]  # fmt: skip
        self.features = list(self.shape)

    def number(self) -> float:
        """Return a number that is short to read."""
        return self.random.choice((0.5, 0.9, 1.1, 1.5, 2.0, 0.25))

    def layer(self, text: str, width: int) -> None:
        """Add a layer and the line that calls it."""
        self.lines.append(f"x = layers[{len(self.layers)}](x)")
        self.layers.append(text.format(n=self.features[0], m=width))

    def body(self) -> None:
        """Write layers and operations between them."""
        for _ in range(self.random.randint(2, 6)):
            if self.random.random() < 0.45:
                self.planar() if len(self.features) == 3 else self.flat()
            else:
                line = self.random.choice(POINTWISE)
                self.lines.append(line.format(a=self.number(), b=self.number()))
        if len(self.features) == 3:
            self.lines.append("x = x.flatten(1)")
            self.features = [int(np.prod(self.features))]
        self.layer("nn.Linear({n}, {m})", 4)

    def flat(self) -> None:
        """Add a layer for vectors."""
        text, width = self.random.choice(FLAT), self.random.randint(1, 9)
        self.layer(text, width)
        if "{m}" in text:
            self.features = [width]

    def planar(self) -> None:
        """Add a layer for images, if they are still large enough."""
        text, width = self.random.choice(PLANES), self.random.randint(1, 6)
        if min(self.features[1:]) < 4:
            return
        self.layer(text, width)
        side = self.features[1]
        if "Pool" in text or "stride" in text:
            side //= 2
        elif text.startswith("nn.Conv2d({n}, {m}, 3)"):
            side -= 2
        self.features = [width if "{m}" in text else self.features[0], side, side]


def source_of(seed: int) -> str:
    """Return the program of a seed."""
    writer = _Writer(seed)
    writer.body()
    pick = writer.random.choice
    zero = pick(("inside", "inside", "inside", "outside", "after", "accumulate"))
    none = pick(("", "", "set_to_none=False"))
    clip = pick((True, False, False))
    scheduled = pick((True, True, False))
    switch, sizes = pick((0, 0, 6)), pick(("[6]", "[6, 6, 6, 6, 3]", "[1 + i % 3]"))
    if "BatchNorm1d" in " ".join(writer.layers) and "1 + i" in sizes:
        sizes = "[2 + i % 3]"
    clear = f"optimizer.zero_grad({none})"
    step = [
        *([clear] if zero == "inside" else []), *writer.lines,
        f"loss = {pick(LOSSES)}", "loss.backward()",
        *(["nn.utils.clip_grad_norm_(params, 1.0)"] if clip else []),
        "optimizer.step()", *([clear] if zero == "after" else []),
        pick(("return loss", "return loss, x", "return {'loss': loss}", "return None")),
    ]  # fmt: skip
    outside = [
        *([f"if i % 3 == 0: {clear}"] if zero == "accumulate" else []),
        *([clear] if zero == "outside" else []),
        *([f"model.train(i // {switch} % 2 == 0)"] if switch else []),
        *(["scale['by'] = float(i // 7)"] if writer.random.random() < 0.2 else []),
        *(["count = i // 10"] if writer.random.random() < 0.2 else []),
    ]
    after = ["schedule.step()"] if scheduled else []
    return _TEMPLATE.format(
        layers=", ".join(writer.layers), optimizer=pick(OPTIMIZERS),
        schedule=pick(SCHEDULES), step=_indented(step, 8), sizes=sizes,
        outside=_indented(outside or ["pass"], 8), shape=writer.shape,
        after=_indented(after or ["pass"], 8),
    )  # fmt: skip


_TEMPLATE = """\
def scenario(compile):
    model = nn.Sequential({layers})
    layers, params = list(model), list(model.parameters())
    scale, count = {{'by': 1.0}}, 0
    optimizer = optim.{optimizer}
    schedule = optim.lr_scheduler.{schedule}
    def step(x, target):
{step}
    step = compile(step)
    for i in range(STEPS):
        size = {sizes}[i % len({sizes})]
        x = tatami.from_numpy(noise.standard_normal((size, *{shape})).astype('float32'))
        target = tatami.from_numpy(noise.integers(0, 4, size))
{outside}
        result = step(x, target)
{after}
        yield result, model, optimizer
"""


def _indented(lines: list[str], by: int) -> str:
    joined = "\n".join(lines)
    return "\n".join(" " * by + line for line in joined.split("\n"))


def scenario_of(source: str) -> Any:
    """Return the scenario that a source describes."""

    def scenario(compile: Any) -> Iterator[Any]:
        space: dict[str, Any] = {
            "tatami": tatami, "nn": tatami.nn, "F": tatami.nn.functional,
            "optim": tatami.optim, "STEPS": STEPS,
            "noise": np.random.default_rng(3),
        }  # fmt: skip
        exec(compile_source(source), space)
        yield from space["scenario"](compile)

    return scenario


def compile_source(source: str) -> Any:
    """Return the code of a program."""
    return compile(source, "<program>", "exec")


class Outcome:
    """What became of one program.

    Attributes:
        seed: its seed.
        replays: steps that a program served.
        exact: whether both runs agree bit for bit.
        difference: where they differ by more than the tolerance, or the error that only
            the compiled run raises, or nothing.
        reason: why it runs eagerly, or nothing.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.replays, self.exact = 0, True
        self.difference = self.reason = ""


def _eager(scenario: Any) -> list[Any]:
    tatami.manual_seed(0)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for value in scenario(lambda function: function):
            found.append((snapshot(value), tatami.get_rng_state()._array.tobytes()))
    return found


def judge(source: str, seed: int) -> Outcome:
    """Run a program both ways."""
    outcome, scenario = Outcome(seed), scenario_of(source)
    wanted = _eager(scenario)
    try:
        with small_debts(), thin_bands() if seed % 2 else nullcontext():
            report, _ = compiled(scenario)
    except Exception as error:
        outcome.difference = f" raises {error!r}"
        return outcome
    outcome.replays, outcome.reason = report.replays, report.reason()
    for i, pair in enumerate(zip(report.snapshots, wanted, strict=True)):
        if not outcome.difference and close_to(*pair, 0):
            outcome.exact = False
            if difference := close_to(*pair, TOLERANCE):
                outcome.difference = f"step {i}{difference}"
    return outcome


def run(seed: int) -> Outcome:
    """Write and run the program of a seed."""
    return judge(source_of(seed), seed)


def smallest(source: str, seed: int) -> str:
    """Return a program that still differs, without the lines that can be left out."""
    lines = source.split("\n")
    for i in reversed(range(len(lines))):
        fewer = "\n".join(lines[:i] + lines[i + 1 :])
        try:
            if judge(fewer, seed).difference:
                del lines[i]
        except Exception:
            continue
    return "\n".join(lines)


def main() -> int:
    """Run many programs and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.programs)
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        outcomes = list(pool.imap_unordered(run, seeds, chunksize=4))
    reasons: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.replays == 0:
            reasons[outcome.reason] = reasons.get(outcome.reason, 0) + 1
        if outcome.difference:
            print(f"seed {outcome.seed} differs: {outcome.difference}")
            print(smallest(source_of(outcome.seed), outcome.seed))
    wrong = sum(bool(outcome.difference) for outcome in outcomes)
    served = sum(outcome.replays > 0 for outcome in outcomes)
    exact = sum(outcome.exact for outcome in outcomes)
    print(
        f"{len(outcomes)} programs: {served} replayed, {exact} the same bit for bit, "
        f"{wrong} different"
    )
    for reason, count in sorted(reasons.items(), key=lambda entry: -entry[1]):
        print(f"{count:6} never replayed: {reason or 'it has not run often enough'}")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
