"""The tables that the kernel works on: arrays of records, and the constants they speak in.

A *series* is one point or one alarm of an asset. An *instance* is one rule on one series; instances
of a series stand together. A *level* is one severity of an instance; what every row looks at stands
in `levels`, the rest in `timers`. Times are int64 microseconds of event time.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from edge.reading import Float64s, Int64s, UInt8s

TAIL_ROWS = 128
"""Rows of each series that are kept as evidence."""
NEVER = np.iinfo(np.int64).max
"""Later than any deadline."""
BEFORE = -(2**62)
"""Earlier than any time: nothing was seen yet, or the last row told nothing."""
FOREVER = 2**61
"""The `max_age` of an instance whose readings do not age."""
EARLIEST, LATEST = -(2**55), 2**57
"""Bounds of what is taken for a time (the years 828 and 6537); others would spoil the clock."""
UNREAD = -1
"""The series of a row that no rule reads; such rows move the clock alone, as ticks do."""

NORMAL, PENDING, ACTIVE, CLEARING = range(4)
"""Phases of a level."""
GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL = range(6)
"""Codes of the comparators."""

Records = Any
"""An array of records of one of the types below; a type checker knows no fields of records."""

# Small, since every row touches one, at random.
SERIES = np.dtype(
    [
        ("closed", "i8"),  # rows up to it are late: the last one, or just before a timer's end
        ("good_ts", "i8"),  # time of the last row, or BEFORE if that row told nothing
        ("lag", "i8"),  # how far the last row was behind the highest time of all
        ("rows", "i8"),  # ever taken in; the last TAIL_ROWS of them are in the tail
        ("first_instance", "i4"),
        ("end_instance", "i4"),
        ("first_level", "i4"),
        ("end_level", "i4"),
        ("timed", "u1"),  # listed among the series that may have a timer running
    ],
    align=True,
)
INSTANCE = np.dtype(
    [
        ("max_age", "i8"),
        ("first_level", "i8"),
        ("end_level", "i8"),
        ("onset", "i8"),  # of the open event; 0 without one, as the fields below
        ("raised", "i8"),
        ("severity", "u1"),
        ("peak", "u1"),
    ],
    align=True,
)
LEVEL = np.dtype([("raise_at", "f8"), ("raise_op", "u1"), ("phase", "u1")], align=True)
TIMER = np.dtype(
    [
        ("instance", "i8"),
        ("clear_at", "f8"),
        ("for_us", "i8"),
        ("clear_for_us", "i8"),
        ("since", "i8"),  # when the condition first held
        ("run_from", "i8"),  # start of the present stretch of known time
        ("elapsed", "i8"),  # known time that earlier stretches have counted
        ("clear_op", "u1"),
        ("severity", "u1"),
    ],
    align=True,
)
# Packed: the tail is by far the largest of these.
TAIL = np.dtype([("ts", "i8"), ("value", "f8"), ("quality", "u1")])
CLOCK = np.dtype(
    [
        ("highest_ts", "i8"),
        ("next_deadline", "i8"),  # no timer ends earlier; a lagging series' timers count its lag in
        ("coming", "i8"),  # the same, while it is being found anew
        ("listed", "i8"),
        ("changes", "i8"),
        ("late_rows", "i8"),
        ("taken_rows", "i8"),
    ]
)
CHANGE = np.dtype(
    [
        ("instance", "i8"),
        ("at", "i8"),
        ("onset", "i8"),
        ("raised", "i8"),
        ("row_ts", "i8"),  # of the series' last row, as is the value
        ("value", "f8"),
        ("rows", "i8"),  # rows of evidence beside it, none where it is not a raise
        ("before", "u1"),  # severity; 0: no event
        ("after", "u1"),
        ("peak", "u1"),
    ],
    align=True,
)

PER_INSTANCE = 5
"""Changes that one row leads to in one instance at most: each of four levels ends a timer, and the
row itself changes it once."""
_ROOM = 4096


class Rows(NamedTuple):
    """Rows in log order; the series of a tick or of an unread point is `UNREAD`."""

    series: Int64s
    ts: Int64s
    value: Float64s
    quality: UInt8s


class Machine(NamedTuple):
    """Rules and state together; `clock` has one record, `tail` TAIL_ROWS for each series.

    `listed` are the series that may have a timer running, in no order. `changes` and `evidence`
    are room for what one call finds.
    """

    series: Records
    instances: Records
    levels: Records
    timers: Records
    tail: Records
    clock: Records
    listed: Int64s
    changes: Records
    evidence: Records


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of events, sorted by time and instance; `evidence` holds the rows up to each raise.

    `evidence[k, :changes["rows"][k]]` belongs to change k, oldest first.
    """

    changes: Records
    evidence: Records


def make_machine(series: Records, instances: Records, levels: Records, timers: Records) -> Machine:
    """A machine that has seen nothing, over tables that are linked by their indices."""
    widest = int((series["end_instance"] - series["first_instance"]).max(initial=1))
    room = max(_ROOM, widest * PER_INSTANCE)
    series["closed"] = series["good_ts"] = BEFORE
    clock = np.zeros(1, CLOCK)
    clock["highest_ts"], clock["next_deadline"] = BEFORE, NEVER
    return Machine(
        series=series,
        instances=instances,
        levels=levels,
        timers=timers,
        tail=np.zeros((len(series), TAIL_ROWS), TAIL),
        clock=clock,
        listed=np.zeros(len(series), np.int64),
        changes=np.zeros(room, CHANGE),
        evidence=np.zeros((room, TAIL_ROWS), TAIL),
    )
