"""Files that are damaged, or want more than they may: errors that say so."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serialization_cases import archive_of, round_trip, saved

import tatami
from tatami import serialization

REFERENCE = Path(__file__).parent / "reference"


def test_numpy_objects_are_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="NumPy arrays of object"):
        round_trip(np.array([None, {}], dtype=object))


class Mine:
    """A class of the user's."""

    def __init__(self, value: int) -> None:
        self.value = value


def test_classes_are_refused_until_they_are_allowed() -> None:
    with pytest.raises(pickle.UnpicklingError) as caught:
        round_trip(Mine(3))
    text = str(caught.value)
    assert text.startswith("Weights only load failed. This file can still be loaded")
    name = f"{Mine.__module__}.Mine"
    assert f"Unsupported global: GLOBAL {name} was not an allowed global" in text
    assert f"add_safe_globals([{name}])" in text
    with serialization.safe_globals([Mine]):
        assert round_trip(Mine(3)).value == 3
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([(Mine, name)])
    assert round_trip([Mine(4)])[0].value == 4
    serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        round_trip(Mine(3))
    assert round_trip(Mine(3), weights_only=False).value == 3
    with pytest.raises(ValueError, match="tuple of one and its full name"):
        serialization.add_safe_globals([(Mine,)])


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness"


class Runs:
    """Run a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


ATTACKS = {
    "getattr": b"cbuiltins\ngetattr\n.",
    "eval": b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.",
    "dotted": b"ccollections\nOrderedDict.fromkeys\n.",
    "call of a result": b"ctorch\nSize\n(tRtR.",
    "new object": b"ctorch\nTensor\n)\x81.",
    "state of a class": b"ctorch\nTensor\n(N}X\x08\x00\x00\x00__repr__NstNb.",
    "state of a function": b"ctorch._utils\n_rebuild_tensor_v2\n}b.",
    "entry of a class": b"ctorch\nTensor\nX\x01\x00\x00\x00aK\x01s.",
    "append to a class": b"ctorch\nTensor\nK\x01a.",
    "extension": b"\x82\x01.",
    "old object": b"(ccollections\nOrderedDict\no.",
    "old instance": b"(icollections\nOrderedDict\n.",
    "array of pointers": b"cnumpy\ndtype\n(X\x01\x00\x00\x00OtR.",
    "bare array": b"cnumpy\nndarray\n((K\x01tX\x01\x00\x00\x00OtR.",
    "bytes in another code": b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00"
    b"hextR.",
    "numpy loader": b"cnumpy\nload\n.",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_careful_reading_refuses(name: str) -> None:
    before = dict(vars(tatami.Tensor))
    with pytest.raises((pickle.UnpicklingError, RuntimeError)):
        serialization.load(archive_of(b"\x80\x02" + ATTACKS[name]))
    assert dict(vars(tatami.Tensor)) == before


def test_commands_do_not_run(witness: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL posix.system|nt.system"):
        round_trip(Runs(witness))
    assert not witness.exists()


BAD_TENSORS = {
    "too long": (0, (100,), (1,)),
    "too far": (3, (2,), (1,)),
    "wide steps": (0, (2,), (50,)),
    "negative": (-1, (1,), (1,)),
    "negative size": (0, (-1,), (1,)),
    "uneven": (0, (2, 2), (1,)),
    "not numbers": (0, ("a",), (1,)),
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_tensors_stay_inside_their_storage(name: str) -> None:
    good = saved(tatami.ones(4))
    with zipfile.ZipFile(good) as archive:
        entries = {key: archive.read(key) for key in archive.namelist()}
    call = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor\n((X\x07\x00\x00\x00storage"
        b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    )
    parts = b"".join(pickle.dumps(x, 2)[2:-1] for x in BAD_TENSORS[name])
    entries["archive/data.pkl"] = call + parts + b"tR."
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for key, value in entries.items():
            archive.writestr(key, value)
    file.seek(0)
    with pytest.raises(RuntimeError, match="the pickle is damaged"):
        serialization.load(file)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["pytorch.pt", "pytorch_old.pt"])
def test_files_cut_off(name: str, share: float, tmp_path: Path) -> None:
    data = (REFERENCE / name).read_bytes()
    path = tmp_path / "part.pt"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(RuntimeError, match=r"part.pt' can't be read"):
        serialization.load(path)


def test_damaged_numbers_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "bad.pt"
    serialization.save(tatami.full((7,), 2.0), path)
    number = np.full(7, 2.0, np.float32).tobytes()
    path.write_bytes(path.read_bytes().replace(number, number[:-1] + b"\x41"))
    with pytest.raises(RuntimeError, match=r"its checksum differs\n.*bad.pt"):
        serialization.load(path)


def test_files_of_something_else(tmp_path: Path) -> None:
    text = tmp_path / "text.pt"
    text.write_text("no tensors here")
    with pytest.raises(RuntimeError, match=r"text.pt' can't be read"):
        serialization.load(text)
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("a/b", "c")
    with pytest.raises(RuntimeError, match=r"no data.pkl in the archive\n.*zip.pt"):
        serialization.load(tmp_path / "zip.pt")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("a/data.pkl", "c")
        archive.writestr("a/constants.pkl", "c")
    with pytest.raises(RuntimeError, match="TorchScript"):
        serialization.load(tmp_path / "script.pt")
    with pytest.raises(FileNotFoundError):
        serialization.load(tmp_path / "nowhere.pt")
