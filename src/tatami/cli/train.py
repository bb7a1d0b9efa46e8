"""``tatami train``: train a network on images and keep all of it in one folder."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

from .errors import CommandError, require

__all__ = ["add_parser"]

_DEFAULTS: dict[str, Any] = {
    "data": "digits",
    "root": "data",
    "model": "tutorial",
    "epochs": None,
    "until_accuracy": 0.0,
    "batch_size": 64,
    "optimizer": "adamw",
    "lr": None,
    "momentum": 0.9,
    "weight_decay": None,
    "seed": 0,
    "augment": False,
    "workers": 0,
    "image_size": None,
}
_RATES = {"adamw": 0.004, "adam": 0.004, "sgd": 0.1}
_DECAYS = {"adamw": 0.01, "adam": 0.0, "sgd": 0.0005}
_EXTRAS = {"matplotlib": "matplotlib", "safetensors": "safetensors"}
_EXIT_BASE = 128


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, but got {value}")
    return value


def _not_negative(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, but got {value}")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number >= 0, but got {text}")
    return value


def _percent(text: str) -> float:
    value = float(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"expected 0 < percent <= 100, but got {text}")
    return value


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "train",
        help="train a network on images",
        description="Train a network on images. Ctrl-C stops between two steps; "
        "--resume goes on from there, with the same result as without the stop.",
    )
    add = parser.add_argument
    add("--data", help="digits (bundled), mnist, fashion, kmnist, cifar10, cifar100; "
        "or a folder of IDX files, a folder or tar file of class folders of images "
        "(default: digits)")  # fmt: skip
    add("--root", help="folder where named data are, or are put (default: data)")
    add("--model", help="tutorial, lenet5, or FILE.py:CLASS (default: tutorial)")
    add("--image-size", type=_positive, metavar="N",
        help="height and width that FILE.py:CLASS takes (default: 32)")  # fmt: skip
    add("--epochs", type=_positive, metavar="N",
        help="default: 12 for fewer than 5,000 images, else 3")  # fmt: skip
    add("--until-accuracy", type=_percent, metavar="PERCENT",
        help="stop after the first epoch with this test accuracy (default: train "
        "all epochs)")  # fmt: skip
    add("--batch-size", type=_positive, metavar="N", help="default: 64")
    add("--optimizer", choices=sorted(_RATES), help="default: adamw")
    add("--lr", type=_rate, help="highest learning rate of the one-cycle schedule "
        "(default: 0.004, or 0.1 for sgd)")  # fmt: skip
    add("--momentum", type=_rate, help="of sgd (default: 0.9)")
    add("--weight-decay", type=_rate,
        help="default: 0.01, or 0.0005 for sgd, or 0 for adam")  # fmt: skip
    add("--seed", type=_not_negative, metavar="N", help="default: 0")
    add("--augment", action="store_true", default=None,
        help="shift images at random, and mirror colour images")  # fmt: skip
    add("--workers", type=_not_negative, metavar="N",
        help="processes that prepare batches (default: 0)")  # fmt: skip
    add("--out", metavar="RUN", help="folder for all results (default: a new one "
        "below runs/)")  # fmt: skip
    add("--resume", metavar="RUN", help="go on with a run that was stopped")
    add("--no-extras", action="store_true",
        help="do without what needs further libraries: progress bar, pictures, report "
        "and model.safetensors")  # fmt: skip
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.no_extras:
        bar = {"tqdm": "tqdm"} if sys.stdout.isatty() else {}
        require({**_EXTRAS, **bar}, ", or train with --no-extras")
    if arguments.resume is not None:
        return _resume(arguments)
    return _start(arguments)


def _start(arguments: argparse.Namespace) -> int:
    from .files import lock_folder
    from .session import Session

    options = {
        name: default if getattr(arguments, name) is None else getattr(arguments, name)
        for name, default in _DEFAULTS.items()
    }
    session = Session.new(_completed(options))
    session.announce()
    folder = _new_folder(arguments.out, options)
    with lock_folder(folder):
        session.write_config(folder)
        return _train(session, folder, not arguments.no_extras)


def _completed(options: dict[str, Any]) -> dict[str, Any]:
    from .networks import absolute

    options["model"] = absolute(options["model"])
    if options["lr"] is None:
        options["lr"] = _RATES[options["optimizer"]]
    if options["weight_decay"] is None:
        options["weight_decay"] = _DECAYS[options["optimizer"]]
    return options


def _new_folder(out: str | None, options: dict[str, Any]) -> Path:
    """Make the run's folder; one that has a run already is left alone."""
    if out is not None:
        folder = Path(out)
        if (folder / "config.toml").exists():
            raise CommandError(
                f"{folder} has a run already: go on with --resume {folder}, or choose "
                "another folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    model = Path(options["model"].rpartition(":")[0] or options["model"]).stem
    name = f"{Path(options['data']).stem}-{model}"
    Path("runs").mkdir(exist_ok=True)
    for number in itertools.count(1):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError


def _resume(arguments: argparse.Namespace) -> int:
    from .files import lock_folder
    from .session import Session

    for name in (*_DEFAULTS, "out"):
        if getattr(arguments, name) is not None:
            raise CommandError(
                f"--{name.replace('_', '-')} can't be changed by --resume: settings "
                f"are those in {Path(arguments.resume) / 'config.toml'}"
            )
    folder = Path(arguments.resume)
    if not folder.is_dir():
        raise CommandError(f"--resume {folder}: there is no such folder")
    with lock_folder(folder):
        session = Session.load(folder)
        session.announce()
        return _train(session, folder, not arguments.no_extras)


def _train(session: Any, folder: Path, extras: bool) -> int:
    """Train epoch by epoch; after each, everything is on the disk."""
    from .display import epoch_line
    from .trainer import Stopped, stop_signals

    trainer = session.trainer
    bar = extras and sys.stdout.isatty()
    with stop_signals() as check:
        print(f"run:   {folder}", flush=True)
        try:
            while not trainer.finished():
                row = trainer.train_epoch(check, bar)
                print(epoch_line(row, trainer.settings.epochs), flush=True)
                session.save(folder, extras)
                check()
            scores, _ = trainer.test(check)
        except Stopped as stopped:
            session.save(folder, extras)
            print(
                f"stopped {_place(trainer)}; go on with: tatami train --resume {folder}"
            )
            return _EXIT_BASE + stopped.number
    _finish(session, folder, scores, extras)
    return 0


def _place(trainer: Any) -> str:
    progress = trainer.progress
    if trainer.finished():
        return "while testing"
    return (
        f"in epoch {progress.epoch + 1} after {progress.batch} of {trainer.batches} "
        "batches"
    )


def _finish(session: Any, folder: Path, scores: Any, extras: bool) -> None:
    from .pictures import draw_all
    from .report import write_report

    source, history = session.source, session.trainer.progress.history
    right = int((scores.argmax(1) == source.test.labels).sum())
    count = len(source.test)
    result = f"test accuracy: {right / count:.2%}  ({right:,} of {count:,})"
    if extras:
        pictures = draw_all(folder, history, source, scores)
        write_report(folder, result, session.config, history, pictures)
    names = "report.html, model.pt" if extras else "model.pt"
    print(f"wrote {names} and more to {folder}")
    print(result)
