"""Commands on dead letters: put one through the writer's roads again, or give it up.

Each is one transaction of the caller's: the rows and what became of the letter stand together or
not at all, so that a retry that was killed can be repeated, and one that was not cannot.
"""

from dataclasses import dataclass

import numpy as np

from config.database import Connection
from config.log import BatchId, Kind, Position, Record
from edge.reading import AlarmBatch
from edge.wire import ReadingColumns, WireError, decode_alarms, decode_columns
from ingest import dead_letter_store, store
from ingest.batch import Content, LetterKind, join
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.cursor import Cursor
from ingest.dead_letters import DeadLetter, LetterState, get_dead_letter
from ingest.errors import DiscardReasonMissing, RetryRefused
from ingest.footing import join_as_guest
from ingest.point_columns import PointColumns
from ingest.points import points_of_tags
from ingest.refusal import REFUSALS
from ingest.rollup import mark_due
from ingest.sorting import NEVER, Span, bind, sort_readings
from ingest.unknown_rows import pick_unknown


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of a retry, in rows; `unknown` are of tags without a point, and kept for one."""

    stored: int
    known: int
    unknown: int

    def __str__(self) -> str:
        return f"{self.stored} stored, {self.known} there already, {self.unknown} without a point"


async def retry_dead_letter(
    connection: Connection, letter_id: int, *, by: str, span: Span
) -> Retried:
    """Store every row of a dead letter, or none; what is there already stays as it is.

    `span` are the times that may be stored. Runs inside the caller's transaction, which has to be
    given up after an error. Raises `DeadLetterMissing`, `DeadLetterSettled`, `RetryRefused`.
    """
    await dead_letter_store.lock_open_letter(connection, letter_id)
    letter, data = await get_dead_letter(connection, letter_id)
    content = _open(letter, data)
    # A point has one writer at a time: while we hold its cursor, the partition's own one waits.
    await store.lock_cursor(connection, letter.reader, letter.partition)
    try:
        if isinstance(content, ReadingColumns):
            retried = await _store_readings(connection, letter, content, span)
        else:
            retried = await _store_alarms(connection, content, span)
    except REFUSALS as error:
        raise RetryRefused(f"dead letter {letter_id} is refused again: {error}") from error
    await dead_letter_store.settle(
        connection, letter_id, state=LetterState.RETRIED, by=by, note=str(retried)
    )
    return retried


async def discard_dead_letter(
    connection: Connection, letter_id: int, *, by: str, reason: str
) -> None:
    """Give a dead letter up. It stays in the table, with who, when and why, until it is too old.

    Raises `DeadLetterMissing`, `DeadLetterSettled`, `DiscardReasonMissing`.
    """
    if not reason.strip():
        raise DiscardReasonMissing("say why it is given up")
    await dead_letter_store.lock_open_letter(connection, letter_id)
    await dead_letter_store.settle(
        connection, letter_id, state=LetterState.DISCARDED, by=by, note=reason.strip()
    )


def letter_content(kind: LetterKind, data: bytes) -> ReadingColumns | AlarmBatch | None:
    """The rows in a dead letter's bytes; None where there are none to be read.

    A record that could not be read may be of a kind that this version knows.
    """
    if kind is LetterKind.PAYLOAD:
        return None
    for decode in (decode_columns, decode_alarms):
        try:
            return decode(data)
        except WireError:
            continue
    return None


def _open(letter: DeadLetter, data: bytes) -> ReadingColumns | AlarmBatch:
    content = letter_content(letter.kind, data)
    if content is None:
        what = (
            "a payload that its collector cannot read: correct the source's file, and what comes"
            " from then on is read; this one can only be discarded"
            if letter.kind is LetterKind.PAYLOAD
            else "no batch that this version can read"
        )
        raise RetryRefused(f"dead letter {letter.id} is {what}")
    return content


async def _store_readings(
    connection: Connection, letter: DeadLetter, readings: ReadingColumns, span: Span
) -> Retried:
    tags = readings.tags.to_pylist()
    points = PointColumns.of((await points_of_tags(connection, tags)).values())
    rows = sort_readings(bind(readings, points), np.full(len(points), NEVER), span)
    _refuse_outside(len(rows.early), len(rows.ahead), len(readings))
    accept_columns(connection)
    await ensure_days(connection, set((rows.new.ts // DAY_US).tolist()))
    footing = await join_as_guest(connection)
    await mark_due(connection, rows.new)
    stored = await store.insert_rows(connection, rows.new, footing)
    if len(rows.unknown):
        # The tables of unknown tags are filled from batches; this is one of a single record.
        batch = join(Cursor(), [Content(_record(letter), readings=readings)])
        picked, counts = pick_unknown(batch, rows.unknown)
        await store.insert_unknown_rows(connection, picked)
        await store.count_unknown(connection, counts)
    known = len(readings) - len(rows.unknown) - stored
    return Retried(stored, known, len(rows.unknown))


async def _store_alarms(connection: Connection, alarms: AlarmBatch, span: Span) -> Retried:
    early = sum(alarm.ts < span.first_us for alarm in alarms)
    ahead = sum(alarm.ts > span.last_us for alarm in alarms)
    _refuse_outside(early, ahead, len(alarms))
    stored = await store.insert_alarms(connection, alarms)
    return Retried(stored, len(alarms) - stored, 0)


def _refuse_outside(early: int, ahead: int, count: int) -> None:
    if early or ahead:
        raise RetryRefused(
            f"of {count} rows {early} are older than readings are kept and {ahead} lie too far in"
            " the future"
        )


def _record(letter: DeadLetter) -> Record:
    return Record(
        Kind.READINGS, letter.partition, BatchId(letter.edge, "", 0), Position("", 1), b""
    )
