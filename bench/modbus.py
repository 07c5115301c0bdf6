"""One gateway with twenty devices of eighty registers, all read each second.

The server is pyModbusTCP in a process of its own, on loopback. The collector runs as it does in the
edge, with a sink that remembers instead of the log; the loop beside it asks over the same
connection for one register at a time. Lateness is how far a device's reading is from its place in
the cycle (the median of its readings from the tick). The dead device stays silent for longer than
the timeout of half a second.

Beside it runs collectd with its plugin `modbus` (Debian's collectd-core and libmodbus5) on the same gateway, writing
with its plugin `csv`; where it is installed. Its lateness is taken when the request comes in, as
ours is in that table.
"""

import argparse
import asyncio
import multiprocessing
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pyModbusTCP.server import DataHandler, ModbusServer

from bench.harness import publish, say, table
from config.clock import now_us
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

DEVICES, REGISTERS = 20, 80
SECOND_US = 1_000_000
DEAD_UNIT = 7
_MOST_CYCLES = 3_600
_UP_S = 30
_AROUND_S = 3
"""Seconds that starting and stopping a gateway takes, about."""
_COLLECTD = "/usr/sbin/collectd"


class Asked:
    """What a gateway was asked, shared with its process: how often, and when for the first register."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._count = context.Value("q", 0)
        self._times = context.Array("q", (DEVICES + 1) * _MOST_CYCLES)

    def note(self, unit: int, address: int) -> None:
        """Take a request in."""
        with self._count.get_lock():
            self._count.value += 1
            if address == 0:
                row = unit * _MOST_CYCLES
                self._times[row] += 1
                if self._times[row] < _MOST_CYCLES:
                    self._times[row + self._times[row]] = now_us()

    @property
    def count(self) -> int:
        """How many requests came."""
        return self._count.value

    def times(self, unit: int) -> np.ndarray:
        """When a device's first register was asked for, in µs since 1970."""
        row = unit * _MOST_CYCLES
        return np.array(self._times[row + 1 : row + 1 + min(self._times[row], _MOST_CYCLES - 1)])


class Gateway(DataHandler):
    """Answers with zeros, counts what it is asked, and leaves one unit without an answer."""

    def __init__(self, asked: "Asked", dead: int | None) -> None:
        super().__init__()
        self._asked, self._dead = asked, dead

    def read_h_regs(self, address: int, count: int, srv_info: ModbusServer.ServerInfo) -> object:
        """The registers of one request."""
        self._asked.note(srv_info.recv_frame.mbap.unit_id, address)
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


def serve(port: int, asked: Asked, dead: int | None) -> None:
    """Be the gateway until killed."""
    ModbusServer("127.0.0.1", port, data_hdl=Gateway(asked, dead)).start()


@contextmanager
def gateway(dead: int | None) -> Iterator[tuple[ModbusSource, Asked]]:
    """A source with a gateway behind it, and the count of its requests."""
    asked = Asked()
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(port, asked, dead), daemon=True
    )
    process.start()
    try:
        asyncio.run(asyncio.wait_for(_until_up(port), _UP_S))
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
        requests = asked.count
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


def come_in(seconds: int, dead: int | None, *, collectd: bool) -> Outcome:
    """Have a gateway asked by collectd, or by our collector, and look at when requests come in."""
    with gateway(dead) as (hall, asked):
        if collectd:
            run_collectd(hall, seconds)
        else:
            asyncio.run(_collect(hall, Arrivals(), seconds))
        # The first two cycles also connect, and find out who is dead.
        series = [asked.times(unit)[2:] for unit in range(1, DEVICES + 1) if unit != dead]
        late = [np.empty(0), *(lateness_ms(times) for times in series if len(times))]
        missed = sum(max(0, seconds - 2 - len(times)) for times in series)
        cycles = max(len(asked.times(unit)) for unit in range(1, DEVICES + 1)) or seconds
        return Outcome(cycles, asked.count, np.concatenate(late), missed)


def run_collectd(hall: ModbusSource, seconds: int) -> None:
    """Run collectd on the gateway for some seconds."""
    with tempfile.TemporaryDirectory(prefix="oilcan-bench-") as folder:
        configuration = Path(folder, "collectd.conf")
        configuration.write_text(collectd_configuration(hall, folder))
        process = subprocess.Popen(
            [_COLLECTD, "-f", "-C", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds + 0.5)
        process.kill()
        process.wait()


def collectd_configuration(hall: ModbusSource, folder: str) -> str:
    """The same devices and registers for collectd; its plugin knows no blocks."""
    names = [f"r{at}" for at in range(REGISTERS)]
    registers = "\n".join(
        f'<Data "{name}">\nRegisterBase {at}\nRegisterType uint16\nRegisterCmd ReadHolding\n'
        f'Type gauge\nInstance "{name}"\n</Data>'
        for at, name in enumerate(names)
    )
    collect = "\n".join(f'Collect "{name}"' for name in names)
    slaves = "\n".join(
        f'<Slave {unit}>\nInstance "A-{unit}"\n{collect}\n</Slave>'
        for unit in range(1, DEVICES + 1)
    )
    port = str(hall.connect).rpartition(":")[2]
    return (
        f'BaseDir "{folder}"\nPIDFile "{folder}/pid"\nInterval 1\nLoadPlugin csv\n'
        f'<Plugin csv>\nDataDir "{folder}/csv"\n</Plugin>\nLoadPlugin modbus\n'
        f"<Plugin modbus>\n{registers}\n"
        f'<Host "hall">\nAddress "127.0.0.1"\nPort "{port}"\nInterval 1\n{slaves}\n</Host>\n'
        "</Plugin>\n"
    )


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
    late = np.percentile(outcome.late_ms, [50, 99]) if len(outcome.late_ms) else (np.nan, np.nan)
    p50, p99 = late
    each = outcome.requests / outcome.cycles
    return [name, f"{each:.1f}", f"{p50:.2f}", f"{p99:.2f}", f"{outcome.missed}"]


def beside_collectd(seconds: int) -> str:
    """Ours and collectd's, by when their requests come in."""
    if not Path(_COLLECTD).exists():
        return f"collectd was not compared: {_COLLECTD} is missing (apt-get install collectd-core libmodbus5)."
    rows = []
    for name in ("Oilcan", "collectd"):
        for state, dead in (("all answer", None), ("one is dead", DEAD_UNIT)):
            say(f"at the gateway: {name}, {state}")
            rows.append(
                row(f"{name}, {state}", come_in(seconds, dead, collectd=name == "collectd"))
            )
    head = ["", "requests a cycle", "lateness p50, ms", "p99, ms", "readings missed"]
    return f"Beside collectd's plugin `modbus`, at the gateway:\n\n{table(head, rows)}"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    loads = 6 if Path(_COLLECTD).exists() else 2
    say(f"{loads} loads of {options.seconds} s: about {loads * (options.seconds + _AROUND_S)} s")
    outcomes = []
    for name, dead in (("all answer", None), ("one is dead", DEAD_UNIT)):
        say(f"the collector, {name}")
        outcomes.append(row(name, collect(options.seconds, dead)))
    say("one cycle as planned, and register by register")
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
    text += f"\n\n{beside_collectd(options.seconds)}"
    print(text)
    if not options.dry:
        publish("modbus", "python -m bench.modbus", text)


if __name__ == "__main__":
    main()
