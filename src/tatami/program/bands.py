"""Bands: part of a batch goes through many kernels before the next part does.

What a kernel makes of a large batch has left the caches before the next kernel reads
it. Calls that work row by row are therefore made band by band, with results that only
they need in memory the size of a band, which stays in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .plan import Plan
from .rowwise import Rows, rows_of
from .trace import Call, Ref, refs_in

__all__ = ["BAND", "LEAST_ROWS", "SHARE_OF_SUMS", "cut_into_bands"]

# Bytes of a band in all its batches; of these about half are in use at a time.
BAND = 1 << 20
# Fewer rows than this keep matrix products from their speed.
LEAST_ROWS = 16
# Sums over the batch are kept for each band; they must not outweigh what it saves.
SHARE_OF_SUMS = 0.25


@dataclass
class _Run:
    """Calls that can be made band by band, and the calls they overtake.

    Attributes:
        count: rows of the batch.
        calls: what is made in bands, and how.
        late: what has to wait for the last band.
        made: the batches they make, by buffer.
        sums: buffers of sums over the batch.
        waiting: buffers that the late calls make or change.
    """

    count: int
    calls: list[tuple[Call, Rows]] = field(default_factory=list)
    late: list[Call] = field(default_factory=list)
    made: dict[int, Ref] = field(default_factory=dict)
    sums: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)

    def takes(self, plan: Plan, call: Call, rows: Rows, once: dict[int, int]) -> bool:
        """Tell whether a call can be made in bands with those before it."""
        if rows.count != self.count:
            return False
        if not all(r.buffer in once and plan.whole(r) for r in call.results):
            return False
        batches = [call.args[i] for i in rows.taken]
        if not all(self._row_by_row(ref) for ref in batches):
            return False
        others = [x for i, x in enumerate(call.args) if i not in rows.taken]
        whole = {ref.buffer for ref in refs_in(others)}
        read = whole | {ref.buffer for ref in batches}
        return not (whole & self.made.keys() or read & (self.waiting | self.sums))

    def _row_by_row(self, ref: Ref) -> bool:
        """Tell whether row i of an array lies in row i of the batch it shows."""
        made = self.made.get(ref.buffer)
        if made is None:
            return True
        step = made.nbytes // self.count
        reach = sum(
            (n - 1) * s for n, s in zip(ref.shape[1:], ref.strides[1:], strict=True)
        )
        return ref.strides[0] == step and ref.offset + reach < step

    def add(self, call: Call, rows: Rows) -> None:
        """Take a call."""
        self.calls.append((call, rows))
        self.made |= {ref.buffer: ref for ref in call.results[: rows.made]}
        self.sums |= {ref.buffer for ref in call.results[rows.made :]}

    def postpone(self, call: Call) -> None:
        """Let a call wait."""
        self.late.append(call)
        self.waiting |= {ref.buffer for ref in (*call.results, *call.changed())}

    def passed_on(self) -> int:
        """Return the bytes that one call of the run makes and another one reads."""
        read = {ref.buffer for call, _ in self.calls for ref in call.refs()}
        return sum(self.made[n].nbytes for n in read & self.made.keys())

    def bytes_of_row(self) -> int:
        """Return the bytes that a row takes in all batches together."""
        batches = dict(self.made)
        for call, rows in self.calls:
            for ref in (call.args[i] for i in rows.taken):
                batches.setdefault(ref.buffer, ref)
        return sum(ref.nbytes for ref in batches.values()) // self.count

    def bytes_of_sums(self) -> int:
        """Return the bytes of all sums over the batch."""
        return sum(
            r.nbytes for call, rows in self.calls for r in call.results[rows.made :]
        )


def cut_into_bands(plan: Plan) -> None:
    """Make calls that work row by row band by band, where that spares the memory."""
    start, once = 0, plan.makers()
    if sum(plan.buffers[number].nbytes for number in once) < 2 * BAND:
        return
    while start < len(plan.calls):
        runs = (_run(plan, start, once, sums) for sums in (True, False))
        run = next((run for run in runs if _bands(run) > 1), None)
        if run is None:
            start += 1
            continue
        bands = _bands(run)
        cut = _in_bands(plan, run, bands)
        after = start + len(run.calls) + len(run.late)
        plan.calls = [*plan.calls[:start], *cut, *run.late, *plan.calls[after:]]
        start, once = start + len(cut), plan.makers()
        plan.notes.append(f"in {bands} bands of the batch: {len(run.calls)} kernels")


def _run(plan: Plan, start: int, once: dict[int, int], sums: bool) -> _Run:
    """Return the calls that can be made in bands from a call on.

    Args:
        plan: the program.
        start: number of the call.
        once: the buffers that are made once.
        sums: whether calls that sum over the batch are among them.
    """
    first = plan.calls[start]
    rows = rows_of(first)
    run = _Run(rows.count if rows is not None else 0)
    if run.count < 2 * LEAST_ROWS:
        return run
    for call in plan.calls[start:]:
        if call.phase != first.phase:
            break
        rows = rows_of(call)
        if rows is not None and not sums and rows.made < len(call.results):
            rows = None
        if rows is not None and run.takes(plan, call, rows, once):
            run.add(call, rows)
        else:
            run.postpone(call)
    return run


def _bands(run: _Run) -> int:
    """Return into how many bands it pays to cut a run; 0 if it doesn't."""
    saved = run.passed_on()
    if saved < 2 * BAND:
        return 0
    rows = max(LEAST_ROWS, BAND // run.bytes_of_row())
    bands = -(-run.count // rows)
    return bands if run.bytes_of_sums() * bands <= saved * SHARE_OF_SUMS else 0


def _in_bands(plan: Plan, run: _Run, bands: int) -> list[Call]:
    """Return the calls of a run for each band, and those that add up its sums."""
    own = _own(plan, run)
    sums = {
        ref.buffer: (ref, plan.new_buffer((bands, *ref.shape), ref.dtype))
        for call, rows in run.calls
        for ref in call.results[rows.made :]
    }
    calls: list[Call] = []
    plan.runs += 1
    for band in range(bands):
        first, last = (run.count * i // bands for i in (band, band + 1))
        rows = last - first
        memory = {
            n: plan.new_buffer((rows, *run.made[n].shape[1:]), run.made[n].dtype)
            for n in own
        }
        parts = {n: _item(whole, band, ref) for n, (ref, whole) in sums.items()}
        cut = _Band((plan.runs, band), first, rows, memory, parts)
        calls += [cut.call(call, how) for call, how in run.calls]
    phase = run.calls[0][0].phase
    return calls + [
        Call("sum", (whole, (0,), False), {}, (ref,), phase)
        for ref, whole in sums.values()
    ]


def _own(plan: Plan, run: _Run) -> set[int]:
    """Return the batches that nothing but the run needs."""
    members = {id(call) for call, _ in run.calls}
    others = [call for call in plan.calls if id(call) not in members]
    used = {ref.buffer for call in others for ref in call.refs()}
    return set(run.made) - used - plan.kept


def _item(parts: Ref, number: int, like: Ref) -> Ref:
    return replace(like, buffer=parts.buffer, offset=number * like.nbytes)


@dataclass
class _Band:
    """Some rows of a batch.

    Attributes:
        number: of the run, and of the band in it.
        first: the first row.
        rows: how many.
        own: the memory of batches that only the run needs.
        sums: where sums over the rows go.
    """

    number: tuple[int, int]
    first: int
    rows: int
    own: dict[int, Ref]
    sums: dict[int, Ref]

    def call(self, call: Call, rows: Rows) -> Call:
        """Return a call on these rows."""
        args = list(call.args)
        for i in rows.taken:
            args[i] = self._cut(args[i])
        for i in rows.lengths:
            args[i] = (self.rows, *args[i][1:])
        results = [self._cut(ref) for ref in call.results[: rows.made]]
        results += [self.sums[ref.buffer] for ref in call.results[rows.made :]]
        return Call(
            call.name, tuple(args), {}, tuple(results), call.phase, call, self.number
        )

    def _cut(self, ref: Ref) -> Ref:
        shape = (self.rows, *ref.shape[1:])
        if ref.buffer in self.own:
            return replace(ref, buffer=self.own[ref.buffer].buffer, shape=shape)
        return replace(
            ref, offset=ref.offset + self.first * ref.strides[0], shape=shape
        )
