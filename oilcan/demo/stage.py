"""The demo set up: a home, the simulated plant, and everything of Oilcan on this machine."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.access.roles import Role
from api.access.service import create_api_key
from config.database import connect
from config.settings import Settings
from oilcan.demo.api_client import Api
from oilcan.demo.plant_process import PlantProcess, run_plant
from oilcan.demo.requests import ask_for_work
from oilcan.demo.servers import ServerOptions
from oilcan.engines.postgres import PostgresEngine
from oilcan.ports import Wish, choose_ports
from oilcan.settings import EngineSettings
from oilcan.supervisor import Running, UpOptions, up

PLANT_FOLDER = Path(__file__).parent / "plant"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line said; a port of None or 0 is any free one."""

    seed: int = 1
    speed: float = 1.0
    home: Path | None = None
    http_port: int | None = None
    mqtt_port: int | None = None
    keep: bool = False
    record: bool = False
    """Note every change of a register, for the check."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo."""

    running: Running
    plant: PlantProcess
    api: Api
    record: Path


@contextmanager
def demo_home(options: DemoOptions) -> Iterator[Path]:
    """The folder of the demo's data: the one that was given, or a new one, removed at the end."""
    if options.home is not None:
        options.home.mkdir(parents=True, exist_ok=True)
        yield options.home
        return
    home = Path(tempfile.mkdtemp(prefix="oilcan-demo-"))
    try:
        yield home
    finally:
        if not options.keep:
            # Where the home's path is long, the database's socket lies elsewhere.
            for folder in (PostgresEngine(home).socket_folder, home):
                shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def set_up(options: DemoOptions, home: Path) -> AsyncIterator[Stage]:
    """Start the plant, then Oilcan, and stop them in turn when the block is left.

    Raises what `up` raises, and `PlantStopped`.
    """
    wishes = [Wish(option, _LOOPBACK, 0) for option in ("--modbus-port", "--opcua-port")]
    wishes.append(Wish("--mqtt-port", _LOOPBACK, options.mqtt_port or 0))
    modbus, opcua, mqtt = await choose_ports(wishes)
    record = home / "registers.jsonl"
    servers = ServerOptions(
        modbus_port=modbus,
        opcua_port=opcua,
        mqtt_port=mqtt,
        seed=options.seed,
        speed=options.speed,
        record=record if options.record else None,
    )
    async with (
        run_plant(servers, home / "logs" / "plant.log") as plant,
        up(_up_options(options, home, servers)) as running,
    ):
        await plant.wait_ready()
        await ask_for_work(running.database_url)
        yield Stage(running, plant, Api(running.http_url, await _api_key(running)), record)


def _up_options(options: DemoOptions, home: Path, servers: ServerOptions) -> UpOptions:
    """The demo never touches the database and the log that the environment names for real work."""
    settings = Settings(
        home=home,
        database_url=os.environ.get("OILCAN_DEMO_DATABASE_URL", ""),
        log_url="",
        log_max_bytes=1024**3,
        http_host=_LOOPBACK,
        http_port=options.http_port or 0,
        log_level="warning",
    )
    return UpOptions(
        settings,
        EngineSettings(log_port=0, mqtt_port=servers.mqtt_port),
        plant=PLANT_FOLDER,
        environment={
            "OILCAN_DEMO_MODBUS_PORT": str(servers.modbus_port),
            "OILCAN_DEMO_OPCUA_PORT": str(servers.opcua_port),
        },
    )


async def _api_key(running: Running) -> str:
    """A key that may look at everything and change nothing."""
    connection = await connect(running.database_url)
    try:
        async with connection.transaction():
            return await create_api_key(connection, name="demo", role=Role.VIEWER)
    finally:
        await connection.close()
