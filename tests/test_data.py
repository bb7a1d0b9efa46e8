"""Datasets and loaders: PyTorch's orders, batches and words; no process left behind."""

from __future__ import annotations

import collections
import ctypes
import functools
import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import data_cases as cases
import numpy as np
import pytest
from numpy.linalg import _umath_linalg

import tatami
from tatami.utils import data
from tatami.utils.data.collate import collate
from tatami.utils.data.dataloader import DataLoader
from tatami.utils.data.worker import BLAS_THREADS

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
HERE = Path(__file__).parent
RECORDED = HERE / "reference" / "data.json"
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


@functools.cache
def recorded() -> dict[str, Any]:
    return json.loads(RECORDED.read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", cases.ORDERS)
def test_orders_are_those_of_pytorch(name: str) -> None:
    found = cases.ordered(tatami, data, name)
    assert json.loads(json.dumps(found)) == recorded()[name]


Point = collections.namedtuple("Point", ["x", "y"])


def samples(library: Any) -> dict[str, Any]:
    tensors = [library.arange(6).reshape(2, 3)[i] for i in (0, 1)]
    return {
        "tensors": tensors,
        "integers": [1, 2],
        "floats": [0.5, 1.5],
        "truth": [True, False],
        "strings": ["a", "b"],
        "bytes": [b"a", b"b"],
        "arrays": [np.arange(2.0), np.ones(2)],
        "small arrays": [np.arange(2, dtype=np.uint8)] * 2,
        "scalars": [np.float32(0.5), np.float32(2)],
        "tuples": [(1, "a"), (2, "b")],
        "lists": [[1, 0.5], [2, 1.5]],
        "dictionaries": [{"x": 1, "t": t} for t in tensors],
        "ordered": [collections.OrderedDict(x=1), collections.OrderedDict(x=2)],
        "named": [Point(1, 2.0), Point(3, 4.0)],
        "nested": [{"p": Point(1, (tensors[0], "a"))} for _ in range(2)],
        "none": [None, None],
        "uneven": [[1, 2], [3]],
        "text arrays": [np.array(["a"]), np.array(["b"])],
        "unequal": [library.ones(2), library.ones(3)],
    }


def plain(value: Any) -> Any:
    """Return what is comparable across libraries."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return [repr(value.dtype), value.tolist()]
    if isinstance(value, dict):
        return [type(value).__name__, {key: plain(x) for key, x in value.items()}]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [plain(x) for x in value]]
    return value


def attempt(function: Any, *arguments: Any) -> Any:
    try:
        return plain(function(*arguments))
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]


@needs_torch
@pytest.mark.parametrize("name", samples(tatami))
@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
def test_batches_are_those_of_pytorch(name: str, function: str) -> None:
    ours = attempt(getattr(data, function), samples(tatami)[name])
    theirs = attempt(getattr(torch.utils.data, function), samples(torch)[name])
    assert ours == theirs


def test_rules_of_ones_own() -> None:
    rules = {(int, float): lambda batch, **_: sum(batch)}
    assert collate([{"x": 1}, {"x": 2.5}], collate_fn_map=rules) == {"x": 3.5}
    with pytest.raises(TypeError, match="batch must contain tensors"):
        collate([3.0j], collate_fn_map={})


MISTAKES = {
    "negative workers": lambda d: d.DataLoader([1], num_workers=-1),
    "negative timeout": lambda d: d.DataLoader([1], timeout=-1),
    "prefetch": lambda d: d.DataLoader([1], prefetch_factor=2),
    "negative prefetch": lambda d: d.DataLoader([1], num_workers=1, prefetch_factor=-1),
    "persistent": lambda d: d.DataLoader([1], persistent_workers=True),
    "sampler, shuffle": lambda d: d.DataLoader([1], sampler=[0], shuffle=True),
    "batch sampler": lambda d: d.DataLoader([1], batch_sampler=[[0]], batch_size=2),
    "drop_last": lambda d: d.DataLoader([1], batch_size=None, drop_last=True),
    "batch_size": lambda d: d.DataLoader([1], batch_size=0),
    "shuffled stream": lambda d: d.DataLoader(d.ChainDataset([]), shuffle=True),
    "sampled stream": lambda d: d.DataLoader(d.ChainDataset([]), sampler=[1]),
    "batched stream": lambda d: d.DataLoader(d.ChainDataset([]), batch_sampler=[[1]]),
    "fixed": lambda d: setattr(d.DataLoader([1]), "batch_size", 3),
    "context": lambda d: d.DataLoader([1], multiprocessing_context="fork"),
    "context name": lambda d: d.DataLoader(
        [1], num_workers=1, multiprocessing_context="knife"
    ),
    "context type": lambda d: d.DataLoader(
        [1], num_workers=1, multiprocessing_context=3
    ),
    "empty shuffle": lambda d: d.DataLoader([], shuffle=True),
    "num_samples": lambda d: d.RandomSampler([1], num_samples=0),
    "replacement": lambda d: d.RandomSampler([1], replacement=1),
    "weights": lambda d: d.WeightedRandomSampler([[0.5]], 1),
    "weighted count": lambda d: d.WeightedRandomSampler([0.5], True),
    "weighted replacement": lambda d: d.WeightedRandomSampler([0.5], 1, replacement=1),
    "drop_last of batches": lambda d: d.BatchSampler([1], 1, drop_last=1),
    "size of batches": lambda d: d.BatchSampler([1], 1.5, drop_last=True),
    "no datasets": lambda d: d.ConcatDataset([]),
    "stream in a row": lambda d: d.ConcatDataset([d.ChainDataset([])]),
    "row in a stream": lambda d: list(d.ChainDataset([[1]])),
    "far back": lambda d: d.ConcatDataset([[1]])[-2],
    "no stack": lambda d: d.StackDataset(),
    "two kinds of stack": lambda d: d.StackDataset([1], x=[1]),
    "lengths": lambda d: d.random_split([1, 2], [1, 2]),
    "fractions": lambda d: d.random_split([1, 2], [1.5, -0.5]),
    "no getitem": lambda d: d.Dataset()[0],
}


@needs_torch
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_as_in_pytorch(name: str) -> None:
    found = []
    for library in (torch.utils.data, data):
        with pytest.raises(Exception) as caught:
            MISTAKES[name](library)
        found.append((caught.type, str(caught.value)))
    assert found[0] == found[1]


def test_datasets() -> None:
    both = data.TensorDataset(tatami.arange(3), tatami.ones(3, 2))
    assert len(both) == 3
    assert both[1][0].item() == 1
    assert both[0:2][1].shape == (2, 2)
    extra: Any = [1, 2]
    row = both + extra
    assert (len(row), row[3], row[-1]) == (5, 1, 2)
    named = data.StackDataset(x=[1, 2], y=data.Subset("abc", [2, 0]))
    assert named[0] == {"x": 1, "y": "c"}
    assert named.__getitems__([1, 0]) == [{"x": 2, "y": "a"}, {"x": 1, "y": "c"}]
    assert data.StackDataset("ab", "cd")[1] == ("b", "d")
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        data.TensorDataset(tatami.ones(2), tatami.ones(3))
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        data.StackDataset([1], [1, 2])


def test_a_subset_with_one_method_overridden_is_refused() -> None:
    class Half(data.Subset):
        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index) / 2

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not"):
        Half([1], [0])


def test_rounding_leaves_no_sample_out() -> None:
    parts = data.random_split(range(10), [1 / 3, 1 / 3, 1 / 3])
    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(x for part in parts for x in part) == list(range(10))
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        data.random_split([1], [0.9, 0.1])


class Slow(data.TensorDataset):
    """Fetched sample by sample, since it is no plain TensorDataset."""


@pytest.mark.parametrize("order", [[0, 2, 1], [-1, 0], [4, 4]])
def test_the_short_way_gives_the_same_batches(order: list[int]) -> None:
    tensors = [tatami.arange(10).reshape(5, 2), tatami.rand(5), tatami.rand(5, 2, 3).T]
    tensors[2] = tensors[2].transpose(0, 2)
    batches = []
    for kind in (Slow, data.TensorDataset):
        loader = DataLoader(kind(*tensors), batch_sampler=[order])
        batches.append(next(iter(loader)))
    for slow, quick in zip(*batches, strict=True):
        assert slow.dtype is quick.dtype
        assert quick.is_contiguous()
        np.testing.assert_array_equal(slow.numpy(), quick.numpy())
    before = tensors[0].tolist()
    batches[1][0].numpy()[...] = 9
    assert tensors[0].tolist() == before


def test_the_short_way_is_left_where_it_would_differ() -> None:
    tracked = data.TensorDataset(tatami.ones(3, requires_grad=True))
    (batch,) = next(iter(DataLoader(tracked, batch_size=2)))
    assert batch.requires_grad
    loader = DataLoader(data.TensorDataset(tatami.ones(3)), batch_sampler=[[5]])
    with pytest.raises(IndexError):
        next(iter(loader))
    part = data.Subset(data.Subset(data.TensorDataset(tatami.arange(9)), [8, 6]), [1])
    assert next(iter(DataLoader(part)))[0].tolist() == [6]


class Stream(data.IterableDataset):
    """Give numbers, shared out among the workers."""

    def __init__(self, count: int = 7) -> None:
        self.count = count

    def __iter__(self) -> Any:
        info = data.get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.count, step))

    def __len__(self) -> int:
        return self.count


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"batch_size": 3}, [[0, 1, 2], [3, 4, 5], [6]]),
        ({"batch_size": 3, "drop_last": True}, [[0, 1, 2], [3, 4, 5]]),
        ({"batch_size": 3, "num_workers": 2}, [[0, 2, 4], [1, 3, 5], [6]]),
        (
            {"batch_size": 3, "num_workers": 2, "persistent_workers": True},
            [[0, 2, 4], [1, 3, 5], [6]],
        ),
    ],
)
def test_streams(options: dict[str, Any], expected: list[Any]) -> None:
    loader = DataLoader(Stream(), **options)
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == expected
    assert list(DataLoader(Stream(), batch_size=None)) == list(range(7))


def test_a_stream_longer_than_it_says() -> None:
    class Long(Stream):
        def __len__(self) -> int:
            return 2

    loader = DataLoader(Long())
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2"):
        assert len(list(loader)) == 7


def test_lengths() -> None:
    assert len(DataLoader(range(10), batch_size=3)) == 4
    assert len(DataLoader(range(10), batch_size=3, drop_last=True)) == 3
    assert len(DataLoader(range(10), batch_size=None)) == 10
    assert len(DataLoader(Stream(), batch_size=2)) == 4
    assert len(iter(DataLoader(range(10), batch_size=3))) == 4


def test_samples_as_they_are() -> None:
    loader = DataLoader([np.arange(2), "text"], batch_size=None)
    first, second = list(loader)
    assert first.tolist() == [0, 1]
    assert second == "text"


def test_notes_of_pinning_and_of_many_workers() -> None:
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but"):
        iter(DataLoader([1], pin_memory=True))
    with pytest.warns(UserWarning, match="This DataLoader will create 1000 worker"):
        DataLoader([1], num_workers=1000)
    with pytest.raises(AssertionError, match="timeout is for worker processes"):
        iter(DataLoader([1], timeout=3))
    with pytest.raises(ValueError, match="prefetch_factor must be at least 1"):
        DataLoader([1], num_workers=1, prefetch_factor=0)


@needs_torch
@pytest.mark.parametrize("fault", ["value", "key"])
def test_errors_of_workers_show_their_traceback(fault: str) -> None:
    heads = []
    for library in (torch.utils.data, data):
        loader = library.DataLoader(cases.Faulty(fault), num_workers=1)
        with pytest.raises((ValueError, KeyError)) as caught:
            list(loader)
        text = str(caught.value)
        heads.append((caught.type, text.splitlines()[:2], text.splitlines()[-1]))
        assert "in __getitem__" in text
    assert heads[0] == heads[1]
    assert "DataLoader worker process 0" in heads[0][1][0]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("stop", "Caught StopIteration in DataLoader worker process 0"),
        ("unpicklable", "(?i)pickl|local object"),
        ("exit", r"worker \(pid\(s\) \d+\) exited unexpectedly\nIt ended with exit c"),
    ],
)
def test_a_worker_that_cannot_go_on_is_an_error(fault: str, text: str) -> None:
    loader = DataLoader(cases.Faulty(fault), num_workers=1, collate_fn=lambda x: x[0])
    with pytest.raises(RuntimeError, match=text):
        list(loader)


def test_batches_after_an_error_can_be_had() -> None:
    batches = iter(DataLoader(cases.Faulty("value"), num_workers=2))
    found = []
    while True:
        try:
            found.append(next(batches).item())
        except ValueError:
            found.append("error")
        except StopIteration:
            break
    assert found == [0, 1, 2, "error", 4, 5, 6, 7]


def test_workers_that_take_too_long() -> None:
    loader = DataLoader(cases.Faulty("sleep"), num_workers=1, timeout=0.5)
    batches = iter(loader)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.5 seconds"):
        list(batches)


def test_an_error_of_worker_init_fn_is_shown() -> None:
    def fail(worker: int) -> None:
        raise ValueError(f"worker {worker} is not ready")

    with pytest.raises(ValueError, match="worker 0 is not ready"):
        list(DataLoader(range(4), num_workers=1, worker_init_fn=fail))


class Told:
    """Give what a worker knows of itself."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        info = data.get_worker_info()
        assert info is not None
        library = ctypes.CDLL(_umath_linalg.__file__)
        names = [name.replace("_set_", "_get_") for name in BLAS_THREADS]
        blas = [getattr(library, n)() for n in names if hasattr(library, n)]
        return info.id, info.num_workers, info.seed, tatami.get_num_threads(), blas


def test_what_workers_know() -> None:
    loader = DataLoader(Told(), batch_size=None, num_workers=2, collate_fn=tuple)
    rows = list(loader)
    assert [row[:2] for row in rows] == [(0, 2), (1, 2)]
    assert rows[1][2] == rows[0][2] + 1
    assert all(row[3] == 1 and set(row[4]) <= {1} for row in rows)
    assert data.get_worker_info() is None


def test_workers_can_be_started_anew() -> None:
    loader = DataLoader(
        cases.Squares(), num_workers=1, batch_size=4, multiprocessing_context="spawn"
    )
    assert [x.tolist() for x in loader] == [[0, 1, 4, 9], [16, 25, 36, 49], [64]]


def test_batches_as_they_arrive() -> None:
    loader = DataLoader(range(50), num_workers=2, in_order=False)
    assert sorted(batch.item() for batch in loader) == list(range(50))


def test_lists_of_numbers_longer_than_a_pipe() -> None:
    count = 400_000
    loader = DataLoader(range(count), batch_size=count // 4, num_workers=2)
    assert sum(int(batch.sum()) for batch in loader) == count * (count - 1) // 2


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for_end(processes: set[int], seconds: float = 15.0) -> set[int]:
    """Return which processes are still there after a while."""
    deadline = time.monotonic() + seconds
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return set(filter(alive, processes))


needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


@needs_proc
def test_workers_end_with_the_pass() -> None:
    loader = DataLoader(cases.Process(), num_workers=2)
    processes = {batch.item() for batch in loader}
    assert len(processes) == 2
    assert not wait_for_end(processes, 1)


@needs_proc
def test_workers_end_when_nobody_holds_the_iterator() -> None:
    batches = iter(DataLoader(cases.Process(), num_workers=2, prefetch_factor=8))
    processes = {next(batches).item() for _ in range(4)}
    del batches
    gc.collect()
    assert not wait_for_end(processes, 1)


@needs_proc
def test_persistent_workers_stay_from_pass_to_pass() -> None:
    loader = DataLoader(cases.Process(), num_workers=2, persistent_workers=True)
    first = {batch.item() for batch in loader}
    batches = iter(loader)
    next(batches)
    assert {batch.item() for batch in loader} == first
    del loader, batches
    gc.collect()
    assert not wait_for_end(first, 1)


SCRIPT = """
import signal, sys; sys.path.insert(0, {here!r})
# Whoever starts the tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
import data_cases
from tatami.utils.data import DataLoader
loader = DataLoader(data_cases.Process(0.2), num_workers=2)
for batch in loader:
    print(batch.item(), flush=True)
"""


@needs_proc
@needs_fork
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_survives_its_parent(number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(here=str(HERE))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    workers = {int(parent.stdout.readline()) for _ in range(4)}
    assert len(workers) == 2
    parent.send_signal(number)
    _, errors = parent.communicate(timeout=20)
    assert not wait_for_end(workers)
    if number == signal.SIGINT:
        assert "KeyboardInterrupt" in errors
        assert errors.count("Traceback") == 1


def test_tensorboard_says_where_to_get_a_writer() -> None:
    with pytest.raises(ImportError, match="Install `tensorboardX`"):
        from tatami.utils.tensorboard import SummaryWriter  # noqa: F401
