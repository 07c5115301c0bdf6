"""The edge's process: reads the sources it is given into the log until cancelled."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nats.aio.client import Client

from config.errors import LogUnavailable
from config.log import answers, close_log, connect_log, ensure_stream
from config.log_store import usage
from config.retry import keep_running
from config.status import EVERY_S, Status, send_status
from config.tasks import run_together
from edge.collector import Collector
from edge.definitions import Definitions, Load
from edge.forwarder import Forwarder
from edge.hub_log import HubLog
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.mqtt.collector import MqttCollector
from edge.mqtt.device_collector import DeviceCollector
from edge.mqtt.source import EMBEDDED, MqttSource, Stay
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.publisher import Publisher
from edge.source_file import Source
from edge.state import EdgeState, status
from edge.supervisor import Supervisor
from edge.writes import Writes, answer_writes

_STREAM_CHECK_S = 5.0
_SILENT_CHECKS = 6
_FILES_S = 2.0
_USAGE_S = 1.0


@dataclass(frozen=True, slots=True)
class HubLink:
    """The way from a gateway to its hub: a server that passes on, and where we keep how far we are."""

    url: str
    position_file: Path


@dataclass(frozen=True, slots=True)
class EdgeLog:
    """The log that an edge writes; with `hub` it is a gateway's own, whose records go on to the hub."""

    url: str
    max_bytes: int
    partitions: int = 1
    hub: HubLink | None = None


async def run(
    sources: Sequence[Source],
    *,
    edge: str,
    log: EdgeLog,
    reload: Load = lambda: None,
    home: Path | None = None,
) -> None:
    """Collect from `sources` until cancelled; waits for the log as long as it is away.

    `reload` is asked every two seconds for sources that take the place of those. Under `home` is kept
    what has to outlive this process.
    """
    quiet_libraries()
    definitions = Definitions(sources, reload)
    collector = partial(collector_of, home=home, log_url=log.url)
    collect = partial(_collect, definitions, collector, edge, log)
    await keep_running(collect, name="edge")


def collector_of(source: Source, home: Path | None = None, log_url: str = "") -> Collector:
    """The collector that reads a source, remembering under `home`; nothing connects yet.

    `log_url` is that of the log whose server is the embedded broker.
    """
    if isinstance(source, ModbusSource):
        return ModbusCollector(source)
    if isinstance(source, OpcuaSource):
        positions = home and home / "positions" / f"{source.name}.json"
        return OpcuaCollector(source, positions=positions)
    if source.connect == EMBEDDED:
        return DeviceCollector(source, log_url=log_url)
    receipts = home and home / "receipts" / f"{source.name}.slots"
    return MqttCollector(source, receipts=receipts)


def trial_collector_of(source: Source) -> Collector:
    """The same, for a look that leaves no trace and disturbs no edge that runs."""
    if isinstance(source, MqttSource):
        return MqttCollector(source, stay=Stay.PASSING)
    return collector_of(source)


def quiet_libraries() -> None:
    """Silence what protocol libraries say for each attempt: health says each loss once."""
    for name in ("pymodbus", "asyncua", "paho"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


async def _collect(
    definitions: Definitions, collect_from: Callable[[Source], Collector], edge: str, log: EdgeLog
) -> None:
    async with _log(log, edge) as client, _hub(log, edge, client) as hub:
        await ensure_stream(client, max_bytes=log.max_bytes)
        publisher = Publisher(
            client,
            edge=edge,
            session=secrets.token_hex(8),
            partitions=log.partitions,
            log_name="the gateway's log" if log.hub else "the log",
        )
        supervisor = Supervisor(definitions.sources, publisher, collect_from)
        forwarder = _forwarder(log, client, hub)
        state = EdgeState(edge, publisher, supervisor, definitions, forwarder)
        await run_together(
            [
                publisher.run(),
                supervisor.run(),
                _follow(definitions, supervisor),
                _report(hub, lambda: status(state)),
                _keep_stream(client, publisher, log.max_bytes),
                _measure(client, state),
                answer_writes(hub, edge, Writes(edge, supervisor.running)),
                *([forwarder.run(), _keep_asking(hub, client)] if forwarder else []),
            ]
        )


def _forwarder(log: EdgeLog, client: Client, hub: Client) -> Forwarder | None:
    return Forwarder(client, HubLog(hub), file=log.hub.position_file) if log.hub else None


@asynccontextmanager
async def _log(log: EdgeLog, edge: str) -> AsyncIterator[Client]:
    client = await connect_log(log.url, name=f"edge {edge}")
    try:
        yield client
    finally:
        await close_log(client)


@asynccontextmanager
async def _hub(log: EdgeLog, edge: str, client: Client) -> AsyncIterator[Client]:
    """The way to those who hear of our state: the hub's side of a gateway, or the log's server."""
    if log.hub is None:
        yield client
        return
    hub = await connect_log(log.hub.url, name=f"gateway {edge}")
    try:
        yield hub
    finally:
        await close_log(hub)


async def _follow(definitions: Definitions, supervisor: Supervisor) -> None:
    """Have the supervisor collect from what the files say."""
    while True:
        await asyncio.sleep(_FILES_S)
        if await definitions.refresh():
            supervisor.want(definitions.sources)


async def _report(client: Client, present: Callable[[], Status]) -> None:
    """Send the status each second; while the log is away, nobody would hear it."""
    while True:
        if client.is_connected:
            await send_status(client, present())
        await asyncio.sleep(EVERY_S)


async def _measure(client: Client, state: EdgeState) -> None:
    """Look at what the log holds; while it is away, the last look stands."""
    while True:
        with suppress(LogUnavailable):
            state.usage = await usage(client)
        await asyncio.sleep(_USAGE_S)


async def _keep_stream(client: Client, publisher: Publisher, max_bytes: int) -> None:
    """Make the stream again where a log came back without it.

    Raises `LogUnavailable` where a connection is well for long and nothing is confirmed on it: then
    all is begun anew over another. Nothing of it was acknowledged, so nothing is lost.
    """
    silent = 0
    while True:
        await asyncio.sleep(_STREAM_CHECK_S)
        stuck = bool(publisher.problem) and client.is_connected and not publisher.outage.full
        silent = silent + 1 if stuck else 0
        if silent >= _SILENT_CHECKS:
            raise LogUnavailable("the log is connected and confirms nothing")
        if publisher.problem and client.is_connected:
            with suppress(LogUnavailable):
                await ensure_stream(client, max_bytes=max_bytes)


async def _keep_asking(hub: Client, local: Client) -> None:
    """Ask our own server over both connections, whether or not the hub is there.

    Raises `LogUnavailable` where it answers for long on the local one alone: then all is begun anew.
    """
    silent = 0
    while silent < _SILENT_CHECKS:
        await asyncio.sleep(_STREAM_CHECK_S)
        alone = not await answers(hub) and await answers(local)
        silent = silent + 1 if alone else 0
    raise LogUnavailable("the connection towards the hub answers nothing")
