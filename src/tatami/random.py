"""The generator of random numbers, its seeds and its state: PyTorch's, bit for bit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from .device import CPU, device, require_cpu
from .kernels import Stream
from .tensor import Tensor, wrap

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

_DEFAULT_SEED = 67280421310721
_STATE = np.dtype(
    [("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"),
     ("key", "<u8", 624), ("unused", "<f8"), ("sample", "<f8"), ("unused_too", "<f8"),
     ("has_sample", "<i4"), ("padding", "V4"), ("float_sample", "<f4"),
     ("has_float_sample", "?"), ("more_padding", "V3")]
)  # fmt: skip


class Generator:
    """Yield random numbers, the same as PyTorch's CPU generator from the same seed.

    Args:
        device: ``"cpu"``, the only device there is.

    Example:
        >>> import tatami
        >>> generator = tatami.Generator().manual_seed(0)
        >>> generator.initial_seed()
        0
    """

    __slots__ = ("_stream",)

    def __init__(self, device: Any = None) -> None:
        require_cpu(device)
        self._stream = Stream(_DEFAULT_SEED)

    @property
    def device(self) -> device:
        """The device of the generator: always the CPU."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start over from ``seed`` and return the generator.

        Args:
            seed: an integer from -2**63 to 2**64 - 1; negative ones stand for
                ``2**64 + seed``.

        Raises:
            RuntimeError: ``seed`` is not an integer.
            ValueError: ``seed`` is out of range.

        Example:
            >>> import tatami
            >>> tatami.Generator().manual_seed(-1).initial_seed()
            18446744073709551615
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(
                f"manual_seed expected a long, but got {type(seed).__name__}"
            )
        if not -(2**63) <= seed < 2**64:
            raise ValueError(
                "Overflow when unpacking long long\n"
                f"A seed must be from -2**63 to 2**64 - 1, but this one is {seed}"
            )
        self._stream.reseed(int(seed) % 2**64)
        return self

    def seed(self) -> int:
        """Start over from a seed nobody can predict and return it.

        Example:
            >>> import tatami
            >>> generator = tatami.Generator()
            >>> generator.seed() == generator.initial_seed()
            True
        """
        self._stream.reseed(_unpredictable())
        return self._stream.seed

    def initial_seed(self) -> int:
        """Return the seed the generator was last started from.

        Example:
            >>> import tatami
            >>> tatami.Generator().initial_seed()
            67280421310721
        """
        return self._stream.seed

    def get_state(self) -> Tensor:
        """Return the state as 5056 bytes, which PyTorch's generators accept too.

        Example:
            >>> import tatami
            >>> tatami.Generator().get_state().shape
            torch.Size([5056])
        """
        return wrap(_pack(self._stream))

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue from a state of ``get_state``, PyTorch's or this library's.

        Raises:
            TypeError: ``new_state`` is not a tensor of bytes.
            RuntimeError: it has another size, or no generator was ever in that state.

        Example:
            >>> import tatami
            >>> generator = tatami.Generator()
            >>> state = generator.manual_seed(7).get_state()
            >>> generator.manual_seed(8).set_state(state).initial_seed()
            7
        """
        _unpack(_checked_bytes(new_state), self._stream)
        return self

    def clone_state(self) -> Generator:
        """Return another generator in the same state.

        Example:
            >>> import tatami
            >>> tatami.Generator().manual_seed(3).clone_state().initial_seed()
            3
        """
        return Generator().set_state(self.get_state())

    def graphsafe_get_state(self) -> NoReturn:
        """Refuse, as PyTorch's CPU generator does."""
        raise NotImplementedError(
            "graphsafe_get_state is not supported in this Generator"
        )

    def graphsafe_set_state(self, state: Any) -> NoReturn:
        """Refuse, as PyTorch's CPU generator does."""
        raise NotImplementedError(
            "graphsafe_set_state is not supported in this Generator"
        )

    def get_offset(self) -> NoReturn:
        """Refuse, as PyTorch's CPU generator does."""
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> NoReturn:
        """Refuse, as PyTorch's CPU generator does."""
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self) -> tuple[Any, ...]:
        state = (self._stream.seed, None, self.get_state())
        return type(self), (self.device,), state

    def __setstate__(self, state: tuple[int, None, Tensor]) -> None:
        self.set_state(state[2])


def _unpredictable() -> int:
    return int.from_bytes(os.urandom(8), "little")


def _pack(stream: Stream) -> np.ndarray:
    """Lay the state out as PyTorch does."""
    key, used = stream.position()
    state = np.zeros((), _STATE)
    state["seed"], state["seeded"], state["key"] = stream.seed, 1, key
    fresh = used == 624 and _is_fresh(key, stream.seed)
    state["left"], state["next"] = (1, 0) if fresh else (625 - used, used)
    if stream.sample is not None:
        state["sample"], state["has_sample"] = stream.sample, 1
    if stream.float_sample is not None:
        state["float_sample"], state["has_float_sample"] = stream.float_sample, True
    return state.reshape(1).view(np.uint8)


def _is_fresh(key: np.ndarray, seed: int) -> bool:
    """Tell whether no word was drawn since seeding (the seed is the first word)."""
    first, second = int(key[0]), int(key[1])
    successor = (1812433253 * (first ^ (first >> 30)) + 1) % 2**32
    return first == seed % 2**32 and second == successor


def _checked_bytes(new_state: Any) -> np.ndarray:
    if not isinstance(new_state, Tensor):
        raise TypeError(
            f"expected a torch.ByteTensor, but got {type(new_state).__name__}"
        )
    array = new_state._array
    if array.dtype != np.uint8:
        raise TypeError("RNG state must be a torch.ByteTensor")
    if not array.flags.c_contiguous:
        raise RuntimeError("RNG state must be contiguous")
    if array.size != _STATE.itemsize:
        raise RuntimeError(
            f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the "
            f"input RNG state size to be {array.size}"
        )
    return array.reshape(-1)


def _unpack(data: np.ndarray, stream: Stream) -> None:
    """Put a stream into the state that PyTorch's layout describes."""
    state = data.view(_STATE)[0]
    left, following = int(state["left"]), int(state["next"])
    fresh = (left, following) == (1, 0)
    if not state["seeded"] or not (fresh or 1 <= left == 625 - following):
        raise RuntimeError("Invalid mt19937 state")
    stream.reseed(int(state["seed"]))
    stream.move_to(state["key"].astype(np.uint32), 624 if fresh else following)
    if state["has_sample"]:
        stream.sample = float(state["sample"])
    if state["has_float_sample"]:
        stream.float_sample = float(state["float_sample"])


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Start the default generator over from ``seed`` and return it.

    Args:
        seed: anything ``int`` accepts; see :meth:`Generator.manual_seed`.

    Example:
        >>> import tatami
        >>> tatami.manual_seed(0).initial_seed()
        0
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator over from a seed nobody can predict; return it.

    Example:
        >>> import tatami
        >>> tatami.seed() == tatami.initial_seed()
        True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed the default generator was last started from.

    Example:
        >>> import tatami
        >>> generator = tatami.manual_seed(5)
        >>> tatami.initial_seed()
        5
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator.

    Example:
        >>> import tatami
        >>> tatami.get_rng_state().dtype
        torch.uint8
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator into a state that ``get_rng_state`` returned.

    Example:
        >>> import tatami
        >>> tatami.set_rng_state(tatami.get_rng_state())
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str | None = None,
) -> Iterator[None]:
    """Restore the default generator at the end of the ``with`` block.

    Args:
        devices: must be empty or None: there are no other devices to restore.
        enabled: whether to do anything at all.

    Raises:
        RuntimeError: ``devices`` names a device.

    Example:
        >>> import tatami
        >>> generator = tatami.manual_seed(1)
        >>> with tatami.random.fork_rng():
        ...     generator = tatami.manual_seed(2)
        >>> tatami.initial_seed()
        1
    """
    if not enabled:
        yield
        return
    for name in devices or ():
        require_cpu(name)
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
