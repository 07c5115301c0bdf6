"""MQTT messages of quality of service 1, acknowledged after the log's fsync, with one collector.

The broker holds the messages for our session before the clock starts, so that no publisher is
measured. Beside it a bare paho client that acknowledges at once and stores nothing: what the
library can do on the same broker.

Needs `mosquitto` (tests/debian.sh). `--profile` prints where the collector spends its time.
"""

import argparse
import asyncio
import cProfile
import pstats
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.engines import log_in, running, temporary_home
from bench.harness import Figure, in_turn, publish, table
from config.log import close_log, connect_log, ensure_stream
from edge.collector import Sink
from edge.health import State
from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource
from edge.publisher import Publisher
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected
from oilcan.engines.nats_server import NatsEngine
from tests.edge.mqtt.mosquitto import mosquitto

_TOPICS = 500
_NOTE = """\
Small messages of one number each, over 500 topics, which the broker holds before the clock starts;
medians of {runs} runs, turn by turn. The ratio is that to paho alone, which acknowledges at once
and stores nothing. The bar is 15,000 messages/s over Mosquitto."""
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker listens, and how to log in."""

    name: str
    port: int
    version: int | str
    user: str | None = None
    password: str | None = None


class Counting:
    """A sink in front of the log's that tells when so many readings are on disk."""

    def __init__(self, sink: Sink, wanted: int) -> None:
        self._sink = sink
        self._missing = wanted
        self.batches = 0
        self.done = asyncio.Event()

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        await self._sink.put(readings, alarms)
        self._missing -= len(readings)
        self.batches += 1
        if self._missing <= 0:
            self.done.set()

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        await self._sink.set_aside(rejected)


def source(broker: Broker) -> MqttSource:
    fields = {
        "type": "mqtt",
        "name": "bench",
        "connect": f"mqtt://127.0.0.1:{broker.port}",
        "version": broker.version,
        "user": broker.user,
        "password": broker.password,
        "topics": [{"filter": "plant/{asset}/{point}", "payload": "plain"}],
    }
    return MqttSource.model_validate(fields)


def fill(broker: Broker, messages: int, root: str = "plant") -> None:
    """Publish numbered messages below `root` and wait until the broker has all of them."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    client.max_inflight_messages_set(2_000)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = [client.publish(f"{root}/P-{n % _TOPICS}/load", str(n), qos=1) for n in range(messages)]
    for each in sent:
        each.wait_for_publish(_PATIENCE_S)
    client.disconnect()
    client.loop_stop()


async def subscribe(broker: Broker) -> None:
    """Have the broker keep messages for the collector's session."""
    collector = MqttCollector(source(broker))
    task = asyncio.create_task(collector.run(Counting(Nothing(), 1)))
    async with asyncio.timeout(_PATIENCE_S):
        while collector.health().state is not State.CONNECTED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Nothing:
    """Takes everything and keeps nothing."""

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        pass

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        pass


async def collect(broker: Broker, engine: NatsEngine, messages: int) -> tuple[float, int]:
    """Seconds until every message is on the log's disk, and the batches that it took."""
    client = await connect_log(engine.url, name="bench")
    await ensure_stream(client, max_bytes=2 * 1024**3)
    publisher = Publisher(client, edge="bench", session=str(time.monotonic_ns()))
    sink = Counting(publisher, messages)
    began = time.perf_counter()
    # As the edge has it: what may come again is written down before the log can have it.
    receipts = engine.home / "receipts" / f"{broker.version}-{broker.port}.slots"
    collector = MqttCollector(source(broker), receipts=receipts)
    tasks = [asyncio.create_task(publisher.run()), asyncio.create_task(collector.run(sink))]
    async with asyncio.timeout(_PATIENCE_S):
        await sink.done.wait()
    taken = time.perf_counter() - began
    # The last acknowledgements are on their way.
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await close_log(client)
    return taken, sink.batches


def bare(broker: Broker, messages: int) -> float:
    """Seconds in which a client that does nothing but count takes the messages."""
    five = broker.version == 5
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id="bare",
        clean_session=None if five else False,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
    )
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    options: dict[str, object] = {}
    if five:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 600
        properties.ReceiveMaximum = 2_000
        options = {"clean_start": False, "properties": properties}
    count, done, ready = 0, threading.Event(), threading.Event()

    def on_message(*_: object) -> None:
        nonlocal count
        count += 1
        if count == messages:
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()

    def connect() -> None:
        client.connect("127.0.0.1", broker.port, **options)
        client.loop_start()

    connect()
    # Topics of its own, or each session would get the messages of the other too.
    client.subscribe("bare/+/+", qos=1)
    assert ready.wait(_PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    fill(broker, messages, "bare")
    began = time.perf_counter()
    connect()
    assert done.wait(_PATIENCE_S)
    taken = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return taken


def measure(broker: Broker, engine: NatsEngine, messages: int, runs: int) -> list[Figure]:
    """Collector and bare client, turn by turn."""
    asyncio.run(subscribe(broker))

    def ours() -> float:
        fill(broker, messages)
        taken, batches = asyncio.run(collect(broker, engine, messages))
        print(f"{broker.name}: {messages / taken:,.0f} messages/s in {batches} batches")
        return taken

    subjects = [
        ("one collector, acknowledged after fsync", ours),
        ("paho alone, acknowledged at once, nothing stored", lambda: bare(broker, messages)),
    ]
    return in_turn(runs, messages, subjects)


def lines(broker: Broker, figures: Sequence[Figure]) -> list[list[str]]:
    """The rows of the table; a rate is the median of the runs, the ratio is that to the last."""
    return [
        [
            broker.name,
            figure.name,
            f"{figure.amount:,.0f}",
            f"{figure.rate:,.0f}",
            f"{figure.spread:.2f}",
            f"{figure.rate / figures[-1].rate:.2f}",
        ]
        for figure in figures
    ]


def profiled(broker: Broker, engine: NatsEngine, messages: int) -> None:
    """Print where the event loop spends its time: all of the collector runs there."""
    asyncio.run(subscribe(broker))
    fill(broker, messages)
    profile = cProfile.Profile()
    profile.runcall(lambda: asyncio.run(collect(broker, engine, messages)))
    print(f"== {broker.name}")
    pstats.Stats(profile).sort_stats("tottime").print_stats(20)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=50_000, help="over Mosquitto")
    arguments.add_argument("--embedded", type=int, default=10_000, help="over the embedded broker")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--profile", action="store_true")
    given = arguments.parse_args()
    rows: list[list[str]] = []
    with (
        temporary_home() as home,
        running(engine := log_in(home)),
        mosquitto(home / "broker", "max_inflight_messages 2000") as port,
    ):
        login = engine.mqtt_port, "3.1.1", "oilcan", engine.password
        brokers = [
            (Broker("Mosquitto, version 5", port, 5), given.messages),
            (Broker("Mosquitto, version 3.1.1", port, "3.1.1"), given.messages),
            (Broker("embedded, version 3.1.1", *login), given.embedded),
        ]
        for broker, messages in brokers:
            if given.profile:
                profiled(broker, engine, messages)
            else:
                rows += lines(broker, measure(broker, engine, messages, given.runs))
    if rows:
        head = ["broker", "who takes them", "messages", "messages/s", "slowest/fastest", "ratio"]
        text = table(head, rows)
        print(text)
        publish("mqtt", "python -m bench.mqtt", f"{_NOTE.format(runs=given.runs)}\n\n{text}")


if __name__ == "__main__":
    main()
