"""How many changes a second one OPC UA collector takes from an asyncua server in another process.

The bar is 5,000 items at 10 Hz. Server and collector share the machine, and the server is the slower
of the two: beside what arrived, the page says what a core could do by the processor time that each
reading took the collector.
"""

import asyncio
import cProfile
import io
import logging
import pstats
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncua import Server, ua

from bench.harness import publish, table
from edge.opcua.collector import OpcuaCollector
from edge.opcua.source import OpcuaSource
from edge.reading import AlarmBatch, ReadingBatch
from edge.rejected import Rejected
from oilcan.engines.process import free_port

URI = "urn:bench"
ITEMS, HZ, MEASURED_S, RUNS = 5_000, 10, 4.0, 2


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took in, and how long it and its process worked for it."""

    readings: int
    seconds: float
    processor_s: float
    gaps: int


class Counter:
    """A sink that counts and keeps nothing."""

    def __init__(self) -> None:
        self.readings = 0

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        self.readings += len(readings)

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Nothing that this program sends is unreadable."""


async def serve(port: int, items: int, hz: int) -> None:
    """A server whose variables all change `hz` times a second, or as often as it can."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    index = await server.register_namespace(URI)
    nodes = [
        await server.nodes.objects.add_variable(ua.NodeId(f"v{n}", index), f"v{n}", 0.0)
        for n in range(items)
    ]
    async with server:
        print("ready", flush=True)
        due, change = time.monotonic(), 0
        while True:
            change += 1
            value = ua.DataValue(ua.Variant(float(change)), SourceTimestamp=datetime.now(UTC))
            for n, node in enumerate(nodes):
                await server.write_attribute_value(node.nodeid, value)
                if n % 200 == 199:
                    await asyncio.sleep(0)
            due = max(due + 1 / hz, time.monotonic())
            await asyncio.sleep(due - time.monotonic())


@asynccontextmanager
async def server(port: int) -> AsyncIterator[None]:
    """The server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.opcua",
        "serve",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield
    finally:
        process.kill()
        await process.wait()


async def collect(port: int, profile: cProfile.Profile | None) -> Run:
    """Collect for a while once every item has told its first value."""
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
    collector, counter = OpcuaCollector(source), Counter()
    task = asyncio.create_task(collector.run(counter))
    while counter.readings < ITEMS:  # noqa: ASYNC110 - a sink that only counts tells nobody
        await asyncio.sleep(0.05)
    if profile is not None:
        profile.enable()
    first, started, worked = counter.readings, time.perf_counter(), time.process_time()
    await asyncio.sleep(MEASURED_S)
    run = Run(
        counter.readings - first,
        time.perf_counter() - started,
        time.process_time() - worked,
        collector.health().gaps,
    )
    if profile is not None:
        profile.disable()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return run


async def measure(profile: cProfile.Profile) -> list[Run]:
    """Some runs, and a last one under the profiler, which is not counted."""
    port = free_port()
    async with server(port):
        runs = [await collect(port, None) for _ in range(RUNS)]
        await collect(port, profile)
    return runs


def page(runs: list[Run], profile: cProfile.Profile) -> str:
    """The table of runs, and where the collector's time goes."""
    rows = [
        [
            f"run {n}",
            f"{run.readings / run.seconds:,.0f}",
            f"{run.processor_s / run.readings * 1e6:.1f}",
            f"{run.readings / run.processor_s:,.0f}",
            f"{run.processor_s / run.seconds:.0%}",
            str(run.gaps),
        ]
        for n, run in enumerate(runs, start=1)
    ]
    head = ["", "readings/s", "µs of a core each", "readings/s of a core", "of a core", "gaps"]
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(10)
    lines = [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]
    asked = (
        f"{ITEMS:,} items at {HZ} Hz were asked for, {ITEMS * HZ:,} readings/s; what arrived is "
        "not bounded by the collector, which had most of its core left; what bounds it was not "
        "measured. The profile is of a further run."
    )
    return f"{asked}\n\n{table(head, rows)}\n\n```\n" + "\n".join(lines) + "\n```"


def main() -> None:
    """Serve, or measure and write the page."""
    logging.disable(logging.CRITICAL)
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(int(sys.argv[2]), ITEMS, HZ))
        return
    profile = cProfile.Profile()
    runs = asyncio.run(measure(profile))
    assert all(run.readings for run in runs)
    publish("opcua", "python -m bench.opcua", page(runs, profile))


if __name__ == "__main__":
    main()
