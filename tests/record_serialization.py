"""Write small files with PyTorch, for machines without it.

Run where PyTorch is installed: ``python tests/record_serialization.py``.
"""

from __future__ import annotations

from pathlib import Path

from serialization_cases import content

HERE = Path(__file__).parent / "reference"


def main() -> None:
    """Write the object in both formats."""
    import torch

    torch.save(content(torch), HERE / "pytorch.pt")
    torch.save(
        content(torch), HERE / "pytorch_old.pt", _use_new_zipfile_serialization=False
    )
    torch.manual_seed(0)
    torch.save(torch.nn.Linear(2, 3), HERE / "pytorch_module.pt")


if __name__ == "__main__":
    main()
