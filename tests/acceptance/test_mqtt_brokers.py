"""The MQTT collector against Mosquitto: both versions, TLS, shared subscriptions, its session."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.errors import SourceLost, SourceRefused
from edge.mqtt.collector import MqttCollector
from edge.mqtt.inbox import Delivery, Inbox
from edge.mqtt.source import MqttSource
from oilcan.engines.process import free_port
from tests.edge.conftest import collecting as collecting
from tests.edge.conftest import memory as memory
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import connected, eventually
from tests.edge.mqtt.mosquitto import Authority, mosquitto

VERSIONS = ["3.1.1", 5]
PLAIN = {"filter": "plant/{asset}/{point}", "payload": "plain"}


def source(port: int, *, scheme: str = "mqtt", **more: Any) -> MqttSource:
    fields = {"type": "mqtt", "name": "line", "topics": [PLAIN], **more}
    return MqttSource.model_validate({**fields, "connect": f"{scheme}://127.0.0.1:{port}"})


@contextmanager
def device(port: int) -> Iterator[paho.Client]:
    """A device that publishes without a login."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


async def publish(port: int, *values: int) -> None:
    """Publish numbers as a device does, and wait until the broker has them."""
    with device(port) as client:
        sent = [client.publish("plant/C-1/load", str(value), qos=1) for value in values]
        for each in sent:
            await asyncio.to_thread(each.wait_for_publish, 20)


@pytest.fixture
def plain_port(tmp_path: Path) -> Iterator[int]:
    with mosquitto(tmp_path / "broker") as port:
        yield port


@pytest.mark.parametrize("version", VERSIONS)
async def test_readings_arrive_also_those_of_the_time_away(
    plain_port: int, memory: Memory, collecting: Collecting, version: object
) -> None:
    first, second = (MqttCollector(source(plain_port, version=version)) for _ in range(2))
    async with collecting(first, memory):
        await connected(first)
        await publish(plain_port, *range(10))
        await memory.until(lambda m: len(m.rows) == 10)
    await publish(plain_port, *range(10, 20))
    async with collecting(second, memory):
        await memory.until(lambda m: len(m.rows) == 20)
    assert memory.values("C-1.load") == [float(n) for n in range(20)]


async def test_a_session_that_expires_is_not_kept(
    plain_port: int, memory: Memory, collecting: Collecting
) -> None:
    short = source(plain_port, version=5, session_expiry="10ms")
    first, second = MqttCollector(short), MqttCollector(short)
    async with collecting(first, memory):
        await connected(first)
    await publish(plain_port, 1)
    async with collecting(second, memory):
        await connected(second)
        await publish(plain_port, 2)
        await memory.until(lambda m: len(m.rows) == 1)
    assert memory.values("C-1.load") == [2.0]


async def test_the_receive_maximum_lets_that_many_come_unacknowledged(
    plain_port: int, memory: Memory, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[Delivery] = []
    add = Inbox.add

    def note(inbox: Inbox, deliveries: Sequence[Delivery]) -> None:
        came.extend(deliveries)
        add(inbox, deliveries)

    monkeypatch.setattr(Inbox, "add", note)
    collector = MqttCollector(source(plain_port, version=5, receive_maximum=1_000))
    async with collecting(collector, memory):
        await connected(collector)
        memory.open.clear()
        await publish(plain_port, *range(1_000))
        await eventually(lambda: len(came) >= 1_000)
        assert memory.rows == []
        memory.open.set()
        await memory.until(lambda m: len(m.rows) == 1_000)
    assert memory.values("C-1.load") == [float(n) for n in range(1_000)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_shared_group_takes_each_message_once(
    plain_port: int, collecting: Collecting, version: object
) -> None:
    topics = [{**PLAIN, "filter": "$share/oilcan/plant/{asset}/{point}"}]
    members = [
        MqttCollector(source(plain_port, version=version, client_id=f"m{n}", topics=topics))
        for n in range(2)
    ]
    one, other = Memory(), Memory()
    async with collecting(members[0], one), collecting(members[1], other):
        for member in members:
            await connected(member)
        await publish(plain_port, *range(100))
        async with asyncio.timeout(20):
            while len(one.rows) + len(other.rows) < 100:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    shares = one.values("C-1.load"), other.values("C-1.load")
    assert sorted(shares[0] + shares[1]) == [float(n) for n in range(100)]
    assert all(shares)


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_a_device_publishes_exactly_once_arrives_once(
    plain_port: int, memory: Memory, collecting: Collecting, version: object
) -> None:
    collector = MqttCollector(source(plain_port, version=version))
    async with collecting(collector, memory):
        await connected(collector)
        with device(plain_port) as client:
            sent = [client.publish("plant/C-1/load", str(value), qos=2) for value in range(20)]
            await eventually(lambda: all(each.is_published() for each in sent))
        await memory.until(lambda m: len(m.rows) == 20)
    assert memory.values("C-1.load") == [float(n) for n in range(20)]


async def test_another_client_of_our_identity_is_a_loss_and_no_defect(
    plain_port: int, memory: Memory, collecting: Collecting
) -> None:
    first = MqttCollector(source(plain_port, version=5))
    running = asyncio.create_task(first.run(memory))
    await connected(first)
    second = MqttCollector(source(plain_port, version=5))
    async with collecting(second, memory):
        with pytest.raises(SourceLost, match="connection to the broker ended"):
            await running


async def test_what_the_log_never_confirmed_comes_again_and_is_counted_so(
    plain_port: int, memory: Memory, collecting: Collecting
) -> None:
    lost = Memory()
    lost.open.clear()
    first, second = (MqttCollector(source(plain_port)) for _ in range(2))
    async with collecting(first, lost):
        await connected(first)
        await publish(plain_port, *range(5))
    async with collecting(second, memory):
        await memory.until(lambda m: len(m.rows) == 5)
        await eventually(lambda: second.health().readings == 5)
    assert memory.values("C-1.load") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert second.health().counts["redelivered_total"] > 0


async def test_a_bad_payload_is_not_acknowledged_before_it_is_kept_aside(
    plain_port: int, memory: Memory, collecting: Collecting
) -> None:
    alarms = [{"filter": "plant/{asset}/alarm/{code}", "payload": "alarm"}]
    first, second = (MqttCollector(source(plain_port, topics=alarms)) for _ in range(2))
    lost = Memory()
    lost.open.clear()
    async with collecting(first, lost):
        await connected(first)
        with device(plain_port) as client:
            client.publish("plant/C-1/alarm/HOT", "on", qos=1)
            await eventually(lambda: first.health().rejected == 1)
    async with collecting(second, memory):
        await memory.until(lambda m: len(m.rejected) == 1)
    (kept,) = memory.rejected
    assert (kept.source, kept.address, kept.payload) == ("line", "plant/C-1/alarm/HOT", b"on")
    assert kept.problem == "the payload is not JSON"


@contextmanager
def secured(tmp_path: Path, *lines: str) -> Iterator[tuple[int, int, Authority]]:
    """A broker with TLS: its port, a plain port for devices, and who issued its certificate."""
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("broker")
    port = free_port()
    listener = [
        f"listener {port} 127.0.0.1",
        f"cafile {authority.file}",
        f"certfile {certificate}",
        f"keyfile {key}",
        *lines,
    ]
    with mosquitto(tmp_path / "broker", *listener) as plain_port:
        yield port, plain_port, authority


@pytest.mark.parametrize("version", VERSIONS)
async def test_readings_arrive_over_tls(
    tmp_path: Path, memory: Memory, collecting: Collecting, version: object
) -> None:
    with secured(tmp_path) as (port, plain_port, authority):
        tls = {"ca": str(authority.file)}
        collector = MqttCollector(source(port, scheme="mqtts", tls=tls, version=version))
        async with collecting(collector, memory):
            await connected(collector)
            await publish(plain_port, 1)
            await memory.until(lambda m: len(m.rows) == 1)


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_with_a_strange_certificate_is_refused(
    tmp_path: Path, memory: Memory
) -> None:
    other = Authority(tmp_path, "other")
    with secured(tmp_path) as (port, _, _):
        for more in ({}, {"tls": {"ca": str(other.file)}}):
            with pytest.raises(SourceRefused, match="certificate verify failed"):
                await MqttCollector(source(port, scheme="mqtts", **more)).run(memory)


async def test_a_client_certificate_lets_us_in(
    tmp_path: Path, memory: Memory, collecting: Collecting
) -> None:
    with secured(tmp_path, "require_certificate true") as (port, plain_port, authority):
        ours, key = authority.issue("edge")
        tls = {"ca": str(authority.file), "certificate": str(ours), "key": str(key)}
        collector = MqttCollector(source(port, scheme="mqtts", tls=tls))
        async with collecting(collector, memory):
            await connected(collector)
            await publish(plain_port, 1)
            await memory.until(lambda m: len(m.rows) == 1)
        stranger = MqttCollector(source(port, scheme="mqtts", tls={"ca": str(authority.file)}))
        with pytest.raises(SourceLost):
            await stranger.run(memory)


async def test_a_certificate_that_is_not_there_is_told(tmp_path: Path, memory: Memory) -> None:
    tls = {"ca": str(tmp_path / "none.pem")}
    with pytest.raises(SourceRefused, match=r"none\.pem"):
        await MqttCollector(source(1, scheme="mqtts", tls=tls)).run(memory)
