"""One partition of the log into the store: own it, read on from its cursor, write batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from nats.aio.client import Client

from config.clock import ClockUs
from config.database import Connection
from config.diagnostics import logger
from config.log import Position, Record, read
from ingest import store
from ingest.batch import Content, open_record
from ingest.column import accept_columns
from ingest.known_points import KnownPoints
from ingest.pipeline import ahead
from ingest.progress import Progress, State
from ingest.sorting import Span
from ingest.writer import Prepared, Writer

READER = "ingest"
_RECORDS_AT_ONCE = 8
_LISTS_AHEAD = 12
_BATCHES_AHEAD = 1
_LOCK_POLL_S = 0.5
# A transaction costs the same for one reading as for thousands: after a small one more may gather.
_SMALL_ROWS = 5_000
_GATHER_S = 0.05

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a partition needs to know: which, up to how many rows in a transaction, when.

    `confirmed` returns once it is certain that the partition is still to be ours.
    """

    partition: int
    max_rows: int
    points: KnownPoints
    span: Callable[[], Span]
    clock: ClockUs
    confirmed: Callable[[], Awaitable[None]]


async def read_partition(
    connection: Connection, client: Client, reading: Reading, progress: Progress
) -> None:
    """Take in a partition for ever, once no other process owns it.

    Raises `LogUnavailable`, `CursorMoved` or psycopg's errors; then nothing is half done, and
    calling again with a new connection goes on from the cursor.
    """
    own = progress.partitions[reading.partition]
    await _own(connection, reading)
    accept_columns(connection)
    await reading.points.refresh(connection)
    async with connection.transaction():
        cursor = await store.lock_cursor(connection, READER, reading.partition)
    writer = Writer(connection, reader=READER, partition=reading.partition, cursor=cursor)
    own.state = State.READING
    async with aclosing(
        ahead(_prepared(client, reading, writer, cursor.position), depth=_BATCHES_AHEAD)
    ) as waiting:
        async for batches in waiting:
            for prepared in batches:
                if prepared is None:
                    own.caught_up(reading.clock())
                else:
                    written = await writer.write(prepared)
                    progress.add(reading.partition, written, reading.clock())
                    if len(prepared.batch.readings) < _SMALL_ROWS:
                        await asyncio.sleep(_GATHER_S)


async def _own(connection: Connection, reading: Reading) -> None:
    """Lock the partition; a session that still has it while it is ours is a dead owner's: end it.

    The lock is the fence. All that an owner writes goes through the session that holds it, so one
    that was paused, lost its lease and comes back finds its session gone, and has written nothing.
    By polling, for a statement that waits holds back vacuum.
    """
    while not await store.try_lock_partition(connection, reading.partition):
        await asyncio.sleep(_LOCK_POLL_S)
        await reading.confirmed()
        if await store.end_owner(connection, reading.partition):
            log.warning("ended the session of a former owner", partition=reading.partition)


async def _prepared(
    client: Client, reading: Reading, writer: Writer, position: Position
) -> AsyncGenerator[Prepared | None, None]:
    """Batches ready to be written, as large as what waits and the bound allow; None: caught up."""
    records = read(client, reading.partition, position, max_records=_RECORDS_AT_ONCE)
    async with aclosing(ahead(_opened(records), depth=_LISTS_AHEAD)) as waiting:
        async for lists in waiting:
            contents = [content for some in lists for content in some]
            for group in _groups(contents, reading.max_rows):
                yield await writer.prepare(group, reading.points.by_tag, reading.span())
            if not contents:
                yield None


async def _opened(
    records: AsyncGenerator[list[Record], None],
) -> AsyncGenerator[list[Content], None]:
    async with aclosing(records):
        async for some in records:
            yield await asyncio.to_thread(_open, some)


def _open(records: list[Record]) -> list[Content]:
    return [open_record(record) for record in records]


def _groups(contents: Sequence[Content], max_rows: int) -> list[list[Content]]:
    """Cut contents, in order, into groups that end once they have `max_rows` rows."""
    groups: list[list[Content]] = []
    rows = max_rows
    for content in contents:
        if rows >= max_rows:
            groups.append([])
            rows = 0
        groups[-1].append(content)
        rows += len(content)
    return groups
