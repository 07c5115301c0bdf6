"""Readings that people take go into the log like any other, from an edge called `manual`.

They wait in the database, so that nothing is lost while the log is away. A batch gets its number
before it is sent, and the readers of the log know a batch by its number: sent again after a crash,
it is the same one.
"""

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import psycopg

from config.clock import ClockUs, from_us, now_us, to_us
from config.database import Connection, connect, listen
from config.errors import DatabaseUnavailable
from config.log import BatchId, Kind, close_log, connect_log, publish
from config.migrate import require_schema
from config.partition import asset_of, partition_of
from edge.reading import ReadingBatch
from edge.wire import encode_readings
from maintenance.rounds import store

if TYPE_CHECKING:
    from nats.js import JetStreamContext

EDGE: Final = "manual"
_CHANNEL: Final = "manual_reading"
_LARGEST: Final = 10_000
_POLL_S: Final = 5.0


async def follow_manual_readings(
    database_url: str, log_url: str, *, partitions: int, poll_s: float = _POLL_S
) -> None:
    """Send what waits, as it comes, until cancelled.

    Raises `DatabaseUnavailable`, `DatabaseOutdated`, `LogUnavailable`.
    """
    connection = await connect(database_url, autocommit=True)
    try:
        await require_schema(connection)
        client = await connect_log(log_url, name="manual readings")
        try:
            async with aclosing(listen(database_url, _CHANNEL, timeout_s=poll_s)) as woken:
                async for _ in woken:
                    await send_waiting(connection, client.jetstream(), partitions=partitions)
        finally:
            await close_log(client)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database was lost: {error}") from error
    finally:
        await connection.close()


async def send_waiting(
    connection: Connection, js: "JetStreamContext", *, partitions: int, clock: ClockUs = now_us
) -> int:
    """Send every reading that waits; gives how many. Raises `LogUnavailable`: then they wait on."""
    sent = 0
    while True:
        async with connection.transaction():
            _, last = await store.hold_edge(connection)
            await store.assign_batch(connection, last + 1, limit=_LARGEST)
        async with connection.transaction():
            session, _ = await store.hold_edge(connection)
            found = await store.waiting_batch(connection)
            if found is None:
                return sent
            number, readings = found
            rows = [(tag, to_us(ts), value, quality) for tag, ts, value, quality in readings]
            for partition, batch in _by_partition(rows, partitions).items():
                identity = BatchId(EDGE, session, number)
                await publish(js, Kind.READINGS, partition, identity, encode_readings(batch))
            await store.mark_published(connection, number, at=from_us(clock()))
            sent += len(rows)


def _by_partition(
    rows: list[tuple[str, int, float, int]], partitions: int
) -> dict[int, ReadingBatch]:
    parts: dict[int, list[tuple[str, int, float, int]]] = {}
    for row in sorted(rows, key=lambda row: row[1]):
        parts.setdefault(partition_of(asset_of(row[0]), partitions), []).append(row)
    return {partition: ReadingBatch.from_rows(part) for partition, part in parts.items()}
