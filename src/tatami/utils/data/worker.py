"""The worker process of a DataLoader: fetch batches until told to stop."""

from __future__ import annotations

import os
import pickle
import queue
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...random import manual_seed
from ...runtime import set_num_threads
from .dataset import IterableDataset
from .fetch import fetcher_of

__all__ = ["ExceptionWrapper", "WorkerInfo", "get_worker_info"]

# How often, in seconds, a worker looks whether its parent is alive.
_PULSE = 2.0
BLAS_THREADS = (
    "scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_", "openblas_set_num_threads",
)  # fmt: skip


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker process knows of itself.

    Args:
        id: its number, from 0.
        num_workers: how many there are.
        seed: of its random numbers.
        dataset: its copy of the dataset.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what this worker process knows of itself; None in the main process.

    Example:
        >>> from tatami.utils.data import get_worker_info
        >>> get_worker_info() is None
        True
    """
    return _info


class _KeyErrorText(str):
    """Show line breaks where a KeyError would show them escaped."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ExceptionWrapper:
    """Carry an exception to another process: its type, and its traceback as text."""

    def __init__(self, where: str) -> None:
        kind, value, trace = sys.exc_info()
        self.exc_type: Any = kind
        self.exc_msg = "".join(traceback.format_exception(kind, value, trace))
        self.where = where

    def reraise(self) -> None:
        """Raise an exception of the same type that shows the other traceback."""
        text = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if issubclass(self.exc_type, StopIteration):
            raise RuntimeError(text)
        if self.exc_type is KeyError:
            text = _KeyErrorText(text)
        try:
            error = self.exc_type(text)
        except Exception:
            raise RuntimeError(text) from None
        raise error


@dataclass(frozen=True)
class End:
    """Say that a worker's part of an iterable dataset has come to its end."""

    worker: int


class Resume:
    """Ask a worker for another pass, and answer that it is ready."""


@dataclass
class Task:
    """What a worker is started with."""

    dataset: Any
    batched: bool
    collate_fn: Callable[..., Any]
    drop_last: bool
    base_seed: int
    init_fn: Callable[[int], None] | None
    id: int
    num_workers: int


def one_thread() -> None:
    """Let the kernels, and NumPy's linear algebra, use a single thread."""
    import ctypes

    set_num_threads(1)
    try:
        import numpy.linalg._umath_linalg as linalg

        library = ctypes.CDLL(linalg.__file__)
    except (ImportError, OSError):
        return
    for name in BLAS_THREADS:
        if hasattr(library, name):
            getattr(library, name)(1)


def seed_everything(base_seed: int, worker: int) -> int:
    """Seed this process's generators as PyTorch seeds those of its workers."""
    seed = base_seed + worker
    random.seed(seed)
    manual_seed(seed)
    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    return seed


class _Inbox:
    """Read orders in a thread, so that the parent never waits to send one.

    The thread also ends the process if the parent is gone.
    """

    def __init__(self, connection: Any, parent: int | None) -> None:
        self.connection = connection
        self.parent = parent
        self.orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                while not self.connection.poll(_PULSE):
                    self._check_parent()
                self.orders.put(self.connection.recv())
        except (EOFError, OSError):
            self.orders.put(None)
        while True:
            self._check_parent()
            threading.Event().wait(_PULSE)

    def _check_parent(self) -> None:
        import multiprocessing

        process = multiprocessing.parent_process()
        moved = self.parent is not None and os.getppid() != self.parent
        if moved or (process is not None and not process.is_alive()):
            os._exit(1)


def work(
    task: Task, orders: Any, results: Any, others: list[Any], parent: int | None
) -> None:
    """Fetch batches in a worker process.

    Args:
        task: what to fetch from, and how.
        orders: connection with the numbers of samples.
        results: connection for the batches.
        others: connections of the parent that a fork has copied, to be closed.
        parent: process number of the parent, if this process was forked.
    """
    global _info
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for connection in others:
        connection.close()
    one_thread()
    seed = seed_everything(task.base_seed, task.id)
    _info = WorkerInfo(task.id, task.num_workers, seed, task.dataset)
    inbox = _Inbox(orders, parent)
    try:
        _Worker(task, results).run(inbox)
    except OSError:
        return


class _Worker:
    def __init__(self, task: Task, results: Any) -> None:
        self.task = task
        self.results = results
        self.fetcher: Any = None
        self.ended = False
        self.failure: ExceptionWrapper | None = None

    def run(self, inbox: _Inbox) -> None:
        """Obey orders until there are no more."""
        self._start(first=True)
        while (order := inbox.orders.get()) is not None:
            if isinstance(order, Resume):
                self._start(first=False)
                self._send(order, None)
            elif not self.ended:
                number, index = order
                self._send(number, self._fetch(index))

    def _start(self, first: bool) -> None:
        task = self.task
        self.ended = False
        try:
            if first and task.init_fn is not None:
                task.init_fn(task.id)
            self.fetcher = fetcher_of(
                task.dataset, task.batched, task.collate_fn, task.drop_last
            )
        except Exception:
            self.failure = ExceptionWrapper(self._where())

    def _where(self) -> str:
        return f"in DataLoader worker process {self.task.id}"

    def _fetch(self, index: Any) -> Any:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            return failure
        try:
            return self.fetcher.fetch(index)
        except StopIteration:
            if isinstance(self.task.dataset, IterableDataset):
                self.ended = True
                return End(self.task.id)
            return ExceptionWrapper(self._where())
        except Exception:
            return ExceptionWrapper(self._where())

    def _send(self, number: Any, data: Any) -> None:
        try:
            message = pickle.dumps((number, data), pickle.HIGHEST_PROTOCOL)
        except Exception:
            failure = ExceptionWrapper(self._where())
            failure.exc_type = RuntimeError
            message = pickle.dumps((number, failure), pickle.HIGHEST_PROTOCOL)
        self.results.send_bytes(message)
