"""A gateway: an edge beside the devices with a log of its own, which it hands over to its hub.

One process collects and forwards; the log's server is its child, started again when it ends, and
killed by the kernel where this process is gone. The hub may be away at any time, also at the start.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import typer

from config.diagnostics import logger
from config.errors import SettingsError
from config.settings import Settings
from edge.worker import EdgeLog, HubLink, run
from oilcan.child import Child, Program, kept_running
from oilcan.engines.nats_configuration import HubAddress
from oilcan.engines.nats_server import NatsEngine
from oilcan.errors import NotReady
from oilcan.full_disk import FullDisk, watched
from oilcan.home import held, remove_state, write_state
from oilcan.hub_refusal import RefusalLog
from oilcan.output import Output, RotatingFile
from oilcan.plant.source_watch import SourceWatch
from oilcan.ports import Wish, choose_ports
from oilcan.settings import EngineSettings, GatewaySettings, load

POSITION_FILE = "forwarded.json"
_READY_WITHIN_S = 60.0
# The broker's sessions and what waits for them, where a gateway is a broker too.
_BROKER_BYTES = 1024**3

log = logger(__name__)


async def run_gateway(plant: Path, settings: Settings, gateway: GatewaySettings) -> None:
    """Collect and forward until cancelled.

    Call it from the main thread. Raises `SettingsError`, `DocumentError`, `AlreadyRunning`,
    `PortTaken`, `EngineError`, `NotReady`.
    """
    if settings.log_url:
        raise SettingsError("a gateway has a log of its own: set OILCAN_HUB or OILCAN_LOG_URL")
    home = settings.home.resolve()
    with held(home):
        ports = await _ports(gateway)
        engine = _engine(home, settings, gateway, ports)
        if "mqtt" in ports:
            # For sources that name the broker's port.
            os.environ["OILCAN_MQTT_PORT"] = str(ports["mqtt"])
        watch = SourceWatch(plant)
        sources = watch.read()
        edge_log = EdgeLog(
            url=engine.url,
            max_bytes=gateway.local_max_bytes,
            partitions=settings.partitions,
            hub=HubLink(engine.hub_url, home / POSITION_FILE),
        )
        server = _LogServer(engine, ports)
        try:
            async with kept_running([server.child]), watched(server.disk, server.child):
                await server.wait_ready()
                await run(
                    sources,
                    edge=settings.edge,
                    log=edge_log,
                    reload=watch.changed,
                    home=home / "edge" / settings.edge,
                )
        finally:
            remove_state(home)


async def _ports(gateway: GatewaySettings) -> dict[str, int]:
    wishes = {"log": Wish("the log's port", "127.0.0.1", 0)}
    if gateway.local_mqtt_port is not None:
        host, port = gateway.local_mqtt_host, gateway.local_mqtt_port
        wishes["mqtt"] = Wish("OILCAN_LOCAL_MQTT_PORT", host, port)
    return dict(zip(wishes, await choose_ports(list(wishes.values())), strict=True))


def _engine(
    home: Path, settings: Settings, gateway: GatewaySettings, ports: Mapping[str, int]
) -> NatsEngine:
    broker = _BROKER_BYTES if "mqtt" in ports else 0
    return NatsEngine(
        home,
        port=ports["log"],
        mqtt_port=ports.get("mqtt"),
        mqtt_host=gateway.local_mqtt_host,
        max_file_bytes=gateway.local_max_bytes + broker,
        hub=HubAddress(gateway.hub, gateway.hub_ca),
        server=f"gateway-{settings.edge}",
    )


class _LogServer:
    """The log's server as our child; `up.json` tells its process and ports."""

    def __init__(self, engine: NatsEngine, ports: Mapping[str, int]) -> None:
        self._engine = engine
        self._ports = dict(ports)
        self._output = engine.home / "logs" / "nats.log"
        self._refusals = RefusalLog()
        self.disk = FullDisk(engine.store)
        most = load(EngineSettings).output_max_bytes
        engine.prepare()
        output = Output(
            RotatingFile(self._output, max_bytes=most),
            show=lambda line: typer.echo(f"nats: {line}", err=True),
            hear=self._hear,
        )
        self.child = Child(_program(engine), output, self._tell)

    async def wait_ready(self) -> None:
        """Return when it serves. Raises `NotReady` after a minute."""
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await self.child.wait_ready()
        except TimeoutError as error:
            raise NotReady(f"the gateway's log did not start: see {self._output}") from error

    def _hear(self, line: str) -> None:
        self.disk.hear(line)
        self._refusals.hear(line)

    def _tell(self) -> None:
        child = self.child
        told = {"pid": child.pid, "state": child.state, "restarts": child.restarts}
        state = {"pid": os.getpid(), "ports": self._ports, "children": {"nats": told}}
        try:
            write_state(self._engine.home, state)
        except OSError as error:  # A full disk must not keep us from collecting.
            log.warning("up.json cannot be written", error=str(error))


def _program(engine: NatsEngine) -> Program:
    return Program(
        name=engine.name,
        command=engine.command(),
        environment=os.environ,
        ready=engine.ready,
        stop_signal=engine.stop_signal,
        # At once, for the next gateway on this home may start at once, and two on one log spoil it.
        parent_gone=signal.SIGKILL,
    )
