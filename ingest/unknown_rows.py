"""Readings of tags without a point, as the tables `unknown_reading` and `unknown_tag` want them."""

from dataclasses import dataclass

import numpy as np

from edge.reading import ReadingBatch
from ingest.batch import Batch, Origin, RowNumbers


@dataclass(frozen=True, slots=True)
class UnknownCount:
    """What one source adds to an unknown tag: readings, first and last time, the last value."""

    tag: str
    origin: Origin
    count: int
    first_us: int
    last_us: int
    last_value: float | None


def pick_unknown(batch: Batch, rows: RowNumbers) -> tuple[ReadingBatch, list[UnknownCount]]:
    """Some rows of a batch with only their own tags, and what each source adds to each of these."""
    picked = batch.readings.take(rows)
    origins, origin_of = batch.origins(rows)
    group_of = picked.tag_index.astype(np.int64) * len(origins) + origin_of
    order = np.argsort(group_of, kind="stable")
    groups, starts = np.unique(group_of[order], return_index=True)
    return picked, [
        _count(picked, origins[int(group) % len(origins)], own)
        for group, own in zip(groups, np.split(order, starts[1:]), strict=True)
    ]


def _count(picked: ReadingBatch, origin: Origin, own: RowNumbers) -> UnknownCount:
    last = own[np.argmax(picked.ts[own])]
    value = float(picked.value[last])
    return UnknownCount(
        tag=picked.tags[picked.tag_index[last]],
        origin=origin,
        count=len(own),
        first_us=int(picked.ts[own].min()),
        last_us=int(picked.ts[last]),
        last_value=None if np.isnan(value) else value,
    )
