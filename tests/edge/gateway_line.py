"""A hub's log, a gateway's own, and what is between them: servers that can be killed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nats.aio.client import Client

from config.errors import LogUnavailable
from config.log import (
    BatchId,
    Kind,
    Position,
    Record,
    close_log,
    connect_log,
    ensure_stream,
    publish,
    read,
)
from config.log_store import usage
from edge.forwarder import Forwarder
from edge.hub_log import HubLog
from oilcan.engines.nats_configuration import GatewayListener, HubAddress, Tls
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

LOG_BYTES = 64 * 1024**2
WITHIN_S = 60.0


@dataclass
class Server:
    """A server that can be killed and started again."""

    engine: NatsEngine
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.engine.prepare()
        self.process = start(self.engine.command(), self.engine.home / "nats.log")
        for _ in range(800):
            if await asyncio.to_thread(self.engine.ready):
                return
            await asyncio.sleep(0.025)
        raise AssertionError((self.engine.home / "nats.log").read_text())

    def kill(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class Line:
    """A hub and a gateway's server that is linked to it."""

    hub: Server
    gateway: Server
    position_file: Path


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    client = await connect_log(url, name="test")
    try:
        yield client
    finally:
        await close_log(client)


@asynccontextmanager
async def forwarding(line: Line) -> AsyncIterator[Forwarder]:
    """A forwarder that runs until the end of the block, which ends it at any point of its work."""
    engine = line.gateway.engine
    async with (
        connected(engine.url) as local,
        connected(engine.hub_url) as hub,
    ):
        forwarder = Forwarder(local, HubLog(hub), file=line.position_file)
        task = asyncio.create_task(forwarder.run())
        try:
            yield forwarder
        finally:
            task.cancel()
            # Once is enough, whatever it waits for.
            await asyncio.wait([task], timeout=WITHIN_S)
            assert task.done()


@asynccontextmanager
async def stream(server: Server, max_bytes: int = LOG_BYTES) -> AsyncIterator[Client]:
    """A client of a server's own log, its stream made."""
    async with connected(server.engine.url) as client:
        await ensure_stream(client, max_bytes=max_bytes)
        yield client


def batch(sequence: int, session: str = "s") -> BatchId:
    return BatchId("g", session, sequence)


async def keep(
    client: Client, first: int, count: int, *, session: str = "s", data: bytes = b"x"
) -> None:
    """Put numbered records into a gateway's log, each again until it is there."""
    js = client.jetstream()

    async def stored(kind: Kind, sequence: int) -> bool:
        with suppress(LogUnavailable):
            await publish(js, kind, sequence % 2, batch(sequence, session), data)
            return True
        return False

    for sequence in range(first, first + count):
        kind = Kind.ALARMS if sequence % 3 == 0 else Kind.READINGS
        await until(partial(stored, kind, sequence))


async def told(client: Client, count: int) -> list[tuple[str, int]]:
    """(session, sequence) of every record in a log that has at least so many."""
    await until(lambda: holds(client, lambda records: records >= count))
    seen: list[Record] = []
    async with aclosing(read(client, None, Position(), max_wait_s=0.3)) as lists:
        async for records in lists:
            if not records:
                break
            seen += records
    return [(record.batch.session, record.batch.sequence) for record in seen]


async def taken(client: Client, of: BatchId) -> bool:
    """Does the log at the other end take a record of this identity?"""
    try:
        await publish(client.jetstream(), Kind.READINGS, 0, of, b"x")
    except LogUnavailable:
        return False
    return True


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            if await true():
                return
            await asyncio.sleep(0.05)


async def holds(client: Client, enough: Callable[[int], bool]) -> bool:
    return enough((await usage(client)).records)


async def emptied(client: Client) -> None:
    await until(lambda: holds(client, lambda records: records == 0))


async def says(forwarder: Forwarder, words: str) -> bool:
    return words in forwarder.problem


def numbers(first: int, count: int, session: str = "s") -> list[tuple[str, int]]:
    return [(session, sequence) for sequence in range(first, first + count)]


async def logged(server: Server, words: str) -> bool:
    return words in (server.engine.home / "nats.log").read_text()


def make_line(folder: Path, *, hub_files: Tls | None = None, authority: Path | None = None) -> Line:
    """A hub and its gateway `g`, not started; encrypted where there are files for it."""
    gateways = GatewayListener("127.0.0.1", free_port(), hub_files)
    hub = NatsEngine(folder / "hub", port=free_port(), mqtt_port=None, gateways=gateways)
    scheme, password = "tls" if hub_files else "nats", hub.gateway_logins.admit("g")
    gateway = NatsEngine(
        folder / "gateway",
        port=free_port(),
        mqtt_port=None,
        hub=HubAddress(f"{scheme}://g:{password}@127.0.0.1:{gateways.port}", authority),
        server="gateway-g",
    )
    return Line(Server(hub), Server(gateway), folder / "forwarded.json")
