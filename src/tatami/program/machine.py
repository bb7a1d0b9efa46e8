"""The machine that runs a program: natively, or kernel by kernel in Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import native
from .live import Live
from .plan import Plan, block, contiguous_strides
from .trace import Call, Ref, mapped

__all__ = ["Array", "Machine", "memory_at", "placed"]

Array = np.ndarray


class _PythonProgram:
    """What ``tatami._native.Program`` is, for machines without it."""

    def __init__(self) -> None:
        self.steps: list[Callable[[], Any]] = []
        self.slots: list[Array] = []

    def add_slot(self, array: Array) -> int:
        """Enter an array that runs may exchange."""
        self.slots.append(array)
        return len(self.slots) - 1

    def add(self, name: str, arguments: Any, outputs: Any) -> bool:
        """Decline: there are no compiled kernels."""
        return False

    def add_function(self, function: Callable[[], Any]) -> None:
        """Enter a step."""
        self.steps.append(function)

    def run(self, arrays: Sequence[Array]) -> int:
        """Run all steps."""
        for step in self.steps:
            step()
        return -1

    def profile(self, arrays: Sequence[Array]) -> list[float]:
        """Run all steps; return the seconds each took."""
        seconds = []
        for step in self.steps:
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        return seconds


@dataclass(slots=True)
class Step:
    """A call as a step of a program.

    Attributes:
        call: the call.
        by_python: whether no compiled kernel serves it.
        lives: options of optimizers among its arguments.
        known: their values when the step was made.
        arguments: what the kernel was given, with the options in their places.
        outputs: where it writes its results.
    """

    call: Call
    by_python: bool
    lives: list[Live]
    known: list[float]
    arguments: tuple[Any, ...] = ()
    outputs: tuple[Array, ...] = ()

    def present_arguments(self) -> tuple[Any, ...]:
        """Return the arguments with the present values of the options."""
        return tuple(
            _present(x) if isinstance(x, (Live, tuple)) else x for x in self.arguments
        )


def _program() -> Any:
    return native.Program() if kernels.in_use == "native" else _PythonProgram()


def _positional(
    arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...] | None:
    """Return the arguments as the compiled kernels take them: ``out`` last."""
    if not named:
        return arguments
    return (*arguments, named["out"]) if set(named) == {"out"} else None


class Trial:
    """Try which calls of a plan the compiled kernels serve, in memory of its own."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._program = _program()
        self._memory: dict[int, Array] = {}

    def _array(self, ref: Ref) -> Array:
        buffer = self.plan.buffers[ref.buffer]
        if buffer.kind != "made":
            return placed(buffer.array, ref.offset, ref)
        if ref.buffer not in self._memory:
            self._memory[ref.buffer] = block(buffer.nbytes)
        return placed(self._memory[ref.buffer], ref.offset, ref)

    def serves(self, call: Call) -> bool:
        """Tell whether a compiled kernel serves a call."""
        named = {key: mapped(value, self._array) for key, value in call.kwargs.items()}
        positional = _positional(mapped(call.args, self._array), named)
        outputs = tuple(self._array(ref) for ref in call.results)
        return positional is not None and bool(
            self._program.add(call.name, _bare(positional), outputs)
        )

    def straighten(self) -> None:
        """Copy operands whose elements lie apart, for kernels that want them so."""
        calls: list[Call] = []
        for call in self.plan.calls:
            if not self.serves(call) and not any(True for _ in call.changed()):
                copies, straight = self._with_copies(call)
                if copies and all(map(self.serves, (*copies, straight))):
                    calls += copies
                    call = straight
            calls.append(call)
        self.plan.calls = calls

    def _with_copies(self, call: Call) -> tuple[list[Call], Call]:
        copies: list[Call] = []

        def in_order(ref: Ref) -> Ref:
            if ref.strides == contiguous_strides(ref.shape, ref.dtype.itemsize):
                return ref
            target = self.plan.new_buffer(ref.shape, ref.dtype)
            copy = replace(call, name="copy", args=(ref,), kwargs={}, results=(target,))
            copies.append(replace(copy, whole=None))
            return target

        args = mapped(call.args, in_order)
        return copies, replace(call, args=args)


class Machine:
    """A planned program with its memory.

    Args:
        plan: the calls and buffers.
        inputs: numbers of the buffers that callers give, in order.
        kept: numbers of the made buffers that outlive a run, in order.
        movable: let the memory of passing buffers be a last slot.

    Attributes:
        pinned: slots whose arrays stay, so that elements have to be copied.
        memory: what passing buffers share.
    """

    def __init__(
        self, plan: Plan, inputs: list[int], kept: list[int], movable: bool = False
    ) -> None:
        self.plan = plan
        self._movable = movable
        trial = Trial(plan)
        trial.straighten()
        offsets, self.nbytes = plan.places()
        self.memory = block(self.nbytes)
        self._offsets = offsets
        self.slots = [*inputs, *kept]
        self._own: dict[int, Array] = {}
        self.pinned = self._pinned(trial)
        self._own = {number: self._slot_memory(number) for number in self.slots}
        self.programs: list[Any] = []
        self.steps: list[list[Step]] = []
        for phase in sorted({call.phase for call in plan.calls} | {0}):
            self._make_program(phase)

    def _make_program(self, phase: int) -> None:
        program = _program()
        for number in self.slots:
            program.add_slot(self._own[number])
        if self._movable:
            program.add_slot(self.memory)
        self.programs.append(program)
        calls = [call for call in self.plan.calls if call.phase == phase]
        steps = [self._add(program, call) for call in calls]
        self.steps.append(steps)
        if self.plan.lanes > 1:
            for starts in _runs(steps):
                program.add_bands(starts, self.plan.lanes)

    def _slot_memory(self, number: int) -> Array:
        buffer = self.plan.buffers[number]
        if buffer.kind != "made" and number not in self.pinned:
            return buffer.array
        memory = block(buffer.nbytes)
        if buffer.kind != "made":
            shape, strides = buffer.array.shape, buffer.array.strides
            return np.ndarray(shape, buffer.array.dtype, memory, 0, strides)
        return memory

    # From calls to steps.

    def array(self, ref: Ref) -> Array:
        """Return the array that a call works on."""
        buffer = self.plan.buffers[ref.buffer]
        if ref.buffer in self._own:
            memory, offset = self._own[ref.buffer], ref.offset
        elif buffer.kind == "made":
            memory, offset = self.memory, self._offsets[ref.buffer] + ref.offset
        else:
            memory, offset = buffer.array, ref.offset
        return placed(memory, offset, ref)

    def place(self, ref: Ref) -> tuple[int, ...]:
        """Return in which slot an array lies and where, its shape and its strides.

        The memory of passing buffers is the last slot.
        """
        if ref.buffer in self.slots:
            slot, offset = self.slots.index(ref.buffer), ref.offset
        else:
            slot, offset = len(self.slots), self._offsets[ref.buffer] + ref.offset
        return slot, offset, *ref.shape, *ref.strides

    def _add(self, program: Any, call: Call) -> Step:
        arguments = mapped(call.args, self.array)
        outputs = tuple(self.array(ref) for ref in call.results)
        named = {key: mapped(value, self.array) for key, value in call.kwargs.items()}
        positional = _positional(arguments, named)
        served = positional is not None and program.add(
            call.name, _bare(positional), outputs
        )
        if not served:
            program.add_function(self._in_python(call, arguments, named, outputs))
        lives = [x for x in _flat(call.args) if isinstance(x, Live)] if served else []
        step = Step(call, not served, lives, [float.__float__(x) for x in lives])
        if lives:
            step.arguments, step.outputs = positional or (), outputs
        return step

    def _in_python(
        self, call: Call, arguments: Any, named: dict[str, Any], outputs: Any
    ) -> Callable[[], None]:
        function = getattr(kernels, call.name)

        def step() -> None:
            result = function(*_present(arguments), **named)
            if outputs:
                _deliver(result, outputs)

        return step

    def _pinned(self, trial: Trial) -> set[int]:
        """Return the slots that calls without a compiled kernel work on."""
        pinned: set[int] = set()
        for call in self.plan.calls:
            if not trial.serves(call):
                pinned |= {ref.buffer for ref in (*call.refs(), *call.results)}
        return pinned & set(self.slots)

    def own(self, number: int) -> Array:
        """Return the memory of a slot that stays."""
        return self._own[number]

    # Running.

    def refresh(self, phase: int = 0) -> None:
        """Make the steps anew whose options have changed since the last run."""
        for index, step in enumerate(self.steps[phase]):
            present = [live.now() for live in step.lives]
            if present != step.known:
                made = self.programs[phase].replace(
                    index, step.call.name, step.present_arguments(), step.outputs
                )
                if not made:
                    raise RuntimeError(
                        f"{step.call.name} took options {step.known} when it was "
                        f"captured, but declines {present}"
                    )
                step.known = present

    def run(self, arrays: Sequence[Array], phase: int = 0) -> None:
        """Run the program of a phase on the arrays of the slots."""
        self.refresh(phase)
        refused = self.programs[phase].run(tuple(arrays))
        if refused >= 0:
            self.refuse(refused, arrays, phase)

    def refuse(self, number: int, arrays: Sequence[Array], phase: int = 0) -> None:
        """Raise the error for a step whose kernel refused its operands' values.

        Args:
            number: of the step.
            arrays: those of the first slots in this run.
            phase: the program.
        """
        given = dict(zip(self.slots, arrays, strict=False))

        def present(ref: Ref) -> Array:
            memory = given.get(ref.buffer)
            return (
                self.array(ref) if memory is None else placed(memory, ref.offset, ref)
            )

        call = self.steps[phase][number].call
        getattr(kernels, call.name)(*_present(mapped(call.args, present)))
        raise RuntimeError(f"{call.name} refused its operands")

    def options(self) -> list[tuple[dict[str, Any], str]]:
        """Return the groups and names of the options that steps are given."""
        return [
            (live.group, live.path[0])
            for steps in self.steps
            for step in steps
            for live in step.lives
        ]

    def run_pinned(self, arrays: Sequence[Array], phase: int = 0) -> None:
        """Run with elements copied into and out of the slots that have to stay."""
        used = []
        for number, array in zip(self.slots, arrays, strict=True):
            if number in self.pinned:
                own = self._own[number]
                if self.plan.buffers[number].kind != "made":
                    np.copyto(own, array)
                used.append(own)
            else:
                used.append(array)
        self.run(used, phase)
        for number, array in zip(self.slots, arrays, strict=True):
            if number in self.pinned and self._writes(number, phase):
                np.copyto(array.reshape(-1).view(np.uint8), _bytes(self._own[number]))

    def _writes(self, number: int, phase: int) -> bool:
        return any(
            ref.buffer == number
            for call in self.plan.calls
            if call.phase == phase
            for ref in (*call.changed(), *call.results)
        )


def _runs(steps: list[Step]) -> list[list[int]]:
    """Return where the bands of each run begin, and where the last one ends.

    Runs with steps in Python are not among them.
    """
    places: dict[int, dict[int, list[int]]] = {}
    for i, step in enumerate(steps):
        if step.call.band is not None:
            run, band = step.call.band
            places.setdefault(run, {}).setdefault(band, []).append(i)
    runs = [[x[0] for x in bands.values()] + [max(map(max, bands.values())) + 1]
            for bands in places.values()]  # fmt: skip
    return [x for x in runs if not any(s.by_python for s in steps[x[0] : x[-1]])]


def _bytes(array: Array) -> Array:
    return array.reshape(-1).view(np.uint8)


def placed(memory: Array, offset: int, ref: Ref) -> Array:
    if memory.dtype == np.uint8 and memory.ndim == 1 and memory.flags.c_contiguous:
        if ref.nbytes == 0:
            return np.empty(ref.shape, ref.dtype)
        return np.ndarray(ref.shape, ref.dtype, memory, offset, ref.strides)
    return _window(memory, offset, ref)


def _window(memory: Array, offset: int, ref: Ref) -> Array:
    """Return part of the memory of an array of any layout."""
    first = np.lib.stride_tricks.as_strided(memory, (1,) * memory.ndim)
    start = memory.__array_interface__["data"][0] + offset
    interface = {
        "version": 3, "shape": ref.shape, "strides": ref.strides,
        "typestr": ref.dtype.str, "data": (start, not first.flags.writeable),
    }  # fmt: skip
    holder = _Memory(interface, memory)
    return np.asarray(holder)


def memory_at(start: int, nbytes: int) -> Array:
    """Return memory that others hold as an array of bytes."""
    interface = {
        "version": 3, "shape": (nbytes,), "strides": (1,), "typestr": "|u1",
        "data": (start, False),
    }  # fmt: skip
    return np.asarray(_Memory(interface, None))


class _Memory:
    """Say where an array lies, and keep its memory."""

    def __init__(self, interface: dict[str, Any], memory: Array | None) -> None:
        self.__array_interface__ = interface
        self.memory = memory


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in _flat(item)]
    return [value]


def _bare(value: Any) -> Any:
    if isinstance(value, Live):
        return float.__float__(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_bare(item) for item in value)
    return value


def _present(value: Any) -> Any:
    """Return arguments with the present values of options."""
    if isinstance(value, Live):
        return value.now()
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_present(item) for item in value)
    return value


def _deliver(result: Any, outputs: tuple[Array, ...]) -> None:
    parts = result if isinstance(result, (list, tuple)) else [result]
    arrays = [part for part in parts if isinstance(part, Array)]
    for target, part in zip(outputs, arrays, strict=True):
        np.copyto(target, part)
