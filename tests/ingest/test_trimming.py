"""The log is trimmed only when it fills, and only of what every reader has passed."""

import pytest
from nats.aio.client import Client

from config.database import Connection
from config.log import STREAM, BatchId, Kind, publish, stream_identity
from ingest.trimming import passed_by_all, trim_log

pytestmark = pytest.mark.store

MEGABYTE = 1024**2


async def fill(client: Client, records: int) -> str:
    for number in range(records):
        partition = number % 2
        identity = BatchId("edge-1", "run", number)
        await publish(client.jetstream(), Kind.READINGS, partition, identity, bytes(MEGABYTE))
    return await stream_identity(client)


async def pass_ingest(connection: Connection, stream: str, partition: int, sequence: int) -> None:
    await connection.execute(
        "INSERT INTO log_cursor VALUES ('ingest', %s, %s, %s)", [partition, stream, sequence]
    )


async def pass_engine(connection: Connection, stream: str, partition: int, sequence: int) -> None:
    await connection.execute(
        "INSERT INTO engine_snapshot (partition, stream, sequence, state) VALUES (%s, %s, %s, '')",
        [partition, stream, sequence],
    )


async def make_rule(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO rule_version (rule, version, asset_class, definition, hash, file, line)"
        " VALUES ('pump/hot', 1, 'pump', '{}', '', '', 1)"
    )


async def test_a_log_that_is_not_half_full_keeps_everything(
    connection: Connection, log_client: Client
) -> None:
    stream = await fill(log_client, 4)
    await pass_ingest(connection, stream, 0, 4)
    assert await trim_log(connection, log_client, max_bytes=100 * MEGABYTE, partitions=2) == 0
    assert (await log_client.jsm().stream_info(STREAM)).state.messages == 4


async def test_what_ingest_has_passed_goes_by_partition(
    connection: Connection, log_client: Client
) -> None:
    stream = await fill(log_client, 6)
    await pass_ingest(connection, stream, 0, 3)
    assert await trim_log(connection, log_client, max_bytes=8 * MEGABYTE, partitions=2) == 1
    # Records 1 and 3 are of partition 0; 2, 4 and 6 are of partition 1, which nobody has read.
    state = (await log_client.jsm().stream_info(STREAM)).state
    assert (state.messages, state.first_seq) == (4, 2)


async def test_the_slowest_reader_counts(connection: Connection) -> None:
    await make_rule(connection)
    await pass_ingest(connection, "s", 0, 30)
    await pass_engine(connection, "s", 0, 20)
    assert await passed_by_all(connection, "s", 1) == {0: 20}


async def test_a_rule_engine_without_a_snapshot_has_passed_nothing(connection: Connection) -> None:
    await pass_ingest(connection, "s", 0, 30)
    assert await passed_by_all(connection, "s", 1) == {0: 30}
    await make_rule(connection)
    assert await passed_by_all(connection, "s", 1) == {}


async def test_a_position_in_another_log_counts_for_nothing(connection: Connection) -> None:
    await pass_ingest(connection, "old", 0, 30)
    assert await passed_by_all(connection, "new", 1) == {}
