"""The loop that decides: rows of readings in log order in, changes of conditions out.

An instance is evaluated at each row of one of its inputs, at the latest time among them, and by
itself where a timer ends or a truth changes that hangs on time alone. Such a deadline falls due at a
row of its inputs, or when the instance's clock less the lateness reaches it. That clock is the
latest time among its inputs, plus how far the highest time of all has gone on since their last row:
what comes behind the others, by a slow clock or as a backlog, waits for its own rows as long as what
comes in time.

A row that is not newer than the last one of its series is late: counted, never evaluated. A row from
before a deadline that has passed is evaluated at that deadline: what was decided stays. Deadlines of
an instance pass before its next row is judged, and components know nothing of each other, so the
results do not depend on how a stream is cut into batches, and a batch may be sorted by component.
"""

from collections.abc import Sequence

import numpy as np

from conditions.compiled import borrowed, compiled
from conditions.deadlines import catch_up, judge, pass_due, wake_at
from conditions.held import run_end, sample_run
from conditions.interpreter import run_program
from conditions.lending import lent
from conditions.operations import AGE, END, LOAD, compare, read_age
from conditions.row_order import sort_rows
from conditions.tables import (
    EARLIEST,
    FOREVER,
    GUARD,
    GUARD_UNKNOWN,
    HOLD_RUN,
    LATEST,
    NOWHERE,
    SORTED,
    TAIL_ROWS,
    WAKE,
    Changes,
    Machine,
    Records,
    Rows,
)
from conditions.window_reading import read_window
from conditions.windows import fill
from edge.reading import Float64s

_BAD = 0x80
SORT_FROM = 4096
"""Rows from which on sorting them by component pays."""
_AT_ONCE = 1 << 22
"""Rows that are sorted together, so that a long history needs no second place in memory."""


def advance(
    machine: Machine, rows: Rows, *, lateness_us: int, sort_from: int = SORT_FROM
) -> Changes:
    """Take in rows, then pass every deadline that is due; from `sort_from` rows on, sort them."""
    count, sort = len(rows.ts), len(machine.due) > 1 and len(rows.ts) >= sort_from
    size = _AT_ONCE if sort else max(count, 1)
    pieces: list[tuple[Records, Float64s, Records]] = []
    for start in range(0, max(count, 1), size):
        part = Rows(*(column[start : start + size] for column in rows))  # type: ignore[arg-type]
        ordered = sort_rows(machine, part) if sort else np.empty(0, SORTED)
        last = start + size >= count
        pieces += _take(machine, part, ordered, lateness_us=lateness_us, last=last)
    return _joined(pieces)


def _take(
    machine: Machine, rows: Rows, ordered: Records, *, lateness_us: int, last: bool
) -> list[tuple[Records, Float64s, Records]]:
    """Changes, shown values and evidence, in pieces as large as there is room for."""
    pieces: list[tuple[Records, Float64s, Records]] = []
    count = len(ordered) or len(rows.ts)
    row, due = 0, 0 if last else -1
    while row < count or due >= 0:
        row, due = _advance(machine, rows, ordered, lateness_us, row, due)
        found, noted = (int(machine.clock[name][0]) for name in ("changes", "evidence"))
        pieces.append(
            (
                machine.changes[:found].copy(),
                machine.shown[:found].copy(),
                machine.evidence[:noted].copy(),
            )
        )
    return pieces


def _joined(pieces: Sequence[tuple[Records, Float64s, Records]]) -> Changes:
    """The pieces as one, in the order of their times."""
    first = 0
    for changes, _, evidence in pieces:
        changes["first_row"] += first
        first += len(evidence)
    changes, shown, tails = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    order = np.lexsort((changes["instance"], changes["at"]))
    return Changes(changes[order], shown[order], tails)


@compiled
def _advance(  # noqa: C901 - one loop, in which every call costs
    machine: Machine, rows: Rows, ordered: Records, lateness_us: int, row: int, due: int
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Go on at `row`, and then at component `due`, until done or the room is full.

    The rows are `ordered` where there are any, else `rows`. Returns where to go on; `due` is -1 when
    every due deadline has passed, and stays so if it is.
    """
    machine = lent(machine)
    state, programs, zones = machine.state, machine.programs, machine.zones
    all_series, components = state.series, state.components
    instances, constants = state.instances, state.constants
    windows, cells, runs, tail = state.windows, state.cells, state.runs, state.tail
    code, actions, others = programs.code, programs.actions, programs.others
    row_series, row_ts = borrowed(rows.series), borrowed(rows.ts)
    row_value, row_quality = borrowed(rows.value), borrowed(rows.quality)
    clock = machine.clock[0]
    stack = machine.stack
    room, sort = len(machine.changes), len(ordered) > 0
    count = len(ordered) if sort else len(row_ts)
    evidence_room = len(machine.evidence)
    highest, late, taken = clock.highest_ts, 0, 0
    clock.changes = 0
    clock.evidence = 0
    while row < count:
        if sort:
            one = ordered[row]
            s, ts, value, quality = int(one.series), one.ts, one.value, one.quality
            before = one.high
        else:
            s, ts, value, quality = row_series[row], row_ts[row], row_value[row], row_quality[row]
            before = highest
        possible = EARLIEST < ts < LATEST
        if s < 0:
            highest = max(highest, ts) if possible else highest
            row += 1
            continue
        series = all_series[s]
        if not possible or ts <= series.ts:
            late += 1
            row += 1
            continue
        c = series.component
        component = components[c]
        if clock.changes + component.room > room:
            break
        if clock.evidence + component.evidence_room > evidence_room:
            break
        latest = max(component.latest, ts)
        if component.wake <= max(latest, before - lateness_us):
            catch_up(machine, c, s, ts, before - lateness_us)
        now = max(before, ts)
        highest = max(highest, ts)
        known = quality < _BAD and np.isfinite(value)
        place = tail[s, series.rows % TAIL_ROWS]
        place.ts = ts
        place.value = value
        place.quality = quality
        series.rows += 1
        series.ts = ts
        series.high = now
        if known:
            series.good_ts = ts
        else:
            value = np.nan
        series.value = value
        component.latest = latest
        for a in range(series.first_action, series.end_action):
            action = actions[a]
            kind = action.kind
            if kind == WAKE:
                after = constants[component.first_constant + action.constant]
                if known and after < FOREVER and ts + int(after) < component.wake:
                    wake_at(machine, c, ts + int(after))
                continue
            at = ts
            step = 2 if kind == HOLD_RUN else 1
            for k in range(action.first_other, action.end_other, step):
                at = max(at, all_series[component.first_series + others[k]].ts)
            if kind >= GUARD:
                i = component.first_instance + action.target
                instance = instances[i]
                at = max(at, instance.decided)
                if instance.awake:
                    judge(machine, c, i, at)
                    continue
                if action.program == NOWHERE and at > ts:
                    judge(machine, c, i, at)
                    continue
                if action.quick != END:
                    limit = constants[component.first_constant + action.quick_constant]
                    if action.quick == LOAD:
                        left = all_series[component.first_series + action.quick_target].value
                    elif action.quick == AGE:
                        read = all_series[component.first_series + action.quick_target]
                        left = read_age(read.good_ts, at)
                    else:
                        left = read_window(
                            action.quick,
                            windows[component.first_window + action.quick_target],
                            cells,
                            at,
                            constants[component.first_constant + action.quick_limit],
                        )
                    if compare(action.quick_compare, left, limit) != 1.0:
                        continue
            if action.program == NOWHERE:
                truth = value
                if action.compare >= 0:
                    limit = constants[component.first_constant + action.constant]
                    truth = compare(action.compare, value, limit)
            elif kind < HOLD_RUN and action.quick != END:
                truth = read_window(
                    action.quick,
                    windows[component.first_window + action.quick_target],
                    cells,
                    at,
                    constants[component.first_constant + action.quick_limit],
                )
            else:
                truth = run_program(
                    code,
                    all_series,
                    windows,
                    cells,
                    runs,
                    constants,
                    zones,
                    component,
                    action.program,
                    at,
                    stack,
                )
            if kind >= GUARD:
                if truth == 1.0 or (kind == GUARD_UNKNOWN and truth != 0.0):
                    judge(machine, c, component.first_instance + action.target, at)
            elif kind == HOLD_RUN:
                until = FOREVER
                for k in range(action.first_other, action.end_other, 2):
                    other = all_series[component.first_series + others[k]]
                    age = constants[component.first_constant + others[k + 1]]
                    young = age < FOREVER and other.good_ts == other.ts
                    if young and other.ts + int(age) >= at:
                        until = min(until, other.ts + int(age))
                held = runs[component.first_run + action.target]
                sample_run(held, at, truth, until)
                if run_end(held) < component.wake:
                    wake_at(machine, c, run_end(held))
            elif not np.isnan(truth):
                fill(windows[component.first_window + action.target], cells, at, truth)
        taken += 1
        row += 1
    clock.highest_ts = max(clock.highest_ts, highest)
    clock.late_rows += late
    clock.taken_rows += taken
    if row < count or due < 0:
        return row, due
    return row, pass_due(machine, clock.highest_ts - lateness_us, due)
