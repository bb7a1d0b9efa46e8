"""A process for each side of a comparison: it prepares, then runs blocks when asked.

One line of JSON asks, one line answers. Between blocks a worker waits for its next
line, so that only one side uses the machine at a time.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .timing import Block, time_block

__all__ = ["Failure", "Worker", "interleave", "serve", "thread_variables"]

Spec = dict[str, Any]
Prepared = tuple[Callable[[], Any], dict[str, Any]]

_PAUSE = 0.02  # until the threads of the one before are asleep
_PATIENCE = 900.0  # for torch.compile on a loaded machine
_TAIL = 3


class Failure(Exception):
    """Say what a side could not do."""


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment that gives every library the same number of threads."""
    names = (
        "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "TATAMI_NUM_THREADS", "NPROC",
    )  # fmt: skip
    return {name: str(threads) for name in names}


class Worker:
    """Drive one side's process.

    Args:
        name: what to call it.
        command: program that calls :func:`serve`.
        threads: threads it may use.
        environment: further variables.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        threads: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        variables = {**os.environ, **thread_variables(threads), **(environment or {})}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            text=True, env=variables,
        )  # fmt: skip
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def prepare(self, spec: Spec) -> dict[str, Any]:
        """Make ready what ``spec`` describes, and return what the side says of it.

        It is called once, and ``first_call`` says how many seconds that took.

        Raises:
            Failure: it can't, or it has ended.
        """
        return self._ask({"do": "prepare", "spec": spec})

    def block(self, seconds: float) -> Block:
        """Run a block of calls of what was prepared.

        Raises:
            Failure: a call failed, or the process has ended.
        """
        return Block(**self._ask({"do": "block", "seconds": seconds}))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=_PATIENCE)
        except BrokenPipeError:
            line = ""
        except queue.Empty:
            self._process.kill()
            raise Failure(f"no answer within {_PATIENCE:.0f} s") from None
        if not line:
            raise Failure(f"the process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()[-_TAIL:]
        return " | ".join(lines) or f"exit code {code}"

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def interleave(
    workers: list[Worker], rounds: int, seconds: float
) -> list[dict[str, Block]]:
    """Let the workers run blocks in turn, every other round in opposite order.

    Args:
        workers: those that have prepared the same thing.
        rounds: how many blocks each runs.
        seconds: length of a block.

    Raises:
        Failure: a block failed; the message names its side.
    """
    found = []
    for turn in range(rounds):
        blocks = {}
        for worker in workers[:: -1 if turn % 2 else 1]:
            time.sleep(_PAUSE)
            try:
                blocks[worker.name] = worker.block(seconds)
            except Failure as failure:
                raise Failure(f"{worker.name}: {failure}") from None
        found.append(blocks)
    return found


def serve(prepare: Callable[[Spec], Prepared]) -> None:
    """Answer requests until there are no more.

    Args:
        prepare: makes a function to call and facts to report from a description.
    """
    with _private_output() as answers:
        call: Callable[[], Any] | None = None
        for line in sys.stdin:
            try:
                request = json.loads(line)
                if request["do"] == "prepare":
                    call = None
                    call, answer = prepare(request["spec"])
                    start = time.perf_counter()
                    call()
                    answer.setdefault("first_call", time.perf_counter() - start)
                elif call is None:
                    raise RuntimeError("nothing is prepared")
                else:
                    answer = asdict(time_block(call, request["seconds"]))
            except Exception as error:
                first = (str(error).strip().splitlines() or [""])[0]
                answer = {"error": f"{type(error).__name__}: {first}"}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


@contextmanager
def _private_output() -> Iterator[Any]:
    """Keep standard output for answers: what libraries print goes to the errors."""
    own = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(own, "w") as answers:
        yield answers


def source_folder() -> str:
    """Return the folder that tatami is imported from, for the path of a process."""
    return str(Path(__file__).resolve().parents[3])
