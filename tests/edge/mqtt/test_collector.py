"""The MQTT collector against the embedded broker: nothing is acknowledged before it is kept."""

import asyncio
import os
import signal
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from config.clock import to_us
from edge.errors import SourceLost, SourceRefused
from edge.mqtt.collector import MqttCollector
from edge.reading import Quality, Reason, quality_code
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.conftest import running
from tests.edge.memory import Collecting, Memory
from tests.edge.mqtt.devices import TOPICS, connected, device, eventually, publish, source


async def test_readings_and_alarms_arrive(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    collector = MqttCollector(source(log_engine))
    async with collecting(collector, memory):
        await connected(collector)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", "1.5", "2.5")
            await publish(client, "line/C-1", {"speed": 3})
            await publish(client, "plant/C-1/alarm/STALLED", {"active": True, "severity": 700})
        await memory.until(lambda m: len(m.rows) == 3 and len(m.alarms) == 1)
    assert memory.values("C-1.load") == [1.5, 2.5]
    assert memory.values("C-1.speed") == [3.0]
    assert memory.alarms[0].code == "STALLED"
    assert collector.health().readings == 3


async def test_the_time_of_receipt_is_our_clocks_and_not_the_librarys(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    moment = to_us(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    collector = MqttCollector(source(log_engine), clock=lambda: moment)
    async with collecting(collector, memory):
        await connected(collector)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", "1.5")
        await memory.until(lambda m: len(m.rows) == 1)
    assert memory.rows == [("C-1.load", moment, 1.5, 0)]


async def test_what_comes_while_nobody_runs_is_kept_by_the_broker(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    collector = MqttCollector(source(log_engine))
    async with collecting(collector, memory):
        await connected(collector)
    with device(log_engine) as client:
        await publish(client, "plant/C-1/load", *map(str, range(20)))
    async with collecting(MqttCollector(source(log_engine)), memory):
        await memory.until(lambda m: len(m.rows) == 20)
    assert memory.values("C-1.load") == [float(n) for n in range(20)]


async def test_what_the_log_never_confirmed_is_delivered_to_the_next_run(
    tmp_path: Path, memory: Memory, collecting: Collecting
) -> None:
    ports = {"port": free_port(), "mqtt_port": free_port()}
    engine = NatsEngine(tmp_path / "log", **ports, mqtt_ack_wait_s=1)
    lost = Memory()
    first = MqttCollector(source(engine))
    with running(engine):
        async with collecting(first, lost):
            await connected(first)
            with device(engine) as client:
                await publish(client, "plant/C-1/load", "0")
                await lost.until(lambda m: len(m.rows) == 1)
                lost.open.clear()
                await publish(client, "plant/C-1/load", *map(str, range(1, 10)))
                await asyncio.sleep(0.2)
        async with collecting(MqttCollector(source(engine)), memory):
            await memory.until(lambda m: len(m.rows) == 9)
            await asyncio.sleep(0.3)
    assert memory.values("C-1.load") == [float(n) for n in range(1, 10)]


async def test_what_was_acknowledged_does_not_come_again(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    collector = MqttCollector(source(log_engine))
    async with collecting(collector, memory):
        await connected(collector)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", *map(str, range(50)))
        await memory.until(lambda m: len(m.rows) == 50)
    async with collecting(MqttCollector(source(log_engine)), memory):
        await asyncio.sleep(0.5)
    assert len(memory.rows) == 50


async def test_bad_payloads_are_acknowledged_too(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    unreadable = quality_code(Quality.BAD, Reason.DECODE)
    collector = MqttCollector(source(log_engine))
    async with collecting(collector, memory):
        await connected(collector)
        with device(log_engine) as client:
            await publish(client, "line/C-1", *[b"\xff{"] * 20)
            # Nothing can be made of these, since the topic gives no tag.
            await publish(client, "plant/C-1/alarm/HOT", *["on"] * 20)
        await eventually(lambda: collector.health().rejected == 40)
        await memory.until(lambda m: len(m.rejected) >= 20)
    assert [row[3] for row in memory.rows] == [unreadable] * 20
    again = MqttCollector(source(log_engine))
    async with collecting(again, memory):
        await connected(again)
        with device(log_engine) as client:
            await publish(client, "plant/C-1/load", "1")
        await memory.until(lambda m: m.values("C-1.load") == [1.0])
    assert again.health().rejected == 0


async def test_a_retained_message_is_taken_as_old(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    with device(log_engine) as client:
        await publish(client, "plant/C-1/load", "7", retain=True)
    async with collecting(MqttCollector(source(log_engine)), memory):
        await memory.until(lambda m: len(m.rows) == 1)
    assert memory.rows[0][2:] == (7.0, quality_code(Quality.UNCERTAIN, Reason.STALE))


async def test_a_dead_broker_is_a_loss(tmp_path: Path, memory: Memory) -> None:
    engine = NatsEngine(tmp_path, port=free_port(), mqtt_port=free_port())
    with pytest.raises(SourceLost, match="cannot connect"):
        await MqttCollector(source(engine)).run(memory)


async def test_a_wrong_password_is_refused(log_engine: NatsEngine, memory: Memory) -> None:
    with pytest.raises(SourceRefused, match="refuses us"):
        await MqttCollector(source(log_engine, password="wrong")).run(memory)


@pytest.mark.parametrize(
    ("login", "answer"),
    [
        (None, "Success"),
        (("device", ""), "Success"),
        (("", ""), "Bad user name or password"),
        (("device", "secret"), "Not authorized"),
        (("somebody", "secret"), "Not authorized"),
    ],
)
async def test_the_embedded_broker_lets_devices_in_without_a_login_and_as_device_without_a_password(
    log_engine: NatsEngine, login: tuple[str, str] | None, answer: str
) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="device")
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _more: answers.append(str(reason))
    if login is not None:
        client.username_pw_set(*login)
    client.connect("127.0.0.1", log_engine.mqtt_port)
    client.loop_start()
    await eventually(lambda: bool(answers))
    client.disconnect()
    client.loop_stop()
    assert answers[0] == answer


def killed(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


async def test_a_killed_broker_loses_nothing_and_what_it_repeats_is_left_out(
    tmp_path: Path, memory: Memory, collecting: Collecting
) -> None:
    engine = NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=free_port())
    collector = MqttCollector(source(engine))
    with running(engine) as process:
        async with collecting(collector, memory):
            await connected(collector)
            with device(engine) as client:
                await publish(client, "plant/C-1/load", *map(str, range(10)))
                await memory.until(lambda m: len(m.rows) == 10)
                # The broker writes down what was acknowledged a little later.
                await asyncio.sleep(0.5)
                memory.open.clear()
                await publish(client, "plant/C-1/load", *map(str, range(10, 20)))
            killed(process)
            memory.open.set()
            with running(engine):
                with device(engine) as client:
                    await publish(client, "plant/C-1/load", *map(str, range(20, 30)))
                await memory.until(lambda m: {*m.values("C-1.load")} >= {*range(30)}, 30)
                await connected(collector)
    assert sorted(memory.values("C-1.load")) == [float(n) for n in range(30)]


async def test_a_retained_value_is_taken_once_over_all_connections(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    collector = MqttCollector(source(log_engine))
    with device(log_engine) as client:
        await publish(client, "plant/C-1/load", "7", retain=True)
        async with collecting(collector, memory):
            await memory.until(lambda m: m.values("C-1.load") == [7.0])
        for number in range(3):
            await publish(client, "plant/C-1/speed", str(number))
            async with collecting(collector, memory):
                await memory.until(lambda m, n=number: len(m.of("C-1.speed")) == n + 1)
                await publish(client, "plant/C-2/speed", str(number))
                await memory.until(lambda m, n=number: len(m.of("C-2.speed")) == n + 1)
    assert memory.values("C-1.load") == [7.0]


async def test_the_will_of_a_device_makes_its_points_bad(
    log_engine: NatsEngine, memory: Memory, collecting: Collecting
) -> None:
    state = {"filter": "state/{asset}", "payload": "state"}
    collector = MqttCollector(source(log_engine, topics=[*TOPICS, state]))
    async with collecting(collector, memory):
        await connected(collector)
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="mortal")
        client.will_set("state/C-1", "offline", qos=1, retain=True)
        client.connect("127.0.0.1", log_engine.mqtt_port)
        client.loop_start()
        await publish(client, "plant/C-1/load", "7")
        await memory.until(lambda m: len(m.rows) == 1)
        client.socket().shutdown(socket.SHUT_RDWR)
        client.loop_stop()
        await memory.until(lambda m: len(m.rows) == 2)
        assert collector.health().lost_devices == {"C-1"}
    assert memory.rows[1][3] == quality_code(Quality.BAD, Reason.COMMUNICATION)
