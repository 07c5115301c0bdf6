"""Give back the log's space once every reader has passed it.

The stream keeps what it has until its bound and then refuses (`discard: new`), so that collection
stops rather than loses. Readers are not consumers that the log knows: where a reader stands is in
its own database row. So the log cannot trim itself, and this must: it purges, for each partition,
what lies at or below the least position of all readers. Ingest always reads. The rule engine counts
once it has left a snapshot, and where a rule is live it counts before that too, as a reader that has
passed nothing. Nothing is purged while the log is less than half full: the rest is history
that a reader may want again, as after a restore of the database.
"""

from nats.aio.client import Client
from nats.errors import Error as NatsError

from config.database import Connection, fetch_one
from config.errors import LogUnavailable
from config.log import STREAM, stream_identity

SELECT_CURSORS = """
SELECT partition, sequence FROM log_cursor WHERE stream = %s
"""

SELECT_ENGINE_SNAPSHOTS = """
SELECT partition, sequence FROM engine_snapshot WHERE stream = %s
"""

SELECT_RULES_LIVE = """
SELECT EXISTS (SELECT FROM rule_version WHERE state IN ('active', 'shadow'))
"""


async def passed_by_all(connection: Connection, stream: str, partitions: int) -> dict[int, int]:
    """For each partition that every reader has begun, the last sequence that all have passed."""
    cursor = await connection.execute(SELECT_CURSORS, [stream])
    ingest = _least(await cursor.fetchall())
    cursor = await connection.execute(SELECT_ENGINE_SNAPSHOTS, [stream])
    engine = _least(await cursor.fetchall())
    row = await fetch_one(connection, SELECT_RULES_LIVE)
    begun_by_all = ingest.keys() & engine.keys() if row and row[0] else ingest.keys()
    return {
        key: min(ingest[key], engine.get(key, ingest[key]))
        for key in begun_by_all
        if key < partitions
    }


async def trim_log(
    connection: Connection, client: Client, *, max_bytes: int, partitions: int
) -> int:
    """Purge what every reader has passed if the log is more than half full.

    Returns how many partitions were purged. Raises `LogUnavailable`.
    """
    manager = client.jsm()
    try:
        info = await manager.stream_info(STREAM)
        if info.state.bytes <= max_bytes // 2:
            return 0
        stream = await stream_identity(client)
        passed = await passed_by_all(connection, stream, partitions)
        for partition, sequence in passed.items():
            # `seq` is the first that stays.
            await manager.purge_stream(STREAM, seq=sequence + 1, subject=f"oilcan.*.{partition}.>")
    except (NatsError, TimeoutError) as error:
        raise LogUnavailable(f"the log cannot be trimmed: {error!r}") from error
    return len(passed)


def _least(rows: list[tuple[int, int]]) -> dict[int, int]:
    least: dict[int, int] = {}
    for partition, sequence in rows:
        least[partition] = min(sequence, least.get(partition, sequence))
    return least
