"""The training loop: stops between two steps, and goes on where it stopped."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tatami

from ..nn import functional as F
from ..optim import SGD, Adam, AdamW
from ..optim.lr_scheduler import LambdaLR
from .batches import Normalizer, augmentation, loader
from .data import Images, Source
from .display import EpochDisplay
from .errors import CommandError

__all__ = ["Progress", "Settings", "Stopped", "Trainer", "stop_signals"]

_WARM_UP = 0.2
_FIRST = 1 / 25
_MANY_SEEDS = 1_000_003
# Recordings until a step is a program, and one to be sure.
_REHEARSALS = 5


@dataclass(frozen=True)
class Settings:
    """Say how to train.

    Attributes:
        epochs: how often every image is seen.
        batch_size: images in a batch.
        optimizer: ``'adamw'``, ``'adam'`` or ``'sgd'``.
        lr: highest learning rate.
        momentum: momentum of ``'sgd'``.
        weight_decay: how fast weights shrink.
        seed: what first weights, order and augmentation depend on.
        augment: whether images are shifted (and mirrored, in colour) at random.
        workers: processes that prepare batches.
        until_accuracy: test accuracy, in percent, that ends training after an epoch;
            0 if nothing but the number of epochs does.
    """

    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    seed: int
    augment: bool
    workers: int
    until_accuracy: float = 0.0


@dataclass
class Progress:
    """Say how far training has come.

    Attributes:
        epoch: epochs that are done.
        batch: batches done in the present epoch.
        loss: sum of the losses of the epoch's images.
        correct: how many of them were told right.
        images: how many there were.
        seconds: time spent on the epoch.
        history: numbers of each epoch done.
    """

    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    correct: int = 0
    images: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


class Stopped(Exception):
    """Say that a signal asked to stop; every finished step is in the trainer."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """Turn Ctrl-C and SIGTERM into a question that is asked between steps.

    Yields:
        Function that raises :class:`Stopped` once a signal has come. A second Ctrl-C
        interrupts at once.
    """
    caught: list[int] = []

    def note(number: int, frame: Any) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    def check() -> None:
        if caught:
            raise Stopped(caught[0])

    before = {n: signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Trainer:
    """Train a network on a data set.

    Args:
        network: the network.
        source: the data.
        normalize: how bytes become numbers.
        settings: how to train.
    """

    def __init__(
        self, network: Any, source: Source, normalize: Normalizer, settings: Settings
    ) -> None:
        self.network = network
        self.source = source
        self.normalize = normalize
        self.settings = settings
        self.batches = -(-len(source.train) // settings.batch_size)
        self.optimizer = _optimizer(network, settings)
        steps = self.batches * settings.epochs
        self.scheduler = LambdaLR(self.optimizer, lambda step: one_cycle(step, steps))
        self.progress = Progress()
        self.learn = self._learning()
        self._prepared = False

    def state(self) -> dict[str, Any]:
        """Return all that decides how training goes on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "generator": tatami.get_rng_state(),
            "progress": dict(vars(self.progress)),
            "data": self.source.fingerprint(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go back to a state.

        Raises:
            CommandError: the data are not those the state was made with.
        """
        found = self.source.fingerprint()
        if state["data"] != found:
            raise CommandError(
                f"{self.source.title} has changed since this run was started: expected "
                f"data {state['data']}, found {found}"
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        tatami.set_rng_state(state["generator"])
        self.progress = Progress(**state["progress"])

    def finished(self) -> bool:
        """Whether every epoch is done, or the accuracy that was wanted is reached."""
        progress, wanted = self.progress, self.settings.until_accuracy
        if wanted and progress.history and not progress.batch:
            if 100 * progress.history[-1]["test_accuracy"] >= wanted:
                return True
        return progress.epoch >= self.settings.epochs

    def train_epoch(self, check: Callable[[], None], bar: bool) -> dict[str, Any]:
        """Train until every image was seen once more, then test.

        Args:
            check: function called between steps, which may raise.
            bar: whether to draw a progress bar.

        Returns:
            The epoch's numbers, which are added to the history.
        """
        progress, settings = self.progress, self.settings
        title = f"epoch {progress.epoch + 1}/{settings.epochs}"
        display = EpochDisplay(title, self.batches, progress.batch, bar)
        self.network.train()
        if not self._prepared:
            self.prepare()
            self._prepared = True
        with display.shown():
            start = time.perf_counter()
            before = progress.seconds
            for inputs, labels in self._training_batches():
                self._step(inputs, labels)
                progress.seconds = before + time.perf_counter() - start
                display.step(
                    len(labels),
                    progress.loss / progress.images,
                    progress.correct / progress.images,
                )
                check()
        row = self._row(*self.test(check))
        self.progress = Progress(progress.epoch + 1, history=[*progress.history, row])
        return row

    def _training_batches(self) -> Any:
        settings, progress = self.settings, self.progress
        images = self.source.train
        size = images.pixels.shape[2:]
        return loader(
            images,
            self.normalize,
            settings.batch_size,
            seed=(settings.seed * _MANY_SEEDS + progress.epoch) % 2**63,
            start=progress.batch,
            workers=settings.workers,
            augment=augmentation(self.source.channels, size)
            if settings.augment
            else None,
        )

    def _step(self, inputs: Any, labels: Any) -> None:
        progress = self.progress
        scores, loss = self.learn(inputs, labels)
        value = loss.item()
        if not math.isfinite(value):
            raise CommandError(
                f"the loss is {value} in epoch {progress.epoch + 1}, batch "
                f"{progress.batch + 1}: try a lower --lr than {self.settings.lr:g}"
            )
        self.scheduler.step()
        right = scores.detach().numpy().argmax(1) == labels.numpy()
        progress.batch += 1
        progress.images += len(labels)
        progress.loss += value * len(labels)
        progress.correct += int(right.sum())

    def _learning(self) -> Callable[[Any, Any], Any]:
        """Return the step that changes the network, as a program."""
        network, optimizer = self.network, self.optimizer

        def learn(inputs: Any, labels: Any) -> Any:
            optimizer.zero_grad()
            scores = network(inputs)
            loss = F.cross_entropy(scores, labels)
            loss.backward()
            optimizer.step()
            return scores.detach(), loss

        return tatami.compile(learn)

    def prepare(self) -> None:
        """Find the programs of the step, and leave everything as it was.

        A program may round otherwise than the kernels it was made from, so the first
        step of a run, and of a resumed one, must be made by it already.
        """
        images, size = self.source.train, self.settings.batch_size
        self.network.train()
        with _kept(self.network, self.optimizer), tatami.random.fork_rng():
            for count in {min(size, len(images)), len(images) % size} - {0}:
                for _ in range(_REHEARSALS):
                    inputs = tatami.randn(count, *images.pixels.shape[1:])
                    self.learn(inputs, tatami.from_numpy(images.labels[:count]))
        self.optimizer.zero_grad()

    def _row(self, scores: np.ndarray, test_loss: float) -> dict[str, Any]:
        progress = self.progress
        labels = self.source.test.labels
        return {
            "epoch": progress.epoch + 1,
            "loss": progress.loss / progress.images,
            "accuracy": progress.correct / progress.images,
            "test_loss": test_loss,
            "test_accuracy": float((scores.argmax(1) == labels).mean()),
            "learning_rate": float(self.scheduler.get_last_lr()[0]),
            "seconds": round(progress.seconds, 3),
            "images_per_second": round(progress.images / progress.seconds, 1),
        }

    def test(self, check: Callable[[], None]) -> tuple[np.ndarray, float]:
        """Return the probability of each class for each test image, and the loss."""
        return evaluate(self.network, self.source.test, self.normalize, check)


@contextmanager
def _kept(network: Any, optimizer: Any) -> Iterator[None]:
    """Put parameters, buffers and the optimizer's state back after the block.

    State that the block made first becomes zeros, which is what it starts from.
    """
    tensors = [*network.parameters(), *network.buffers()]
    before = [tensor.detach().clone() for tensor in tensors]
    known = {id(x): x.clone() for x in _states(optimizer)}
    try:
        yield
    finally:
        with tatami.no_grad():
            for tensor, values in zip(tensors, before, strict=True):
                tensor.copy_(values)
            for tensor in _states(optimizer):
                values = known.get(id(tensor))
                tensor.zero_() if values is None else tensor.copy_(values)


def _states(optimizer: Any) -> list[Any]:
    entries = (x for state in optimizer.state.values() for x in state.values())
    return [x for x in entries if isinstance(x, tatami.Tensor)]


def evaluate(
    network: Any, images: Images, normalize: Normalizer, check: Callable[[], None]
) -> tuple[np.ndarray, float]:
    """Return the probability of each class for each image, and the mean loss."""
    network.eval()
    probabilities, loss = [], 0.0
    with tatami.no_grad():
        for inputs, labels in loader(images, normalize):
            scores = network(inputs)
            loss += F.cross_entropy(scores, labels, reduction="sum").item()
            probabilities.append(F.softmax(scores, dim=1).numpy())
            check()
    return np.concatenate(probabilities), loss / len(images)


def one_cycle(step: int, steps: int) -> float:
    """Return which part of the highest learning rate a step has.

    It rises from 1/25 for a fifth of the steps, then falls to 0, along half cosines.
    Unlike ``OneCycleLR`` it can do with very few steps.

    Example:
        >>> [round(one_cycle(step, 10), 2) for step in (0, 1, 2, 6, 9, 10)]
        [0.04, 0.52, 1.0, 0.5, 0.04, 0.0]

    Source: Smith and Topin 2019, "Super-convergence: very fast training of neural
    networks using large learning rates", section 3.
    """
    rising = _WARM_UP * steps
    if step < rising:
        return 1 - (1 - _FIRST) * (1 + math.cos(math.pi * step / rising)) / 2
    return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2


def _optimizer(network: Any, settings: Settings) -> Any:
    parameters = list(network.parameters())
    if not parameters:
        raise CommandError(f"{type(network).__name__} has no parameters to train")
    decay = settings.weight_decay
    if settings.optimizer == "sgd":
        return SGD(
            parameters, settings.lr, momentum=settings.momentum, weight_decay=decay
        )
    kind = {"adam": Adam, "adamw": AdamW}[settings.optimizer]
    return kind(parameters, settings.lr, weight_decay=decay)
