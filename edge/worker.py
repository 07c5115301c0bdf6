"""The edge's process: reads the sources it is given into the log until cancelled."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from nats.aio.client import Client

from config.clock import now_us
from config.errors import LogUnavailable
from config.log import connect_log, ensure_stream
from config.retry import keep_running
from config.status import EVERY_S, Status, send_status
from config.tasks import run_together
from edge.collector import Collector
from edge.definitions import Definitions, Load
from edge.health import State
from edge.modbus.collector import ModbusCollector
from edge.modbus.source import ModbusSource
from edge.mqtt.collector import MqttCollector
from edge.mqtt.source import MqttSource, Stay
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.publisher import Publisher
from edge.source_file import Source
from edge.supervisor import Supervisor
from edge.writes import Writes, answer_writes

_STREAM_CHECK_S = 5.0
_FILES_S = 2.0


async def run(  # noqa: PLR0913 - all that one process is told
    sources: Sequence[Source],
    *,
    edge: str,
    partitions: int,
    log_url: str,
    log_max_bytes: int,
    reload: Load = lambda: None,
    home: Path | None = None,
) -> None:
    """Collect from `sources` until cancelled; waits for the log as long as it is away.

    `reload` is asked every two seconds for sources that take the place of those. Under `home` is kept
    what has to outlive this process.
    """
    quiet_libraries()
    definitions = Definitions(sources, reload)
    collect = partial(
        _collect,
        definitions,
        partial(collector_of, home=home),
        edge,
        partitions,
        (log_url, log_max_bytes),
    )
    await keep_running(collect, name="edge")


def collector_of(source: Source, home: Path | None = None) -> Collector:
    """The collector that reads a source, remembering under `home`; nothing connects yet."""
    if isinstance(source, ModbusSource):
        return ModbusCollector(source)
    if isinstance(source, OpcuaSource):
        positions = home and home / "positions" / f"{source.name}.json"
        return OpcuaCollector(source, positions=positions)
    return MqttCollector(source)


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
    definitions: Definitions,
    collect_from: Callable[[Source], Collector],
    edge: str,
    partitions: int,
    stream: tuple[str, int],
) -> None:
    url, max_bytes = stream
    async with _log(url, edge) as client:
        await ensure_stream(client, max_bytes=max_bytes)
        publisher = Publisher(
            client, edge=edge, session=secrets.token_hex(8), partitions=partitions
        )
        supervisor = Supervisor(definitions.sources, publisher, collect_from)
        await run_together(
            [
                publisher.run(),
                supervisor.run(),
                _follow(definitions, supervisor),
                _report(client, lambda: status(edge, publisher, supervisor, definitions)),
                _keep_stream(client, publisher, max_bytes),
                answer_writes(client, edge, Writes(edge, supervisor.running)),
            ]
        )


@asynccontextmanager
async def _log(url: str, edge: str) -> AsyncIterator[Client]:
    client = await connect_log(url, name=f"edge {edge}")
    try:
        yield client
    finally:
        await client.close()


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


def status(
    edge: str, publisher: Publisher, supervisor: Supervisor, definitions: Definitions
) -> Status:
    """How the edge and each of its sources stand at present."""
    parts = supervisor.parts()
    lost = [name for name, part in parts.items() if part.state == State.FAILED]
    said = [publisher.problem, f"lost: {', '.join(lost)}" if lost else "", definitions.problem]
    message = "; ".join(filter(None, said))
    counts = publisher.counts
    metrics = {
        "readings_total": float(counts.readings),
        "alarms_total": float(counts.alarms),
        "batches_total": float(counts.batches),
        "bytes_total": float(counts.bytes),
        "waiting_rows": float(publisher.waiting_rows),
    }
    return Status("edge", edge, now_us(), not message, message, metrics, parts)


async def _keep_stream(client: Client, publisher: Publisher, max_bytes: int) -> None:
    """Make the stream again where a log came back without it."""
    while True:
        await asyncio.sleep(_STREAM_CHECK_S)
        if publisher.problem and client.is_connected:
            with suppress(LogUnavailable):
                await ensure_stream(client, max_bytes=max_bytes)
