"""Record the orders PyTorch's samplers and loaders give, for machines without it.

Run where PyTorch is installed: ``python tests/record_data.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

from data_cases import ORDERS, ordered

RECORDED = Path(__file__).parent / "reference" / "data.json"


def main() -> None:
    """Run every case on PyTorch and write what it gives."""
    import torch

    found = {name: ordered(torch, torch.utils.data, name) for name in ORDERS}
    RECORDED.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
