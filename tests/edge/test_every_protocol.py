"""What holds for every protocol: a loss is said once, and a log that takes nothing stops the device."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats.aio.client import Client

from config.tasks import end_tasks
from edge.collector import Collector
from edge.health import State
from edge.modbus.collector import ModbusCollector
from edge.mqtt.collector import MqttCollector
from edge.opcua.collector import OpcuaCollector
from edge.publisher import Limits, Publisher
from edge.worker import quiet_libraries
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.conftest import running
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.test_collector import pump, serving
from tests.edge.modbus.test_collector import source as modbus_source
from tests.edge.mqtt.devices import device, publish
from tests.edge.mqtt.devices import source as mqtt_source
from tests.edge.opcua.compressor import compressor
from tests.edge.opcua.compressor import source as opcua_source

FLOOD = 400
LIMIT = 50

Act = Callable[[], Awaitable[None]]
Serve = Callable[[], AbstractAsyncContextManager[Act]]


@dataclass(frozen=True, slots=True)
class Line:
    """A collector, a server for it, and in the server's block what makes it tell something new."""

    collector: Collector
    serve: Serve
    readings_of_a_flood: int


def modbus(_: Path) -> Line:
    port = free_port()

    @asynccontextmanager
    async def serve() -> AsyncIterator[Act]:
        async def ticks() -> None:
            """It is to be asked every 20 ms."""
            await asyncio.sleep(0.1)

        async with serving(port, pump()):
            yield ticks

    return Line(ModbusCollector(modbus_source(port, every="20ms")), serve, 4)


def opcua(_: Path) -> Line:
    port = free_port()

    @asynccontextmanager
    async def serve() -> AsyncIterator[Act]:
        async with compressor(port) as machine:

            async def change() -> None:
                for n in range(FLOOD // 4):
                    await machine.write("temp", float(n), SourceTimestamp=datetime.now(UTC))

            yield change

    nodes = opcua_source(port).nodes
    held = [{"node": node.node, "tag": node.tag, "queue": FLOOD} for node in nodes]
    return Line(OpcuaCollector(opcua_source(port, nodes=held)), serve, FLOOD // 4)


def mqtt(home: Path) -> Line:
    engine = NatsEngine(home / "broker", port=free_port(), mqtt_port=free_port())

    @asynccontextmanager
    async def serve() -> AsyncIterator[Act]:
        async def send() -> None:
            with device(engine) as client:
                await publish(client, "plant/C-1/load", *map(str, range(FLOOD)))

        with running(engine):
            yield send

    return Line(MqttCollector(mqtt_source(engine)), serve, FLOOD)


@pytest.fixture(params=[modbus, opcua, mqtt])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Line:
    quiet_libraries()
    made: Line = request.param(tmp_path)
    return made


async def until(question: Callable[[], bool]) -> None:
    """Wait until it is so, as long as a loaded machine may take."""
    async with asyncio.timeout(40):
        while not question():  # noqa: ASYNC110 - what is waited for lies behind a socket
            await asyncio.sleep(0.02)


async def test_a_loss_is_said_once_and_the_return_once(
    line: Line, memory: Memory, collecting: Collecting, capsys: pytest.CaptureFixture[str]
) -> None:
    health = line.collector.health()
    async with collecting(line.collector, memory):
        # It is not there yet: tried again and again.
        await until(lambda: health.reconnects >= 2)
        async with line.serve():
            await until(lambda: health.state is State.CONNECTED)
        await until(lambda: health.state is State.FAILED and health.reconnects >= 4)
    said = capsys.readouterr()
    told = said.out + said.err
    assert told.count("source lost, trying until it is back") == 2
    assert told.count("source is back") == 1


async def test_a_log_that_takes_nothing_stops_the_device_and_the_memory_held_is_bounded(
    line: Line, collecting: Collecting, log_client: Client
) -> None:
    publisher = Publisher(log_client, edge="e", session="s", limits=Limits(waiting_rows=LIMIT))
    health = line.collector.health()
    async with line.serve() as act, collecting(line.collector, publisher):
        await until(lambda: health.state is State.CONNECTED or publisher.waiting_rows > 0)
        await act()
        await until(lambda: publisher.waiting_rows > 0)
        # Nobody takes anything: one put waits, and the collector with it, whatever comes.
        held = publisher.waiting_rows
        await act()
        assert publisher.waiting_rows == held
        assert health.readings == 0
        task = asyncio.create_task(publisher.run())
        await until(lambda: health.readings >= line.readings_of_a_flood)
        await end_tasks([task])
    assert health.bad == 0
