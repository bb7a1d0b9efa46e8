"""``tatami predict``: say what images show, with the network of a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .errors import CommandError, explained, require

__all__ = ["add_parser"]

_BATCH = 256


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "predict",
        help="say what images show",
        description="Say for each image which class it is of, and how sure that is. "
        "Images are made like those of the training: grey or colour, and as large. A "
        "grey image whose border is nearer to the opposite of the training images' is "
        "inverted, such as dark ink on white paper for a network trained on white ink.",
    )
    parser.add_argument("folder", metavar="RUN", help="folder that tatami train made")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="image files")
    parser.add_argument(
        "--invert",
        choices=("auto", "yes", "no"),
        default="auto",
        help="swap dark and bright (default: auto, as said above)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from .config import read_config

    folder = Path(arguments.folder)
    config = read_config(folder / "config.toml")
    require({"PIL": "Pillow"})
    network = _trained(folder, config)
    prepared, failed = [], False
    for path in arguments.images:
        try:
            prepared.append((path, *_prepare(path, config["data"], arguments.invert)))
        except (OSError, ValueError) as error:
            failed = True
            text = explained(error) if isinstance(error, OSError) else str(error)
            print(f"tatami: error: {text}", file=sys.stderr)
    for start in range(0, len(prepared), _BATCH):
        _tell(network, config["data"], prepared[start : start + _BATCH])
    return 1 if failed else 0


def _trained(folder: Path, config: Any) -> Any:
    import tatami

    from .session import rebuilt_network

    path = folder / "model.pt"
    if not path.exists():
        raise CommandError(f"{folder} has no model.pt yet: train at least one epoch")
    network = rebuilt_network(config)
    try:
        network.load_state_dict(tatami.load(path))
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise CommandError(
            f"{path} doesn't fit {config['model']['model']}: {reason}"
        ) from None
    return network.eval()


def _prepare(path: str, data: dict[str, Any], invert: str) -> tuple[Any, bool]:
    """Return an image's bytes as in training, and whether they were inverted."""
    import numpy as np

    from ..vision.images import open_image
    from .data import fit, resize

    image = _upright(open_image(path))
    mode = "L" if data["channels"] == 1 else "RGB"
    pixels = np.asarray(image.convert(mode))
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    inverted = invert == "yes" or (
        invert == "auto" and mode == "L" and _is_opposite(pixels, data["background"])
    )
    if inverted:
        pixels = 255 - pixels
    if data["original_size"]:
        pixels = resize(pixels, tuple(data["original_size"]))
    return fit(pixels, tuple(data["image_size"])), inverted


def _upright(image: Any) -> Any:
    """Turn a photo as its camera was held, and put transparent images on white."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _is_opposite(pixels: Any, background: int) -> bool:
    """Tell whether the border is nearer to the background once inverted."""
    import numpy as np

    edges = (pixels[:, [0, -1]].reshape(-1), pixels[:, :, [0, -1]].reshape(-1))
    border = float(np.median(np.concatenate(edges)))
    return abs(255 - border - background) < abs(border - background)


def _tell(network: Any, data: dict[str, Any], prepared: list[Any]) -> None:
    import numpy as np

    import tatami

    from .batches import Normalizer

    inputs = Normalizer(data["mean"], data["std"])(
        np.stack([pixels for _, pixels, _ in prepared])
    )
    with tatami.no_grad():
        scores = tatami.softmax(network(inputs), dim=1).numpy()
    for (path, _, inverted), row in zip(prepared, scores, strict=True):
        best = int(row.argmax())
        note = "  (inverted)" if inverted else ""
        print(f"{path}: {data['classes'][best]}  {row[best]:.1%}{note}")
