"""Programs that go through a batch band by band: the same numbers, in less memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compile_tools import close_to, compiled, snapshot, thin_bands

import tatami
from tatami import kernels, nn
from tatami.kernels import native
from tatami.nn import functional as F
from tatami.program import bands, rowwise
from tatami.program.trace import Call, Ref

STEPS = 8
# Sums over a batch may be formed in another order.
TOLERANCE = 4096.0
N = 6
random = np.random.default_rng(0)


def array(*shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


# Kernels that work row by row.

ONES = (1, 1)
ROWS, SAME, IMAGES, WEIGHT = (
    array(N, 5),
    array(N, 5),
    array(N, 2, 6, 6),
    array(3, 2, 3, 3),
)
CONVOLVED = array(N, 3, 4, 4)
GEOMETRY = (ONES, (0, 0), ONES, 1)
POOLING = ((2, 2), (2, 2), (0, 0), ONES, False)
POOLED, INDICES = kernels.max_pool(CONVOLVED, *POOLING)
FUSED = (WEIGHT, array(3), (0, 0), (2, 2), True)
_, CODE = kernels.convolution_max_pool(IMAGES, *FUSED)
TARGET = np.arange(N) % 5
ELEMENTWISE_PAIRS = (
    "add", "binary_cross_entropy", "div", "eq", "ge", "gelu_grad", "gt", "le", "lt",
    "maximum", "minimum", "mul", "ne", "silu_grad", "sub",
)  # fmt: skip
ELEMENTWISE = (
    "abs", "copy", "cos", "exp", "gelu", "neg", "reciprocal", "relu", "rsqrt",
    "sigmoid", "sign", "silu", "sin", "sqrt", "square", "tanh", "log",
)  # fmt: skip
CASES: dict[str, tuple[Any, ...]] = {
    **{name: (np.abs(ROWS) % 1, np.abs(SAME) % 1) for name in ELEMENTWISE_PAIRS},
    **{name: (np.abs(ROWS),) for name in ELEMENTWISE},
    "addmm": (array(4), ROWS, array(5, 4), 1, 1),
    "adaptive_avg_pool": (IMAGES, (2, 3)),
    "adaptive_avg_pool_grad": (array(N, 2, 2, 3), IMAGES.shape),
    "avg_pool": (IMAGES, (2, 2), (2, 2), (0, 0), False, True, None),
    "avg_pool_grad": (
        array(N, 2, 3, 3), IMAGES.shape, (2, 2), (2, 2), (0, 0), False, True, None,
    ),
    "cast": (ROWS, np.dtype(np.float64)),
    "clip": (ROWS, -0.5, array(5)),
    "convolution": (IMAGES, WEIGHT, array(3), *GEOMETRY),
    "convolution_relu": (IMAGES, WEIGHT, None, *GEOMETRY),
    "convolution_grad_input": (CONVOLVED, WEIGHT, IMAGES.shape, *GEOMETRY),
    "convolution_grad_weight": (CONVOLVED, IMAGES, WEIGHT.shape, *GEOMETRY),
    "convolution_max_pool": (IMAGES, *FUSED),
    "convolution_max_pool_infer": (IMAGES, *FUSED),
    "convolution_max_pool_grad": (
        POOLED, CODE, IMAGES, WEIGHT, WEIGHT.shape, (0, 0), (2, 2), True, True,
    ),
    "linear_relu": (ROWS, array(4, 5), array(4)),
    "log_softmax": (ROWS, -1),
    "log_softmax_grad": (ROWS, SAME, 1),
    "softmax": (array(N, 3, 4), 1),
    "softmax_grad": (ROWS, SAME, 1),
    "matmul": (array(N, 3, 5), array(5, 4)),
    "matmul_masked": (ROWS, array(5, 4), array(N, 4)),
    "max_pool": (CONVOLVED, *POOLING),
    "max_pool_grad": (POOLED, INDICES, CONVOLVED.shape),
    "max_pool_tiles": (CONVOLVED, (2, 2)),
    "max_pool_tiles_grad": (POOLED, CODE % 128 % 4, CONVOLVED, (2, 2)),
    "nll_loss_grad": (
        np.float32(1) * np.ones(()), TARGET, None, -100, "mean", np.ones(()), (N, 5),
    ),
    "pow": (np.abs(ROWS), SAME),
    "sum": (IMAGES, (0, 2, 3), False),
    "threshold_backward": (ROWS, SAME, 0),
    "where": (ROWS > 0, ROWS, array(5)),
}  # fmt: skip


def described(name: str, args: tuple[Any, ...], results: list[Any]) -> Call:
    """Return a call on buffers of their own."""

    def ref(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return Ref(0, 0, value.shape, value.strides, value.dtype)

    return Call(name, tuple(map(ref, args)), {}, tuple(map(ref, results)))


def results_of(name: str, args: tuple[Any, ...]) -> list[Any]:
    found = getattr(kernels, name)(*args)
    return list(found) if isinstance(found, tuple) else [found]


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(rowwise._RULES)


@pytest.mark.parametrize("name", CASES)
def test_rows_of_a_batch_give_rows_of_the_result(name: str) -> None:
    args = CASES[name]
    whole = results_of(name, args)
    rows = rowwise.rows_of(described(name, args, whole))
    assert rows is not None
    assert rows.count == N
    parts = []
    for first, last in ((0, 1), (1, 4), (4, N)):
        cut = list(args)
        for i in rows.taken:
            cut[i] = args[i][first:last]
        for i in rows.lengths:
            cut[i] = (last - first, *args[i][1:])
        parts.append(results_of(name, tuple(cut)))
    for i, wanted in enumerate(whole):
        pieces = [part[i] for part in parts]
        found = np.concatenate(pieces) if i < rows.made else np.sum(pieces, 0)
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("softmax", (ROWS, 0)),
        ("sum", (ROWS, (1,), False)),
        ("sum", (ROWS, (0,), True)),
        ("matmul", (array(N, 3, 5), array(N, 5, 4))),
        ("addmm", (array(N, 4), ROWS, array(5, 4), 1, 1)),
        ("add", (array(5), array(1))),
        ("cumsum", (ROWS, 1)),
    ],
)
def test_what_is_not_row_by_row(name: str, args: tuple[Any, ...]) -> None:
    rows = rowwise.rows_of(described(name, args, results_of(name, args)))
    assert rows is None or rows.count != N


# Programs.


class Network(nn.Module):
    """The parts of small networks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc1, self.fc2 = nn.Linear(16, 7), nn.Linear(7, 5)
        self.norm = nn.BatchNorm1d(16, eps=1.0)

    def features(self, x: Any) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)

    def forward(self, x: Any) -> Any:
        return self.fc2(F.relu(self.fc1(self.features(x))))


def with_sums(m: Network, x: Any, y: Any) -> Any:
    x = m.features(x)
    return F.cross_entropy(m.fc2(F.relu(m.fc1(x - x.mean(0)))), y)


def turned(m: Network, x: Any, y: Any) -> Any:
    x = m.features(x).view(-1, 4, 4).transpose(1, 2).reshape(-1, 16)
    return F.cross_entropy(m.fc2(m.fc1(x)), y)


def halves(m: Network, x: Any, y: Any) -> Any:
    x = m.features(x)
    return F.cross_entropy(m.fc2(m.fc1(x[: len(x) // 2])), y[: len(x) // 2])


def backwards(m: Network, x: Any, y: Any) -> Any:
    return F.cross_entropy(m(x).flip(0), y)


def of_two(m: Network, x: Any, y: Any) -> Any:
    seen = m.features(x)
    return m.fc2(m.fc1(seen)).square().mean() + m.fc1(seen * 2).exp().mean()


PROGRAMS: dict[str, Any] = {
    "squares": lambda m, x, y: F.mse_loss(m(x), F.one_hot(y, 5).float()),
    "classes": lambda m, x, y: F.cross_entropy(m(x), y),
    "no pooling": lambda m, x, y: m.conv2(F.relu(m.conv1(x))).square().mean(),
    "average": lambda m, x, y: F.avg_pool2d(m.conv1(x).tanh(), 2).square().mean(),
    "norm": lambda m, x, y: F.cross_entropy(m.fc1(m.norm(m.features(x))), y),
    "sums between": with_sums, "turned": turned, "halves": halves,
    "backwards": backwards, "two ways": of_two,
}  # fmt: skip


def scenario(name: str, size: int, compile: Any) -> Iterator[Any]:
    model = Network()
    optimizer = tatami.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

    @compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = PROGRAMS[name](model, x, y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(STEPS):
        yield step(tatami.rand(size, 1, 14, 14), tatami.arange(size) % 5), model


def calls_of(report: Any) -> list[Call]:
    return [
        call
        for kind in report.functions[0].compiled.kinds.values()
        for program in kind.programs
        for call in program.plan.calls
    ]


def both_ways(*arguments: Any) -> Any:
    """Run a scenario eagerly and compiled; fail if they differ."""
    tatami.manual_seed(0)
    wanted = [snapshot(x) for x in scenario(*arguments, lambda step: step)]
    report, _ = compiled(lambda compile: scenario(*arguments, compile))
    for (found, _), expected in zip(report.snapshots, wanted, strict=True):
        assert not close_to(found, expected, TOLERANCE)
    assert report.replays >= 3
    return report


@pytest.mark.parametrize("size", [2, 7])
@pytest.mark.parametrize("name", PROGRAMS)
def test_row_by_row(name: str, size: int) -> None:
    with thin_bands():
        calls = calls_of(both_ways(name, size))
    assert sum(call.whole is not None for call in calls) >= 2 * size


def test_bands_of_several_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND", 5_000)
    monkeypatch.setattr(bands, "LEAST_ROWS", 2)
    monkeypatch.setattr(bands, "SHARE_OF_SUMS", 1e6)
    calls = calls_of(both_ways("classes", 23))
    counts = {call.args[0].shape[0] for call in calls if call.name == "linear_relu"}
    assert counts
    assert max(counts) <= min(counts) + 1
    assert 1 < max(counts) < 23


def test_sums_that_outweigh_what_is_saved_are_formed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bands, "BAND", 1)
    monkeypatch.setattr(bands, "LEAST_ROWS", 1)
    monkeypatch.setattr(bands, "SHARE_OF_SUMS", 0.0)
    calls = calls_of(both_ways("squares", 7))
    assert any(call.whole for call in calls)
    assert not any(call.whole for call in calls if call.name == "sum")


def test_only_what_the_cache_cannot_hold_is_cut() -> None:
    model = Network()
    function = tatami.compile(model)
    with tatami.no_grad():
        for size in (64, 4096):
            for _ in range(4):
                function(tatami.rand(size, 1, 14, 14))
    programs = [
        program
        for kind in function.compiled.kinds.values()
        for program in kind.programs
    ]
    cut = [any(call.whole for call in program.plan.calls) for program in programs]
    assert cut == [False, True]
    assert programs[1].machine.nbytes < 2 * native.get_num_threads() * bands.BAND
    text = function.explain(tatami.rand(4096, 1, 14, 14))
    assert text is None or "bands of the batch" in text


def test_a_replayed_backward_pass_goes_by_bands() -> None:
    model = Network()
    tatami.manual_seed(0)
    x, y = tatami.rand(64, 1, 14, 14), tatami.arange(64) % 5
    grads = []
    for _ in range(7):
        model.zero_grad()
        with thin_bands():
            F.cross_entropy(model(x), y).backward()
        parameters = [p for p in model.parameters() if p.grad is not None]
        grads.append([parameter.grad.clone() for parameter in parameters])
    for first, last in zip(grads[0], grads[-1], strict=True):
        assert tatami.allclose(first, last, rtol=1e-4, atol=1e-6)
