"""How many changes a second one OPC UA collector takes: 5,000 items, each publication with all of them.

An asyncua server that changes 5,000 variables ten times a second tells of half of that, so this one
tells it without changing them: an asyncua server does sessions, items and requests,
and a publication is made of one that was written beforehand, its numbers and times put in by NumPy.
What the collector gets is byte for byte what a server sends. It is asked for 10 Hz, and for as much as
is taken. Beside it stands asyncua's own publish loop, which decodes and keeps nothing.

Each change is numbered, so that what is lost is seen. The sink counts and keeps nothing.
"""

import argparse
import asyncio
import cProfile
import io
import logging
import pstats
import statistics
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import numpy as np
from asyncua import Client, Server, ua
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_to_binary

from bench.harness import publish, say, table
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected
from oilcan.engines.process import free_port

URI = "urn:bench"
ITEMS, HZ = 5_000, 10
CHANGE = np.dtype(
    [
        ("handle", "<u4"),
        ("fields", "u1"),
        ("variant", "u1"),
        ("value", "<f8"),
        ("source", "<i8"),
        ("server", "<i8"),
    ]
)
_FIRST_S = 60
"""Seconds within which changes have to come: the server makes its items, and they are watched."""
_AROUND_S = 6
"""Seconds that a run takes to connect, watch its items and end, about."""
EMPTY = b"\x01\x00\x2b\x03\x01"
"""How a DataChangeNotification begins in a publication: its type, and that a body follows."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took in, how long that took, and how long its process worked for it."""

    readings: int
    changes: int
    seconds: float
    processor_s: float

    @property
    def lost(self) -> int:
        """Readings that were published between the first and the last, and did not come."""
        return self.changes * ITEMS - self.readings


class Counter:
    """A sink that counts and keeps nothing."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Count from here."""
        self.readings, self.first, self.last = 0, 0.0, 0.0

    @property
    def changes(self) -> int:
        """How many changes every item went through from the first that was seen to the last."""
        return int(self.last - self.first) + 1 if self.readings else 0

    def count(self, change: float, readings: int) -> None:
        """So many items told of a change."""
        self.first = self.first if self.readings else change
        self.last = max(self.last, change)
        self.readings += readings

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """See `edge.collector.Sink`."""
        if len(readings) == ITEMS:
            self.count(float(readings.value.max()), ITEMS)

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Nothing that this program sends is unreadable."""


class Player:
    """Publishes change after change of all items, without there being any."""

    def __init__(self, subscription: InternalSubscription, processor: UaProcessor) -> None:
        self._subscription, self._processor = subscription, processor
        handles = [
            item.client_handle
            for item in subscription.monitored_item_srv._monitored_items.values()  # noqa: SLF001
        ]
        self._changes = np.zeros(len(handles), CHANGE)
        self._changes["handle"] = handles
        # A value, a source and a server timestamp; the value is a Double.
        self._changes["fields"], self._changes["variant"] = 0x01 | 0x04 | 0x08, 11

    async def play(self, hz: float) -> None:
        """Until the client has gone; with `hz` 0 as fast as it asks."""
        due, change = time.monotonic(), 0
        while not self._processor._transport.is_closing():  # noqa: SLF001
            # While the client is late, what is due waits for it, as in the items' queues.
            if self._processor._publish_requests and time.monotonic() >= due:  # noqa: SLF001
                change += 1
                due += 1 / hz if hz else 0
                self._publish(change)
            await asyncio.sleep(0 if not hz else 0.002)

    def _publish(self, change: int) -> None:
        request = self._processor._publish_requests.popleft()  # noqa: SLF001
        now = time.time_ns() // 100 + 116_444_736_000_000_000
        self._changes["value"], self._changes["source"] = change, now
        self._changes["server"] = now
        body = struct.pack("<i", len(self._changes)) + self._changes.tobytes() + b"\xff" * 4
        self._processor._transport.write(  # noqa: SLF001
            self._processor._connection.message_to_binary(  # noqa: SLF001
                self._response(request.requesthdr.RequestHandle, body),
                message_type=ua.MessageType.SecureMessage,
                request_id=request.seqhdr.RequestId,
            )
        )

    def _response(self, request: int, body: bytes) -> bytes:
        """A publish response, the body of its notification put in."""
        response = ua.PublishResponse()
        response.ResponseHeader.RequestHandle = ua.UInt32(request)
        response.Parameters.SubscriptionId = self._subscription.data.SubscriptionId
        message = response.Parameters.NotificationMessage
        message.SequenceNumber = ua.Counter(self._subscription._notification_seq)  # noqa: SLF001
        self._subscription._notification_seq += 1  # noqa: SLF001
        message.NotificationData = [ua.DataChangeNotification([])]  # type: ignore[list-item]
        head, begin, rest = struct_to_binary(response).partition(EMPTY)
        (length,) = struct.unpack_from("<i", rest)
        return head + begin + struct.pack("<i", len(body)) + body + rest[4 + length :]


async def serve(port: int, hz: float) -> None:
    """Publish to whoever watches all items."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    index = await server.register_namespace(URI)
    for n in range(ITEMS):
        await server.nodes.objects.add_variable(ua.NodeId(f"v{n}", index), f"v{n}", 0.0)
    async with server:
        print("ready", flush=True)
        service = server.iserver.subscription_service
        while True:
            await asyncio.sleep(0.1)
            for subscription in list(service.subscriptions.values()):
                items = subscription.monitored_item_srv._monitored_items  # noqa: SLF001
                if len(items) == ITEMS and not subscription._startup:  # noqa: SLF001
                    ask = subscription.pub_request_callback
                    processor: UaProcessor = ask.__self__  # type: ignore[union-attr]
                    await asyncio.sleep(1)
                    await Player(subscription, processor).play(hz)


@asynccontextmanager
async def serving(hz: float) -> AsyncIterator[int]:
    """The server in a process of its own; gives its port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.opcua",
        "--serve",
        str(port),
        "--hz",
        str(hz),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield port
    finally:
        process.kill()
        await process.wait()


Take = Callable[[int, Counter], Coroutine[None, None, None]]
"""Takes from the server at a port until cancelled."""


async def collect(port: int, counter: Counter) -> None:
    """Our collector."""
    source = OpcuaSource.model_validate(
        {
            "type": "opcua",
            "name": "bench",
            "connect": f"opc.tcp://127.0.0.1:{port}/",
            "publish_every": "100ms",
            "timeout": "20s",
            "nodes": [{"node": f"nsu={URI};s=v{n}", "tag": f"B-1.v{n}"} for n in range(ITEMS)],
        }
    )
    await OpcuaCollector(source, reconcile_s=3_600).run(counter)


async def asyncua_alone(port: int, counter: Counter) -> None:
    """asyncua's client, with a callback that looks at one value."""

    def take(result: ua.PublishResult) -> None:
        for each in result.NotificationMessage.NotificationData or []:
            if isinstance(each, ua.DataChangeNotification) and len(each.MonitoredItems) == ITEMS:
                counter.count(each.MonitoredItems[0].Value.Value.Value, ITEMS)

    async with Client(f"opc.tcp://127.0.0.1:{port}/", timeout=20) as client:
        index = await client.get_namespace_index(URI)
        session = client.uaclient.session
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=ua.Duration(100),
            RequestedLifetimeCount=ua.Counter(10_000),
            RequestedMaxKeepAliveCount=ua.Counter(10),
            PublishingEnabled=True,
        )
        made = await session.create_subscription(parameters, take)
        requests = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(ua.NodeId(f"v{n}", index), ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(ClientHandle=ua.IntegerId(n), QueueSize=ua.Counter(1)),
            )
            for n in range(ITEMS)
        ]
        await session.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                made.SubscriptionId, ua.TimestampsToReturn.Both, requests
            )
        )
        await asyncio.Event().wait()


async def run(
    take: Take, port: int, seconds: float, profile: cProfile.Profile | None = None
) -> Run:
    """One run, from when changes come."""
    counter = Counter()
    task = asyncio.create_task(take(port, counter))
    begun = time.monotonic()
    while counter.changes < 5:
        if task.done() or time.monotonic() - begun > _FIRST_S:
            task.cancel()
            sys.exit(f"no changes came within {_FIRST_S} s: {await ended(task)}")
        await asyncio.sleep(0.05)
    say(f"  changes came after {time.monotonic() - begun:.1f} s")
    counter.clear()
    if profile is not None:
        profile.enable()
    started, worked = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    found = Run(
        counter.readings,
        counter.changes,
        time.perf_counter() - started,
        time.process_time() - worked,
    )
    if profile is not None:
        profile.disable()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return found


async def ended(task: asyncio.Task[None]) -> str:
    """Why a task ended, once it has."""
    [why] = await asyncio.gather(task, return_exceptions=True)
    return repr(why)


def row(name: str, runs: list[Run]) -> list[str]:
    """A line of the table: medians of the runs."""
    rates = [run.readings / run.seconds for run in runs]
    cost = statistics.median(run.processor_s / run.readings for run in runs)
    share = statistics.median(run.processor_s / run.seconds for run in runs)
    return [
        name,
        f"{statistics.median(rates):,.0f}",
        f"{max(rates) / min(rates):.2f}",
        f"{cost * 1e6:.2f}",
        f"{1 / cost:,.0f}",
        f"{share:.0%}",
        f"{sum(run.lost for run in runs):,}",
    ]


def page(rows: list[list[str]], profile: cProfile.Profile, runs: int, seconds: float) -> str:
    """The table, and where the collector's time goes."""
    head = ["", "readings/s", "spread", "µs of a core each", "readings/s of a core"]
    head += ["of a core", "lost"]
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(12)
    lines = [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]
    told = (
        f"{ITEMS:,} items; medians of {runs} runs of {seconds:g} s. Each publication holds a change "
        "of every item, written beforehand and played by a process on the same machine, since an "
        "asyncua server that changes its variables tells 24,000 changes a second. `asyncua alone` decodes with asyncua and keeps nothing. "
        "The profile is of a further run of the collector, as fast as it takes."
    )
    return f"{told}\n\n{table(head, rows)}\n\n```\n" + "\n".join(lines) + "\n```"


async def measure(runs: int, seconds: float) -> str:
    """Every subject once, then every subject again, and so on; a last run under the profiler."""
    profile = cProfile.Profile()
    takes = 4 * runs + 1
    say(f"{takes} runs of {seconds:g} s: about {takes * (seconds + _AROUND_S):.0f} s")
    async with serving(HZ) as paced, serving(0) as unpaced:
        subjects: list[tuple[str, Take, int]] = [
            (f"the collector at {HZ} Hz", collect, paced),
            (f"asyncua alone at {HZ} Hz", asyncua_alone, paced),
            ("the collector, as fast as it takes", collect, unpaced),
            ("asyncua alone, as fast as it takes", asyncua_alone, unpaced),
        ]
        found: list[list[Run]] = [[] for _ in subjects]
        for turn in range(runs):
            for taken, (name, take, port) in zip(found, subjects, strict=True):
                say(f"turn {turn + 1} of {runs}: {name}")
                taken.append(await run(take, port, seconds))
        say("under the profiler")
        await run(collect, unpaced, seconds, profile)
    rows = [row(name, taken) for taken, (name, _, _) in zip(found, subjects, strict=True)]
    return page(rows, profile, runs, seconds)


def main() -> None:
    """Serve, or measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--hz", type=float, default=HZ, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.serve:
        asyncio.run(serve(options.serve, options.hz))
        return
    text = asyncio.run(measure(options.runs, options.seconds))
    print(text)
    if not options.dry:
        publish("opcua", "python -m bench.opcua", text)


if __name__ == "__main__":
    main()
