"""The tables that the kernel works on: arrays of records, and the codes they speak in.

A *series* is one point or one alarm of an asset. A *component* is the series of an asset that rules
join, with all that is reckoned from them: components know nothing of each other. Components of one
*shape* run the same programs, each over its own stretch of every table, so what a shape holds (codes,
actions, plans) counts from the start of that stretch. An *instance* is one rule on one component; a
*level* is one severity of an instance. Times are int64 microseconds of event time.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from edge.reading import Float64s, Int64s, UInt8s

TAIL_ROWS = 128
"""Rows of each series that are kept as evidence."""
PANES = 64
"""Parts of a window; a power of two."""
DEPTH = 256
"""Room of the interpreter's stack."""
SHOWN = 8
"""Terms of a rule whose values stand beside a change, at most."""
NEVER = np.iinfo(np.int64).max
"""Later than any deadline."""
BEFORE = -(2**62)
"""Earlier than any time: nothing was seen yet."""
FOREVER = 2**61
"""The `max_age` of an input whose readings do not age."""
EARLIEST, LATEST = -(2**55), 2**57
"""Bounds of what is taken for a time (the years 828 and 6537); others would spoil the clock."""
UNREAD = -1
"""The series of a row that no rule reads; such rows move the clock alone, as ticks do."""
NOWHERE = -1
"""The place of a program that is not there."""

NORMAL, PENDING, ACTIVE, CLEARING = range(4)
"""Phases of a level."""
GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL = range(6)
"""Codes of the comparators."""
HOLD, CLEAR, RAISE = range(3)
"""What an unknown truth does: nothing, as if false, as if true."""

Records = Any
"""An array of records of one of the types below; a type checker knows no fields of records."""


def _record(**fields: str) -> np.dtype[np.void]:
    return np.dtype(list(fields.items()), align=True)


# Series to levels are the state; small, since every row touches one of each, at random.
COMPONENT = _record(
    latest="i8",  # highest time of its rows
    wake="i8",  # none of its deadlines is earlier
    first_series="u4",
    first_window="u4",
    first_run="u4",
    first_instance="u4",
    end_instance="u4",
    first_constant="u4",
    zone="u4",
    room="i4",  # changes that one row leads to, at most
    evidence_room="i4",  # rows of evidence beside them
)
SERIES = _record(
    ts="i8",  # of the last row, BEFORE without one
    good_ts="i8",  # of the last row that was known
    value="f8",  # of the last row, NaN where that was unknown
    high="i8",  # the highest time of all when the last row came
    rows="i8",  # ever taken in; the last TAIL_ROWS of them are in the tail
    component="u4",
    first_action="u4",
    end_action="u4",
)
WINDOW = _record(
    pane_us="i8",  # length of a pane; the time constant of an EWMA
    pane_end="i8",  # of the pane that is being filled; BEFORE without a sample
    ahead_end="i8",  # of the pane from which `ahead` looks back
    last_ts="i8",  # of the last known sample
    last="f8",  # the last known sample; the EWMA itself
    origin="f8",  # what sums of squares count from, so that they cancel little
    rollover="f8",  # of a counter; NaN without one
    cells="i8",  # where head, full, total, ahead and ring stand
    total="i8",  # where total stands
    slot="u1",  # of the pane that is being filled, in the ring
    kind="u1",
)
# How long a truth has held, in known time.
RUN = _record(
    length="i8",
    run_from="i8",  # start of the present stretch of known time; NEVER while it stands still
    elapsed="i8",  # what earlier stretches have counted
    known_until="i8",  # when the last sample gets too old
    truth="f8",
    broken="u1",  # was it ever false?
)
INSTANCE = _record(
    decided="i8",  # when it last decided without a row
    known_until="i8",  # when the first of its inputs gets too old, and timers stand still
    onset="i8",  # of the open event; 0 without one, as the fields below
    raised="i8",
    component="u4",
    plan="u4",
    first_level="u4",
    severity="u1",
    peak="u1",
    awake="u1",  # has an open event, or a level that is not normal
)
LEVEL = _record(
    since="i8",  # when the condition first held
    run_from="i8",  # start of the present stretch of known time; NEVER while it stands still
    elapsed="i8",  # known time that earlier stretches have counted
    phase="u1",
)

# From here on: what a shape holds, shared by all of its components, and never changed.
ACTION = _record(
    kind="u1",
    compare="i1",  # with a constant, where the program is NOWHERE; -1: not at all
    program="i4",  # NOWHERE: the row's own value
    target="u4",  # the window, run or instance
    constant="u4",
    first_other="u4",  # the other series that it depends on
    end_other="u4",
    # For a window: what its program comes to, if that is reading another one. For a guard: a comparison
    # without which its program cannot be true.
    quick="i1",  # the operation that reads its left side; END where there is none
    quick_compare="i1",
    quick_target="u4",  # the series or window that it reads
    quick_constant="u4",  # its right side
    quick_limit="u4",  # what a window is asked about, if anything
)
PLAN = _record(
    guard="i4",
    enabled="i4",
    value="i4",
    first_level="i4",
    end_level="i4",
    first_input="i4",
    end_input="i4",
    first_crossing="i4",
    end_crossing="i4",
    first_shown="i4",
    end_shown="i4",
    on_unknown="u1",
    by_hour="u1",  # does it ask for the local time?
)
LEVEL_PLAN = _record(
    raise_when="i4", clear_when="i4", for_us="i8", clear_for_us="i8", severity="u1"
)
INPUT = _record(max_age="i8", series="i4")
CROSSING = _record(kind="u1", target="i4", constant="i4")

# Packed: the tail is by far the largest of these.
TAIL = np.dtype([("ts", "i8"), ("value", "f8"), ("quality", "u1")])
EVIDENCE = np.dtype([("ts", "i8"), ("value", "f8"), ("input", "u1"), ("quality", "u1")])
# A row among those of its component; `high` is the highest time of all before it.
SORTED = _record(ts="i8", value="f8", high="i8", series="i4", quality="u1")
CLOCK = _record(
    highest_ts="i8",
    next_due="i8",  # no deadline is due earlier, by the highest time less the lateness
    coming="i8",  # the same, while it is being found anew
    changes="i8",
    evidence="i8",
    late_rows="i8",
    taken_rows="i8",
)
CHANGE = _record(
    instance="i8",
    at="i8",
    onset="i8",
    raised="i8",
    row_ts="i8",  # the latest of its inputs' rows
    value="f8",
    first_row="i8",  # of its evidence; no rows where it is not a raise
    rows="i8",
    before="u1",  # severity; 0: no event
    after="u1",
    peak="u1",
)

CROSS_AGE, CROSS_RUN = range(2)
"""Kinds of a crossing: a truth that comes true, or ends, with no row to tell."""

(
    FILL_SUM,
    FILL_SPREAD,
    FILL_EXTREMES,
    FILL_ENDS,
    FILL_FIT,
    COUNT_RISES,
    COUNT_INCREASE,
    COUNT_TRUE,
    SMOOTH,
    HOLD_RUN,
    GUARD,
    GUARD_UNKNOWN,
    WAKE,
) = range(13)
"""Kinds of an action: what a row does to a window, a run, an instance or the component's wake."""

PANE_CELLS = {
    FILL_SUM: 2,
    FILL_SPREAD: 4,
    FILL_EXTREMES: 2,
    FILL_ENDS: 2,
    FILL_FIT: 2,
    COUNT_RISES: 2,
    COUNT_INCREASE: 2,
    COUNT_TRUE: 2,
    SMOOTH: 0,
}
"""Cells that one pane of a window takes, by the kind of action that fills it."""
FOLD_CELLS = {
    FILL_SUM: 3,
    FILL_SPREAD: 5,
    FILL_EXTREMES: 2,
    FILL_ENDS: 2,
    FILL_FIT: 6,
    COUNT_RISES: 3,
    COUNT_INCREASE: 3,
    COUNT_TRUE: 3,
    SMOOTH: 0,
}
"""Cells that a fold of panes takes."""


def window_cells(kind: int) -> int:
    """Cells that a window takes: head, full, total, ahead, ring."""
    return PANE_CELLS[kind] * (PANES + 1) + FOLD_CELLS[kind] * 3


class Rows(NamedTuple):
    """Rows in log order; the series of a tick or of an unread point is `UNREAD`."""

    series: Int64s
    ts: Int64s
    value: Float64s
    quality: UInt8s


class Zones(NamedTuple):
    """Local time: from `at[k]` on a zone is `offset[k]` µs ahead of UTC; zone z has k from first[z]."""

    first: Records
    at: Records
    offset: Records


class Programs(NamedTuple):
    """What the shapes hold. `code` has rows (operation, first, second argument)."""

    code: Records
    actions: Records
    others: Records
    plans: Records
    levels: Records
    inputs: Records
    crossings: Records
    shown: Records


class State(NamedTuple):
    """What the components hold; `cells` are the windows' panes, `tail` TAIL_ROWS of each series."""

    components: Records
    series: Records
    windows: Records
    cells: Records
    runs: Records
    instances: Records
    levels: Records
    constants: Records
    tail: Records


class Machine(NamedTuple):
    """Programs and state together; `clock` has one record.

    `owners` is the component of each series, `due`, for each component, a time before which none of
    its deadlines is due. `changes`,
    `shown` and `evidence` are room for what one call finds, `stack` for what programs reckon.
    """

    programs: Programs
    zones: Zones
    state: State
    owners: Records
    due: Records
    clock: Records
    changes: Records
    shown: Records
    evidence: Records
    stack: Records


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of events, sorted by time and instance.

    `shown[k]` are the values of the rule's shown terms at change k. Its evidence is `rows` rows of
    `evidence` from `first_row` on, input by input, oldest first.
    """

    changes: Records
    shown: Float64s
    evidence: Records
