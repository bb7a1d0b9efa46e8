"""Files: exchanged with PyTorch both ways, written whole, read with care."""

from __future__ import annotations

import collections
import copy
import io
import os
import pickle
import pickletools
import stat
import struct
import sys
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serialization_cases import KINDS, archive_of, content, plain, round_trip, saved

import tatami
from tatami import nn, serialization

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
REFERENCE = Path(__file__).parent / "reference"


@pytest.mark.parametrize("name", ["pytorch.pt", "pytorch_old.pt"])
@pytest.mark.parametrize("weights_only", [True, False])
def test_files_of_pytorch(name: str, weights_only: bool) -> None:
    found = serialization.load(REFERENCE / name, weights_only=weights_only)
    assert plain(found) == plain(content(tatami))
    found["base"].detach().numpy()[1:] = -1
    assert found["view"].tolist() == [[-1] * 4] * 2
    assert found["turned"].tolist()[0] == [0, -1, -1]
    assert found["again"] is found["model"]["bias"]


def test_files_of_ones_own() -> None:
    found = round_trip(content(tatami))
    assert plain(found) == plain(content(tatami))
    found["base"].numpy()[1:] = -1
    assert found["view"].tolist() == [[-1] * 4] * 2


@needs_torch
@pytest.mark.parametrize("weights_only", [True, False])
def test_pytorch_reads_our_files(weights_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "ours.pt"
    serialization.save(content(tatami), path)
    found = torch.load(path, weights_only=weights_only)
    assert plain(found) == plain(content(torch))
    found["base"][1:] = -1
    assert found["view"].tolist() == [[-1] * 4] * 2
    mapped = torch.load(path, mmap=True)
    assert plain(mapped) == plain(content(torch))


@needs_torch
def test_pickles_are_those_of_pytorch() -> None:
    archives = []
    for library, files in ((tatami, serialization), (torch, torch)):
        value = content(library)
        # Its name is a string of PyTorch's own, which the pickle can't refer back to.
        del value["device"]
        archives.append(zipfile.ZipFile(saved(value, files)))
    ours, theirs = (
        [
            (code.name, argument)
            for code, argument, _ in pickletools.genops(
                archive.read("archive/data.pkl")
            )
        ]
        for archive in archives
    )
    assert ours == theirs
    assert [entry.filename for entry in archives[0].infolist()] == [
        entry.filename for entry in archives[1].infolist()
    ]


@needs_torch
def test_training_moves_to_pytorch_and_back(tmp_path: Path) -> None:
    start = [[0.5, -1.0], [2.0, 0.25]]
    weights, optimizers = [], []
    for library in (tatami, torch):
        weight = library.tensor(start, requires_grad=True)
        optimizer = library.optim.Adam([weight], lr=0.1)
        weights.append(weight)
        optimizers.append(optimizer)
    step(weights[0], optimizers[0])
    serialization.save(
        {"w": weights[0], "o": optimizers[0].state_dict()}, tmp_path / "a"
    )
    read = torch.load(tmp_path / "a")
    weights[1].data.copy_(read["w"])
    optimizers[1].load_state_dict(read["o"])
    step(weights[1], optimizers[1])
    torch.save({"w": weights[1], "o": optimizers[1].state_dict()}, tmp_path / "b")
    read = serialization.load(tmp_path / "b")
    weights[0].data = read["w"].data
    optimizers[0].load_state_dict(read["o"])
    for weight, optimizer in zip(weights, optimizers, strict=True):
        step(weight, optimizer)
    ours, theirs = (weight.detach().numpy() for weight in weights)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert optimizers[0].state[weights[0]]["step"].item() == 3


def step(weight: Any, optimizer: Any) -> None:
    optimizer.zero_grad()
    (weight * weight).sum().backward()
    optimizer.step()


def test_storages_begin_at_multiples_of_64(tmp_path: Path) -> None:
    path = tmp_path / "aligned.pt"
    serialization.save([tatami.ones(n) for n in (1, 5, 33)], path)
    data = path.read_bytes()
    for entry in zipfile.ZipFile(path).infolist():
        assert entry.filename.startswith("aligned/")
        lengths = struct.unpack_from("<HH", data, entry.header_offset + 26)
        assert (entry.header_offset + 30 + sum(lengths)) % 64 == 0


VIEWS = {
    "slice": lambda x: x[2:5, 1::2],
    "transpose": lambda x: x.transpose(0, 1),
    "expand": lambda x: x[:1].expand(4, 8),
    "row": lambda x: x[3],
    "element": lambda x: x[3, 3],
    "nothing": lambda x: x[:0],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    base = tatami.arange(48).reshape(6, 8)
    view = VIEWS[name](base)
    found = round_trip([base, view])
    assert found[1].tolist() == view.tolist()
    assert found[1].shape == view.shape
    if torch is not None:
        assert torch.load(saved([base, view]))[1].tolist() == view.tolist()


def test_arrays_that_tensors_do_not_own() -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert round_trip(tatami.from_numpy(array)).tolist() == array.tolist()
    odd = np.frombuffer(b"x" + np.arange(3.0).tobytes() + b"yyyyyyy", np.uint8)
    part = odd[1:25].view(np.float64)
    assert round_trip(tatami.from_numpy(part.copy())).tolist() == [0, 1, 2]


def test_the_type_of_each_view_of_a_storage() -> None:
    base = tatami.arange(4, dtype=tatami.int32)
    found = round_trip([base, tatami.from_numpy(base.numpy().view(np.float32))])
    assert [x.dtype for x in found] == [tatami.int32, tatami.float32]


def test_attributes_and_subclasses() -> None:
    class Named(tatami.Tensor):
        pass

    plain_tensor = tatami.ones(2)
    plain_tensor.note = "mine"
    parameter = nn.Parameter(tatami.ones(2))
    parameter.decay = 0.5
    found = round_trip([plain_tensor, parameter])
    assert found[0].note == "mine"
    assert (type(found[1]), found[1].decay) == (nn.Parameter, 0.5)
    if torch is not None:
        theirs = torch.load(saved([plain_tensor, parameter]))
        assert (theirs[0].note, theirs[1].decay) == ("mine", 0.5)
        theirs[0].note = "theirs"
        assert serialization.load(saved(theirs, torch))[0].note == "theirs"


def test_a_result_of_operations_becomes_a_leaf() -> None:
    x = tatami.ones(2, requires_grad=True)
    found = round_trip(x * 2)
    assert found.requires_grad
    assert found.is_leaf


def test_the_same_object_twice() -> None:
    x = tatami.ones(2)
    shared = [1]
    found = round_trip({"a": x, "b": x, "c": shared, "d": shared})
    assert found["a"] is found["b"]
    assert found["c"] is found["d"]


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_numbers_and_arrays(kind: str) -> None:
    array = np.arange(6).astype(kind).reshape(2, 3)
    found = round_trip({"x": array, "y": array[1, 2], "z": array.T, "k": array.dtype})
    np.testing.assert_array_equal(found["x"], array)
    np.testing.assert_array_equal(found["z"], array.T)
    assert found["y"] == array[1, 2]
    assert type(found["y"]) is type(array[1, 2])
    assert found["k"] == array.dtype
    found["x"][0, 0] = 5


@needs_torch
def test_numbers_without_a_type_here() -> None:
    for kind in (torch.bfloat16, torch.complex64):
        file = saved({"w": torch.ones(2, dtype=kind)}, torch)
        with pytest.raises(RuntimeError, match="which tatami has no type for"):
            serialization.load(file)


@needs_torch
def test_archives_without_checksums_and_compressed_ones(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        file = saved(torch.arange(5), torch)
    finally:
        torch.serialization.set_crc32_options(True)
    assert serialization.load(file).tolist() == [0, 1, 2, 3, 4]
    file, packed = saved(torch.arange(5), torch), io.BytesIO()
    with (
        zipfile.ZipFile(file) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    packed.seek(0)
    assert serialization.load(packed).tolist() == [0, 1, 2, 3, 4]


def test_bytes_in_the_other_order() -> None:
    file = saved(tatami.arange(3, dtype=tatami.int32))
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    other = {"little": b"big", "big": b"little"}[sys.byteorder]
    entries["archive/byteorder"] = other
    entries["archive/data/0"] = np.arange(3, dtype=np.int32).byteswap().tobytes()
    swapped = io.BytesIO()
    with zipfile.ZipFile(swapped, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    swapped.seek(0)
    assert serialization.load(swapped).tolist() == [0, 1, 2]


def located(location: str) -> io.BytesIO:
    """Return a file whose storage was on a device."""
    file = saved(tatami.ones(2))
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    short, long = b"X\x03\x00\x00\x00cpu", location.encode()
    long = b"X" + struct.pack("<I", len(long)) + long
    data = entries["archive/data.pkl"]
    entries["archive/data.pkl"] = data.replace(short, long)
    moved = io.BytesIO()
    with zipfile.ZipFile(moved, "w") as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    moved.seek(0)
    return moved


@pytest.mark.parametrize(
    "place",
    ["cpu", tatami.device("cpu"), {"cuda:0": "cpu"}, lambda storage, name: storage],
)
def test_tensors_of_other_devices_need_map_location(place: Any) -> None:
    with pytest.raises(
        RuntimeError, match="Attempting to deserialize object on a CUDA"
    ):
        serialization.load(located("cuda:0"))
    found = serialization.load(located("cuda:0"), map_location=place)
    assert found.tolist() == [1, 1]


def test_map_location_must_be_the_cpu() -> None:
    with pytest.raises(RuntimeError, match="tatami runs on CPUs"):
        serialization.load(saved(tatami.ones(1)), map_location="cuda")


def test_mapped_files(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    serialization.save({"x": tatami.arange(5), "e": tatami.ones(0)}, path)
    found = serialization.load(path, mmap=True)
    found["x"].numpy()[0] = 9
    assert serialization.load(path)["x"].tolist() == [0, 1, 2, 3, 4]
    again = round_trip(found)
    assert again["x"].tolist() == [9, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="f must be a file path"):
        serialization.load(saved(1), mmap=True)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved"):
        serialization.load(REFERENCE / "pytorch_old.pt", mmap=True)


def test_kinds_of_files(tmp_path: Path) -> None:
    for path in (tmp_path / "a.pt", str(tmp_path / "b.pt"), tmp_path / "ü.pt"):
        serialization.save([1], path)
        assert serialization.load(path) == [1]
    with open(tmp_path / "c.pt", "wb") as file:
        serialization.save([2], file)
    with open(tmp_path / "c.pt", "rb") as file:
        assert serialization.load(file) == [2]
    with pytest.raises(AttributeError, match="expected 'f' to be string, path"):
        serialization.save([1], 3)
    with pytest.raises(AttributeError, match="seekable"):
        serialization.load(3)
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        serialization.save([1], tmp_path / "nowhere" / "a.pt")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    serialization.save(tatami.ones(2), path)
    before = path.read_bytes()
    with pytest.raises((pickle.PicklingError, AttributeError)):
        serialization.save([tatami.zeros(3), lambda: None], path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.pt"]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions and links")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    mask = os.umask(0o027)
    try:
        serialization.save([1], path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    link = tmp_path / "link.pt"
    link.symlink_to(path)
    serialization.save([2], link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert serialization.load(path) == [2]


def test_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="explicit pickle_module is specified"):
        serialization.load(saved(1), pickle_module=pickle, weights_only=True)
    assert serialization.load(saved(1), pickle_module=pickle) == 1
    with pytest.raises(NotImplementedError, match="pickle_module must be Python's"):
        serialization.save(1, io.BytesIO(), pickle_module=collections)
    with pytest.raises(NotImplementedError, match="archive format only"):
        serialization.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert round_trip(Fraction(1, 3)) == Fraction(1, 3)
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(RuntimeError, match="but both were set"):
        round_trip(1)
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    with pytest.raises(pickle.UnpicklingError):
        round_trip(Fraction(1, 3), weights_only=False)


def test_whole_modules_of_pytorch() -> None:
    path = REFERENCE / "pytorch_module.pt"
    with pytest.raises(pickle.UnpicklingError, match=r"torch.nn.modules.linear.Linear"):
        serialization.load(path)
    module = serialization.load(path, weights_only=False)
    assert type(module) is nn.Linear
    assert module(tatami.ones(1, 2)).shape == (1, 3)
    with serialization.safe_globals([nn.Linear]):
        assert serialization.load(path).weight.tolist() == module.weight.tolist()


@needs_torch
def test_whole_modules_for_pytorch(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Softmax(1))
    serialization.save(model, tmp_path / "model.pt")
    theirs = torch.load(tmp_path / "model.pt", weights_only=False)
    assert type(theirs[3]) is torch.nn.Softmax
    found = theirs(torch.ones(4, 2)).tolist()
    np.testing.assert_allclose(found, model(tatami.ones(4, 2)).tolist(), rtol=1e-6)
    torch.save(theirs, tmp_path / "back.pt")
    back = serialization.load(tmp_path / "back.pt", weights_only=False)
    assert repr(back) == repr(model)
    assert back(tatami.ones(4, 2)).tolist() == model(tatami.ones(4, 2)).tolist()


def test_what_is_not_here_is_named() -> None:
    file = archive_of(b"\x80\x02ctorch.nn.quantized\nFancyLayer\n.")
    with pytest.raises(
        AttributeError, match=r"torch.nn.quantized.FancyLayer, which tat"
    ):
        serialization.load(file, weights_only=False)


def test_functions_of_the_package() -> None:
    from tatami.nn import functional

    data = zipfile.ZipFile(saved([functional.relu, tatami.nn.Linear])).read(
        "archive/data.pkl"
    )
    assert b"ctorch.nn.functional\nrelu\n" in data
    assert b"ctorch.nn.modules.linear\nLinear\n" in data
    found = round_trip([functional.relu, nn.Linear], weights_only=False)
    assert found == [functional.relu, nn.Linear]


def test_standard_pickle_and_copies() -> None:
    parameter = nn.Parameter(tatami.tensor([1.0, 2.0]))
    parameter.note = "mine"
    leaf = tatami.ones(2, dtype=tatami.float64, requires_grad=True)
    kept = [parameter, leaf, tatami.arange(3), tatami.float32, leaf.shape]
    for duplicate in (pickle.loads(pickle.dumps(kept)), copy.deepcopy(kept)):
        assert plain(duplicate) == plain(kept)
        assert duplicate[3] is tatami.float32
        duplicate[1].detach().numpy()[0] = 5
        assert leaf.tolist() == [1, 1]
    twice = copy.deepcopy([leaf, leaf])
    assert twice[0] is twice[1]


def test_safetensors(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "model.safetensors"
    tensors = {"a": tatami.arange(6).reshape(2, 3).transpose(0, 1), "b": tatami.ones(2)}
    serialization.safetensors.save_file(tensors, path, {"format": "pt"})
    found = serialization.safetensors.load_file(path)
    assert found["a"].tolist() == tensors["a"].tolist()
    assert found["a"].dtype is tatami.int64
    again = serialization.safetensors.load(serialization.safetensors.save(tensors))
    assert again["b"].tolist() == [1, 1]
    if torch is not None:
        from safetensors.torch import load_file

        assert load_file(path)["a"].tolist() == tensors["a"].tolist()
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(RuntimeError, match=r"model.safetensors' can't be read"):
        serialization.safetensors.load_file(path)
    with pytest.raises(ValueError, match=r"expected torch.Tensor but received"):
        serialization.safetensors.save_file({"a": 3}, path)


def test_without_the_safetensors_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install 'tatami\[safetensors\]'"):
        serialization.safetensors.save({})
