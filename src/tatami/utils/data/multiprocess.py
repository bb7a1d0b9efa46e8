"""Loading with worker processes: hand out numbers, take batches back in order."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import time
import weakref
from typing import Any

from .iterator import LoaderIterator
from .worker import End, ExceptionWrapper, Resume, Task, work

__all__ = ["WorkersIterator"]

# How long, in seconds, workers may take to end before they are stopped.
_PATIENCE = 2.0


class _Handle:
    """The parent's side of a worker: the process and two connections."""

    def __init__(self, context: Any, task: Task, others: list[_Handle]) -> None:
        orders, self.orders = context.Pipe(duplex=False)
        self.results, results = context.Pipe(duplex=False)
        forks = context.get_start_method() == "fork"
        mine = [c for handle in [*others, self] for c in handle.connections()]
        arguments = (task, orders, results, mine if forks else [])
        self.process = context.Process(
            target=work, args=(*arguments, os.getpid() if forks else None), daemon=True
        )
        self.active = True
        self.tasks = 0
        try:
            self.process.start()
        finally:
            orders.close()
            results.close()

    def connections(self) -> tuple[Any, Any]:
        """Return the parent's ends."""
        return self.orders, self.results

    def close(self) -> None:
        """Let the worker know that no more is wanted."""
        for connection in self.connections():
            connection.close()


def stop(workers: list[_Handle], owner: int) -> None:
    """End worker processes: ask, wait a little, then insist."""
    if os.getpid() != owner:
        return
    for worker in workers:
        worker.close()
    deadline = time.monotonic() + _PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
    for worker in workers:
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join(1.0)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
    workers.clear()


class WorkersIterator(LoaderIterator):
    """One pass over a DataLoader whose batches are fetched by worker processes.

    Numbers are handed out in turn, ``prefetch_factor`` lists to each worker ahead of
    what has been taken, so that the order of batches doesn't depend on time.
    """

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        self.prefetch_factor = loader.prefetch_factor
        self.in_order = loader.in_order
        self.persistent = loader.persistent_workers
        self.timeout = loader.timeout
        self.workers: list[_Handle] = []
        self.stop = weakref.finalize(self, stop, self.workers, os.getpid())
        context = loader.multiprocessing_context or _default_context()
        for i in range(loader.num_workers):
            task = Task(
                loader.dataset, loader._auto_collation, loader.collate_fn,
                loader.drop_last, self.base_seed, loader.worker_init_fn, i,
                loader.num_workers,
            )  # fmt: skip
            try:
                self.workers.append(_Handle(context, task, self.workers))
            except BaseException:
                self.stop()
                raise
        self._begin()

    def reset(self, loader: Any) -> None:
        """Begin another pass with the same workers."""
        super().reset(loader)
        for worker in self.workers:
            worker.active = True
            worker.orders.send(Resume())
        waiting = len(self.workers)
        while waiting:
            number, _ = self._receive()
            waiting -= isinstance(number, Resume)
        self._begin()

    def _begin(self) -> None:
        self.sent = 0
        self.wanted = 0
        self.assigned: dict[int, _Handle] = {}
        self.arrived: dict[int, Any] = {}
        self.turn = itertools.cycle(self.workers)
        for worker in self.workers:
            worker.tasks = 0
        for _ in range(self.prefetch_factor * len(self.workers)):
            self._hand_out()

    def _hand_out(self) -> None:
        """Give the next numbers to the worker whose turn it is."""
        try:
            index = next(self.indices)
        except StopIteration:
            return
        worker = self._whose_turn()
        if worker is None:
            return
        try:
            worker.orders.send((self.sent, index))
        except OSError:
            raise RuntimeError(_death([worker])) from None
        self.assigned[self.sent] = worker
        worker.tasks += 1
        self.sent += 1

    def _whose_turn(self) -> _Handle | None:
        active = sum(worker.active for worker in self.workers)
        for worker in itertools.islice(self.turn, len(self.workers)):
            most = self.prefetch_factor * len(self.workers) // max(active, 1)
            if worker.active and (self.in_order or worker.tasks < most):
                return worker
        return None

    def next_batch(self) -> Any:
        """Return the next batch, waiting for it if need be."""
        while self.wanted < self.sent:
            number = self.wanted
            if not self.in_order and self.arrived:
                number = next(iter(self.arrived))
            if number in self.arrived:
                self.wanted += number == self.wanted
                return self._deliver(self.arrived.pop(number))
            worker = self.assigned.get(self.wanted)
            if worker is None or not worker.active:
                self.assigned.pop(self.wanted, None)
                self.wanted += 1
                continue
            self._take()
        if not self.persistent:
            self.stop()
        raise StopIteration

    def _take(self) -> None:
        """Receive one answer and note it."""
        number, data = self._receive()
        worker = self.assigned.pop(number)
        if isinstance(data, End):
            worker.active = False
            self._hand_out()
            return
        worker.tasks -= 1
        self.arrived[number] = data

    def _deliver(self, data: Any) -> Any:
        self._hand_out()
        if isinstance(data, ExceptionWrapper):
            data.reraise()
        return data

    def _receive(self) -> Any:
        """Return the next answer of any worker.

        Raises:
            RuntimeError: a worker died, or took too long.
        """
        from multiprocessing import connection

        sources = {worker.results: worker for worker in self.workers}
        ready = connection.wait(list(sources), self.timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")
        try:
            return pickle.loads(ready[0].recv_bytes())  # type: ignore[union-attr]
        except (EOFError, OSError):
            dead = sources[ready[0]]
        dead.process.join(_PATIENCE)
        raise RuntimeError(_death([dead]))


def _death(workers: list[_Handle]) -> str:
    numbers = ", ".join(str(worker.process.pid) for worker in workers)
    reasons = ", ".join(_reason(worker.process.exitcode) for worker in workers)
    return (
        f"DataLoader worker (pid(s) {numbers}) exited unexpectedly\n"
        f"It ended with {reasons}. With num_workers=0 the dataset runs in this "
        "process, where an error shows its traceback."
    )


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _default_context() -> Any:
    import multiprocessing

    return multiprocessing.get_context()
