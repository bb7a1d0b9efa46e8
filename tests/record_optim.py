"""Record what PyTorch's optimizers and schedules do, for machines without it.

Run where PyTorch is installed: ``python tests/record_optim.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import optim_cases as cases

HERE = Path(__file__).parent / "reference"


def main() -> None:
    """Run every case on PyTorch and write what it gives."""
    import torch

    arrays = {}
    for i, (name, options) in enumerate(cases.OPTIMIZERS):
        for kind in ("float32", "float64"):
            _, values = cases.optimize(torch, name, options, kind)
            for j, value in enumerate(values):
                arrays[f"{name}{i}/{kind}/{j}"] = value
    for i, options in enumerate(cases.SEARCHES):
        arrays[f"LBFGS{i}"] = np.array(cases.search(torch, options, "float64")[1])
    np.savez_compressed(HERE / "optim.npz", **arrays)
    walks = {
        f"{name}{i}": cases.follow(torch, name, options)[1]
        for i, (name, options) in enumerate(cases.SCHEDULES)
    }
    for i, options in enumerate(cases.PLATEAUS):
        walks[f"ReduceLROnPlateau{i}"] = cases.follow_plateau(torch, options)[1]
    for name in ("SequentialLR", "ChainedScheduler"):
        walks[name] = cases.follow_several(torch, name)[1]
    (HERE / "schedules.json").write_text(json.dumps(walks, indent=0) + "\n")


if __name__ == "__main__":
    main()
