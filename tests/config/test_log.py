"""The log keeps order, knows a repeated batch, and gives a reader everything after its position."""

from contextlib import aclosing

import pytest
from nats.aio.client import Client

from config.errors import LogFull, LogUnavailable
from config.log import (
    STREAM,
    BatchId,
    Kind,
    Position,
    Record,
    connect_log,
    ensure_stream,
    publish,
    read,
)


async def take(client: Client, after: Position, count: int) -> list[Record]:
    """Read on until `count` records or silence."""
    records: list[Record] = []
    async with aclosing(read(client, 0, after, max_wait_s=0.3)) as lists:
        async for some in lists:
            records += some
            if not some or len(records) >= count:
                return records
    return records


async def append(client: Client, sequence: int, data: bytes = b"x") -> int:
    batch = BatchId("edge-1", "s", sequence)
    return await publish(client.jetstream(), Kind.READINGS, 0, batch, data)


async def test_a_reader_gets_everything_after_its_position(log_client: Client) -> None:
    for sequence in range(5):
        await append(log_client, sequence, str(sequence).encode())
    records = await take(log_client, Position(), 5)
    assert [record.data for record in records] == [b"0", b"1", b"2", b"3", b"4"]
    rest = await take(log_client, records[1].position, 3)
    assert [record.batch.sequence for record in rest] == [2, 3, 4]


async def test_a_repeated_batch_stands_once(log_client: Client) -> None:
    first = await append(log_client, 1)
    assert await append(log_client, 1) == first
    assert len(await take(log_client, Position(), 2)) == 1


async def test_a_position_of_another_log_means_the_start(log_client: Client) -> None:
    await append(log_client, 1)
    assert len(await take(log_client, Position("another", 99), 1)) == 1


async def test_silence_gives_an_empty_list(log_client: Client) -> None:
    assert await take(log_client, Position(), 1) == []


async def test_a_full_log_refuses_and_keeps_what_it_has(log_client: Client) -> None:
    await ensure_stream(log_client, max_bytes=16 * 1024**2)
    for sequence in range(15):
        await append(log_client, sequence, bytes(1024**2))
    with pytest.raises(LogFull):
        await append(log_client, 15, bytes(2 * 1024**2))
    assert (await take(log_client, Position(), 1))[0].batch.sequence == 0


async def test_a_stream_of_an_older_oilcan_gets_the_subjects_that_it_lacks(
    log_client: Client,
) -> None:
    manager = log_client.jsm()
    older = (await manager.stream_info(STREAM)).config
    older.subjects = ["oilcan.readings.>", "oilcan.someday.>"]
    await manager.update_stream(older)
    await append(log_client, 1)
    await ensure_stream(log_client, max_bytes=older.max_bytes or 0)
    found = (await manager.stream_info(STREAM)).config.subjects
    assert set(found or ()) == {f"oilcan.{kind}.>" for kind in Kind} | {"oilcan.someday.>"}
    assert len(await take(log_client, Position(), 1)) == 1


async def test_a_log_that_is_not_there_is_told(unused_tcp_port: int) -> None:
    with pytest.raises(LogUnavailable, match="no log at") as caught:
        await connect_log(f"nats://oilcan:secret@127.0.0.1:{unused_tcp_port}", name="test")
    assert "secret" not in str(caught.value)
