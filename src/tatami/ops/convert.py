"""Changing the type of elements, and asking for another device."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..device import device, require_cpu
from ..tensor import Tensor, tensor_method
from .arguments import cast, type_name
from .movement import clone

__all__: list[str] = []


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
    setattr(Tensor, name, convert)


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
