"""Everything on one machine, with real engines and small stand-ins for the roles."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.log import BatchId, Kind, connect_log, ensure_stream, publish
from config.settings import Settings
from oilcan.child import Program
from oilcan.engine_addresses import find_database_url, find_log_url
from oilcan.errors import AlreadyRunning, PlantRefused, PortTaken
from oilcan.first_login import LOGIN_FILE
from oilcan.machine import Machine
from oilcan.settings import EngineSettings
from oilcan.supervisor import UpOptions, up

_PATIENCE_S = 30.0

# A role that lives until it is told to stop, and then says whether the database still answers.
_ROLE = """
import os, pathlib, signal, sys, time
import psycopg
def stop(*_):
    with psycopg.connect(os.environ["OILCAN_DATABASE_URL"]) as connection:
        connection.execute("SELECT")
    pathlib.Path(os.environ["OILCAN_HOME"], "stopped").touch()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
pathlib.Path(os.environ["OILCAN_HOME"], "started").touch()
time.sleep(600)
"""

_UP = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_supervisor import options
from config.diagnostics import configure
from oilcan.supervisor import up
from oilcan.termination import until_terminated
configure("info", role="up")
async def run():
    async with up(options(Path({home!r}))) as running:
        print("ready", flush=True)
        await asyncio.Event().wait()
asyncio.run(until_terminated(run()))
"""


def stand_in(machine: Machine) -> list[Program]:
    environment = {
        **os.environ,
        "OILCAN_HOME": str(machine.home),
        "OILCAN_DATABASE_URL": machine.database_url,
    }
    return [Program("role", [sys.executable, "-c", _ROLE], environment, parent_gone=signal.SIGKILL)]


def options(home: Path, **settings: Any) -> UpOptions:
    return UpOptions(
        Settings(home=home, **{"http_port": 0, **settings}),
        EngineSettings(mqtt_port=0),
        roles=stand_in,
    )


def state(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "up.json").read_text())
    return found


def pids(home: Path) -> dict[str, int]:
    return {name: child["pid"] for name, child in state(home)["children"].items()}


def alive(pid: int) -> bool:
    """Is there a process, and is it more than a dead one that nobody has asked for yet?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds: Callable[[], bool], within_s: float = _PATIENCE_S) -> float:
    """Seconds until it held."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < within_s
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def up_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has everything up."""
    script = _UP.format(tests=str(Path(__file__).parent), home=str(home))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        wait_until((home / "started").exists)
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)
        process.stdout.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home on which everything is up."""
    folder = tmp_path_factory.mktemp("home")
    with up_process(folder):
        yield folder


async def append_to_log(home: Path) -> int:
    client = await connect_log(find_log_url(Settings(home=home)), name="test")
    try:
        await ensure_stream(client, max_bytes=256 * 1024**2)
        batch = BatchId("edge", "session", time.monotonic_ns())
        return await publish(client.jetstream(), Kind.READINGS, 0, batch, b"")
    finally:
        await client.close()


def query(home: Path) -> object:
    with psycopg.connect(find_database_url(Settings(home=home))) as connection:
        return connection.execute("SELECT count(*) FROM schema_migration").fetchone()


async def test_database_and_log_are_found_from_the_home_alone(home: Path):
    assert query(home) is not None
    assert await append_to_log(home) > 0


def test_state_names_every_process_and_no_secret(home: Path):
    assert {name for name, pid in pids(home).items() if alive(pid)} == {"postgres", "nats", "role"}
    text = (home / "up.json").read_text()
    assert (home / "log.password").read_text() not in text
    assert set(state(home)["ports"]) == {"http", "log", "mqtt"}


async def test_a_second_one_on_the_same_home_is_refused_with_the_first_ones_process(home: Path):
    with pytest.raises(AlreadyRunning, match=f"process {state(home)['pid']}"):
        async with up(options(home)):
            pytest.fail("both are up")


@pytest.mark.parametrize("victim", ["role", "nats", "postgres"])
async def test_what_is_killed_comes_back_within_ten_seconds(home: Path, victim: str):
    killed = pids(home)[victim]
    os.kill(killed, signal.SIGKILL)

    def back() -> bool:
        child = state(home)["children"][victim]
        return child["pid"] not in {None, killed} and child["state"] == "ready"

    await asyncio.to_thread(wait_until, back, 10)
    assert query(home) is not None
    assert await append_to_log(home) > 0


def test_it_stops_roles_first_leaves_nothing_and_exits_cleanly(tmp_path: Path):
    with up_process(tmp_path) as process:
        running = pids(tmp_path)
        process.terminate()
        started = time.monotonic()
        assert process.wait(_PATIENCE_S) == 0
    assert time.monotonic() - started < 10
    # The stand-in touches it only after the database has answered it once more.
    assert (tmp_path / "stopped").exists()
    assert not [name for name, pid in running.items() if alive(pid)]
    assert not (tmp_path / "up.json").exists()


def test_everything_ends_when_it_is_killed_and_it_comes_up_again(tmp_path: Path):
    with up_process(tmp_path) as process:
        running = pids(tmp_path)
        process.kill()
        process.wait(_PATIENCE_S)
        wait_until(lambda: not any(map(alive, running.values())), 10)
    with up_process(tmp_path):
        assert query(tmp_path) is not None


async def test_the_first_start_makes_an_administrator_once(tmp_path: Path):
    async with up(options(tmp_path)) as running:
        first = running.first_login
    async with up(options(tmp_path)) as running:
        second = running.first_login
    assert first is not None
    assert second is None
    file = tmp_path / LOGIN_FILE
    assert first.password in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_engines_that_run_elsewhere_are_not_started(
    tmp_path: Path, empty_database_url: str, log_engine: Any
):
    given = options(tmp_path, database_url=empty_database_url, log_url=log_engine.url)
    async with up(given) as running:
        assert set(pids(tmp_path)) == {"role"}
        assert running.mqtt_port is None
        assert (running.database_url, running.log_url) == (empty_database_url, log_engine.url)


async def test_a_plant_with_a_mistake_is_refused_before_any_role_starts(tmp_path: Path):
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "assets.yaml").write_text("assets: [{tag: '${ASSET_TAG}', nmae: Pump}]")
    given = replace(options(tmp_path / "home"), plant=plant, environment={"ASSET_TAG": "P-101"})
    with pytest.raises(PlantRefused, match=r"assets.yaml:1:.*nmae"):
        async with up(given):
            pytest.fail("it is up")
    assert not (tmp_path / "home" / "started").exists()


async def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"{port}.*--http-port"):
            async with up(options(tmp_path, http_port=port)):
                pytest.fail("it is up")
    assert not (tmp_path / "postgres").exists()
