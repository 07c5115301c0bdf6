"""An edge node that we did not write, PyPI's pysparkplug, over Mosquitto: all its types and messages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.clock import now_us
from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource
from edge.reading import Quality, Reason, quality_code
from tests.acceptance.peer_process import Peer
from tests.acceptance.python_peer import installed, running
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
OTHERS = 19
"""Its types that are no numbers: times, texts, bytes, files and arrays."""


@pytest.fixture(scope="session")
def library() -> Path:
    return installed("pysparkplug")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with mosquitto(tmp_path / "broker") as port:
        yield port


def host(port: int) -> MqttCollector:
    topic = {"payload": "sparkplug_b", "host_id": "oilcan", "reorder_timeout": "200ms"}
    source = {"type": "mqtt", "name": "line", "connect": f"mqtt://127.0.0.1:{port}"}
    return MqttCollector(MqttSource.model_validate({**source, "topics": [topic]}))


def node(port: int) -> dict[str, Any]:
    return {"port": port, "group": "Plant1", "node": "Line1", "device": "P-101"}


async def tell(peer: Peer, command: str, **given: Any) -> None:
    await asyncio.to_thread(peer.tell, command, **given)


def last(memory: Memory, asset: str = "P-101") -> dict[str, tuple[float, int]]:
    """Value and quality of the last reading of each point of an asset."""
    return {
        tag.removeprefix(f"{asset}."): (value, quality)
        for tag, _, value, quality in memory.rows
        if tag.startswith(f"{asset}.")
    }


def good(memory: Memory, load: float = 0.5, **changed: float) -> bool:
    numbers = {name: (value, 0) for name, value in {**NUMBERS, **changed}.items()}
    return last(memory) == numbers and last(memory, "Line1") == {"load": (load, 0)}


def lost(memory: Memory) -> bool:
    found = last(memory)
    return len(found) == len(NUMBERS) and {q for _, q in found.values()} == {OUT_OF_REACH}


async def test_every_type_comes_out_right_of_births_and_of_data_by_name_and_by_alias(
    library: Path, port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = host(port)
    async with collecting(collector, memory):
        await connected(collector)
        with running("pysparkplug", library, **node(port)) as peer:
            await memory.until(good)
            assert collector.health().counts["sparkplug_skipped_total"] == OTHERS
            await tell(peer, "load", value=0.75)
            for name, value in {"int8": -1, "uint64": 12}.items():
                await tell(peer, "change", name=name, value=value)
            for name, value in {"int64": -5, "double": 2.5, "boolean": False}.items():
                await tell(peer, "change_by_alias", name=name, value=value)
            changed = {"int8": -1.0, "uint64": 12.0, "int64": -5.0, "double": 2.5, "boolean": 0.0}
            await memory.until(lambda m: good(m, load=0.75, **changed))
            await tell(peer, "change_by_alias", name="string", value="on")
            await eventually(
                lambda: collector.health().counts["sparkplug_skipped_total"] == OTHERS + 1
            )
    assert collector.health().rejected == 0
    assert collector.health().counts["sparkplug_gaps_total"] == 0
    assert all(abs(ts - now_us()) < 3_600_000_000 for _, ts, _, _ in memory.rows)


async def test_a_device_that_leaves_and_a_node_that_is_killed_are_out_of_reach(
    library: Path, port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = host(port)
    async with collecting(collector, memory):
        await connected(collector)
        with running("pysparkplug", library, **node(port)) as peer:
            await memory.until(good)
            await tell(peer, "leave")
            await memory.until(lost)
            assert last(memory, "Line1") == {"load": (0.5, 0)}
        await memory.until(lambda m: last(m, "Line1")["load"][1] == OUT_OF_REACH)
        assert collector.health().lost_devices == {"Plant1/Line1"}


async def test_a_node_is_asked_for_its_births_when_we_come_later_and_when_a_message_is_lost(
    library: Path, port: int, memory: Memory, collecting: Collecting
) -> None:
    collector = host(port)
    with running("pysparkplug", library, **node(port)) as peer:
        async with collecting(collector, memory):
            await connected(collector)
            await tell(peer, "change_by_alias", name="int8", value=1)
            await memory.until(lambda m: good(m, int8=1.0))
            await tell(peer, "lose")
            await tell(peer, "change_by_alias", name="int8", value=2)
            await memory.until(lambda m: good(m, int8=2.0))
    counts = collector.health().counts
    assert counts["sparkplug_gaps_total"] == 1
    assert counts["sparkplug_rebirth_requests_total"] >= 1
