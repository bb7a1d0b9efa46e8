"""Record what torchvision's transforms give: reference/transforms.npz and .json.

Run it where torchvision is installed: ``python record_transforms.py``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as M
from transform_cases import (
    CASES,
    ERRORS,
    PILLOW_ONLY,
    SEED,
    TENSOR_ONLY,
    as_array,
    pixels,
)

REFERENCE = Path(__file__).parent / "reference"


def made(expression: str) -> Any:
    """Return a transform."""
    return eval(f"M.{expression}", {"M": M})


def error_of(expression: str) -> list[str]:
    """Return type and first line of the error that a transform raises."""
    try:
        made(expression)(Image.fromarray(pixels()))
    except Exception as error:
        return [type(error).__name__, str(error).splitlines()[0]]
    raise AssertionError(expression)


def main() -> None:
    """Record all cases."""
    image = Image.fromarray(pixels())
    inputs = {
        "pillow": image,
        "bytes": torch.from_numpy(pixels()).permute(2, 0, 1),
        "floats": torch.from_numpy(pixels()).permute(2, 0, 1) / 255,
    }
    arrays: dict[str, np.ndarray] = {}
    for kind, value in inputs.items():
        own = PILLOW_ONLY if kind == "pillow" else []
        own = TENSOR_ONLY if kind == "floats" else own
        for expression in [*CASES, *own]:
            torch.manual_seed(SEED)
            arrays[f"{kind} {expression}"] = as_array(made(expression)(value))
    np.savez_compressed(REFERENCE / "transforms.npz", **arrays)
    texts = {
        "repr": {e: repr(made(e)) for e in [*CASES, *PILLOW_ONLY, *TENSOR_ONLY]},
        "errors": {e: error_of(e) for e in ERRORS},
    }
    (REFERENCE / "transforms.json").write_text(json.dumps(texts, indent=1) + "\n")


if __name__ == "__main__":
    main()
