"""What a tensor is: storage, type, conversions, copies, pickles."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tatami


def test_numpy_and_tensor_share_memory() -> None:
    array = np.arange(3.0)
    tensor = tatami.from_numpy(array)
    array[0] = 7
    assert tensor.tolist() == [7, 1, 2]
    tensor.mul_(2)
    assert array.tolist() == [14, 2, 4]
    assert tensor.numpy() is array


def test_numpy_refuses_tensors_with_history() -> None:
    x = tatami.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="Use tensor.detach"):
        x.numpy()
    assert np.asarray(x.detach()).tolist() == [1, 1]


def test_array_protocol() -> None:
    x = tatami.tensor([1.0, 2.0])
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, dtype=np.float64).tolist() == [1, 2]
    assert np.add(x.numpy(), 1).tolist() == [2, 3]


def test_numpy_times_tensor_is_a_tensor() -> None:
    x = tatami.tensor([1.0, 2.0], requires_grad=True)
    y = np.float64(3) * x
    assert isinstance(y, tatami.Tensor) and y.requires_grad


def test_dlpack_both_ways() -> None:
    x = tatami.arange(3)
    array = np.from_dlpack(x)
    array[0] = 9
    assert x[0] == 9
    y = tatami.from_dlpack(np.arange(4.0))
    assert y.dtype == tatami.float64 and y.tolist() == [0, 1, 2, 3]


def test_dlpack_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.arange(3.0)
    ours = tatami.from_dlpack(theirs)
    ours.add_(1)
    assert theirs.tolist() == [1, 2, 3]
    assert torch.from_dlpack(ours).tolist() == [1, 2, 3]


def test_item() -> None:
    assert tatami.tensor([[2.5]]).item() == 2.5
    with pytest.raises(RuntimeError, match="a Tensor with 2 elements cannot be conv"):
        tatami.ones(2).item()


def test_truth_and_numbers() -> None:
    assert bool(tatami.tensor([1])) and not bool(tatami.tensor(0.0))
    with pytest.raises(RuntimeError, match="more than one value is ambiguous"):
        bool(tatami.ones(2))
    with pytest.raises(RuntimeError, match="no values is ambiguous"):
        bool(tatami.ones(0))
    assert float(tatami.tensor(1.5)) == 1.5 and int(tatami.tensor(2.9)) == 2
    assert [10, 20, 30][tatami.tensor(1)] == 20
    assert f"{tatami.tensor(1.25):.1f}" == "1.2"


def test_iteration_and_length() -> None:
    x = tatami.tensor([[1, 2], [3, 4]])
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    assert len(x) == 2
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        iter(tatami.tensor(1))
    with pytest.raises(TypeError, match=r"len\(\) of a 0-d tensor"):
        len(tatami.tensor(1))


def test_size_is_a_tuple() -> None:
    size = tatami.zeros(2, 3, 5).size()
    assert size == (2, 3, 5) and repr(size) == "torch.Size([2, 3, 5])"
    assert isinstance(size[1:], tatami.Size) and size[1:].numel() == 15
    assert isinstance(size + (7,), tatami.Size)
    assert pickle.loads(pickle.dumps(size)) == size


def test_types() -> None:
    assert repr(tatami.float32) == "torch.float32"
    assert tatami.tensor(1.0).dtype is tatami.float32
    assert tatami.tensor(1).dtype is tatami.int64
    assert tatami.tensor(True).dtype is tatami.bool
    assert pickle.loads(pickle.dumps(tatami.int8)) is tatami.int8
    assert tatami.tensor([1.5]).to(tatami.int64).tolist() == [1]


def test_foreign_types_are_named() -> None:
    with pytest.raises(TypeError, match="can't convert np.ndarray of type complex128"):
        tatami.from_numpy(np.zeros(1, complex))


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("int64", "float16", "float16"), ("uint8", "int8", "int16"),
        ("bool", "int8", "int8"), ("float32", "float64", "float64"),
        ("int32", "uint8", "int32"),
    ],
)  # fmt: skip
def test_promotion(a: str, b: str, result: str) -> None:
    x = tatami.ones(2, dtype=getattr(tatami, a))
    y = tatami.ones(2, dtype=getattr(tatami, b))
    assert (x + y).dtype is getattr(tatami, result)
    assert tatami.promote_types(x.dtype, y.dtype) is getattr(tatami, result)


def test_promotion_of_scalars() -> None:
    half = tatami.ones(2, dtype=tatami.float16)
    whole = tatami.ones(2, dtype=tatami.int8)
    assert (half + tatami.tensor(1.0, dtype=tatami.float64)).dtype is tatami.float16
    assert (whole + 1).dtype is tatami.int8
    assert (whole + 1.5).dtype is tatami.float32
    assert (whole + tatami.tensor(300)).dtype is tatami.int8


def test_promotion_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    names = ["bool", "uint8", "int8", "int16", "int32", "int64"]
    names += ["float16", "float32", "float64"]
    operands = [(name, shape) for name in names for shape in ((), (2,))]
    for name, shape in operands:
        for other, size in [*operands, (2, None), (2.5, None), (True, None)]:
            pair = [
                [package.ones(shape, dtype=getattr(package, name)),
                 other if size is None
                 else package.ones(size, dtype=getattr(package, other))]
                for package in (tatami, torch)
            ]  # fmt: skip
            ours, theirs = (values[0] * values[1] for values in pair)
            assert str(ours.dtype) == str(theirs.dtype), (name, shape, other, size)


def test_version_counts_changes() -> None:
    x = tatami.ones(4)
    view = x.view(2, 2)
    x.add_(1)
    view.mul_(2)
    assert x._version == view._version == 2
    assert x.detach()._version == 2 and x.data._version == 0


def test_data_and_detach_share_memory() -> None:
    x = tatami.ones(2, requires_grad=True)
    x.data.mul_(3)
    x.detach().add_(1)
    assert x.tolist() == [4, 4] and x.requires_grad
    x.data = tatami.zeros(3)
    assert x.shape == (3,)


def test_requires_grad_rules() -> None:
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        tatami.tensor([1], requires_grad=True)
    y = tatami.ones(1, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="only change requires_grad flags of leaf"):
        y.requires_grad = False


def test_assigned_gradients_are_checked() -> None:
    x = tatami.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="assigned grad has data of a different siz"):
        x.grad = tatami.ones(3)
    with pytest.raises(TypeError, match="expected to be a Tensor or None"):
        x.grad = 1
    x.grad = tatami.ones(2)
    assert x.grad.tolist() == [1, 1]


def test_copies_and_pickles() -> None:
    x = tatami.ones(2, requires_grad=True)
    x.grad = tatami.ones(2)
    duplicate = copy.deepcopy(x)
    assert duplicate.requires_grad and duplicate.grad.tolist() == [1, 1]
    with tatami.no_grad():
        duplicate.add_(1)
    assert x.tolist() == [1, 1]
    restored = pickle.loads(pickle.dumps(x))
    assert restored.requires_grad and restored.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the us"):
        copy.deepcopy(x * 2)


def test_tensors_are_keys() -> None:
    x, y = tatami.ones(1), tatami.ones(1)
    assert len({x, y}) == 2 and {x: 1}[x] == 1


def test_devices() -> None:
    assert tatami.ones(1).device == tatami.device("cpu")
    assert repr(tatami.device("cuda", 1)) == "device(type='cuda', index=1)"
    for attempt in (
        lambda: tatami.ones(1).cuda(),
        lambda: tatami.ones(1, device="cuda"),
        lambda: tatami.ones(1).to("cuda:0"),
    ):
        with pytest.raises(RuntimeError, match="tatami runs on CPUs.*run the same scr"):
            attempt()
    with pytest.raises(RuntimeError, match="Invalid device string: 'gpu'"):
        tatami.device("gpu")


def test_old_constructor() -> None:
    assert tatami.Tensor(2, 3).shape == (2, 3)
    assert tatami.Tensor([1, 2]).tolist() == [1.0, 2.0]
    assert tatami.Tensor([1]).dtype is tatami.float32
