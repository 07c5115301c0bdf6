"""Malformed payloads, from a corpus and by hypothesis: nothing raises, and nothing is passed over.

A payload that once did harm becomes a file of corpus/. Those that are large are made here.
"""

import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mqtt.collector import MqttCollector
from edge.mqtt.payload import Message
from edge.mqtt.reader import Findings, TopicReader
from edge.mqtt.source import MqttSource
from edge.reading import Quality, ReadingBatch
from edge.rejected import fitted
from edge.sparkplug.payload import DataType, Payload, encode, metric_of
from edge.sparkplug.schema import payload_class
from edge.sparkplug.topic import MessageType
from edge.wire import encode_alarms, encode_readings, encode_rejects
from oilcan.engines.nats_server import NatsEngine
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import connected, device, eventually, publish, source

NOW = 1_767_323_045_000_000
FILES = {
    file.name: file.read_bytes() for file in sorted((Path(__file__).parent / "corpus").iterdir())
}


def compressed(data: bytes) -> bytes:
    """A Sparkplug B payload that holds another one."""
    message: Any = payload_class()()
    message.uuid, message.body = "SPBV1.0_COMPRESSED", zlib.compress(data, 9)
    written: bytes = message.SerializeToString()
    return written


LARGE = {
    "text of 10 MB": b"A" * 10_000_000,
    "digits of 10 MB": b"9" * 10_000_000,
    "JSON string of 10 MB": b'{"v": "' + b"x" * 10_000_000 + b'"}',
    "JSON list of wrong items": b'{"m": [' + b"{}," * 20_000 + b"{}]}",
    "JSON lists in lists": b"[" * 100_000,
    "JSON objects in objects": b'{"m":' * 20_000,
    "CSV of wrong rows": b"time,point,value\n" + b"x,y z,1\n" * 20_000,
    "CSV cell of 140,000 characters": b"time,point,value\n1," + b"a" * 140_000 + b",2\n",
    "alarm with a long message": json.dumps({"active": True, "message": "x" * 100_000}).encode(),
    "Sparkplug B that swells to 64 MB": compressed(bytes(64 * 1024**2)),
    "Sparkplug B of wrong metrics": encode(
        Payload(tuple(metric_of("a\0b", DataType.INT8, 1) for _ in range(20_000)))
    ),
}
CORPUS = [pytest.param(data, id=name) for name, data in {**FILES, **LARGE}.items()]

TOPICS: list[dict[str, Any]] = [
    {"filter": "plain/{asset}/{point}", "payload": "plain"},
    {"filter": "json/{asset}", "payload": "json", "tag": "{asset}.v", "value": "$.v"},
    {
        "filter": "list/{asset}",
        "payload": "json",
        "each": "$.m[*]",
        "tag": "{asset}.{n}",
        "value": "$.v",
        "time": "$.t",
        "document_time": "$.t",
    },
    {
        "filter": "csv/{asset}",
        "payload": "csv",
        "tag": "{asset}.{point}",
        "value": "value",
        "time": "time",
        "time_unit": "iso",
    },
    {
        "filter": "rows/{asset}",
        "payload": "csv",
        "header": False,
        "tag": "{asset}.v",
        "value": 3,
        "time": 1,
    },
    {"filter": "alarm/{asset}/{code}", "payload": "alarm"},
    {"filter": "state/{asset}", "payload": "state"},
    {"filter": "spBv1.0/#", "payload": "sparkplug_b"},
]
ONE_OF_EACH = [
    "plain/C-1/load",
    "json/C-1",
    "list/C-1",
    "csv/C-1",
    "rows/C-1",
    "alarm/C-1/HOT",
    "state/C-1",
    *(f"spBv1.0/G/{kind}/N" for kind in MessageType if kind.startswith("N")),
    *(f"spBv1.0/G/{kind}/N/D" for kind in MessageType if kind.startswith("D")),
]


def reader() -> TopicReader:
    fields = {"type": "mqtt", "name": "m", "connect": "mqtt://b", "topics": TOPICS}
    return TopicReader(MqttSource.model_validate(fields))


def read(*messages: tuple[str, bytes], retained: bool = False) -> Findings:
    some, found = reader(), Findings()
    for second, (topic, payload) in enumerate(messages):
        some.read(Message(topic, payload, NOW + second * 1_000_000, retained), found)
    some.tick(NOW + len(messages) * 1_000_000, found)
    return found


def check(found: Findings) -> None:
    """Whatever came out can go into the log, and be said."""
    assert len(encode_readings(ReadingBatch.from_rows(found.rows))) > 0
    assert len(encode_alarms(tuple(found.alarms))) > 0
    assert len(encode_rejects([fitted(each) for each in found.rejected])) > 0
    for _, ts, value, quality in found.rows:
        assert 0 < ts < 2**62
        assert math.isfinite(value) or quality >= Quality.BAD
    for where, problem in found.problems:
        assert f"{where}: {problem}".encode("utf-8", "replace")
        assert len(problem) < 1_000
    assert bool(found.problems) == bool(found.rejected)


@pytest.mark.parametrize("payload", CORPUS)
def test_a_malformed_payload_is_read_or_rejected_on_every_topic(payload: bytes) -> None:
    for topic in ONE_OF_EACH:
        check(read((topic, payload)))


@pytest.mark.parametrize("payload", CORPUS)
def test_on_topics_of_numbers_it_is_a_reading_or_rejected(payload: bytes) -> None:
    for topic in ("plain/C-1/load", "json/C-1"):
        found = read((topic, payload))
        assert len(found.rows) == 1
        assert (found.rows[0][3] >= Quality.BAD) or not found.rejected


def test_after_all_of_them_the_reader_still_reads() -> None:
    some, found = reader(), Findings()
    for payload in FILES.values():
        for topic in ONE_OF_EACH:
            some.read(Message(topic, payload, NOW), found)
    after = Findings()
    some.read(Message("plain/C-1/load", b"12.5", NOW + 10**9), after)
    birth = Payload((metric_of("x", DataType.INT8, 7),), timestamp=(NOW + 10**9) // 1000, seq=0)
    some.read(Message("spBv1.0/G/NBIRTH/N2", encode(birth), NOW + 10**9), after)
    assert [row[:1] + row[2:] for row in after.rows] == [
        ("C-1.load", 12.5, 0),
        ("N2.x", 7.0, 0),
    ]


def spliced(one: bytes, other: bytes, first: int, second: int) -> bytes:
    return one[: first % (len(one) + 1)] + other[second % (len(other) + 1) :]


pieces = st.sampled_from([*FILES.values()])
payloads = st.one_of(
    st.binary(max_size=200),
    st.builds(spliced, pieces, pieces, st.integers(0, 10**6), st.integers(0, 10**6)),
    st.text(st.sampled_from("0123456789.,;\"'\n\r\t-eE x\0"), max_size=60).map(str.encode),
    st.lists(st.lists(st.text(max_size=8), max_size=4), max_size=4).map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    ),
)
names = st.sampled_from(ONE_OF_EACH) | st.text(max_size=20)


@given(st.lists(st.tuples(names, payloads), max_size=8), st.booleans())
def test_no_run_of_payloads_raises_or_yields_what_cannot_be_kept(
    messages: list[tuple[str, bytes]], retained: bool
) -> None:
    check(read(*messages, retained=retained))


async def test_all_of_them_are_counted_kept_aside_and_acknowledged(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    settings = source(log_engine, topics=TOPICS)
    topics = [topic for topic in ONE_OF_EACH if "CMD" not in topic]
    messages = [(topic, payload) for payload in FILES.values() for topic in topics]
    wrong = len(read(*messages).problems)
    collector = MqttCollector(settings)
    async with collecting(collector, memory):
        await connected(collector)
        with device(log_engine) as client:
            sent = [client.publish(topic, payload, qos=1) for topic, payload in messages]
            await eventually(lambda: all(each.is_published() for each in sent))
            await publish(client, "plain/END/load", "1")
        await memory.until(lambda m: m.values("END.load") == [1.0])
        # Of a flood only the first of a minute are kept.
        await memory.until(lambda m: len(m.rejected) >= 20)
        assert collector.health().rejected > wrong // 2
        assert collector.health().reconnects == 0
    again = MqttCollector(settings)
    async with collecting(again, memory):
        await connected(again)
        with device(log_engine) as client:
            await publish(client, "plain/END/load", "2")
        await memory.until(lambda m: m.values("END.load") == [1.0, 2.0])
    assert again.health().rejected == 0
