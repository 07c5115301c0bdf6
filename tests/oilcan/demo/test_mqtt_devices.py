"""The conveyor's devices on the embedded broker."""

import asyncio
import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from oilcan.demo.mqtt_devices import BELT_TOPIC, DRIVE_TOPIC, ConveyorDevices, run_conveyor
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port

VALUES = {"belt_speed": 1.553, "motor_current": 14.1, "load": 226.5}
TS = 1_760_000_000_123_456

Messages = queue.Queue[MQTTMessage]


@contextmanager
def watching(port: int) -> Iterator[Messages]:
    """Everything that is published below `plant/`, once the subscription stands."""
    messages: Messages = queue.Queue()
    subscribed: queue.Queue[bool] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, client_id="watcher", protocol=MQTTv311)
    client.on_message = lambda _client, _data, message: messages.put(message)
    client.on_subscribe = lambda *_: subscribed.put(True)
    client.connect("127.0.0.1", port)
    client.subscribe("plant/#", qos=1)
    client.loop_start()
    assert subscribed.get(timeout=5)
    try:
        yield messages
    finally:
        client.disconnect()
        client.loop_stop()


async def connected(devices: ConveyorDevices) -> None:
    async with asyncio.timeout(10):
        while not devices.connected:  # noqa: ASYNC110 - the state is another thread's
            await asyncio.sleep(0.02)


@pytest.fixture
def published(log_engine: NatsEngine) -> dict[str, bytes]:
    """Payloads of one publication, by topic."""
    with watching(log_engine.mqtt_port) as messages, run_conveyor(log_engine.mqtt_port) as devices:
        devices.publish(VALUES, TS)
        received = [messages.get(timeout=10) for _ in range(2)]
    assert {message.qos for message in received} == {1}
    return {message.topic: message.payload for message in received}


def test_belt_speed_is_a_plain_number(published: dict[str, bytes]) -> None:
    assert published[BELT_TOPIC] == b"1.553"


def test_the_drive_sends_json_with_its_time(published: dict[str, bytes]) -> None:
    assert json.loads(published[DRIVE_TOPIC]) == {
        "time": TS // 1000,
        "motor": {"current": 14.1},
        "scale": {"load": 226.5},
    }


async def test_devices_wait_for_a_broker_that_starts_later(tmp_path: Path) -> None:
    from tests.conftest import running

    engine = NatsEngine(tmp_path, port=free_port(), mqtt_port=free_port())
    with run_conveyor(engine.mqtt_port) as devices:
        devices.publish(VALUES, TS)
        with running(engine):
            await connected(devices)
            assert devices.connected
