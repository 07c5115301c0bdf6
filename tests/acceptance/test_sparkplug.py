"""An edge node from birth to death and back, through broker, collector, log and ingest."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import edge.worker
import ingest.worker
from config.database import Connection
from config.settings import Settings
from edge.reading import Quality, Reason, quality_code
from ingest.history.latest import latest
from ingest.history.raw import raw
from ingest.points import load_points
from oilcan.engines.nats_server import NatsEngine
from oilcan.plant.apply import apply_plant
from oilcan.plant.folder import load_plant
from tests.edge.sparkplug.edge_node import SimulatedNode
from tests.edge.sparkplug.node_client import NodeClient, on_broker
from tests.edge.sparkplug.test_collector import changed, reborn, simulated

pytestmark = pytest.mark.timeout(120)

LOG_BYTES = 64 * 1024**2
OUT_OF_REACH = quality_code(Quality.BAD, Reason.COMMUNICATION)
PLANT = """
sites: [{code: S, name: Site, time_zone: UTC, locations: [{code: L, name: Line}]}]
asset_classes:
  - code: pump
    name: Pump
    roles: {speed: {unit: rpm}, temperature: {unit: degC}}
assets:
  - {tag: P-101, name: Pump, class: pump, site: S, location: L, criticality: A,
     points: {speed: {}, temperature: {}}}
sources:
  - name: line
    type: mqtt
    connect: mqtt://127.0.0.1:%d
    topics:
      - payload: sparkplug_b
        reorder_timeout: 200ms
        tags: {"Bearing/DE Temperature": "{device}.temperature"}
"""


@asynccontextmanager
async def line(engine: NatsEngine, database_url: str, folder: Path) -> AsyncIterator[None]:
    """The plant is applied, edge and ingest work on it, until the end of the block."""
    (folder / "plant.yaml").write_text(PLANT % engine.mqtt_port, "utf-8")
    plant = load_plant(folder)
    await apply_plant(database_url, plant)
    settings = Settings(database_url=database_url, log_url=engine.url, log_max_bytes=LOG_BYTES)
    workers = [
        edge.worker.run(
            plant.sources, edge="edge-1", log=edge.worker.EdgeLog(engine.url, LOG_BYTES)
        ),
        ingest.worker.run(database_url=database_url, log_url=engine.url, settings=settings),
    ]
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


class Stored:
    """What the database has of one point."""

    def __init__(self, connection: Connection, point_id: int) -> None:
        self._connection = connection
        self._point_id = point_id

    async def until(self, value: float | None, quality: int = 0) -> None:
        """Wait until this is the point's latest reading."""
        async with asyncio.timeout(30):
            while (await self._latest())[1:] != (value, quality):  # noqa: ASYNC110 - asked for
                await asyncio.sleep(0.05)

    async def history(self) -> list[float | None]:
        """Every value in time order."""
        series = await raw(self._connection, self._point_id, start_us=0, end_us=2**52)
        return [None if math.isnan(value) else value for value in series.value.tolist()]

    async def _latest(self) -> tuple[int, float | None, int]:
        found = await latest(self._connection, [self._point_id])
        return found.get(self._point_id, (0, None, -1))


async def test_an_edge_node_is_followed_from_birth_to_death_and_back(
    log_engine: NatsEngine, database_url: str, connection: Connection, tmp_path: Path
) -> None:
    simulation, port = simulated(), log_engine.mqtt_port
    async with line(log_engine, database_url, tmp_path):
        points = {point.tag: point.id for point in await load_points(connection)}
        speed = Stored(connection, points["P-101.speed"])
        temperature = Stored(connection, points["P-101.temperature"])
        with on_broker(port, simulation.will()) as node:
            node.answer = lambda: reborn(simulation)
            node.send(*simulation.births())
            # Whether we heard the birth or not: an unknown alias asks for another one.
            node.send(changed(simulation, 1500))
            await until_followed(node, simulation, speed)
            node.send(changed(simulation, -7))
            await speed.until(-7.0)
            await temperature.until(61.5)
        await speed.until(None, OUT_OF_REACH)
        await temperature.until(None, OUT_OF_REACH)
        simulation.bd_seq += 1
        with on_broker(port, simulation.will()) as node:
            node.send(*reborn(simulation), changed(simulation, 1400))
            await speed.until(1400.0)
            await temperature.until(61.5)
        await speed.until(None, OUT_OF_REACH)
    assert (await speed.history())[-5:] == [-7.0, None, -7.0, 1400.0, None]


async def until_followed(node: NodeClient, simulation: SimulatedNode, speed: Stored) -> None:
    """Send changes until one of them is stored: the edge may still be connecting."""
    for _ in range(20):
        node.send(changed(simulation, 1500))
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await speed.until(1500.0)
                return
    raise AssertionError("the node is not followed")
