"""Changing the type of elements, and asking for another device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, kernels
from ..autograd.function import Operation
from ..device import device, require_cpu
from ..later import attach
from ..tensor import Tensor, tensor_method
from .arguments import cast, require_tensor, type_name
from .door import also, public, zeros_of
from .elementwise import as_floating
from .movement import clone

__all__ = [
    "angle",
    "conj",
    "conj_physical",
    "is_complex",
    "is_conj",
    "is_floating_point",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "numel",
    "real",
    "resolve_conj",
    "resolve_neg",
]


def parse_to(args: tuple[Any, ...], options: dict[str, Any]) -> dtypes.dtype | None:
    """Return the dtype that arguments of ``to`` ask for; the device must be the CPU."""
    kind = options.get("dtype")
    if options.get("device") is not None:
        require_cpu(options["device"])
    for value in args:
        if isinstance(value, Tensor):
            kind = value.dtype
        elif isinstance(value, (str, device, int)) and not isinstance(value, bool):
            require_cpu(value)
        elif isinstance(value, (dtypes.dtype, type)):
            kind = value
    return None if kind is None else dtypes.parse(kind)


@tensor_method("to")
def _to(
    self: Tensor,
    *args: Any,
    device: Any = None,
    dtype: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return the tensor in another type; itself if nothing changes.

    Args:
        args: a dtype, a device (the CPU), a device and a dtype, or another tensor
            whose type is taken.
        device: must be the CPU.
        dtype: wanted type.
        non_blocking: has no effect on a CPU.
        copy: return a copy even if nothing changes.
        memory_format: has no effect.

    Raises:
        RuntimeError: another device than the CPU is asked for.

    Example:
        >>> import tatami
        >>> tatami.tensor([1.7]).to(tatami.int64)
        tensor([1])
    """
    args = tuple(x for x in args if not isinstance(x, bool))
    kind = parse_to(args, {"device": device, "dtype": dtype})
    result = self if kind is None else cast(self, kind)
    return clone(self) if copy and result is self else result


@tensor_method("type")
def _type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Return the name of the tensor's type, or the tensor in another type."""
    if dtype is None:
        return f"torch.{type_name(self.dtype)}Tensor"
    if isinstance(dtype, str):
        dtype = _by_type_name(dtype)
    return cast(self, dtypes.parse(dtype))


def _by_type_name(name: str) -> dtypes.dtype:
    for kind in dtypes.ALL:
        if name in (f"torch.{type_name(kind)}Tensor", f"torch.{kind.name}"):
            return kind
    raise ValueError(f"invalid type: '{name}'")


@tensor_method("type_as")
def _type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the type of another one."""
    return cast(self, other.dtype)


def _converter(name: str, kind: dtypes.dtype) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return cast(self, kind)

    convert.__doc__ = f"Return the tensor as {kind}."
    convert.__name__ = name
    attach(Tensor, name, convert)


for _name, _kind in {
    "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16,
    "long": dtypes.int64, "int": dtypes.int32, "short": dtypes.int16,
    "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool,
}.items():  # fmt: skip
    _converter(_name, _kind)


@tensor_method("cpu")
def _cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor: it is on the CPU already."""
    return self


@tensor_method("cuda")
def _cuda(self: Tensor, device: Any = None, **options: Any) -> Tensor:
    """Say that tatami has no GPU and how to use one."""
    require_cpu("cuda" if device is None else device)
    return self


@public
@tensor_method()
def conj(input: Tensor) -> Tensor:
    """Return the complex conjugate: of real numbers, the tensor itself.

    Example:
        >>> import tatami
        >>> tatami.conj(tatami.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    require_tensor("conj", "input", 1, input)
    return input


@public
@tensor_method()
def conj_physical(input: Tensor) -> Tensor:
    """Return the complex conjugate: of real numbers, the tensor itself.

    Example:
        >>> import tatami
        >>> tatami.conj_physical(tatami.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    require_tensor("conj_physical", "input", 1, input)
    return input


@public
@tensor_method()
def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor itself: nothing is conjugated lazily.

    Example:
        >>> import tatami
        >>> tatami.resolve_conj(tatami.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    require_tensor("resolve_conj", "input", 1, input)
    return input


@public
@tensor_method()
def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor itself: nothing is negated lazily.

    Example:
        >>> import tatami
        >>> tatami.resolve_neg(tatami.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    require_tensor("resolve_neg", "input", 1, input)
    return input


@public
@tensor_method()
def real(input: Tensor) -> Tensor:
    """Return the real part: of real numbers, the tensor itself.

    Example:
        >>> import tatami
        >>> tatami.real(tatami.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    require_tensor("real", "input", 1, input)
    return input


also("conj_physical", "conj_physical_")


class Angle(Operation):
    @staticmethod
    def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
        turned = kernels.where(
            kernels.lt(array, 0), array.dtype.type(math.pi), array * 0
        )
        return turned

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        return zeros_of(grad_output)


@public
@tensor_method()
def angle(input: Tensor) -> Tensor:
    """Return the angle of each number in the complex plane: 0, or pi if negative.

    Example:
        >>> import tatami
        >>> tatami.angle(tatami.tensor([1.0, -2.0]))
        tensor([0.0000, 3.1416])
    """
    return Angle.apply(as_floating(input))


def is_floating_point(input: Tensor) -> bool:
    """Tell whether a tensor is of a floating-point type.

    Example:
        >>> import tatami
        >>> tatami.is_floating_point(tatami.tensor([1.0]))
        True
    """
    return require_tensor("is_floating_point", "input", 1, input).is_floating_point()


@tensor_method()
def is_complex(input: Tensor) -> bool:
    """Tell whether a tensor is of a complex type, which none is here.

    Example:
        >>> import tatami
        >>> tatami.is_complex(tatami.tensor([1.0]))
        False
    """
    return require_tensor("is_complex", "input", 1, input).dtype.is_complex


@tensor_method()
def is_conj(input: Tensor) -> bool:
    """Tell whether a tensor is conjugated lazily, which none is here.

    Example:
        >>> import tatami
        >>> tatami.is_conj(tatami.tensor([1.0]))
        False
    """
    return require_tensor("is_conj", "input", 1, input).dtype.is_complex


@tensor_method()
def is_neg(input: Tensor) -> bool:
    """Tell whether a tensor is negated lazily, which none is here.

    Example:
        >>> import tatami
        >>> tatami.is_neg(tatami.tensor([1.0]))
        False
    """
    return require_tensor("is_neg", "input", 1, input).dtype.is_complex


@tensor_method()
def is_nonzero(input: Tensor) -> bool:
    """Tell whether the single element of a tensor is not zero.

    Raises:
        RuntimeError: the tensor doesn't have exactly one element.

    Example:
        >>> import tatami
        >>> tatami.is_nonzero(tatami.tensor(3))
        True
    """
    return bool(require_tensor("is_nonzero", "input", 1, input))


@tensor_method()
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors have the same shape.

    Example:
        >>> import tatami
        >>> tatami.is_same_size(tatami.zeros(2), tatami.zeros(3))
        False
    """
    return input._array.shape == other._array.shape


def numel(input: Tensor) -> int:
    """Return the number of elements.

    Example:
        >>> import tatami
        >>> tatami.numel(tatami.zeros(2, 3))
        6
    """
    return require_tensor("numel", "input", 1, input).numel()


def _always(name: str, answer: bool) -> None:
    """Give Tensor a property that is the same for all tensors."""
    found = property(lambda self: answer)
    attach(Tensor, name, found)


_always("is_cpu", True)
for _name in (
    "is_cuda",
    "is_mps",
    "is_xpu",
    "is_meta",
    "is_nested",
    "is_quantized",
    "is_sparse",
):
    _always(_name, False)


@tensor_method("get_device")
def _get_device(self: Tensor) -> int:
    """Return the number of the GPU that holds the tensor: -1, for none."""
    return -1


@tensor_method("is_signed")
def _is_signed(self: Tensor) -> bool:
    """Tell whether the type can hold negative numbers."""
    return self.dtype.is_signed


@tensor_method("pin_memory")
def _pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Return the tensor: without a GPU no memory needs to be pinned."""
    return self
