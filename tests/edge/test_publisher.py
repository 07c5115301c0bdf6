"""What collectors put is in the log once and in order, however often the log goes away."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from nats.aio.client import Client

from config.log import Kind, Position, Record, connect_log, ensure_stream, read
from edge.publisher import Limits, Publisher
from edge.reading import ReadingBatch, SensorAlarm
from edge.rejected import PAYLOAD_BYTES, Rejected
from edge.wire import decode_alarms, decode_columns, decode_readings, decode_rejects
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

_LOG_BYTES = 256 * 1024**2


@asynccontextmanager
async def publishing(
    client: Client, *, partitions: int = 1, limits: Limits | None = None
) -> AsyncIterator[Publisher]:
    """A publisher that runs until the end of the block."""
    publisher = Publisher(client, edge="edge-1", session="s1", partitions=partitions, limits=limits)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def numbered(first: int, count: int = 1, tag: str = "P-1.x") -> ReadingBatch:
    """Readings of one tag whose values count up."""
    return ReadingBatch.from_rows((tag, n, float(n), 0) for n in range(first, first + count))


def alarm(asset: str, ts: int) -> SensorAlarm:
    return SensorAlarm(asset, "HOT", ts, active=True, severity=500, message="hot")


async def everything(client: Client, partition: int = 0) -> list[Record]:
    records: list[Record] = []
    async with aclosing(read(client, partition, Position(), max_wait_s=0.3)) as lists:
        async for some in lists:
            records += some
            if not some:
                return records
    return records


def values(records: list[Record]) -> list[float]:
    batches = [decode_readings(record.data) for record in records if record.kind is Kind.READINGS]
    return [value for batch in batches for value in batch.value.tolist()]


async def test_what_put_returned_for_is_in_the_log(log_client: Client) -> None:
    async with publishing(log_client) as publisher:
        await publisher.put(numbered(0, 3), (alarm("P-1", 5),))
        records = await everything(log_client)
    assert values(records) == [0.0, 1.0, 2.0]
    assert decode_alarms(records[1].data) == (alarm("P-1", 5),)
    assert [record.batch.sequence for record in records] == [1, 2]


async def test_what_waits_goes_together_and_in_order(log_client: Client) -> None:
    async with publishing(log_client) as publisher:
        await asyncio.gather(*(publisher.put(numbered(n)) for n in range(500)))
    records = await everything(log_client)
    assert values(records) == [float(n) for n in range(500)]
    assert len(records) < 50


async def test_a_large_put_is_parted_within_the_bounds(log_client: Client) -> None:
    limits = Limits(message_rows=400, message_bytes=6_000)
    async with publishing(log_client, limits=limits) as publisher:
        await publisher.put(numbered(0, 1_000))
    records = await everything(log_client)
    assert values(records) == [float(n) for n in range(1_000)]
    assert max(len(record.data) for record in records) <= 6_000


async def test_the_log_knows_which_source_sent_which_readings(log_client: Client) -> None:
    async with publishing(log_client, limits=Limits(message_rows=4)) as publisher:
        hall, roof = replace(numbered(0, 6), source="hall"), replace(numbered(6, 3), source="roof")
        await asyncio.gather(publisher.put(hall), publisher.put(roof), publisher.put(roof))
    told = {
        (value, source)
        for record in await everything(log_client)
        for columns in [decode_columns(record.data)]
        for value, source in zip(
            columns.value.tolist(),
            [source for source, rows in columns.sources for _ in range(rows)],
            strict=True,
        )
    }
    assert told == {(float(n), "hall" if n < 6 else "roof") for n in range(9)}


async def test_each_asset_goes_to_its_partition(log_client: Client) -> None:
    rows = [(f"P-{n}.x", n, float(n), 0) for n in range(20)]
    alarms = tuple(alarm(f"P-{n}", n) for n in range(20))
    async with publishing(log_client, partitions=2) as publisher:
        await publisher.put(ReadingBatch.from_rows(rows), alarms)
    seen = [await everything(log_client, partition) for partition in range(2)]
    assert sorted(values(seen[0]) + values(seen[1])) == [float(n) for n in range(20)]
    for records in seen:
        tags = set(decode_readings(records[0].data).tags)
        assert {f"{a.asset}.x" for a in decode_alarms(records[1].data)} == tags
        assert [record.batch.sequence for record in records] == [1, 2]


def rejected(n: int, *, source: str = "hall", size: int = 10) -> Rejected:
    return Rejected(source, f"plant/{n}", "not a number", bytes(size), n)


async def test_what_was_set_aside_is_in_the_log_in_turn(log_client: Client) -> None:
    async with publishing(log_client) as publisher:
        await publisher.set_aside([rejected(1), rejected(2)])
        await publisher.put(numbered(0))
        records = await everything(log_client)
    assert [record.kind for record in records] == [Kind.REJECTS, Kind.READINGS]
    assert decode_rejects(records[0].data) == (rejected(1), rejected(2))
    assert [record.batch.sequence for record in records] == [1, 2]


async def test_large_payloads_are_parted_into_messages_that_the_server_takes(
    log_client: Client,
) -> None:
    large = [rejected(n, size=PAYLOAD_BYTES) for n in range(40)]
    async with publishing(log_client) as publisher:
        await publisher.set_aside(large)
    records = await everything(log_client)
    assert [one for record in records for one in decode_rejects(record.data)] == large
    assert max(len(record.data) for record in records) < 1024**2


async def test_each_source_is_set_aside_in_its_partition(log_client: Client) -> None:
    aside = [rejected(n, source=f"hall-{n}") for n in range(20)]
    async with publishing(log_client, partitions=2) as publisher:
        await publisher.set_aside(aside)
    seen = [
        {one for record in await everything(log_client, n) for one in decode_rejects(record.data)}
        for n in range(2)
    ]
    assert seen[0]
    assert seen[1]
    assert seen[0] | seen[1] == set(aside)
    assert not seen[0] & seen[1]


async def test_payloads_that_wait_count_by_their_size(log_client: Client) -> None:
    publisher = Publisher(log_client, edge="e", session="s", limits=Limits(waiting_rows=100))
    first = asyncio.create_task(publisher.set_aside([rejected(1, size=64 * 100)]))
    second = asyncio.create_task(publisher.put(numbered(0)))
    await asyncio.sleep(0.05)
    assert publisher.waiting_rows == rejected(1, size=64 * 100).weight
    task = asyncio.create_task(publisher.run())
    await asyncio.gather(first, second)
    assert publisher.waiting_rows == 0
    task.cancel()


async def test_put_waits_while_too_much_is_waiting(log_client: Client) -> None:
    publisher = Publisher(log_client, edge="e", session="s", limits=Limits(waiting_rows=10))
    puts = [asyncio.create_task(publisher.put(numbered(n * 10, 10))) for n in range(5)]
    await asyncio.sleep(0.05)
    assert publisher.waiting_rows == 10
    task = asyncio.create_task(publisher.run())
    await asyncio.gather(*puts)
    assert publisher.waiting_rows == 0
    assert values(await everything(log_client)) == [float(n) for n in range(50)]
    task.cancel()


async def test_readings_that_cannot_be_written_fail_their_own_put_alone(
    log_client: Client,
) -> None:
    async with publishing(log_client) as publisher:
        bad = publisher.put(numbered(0, 1, "P-1.\ud800"))
        results = await asyncio.gather(
            publisher.put(numbered(1)), bad, publisher.put(numbered(2)), return_exceptions=True
        )
    assert isinstance(results[1], UnicodeEncodeError)
    assert results[0] is results[2] is None
    assert values(await everything(log_client)) == [1.0, 2.0]


async def test_a_full_log_keeps_put_waiting_until_there_is_room(log_client: Client) -> None:
    await ensure_stream(log_client, max_bytes=1024**2)
    async with publishing(log_client) as publisher:
        await publisher.put(numbered(0, 30_000))
        late = asyncio.create_task(publisher.put(numbered(30_000, 30_000)))
        await asyncio.sleep(0.5)
        assert not late.done()
        assert "full" in publisher.problem
        await ensure_stream(log_client, max_bytes=_LOG_BYTES)
        await late
        assert publisher.problem == ""
    assert values(await everything(log_client)) == [float(n) for n in range(60_000)]


@pytest.fixture
def engine(tmp_path: Path) -> NatsEngine:
    return NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=free_port())


async def started(engine: NatsEngine) -> subprocess.Popen[bytes]:
    engine.prepare()
    process = start(engine.command(), engine.home / "nats.log")
    for _ in range(400):
        if await asyncio.to_thread(engine.ready):
            return process
        await asyncio.sleep(0.025)
    raise AssertionError((engine.home / "nats.log").read_text())


async def test_a_killed_log_gets_everything_once_and_in_order(engine: NatsEngine) -> None:
    process = await started(engine)
    client = await connect_log(engine.url, name="test")
    await ensure_stream(client, max_bytes=_LOG_BYTES)
    try:
        async with publishing(client) as publisher:
            for n in range(60):
                if n % 20 == 10:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    late = asyncio.create_task(publisher.put(numbered(n)))
                    await asyncio.sleep(0.2)
                    process = await started(engine)
                    await late
                else:
                    await publisher.put(numbered(n))
        assert values(await everything(client)) == [float(n) for n in range(60)]
    finally:
        await client.close()
        process.terminate()
        process.wait()
