"""Write batches of one partition: each in one transaction with the cursor, exactly once in effect.

A crash before the commit leaves nothing, a crash after it leaves the cursor past the batch. What
the database refuses goes to `dead_letter` with the reason, and everything else lands.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psycopg.errors import UniqueViolation

from config.database import Connection
from config.log import Record
from edge.reading import Int32s, Int64s, SensorAlarm
from ingest import store
from ingest.batch import Batch, Content, DeadLetter, RowNumbers, alarm_letter, join
from ingest.binary_copy import encode_rows
from ingest.chunks import DAY_US, ensure_days
from ingest.cursor import Cursor
from ingest.errors import CursorMoved
from ingest.footing import Footing, current_epoch, join_as_owner
from ingest.point_columns import PointColumns
from ingest.refusal import Refused, store_or_halve
from ingest.rollup import mark_due
from ingest.sorting import NEVER, Bound, Rows, Sorted, Span, bind, sort_readings
from ingest.unknown_rows import pick_unknown

if TYPE_CHECKING:
    from ingest.point import Point

_RECENT_US = 7 * DAY_US
# No reading has this time: the point has not been asked for yet.
_UNASKED = np.iinfo(np.int64).min
# A transaction holds a lock for each partition that it touches and for its index; the server's
# table of locks is finite. Days beyond these are stored ahead, a few at a time.
_MOST_DAYS = 256
_DAYS_AT_ONCE = 64
# Readings of each point in a batch from which it is worth compressing by itself; smaller ones are
# kept by row, and the columnstore's policy converts their day as a whole.
_COLUMN_ROWS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A batch ready to be written: sorted, the new rows already in COPY form, and its days."""

    before: Cursor
    epoch: int
    batch: Batch
    sorted: Sorted
    data: bytes
    days: tuple[int, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a batch, in rows; `late` counts late and doubled ones, stored or not.

    `conflicts` were there already, stored or in the batch: the first one stays. `bytes` came from the log.
    """

    stored: int
    late: int
    conflicts: int
    unknown: int
    dead: int
    bytes: int
    newest_us: int


class Writer:
    """The one writer of a partition. It knows where the cursor stands and each point's latest time.

    `prepare` may run ahead of `write` by any number of batches; after an error of either, start
    again with a new writer from the cursor in the database.
    """

    def __init__(
        self, connection: Connection, *, reader: str, partition: int, cursor: Cursor
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._partition = partition
        self._cursor = cursor
        self._register: Mapping[str, Point] = {}
        self._points = PointColumns.of(())
        self._latest = _unasked(self._points)
        # The latest times of what this writer has prepared, stored or not.
        self._floor = _nothing(self._points)
        self._epoch: int | None = None
        self._days: set[int] = set()
        self._turn = asyncio.Lock()

    async def prepare(
        self, contents: Sequence[Content], points: Mapping[str, "Point"], span: Span
    ) -> Prepared:
        """Join, sort and encode contents, in the log's order, for one transaction.

        `points` are the register's points by tag, the same object as long as they are the same.
        """
        if points is not self._register:
            columns = await asyncio.to_thread(PointColumns.of, points.values())
            self._floor = _carry(self._floor, self._points, columns)
            self._register, self._points, self._latest = points, columns, _unasked(columns)
        before, epoch = self._cursor, await self._known_epoch()
        batch, bound = await asyncio.to_thread(_join, before, contents, self._points)
        latest = await self._look_up(bound.slots, span)
        rows, data = await asyncio.to_thread(_sort, bound, latest, span)
        days = tuple(sorted(_days(rows.new) | _days(rows.late)))
        prepared = Prepared(before, epoch, batch, rows, data, days, span)
        self._cursor = batch.cursor
        latest[rows.slots] = rows.newest
        self._floor[rows.slots] = np.maximum(self._floor[rows.slots], rows.newest)
        return prepared

    async def write(self, prepared: Prepared) -> Written:
        """Store a batch and move the cursor, in one transaction.

        Raises `CursorMoved` where another worker has written in between.
        """
        async with self._turn:
            await self._make_days(prepared.days)
            ahead = await self._store_scattered(prepared) if _scattered(prepared) else None
            async with self._connection.transaction():
                return await self._write(prepared, ahead)

    async def _write(
        self, prepared: Prepared, ahead: tuple[int, list[DeadLetter]] | None
    ) -> Written:
        held = await store.lock_cursor(self._connection, self._reader, self._partition)
        if held.position != prepared.before.position:
            raise CursorMoved(f"cursor of partition {self._partition} is at {held.position}")
        footing = await join_as_owner(self._connection)
        stored, letters = ahead or await self._store_readings(prepared, footing)
        batch, rows = prepared.batch, prepared.sorted
        refused = sum(letter.rows or 0 for letter in letters)
        await mark_due(self._connection, rows.new, rows.late)
        letters += await self._keep_unknown(batch, rows.unknown)
        letters += await self._store_alarms(batch.alarms, prepared.span)
        letters += batch.unreadable + batch.set_aside
        letters += batch.letters(rows.early, "older than readings are kept")
        letters += batch.letters(rows.ahead, "too far in the future")
        await store.insert_dead_letters(self._connection, self._reader, letters)
        await store.move_cursor(self._connection, self._reader, self._partition, batch.cursor)
        return Written(
            stored=stored,
            late=len(rows.late) + rows.doubled,
            conflicts=len(rows.new) + len(rows.late) + rows.doubled - stored - refused,
            unknown=len(rows.unknown),
            dead=sum(letter.rows or 1 for letter in letters),
            bytes=sum(len(item.record.data) for item in batch.contents),
            newest_us=int(rows.newest.max(initial=0)),
        )

    async def _store_readings(
        self, prepared: Prepared, footing: Footing
    ) -> tuple[int, list[DeadLetter]]:
        new, late = prepared.sorted.new, prepared.sorted.late
        if not footing.guarded and footing.epoch != prepared.epoch:
            self._forget(footing.epoch)
            rows = Rows.concatenate(new, late)
            return await self._store_checked(prepared.batch, rows, footing)

        async def copy(part: range) -> int:
            whole = len(part) == len(new)
            rows = new.take(slice(part.start, part.stop))
            return await self._copy(rows, prepared.data if whole else _encode(rows), footing)

        if not footing.guarded and len(new) >= _COLUMN_ROWS * len(prepared.sorted.slots):
            await store.compress_directly(self._connection)
        stored, refused = await store_or_halve(self._connection, range(len(new)), copy)
        more, letters = await self._store_checked(prepared.batch, late, footing)
        return stored + more, _letters(prepared.batch, new, refused) + letters

    async def _copy(self, rows: Rows, data: bytes, footing: Footing) -> int:
        """Copy rows that are believed to be new; where one is not, check each of them."""
        try:
            async with self._connection.transaction():
                await store.copy_rows(self._connection, data)
        except UniqueViolation:
            # What is known of the latest times is wrong: ask again.
            self._latest = _unasked(self._points)
            return await store.insert_rows(self._connection, rows, footing)
        return len(rows)

    async def _store_checked(
        self, batch: Batch, rows: Rows, footing: Footing
    ) -> tuple[int, list[DeadLetter]]:
        """Store those of the rows that are not there yet."""

        async def insert(part: range) -> int:
            some = rows.take(slice(part.start, part.stop))
            return await store.insert_rows(self._connection, some, footing)

        stored, refused = await store_or_halve(self._connection, range(len(rows)), insert)
        return stored, _letters(batch, rows, refused)

    async def _store_scattered(self, prepared: Prepared) -> tuple[int, list[DeadLetter]]:
        """Store readings of very many days ahead of the cursor, some days in a transaction each.

        A crash in between repeats it, and what is there already stays as it is.
        """
        rows = Rows.concatenate(prepared.sorted.new, prepared.sorted.late)
        stored, letters = 0, list[DeadLetter]()
        for start in range(0, len(prepared.days), _DAYS_AT_ONCE):
            days = prepared.days[start : start + _DAYS_AT_ONCE]
            part = rows.take(np.isin(rows.ts // DAY_US, days))
            async with self._connection.transaction():
                footing = await join_as_owner(self._connection)
                more, refused = await self._store_checked(prepared.batch, part, footing)
                await mark_due(self._connection, part)
            stored, letters = stored + more, letters + refused
        return stored, letters

    async def _keep_unknown(self, batch: Batch, rows: RowNumbers) -> list[DeadLetter]:
        async def keep(part: range) -> int:
            picked, counts = pick_unknown(batch, rows[part.start : part.stop])
            await store.insert_unknown_rows(self._connection, picked)
            await store.count_unknown(self._connection, counts)
            return len(picked)

        _, refused = await store_or_halve(self._connection, range(len(rows)), keep)
        return [
            letter
            for item in refused
            for letter in batch.letters(rows[item.row : item.row + 1], item.reason)
        ]

    async def _store_alarms(
        self, alarms: Sequence[tuple[Record, SensorAlarm]], span: Span
    ) -> list[DeadLetter]:
        inside = [item for item in alarms if span.first_us <= item[1].ts <= span.last_us]
        outside = [item for item in alarms if not span.first_us <= item[1].ts <= span.last_us]

        async def insert(part: range) -> int:
            await store.insert_alarms(
                self._connection, [alarm for _, alarm in inside[part.start : part.stop]]
            )
            return len(part)

        _, refused = await store_or_halve(self._connection, range(len(inside)), insert)
        return [
            *(alarm_letter(*item, "time outside what is kept") for item in outside),
            *(alarm_letter(*inside[item.row], item.reason) for item in refused),
        ]

    async def _look_up(self, slots: Int32s, span: Span) -> Int64s:
        """The latest stored times by slot, those asked for that were not met yet.

        The last days are asked first: a question that spans years opens every partition of them.
        """
        latest = self._latest
        missing = asked = np.unique(_missing(latest, slots[slots >= 0]))
        for after_us in (span.last_us - _RECENT_US, span.first_us - DAY_US):
            if len(missing):
                async with self._turn:
                    found = await store.latest_times(
                        self._connection, self._points.id[missing].tolist(), after_us=after_us
                    )
                places = np.searchsorted(self._points.id, np.array(list(found), np.int32))
                latest[places] = list(found.values())
                missing = _missing(latest, missing)
        latest[missing] = NEVER
        latest[asked] = np.maximum(latest[asked], self._floor[asked])
        return latest

    async def _known_epoch(self) -> int:
        """The epoch of the latest times that are asked for from now on, or of none before them."""
        if self._epoch is None:
            async with self._turn:
                self._epoch = await current_epoch(self._connection)
        return self._epoch

    def _forget(self, epoch: int) -> None:
        """Others have written: ask for the latest times again, once for each epoch."""
        if epoch != self._epoch:
            self._epoch, self._latest = epoch, _unasked(self._points)

    async def _make_days(self, days: Sequence[int]) -> None:
        """See that the days have a partition, in transactions of their own: they hurt nobody."""
        missing = [day for day in days if day not in self._days]
        for start in range(0, len(missing), _DAYS_AT_ONCE):
            some = missing[start : start + _DAYS_AT_ONCE]
            async with self._connection.transaction():
                await ensure_days(self._connection, some)
            self._days.update(some)


def _join(before: Cursor, contents: Sequence[Content], points: PointColumns) -> tuple[Batch, Bound]:
    batch = join(before, contents)
    return batch, bind(batch.readings, points)


def _sort(bound: Bound, latest: Int64s, span: Span) -> tuple[Sorted, bytes]:
    rows = sort_readings(bound, latest, span)
    return rows, _encode(rows.new)


def _days(rows: Rows) -> set[int]:
    """The days of some rows, counted from 1970-01-01; most batches lie in one."""
    if not len(rows):
        return set()
    first, last = int(rows.ts.min()) // DAY_US, int(rows.ts.max()) // DAY_US
    return {first} if first == last else set(np.unique(rows.ts // DAY_US).tolist())


def _missing(latest: Int64s, slots: Int32s) -> Int32s:
    """Those of some points whose latest time has not been asked for."""
    unasked: Int32s = slots[latest[slots] == _UNASKED]
    return unasked


def _unasked(points: PointColumns) -> Int64s:
    return np.full(len(points), _UNASKED)


def _nothing(points: PointColumns) -> Int64s:
    return np.full(len(points), NEVER)


def _carry(floor: Int64s, before: PointColumns, after: PointColumns) -> Int64s:
    """What was known of points that are still there, in their places among the new ones."""
    carried = _nothing(after)
    _, old, new = np.intersect1d(before.id, after.id, assume_unique=True, return_indices=True)
    carried[new] = floor[old]
    return carried


def _encode(rows: Rows) -> bytes:
    return encode_rows(rows.point_id, rows.ts, rows.value, rows.quality)


def _scattered(prepared: Prepared) -> bool:
    return len(prepared.days) > _MOST_DAYS


def _letters(batch: Batch, rows: Rows, refused: Sequence[Refused]) -> list[DeadLetter]:
    return [
        letter
        for item in refused
        for letter in batch.letters(rows.origin[item.row : item.row + 1], item.reason)
    ]
