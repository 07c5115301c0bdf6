"""What devices publish to the embedded broker is taken from the log's server, each message once."""

import asyncio

import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from pydantic import ValidationError

from config.log import STREAM
from edge.errors import SourceRefused
from edge.mqtt.device_collector import DeviceCollector
from edge.mqtt.device_stream import DeviceStream
from edge.mqtt.feed import usual_heads
from edge.mqtt.payload import Message
from edge.mqtt.run import Run
from edge.mqtt.source import MqttSource
from oilcan.engines.nats_server import NatsEngine
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import connected, device, eventually, publish

OWN = "DEVICES_oilcan-fast"
FIELDS = {
    "type": "mqtt",
    "name": "fast",
    "connect": "embedded",
    "qos": 0,
    "topics": [{"filter": "plant/{asset}/{point}", "payload": "plain"}],
}


def collector(engine: NatsEngine) -> DeviceCollector:
    return DeviceCollector(MqttSource.model_validate(FIELDS), log_url=engine.url)


async def until_kept(client: Client, messages: int) -> None:
    """Wait until the devices' stream holds so many messages."""
    async with asyncio.timeout(30):
        while (await client.jsm().stream_info(OWN)).state.messages != messages:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_readings_arrive_with_the_time_that_the_server_took_them(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    async with collecting(one := collector(log_engine), memory):
        await connected(one)
        with device(log_engine) as client:
            client.publish("plant/C-1/load", "1.5", qos=0)
            await publish(client, "plant/C-1/load", "2.5", "x")
        await memory.until(lambda m: len(m.rows) == 3 and len(m.rejected) == 1)
    assert memory.values("C-1.load")[:2] == [1.5, 2.5]
    times = [row[1] for row in memory.rows]
    assert times == sorted(set(times))
    assert one.health().part().metrics["dropped_total"] == 0


async def test_what_the_log_has_is_removed_and_what_it_has_not_is_taken_again(
    log_engine: NatsEngine, log_client: Client, memory: Memory, collecting: Collecting
) -> None:
    memory.open.clear()
    async with collecting(one := collector(log_engine), memory):
        await connected(one)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", *map(str, range(100)))
        await until_kept(log_client, 100)
    # It was ended while the log took nothing.
    assert memory.rows == []
    memory.open.set()
    async with collecting(collector(log_engine), memory):
        await memory.until(lambda m: len(m.rows) == 100)
        await until_kept(log_client, 0)
    assert memory.values("C-1.load") == [float(n) for n in range(100)]


class Fed:
    """Gives messages with these sequences."""

    def __init__(self, *sequences: list[int]) -> None:
        self._lists = list(sequences)

    async def take(self, _most: int) -> Run:
        run = Run()
        for each in self._lists.pop(0):
            run.add(Message("t", b"1", 0), each)
        return run


async def test_what_the_stream_had_no_room_for_is_counted(log_client: Client) -> None:
    stream = DeviceStream(log_client, "any", Fed([7, 8], [9], [12, 14]))
    for _ in range(3):
        await stream.take(10)
    assert stream.missed == 3


async def test_many_at_once_come_in_order_and_each_once(
    log_engine: NatsEngine, log_client: Client, memory: Memory, collecting: Collecting
) -> None:
    """More than are asked for ahead; among plain numbers there are others."""
    sent = [f"{n}" if n % 7_000 else "true" if n else "x" for n in range(30_000)]
    async with collecting(one := collector(log_engine), memory):
        await connected(one)
        with device(log_engine) as client:
            for n, payload in enumerate(sent):
                client.publish(f"plant/C-{n % 3}/load", payload, qos=0)
        await memory.until(lambda m: len(m.rows) == len(sent))
        await until_kept(log_client, 0)
    for asset in range(3):
        values = memory.values(f"C-{asset}.load")
        told = [1.0 if each == "true" else float(each) for each in sent[asset::3] if each != "x"]
        assert [value for value in values if value == value] == told
    times = [row[1] for row in memory.rows]
    assert times == sorted(set(times))
    assert len(memory.rejected) == 1


async def test_the_broker_s_messages_have_the_usual_head(
    log_engine: NatsEngine, log_client: Client, memory: Memory, collecting: Collecting
) -> None:
    """Where a newer server writes another one all is read, but at several times the cost."""
    memory.open.clear()
    async with collecting(one := collector(log_engine), memory):
        await connected(one)
        with device(log_engine) as client:
            client.publish("plant/C-1/load", "1.5", qos=0)
            await until_kept(log_client, 1)
        reader = await log_client.jetstream().pull_subscribe(
            "", stream=OWN, config=ConsumerConfig(ack_policy=AckPolicy.NONE)
        )
        [message] = await reader.fetch(1, timeout=10)
    assert message.headers == {"Nmqtt-Pub": "0"}
    head = f"HMSG {message.subject} 1 {message.reply} 25 28\r\nNATS/1.0\r\nNmqtt-Pub:0\r\n\r\n"
    assert usual_heads(OWN, message.metadata.consumer).fullmatch(b"\r\n" + head.encode())


async def test_topics_that_another_stream_has_are_refused(
    log_engine: NatsEngine, log_client: Client, memory: Memory, collecting: Collecting
) -> None:
    await log_client.jetstream().add_stream(StreamConfig(name="OTHER", subjects=["plant.>"]))
    with pytest.raises(SourceRefused, match="overlap"):
        await collector(log_engine).run(memory)
    assert (await log_client.jsm().stream_info(STREAM)).state.messages == 0


async def test_it_goes_on_when_the_server_comes_back(
    log_engine: NatsEngine, log_client: Client, memory: Memory, collecting: Collecting
) -> None:
    async with collecting(one := collector(log_engine), memory):
        await connected(one)
        # The stream is made anew, as by a server that was started again: its memory is empty.
        await log_client.jsm().delete_stream(OWN)
        await eventually(lambda: one.health().reconnects > 0)
        await connected(one)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", "1")
        await memory.until(lambda m: len(m.rows) == 1)


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"qos": 1}, "qos: 0"),
        ({"user": "me"}, "Leave out"),
        ({"topics": [{"filter": "#", "payload": "plain", "tag": "A.b"}]}, "Begin it with"),
        ({"topics": [{"filter": "spBv1.0/#", "payload": "sparkplug_b"}]}, "mqtt://127.0.0.1"),
    ],
)
def test_what_it_cannot_do_is_refused_in_the_file(change: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        MqttSource.model_validate({**FIELDS, **change})
