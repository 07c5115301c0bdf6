"""The edge's process: from real devices to the log, its status, and a clean end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

import paho.mqtt.client as paho
import pytest
from nats.aio.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from config.documents import parse_document
from config.log import STREAM, Kind, Position, ensure_stream, read
from config.status import Status, watch_status
from edge.reading import Quality, Reason, quality_code
from edge.source_file import Source, load_sources
from edge.wire import decode_readings
from edge.worker import EdgeLog, run
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port

_LOG_BYTES = 64 * 1024**2
_GAP = quality_code(Quality.BAD, Reason.GAP)


def sources(engine: NatsEngine, modbus_port: int) -> list[Source]:
    text = f"""
    sources:
      - type: modbus
        name: hall
        connect: tcp://127.0.0.1:{modbus_port}
        every: 50ms
        timeout: 200ms
        devices: [{{unit: 1, asset: P-1, points: {{x: {{at: 0}}}}}}]
      - type: mqtt
        name: line
        connect: mqtt://127.0.0.1:{engine.mqtt_port}
        topics: [{{filter: "plant/{{asset}}/{{point}}", payload: plain}}]
      - type: opcua
        name: gone
        connect: opc.tcp://127.0.0.1:{free_port()}
        timeout: 200ms
        nodes: [{{node: "i=2258", tag: K-1.time}}]
    """
    loaded, problems = load_sources([parse_document(text, "s.yaml")])
    assert problems == []
    return loaded


@asynccontextmanager
async def pump(port: int) -> AsyncIterator[None]:
    """A pump that answers, until the end of the block."""
    words = SimData(0, values=[7], datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(1, simdata=[words]), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


@asynccontextmanager
async def working(engine: NatsEngine, modbus_port: int) -> AsyncIterator[asyncio.Task[None]]:
    """A worker and the pump that it reads, until the end of the block."""
    worker = run(
        sources(engine, modbus_port),
        edge="edge-1",
        log=EdgeLog(engine.url, _LOG_BYTES),
    )
    async with pump(modbus_port):
        task = asyncio.create_task(worker)
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def tags_in_log(client: Client, wanted: set[str]) -> set[str]:
    """The tags of the log's readings, read on until all of `wanted` are there."""
    seen: set[str] = set()
    async with aclosing(read(client, 0, Position(), max_wait_s=0.2)) as lists:
        async for records in lists:
            for record in records:
                if record.kind is Kind.READINGS:
                    seen |= set(decode_readings(record.data).tags)
            if seen >= wanted:
                return seen
    return seen


async def names_of_streams(client: Client) -> list[str | None]:
    return [stream.config.name for stream in await client.jsm().streams_info()]


@pytest.fixture
def modbus_port() -> int:
    return free_port()


async def test_what_devices_tell_is_in_the_log_and_each_source_has_its_state(
    log_engine: NatsEngine, log_client: Client, modbus_port: int
) -> None:
    heard: asyncio.Queue[Status] = asyncio.Queue()
    await watch_status(log_client, heard.put_nowait)
    async with working(log_engine, modbus_port), asyncio.timeout(30):
        status = await heard.get()
        while [status.parts[name].state for name in ("hall", "line", "gone")] != [
            "connected",
            "connected",
            "failed",
        ]:
            status = await heard.get()
        device = paho.Client(CallbackAPIVersion.VERSION2, client_id="device")
        device.connect("127.0.0.1", log_engine.mqtt_port)
        device.loop_start()
        device.publish("plant/C-1/load", "1.5", qos=1).wait_for_publish(5)
        device.disconnect()
        device.loop_stop()
        assert await tags_in_log(log_client, {"P-1.x", "C-1.load"}) == {"P-1.x", "C-1.load"}
        while not status.parts["line"].metrics["readings_total"]:
            status = await heard.get()
    assert (status.role, status.name, status.healthy) == ("edge", "edge-1", False)
    assert status.message == "lost: gone"
    assert status.metrics["readings_total"] >= 2
    assert status.parts["hall"].metrics["last_reading_timestamp_seconds"] > 1e9


async def test_the_end_is_clean(log_engine: NatsEngine, modbus_port: int) -> None:
    async with working(log_engine, modbus_port) as task:
        await asyncio.sleep(0.5)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert [task for task in others if "edge" in repr(task.get_coro())] == []


async def test_a_log_that_lost_its_stream_gets_it_again(
    log_engine: NatsEngine, log_client: Client, modbus_port: int
) -> None:
    async with working(log_engine, modbus_port), asyncio.timeout(30):
        await tags_in_log(log_client, {"P-1.x"})
        await log_client.jsm().delete_stream(STREAM)
        while STREAM not in await names_of_streams(log_client):  # noqa: ASYNC110 - told to nobody
            await asyncio.sleep(0.05)
        assert "P-1.x" in await tags_in_log(log_client, {"P-1.x"})


async def test_a_worker_waits_for_its_log(log_engine: NatsEngine, modbus_port: int) -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    worker = run([], edge="e", log=EdgeLog(url, _LOG_BYTES))
    task = asyncio.create_task(worker)
    await asyncio.sleep(1)
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_source_that_its_files_add_is_collected_from(
    log_engine: NatsEngine, log_client: Client, modbus_port: int
) -> None:
    given = [source for source in sources(log_engine, modbus_port) if source.name == "hall"]
    worker = run(
        [],
        edge="e",
        log=EdgeLog(log_engine.url, _LOG_BYTES),
        reload=lambda: given,
    )
    async with pump(modbus_port), asyncio.timeout(30):
        task = asyncio.create_task(worker)
        assert await tags_in_log(log_client, {"P-1.x"}) == {"P-1.x"}
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_full_log_is_told_with_its_bytes_and_the_gap_that_it_makes_is_marked(
    log_engine: NatsEngine, log_client: Client, modbus_port: int
) -> None:
    heard: asyncio.Queue[Status] = asyncio.Queue()
    await watch_status(log_client, heard.put_nowait)

    async def until(true: Callable[[Status], object]) -> Status:
        while True:
            if true(status := await heard.get()):
                return status

    given = [source for source in sources(log_engine, modbus_port) if source.name == "hall"]
    worker = run(given, edge="e", log=EdgeLog(log_engine.url, 16_384))
    async with pump(modbus_port), asyncio.timeout(60):
        task = asyncio.create_task(worker)
        full = await until(lambda status: status.metrics["log_full"])
        still = await until(lambda status: status.ts - full.ts > 3_000_000)
        assert "the log is full since " in still.message
        assert f"{still.metrics['log_bytes']:.0f} bytes of 16384" in still.message
        await ensure_stream(log_client, max_bytes=_LOG_BYTES)
        after = await until(lambda status: status.parts["hall"].metrics["gaps_total"])
        assert (after.metrics["log_full"], after.message) == (0.0, "")
        rows = await rows_until_gap(log_client)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    (before, gap, behind) = rows
    assert before[0] + 1 == gap[0]
    assert behind[0] - gap[0] > 3_000_000


async def rows_until_gap(client: Client) -> list[tuple[int, int]]:
    """(ts, quality) of the first gap's row, of the one before it and of the one behind it."""
    rows: list[tuple[int, int]] = []
    async with aclosing(read(client, 0, Position(), max_wait_s=0.2)) as lists:
        async for records in lists:
            for record in records:
                batch = decode_readings(record.data)
                rows += zip(batch.ts.tolist(), batch.quality.tolist(), strict=True)
            gaps = [place for place, row in enumerate(rows) if row[1] == _GAP]
            if gaps and gaps[0] + 2 <= len(rows):
                return rows[gaps[0] - 1 : gaps[0] + 2]
    return rows
