"""The edge takes a command once, in time, for a point of its own; the rest it refuses in words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from config.log import connect_log
from config.tasks import end_tasks
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusDevice, ModbusSource
from edge.mqtt.source import MqttSource
from edge.opcua.source import OpcuaSource
from edge.source_file import Source
from edge.supervisor import Supervisor
from edge.worker import collector_of
from edge.write_command import (
    Outcome,
    WriteCommand,
    dump,
    dump_find,
    find_subject,
    parse_answer,
    parse_target,
    write_subject,
)
from edge.writes import Writes, answer_writes
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.edge.memory import Collecting, Memory
from tests.edge.modbus.device import WritableDevice
from tests.edge.modbus.wire import answering

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


def modbus(port: int) -> ModbusSource:
    points = {"speed": {"at": 0, "writable": {"min": 0, "max": 50}}, "flow": {"at": 1}}
    return ModbusSource.model_validate(
        {
            "type": "modbus",
            "name": "hall",
            "connect": f"tcp://127.0.0.1:{port}",
            "every": "50ms",
            "timeout": "20s",
            "devices": [{"asset": "P-1", "points": points}],
        }
    )


def others() -> list[Source]:
    return [
        OpcuaSource.model_validate(
            {
                "type": "opcua",
                "name": "press",
                "connect": "opc.tcp://127.0.0.1:4840",
                "nodes": [{"node": "nsu=urn:x;s=T", "tag": "PR-1.temp"}],
            }
        ),
        MqttSource.model_validate(
            {
                "type": "mqtt",
                "name": "broker",
                "connect": "mqtt://127.0.0.1",
                "topics": [{"filter": "a/b", "payload": "plain", "tag": "C-1.load"}],
            }
        ),
    ]


def command(tag: str = "P-1.speed", value: float = 7, **more: Any) -> WriteCommand:
    fields = {"id": "c1", "asked_us": NOW, "expires_us": NOW + 5 * SECOND}
    return WriteCommand(tag=tag, value=value, actor="kim", reason="test", **{**fields, **more})


def writes_of(sources: Sequence[Source], *, now: int = NOW) -> Writes:
    running = [(each, collector_of(each)) for each in sources]
    return Writes("edge-1", lambda: running, clock=lambda: now)


@asynccontextmanager
async def connected(
    memory: Memory, collecting: Collecting, device: WritableDevice, *, now: int = NOW
) -> AsyncIterator[Writes]:
    """The writes of an edge that collects from the device."""
    port = free_port()
    hall = modbus(port)
    collector = ModbusCollector(hall)
    async with answering(port, device.answer), collecting(collector, memory):
        await memory.until(lambda m: m.of("P-1.speed") != [], timeout=30)
        yield Writes("edge-1", lambda: [(hall, collector)], clock=lambda: now)


def written(device: WritableDevice) -> list[int]:
    return [function for function in device.functions() if function == 6]


async def test_a_command_is_carried_out_and_read_back(
    memory: Memory, collecting: Collecting
) -> None:
    device = WritableDevice()
    async with connected(memory, collecting, device) as writes:
        answer = await writes.carry_out(command())
    assert answer is not None
    assert (answer.outcome, answer.registers, answer.read_back) == (Outcome.CONFIRMED, (7,), 7.0)
    assert (answer.edge, answer.source) == ("edge-1", "hall")
    assert device.registers[0] == 7


async def test_a_command_that_comes_twice_is_carried_out_once(
    memory: Memory, collecting: Collecting
) -> None:
    device = WritableDevice()
    async with connected(memory, collecting, device) as writes:
        first, second = await asyncio.gather(
            writes.carry_out(command()), writes.carry_out(command())
        )
    assert first is not None
    assert second is None
    assert written(device) == [6]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"asked_us": NOW - 9 * SECOND, "expires_us": NOW - 4 * SECOND}, "came 4.0 s after"),
        ({"asked_us": NOW - 5 * SECOND, "expires_us": NOW}, "came 0.0 s after it had expired"),
        ({"asked_us": NOW + 3 * SECOND, "expires_us": NOW + 8 * SECOND}, "3.0 s from now"),
        ({"expires_us": NOW + 3600 * SECOND}, "would live for more than a minute"),
    ],
)
async def test_a_command_of_the_wrong_age_is_never_carried_out(
    memory: Memory, collecting: Collecting, times: dict[str, int], message: str
) -> None:
    device = WritableDevice()
    async with connected(memory, collecting, device) as writes:
        answer = await writes.carry_out(command(**times))
    assert answer is not None
    assert answer.outcome is Outcome.REFUSED
    assert message in answer.message
    assert written(device) == []


async def test_a_command_that_expires_while_it_waits_is_never_carried_out(
    memory: Memory, collecting: Collecting
) -> None:
    device = WritableDevice()
    port = free_port()
    hall, times = modbus(port), iter([NOW, NOW + 6 * SECOND])
    collector = ModbusCollector(hall)
    async with answering(port, device.answer), collecting(collector, memory):
        await memory.until(lambda m: m.of("P-1.speed") != [], timeout=30)
        late = Writes("edge-1", lambda: [(hall, collector)], clock=lambda: next(times))
        answer = await late.carry_out(command())
    assert answer is not None
    assert (answer.outcome, written(device)) == (Outcome.REFUSED, [])


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("P-1.flow", "P-1.flow is not writable"),
        ("P-9.speed", "the edge edge-1 has no point P-9.speed"),
        ("PR-1.temp", "writing to opcua is not built"),
        ("C-1.load", "writing to mqtt is not built"),
    ],
)
async def test_a_point_that_cannot_be_written_is_refused_in_words(tag: str, message: str) -> None:
    answer = await writes_of([modbus(1), *others()]).carry_out(command(tag))
    assert answer is not None
    assert answer.outcome is Outcome.REFUSED
    assert message in answer.message


async def test_a_file_that_takes_the_leave_to_write_back_is_followed(
    memory: Memory,
) -> None:
    device, port = WritableDevice(), free_port()
    allowed = modbus(port)
    points = {"speed": {"at": 0}, "flow": {"at": 1}}
    closed = allowed.model_copy(
        update={"devices": [ModbusDevice.model_validate({"asset": "P-1", "points": points})]}
    )
    supervisor = Supervisor([allowed], memory, collector_of)
    writes = Writes("edge-1", supervisor.running, clock=lambda: NOW)
    async with answering(port, device.answer):
        task = asyncio.create_task(supervisor.run())
        try:
            await memory.until(lambda m: m.of("P-1.speed") != [], timeout=30)
            first = await writes.carry_out(command())
            supervisor.want([closed])
            await until_running(supervisor, closed)
            second = await writes.carry_out(command(id="c2"))
        finally:
            await end_tasks([task])
    assert [answer and answer.outcome for answer in (first, second)] == [
        Outcome.CONFIRMED,
        Outcome.REFUSED,
    ]
    assert written(device) == [6]


async def until_running(supervisor: Supervisor, source: Source) -> None:
    """Wait until this is the one source that is collected from."""
    async with asyncio.timeout(30):
        while True:
            if [each for each, _ in supervisor.running()] == [source]:
                return
            await asyncio.sleep(0.02)


async def test_an_edge_says_which_points_it_has() -> None:
    writes = writes_of([modbus(1), *others()])
    found = {tag: writes.find(tag) for tag in ("P-1.speed", "P-1.flow", "C-1.load", "X.y")}
    assert {
        tag: target and (target.source, bool(target.problem)) for tag, target in found.items()
    } == {
        "P-1.speed": ("hall", False),
        "P-1.flow": ("hall", True),
        "C-1.load": ("broker", True),
        "X.y": None,
    }


@pytest.fixture
async def asking(log_engine: NatsEngine) -> AsyncIterator[Client]:
    """Somebody who asks over the log server, where an edge answers."""
    edge, asker = [await connect_log(log_engine.url, name=name) for name in ("edge", "asker")]
    writes = writes_of([modbus(1), *others()])
    task = asyncio.create_task(answer_writes(edge, "edge-1", writes))
    yield asker
    await end_tasks([task])
    for client in (edge, asker):
        await client.close()


async def request(client: Client, subject: str, data: bytes) -> bytes:
    """The answer, asked for until the edge has subscribed."""
    async with asyncio.timeout(30):
        while True:
            try:
                return (await client.request(subject, data, timeout=5)).data
            except NoRespondersError:
                await asyncio.sleep(0.05)


async def test_questions_and_commands_are_answered_over_the_log_server(asking: Client) -> None:
    target = parse_target(await request(asking, find_subject("edge-1"), dump_find("P-1.speed")))
    assert target is not None
    assert (target.edge, target.source, target.problem) == ("edge-1", "hall", "")
    assert await request(asking, find_subject("edge-1"), dump_find("X.y")) == b"null"
    answer = parse_answer(await request(asking, write_subject("edge-1"), dump(command("C-1.load"))))
    assert answer.outcome is Outcome.REFUSED


async def test_a_message_that_cannot_be_read_ends_nothing(asking: Client) -> None:
    for data in (b"", b"{}", b"[1]", b'{"tag": 5}', b"\xff"):
        await asking.publish(write_subject("edge-1"), data)
        await asking.publish(find_subject("edge-1"), data)
    await asking.flush()
    assert await request(asking, find_subject("edge-1"), dump_find("X.y")) == b"null"
