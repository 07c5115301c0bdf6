"""Readings of tags without a point, as the tables `unknown_reading` and `unknown_tag` want them."""

from dataclasses import dataclass

import numpy as np

from edge.reading import ReadingBatch
from ingest.batch import Batch, RowNumbers


@dataclass(frozen=True, slots=True)
class UnknownCount:
    """What a batch adds to an unknown tag: readings, their first and last time, the last value."""

    tag: str
    edge: str
    count: int
    first_us: int
    last_us: int
    last_value: float | None


def pick_unknown(batch: Batch, rows: RowNumbers) -> tuple[ReadingBatch, list[UnknownCount]]:
    """Some rows of a batch with only their own tags, and what they add to each of these."""
    picked = batch.readings.take(rows)
    return picked, [_count(batch, rows, picked, number) for number in range(len(picked.tags))]


def _count(batch: Batch, rows: RowNumbers, picked: ReadingBatch, number: int) -> UnknownCount:
    own = np.flatnonzero(picked.tag_index == number)
    last = own[np.argmax(picked.ts[own])]
    value = float(picked.value[last])
    return UnknownCount(
        tag=picked.tags[number],
        edge=batch.record_of(int(rows[last])).batch.edge,
        count=len(own),
        first_us=int(picked.ts[own].min()),
        last_us=int(picked.ts[last]),
        last_value=None if np.isnan(value) else value,
    )
