"""The loop that decides: rows of readings in log order in, changes of conditions out.

Everything is arrays of records. A *series* is one point or one alarm of an asset. An *instance* is
one rule on one series; instances of a series stand together. A *level* is one severity of an
instance, with comparators and timers of its own; what every row looks at stands in `levels`, the
rest in `timers`. Times are int64 microseconds of event time.

Each series has a clock: the time of its last row, plus how far the highest time of all has gone on
since. A timer ends at a row of its series, or when that clock less the lateness reaches its end. So
a series that comes behind the others, by a slow clock or as a backlog, waits for its own rows as
long as one that comes in time.

A row is late if it is not newer than its series' last row, or older than a timer of its series that
has ended: counted, never evaluated. Due timers of a series end before its next row is judged, so the
results do not depend on how a stream is cut into batches.

Time in which a series is unknown (bad quality, no finite number, older than the instance's
`max_age`) does not count: a timer needs its whole length of known time.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from conditions.tables import (
    ACTIVE,
    BEFORE,
    CLEARING,
    EARLIEST,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LATEST,
    LESS,
    LESS_EQUAL,
    NEVER,
    NORMAL,
    PENDING,
    PER_INSTANCE,
    TAIL_ROWS,
    Changes,
    Machine,
    Records,
    Rows,
)

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_BAD = 0x80


def advance(machine: Machine, rows: Rows, *, lateness_us: int) -> Changes:
    """Take in rows, then end every timer that is due by the clock of its series."""
    pieces: list[tuple[Records, Records]] = []
    row, due = 0, 0
    while row < len(rows.ts) or due >= 0:
        row, due = _advance(machine, rows, lateness_us, row, due)
        found = int(machine.clock["changes"][0])
        pieces.append((machine.changes[:found].copy(), machine.evidence[:found].copy()))
    changes, evidence = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    order = np.lexsort((changes["instance"], changes["at"]))
    return Changes(changes[order], evidence[order])


def relist(machine: Machine) -> None:
    """Find the series with running timers anew, after the state was filled from outside."""
    running = np.isin(machine.levels["phase"], (PENDING, CLEARING))
    counts = np.concatenate(([0], np.cumsum(running)))
    series = machine.series
    series["timed"] = counts[series["end_level"]] > counts[series["first_level"]]
    listed = np.flatnonzero(series["timed"])
    machine.listed[: len(listed)] = listed
    machine.clock["listed"] = len(listed)
    machine.clock["next_deadline"] = BEFORE


def _compiled(function: FunctionT) -> FunctionT:
    """Compile a function at its first call, and keep the code on disk for the next process."""
    return cast("FunctionT", numba.njit(cache=True, nogil=True)(function))


def _inlined(function: FunctionT) -> FunctionT:
    """The same, copied into its callers: a call would count references to every array."""
    return cast("FunctionT", numba.njit(cache=True, nogil=True, inline="always")(function))


@_inlined
def _holds(op: int, value: float, threshold: float) -> bool:  # pragma: no cover - compiled
    if op == GREATER:
        return value > threshold
    if op == LESS:
        return value < threshold
    if op == GREATER_EQUAL:
        return value >= threshold
    if op == LESS_EQUAL:
        return value <= threshold
    if op == EQUAL:
        return value == threshold
    return value != threshold


@_compiled
def _activate(level: Any, timer: Any) -> None:  # pragma: no cover - compiled
    level.phase = ACTIVE
    timer.run_from = 0
    timer.elapsed = 0


@_compiled
def _rest(level: Any, timer: Any) -> None:  # pragma: no cover - compiled
    level.phase = NORMAL
    timer.since = 0
    timer.run_from = 0
    timer.elapsed = 0


@_compiled
def _end(level: Any, timer: Any) -> None:  # pragma: no cover - compiled
    """The timer of a level has run its length."""
    if level.phase == PENDING:
        _activate(level, timer)
    else:
        _rest(level, timer)


@_compiled
def _deadline(level: Any, timer: Any) -> int:  # pragma: no cover - compiled
    """When the timer of a level ends if nothing changes, or `NEVER`."""
    if level.phase == PENDING:
        return int(timer.run_from + timer.for_us - timer.elapsed)
    if level.phase == CLEARING:
        return int(timer.run_from + timer.clear_for_us - timer.elapsed)
    return NEVER


@_compiled
def _start(
    machine: Machine, index: int, phase: int, ts: int
) -> bool:  # pragma: no cover - compiled
    """Start the timer of a level; True if it has no length and the level changed at once."""
    level, timer = machine.levels[index], machine.timers[index]
    level.phase = phase
    timer.run_from = ts
    timer.elapsed = 0
    if _deadline(level, timer) > ts:
        return False
    _end(level, timer)
    return True


@_compiled
def _step(
    machine: Machine, index: int, ts: int, value: float
) -> bool:  # pragma: no cover - compiled
    """Move one level by one known value; True if it went active or normal at once."""
    level, timer = machine.levels[index], machine.timers[index]
    raised = _holds(level.raise_op, value, level.raise_at)
    if level.phase == NORMAL:
        if not raised:
            return False
        timer.since = ts
        return _start(machine, index, PENDING, ts)
    if level.phase == PENDING:
        if not raised:
            _rest(level, timer)
        return False
    cleared = not raised and _holds(timer.clear_op, value, timer.clear_at)
    if level.phase == ACTIVE and cleared:
        return _start(machine, index, CLEARING, ts)
    if level.phase == CLEARING and not cleared:
        _activate(level, timer)
    return False


@_compiled
def _settle(machine: Machine, s: int, i: int, at: int) -> None:  # pragma: no cover - compiled
    """Set the severity of an instance's event from its levels, and note the change."""
    instance, series, clock = machine.instances[i], machine.series[s], machine.clock[0]
    before, after, onset = instance.severity, 0, NEVER
    for index in range(instance.first_level, instance.end_level):
        if machine.levels[index].phase >= ACTIVE:
            after = max(after, machine.timers[index].severity)
            onset = min(onset, machine.timers[index].since)
    if before == after:
        return
    if before == 0:
        instance.onset = onset
        instance.raised = at
    instance.peak = max(instance.peak, after)
    instance.severity = after
    change = machine.changes[clock.changes]
    change.instance = i
    change.at = at
    change.onset = instance.onset
    change.raised = instance.raised
    change.before = before
    change.after = after
    change.peak = instance.peak
    last = machine.tail[s, (series.rows - 1) % TAIL_ROWS]
    change.row_ts = last.ts
    change.value = last.value
    change.rows = 0
    if before == 0:
        change.rows = min(series.rows, TAIL_ROWS)
        for k in range(change.rows):
            place = (series.rows - change.rows + k) % TAIL_ROWS
            machine.evidence[clock.changes, k] = machine.tail[s, place]
    if after == 0:
        instance.onset = 0
        instance.raised = 0
        instance.peak = 0
    clock.changes += 1


@_compiled
def _fire(machine: Machine, s: int, i: int, until: int) -> int:  # pragma: no cover - compiled
    """End the timers of an instance up to a time, each instant at its turn.

    Timers stand still once the series is unknown. Returns the next deadline, or `NEVER`.
    """
    instance, series = machine.instances[i], machine.series[s]
    limit = min(until, series.good_ts + instance.max_age)
    while True:
        at = NEVER
        for index in range(instance.first_level, instance.end_level):
            at = min(at, _deadline(machine.levels[index], machine.timers[index]))
        if at > limit:
            return at
        for index in range(instance.first_level, instance.end_level):
            if _deadline(machine.levels[index], machine.timers[index]) == at:
                _end(machine.levels[index], machine.timers[index])
        series.closed = max(series.closed, at - 1)
        _settle(machine, s, i, at)


@_compiled
def _freeze(
    machine: Machine, s: int, i: int, ts: int, known: bool
) -> None:  # pragma: no cover - compiled
    """Take the unknown stretch before a row, or from it on, out of the timers of an instance."""
    instance, last = machine.instances[i], machine.series[s].good_ts
    unknown_from = min(ts, last + instance.max_age)
    if known and unknown_from == ts:
        return
    for index in range(instance.first_level, instance.end_level):
        phase = machine.levels[index].phase
        if phase in (PENDING, CLEARING):
            timer = machine.timers[index]
            if last != BEFORE:
                timer.elapsed += unknown_from - timer.run_from
            timer.run_from = ts


@_compiled
def _catch_up(
    machine: Machine, s: int, ts: int, known: bool, until: int
) -> bool:  # pragma: no cover - compiled
    """End the timers of a series up to a row, and those that its clock has already reached.

    Returns False, and leaves it at that, if one of them makes the row late.
    """
    series = machine.series[s]
    for i in range(series.first_instance, series.end_instance):
        _fire(machine, s, i, max(ts, until))
    if ts <= series.closed:
        return False
    for i in range(series.first_instance, series.end_instance):
        _freeze(machine, s, i, ts, known)
    return True


@_compiled
def _evaluate(
    machine: Machine, s: int, index: int, ts: int, value: float
) -> int:  # pragma: no cover
    """Move all levels of the instance that a level belongs to; returns the level after them."""
    i = machine.timers[index].instance
    instance, series, clock = machine.instances[i], machine.series[s], machine.clock[0]
    changed, coming = False, NEVER
    for each in range(instance.first_level, instance.end_level):
        if _step(machine, each, ts, value):
            changed = True
        coming = min(coming, _deadline(machine.levels[each], machine.timers[each]))
    if changed:
        _settle(machine, s, i, ts)
    if coming != NEVER:
        clock.next_deadline = min(clock.next_deadline, coming + series.lag)
        if not series.timed:
            series.timed = 1
            machine.listed[clock.listed] = s
            clock.listed += 1
    return int(instance.end_level)


@_compiled
def _advance(
    machine: Machine, rows: Rows, lateness_us: int, row: int, due: int
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Go on at `row`, and then at `due` of the listed series, until done or the room is full.

    Returns where to go on; `due` is -1 when every due timer has ended.
    """
    all_series, levels, tail = machine.series, machine.levels, machine.tail
    row_series, row_ts, row_value, row_quality = rows.series, rows.ts, rows.value, rows.quality
    clock = machine.clock[0]
    room, count = len(machine.changes), len(row_ts)
    highest, late, taken = clock.highest_ts, 0, 0
    clock.changes = 0
    while row < count:
        s, ts = row_series[row], row_ts[row]
        possible = EARLIEST < ts < LATEST
        if s < 0:
            highest = max(highest, ts) if possible else highest
            row += 1
            continue
        series = all_series[s]
        if not possible or ts <= series.closed:
            late += 1
            row += 1
            continue
        if clock.changes + (series.end_instance - series.first_instance) * PER_INSTANCE > room:
            break
        value, quality = row_value[row], row_quality[row]
        known = quality < _BAD and np.isfinite(value)
        if series.timed and not _catch_up(
            machine, s, ts, known, highest - lateness_us - series.lag
        ):
            late += 1
            row += 1
            continue
        highest = max(highest, ts)
        place = tail[s, series.rows % TAIL_ROWS]
        place.ts = ts
        place.value = value
        place.quality = quality
        series.rows += 1
        series.closed = ts
        series.lag = highest - ts
        series.good_ts = ts if known else BEFORE
        if known:
            index, end = series.first_level, series.end_level
            while index < end:
                level = levels[index]
                if level.phase == NORMAL and not _holds(level.raise_op, value, level.raise_at):
                    index += 1
                else:
                    index = _evaluate(machine, s, index, ts, value)
        taken += 1
        row += 1
    clock.highest_ts = highest
    clock.late_rows += late
    clock.taken_rows += taken
    if row < count:
        return row, due
    return row, _fire_due(machine, highest - lateness_us, due)


@_compiled
def _fire_due(machine: Machine, until: int, due: int) -> int:  # pragma: no cover - compiled
    """End every timer that is due, from place `due` of the list on.

    `until` is the highest time less the lateness; a series is as far behind it as its last row was.
    Returns the place to go on at when the room is full, else -1.
    """
    clock = machine.clock[0]
    if until < clock.next_deadline:
        return -1
    if due == 0:
        clock.coming = NEVER
    while due < clock.listed:
        s = machine.listed[due]
        series = machine.series[s]
        width = series.end_instance - series.first_instance
        if clock.changes + width * PER_INSTANCE > len(machine.changes):
            return due
        coming = NEVER
        for i in range(series.first_instance, series.end_instance):
            coming = min(coming, _fire(machine, s, i, until - series.lag))
        if coming == NEVER:
            series.timed = 0
            clock.listed -= 1
            machine.listed[due] = machine.listed[clock.listed]
        else:
            clock.coming = min(clock.coming, coming + series.lag)
            due += 1
    clock.next_deadline = clock.coming
    return -1
