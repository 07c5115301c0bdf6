"""What a gateway's log holds is in the hub's once and in order, however often either goes away."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
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
from config.log_batch import BatchRefused, publish_together
from config.log_store import release, usage
from edge.forwarder import Forwarder, groups
from edge.hub_log import HubLog
from edge.patience import Patience
from edge.position_file import load_position, save_position
from oilcan.engines.nats_configuration import GatewayListener, HubAddress
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

_LOG_BYTES = 64 * 1024**2
_SMALL_BYTES = 16 * 1024**2
_WITHIN_S = 60.0


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


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    gateways = GatewayListener("127.0.0.1", free_port())
    hub = NatsEngine(tmp_path / "hub", port=free_port(), mqtt_port=None, gateways=gateways)
    url = f"nats://gateway:{hub.gateway_password}@127.0.0.1:{gateways.port}"
    gateway = NatsEngine(
        tmp_path / "gateway",
        port=free_port(),
        mqtt_port=None,
        hub=HubAddress(url),
        server="gateway-g",
    )
    made = Line(Server(hub), Server(gateway), tmp_path / "forwarded.json")
    try:
        yield made
    finally:
        made.gateway.kill()
        made.hub.kill()


@asynccontextmanager
async def connected(url: str, *, inbox_prefix: str = "_INBOX") -> AsyncIterator[Client]:
    client = await connect_log(url, name="test", inbox_prefix=inbox_prefix)
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
        connected(engine.hub_url, inbox_prefix="_GATEWAY") as hub,
    ):
        forwarder = Forwarder(local, HubLog(hub), file=line.position_file)
        task = asyncio.create_task(forwarder.run())
        try:
            yield forwarder
        finally:
            task.cancel()
            # Once is enough, whatever it waits for.
            await asyncio.wait([task], timeout=_WITHIN_S)
            assert task.done()


@asynccontextmanager
async def stream(server: Server, max_bytes: int = _LOG_BYTES) -> AsyncIterator[Client]:
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


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_WITHIN_S):
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


async def test_what_the_gateway_keeps_goes_to_the_hub_and_is_then_let_go(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own, forwarding(line) as forwarder:
        await keep(own, 1, 200)
        assert await told(hub, 200) == numbers(1, 200)
        await emptied(own)
    assert forwarder.counts.records == 200


async def test_neither_side_hears_the_publishers_of_the_other(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own:
        await keep(own, 1, 3)
        await keep(hub, 10, 3, session="hub")
        assert await told(own, 3) == numbers(1, 3)
        assert await told(hub, 3) == numbers(10, 3, "hub")


async def test_a_gateway_collects_before_it_has_ever_seen_its_hub(line: Line) -> None:
    await line.gateway.start()
    async with stream(line.gateway) as own, forwarding(line) as forwarder:
        await keep(own, 1, 50)
        await until(lambda: says(forwarder, "the hub's log takes nothing since "))
        await line.hub.start()
        async with stream(line.hub) as hub:
            assert await told(hub, 50) == numbers(1, 50)
        await emptied(own)
        assert forwarder.problem == ""


async def test_the_order_holds_over_deaths_of_the_forwarder_and_of_both_servers(
    line: Line,
) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub) as hub, stream(line.gateway) as own:
        for number in range(12):
            session = f"s{number // 4}"
            await keep(own, number * 40, 40, session=session)
            async with forwarding(line):
                await asyncio.sleep(0.02 * number)
                if number % 4 == 1:
                    line.hub.kill()
                    await line.hub.start()
                if number % 4 == 3:
                    line.gateway.kill()
                    await line.gateway.start()
        async with forwarding(line):
            wanted = [(f"s{number // 160}", number) for number in range(480)]
            assert await told(hub, 480) == wanted
            await emptied(own)


async def test_a_full_hub_leaves_everything_with_the_gateway_and_in_order(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    async with stream(line.hub, _SMALL_BYTES) as hub, stream(line.gateway) as own:
        await keep(own, 1, 24, data=bytes(1024**2))
        async with forwarding(line) as forwarder:
            await until(lambda: says(forwarder, "the hub's log is full since "))
            taken = (await usage(hub)).records
            assert taken < 24
            await ensure_stream(hub, max_bytes=_LOG_BYTES)
            assert await told(hub, 24) == numbers(1, 24)


def test_records_go_together_within_a_session_and_a_size() -> None:
    """A reader of the hub's log knows an edge's last session alone."""
    sent = [record(n, bytes(400), "a") for n in range(3)] + [record(n, b"", "b") for n in range(3)]
    together = [[one.batch.sequence for one in part] for part in groups(sent, 1_000)]
    assert together == [[0, 1], [2], [0, 1, 2]]
    assert [len(part) for part in groups([record(1, bytes(5_000))], 1_000)] == [1]


async def test_a_batch_is_taken_as_a_whole_or_not_at_all(line: Line) -> None:
    await line.hub.start()
    async with stream(line.hub, _SMALL_BYTES) as hub:
        records = [record(n, bytes(3 * 1024**2)) for n in range(1, 8)]
        with pytest.raises(LogUnavailable, match="full"):
            await publish_together(hub, records, timeout_s=20)
        assert (await usage(hub)).records == 0
        small = [record(n, b"x") for n in range(1, 8)]
        assert await publish_together(hub, small, timeout_s=20)
        with pytest.raises(BatchRefused, match="duplicate"):
            await publish_together(hub, [*small[5:], record(8, b"x")], timeout_s=20)
        assert await told(hub, 7) == numbers(1, 7)


def record(sequence: int, data: bytes, session: str = "s") -> Record:
    return Record(Kind.READINGS, 0, batch(sequence, session), Position("x", sequence), data)


async def test_what_a_log_gives_back_is_gone_and_its_last_place_stays_known(line: Line) -> None:
    await line.gateway.start()
    async with stream(line.gateway) as own:
        assert (await usage(own)).oldest_us == 0
        await keep(own, 1, 4)
        last = (await usage(own)).last
        await release(own, Position(last.stream, 3))
        assert await told(own, 1) == numbers(4, 1)
        await release(own, last)
        left = await usage(own)
        assert (left.records, left.last) == (0, last)


async def test_a_gateway_cannot_read_or_ask_what_is_the_hubs(line: Line) -> None:
    await line.hub.start()
    await line.gateway.start()
    heard: list[str] = []

    async def hear(message: object) -> None:
        heard.append(getattr(message, "subject", ""))

    link = connected(line.gateway.engine.hub_url, inbox_prefix="_GATEWAY")
    async with stream(line.hub) as hub, link as gateway:
        for subject in ("oilcan.readings.>", "oilcan.alarms.>", "_INBOX.>", "oilcan.command.g"):
            await gateway.subscribe(subject, cb=hear)
        await gateway.flush()
        async with asyncio.timeout(_WITHIN_S):
            while "oilcan.command.g" not in heard:
                await keep(hub, 1, 1)
                await hub.publish("oilcan.command.g", b"x")
                await asyncio.sleep(0.05)
    assert set(heard) == {"oilcan.command.g"}


def test_a_position_is_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "forwarded.json"
    assert load_position(file) == Position()
    save_position(file, Position("s", 5))
    save_position(file, Position("s", 6))
    assert load_position(file) == Position("s", 6)
    file.write_text("{")
    assert load_position(file) == Position()


def test_patience_grows_with_waiting_in_vain_and_follows_the_link() -> None:
    patience = Patience()
    patience.failed(0.1)
    assert patience.seconds == 5.0
    patience.failed(5.0)
    assert patience.seconds == 10.0
    for _ in range(9):
        patience.failed(patience.seconds)
    assert patience.seconds == 120.0
    patience.confirmed(8.0)
    assert patience.seconds == 24.0
    patience.confirmed(0.01)
    assert patience.seconds == 5.0
