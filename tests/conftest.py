"""What every test may use: a database of its own on a real server, and a real log."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from nats.aio.client import Client
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from config.database import Connection, connect
from config.log import close_log, connect_log, ensure_stream
from config.migrate import migrate
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start

# Several processes of tests may share one server.
_TEMPLATE = f"oilcan_template_{os.getpid()}"
_LOG_BYTES = 256 * 1024**2

# How long an example takes tells what else the machine does, and nothing of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class _Scheduling(LoadFileScheduling):
    """A file's tests stay in one process, and all that run the whole line do in the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the whole line" if file.startswith("tests/acceptance/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling:
    """How tests are shared out where there are several processes."""
    return _Scheduling(config, log)


@contextmanager
def running(engine: PostgresEngine | NatsEngine) -> Iterator[subprocess.Popen[bytes]]:
    """Run an engine until the end of the block."""
    engine.prepare()
    output = engine.home / f"{engine.name}.log"
    process = start(engine.command(), output)
    try:
        for _ in range(400):
            if engine.ready():
                break
            assert process.poll() is None, output.read_text()
            time.sleep(0.025)
        else:
            raise AssertionError(output.read_text())
        yield process
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(30)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A database server: the one of OILCAN_TEST_DATABASE_URL, or an embedded PostgreSQL."""
    if given := os.environ.get("OILCAN_TEST_DATABASE_URL"):
        yield given
        return
    home = Path(tempfile.mkdtemp(prefix="oilcan-test-"))
    home.chmod(0o755)
    engine = PostgresEngine(home, durable=False)
    with running(engine):
        yield engine.database_url("postgres")
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """A migrated database to clone; returns its name."""
    _recreate(server_url, _TEMPLATE, "")
    asyncio.run(migrate(_with_database(server_url, _TEMPLATE)))
    with psycopg.connect(server_url, autocommit=True) as connection:
        _close_to_others(connection, _TEMPLATE)
    return _TEMPLATE


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"oilcan_test_{os.getpid()}_{time.monotonic_ns()}"
    _recreate(server_url, name, f"TEMPLATE {template}")
    yield _with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """An empty database without a schema."""
    name = f"oilcan_empty_{os.getpid()}_{time.monotonic_ns()}"
    _recreate(server_url, name, "")
    yield _with_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """A connection to the test's database, in autocommit mode: open transactions in the test."""
    opened = await connect(database_url, autocommit=True)
    yield opened
    await opened.close()


@pytest.fixture
def log_engine(tmp_path: Path) -> Iterator[NatsEngine]:
    """A running NATS server of the test's own: the log and the MQTT broker."""
    engine = NatsEngine(tmp_path / "log", port=free_port(), mqtt_port=free_port())
    with running(engine):
        yield engine


@pytest.fixture
async def log_client(log_engine: NatsEngine) -> AsyncIterator[Client]:
    """A client of the test's log, its stream made."""
    client = await connect_log(log_engine.url, name="test")
    await ensure_stream(client, max_bytes=_LOG_BYTES)
    yield client
    await close_log(client)


def _with_database(url: str, name: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "dbname": name})


def _recreate(server_url: str, name: str, options: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} {options}")


def _close_to_others(connection: psycopg.Connection, name: str) -> None:
    """A template is cloned only while nobody is in it; TimescaleDB's workers like to be."""
    connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
    )
