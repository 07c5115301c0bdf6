"""Where a bench runs: a folder that goes with it, and in it a log and a database of its own."""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.database import Level, connect, find_level
from config.migrate import migrate
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.postgres import PostgresEngine
from oilcan.engines.process import free_port, start


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder that the database's own user may enter; it goes at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="oilcan-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        yield home


@contextmanager
def running(engine: PostgresEngine | NatsEngine) -> Iterator[subprocess.Popen[bytes]]:
    """Run an engine until the end of the block."""
    engine.prepare()
    process = start(engine.command(), engine.home / f"{engine.name}.log")
    try:
        while not engine.ready():
            assert process.poll() is None, f"{engine.name} did not start"
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(engine.stop_signal)
        process.wait(60)


def log_in(home: Path) -> NatsEngine:
    """A log with a broker that keeps its files below `home`."""
    return NatsEngine(home / "log", port=free_port(), mqtt_port=free_port())


def database_in(home: Path) -> PostgresEngine:
    """A database that keeps its files below `home`."""
    folder = home / "database"
    folder.mkdir()
    folder.chmod(0o755)
    return PostgresEngine(folder)


@contextmanager
def migrated_database(home: Path, *variables: str) -> Iterator[str]:
    """URL of the database that one of the environment's `variables` names, or of one below `home`."""
    given = next((os.environ[name] for name in variables if os.environ.get(name)), None)
    if given is not None:
        asyncio.run(migrate(given))
        yield given
        return
    database = database_in(home)
    with running(database):
        asyncio.run(migrate(database.url))
        yield database.url


async def describe(url: str) -> str:
    """The database in a few words."""
    level = await level_of(url)
    connection = await connect(url, autocommit=True)
    version = connection.info.server_version // 10_000
    await connection.close()
    return f"PostgreSQL {version}, level {level.value} ({level.name.lower()})"


async def level_of(url: str) -> Level:
    """What the database can do."""
    connection = await connect(url, autocommit=True)
    level = await find_level(connection)
    await connection.close()
    return level
