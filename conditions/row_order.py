"""Rows put in order by component, so that each component's tables are looked up once in a batch."""

import numpy as np

from conditions.compiled import borrowed, compiled
from conditions.tables import EARLIEST, LATEST, SORTED, Machine, Records, Rows
from edge.reading import Int64s


def sort_rows(machine: Machine, rows: Rows) -> Records:
    """The rows of each component together, in their order."""
    ordered = np.empty(len(rows.ts), SORTED)
    places = np.zeros(len(machine.due) + 1, np.int64)
    return ordered[: _scatter(machine, rows, ordered, places)]


@compiled
def _scatter(
    machine: Machine, rows: Rows, ordered: Records, places: Int64s
) -> int:  # pragma: no cover - compiled
    """Counting sort by component; rows that no rule reads only move the clock."""
    owners, clock = borrowed(machine.owners), machine.clock[0]
    row_series, row_ts = borrowed(rows.series), borrowed(rows.ts)
    row_value, row_quality = borrowed(rows.value), borrowed(rows.quality)
    for row in range(len(row_ts)):
        if row_series[row] >= 0:
            places[owners[row_series[row]] + 1] += 1
    for c in range(1, len(places)):
        places[c] += places[c - 1]
    read = places[len(places) - 1]
    highest = clock.highest_ts
    for row in range(len(row_ts)):
        s, ts = row_series[row], row_ts[row]
        if s >= 0:
            c = owners[s]
            kept = ordered[places[c]]
            places[c] += 1
            kept.series = s
            kept.ts = ts
            kept.value = row_value[row]
            kept.quality = row_quality[row]
            kept.high = highest
        if EARLIEST < ts < LATEST:
            highest = max(highest, ts)
    clock.highest_ts = highest
    return int(read)
