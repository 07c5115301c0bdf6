"""One gateway with twenty devices of eighty registers, all read each second.

The server is pyModbusTCP in a process of its own, on loopback. The collector runs as it does in the
edge, with a sink that remembers instead of the log; the loop beside it asks over the same
connection for one register at a time. Lateness is the time from a device's place in the cycle (the
median of its readings from the tick) to its reading. The dead device stays silent for longer than
the timeout of half a second.
"""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pyModbusTCP.server import DataHandler, ModbusServer

from bench.harness import publish, table
from edge.modbus.collector import ModbusCollector
from edge.modbus.connection import ModbusConnection
from edge.modbus.device_plan import values_of
from edge.modbus.plan import block_of
from edge.modbus.plan_report import describe_plan
from edge.modbus.source import ModbusSource
from edge.reading import AlarmBatch, Quality, ReadingBatch
from edge.rejected import Rejected
from edge.supervisor import keep_collecting
from oilcan.engines.process import free_port

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

DEVICES, REGISTERS = 20, 80
SECOND_US = 1_000_000
DEAD_UNIT = 7


class Gateway(DataHandler):
    """Answers with zeros, counts what it is asked, and leaves one unit without an answer."""

    def __init__(self, asked: "Synchronized[int]", dead: int | None) -> None:
        super().__init__()
        self._asked, self._dead = asked, dead

    def read_h_regs(self, address: int, count: int, srv_info: ModbusServer.ServerInfo) -> object:
        """The registers of one request."""
        with self._asked.get_lock():
            self._asked.value += 1
        if srv_info.recv_frame.mbap.unit_id == self._dead:
            time.sleep(3)
        return super().read_h_regs(address, count, srv_info)


@dataclass(slots=True)
class Arrivals:
    """A sink that keeps when each device was read."""

    times: dict[str, list[int]] = field(default_factory=dict)

    async def put(self, readings: ReadingBatch, alarms: AlarmBatch = ()) -> None:
        """Keep the times of each device's first point where they are good."""
        for place in np.flatnonzero(readings.quality == Quality.GOOD):
            tag = readings.tags[readings.tag_index[place]]
            if tag.endswith(".r0"):
                self.times.setdefault(tag, []).append(int(readings.ts[place]))

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        """Nothing that this program sends is unreadable."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the collector came to."""

    cycles: int
    requests: int
    late_ms: np.ndarray
    missed: int
    """Readings of healthy devices that a second went without."""


def serve(port: int, asked: "Synchronized[int]", dead: int | None) -> None:
    """Be the gateway until killed."""
    ModbusServer("127.0.0.1", port, data_hdl=Gateway(asked, dead)).start()


@contextmanager
def gateway(dead: int | None) -> Iterator[tuple[ModbusSource, "Synchronized[int]"]]:
    """A source with a gateway behind it, and the count of its requests."""
    context = multiprocessing.get_context("spawn")
    asked = context.Value("q", 0)
    port = free_port()
    process = context.Process(target=serve, args=(port, asked, dead), daemon=True)
    process.start()
    try:
        asyncio.run(_until_up(port))
        yield source(port), asked
    finally:
        process.kill()
        process.join()


async def _until_up(port: int) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)


def source(port: int) -> ModbusSource:
    """Twenty devices of eighty registers."""
    points = {f"r{at}": {"at": at} for at in range(REGISTERS)}
    devices = [
        {"unit": unit, "asset": f"A-{unit}", "points": points} for unit in range(1, DEVICES + 1)
    ]
    fields = {"type": "modbus", "name": "hall", "connect": f"tcp://127.0.0.1:{port}"}
    return ModbusSource.model_validate({**fields, "timeout": "500ms", "devices": devices})


def collect(seconds: int, dead: int | None) -> Outcome:
    """Run the collector for some cycles."""
    with gateway(dead) as (hall, asked):
        arrivals = Arrivals()
        asyncio.run(_collect(hall, arrivals, seconds))
        requests = asked.value
    healthy = DEVICES - (dead is not None)
    assert len(arrivals.times) == healthy
    # The first cycle also connects, and finds out who is dead.
    series = [np.array(times[1:]) for times in arrivals.times.values()]
    cycles = max(len(times) for times in arrivals.times.values())
    late = [lateness_ms(times) for times in series]
    missed = sum(cycles - 1 - len(times) for times in series)
    return Outcome(cycles, requests, np.concatenate(late), missed)


async def _collect(hall: ModbusSource, arrivals: Arrivals, seconds: int) -> None:
    task = asyncio.create_task(keep_collecting(ModbusCollector(hall), arrivals))
    await asyncio.sleep(seconds + 0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def lateness_ms(times: np.ndarray) -> np.ndarray:
    """How far each time is behind its place on a grid of seconds, the median time on it."""
    place = times - np.arange(len(times)) * SECOND_US
    steps = np.round((place - np.median(place)) / SECOND_US) * SECOND_US
    return np.abs(place - steps - np.median(place - steps)) / 1e3


async def read_singly(hall: ModbusSource) -> float:
    """Seconds for one cycle of a request for each register."""
    timeout_s = hall.timeout_us / 1e6
    begun = time.perf_counter()
    async with ModbusConnection(hall.link, hall.tls, timeout_s=timeout_s) as connection:
        for device in hall.devices:
            for value in values_of(device):
                await connection.read(device.unit, block_of([value]))
    return time.perf_counter() - begun


async def read_planned(hall: ModbusSource) -> float:
    """Seconds for one cycle of the planner's requests."""
    timeout_s = hall.timeout_us / 1e6
    begun = time.perf_counter()
    async with ModbusConnection(hall.link, hall.tls, timeout_s=timeout_s) as connection:
        for device in hall.devices:
            await connection.read(device.unit, block_of(values_of(device)))
    return time.perf_counter() - begun


def row(name: str, outcome: Outcome) -> list[str]:
    """A run as a line of the table."""
    p50, p99 = np.percentile(outcome.late_ms, [50, 99])
    each = outcome.requests / outcome.cycles
    return [name, f"{each:.1f}", f"{p50:.2f}", f"{p99:.2f}", f"{outcome.missed}"]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    outcomes = [
        row("all answer", collect(options.seconds, None)),
        row("one is dead", collect(options.seconds, DEAD_UNIT)),
    ]
    with gateway(None) as (hall, _):
        minimum = len(describe_plan(hall))
        planned, singly = asyncio.run(read_planned(hall)), asyncio.run(read_singly(hall))
    head = ["", "requests a cycle", "lateness p50, ms", "p99, ms", "readings missed"]
    text = (
        f"{DEVICES} devices of {REGISTERS} registers behind one gateway, each second, for "
        f"{options.seconds} s; the planner's minimum is {minimum} requests a cycle\n\n"
        f"{table(head, outcomes)}\n\n"
        f"One cycle takes {planned * 1e3:.0f} ms as planned and {singly * 1e3:.0f} ms with a "
        f"request for each of the {DEVICES * REGISTERS} registers: {singly / planned:.0f} times."
    )
    print(text)
    if not options.dry:
        publish("modbus", "python -m bench.modbus", text)


if __name__ == "__main__":
    main()
