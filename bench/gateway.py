"""A gateway cut off from its hub for a while: what it keeps, how soon it is handed over, what is lost.

Gateway and hub's log are processes of their own; the hub's is ended for the time of the cut. Twenty
Modbus devices of eighty registers are read each second; each counts how often it was asked, in its
first two registers, so that a reading that is missing, twice there or out of its order shows in the
hub's log.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.client import Client
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bench.engines import temporary_home
from bench.harness import publish, table
from config.log import Kind, Position, close_log, connect_log, ensure_stream, read
from config.log_store import usage
from config.status import Status, parse_status
from edge.wire import decode_readings
from oilcan.engines.nats_configuration import GatewayListener
from oilcan.engines.nats_server import NatsEngine
from oilcan.engines.process import free_port, start

UNITS, REGISTERS = 20, 80
SETTLED_S = 2.0
LOG_BYTES = 4 * 1024**3


@dataclass(slots=True)
class Devices:
    """The Modbus devices, and how often each was asked."""

    port: int
    asked: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(1, UNITS + 1), 0))

    async def serve(self, stop: threading.Event) -> None:
        words = SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS)
        devices = [
            SimDevice(unit, simdata=[words], action=self._answer_of(unit)) for unit in self.asked
        ]
        server = ModbusTcpServer(devices, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        await asyncio.to_thread(stop.wait)
        await server.shutdown()

    def _answer_of(self, unit: int):
        async def answer(*request) -> ExcCodes | None:
            self.asked[unit] += 1
            request[4][:2] = divmod(self.asked[unit], 1 << 16)
            return None

        return answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the hub's log holds in the end, against what the devices were asked for."""

    asked: int
    stored: int
    doubled: int
    missing: int
    disordered: int
    readings: int


@contextmanager
def serving(devices: Devices) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(devices.serve(stop)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def running(
    command: list[str], output: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = start(command, output, environment={**os.environ, **environment})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def plant(port: int) -> str:
    """The plant file: every device alike."""
    points = {"count": {"at": 0, "type": "uint32"}}
    points |= {f"r{at}": {"at": at} for at in range(2, REGISTERS)}
    devices = [
        {"unit": unit, "asset": f"D-{unit}", "profile": "all"} for unit in range(1, UNITS + 1)
    ]
    source = {"type": "modbus", "name": "hall", "connect": f"tcp://127.0.0.1:{port}", "every": "1s"}
    return json.dumps(
        {"profiles": {"all": {"points": points}}, "sources": [{**source, "devices": devices}]}
    )


class Hub:
    """The hub's log, which can be ended and started again."""

    def __init__(self, home: Path) -> None:
        self.listener = GatewayListener("127.0.0.1", free_port())
        self.engine = NatsEngine(home, port=free_port(), mqtt_port=None, gateways=self.listener)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.engine.prepare()
        self._process = start(self.engine.command(), self.engine.home / "nats.log")
        while not self.engine.ready():
            time.sleep(0.025)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


async def settled(hub: Hub) -> Status:
    """The first status in which the hub has all but the last moments."""
    client = await connect_log(hub.engine.url, name="bench")
    try:
        subscription = await client.subscribe("oilcan.status.edge.>")
        while True:
            status = parse_status((await subscription.next_msg(60)).data)
            if (
                status.metrics["hub_behind_seconds"] < SETTLED_S
                and status.metrics["readings_total"]
            ):
                return status
    finally:
        await close_log(client)


async def outcome(hub: Hub, devices: Devices) -> Outcome:
    client = await connect_log(hub.engine.url, name="bench")
    try:
        counts, readings = await counted(client)
    finally:
        await close_log(client)
    stored = sum(len(set(values)) for values in counts.values())
    return Outcome(
        asked=sum(devices.asked.values()),
        stored=stored,
        doubled=sum(len(values) for values in counts.values()) - stored,
        missing=sum(
            int(max(values) - min(values)) + 1 - len(set(values)) for values in counts.values()
        ),
        disordered=sum(values != sorted(values) for values in counts.values()),
        readings=readings,
    )


async def counted(client: Client) -> tuple[dict[str, list[float]], int]:
    """Every count of every device in the order of the hub's log, and how many readings there are."""
    counts: dict[str, list[float]] = defaultdict(list)
    readings = 0
    end = (await usage(client)).last
    async with aclosing(read(client, None, Position())) as lists:
        async for records in lists:
            for record in (one for one in records if one.kind is Kind.READINGS):
                batch = decode_readings(record.data)
                readings += len(batch)
                for index, value in zip(
                    batch.tag_index.tolist(), batch.value.tolist(), strict=True
                ):
                    if batch.tags[index].endswith(".count"):
                        counts[batch.tags[index]].append(value)
            if records and records[-1].position == end:
                break
    return counts, readings


def cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def bench(home: Path, cut_s: float) -> list[list[str]]:
    devices, hub = Devices(free_port()), Hub(home / "hub")
    password = hub.engine.gateway_logins.admit("gw")
    folder = home / "plant"
    folder.mkdir()
    (folder / "sources.yaml").write_text(plant(devices.port))
    hub.start()
    url = f"nats://gw:{password}@127.0.0.1:{hub.listener.port}"
    words = [sys.executable, "-P", "-m", "oilcan", "edge", "run", str(folder), "--name", "gw"]
    told = {"OILCAN_HUB": url, "OILCAN_HOME": str(home / "gateway"), "PYTHONPATH": str(Path.cwd())}
    try:
        asyncio.run(prepared(hub))
        with serving(devices), running(words, home / "gateway.log", told) as gateway:
            asyncio.run(settled(hub))
            time.sleep(5)
            used, began = cpu_s(gateway.pid), time.monotonic()
            hub.stop()
            time.sleep(cut_s)
            used, took = cpu_s(gateway.pid) - used, time.monotonic() - began
            kept = sum(file.stat().st_size for file in (home / "gateway" / "nats").rglob("*.blk"))
            hub.start()
            back = time.monotonic()
            asyncio.run(settled(hub))
            drained_s = time.monotonic() - back
        found = asyncio.run(outcome(hub, devices))
    finally:
        hub.stop()
    return [
        ["the hub was away", f"{took:,.0f} s"],
        ["kept by the gateway meanwhile", f"{kept / 1024**2:,.1f} MiB on disk"],
        [
            "processor time of the gateway's process meanwhile",
            f"{100 * used / took:.1f} % of a core",
        ],
        ["until the hub had caught up, with its start", f"{drained_s:,.1f} s"],
        ["readings in the hub's log", f"{found.readings:,}"],
        ["answers of the devices", f"{found.asked:,}"],
        ["of them in the hub's log", f"{found.stored:,}"],
        ["doubled", f"{found.doubled:,}"],
        ["missing between the first and the last", f"{found.missing:,}"],
        ["devices with a reading out of its order", f"{found.disordered:,}"],
    ]


async def prepared(hub: Hub) -> None:
    client = await connect_log(hub.engine.url, name="bench")
    await ensure_stream(client, max_bytes=LOG_BYTES)
    await close_log(client)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cut", type=float, default=60.0, help="seconds without the hub")
    given = arguments.parse_args()
    with temporary_home() as home:
        text = table(["what", "found"], bench(home, given.cut))
    print(text)
    publish("gateway", "python -m bench.gateway", text)


if __name__ == "__main__":
    main()
