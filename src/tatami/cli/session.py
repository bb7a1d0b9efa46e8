"""A run: its data, its network, its trainer, and its folder's files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import tatami

from .._version import __version__
from ..serialization import safetensors
from .batches import Normalizer
from .config import Config, read_config, write_config
from .data import NAMED, Source, open_source
from .errors import CommandError
from .files import write_bytes, write_text
from .networks import DEFAULT_SIZE, make_network, network_class, try_network
from .trainer import Settings, Trainer

__all__ = ["Session"]

_SMALL = 5000


class Session:
    """Hold what a run is made of.

    Args:
        config: tables of ``config.toml``.
        source: the data.
        network: the network.
    """

    def __init__(self, config: Config, source: Source, network: Any) -> None:
        self.config = config
        self.source = source
        self.network = network
        self.note = ""
        normalize = Normalizer(config["data"]["mean"], config["data"]["std"])
        settings = Settings(**config["training"])
        self.trainer = Trainer(network, source, normalize, settings)

    @classmethod
    def new(cls, options: dict[str, Any]) -> Session:
        """Start a run.

        Args:
            options: the command line's options, all of them with a value but epochs
                and image size.

        Raises:
            CommandError: data or model can't be used.
        """
        kind = network_class(options["model"])
        size = _image_size(kind, options)
        source = open_source(options["data"], options["root"], size)
        if options["epochs"] is None:
            options["epochs"] = 12 if len(source.train) < _SMALL else 3
        config = {
            "data": _data_table(options, source, size),
            "model": {"name": kind.__name__, "model": options["model"]},
            "training": {name: options[name] for name in Settings.__annotations__},
            "made_with": _made_with(),
        }
        tatami.manual_seed(options["seed"])
        network = make_network(kind, source.channels, len(source.classes))
        try_network(network, source.channels, size, len(source.classes))
        return cls(config, source, network)

    @classmethod
    def load(cls, folder: Path) -> Session:
        """Go back to a run that was stopped.

        Raises:
            CommandError: there is no such run, or its data or model have changed.
        """
        config = read_config(folder / "config.toml")
        if not (folder / "checkpoint.pt").exists():
            raise CommandError(
                f"{folder} was stopped before its first step was saved: start it again "
                "in another folder"
            )
        data = config["data"]
        source = open_source(data["name"], data["root"], tuple(data["image_size"]))
        network = rebuilt_network(config)
        session = cls(config, source, network)
        session.trainer.load_state(tatami.load(folder / "checkpoint.pt"))
        session.note = _differences(config["made_with"])
        return session

    def announce(self) -> None:
        """Print one line on the data and one on the network."""
        source, trainer = self.source, self.trainer
        settings = trainer.settings
        shape = "x".join(map(str, source.train.pixels.shape[1:]))
        note = f" ({source.note})" if source.note else ""
        print(
            f"data:  {source.title}: {len(source.train):,} training and "
            f"{len(source.test):,} test images of {shape}, {len(source.classes)} "
            f"classes{note}"
        )
        count = sum(p.numel() for p in self.network.parameters())
        print(
            f"model: {self.config['model']['name']}, {count:,} parameters; "
            f"{settings.optimizer}, learning rate up to {settings.lr:g}, batches of "
            f"{settings.batch_size}, seed {settings.seed}, {tatami.kernels.in_use} "
            "kernels",
            flush=True,
        )
        if self.note:
            print(f"note:  {self.note}", flush=True)

    def write_config(self, folder: Path) -> None:
        """Write ``config.toml``."""
        write_config(folder / "config.toml", self.config)

    def save(self, folder: Path, extras: bool) -> None:
        """Write the network, the numbers so far and what is needed to go on.

        Args:
            folder: where they go.
            extras: write ``model.safetensors`` as well.
        """
        weights = self.network.state_dict()
        write_bytes(folder / "model.pt", _saved(weights))
        if extras:
            write_bytes(folder / "model.safetensors", safetensors.save(weights))
        history = self.trainer.progress.history
        rows = "".join(f"{json.dumps(row)}\n" for row in history)
        write_text(folder / "metrics.jsonl", rows)
        write_bytes(folder / "checkpoint.pt", _saved(self.trainer.state()))


def _saved(content: Any) -> bytes:
    """Return what ``tatami.save`` writes."""
    file = io.BytesIO()
    tatami.save(content, file)
    return file.getvalue()


def _differences(made_with: dict[str, str]) -> str:
    """Say in what this tatami is not the one a run was started with."""
    present = _made_with()
    changed = [
        f"{name} {made_with.get(name)}, now {value}"
        for name, value in present.items()
        if made_with.get(name) != value
    ]
    if not changed:
        return ""
    return f"the run was started with {'; '.join(changed)}: last digits may differ"


def _made_with() -> dict[str, str]:
    return {"tatami": __version__, "kernels": tatami.kernels.in_use}


def rebuilt_network(config: Config) -> Any:
    """Make the network of a run, with weights yet to be loaded."""
    kind = network_class(config["model"]["model"])
    data = config["data"]
    return make_network(kind, data["channels"], len(data["classes"]))


def _image_size(kind: Any, options: dict[str, Any]) -> tuple[int, int]:
    """Return the size the network names, or the one asked for."""
    side = options["image_size"] or DEFAULT_SIZE
    size = getattr(kind, "image_size", (side, side))
    if options["image_size"] and tuple(size) != (side, side):
        raise CommandError(
            f"{kind.__name__} takes images of {size[0]}x{size[1]}, but --image-size is "
            f"{side}"
        )
    return int(size[0]), int(size[1])


def _data_table(
    options: dict[str, Any], source: Source, size: tuple[int, int]
) -> dict[str, Any]:
    mean, std = source.statistics()
    name = options["data"]
    return {
        "title": source.title,
        "name": name if name in NAMED else str(Path(name).expanduser().resolve()),
        "root": str(Path(options["root"]).resolve()),
        "classes": source.classes,
        "channels": source.channels,
        "original_size": list(source.size or ()),
        "image_size": list(size),
        "mean": mean,
        "std": std,
        "background": source.background(),
    }
