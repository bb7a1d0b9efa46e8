"""Switches of PyTorch's backends, which have nothing to switch here."""

from __future__ import annotations

__all__ = ["cuda", "cudnn", "mkldnn", "mps"]


class _Backend:
    """Accept settings; say that the backend is not there."""

    deterministic = False
    benchmark = False
    enabled = False
    allow_tf32 = False

    def is_available(self) -> bool:
        """Tell whether the backend can be used: never."""
        return False

    def is_built(self) -> bool:
        """Tell whether the backend was built: never."""
        return False


cudnn, mps, mkldnn = _Backend(), _Backend(), _Backend()


class _Cuda(_Backend):
    """Settings of matrix products on GPUs."""

    matmul = _Backend()


cuda = _Cuda()
