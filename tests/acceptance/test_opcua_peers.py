"""An OPC UA server that is not ours, node-opcua's: what it means is what is read."""

import asyncio
import json
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from config.clock import to_us
from config.log import STREAM
from config.tasks import end_tasks
from edge.errors import SourceRefused
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.reading import Quality, Reason, quality_code
from edge.supervisor import keep_collecting
from edge.trial import try_source
from edge.wire import decode_readings
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port
from tests.acceptance.npm_peer import installed, running
from tests.acceptance.peer_process import Peer
from tests.edge.memory import Memory
from tests.edge.opcua.compressor import until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

URI = "urn:test:machine"
KINDS = {
    "Boolean": 1,
    "SByte": -100,
    "Byte": 200,
    "Int16": -30_000,
    "UInt16": 60_000,
    "Int32": -2_000_000_000,
    "UInt32": 4_000_000_000,
    "Int64": -5_000,
    "UInt64": 5_000,
    "Float": 2.5,
    "Double": 0.1,
}
MISSING = quality_code(Quality.BAD, Reason.CONFIGURATION)
NO_NUMBER = quality_code(Quality.BAD, Reason.DECODE)
PATIENCE_S = 60
# What node-opcua gives alarms that say none.
SEVERITY = 150

Shared = tuple["Machine", Peer]


@pytest.fixture(scope="module")
def home() -> Path:
    return installed("opcua")


class Machine:
    """Where the peer serves, and the sources that read it."""

    def __init__(self, home: Path, pki: Path) -> None:
        self._port = free_port()
        self._home, self._pki = home, pki

    def runs(self, **options: Any) -> AbstractContextManager[Peer]:
        given = {"port": self._port, "pki": str(self._pki), "secured": False, **options}
        return running("opcua", self._home, **given)

    def source(self, *names: str, **more: Any) -> OpcuaSource:
        nodes = [{"node": f"nsu={URI};s={name}", "tag": f"K-1.{name}"} for name in names]
        fields = {"type": "opcua", "name": "peer", "nodes": nodes, "publish_every": "50ms"}
        connect = f"opc.tcp://127.0.0.1:{self._port}"
        return OpcuaSource.model_validate({**fields, "connect": connect, "timeout": "10s", **more})


@pytest.fixture
def machine(home: Path, tmp_path: Path) -> Machine:
    """Of the test's own, not running."""
    return Machine(home, tmp_path / "server")


@pytest.fixture(scope="module")
def shared(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One that runs for all tests that leave its variables to each other."""
    machine = Machine(home, tmp_path_factory.mktemp("opcua") / "server")
    with machine.runs() as peer:
        yield machine, peer


@asynccontextmanager
async def collecting(
    source: OpcuaSource | OpcuaCollector, memory: Memory
) -> AsyncIterator[OpcuaCollector]:
    collector = (
        OpcuaCollector(source, reconcile_s=0.2) if isinstance(source, OpcuaSource) else source
    )
    task = asyncio.create_task(keep_collecting(collector, memory))
    try:
        yield collector
    finally:
        await end_tasks([task])


async def seen(memory: Memory, holds: Callable[[Memory], bool]) -> None:
    await memory.until(holds, timeout=PATIENCE_S)


async def test_every_kind_of_number_is_what_the_peer_holds(shared: Shared) -> None:
    machine, _ = shared
    memory = Memory()
    names = [*KINDS, "String", "Array"]
    async with collecting(machine.source(*names), memory):
        await seen(memory, lambda m: len(m.rows) == len(names))
    found = {tag.removeprefix("K-1."): (value, quality) for tag, _, value, quality in memory.rows}
    assert {name: found[name] for name in KINDS} == {name: (v, 0) for name, v in KINDS.items()}
    assert [found[name][1] for name in ("String", "Array")] == [NO_NUMBER] * 2


async def test_a_path_of_any_depth_finds_alternatives_at_the_peer(shared: Shared) -> None:
    machine, _ = shared
    memory = Memory()
    nodes = [{"browse": "**/{Float,Int16}", "tag": "{1}.{2}"}]
    async with collecting(machine.source(nodes=nodes), memory):
        await seen(memory, lambda m: len(m.rows) == 2)
    found = {tag: value for tag, _, value, _ in memory.rows}
    assert found == {"K-1.Float": KINDS["Float"], "K-1.Int16": KINDS["Int16"]}


async def test_status_and_times_are_the_peers(shared: Shared) -> None:
    machine, peer = shared
    memory = Memory()
    moment = datetime.now(UTC).replace(microsecond=125_000) - timedelta(seconds=60)
    async with collecting(machine.source("state"), memory):
        await seen(memory, lambda m: len(m.rows) == 1)
        peer.tell("write", name="state", value=51, at=moment.isoformat(), picoseconds=7)
        await seen(memory, lambda m: len(m.rows) == 2)
        for n, status in enumerate(("UncertainLastUsableValue", "BadSensorFailure")):
            at = moment + timedelta(seconds=n + 1)
            peer.tell("write", name="state", value=52, status=status, at=at.isoformat())
            await seen(memory, lambda m, n=n: len(m.rows) == 3 + n)
    _, told, uncertain, bad = memory.rows
    assert told == ("K-1.state", to_us(moment), 51.0, 0)
    assert uncertain[1:] == (
        to_us(moment) + 1_000_000,
        52.0,
        quality_code(Quality.UNCERTAIN, Reason.STALE),
    )
    assert bad[3] == quality_code(Quality.BAD, Reason.DEVICE)


@pytest.mark.parametrize(
    ("deadband", "name"), [("server_deadband", "plain"), ("server_deadband_percent", "ranged")]
)
async def test_the_peer_keeps_back_what_lies_within_the_deadband(
    shared: Shared, deadband: str, name: str
) -> None:
    machine, peer = shared
    memory = Memory()
    # Ten of the value's unit, or of its range from 0 to 200 five percent.
    width = {"server_deadband": 10, "server_deadband_percent": 5}[deadband]
    node = {"node": f"nsu={URI};s={name}", "tag": "K-1.x", deadband: width}
    source = machine.source(nodes=[node])
    async with collecting(source, memory) as collector:
        await seen(memory, lambda m: len(m.rows) == 1)
        for value in (55, 58, 61):
            peer.tell("write", name=name, value=value)
        await seen(memory, lambda m: m.values("K-1.x")[-1] == 61)
        assert memory.values("K-1.x") == [50, 61]
        assert collector.health().notes == {}


async def test_a_secured_session_with_first_contact_and_login(
    machine: Machine, tmp_path: Path
) -> None:
    memory = Memory()
    ours = tmp_path / "ours"
    security = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt", "pki": str(ours)}

    def login(password: str) -> OpcuaSource:
        return machine.source("level", security=security, user="oilcan", password=password)

    with machine.runs(secured=True) as peer:
        with pytest.raises(SourceRefused) as refused:
            await OpcuaCollector(login("secret")).run(memory)
        command = str(refused.value)
        command = command[command.index("mv ") :]
        await asyncio.to_thread(subprocess.run, shlex.split(command), check=True)
        # Now we trust the peer, and it does not trust us.
        with pytest.raises(SourceRefused, match="trust our certificate"):
            await OpcuaCollector(login("secret")).run(memory)
        rejected = list((tmp_path / "server" / "rejected").iterdir())
        trusted = tmp_path / "server" / "trusted" / "certs"
        for certificate in rejected:
            certificate.rename(trusted / certificate.name)
        # The peer takes a moment to see what was moved to its trusted certificates.
        for _ in range(200):
            with pytest.raises(SourceRefused) as refused:
                await OpcuaCollector(login("wrong")).run(memory)
            if "secure channel" not in str(refused.value):
                break
            await asyncio.sleep(0.1)
        assert "the server refuses us" in str(refused.value)
        async with collecting(login("secret"), memory):
            await seen(memory, lambda m: len(m.rows) == 1)
            peer.tell("write", name="level", value=66)
            await seen(memory, lambda m: m.values("K-1.level")[-1] == 66)


async def test_an_alarm_of_the_peer_from_its_first_sign_to_its_end(shared: Shared) -> None:
    machine, peer = shared
    memory = Memory()
    source = machine.source("level", alarms=[{"asset": "K-1"}])
    peer.tell("write", name="level", value=85)
    # Active before anyone listened: told by ConditionRefresh.
    async with collecting(source, memory):
        await seen(memory, lambda m: len(m.alarms) == 1)
        peer.tell("write", name="level", value=99)
        await seen(memory, lambda m: len(m.alarms) == 2)
        peer.tell("acknowledge")
        await seen(memory, lambda m: len(m.alarms) == 3)
        peer.tell("write", name="level", value=50)
        await seen(memory, lambda m: not m.alarms[-1].active)
    assert {(alarm.asset, alarm.code) for alarm in memory.alarms} == {("K-1", "LEVEL")}
    assert [alarm.active for alarm in memory.alarms[:-1]] == [True] * (len(memory.alarms) - 1)
    high, high_high, acknowledged = memory.alarms[:3]
    assert high.message.endswith("state is High")
    assert high_high.message.endswith("state is HighHigh")
    assert acknowledged.message == "acknowledged"
    assert high.severity == SEVERITY
    assert [alarm.acknowledged_by for alarm in memory.alarms[:3]] == ["", "", "source:peer"]


async def test_alarms_are_asked_for_again_where_a_flood_of_events_ran_over(
    machine: Machine,
) -> None:
    memory = Memory()
    source = machine.source("level", alarms=[{"asset": "K-1"}], publish_every="1s")
    with machine.runs() as peer:
        peer.tell("write", name="level", value=85)
        async with collecting(source, memory) as collector:
            await seen(memory, lambda m: len(m.alarms) == 1)
            peer.tell("write", name="level", value=50)
            peer.tell("flood", count=1_500)
            await seen(memory, lambda m: not m.alarms[-1].active)
            await until(lambda: collector.health().overflows > 0)


async def test_a_node_that_is_missing_after_a_restart_and_comes_back(machine: Machine) -> None:
    memory = Memory()
    async with AsyncExitStack() as stack:
        with machine.runs():
            source = machine.source("level", "Double", timeout="2s")
            await stack.enter_async_context(collecting(source, memory))
            await seen(memory, lambda m: len(m.rows) == 2)
        with machine.runs(missing=["Double"]) as peer:
            await seen(memory, lambda m: m.of("K-1.Double")[-1][3] == MISSING)
            await seen(memory, lambda m: len(m.of("K-1.level")) == 2)
            peer.tell("add", name="Double", value=3)
            await seen(memory, lambda m: m.values("K-1.Double")[-1] == 3)


async def test_the_gap_of_an_outage_is_filled_from_the_peers_history(shared: Shared) -> None:
    machine, peer = shared
    memory = Memory()
    collector = OpcuaCollector(machine.source("kept"))
    async with collecting(collector, memory):
        await seen(memory, lambda m: len(m.rows) == 1)
        peer.tell("write", name="kept", value=2)
        await seen(memory, lambda m: m.values("K-1.kept")[-1] == 2)
    # The peer's clock knows milliseconds only.
    start = datetime.now(UTC)
    for value in range(3, 30):
        moment = start + timedelta(milliseconds=value)
        peer.tell("write", name="kept", value=value, at=moment.isoformat())
    async with collecting(collector, memory):
        await seen(memory, lambda m: m.values("K-1.kept")[-1] == 29)
        peer.tell("write", name="kept", value=100)
        await seen(memory, lambda m: m.values("K-1.kept")[-1] == 100)
    assert memory.values("K-1.kept")[1:] == [*range(2, 30), 100]
    times = [row[1] for row in memory.of("K-1.kept")]
    assert len(set(times)) == len(times)


async def test_a_trial_shows_what_the_peer_gives(shared: Shared) -> None:
    machine, peer = shared
    source = machine.source("level", "nowhere", alarms=[{"asset": "K-1"}])
    peer.tell("write", name="level", value=85)
    trial = await try_source(OpcuaCollector(source), seconds=1.0)
    while not trial.error and not (trial.latest and trial.alarms):
        trial = await try_source(OpcuaCollector(source), seconds=10.0)
    assert trial.error == ""
    assert trial.latest["K-1.level"][1:] == (85.0, 0)
    assert trial.latest["K-1.nowhere"][2] == MISSING
    assert [alarm.code for alarm in trial.alarms] == ["LEVEL"]


@contextmanager
def edge_process(plant: Path, home: Path, log_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`oilcan edge`, killed at the end of the block."""
    command = [sys.executable, "-m", "oilcan", "edge", "run", str(plant), "--log-url", log_url]
    process = subprocess.Popen([*command, "--home", str(home)], stdout=subprocess.DEVNULL)
    with process:
        try:
            yield process
        finally:
            process.kill()


async def logged(client: Client, tag: str) -> list[tuple[int, float]]:
    """Time and value of all readings of a tag in the log, in its order."""
    js = client.jetstream()
    info = await js.stream_info(STREAM)
    rows: list[tuple[int, float]] = []
    for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
        message = await js.get_msg(STREAM, sequence)
        if message.subject is None or not message.subject.startswith("oilcan.readings."):
            continue
        batch = decode_readings(message.data or b"")
        chosen = batch.take(batch.tag_index == batch.tags.index(tag))
        rows += zip(chosen.ts.tolist(), chosen.value.tolist(), strict=True)
    return rows


async def test_an_edge_that_is_killed_fills_its_gap_from_the_peers_history(
    shared: Shared, log_engine: NatsEngine, log_client: Client, tmp_path: Path
) -> None:
    machine, peer = shared
    fields = machine.source("long").model_dump(mode="json", by_alias=True, exclude_defaults=True)
    fields |= {"type": "opcua", "publish_every": "50ms", "timeout": "10s"}
    plant, home = tmp_path / "plant", tmp_path / "home"
    plant.mkdir()
    (plant / "sources.yaml").write_text(json.dumps({"sources": [fields]}))
    positions = home / "edge" / "edge-1" / "positions" / "peer.json"

    def write(values: range) -> None:
        start = datetime.now(UTC)
        for n, value in enumerate(values):
            moment = start + timedelta(milliseconds=n)
            peer.tell("write", name="long", value=value, at=moment.isoformat())

    async def until_logged(value: float) -> list[tuple[int, float]]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = await logged(log_client, "K-1.long")
                if value in {told for _, told in rows}:
                    return rows
                await asyncio.sleep(0.1)

    with edge_process(plant, home, log_engine.url):
        await until_logged(50)
        # One by one: this peer looks at a variable every 50 ms, and tells what it sees.
        write(range(100, 101))
        await until_logged(100)
        async with asyncio.timeout(PATIENCE_S):
            while not positions.exists():  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.05)
    write(range(110, 200))
    with edge_process(plant, home, log_engine.url):
        await until_logged(199)
        write(range(200, 201))
        rows = await until_logged(200)
    stored = dict(rows)
    assert [stored[ts] for ts in sorted(stored)][1:] == [100, *range(110, 201)]
    # What was logged twice is the same, so that the one that is stored is right.
    assert len(set(rows)) == len(stored)
