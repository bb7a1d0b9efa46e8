"""Tensor: a NumPy array with its type, gradient, history and version.

Tensors have no arithmetic of their own; operations attach their methods from
``tatami.ops`` with :func:`tensor_method`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import dtypes, kernels
from .device import CPU, device
from .fields import TensorFields
from .kernels import native
from .later import attach
from .size import Size, normalize_dim

__all__ = ["Tensor", "is_tensor", "tensor_method", "wrap"]

Method = TypeVar("Method", bound=Callable[..., Any])

_NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. "
    "Its .grad attribute won't be populated during autograd.backward(). If you indeed "
    "want the .grad field to be populated for a non-leaf Tensor, use .retain_grad() "
    "on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure "
    "you access the leaf Tensor instead."
)
_NEEDS_FLOAT = "only Tensors of floating point and complex dtype can require gradients"


class Tensor(TensorFields):
    """Hold numbers of one type in a rectangular grid and remember how they came about.

    Args:
        data: sizes (``Tensor(2, 3)``, uninitialised) or nested sequences of numbers;
            the result has the default floating-point type. ``tatami.tensor`` keeps
            the type of the data and is the usual way.

    Example:
        >>> import tatami
        >>> x = tatami.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([[2., 4.],
                [6., 8.]])
    """

    _retains_grad = False
    _inference = False
    __array_priority__ = 1000
    __hash__ = object.__hash__

    def __init__(self, *data: Any, device: Any = None) -> None:
        kind = dtypes.get_default_dtype().numpy
        if len(data) == 1 and isinstance(data[0], Tensor):
            self._array = data[0]._array
        elif len(data) == 1 and not isinstance(data[0], (int, Size)):
            self._array = np.array(data[0], dtype=kind)
        else:
            shape = data[0] if len(data) == 1 and isinstance(data[0], Size) else data
            self._array = np.empty(shape if data else (0,), dtype=kind)

    # What the tensor is.

    @property
    def shape(self) -> Size:
        """The length of each dimension."""
        return Size(self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of(self._array)

    @property
    def device(self) -> device:
        """The device of the tensor: always the CPU."""
        return CPU

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        """The number of bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """The number of bytes of all elements."""
        return self._array.size * self._array.itemsize

    def size(self, dim: int | None = None) -> Any:
        """Return the length of each dimension, or of one."""
        if dim is None:
            return Size(self._array.shape)
        return self._array.shape[normalize_dim(dim, self._array.ndim)]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """Return the number of bytes of one element."""
        return self._array.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """Return how many elements apart neighbours are, along each dimension."""
        steps = tuple(step // self._array.itemsize for step in self._array.strides)
        return steps if dim is None else steps[normalize_dim(dim, len(steps))]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Tell whether the elements lie in memory row by row."""
        return self._array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Tell whether the type is a floating-point one."""
        return self._array.dtype.kind == "f"

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return int(self._array.__array_interface__["data"][0])

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with "
                f"{'no values' if self._array.size == 0 else 'more than one value'} "
                "is ambiguous"
            )
        return bool(self._array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return int(self._array.item())

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Tensor, int, float)):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed "
                f"in a {type(element)}."
            )
        return bool((self == element).any().item())

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from .printing import format_tensor

        return format_tensor(self)

    def __format__(self, specification: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return self.item().__format__(specification)
        return object.__format__(self, specification)

    # Its history.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are to be computed for this tensor."""
        if self._base is not None:
            self._refresh()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether autograd shall record operations on this leaf tensor."""
        if not self.is_leaf and not requires_grad:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you "
                "want to use a computed variable in a subgraph that doesn't require "
                "differentiation use var_no_grad = var.detach()."
            )
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError(_NEEDS_FLOAT)
        if requires_grad and self._inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside "
                "InferenceMode is not allowed."
            )
        if self.is_leaf:
            self._requires_grad = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user rather than by a recorded step."""
        if self._base is not None:
            self._refresh()
        return self._node is None

    @property
    def grad_fn(self) -> Any:
        """The node of the graph that made this tensor, or None for a leaf."""
        if self._base is not None:
            self._refresh()
        return self._node

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` this tensor is."""
        return self._output_nr

    @property
    def retains_grad(self) -> bool:
        """Whether this non-leaf tensor keeps its gradient."""
        return self._node is not None and self._retains_grad

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated so far, or None."""
        if self._grad is None and self._node is not None and not self._retains_grad:
            warnings.warn(_NON_LEAF_GRAD, UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            self._check_gradient(value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _check_gradient(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(
                "assigned grad expected to be a Tensor or None but got grad of type "
                f"'{type(value).__name__}'"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._array.dtype != self._array.dtype:
            raise RuntimeError(
                "assigned grad has data of a different type: expected "
                f"{self.dtype}, but got {value.dtype}"
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                "assigned grad has data of a different size: expected "
                f"{list(self.shape)}, but got {list(value.shape)}"
            )

    @property
    def data(self) -> Tensor:
        """The same numbers without history; changes to it are not tracked."""
        return wrap(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(value).__name__}"
            )
        self._array = value._array

    def detach(self) -> Tensor:
        """Return the same numbers, sharing storage, without history."""
        tensor = wrap(self._array)
        tensor._counter = self._counter
        tensor._inference = self._inference
        return tensor

    def detach_(self) -> Tensor:
        """Cut this tensor from its history, making it a leaf."""
        if self._base is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, and gradient_as_bucket_"
                "view is set as True, gradients are views of DDP buckets, and hence "
                "detach_() cannot be called on these gradients."
            )
        self._node, self._output_nr, self._requires_grad = None, 0, False
        return self

    @property
    def _version(self) -> int:
        return self._counter[0]

    def _is_view(self) -> bool:
        return self._base is not None

    def is_inference(self) -> bool:
        """Tell whether the tensor was made in inference mode."""
        return self._inference

    # Out of tatami and back.

    def item(self) -> Any:
        """Return the single element as a Python number.

        Raises:
            RuntimeError: the tensor doesn't have exactly one element.
        """
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to "
                "Scalar"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """Return the elements as nested Python lists."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """Return the elements as a NumPy array that shares the tensor's memory."""
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if copy is None:
            return array if dtype is None else array.astype(dtype, copy=False)
        return np.array(array, dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        if self.requires_grad:
            raise BufferError(
                "Can't export tensors that require gradient, use tensor.detach()"
            )
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self._node is not None:
            raise RuntimeError(
                "cannot pickle a tensor that is not a leaf: call .detach() first"
            )
        extra = {
            name: value
            for name, value in self.__dict__.items()
            if not name.startswith("_")
        }
        return rebuild, (type(self), self._array, self._requires_grad, extra)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support "
                "the deepcopy protocol at the moment.  If you were attempting to "
                "deepcopy a module, this may be because of a torch.nn.utils.weight_norm"
                " usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        duplicate = rebuild(type(self), self._array.copy("K"), self._requires_grad, {})
        memo[id(self)] = duplicate
        if self._grad is not None:
            duplicate._grad = copy.deepcopy(self._grad, memo)
        for name, value in self.__dict__.items():
            if not name.startswith("_"):
                duplicate.__dict__[name] = copy.deepcopy(value, memo)
        return duplicate

    if TYPE_CHECKING:
        # Operations attach these; the type checker needs to hear of them.
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __neg__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]


def wrap(array: np.ndarray) -> Tensor:
    """Make a tensor around an array, without a copy and without a check."""
    tensor: Tensor = TensorFields.__new__(Tensor)
    tensor._array = array
    return tensor


if kernels.in_use == "native":
    wrap = native.wrap


def rebuild(
    kind: type, array: np.ndarray, requires_grad: bool, extra: dict[str, Any]
) -> Any:
    """Make a leaf of class ``kind``: the way back from a pickle."""
    tensor: Any = TensorFields.__new__(kind)
    tensor._array = array
    tensor._requires_grad = requires_grad
    tensor.__dict__.update(extra)
    return tensor


def is_tensor(obj: Any) -> bool:
    """Tell whether ``obj`` is a tensor.

    Example:
        >>> import tatami
        >>> tatami.is_tensor(tatami.zeros(2))
        True
    """
    return isinstance(obj, Tensor)


def tensor_method(*names: str) -> Callable[[Method], Method]:
    """Attach a function to Tensor under ``names``, or under its own name."""

    def add(function: Method) -> Method:
        for name in names or (function.__name__,):
            attach(Tensor, name, function)
        return function

    return add
