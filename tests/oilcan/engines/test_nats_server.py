"""The embedded NATS server: what devices may do there, and how it keeps its secrets."""

import asyncio
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from nats.aio.client import Client

from config.log import STREAM, BatchId, Kind, publish
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port

_WAIT_S = 5.0
# No log record reaches a device in this time; a plain message takes a hundredth of it.
_SILENCE_S = 0.3


@contextmanager
def connected(
    engine: NatsEngine, name: str, **callbacks: Callable[..., None]
) -> Iterator[mqtt.Client]:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
    for callback, function in callbacks.items():
        setattr(client, callback, function)
    client.connect("127.0.0.1", engine.mqtt_port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


async def records(client: Client) -> int:
    return (await client.jsm().stream_info(STREAM)).state.messages


@pytest.mark.parametrize("qos", [0, 1])
async def test_device_cannot_forge_a_record_of_the_log(
    log_engine: NatsEngine, log_client: Client, qos: int
):
    with connected(log_engine, "forger") as device:
        device.publish("oilcan/readings/0/edge", b"forged", qos=qos)
        await asyncio.sleep(_SILENCE_S)
    assert await records(log_client) == 0


async def test_device_reads_neither_the_log_nor_its_answers(
    log_engine: NatsEngine, log_client: Client
):
    heard: list[str] = []
    js = log_client.jetstream()
    with connected(log_engine, "spy", on_message=lambda *a: heard.append(a[2].topic)) as device:
        device.subscribe([("oilcan/#", 0), ("_INBOX/#", 0), ("#", 0)])
        await asyncio.sleep(_SILENCE_S)
        await publish(js, Kind.READINGS, 0, BatchId("edge", "s", 1), b"secret")
        await log_client.publish("plant.P-101.speed", b"1")
        await log_client.flush()
        await asyncio.sleep(_SILENCE_S)
    assert set(heard) == {"plant/P-101/speed"}


async def test_device_reaches_other_devices(log_engine: NatsEngine):
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()

    def receive(*_: object) -> None:
        loop.call_soon_threadsafe(heard.set)

    def subscribe(client: mqtt.Client, *_: object) -> None:
        client.subscribe("plant/#", qos=1)

    def tell(client: mqtt.Client, *_: object) -> None:
        client.publish("plant/P-101/speed", b"1480", qos=1)

    with connected(
        log_engine, "reader", on_connect=subscribe, on_message=receive, on_subscribe=tell
    ):
        await asyncio.wait_for(heard.wait(), _WAIT_S)


def test_log_is_closed_to_those_without_a_password(log_engine: NatsEngine):
    with socket.create_connection(("127.0.0.1", log_engine.port), timeout=_WAIT_S) as connection:
        connection.sendall(b"CONNECT {}\r\nPING\r\n")
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    assert b"Authorization Violation" in answer


def test_password_is_made_once_and_kept_for_the_owner_alone(tmp_path: Path):
    first = NatsEngine(tmp_path, port=1, mqtt_port=2)
    again = NatsEngine(tmp_path, port=3, mqtt_port=4)
    assert first.password == again.password
    assert stat.S_IMODE((tmp_path / "log.password").stat().st_mode) == 0o600


def test_configuration_with_the_password_is_for_the_owner_alone(tmp_path: Path):
    NatsEngine(tmp_path, port=1, mqtt_port=2).prepare()
    assert stat.S_IMODE((tmp_path / "nats.conf").stat().st_mode) == 0o600


def test_it_is_not_ready_where_nobody_listens(tmp_path: Path):
    assert not NatsEngine(tmp_path, port=free_port(), mqtt_port=free_port()).ready()
