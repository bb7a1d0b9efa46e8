"""Every operation, tried on the inputs of its row."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import op_table
import pytest
import reference_values as recorded

import tatami
from tatami.autograd import gradcheck, gradgradcheck

TABLE = op_table.load()
CASES = [
    pytest.param(row, i, id=f"{row.name}-{i}")
    for row in TABLE.values()
    for i in range(len(row.cases))
]
ERRORS = [
    pytest.param(row, i, id=f"{row.name}-{i}")
    for row in TABLE.values()
    for i in range(len(row.errors))
]


def find(package: Any, name: str) -> Any:
    """Return the function a row names."""
    for part in name.split("."):
        package = getattr(package, part)
    return package


def tensors(package: Any, value: Any, grad: bool = False) -> Any:
    """Return arguments with the package's tensors in the place of arrays."""
    if isinstance(value, np.ndarray):
        made = package.from_numpy(np.array(value))
        wanted = grad and value.dtype.kind == "f"
        wanted = wanted and not isinstance(value, op_table.Constant)
        return made.requires_grad_() if wanted else made
    if isinstance(value, (list, tuple)):
        return type(value)(tensors(package, x, grad) for x in value)
    if isinstance(value, op_table.Named):
        return find(package, value.name)
    return value


def call(package: Any, row: op_table.Row, case: op_table.Case, grad: bool) -> Any:
    """Run the operation; return its inputs and its outputs."""
    args, kwargs = case.arrays(row.name)
    args = tensors(package, args, grad)
    kwargs = {key: tensors(package, value, grad) for key, value in kwargs.items()}
    return args, kwargs, find(package, row.name)(*args, **kwargs)


def flat(value: Any) -> list[Any]:
    """Return every tensor and number in nested results, in order."""
    if isinstance(value, (list, tuple)):
        return [x for entry in value for x in flat(entry)]
    return [value]


def as_array(value: Any) -> np.ndarray:
    """Return a tensor or number of either package as an array."""
    plain = value.detach().numpy(force=True) if hasattr(value, "detach") else value
    return np.asarray(plain)


def close(found: Any, expected: Any, tolerance: float) -> None:
    """Fail unless two results agree in shape, type and value."""
    a, b = as_array(found), as_array(expected)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if a.dtype == np.float32:
        tolerance = max(tolerance, 2e-6)
    np.testing.assert_allclose(a, b, tolerance, tolerance)


def leaves(args: Any, kwargs: Any) -> list[Any]:
    """Return the inputs that require grad."""
    values = flat([args, list(kwargs.values())])
    return [x for x in values if getattr(x, "requires_grad", False)]


def differentiate(package: Any, outputs: Any, inputs: list[Any]) -> list[Any]:
    """Return gradients of a fixed weighting of the outputs."""
    wanted = [o for o in flat(outputs) if getattr(o, "requires_grad", False)]
    if not wanted or not inputs:
        return []
    seeds = [np.cos(np.arange(o.numel())).reshape(tuple(o.shape)) for o in wanted]
    seeds = [
        package.from_numpy(np.asarray(s)).to(o.dtype)
        for s, o in zip(seeds, wanted, strict=True)
    ]
    return list(package.autograd.grad(wanted, inputs, seeds, allow_unused=True))


def differentiated(package: Any, outputs: Any, inputs: list[Any]) -> Any:
    """Return the gradients, or None where PyTorch itself has none for these inputs."""
    try:
        return differentiate(package, outputs, inputs)
    except RuntimeError:
        if package is tatami:
            raise
        return None


def test_every_operation_has_a_row() -> None:
    known = {a for row in TABLE.values() for a in row.aliases}
    known |= {name.rsplit(".", 1)[-1] for name in TABLE}
    public = op_table.public_operations()
    missing = [name for name in public if name.rsplit(".", 1)[-1] not in known]
    assert not missing, f"no row in tests/op_rows for {missing}"


@pytest.mark.parametrize(("row", "i"), CASES)
def test_recorded_value(row: op_table.Row, i: int) -> None:
    if not row.values:
        pytest.skip("the values are random or not initialised")
    args, kwargs, outputs = call(tatami, row, row.cases[i], row.gradient)
    expected = recorded.values(row, i)
    found = flat(outputs)
    if row.gradient and len(expected) > len(found):
        found += differentiate(tatami, outputs, leaves(args, kwargs))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        if a is None or b is None:
            assert a is None and (b is None)
        else:
            close(a, b, row.tolerance)


@pytest.mark.parametrize(("row", "i"), CASES)
def test_like_pytorch(row: op_table.Row, i: int) -> None:
    torch = pytest.importorskip("torch")
    args, kwargs, found = call(tatami, row, row.cases[i], row.gradient)
    torch_args, torch_kwargs, expected = call(torch, row, row.cases[i], row.gradient)
    a, b = flat(found), flat(expected)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        if row.values:
            close(x, y, row.tolerance)
        _same_kind(row, x, y)
    gradients = differentiate(tatami, found, leaves(args, kwargs))
    wanted = differentiated(torch, expected, leaves(torch_args, torch_kwargs))
    if wanted is None:
        return
    assert len(gradients) == len(wanted)
    for x, y in zip(gradients, wanted, strict=True):
        if x is not None and y is not None and row.values:
            close(x, y, row.tolerance)
        else:
            assert (
                as_array(0 if x is None else x).any()
                == as_array(0 if y is None else y).any()
                or not row.values
            )


def _same_kind(row: op_table.Row, x: Any, y: Any) -> None:
    if not hasattr(y, "grad_fn"):
        assert type(x) is type(y)
        return
    assert tuple(x.shape) == tuple(y.shape)
    assert str(x.dtype) == str(y.dtype)
    if row.gradient:
        assert x.requires_grad == y.requires_grad
    if row.grad_name and row.gradient and y.grad_fn is not None:
        assert x.grad_fn.name() == y.grad_fn.name()


@pytest.mark.parametrize(("row", "i"), CASES)
def test_gradients(row: op_table.Row, i: int) -> None:
    if i in row.agreed:
        pytest.skip("the gradient is an agreement, not the derivative")
    args, kwargs, outputs = call(tatami, row, row.cases[i], row.gradient)
    inputs = leaves(args, kwargs)
    if not inputs or not any(getattr(o, "requires_grad", False) for o in flat(outputs)):
        pytest.skip("nothing to differentiate")

    def function(*values: Any) -> Any:
        replaced = dict(zip(map(id, inputs), values, strict=True))
        result = find(tatami, row.name)(
            *_replace(args, replaced),
            **{key: _replace(value, replaced) for key, value in kwargs.items()},
        )
        return tuple(x for x in flat(result) if isinstance(x, tatami.Tensor))

    assert gradcheck(function, inputs)
    if row.second:
        assert gradgradcheck(function, inputs)


def _replace(value: Any, replaced: dict[int, Any]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_replace(x, replaced) for x in value)
    return replaced.get(id(value), value)


def _scattered(value: Any) -> Any:
    """Return the same numbers with gaps between them in memory."""
    if isinstance(value, np.ndarray) and value.ndim:
        spaced = np.zeros((*value.shape, 2), value.dtype)
        spaced[..., 0] = value
        return tatami.from_numpy(spaced[..., 0])
    if isinstance(value, (list, tuple)):
        return type(value)(_scattered(x) for x in value)
    return tensors(tatami, value)


@pytest.mark.parametrize(("row", "i"), CASES)
def test_inputs(row: op_table.Row, i: int) -> None:
    """Gaps in memory don't matter, and inputs are left as they were."""
    if not row.values:
        pytest.skip("the values are random or not initialised")
    args, kwargs, outputs = call(tatami, row, row.cases[i], False)
    fresh, fresh_kwargs = row.cases[i].arrays(row.name)
    kept = flat([fresh, list(fresh_kwargs.values())])
    for used, original in zip(flat([args, list(kwargs.values())]), kept, strict=True):
        if isinstance(original, np.ndarray):
            np.testing.assert_array_equal(as_array(used), original)
    if row.name.startswith("Tensor."):
        return
    spaced = find(tatami, row.name)(
        *(_scattered(x) for x in fresh),
        **{key: _scattered(x) for key, x in fresh_kwargs.items()},
    )
    for x, y in zip(flat(spaced), flat(outputs), strict=True):
        close(x, y, max(row.tolerance, 1e-12))


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.method or r.in_place],
                         ids=lambda row: row.name)  # fmt: skip
def test_methods(row: op_table.Row) -> None:
    """Tensor has the method, and its in-place form changes the tensor alone."""
    short = row.name.rsplit(".", 1)[-1]
    for case in row.cases:
        args, kwargs, expected = call(tatami, row, case, False)
        if not isinstance(args[0], tatami.Tensor):
            continue
        if row.method:
            for x, y in zip(
                flat(getattr(args[0], short)(*args[1:], **kwargs)),
                flat(expected), strict=True,
            ):  # fmt: skip
                close(x, y, 1e-12)
        if row.in_place and _fits(args[0], expected):
            changed = args[0].clone()
            result = getattr(changed, short + "_")(*args[1:], **kwargs)
            assert result is changed and changed._version == 1
            close(changed, expected, 1e-12)


def _fits(target: Any, result: Any) -> bool:
    return bool(target.shape == result.shape and target.dtype == result.dtype)


@pytest.mark.parametrize(("row", "i"), ERRORS)
def test_errors(row: op_table.Row, i: int) -> None:
    """The error is of PyTorch's type and has PyTorch's first line."""
    kind, text = recorded.error(row, i)
    with pytest.raises(Exception) as found:
        call(tatami, row, row.errors[i], False)
    assert type(found.value).__name__ == kind
    assert str(found.value).splitlines()[0] == text


def test_own_errors() -> None:
    for row in TABLE.values():
        for case, kind, start in row.own_errors:
            with pytest.raises(kind) as found:
                call(tatami, row, case, False)
            assert str(found.value).startswith(start), row.name


def test_rows_are_documented() -> None:
    for name in op_table.public_operations():
        function = find(tatami, name)
        text = inspect.getdoc(function) or ""
        assert ">>>" in text, f"the docstring of {name} has no example"
