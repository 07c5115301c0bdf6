"""An MQTT source and a device that publishes to it, for the tests of collectors."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.collector import Collector
from edge.health import State
from edge.mqtt.source import MqttSource
from oilcan.engines.nats_server import NatsEngine

TOPICS = [
    {"filter": "plant/{asset}/{point}", "payload": "plain"},
    {"filter": "line/C-1", "payload": "json", "tag": "C-1.speed", "value": "$.speed"},
    {"filter": "plant/{asset}/alarm/{code}", "payload": "alarm"},
]


def source(engine: NatsEngine, **more: Any) -> MqttSource:
    return MqttSource.model_validate(
        {
            "type": "mqtt",
            "name": "line",
            "connect": f"mqtt://127.0.0.1:{engine.mqtt_port}",
            "user": "oilcan",
            "password": engine.password,
            "topics": TOPICS,
            **more,
        }
    )


@contextmanager
def device(engine: NatsEngine) -> Iterator[paho.Client]:
    """A device that publishes without a login."""
    with client_of(engine.mqtt_port, "device") as client:
        yield client


@contextmanager
def client_of(port: int, name: str) -> Iterator[paho.Client]:
    """A client of a broker on this machine."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


async def publish(client: paho.Client, topic: str, *payloads: Any, retain: bool = False) -> None:
    """Publish and wait for the broker's acknowledgement."""
    for payload in payloads:
        data = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        information = client.publish(topic, data, qos=1, retain=retain)
        await asyncio.to_thread(information.wait_for_publish, 10)
        assert information.is_published()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def connected(collector: Collector) -> None:
    await eventually(lambda: collector.health().state is State.CONNECTED)
