"""What the tests of files share: an object to write, and ways to compare."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from typing import Any

from tatami import serialization

KINDS = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")


def content(library: Any) -> dict[str, Any]:
    """Return an object with all that a checkpoint may hold."""
    base = library.arange(12, dtype=library.float32).reshape(3, 4)
    weights = OrderedDict(weight=base.clone(), bias=library.ones(4))
    weights._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    state = {"step": library.tensor(3.0), "exp_avg": library.zeros(2)}
    group = {"lr": 1e-3, "betas": (0.9, 0.999), "fused": None, "params": [0]}
    return {
        "model": weights,
        "optimizer": {"state": {0: state}, "param_groups": [group]},
        "base": base,
        "view": base[1:],
        "turned": base.transpose(0, 1),
        "again": weights["bias"],
        "parameter": library.nn.Parameter(library.ones(2)),
        "frozen": library.nn.Parameter(library.ones(2), requires_grad=False),
        "leaf": library.ones(1, requires_grad=True),
        "scalar": library.tensor(7),
        "empty": library.zeros(0, 3),
        "truth": library.tensor([True, False]),
        "kinds": [library.ones(2, dtype=getattr(library, kind)) for kind in KINDS],
        "shape": base.shape,
        "dtype": library.float64,
        "device": library.device("cpu"),
        "numbers": (1, -(2**70), 2.5, True, None, "text", b"bytes", {3}, 1j),
    }


def plain(value: Any) -> Any:
    """Return what is comparable across libraries."""
    if hasattr(value, "requires_grad"):
        numbers = value.detach().numpy()
        strides = tuple(value.stride()) if numbers.size else ()
        return [
            type(value).__name__, repr(value.dtype), numbers.tolist(),
            tuple(value.shape), strides, value.requires_grad,
        ]  # fmt: skip
    if isinstance(value, dict):
        entries = {key: plain(x) for key, x in value.items()}
        return type(value).__name__, entries, plain(getattr(value, "_metadata", None))
    if isinstance(value, (list, tuple, set)):
        return type(value).__name__, [plain(x) for x in value]
    if isinstance(value, (int, float, complex, str, bytes, type(None))):
        return value
    return repr(value)


def saved(value: Any, library: Any = None) -> io.BytesIO:
    file = io.BytesIO()
    (library or serialization).save(value, file)
    file.seek(0)
    return file


def round_trip(value: Any, **options: Any) -> Any:
    return serialization.load(saved(value), **options)


def archive_of(data: bytes) -> io.BytesIO:
    """Return an archive with a pickle of one's choice."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")
    file.seek(0)
    return file
