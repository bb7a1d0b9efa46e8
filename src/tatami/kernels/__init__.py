"""The instruction set: every computation on arrays is a call of one of these.

The reference package defines each kernel in NumPy. Where the compiled extension has
the same kernel it takes its place, once, here.
"""

from __future__ import annotations

import os

from .. import later
from . import native, reference
from .reference import *

__all__ = ["in_use", "instruction_set", "reason"]


def _choose() -> tuple[str, str]:
    """Return which kernels to use, and why."""
    wanted = os.environ.get("TATAMI_KERNELS", "")
    if wanted not in ("", "numpy", "native"):
        raise ValueError(
            f"TATAMI_KERNELS must be 'numpy' or 'native', but it is {wanted!r}"
        )
    if wanted == "numpy":
        return "numpy", "TATAMI_KERNELS=numpy asks for them"
    if wanted == "native" and not native.available:
        raise ImportError(
            "TATAMI_KERNELS=native, but the compiled kernels are not there: "
            f"{native.reason}. Install with a C++ compiler, or unset TATAMI_KERNELS."
        )
    return ("native" if native.available else "numpy"), native.reason


__getattr__, __dir__ = later.namespace(
    __name__, {"kernels.reference": " ".join(reference.FILES.values())}
)
in_use, reason = _choose()
if in_use == "native":
    globals().update(native.install(reference))


def instruction_set() -> str:
    """Return the instruction set of the kernels in use."""
    return native.instruction_set() if in_use == "native" else "NumPy's own"
