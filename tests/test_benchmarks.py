"""The benchmarks: what they count, how they compare, what they write."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tatami
from tatami.cli import main
from tatami.cli.measure import machine as measured
from tatami.cli.measure.flops import count_flops
from tatami.cli.measure.timing import Block, summarize
from tatami.cli.measure.worker import Failure, Worker, interleave, source_folder

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import compare_commits  # noqa: E402
import counted_steps  # noqa: E402
import instructions  # noqa: E402
import kernel_calls  # noqa: E402
import kernel_grid  # noqa: E402
import operation_calls  # noqa: E402
import optimizer_calls  # noqa: E402
import picture  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import time_to_accuracy  # noqa: E402
from networks import make_network  # noqa: E402
from sides import _disagreeing  # noqa: E402
from workloads import WORKLOADS, Case, cases, make_data, quick_cases  # noqa: E402

TOY = """
import sys, time
from tatami.cli.measure.worker import serve

def prepare(spec):
    print("noise of a library")
    if spec["kind"] == "broken":
        raise ValueError("expected a kind\\nand more lines")
    if spec["kind"] == "fatal":
        return lambda: sys.exit("the end of it"), {}
    if spec["kind"] == "late":
        calls = []
        def late():
            calls.append(1)
            return 1 / (2 - len(calls))
        return late, {}
    return lambda: time.sleep(spec["seconds"]), {"check": 1.0}

serve(prepare)
"""


# What is counted


def test_flops_of_the_tutorial() -> None:
    first = 2 * 6 * 9 * 30 * 30
    forward = first + 2 * (16 * 54 * 13 * 13 + 576 * 120 + 120 * 84 + 84 * 10)
    assert Case("tutorial", 1, False).flops() == forward
    assert Case("tutorial", 1, True).flops() == 3 * forward - first
    assert Case("tutorial", 64, True).flops() == 64 * (3 * forward - first)


def test_flops_of_strides_and_groups() -> None:
    layer = tatami.nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2)
    assert count_flops(layer, 1, 4, 8, 8).forward == 2 * (8 * 4 * 4) * (2 * 9)


def test_counting_draws_no_random_numbers() -> None:
    tatami.manual_seed(3)
    expected = tatami.rand(1)
    tatami.manual_seed(3)
    network = make_network(tatami, "mnist")
    tatami.manual_seed(3)
    count_flops(network, 1, 1, 28, 28)
    assert tatami.rand(1) == expected


def test_cases_are_those_of_the_workloads() -> None:
    every = cases()
    assert len(every) == 2 * sum(len(w.batches) for w in WORKLOADS.values())
    assert set(quick_cases()) <= set(every)
    assert len({case.title() for case in every}) == len(every)


@pytest.mark.parametrize("name", WORKLOADS)
def test_networks_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    ours = make_network(tatami, name).state_dict()
    theirs = make_network(torch, name).state_dict()
    assert list(ours) == list(theirs)
    for key, tensor in ours.items():
        np.testing.assert_array_equal(tensor.numpy(), theirs[key].numpy())


@pytest.mark.parametrize("name", WORKLOADS)
def test_graphs_are_the_networks(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from onnx_side import onnx_model

    x = make_data({"network": name, "batch": 3})[0]
    network = make_network(tatami, name).eval()
    with tatami.no_grad():
        expected = network(tatami.from_numpy(x)).numpy()
    session = onnxruntime.InferenceSession(onnx_model(name, 3).SerializeToString())
    np.testing.assert_allclose(
        session.run(None, {"x": x})[0], expected, rtol=1e-4, atol=1e-5
    )


# How sides are run


@pytest.fixture
def toy(tmp_path: Path) -> Any:
    path = tmp_path / "toy.py"
    path.write_text(TOY)
    command = [sys.executable, str(path)]
    worker = Worker("toy", command, 1, {"PYTHONPATH": source_folder()})
    yield worker
    worker.close()


def test_a_worker_prepares_and_runs_blocks(toy: Worker) -> None:
    facts = toy.prepare({"kind": "sleep", "seconds": 0.001})
    assert facts["check"] == 1.0
    assert facts["first_call"] >= 0.001
    block = toy.block(0.01)
    assert block.calls >= 3
    assert 0.001 <= block.minimum <= block.median < 1


def test_a_worker_survives_what_it_can_not_prepare(toy: Worker) -> None:
    with pytest.raises(Failure, match=r"^ValueError: expected a kind$"):
        toy.prepare({"kind": "broken"})
    with pytest.raises(Failure, match="nothing is prepared"):
        toy.block(0.01)
    assert toy.alive
    toy.prepare({"kind": "sleep", "seconds": 0})
    assert toy.block(0.001).calls >= 3


def test_a_block_that_fails_names_its_side(toy: Worker) -> None:
    toy.prepare({"kind": "late"})
    with pytest.raises(Failure, match="toy: ZeroDivisionError"):
        interleave([toy], 1, 0.001)


def test_the_last_words_of_a_worker(toy: Worker) -> None:
    with pytest.raises(Failure, match="the process ended: .*the end of it"):
        toy.prepare({"kind": "fatal"})
    assert not toy.alive


def test_rounds_alternate_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Side:
        def __init__(self, name: str) -> None:
            self.name = name

        def block(self, seconds: float) -> Block:
            order.append(self.name)
            return Block(3, 1.0, 1.0, 1.0)

    sides: Any = [Side("a"), Side("b"), Side("c")]
    interleave(sides, 2, 0.0)
    assert order == ["a", "b", "c", "c", "b", "a"]


def test_a_ratio_is_the_middle_of_the_rounds() -> None:
    times = [(4.0, 1.0), (9.0, 3.0), (100.0, 1.0)]
    rounds = [
        {"theirs": Block(3, a, a, 1.0), "ours": Block(3, b, b, 1.0)} for a, b in times
    ]
    found = summarize(rounds, "theirs")
    assert found["ours"].ratio == 4.0
    assert found["theirs"].minimum == 4.0


def test_a_side_that_computes_something_else_is_named() -> None:
    facts: dict[str, Any] = {
        "tatami eager": {"check": 1.0},
        "JAX": {"check": 1.1},
        "PyTorch eager": {"check": 1.00001},
    }
    assert list(_disagreeing(facts)) == ["JAX"]
    facts["tatami eager"]["check"] = float("nan")
    assert list(_disagreeing(facts)) == ["tatami eager", "JAX"]


# Kernels and operations


def test_the_grid_has_no_line_twice() -> None:
    grid = kernel_grid.grid()
    assert len({spec["title"] for spec in grid}) == len(grid)
    assert all(spec["flops"] > 0 for spec in grid)


@pytest.mark.parametrize("place", [1, 4, 40, 43, -1, -2, -3])
def test_kernels_are_called_with_the_same_arrays(place: int) -> None:
    torch = pytest.importorskip("torch")
    spec = kernel_grid.grid()[place]
    ours, theirs = (kernel_calls.make(package, spec)() for package in (tatami, torch))
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_the_worst_line() -> None:
    rows = [{"ratio": 2.0}, {"ratio": None}, {"ratio": 0.5}]
    assert kernel_grid.worst(rows) == {"ratio": 0.5}
    assert kernel_grid.worst([]) is None


@pytest.mark.parametrize("name", optimizer_calls.OPTIMIZERS)
def test_optimizers_do_the_same_steps(name: str) -> None:
    torch = pytest.importorskip("torch")
    calls = [optimizer_calls.make(package, name) for package in (tatami, torch)]
    for _ in range(3):
        ours, theirs = (call() for call in calls)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", operation_calls.OPERATIONS)
def test_operations_run(name: str) -> None:
    operation_calls.make(tatami, name)()


# What is written


@pytest.fixture
def sections() -> dict[str, Any]:
    def side(*blocks: float) -> dict[str, Any]:
        return {"median": blocks[0], "minimum": blocks[0], "blocks": list(blocks)}

    row = {
        "network": "tutorial", "training": True, "batch": 1, "threads": 1,
        "title": "tutorial's CNN, training, batch 1", "flops": 1_000_000,
        "failed": {},
        "sides": {"tatami eager": side(1e-4, 1e-4), "PyTorch eager": side(8e-4, 6e-4)},
    }  # fmt: skip
    return {
        "machine": {"name": "a machine", "peaks": {"1": {"gflops": 100.0}}},
        "networks": {"rows": [row], "absent": {"JAX": "not installed"}},
        "measured": {"networks": "2030-01-01"},
        "accuracy": {
            "goal": 98.0, "ours": 2.0, "loader": 20.0, "loader_ratio": 10.0,
            "tensors": 12.0, "tensors_ratio": 6.0,
        },
    }  # fmt: skip


def test_ratio_share_and_best(sections: dict[str, Any]) -> None:
    row = sections["networks"]["rows"][0]
    assert results.ratio(row, "PyTorch eager", "tatami eager") == pytest.approx(7)
    assert results.ratio(row, "JAX", "tatami eager") is None
    share = results.share(row, "tatami eager", sections["machine"])
    assert share == pytest.approx(0.1)
    assert results.best(row, ("PyTorch eager", "torch.compile")) == "PyTorch eager"


def test_tables(sections: dict[str, Any]) -> None:
    text = report.tables(sections, "en")
    wanted = "| tutorial's CNN, training, batch 1, 1 thread | 100 (7.0) | 800 | 10% |"
    assert wanted in text.splitlines()
    assert "Not measured: JAX." in text
    assert "2.0 s; a PyTorch script with `DataLoader` 20.0 s (10.0 times)" in text
    assert (
        "チュートリアルの CNN、学習、バッチ 1、1 スレッド | 100 (7.0)"
        in report.tables(sections, "ja")
    )


def test_the_marked_section_is_rewritten() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    new = report.rewritten(text, "new")
    assert new == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    assert report.rewritten(new, "new") == new
    for broken in ("nothing", report.END + report.BEGIN, text + report.END):
        with pytest.raises(ValueError, match="expected <!-- benchmarks:begin -->"):
            report.rewritten(broken, "new")


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readmes_have_the_marks(name: str) -> None:
    report.rewritten((ROOT / name).read_text(), "new")


def test_the_picture(sections: dict[str, Any], tmp_path: Path) -> None:
    found = picture.curves(sections, True, 1)
    assert found["tatami eager"] == [(1, pytest.approx(10.0))]
    pytest.importorskip("matplotlib")
    picture.draw(sections, tmp_path / "picture.svg")
    assert "<svg" in (tmp_path / "picture.svg").read_text()


def test_sections_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATAMI_RESULTS", str(tmp_path / "deep" / "results.json"))
    assert results.load() == {}
    results.update("one", [1])
    results.update("two", {"x": 2})
    found = json.loads((tmp_path / "deep" / "results.json").read_text())
    assert (found["one"], found["two"]) == ([1], {"x": 2})
    assert set(found["measured"]) == {"one", "two"}


def test_times_to_accuracy(capsys: Any) -> None:
    times = {"ours": [2.0, 4.0, 3.0], "loader": [20.0, 20.0, 20.0]}
    found = time_to_accuracy.summary(times, 98.0, 2)
    assert found["ours"] == 3.0
    assert found["loader_ratio"] == pytest.approx(20 / 3)


# Commits


def test_growth_beyond_the_limit_is_named() -> None:
    before = {"same": 1000.0, "more": 1000.0, "old": 1.0}
    after = {"same": 1005.0, "more": 1020.0, "new": 1.0}
    text, grown = compare_commits.table(before, after, 1.0)
    assert grown == ["more"]
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[1:] == [
        "same 1,000 1,005 +0.50%",
        "more 1,000 1,020 +2.00% grown",
        "old only before",
        "new only after",
    ]


def test_counts_are_read() -> None:
    text = (
        "version: 1\ndesc: Trigger: Client Request: a step\nfn=x\n1 2\n\ntotals: 42\n"
    )
    assert instructions.parse_callgrind(text) == ("a step", 42)
    end = text.replace("Client Request: a step", "Program termination")
    assert instructions.parse_callgrind(end) is None
    assert instructions.parse_perf("98765,,instructions:u,5,100.00,,\n") == 98765
    assert instructions.parse_perf("<not supported>,,instructions:u,0,,\n") is None


@pytest.mark.parametrize("name", counted_steps.WORK)
def test_counted_work_runs(name: str) -> None:
    counted_steps.WORK[name]()()


# The machine and the command


@pytest.mark.skipif(measured.compiler() is None, reason="needs a C++ compiler")
def test_the_peak_is_measured() -> None:
    peak = measured.measure_peak((1,), 0.05)[1]
    assert peak.gflops > 0.5
    assert peak.copy > 0.05
    assert peak.vector_bytes in (16, 32, 64)


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "torch" else find(name),
    )
    monkeypatch.setattr(measured, "compiler", lambda: None)
    words = ["bench", "--rounds", "1", "--seconds", "0.01", "--batch-sizes", "2"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"kernels: {tatami.kernels.in_use}, ")
    assert lines[1].startswith("machine: ")
    assert "peak:    not measured (no C++ compiler: g++ is needed" in lines[2]
    assert "PyTorch: not installed" in lines
    eager = [line.split() for line in lines if "tatami eager " in line]
    assert [line[0] for line in eager] == ["training", "inference"]
    assert all(line[-2:] == ["-", "1.00"] for line in eager)
