"""Tensors that modules own: parameters, buffers, and those not yet made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..device import require_cpu
from ..tensor import Tensor, wrap

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "is_lazy",
]

_LAZY = (
    "Attempted to use an uninitialized parameter. This error happens when you are "
    "using a `LazyModule` or explicitly manipulating "
    "`torch.nn.parameter.UninitializedParameter` objects. When using LazyModules Call "
    "`forward` with a dummy batch to initialize the parameters before calling torch "
    "functions"
)
_NO_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error "
    "usually happens in `load_state_dict` when trying to load an uninitialized "
    "parameter into an initialized one. Call `forward` to initialize the parameters "
    "before accessing their attributes."
)


def _sharing(kind: type, data: Any) -> Any:
    """Return a leaf of class ``kind`` that shares memory and version with ``data``."""
    if data is None:
        data = Tensor()
    source = data.detach()
    made: Any = Tensor.__new__(kind)
    made._array, made._counter = source._array, source._counter
    return made


class Parameter(Tensor):
    """Mark a tensor as a parameter: a module it is assigned to will list it.

    Args:
        data: the numbers; the parameter shares their memory.
        requires_grad: compute a gradient for it.

    Example:
        >>> import tatami
        >>> tatami.nn.Parameter(tatami.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made = _sharing(cls, data)
        if requires_grad and not made.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        return made.requires_grad_(requires_grad)

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            duplicate = type(self)(self.data.clone(), self.requires_grad)
            memo[id(self)] = duplicate
        return memo[id(self)]

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """Mark a tensor as a buffer: part of a module's state, but not trained.

    Args:
        data: the numbers; the buffer shares their memory.
        persistent: whether ``state_dict`` shall contain it.

    Example:
        >>> import tatami
        >>> tatami.nn.Buffer(tatami.zeros(2))
        tensor([0., 0.])
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        made = _sharing(cls, data)
        if data is not None:
            made.requires_grad_(data.requires_grad)
        made.persistent = persistent
        return made

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        pass


class _Uninitialized(Tensor):
    """A tensor whose shape is not known yet: only its type is."""

    _becomes: type = Tensor
    _kind: dtypes.dtype

    @property
    def _array(self) -> np.ndarray:  # type: ignore[override]
        raise ValueError(_LAZY)

    @property
    def shape(self) -> Any:
        """Say that there is no shape yet."""
        raise RuntimeError(_NO_SHAPE)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type the elements will have."""
        return self._kind

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether the tensor is to have a gradient."""
        self._requires_grad = bool(requires_grad)
        return self

    def detach(self) -> Tensor:
        """Return the tensor itself: there are no numbers to share yet."""
        return self

    def convert(self, function: Callable[[Tensor], Tensor]) -> None:
        """Take the type that ``function`` would give the numbers."""
        self._kind = function(wrap(np.empty(0, self._kind.numpy))).dtype

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give the tensor a shape; from now on it is an ordinary one.

        Args:
            shape: sizes of the tensor; its elements are not initialised.
            device: must be the CPU.
            dtype: type of the elements; what was asked for at first if left out.
        """
        require_cpu(device)
        kind = self._kind if dtype is None else dtypes.parse(dtype)
        self.__class__ = self._becomes
        tensor: Tensor = self
        tensor._array = np.empty(tuple(shape), kind.numpy)

    def _attributes(self) -> dict[str, Any]:
        own = {k: v for k, v in self.__dict__.items() if k != "_counter"}
        return {**own, "_requires_grad": self._requires_grad}

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _empty_like, (type(self), self.dtype, None, self._attributes())

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            attributes = self._attributes()
            memo[id(self)] = _empty_like(type(self), self.dtype, None, attributes)
        return memo[id(self)]

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


def _empty_like(
    cls: type, dtype: Any, device: Any, attributes: dict[str, Any] | None = None
) -> Any:
    require_cpu(device)
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.parse(dtype)
    made: Any = Tensor.__new__(cls)
    for name, value in (attributes or {}).items():
        setattr(made, name, value)
    made._kind = kind
    return made


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first forward of a lazy module will tell.

    Args:
        requires_grad: compute a gradient for it.
        device: must be the CPU.
        dtype: type of the elements.

    Example:
        >>> import tatami
        >>> weight = tatami.nn.UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> weight.shape
        torch.Size([2, 3])
    """

    _becomes = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> Any:
        return _empty_like(cls, dtype, device).requires_grad_(requires_grad)

    def __init__(
        self, requires_grad: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        pass


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape the first forward of a lazy module will tell.

    Args:
        requires_grad: has to be False unless the buffer is to have a gradient.
        device: must be the CPU.
        dtype: type of the elements.
        persistent: whether ``state_dict`` shall contain it.

    Example:
        >>> import tatami
        >>> mean = tatami.nn.UninitializedBuffer()
        >>> mean.materialize((3,))
        >>> mean.shape
        torch.Size([3])
    """

    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> Any:  # fmt: skip
        made = _empty_like(cls, dtype, device).requires_grad_(requires_grad)
        made.persistent = persistent
        return made

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> None:  # fmt: skip
        pass


def is_lazy(value: Any) -> bool:
    """Tell whether a parameter or buffer still waits for its shape."""
    return isinstance(value, _Uninitialized)
