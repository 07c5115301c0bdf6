"""An edge node that we did not write, npm's sparkplug-client, over Mosquitto and our own broker."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource
from edge.reading import Quality, Reason, quality_code
from oilcan.engines.nats_server import NatsEngine
from tests.acceptance.npm_peer import installed, running
from tests.acceptance.peer_process import Peer
from tests.edge.conftest import collecting as collecting
from tests.edge.conftest import memory as memory
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import connected, eventually
from tests.edge.mqtt.mosquitto import mosquitto

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

OUT_OF_REACH = quality_code(Quality.BAD, Reason.COMMUNICATION)
NUMBERS = {
    "int8": -(2.0**7),
    "int16": -(2.0**15),
    "int32": -(2.0**31),
    "int64": -(2.0**53) + 1,
    "uint8": 2.0**8 - 1,
    "uint16": 2.0**16 - 1,
    "uint32": 2.0**32 - 1,
    "uint64": 2.0**53 - 1,
    "float": 1.5,
    "double": -0.1,
    "boolean": 1.0,
}


@pytest.fixture(scope="session")
def library() -> Path:
    return installed("sparkplug")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with mosquitto(tmp_path / "broker") as port:
        yield port


def host(port: int, **more: Any) -> MqttCollector:
    topic = {"payload": "sparkplug_b", "host_id": "oilcan", "reorder_timeout": "200ms"}
    fields = {"type": "mqtt", "name": "line", "topics": [topic], **more}
    return MqttCollector(
        MqttSource.model_validate({**fields, "connect": f"mqtt://127.0.0.1:{port}"})
    )


def node(port: int, **more: Any) -> dict[str, Any]:
    url = f"tcp://127.0.0.1:{port}"
    return {"url": url, "group": "Plant1", "node": "Line1", "device": "P-101", **more}


async def tell(peer: Peer, command: str, **given: Any) -> None:
    await asyncio.to_thread(peer.tell, command, **given)


def last(memory: Memory) -> dict[str, tuple[float, int]]:
    """Value and quality of each point's last reading."""
    return {tag.partition(".")[2]: (value, quality) for tag, _, value, quality in memory.rows}


def good(memory: Memory, **changed: float) -> bool:
    return last(memory) == {name: (value, 0) for name, value in {**NUMBERS, **changed}.items()}


def lost(memory: Memory) -> bool:
    found = last(memory)
    return len(found) == len(NUMBERS) and {q for _, q in found.values()} == {OUT_OF_REACH}


@pytest.mark.parametrize("compress", [None, "DEFLATE", "GZIP"])
async def test_every_type_is_read_right_in_births_and_by_alias(
    library: Path, port: int, memory: Memory, collecting: Collecting, compress: str | None
) -> None:
    collector = host(port)
    async with collecting(collector, memory):
        await connected(collector)
        with running("sparkplug", library, **node(port, compress=compress)) as peer:
            await memory.until(good)
            for name, value in {"int8": 7, "uint64": 12, "double": 2.5, "boolean": False}.items():
                await tell(peer, "change", name=name, value=value)
            changed = {"int8": 7.0, "uint64": 12.0, "double": 2.5, "boolean": 0.0}
            await memory.until(lambda m: good(m, **changed))
    assert collector.health().rejected == 0


async def test_a_killed_node_is_out_of_reach_until_it_is_born_again(
    library: Path, port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = host(port)
    async with collecting(collector, memory):
        await connected(collector)
        with running("sparkplug", library, **node(port)):
            await memory.until(good)
        await memory.until(lost)
        assert collector.health().lost_devices == {"Plant1/Line1"}
        with running("sparkplug", library, **node(port)) as peer:
            await memory.until(good)
            await tell(peer, "leave")
            await memory.until(lost)
            await eventually(lambda: collector.health().lost_devices == set())


async def test_a_node_that_was_there_before_us_and_one_that_lost_a_message_are_born_again(
    library: Path, port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = host(port)
    with running("sparkplug", library, **node(port)) as peer:
        async with collecting(collector, memory):
            await connected(collector)
            # Nobody told us what this alias means, so the node is asked.
            await tell(peer, "change", name="int8", value=1)
            await memory.until(lambda m: good(m, int8=1.0))
            await tell(peer, "lose")
            await tell(peer, "change", name="int8", value=2)
            await memory.until(lambda m: good(m, int8=2.0))
    assert collector.health().counts["sparkplug_gaps_total"] == 1


@pytest.mark.parametrize("login", [None, ("device", "")], ids=["none", "device"])
async def test_the_embedded_broker_lets_a_node_in_without_a_login_and_as_device(
    library: Path,
    log_engine: NatsEngine,
    memory: Memory,
    collecting: Collecting,
    login: tuple[str, str] | None,
) -> None:
    port = log_engine.mqtt_port
    collector = host(port, user="oilcan", password=log_engine.password)
    async with collecting(collector, memory):
        await connected(collector)
        with running("sparkplug", library, **node(port, login=login)):
            await memory.until(good)
        await memory.until(lost)
