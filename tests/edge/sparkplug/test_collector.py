"""The MQTT collector as a host: edge nodes on the embedded broker, their deaths, its own state."""

import asyncio
import json
import math
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.health import State
from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.conftest import running
from tests.edge.memory import Collecting, Memory
from tests.edge.sparkplug.edge_node import Sent, SimulatedNode, pump_line
from tests.edge.sparkplug.listening import OUT_OF_REACH
from tests.edge.sparkplug.node_client import on_broker

SESSION = Path(__file__).parent / "cases" / "pysparkplug-session.json"
SPEED = "P-101.speed"
STATE = "spBv1.0/STATE/oilcan"


def described(engine: NatsEngine, *, clock_behind: str = "1h", **topic: Any) -> dict[str, Any]:
    return {
        "type": "mqtt",
        "name": "line",
        "connect": f"mqtt://127.0.0.1:{engine.mqtt_port}",
        "user": "oilcan",
        "password": engine.password,
        "clock_behind": clock_behind,
        "topics": [{"payload": "sparkplug_b", "reorder_timeout": "200ms", **topic}],
    }


def source(engine: NatsEngine, **more: Any) -> MqttSource:
    return MqttSource.model_validate(described(engine, **more))


async def until_connected(collector: MqttCollector) -> None:
    async with asyncio.timeout(10):
        while collector.health().state is not State.CONNECTED:  # noqa: ASYNC110 - told to nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def following(
    source: MqttSource, memory: Memory, collecting: Collecting
) -> AsyncIterator[MqttCollector]:
    """A collector that is connected, until the end of the block."""
    collector = MqttCollector(source)
    async with collecting(collector, memory):
        await until_connected(collector)
        yield collector


def simulated() -> SimulatedNode:
    """A node whose clock is right."""
    return pump_line(now_ms=time.time_ns() // 1_000_000)


def latest(memory: Memory, tag: str) -> float | None:
    """The value at the point's latest time; None where it is out of reach."""
    rows = memory.of(tag)
    if not rows:
        return None
    _, _, value, quality = max(rows, key=lambda row: row[1])
    return None if quality == OUT_OF_REACH else value


def recorded() -> list[Sent]:
    """What a node of another library published, in order."""
    document = json.loads(SESSION.read_text("utf-8"))
    return [(each["topic"], bytes.fromhex(each["payload"])) for each in document["messages"]]


def changed(simulation: SimulatedNode, value: int) -> Sent:
    simulation.now_ms += 1
    return simulation.data("P-101", "speed", value)


def reborn(simulation: SimulatedNode) -> list[Sent]:
    simulation.now_ms += 1
    return simulation.births()


async def test_the_session_of_another_library_is_followed_from_birth_to_death_and_again(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    sent = recorded()
    death = next(index for index, (topic, _) in enumerate(sent) if "/NDEATH/" in topic)
    async with following(source(log_engine, clock_behind="36500d"), memory, collecting):
        with on_broker(log_engine.mqtt_port, sent[death]) as node:
            node.send(*sent[:death])
            await memory.until(lambda m: m.values(SPEED)[2:] == [-7.0])
        await memory.until(lambda m: len(m.of(SPEED)) == 4)
        assert memory.values("P-101.Bearing_DE_Temperature")[:2] == [61.5, 62.25]
        assert memory.values("P-101.running")[:1] == [1.0]
        assert {row[3] for row in memory.rows[-4:]} == {OUT_OF_REACH}
        assert {row[0] for row in memory.rows[-4:]} == {row[0] for row in memory.rows}
        with on_broker(log_engine.mqtt_port, sent[death]) as node:
            node.send(*sent[death + 1 : death + 4])
            await memory.until(lambda m: m.values(SPEED)[4:] == [1450.0, 5.0])


async def test_a_node_that_was_there_before_us_is_born_again_and_its_aliases_are_known(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    simulation = simulated()
    with on_broker(log_engine.mqtt_port, simulation.will()) as node:
        node.answer = simulation.births
        node.send(*simulation.births())
        await asyncio.sleep(0.3)
        async with following(source(log_engine), memory, collecting):
            node.send(changed(simulation, 7))
            await memory.until(lambda m: latest(m, SPEED) == 7.0)
            assert node.asked == 1
            node.send(changed(simulation, -8))
            await memory.until(lambda m: latest(m, SPEED) == -8.0)


async def test_a_lost_message_leads_to_a_rebirth_and_loses_nothing_else(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    simulation = simulated()
    async with following(source(log_engine), memory, collecting) as collector:
        with on_broker(log_engine.mqtt_port, simulation.will()) as node:
            node.answer = lambda: reborn(simulation)
            node.send(*simulation.births())
            simulation.data("P-101", "speed", 1)
            node.send(*(changed(simulation, value) for value in (2, 3, 4)))
            await memory.until(lambda m: latest(m, SPEED) == 4.0)
            assert {2.0, 3.0, 4.0} <= set(memory.values(SPEED))
            assert node.asked == 1
            await asyncio.sleep(0.1)
            assert collector.health().part().metrics["sparkplug_unresolved_total"] == 0


async def test_a_vanished_node_is_out_of_reach_and_shows_in_the_source_s_health(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    simulation = simulated()
    async with following(source(log_engine), memory, collecting) as collector:
        with on_broker(log_engine.mqtt_port, simulation.will()) as node:
            node.send(*simulation.births())
            await memory.until(lambda m: len(m.rows) == 3)
        await memory.until(lambda m: len(m.rows) == 6)
        assert all(math.isnan(row[2]) for row in memory.rows[3:])
        assert "Plant1/Line1" in collector.health().part().message
        simulation.bd_seq += 1
        with on_broker(log_engine.mqtt_port, simulation.will()) as node:
            node.send(*simulation.births())
            await memory.until(lambda m: latest(m, SPEED) == 1450.0)
            assert collector.health().part().message == ""


async def test_a_broker_that_ends_makes_points_bad_and_its_return_makes_them_good(
    tmp_path: Path, memory: Memory, collecting: Collecting
) -> None:
    engine = NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=free_port())
    simulation = simulated()
    collector = MqttCollector(source(engine))
    async with collecting(collector, memory):
        with running(engine):
            await until_connected(collector)
            with on_broker(engine.mqtt_port, simulation.will()) as node:
                node.send(*simulation.births())
                await memory.until(lambda m: len(m.rows) == 3)
        await memory.until(lambda m: latest(m, SPEED) is None)
        with running(engine), on_broker(engine.mqtt_port, simulation.will()) as node:
            node.answer = simulation.births
            await memory.until(lambda m: latest(m, SPEED) == 1450.0, timeout=30)


@contextmanager
def watching(engine: NatsEngine) -> Iterator[tuple[paho.Client, list[bytes]]]:
    """A client that sees our state, and what it saw."""
    seen: list[bytes] = []
    ready = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="watcher")
    client.on_message = lambda _client, _data, message: seen.append(message.payload)
    client.on_subscribe = lambda *_: ready.set()
    client.on_connect = lambda connected, *_: connected.subscribe(STATE, 1)
    client.connect("127.0.0.1", engine.mqtt_port)
    client.loop_start()
    assert ready.wait(10)
    try:
        yield client, seen
    finally:
        client.disconnect()
        client.loop_stop()


async def until_said(seen: list[bytes], *, online: list[bool]) -> None:
    async with asyncio.timeout(10):
        while [json.loads(each)["online"] for each in seen] != online:  # noqa: ASYNC110 - a thread
            await asyncio.sleep(0.01)


async def test_our_state_is_published_and_taken_back_when_we_leave(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    with watching(log_engine) as (_, seen):
        async with following(source(log_engine, host_id="oilcan"), memory, collecting):
            await until_said(seen, online=[True])
            with watching(log_engine) as (_, retained):
                await until_said(retained, online=[True])
        await until_said(seen, online=[True, False])


async def test_whoever_says_that_we_are_away_is_contradicted(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    only = {"filter": "spBv1.0/Plant1/#", "host_id": "oilcan"}
    with watching(log_engine) as (client, seen):
        async with following(source(log_engine, **only), memory, collecting):
            await until_said(seen, online=[True])
            client.publish(STATE, json.dumps({"online": False, "timestamp": 1}), qos=1, retain=True)
            await until_said(seen, online=[True, False, True])
            assert seen[0] == seen[2]


_HOST = """
import asyncio, sys
from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource
from tests.edge.memory import Memory

async def main():
    await MqttCollector(MqttSource.model_validate_json(sys.argv[1])).run(Memory())

asyncio.run(main())
"""


async def test_a_killed_host_is_said_to_be_offline_by_the_broker(log_engine: NatsEngine) -> None:
    given = json.dumps(described(log_engine, host_id="oilcan"))
    with watching(log_engine) as (_, seen):
        host = await asyncio.create_subprocess_exec(sys.executable, "-c", _HOST, given)
        await until_said(seen, online=[True])
        host.kill()
        await host.wait()
        await until_said(seen, online=[True, False])
    assert json.loads(seen[0])["timestamp"] == json.loads(seen[1])["timestamp"]
