"""What tatami leaves out on purpose, and what to do instead."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["refuse"]

_ON_PYTORCH = "run the same script on PyTorch for it"
_COMPLEX = f"tatami has no complex numbers; {_ON_PYTORCH}"
_SPARSE = f"tatami has no sparse tensors; use a dense one, or {_ON_PYTORCH}"
_QUANTIZED = f"tatami has no quantised types; use float32, or {_ON_PYTORCH}"
_REASONS = {
    "ao": _QUANTIZED,
    "bfloat16": "tatami has no bfloat16; use float32 or float16",
    "cdouble": _COMPLEX,
    "cfloat": _COMPLEX,
    "complex": _COMPLEX,
    "complex128": _COMPLEX,
    "complex64": _COMPLEX,
    "fft": _COMPLEX,
    "fx": f"tatami has no FX; {_ON_PYTORCH}",
    "istft": _COMPLEX,
    "jit": "tatami has no TorchScript; tatami.compile makes a module faster",
    "polar": _COMPLEX,
    "qint8": _QUANTIZED,
    "quantization": _QUANTIZED,
    "quantize_per_channel": _QUANTIZED,
    "quantize_per_tensor": _QUANTIZED,
    "quint8": _QUANTIZED,
    "sparse": _SPARSE,
    "sparse_coo_tensor": _SPARSE,
    "sparse_csr_tensor": _SPARSE,
    "stft": _COMPLEX,
    "view_as_complex": _COMPLEX,
    "view_as_real": _COMPLEX,
}


def refuse(name: str) -> NoReturn:
    """Say that the package has no such name, and why if that is on purpose.

    Args:
        name: what was looked for in ``tatami``.

    Raises:
        AttributeError: always.

    Example:
        >>> import tatami
        >>> tatami.complex64
        Traceback (most recent call last):
        AttributeError: module 'tatami' has no attribute 'complex64': tatami has no
        complex numbers; run the same script on PyTorch for it
    """
    reason = f": {_REASONS[name]}" if name in _REASONS else ""
    raise AttributeError(f"module 'tatami' has no attribute {name!r}{reason}")
