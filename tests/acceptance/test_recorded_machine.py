"""A real machine before its breakdown, as recorded: through a Modbus server at 15,000 times the speed
an order is raised before the failure, and a backtest of what was stored names the same events.

The recording (NAB, machine_temperature_system_failure) is not part of the project.
"""

import asyncio
import csv
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from conditions.library.catalog import Adaptation, find_template, rule_file
from config.settings import Settings
from oilcan.engine_addresses import find_database_url
from oilcan.engines.process import free_port
from tests.acceptance.faults.service import wait_until
from tests.acceptance.given_database import given_database_url

_DATA = "shared/data/NAB/data/realKnownCause/machine_temperature_system_failure.csv"
RECORDED = next(
    (folder / _DATA for folder in Path(__file__).parents[3:] if (folder / _DATA).exists()),
    Path(__file__).parents[3] / _DATA,
)
FAILED = datetime(2014, 2, 8, 14, 30, tzinfo=UTC)
"""The label of the breakdown, as NAB gives it."""
FROM = datetime(2014, 2, 1, tzinfo=UTC)
"""Where the replay through Modbus begins, a week before; the backtest takes all of it."""

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not RECORDED.exists(), reason="the recorded machine is not at hand"),
]

PLANT = """
sites: [{code: NAB, name: A plant}]
asset_classes:
- {code: fast_machine, name: Machine in fast motion, roles: {temp: {unit: degC, name: Temperature}}}
- {code: machine, name: Machine, roles: {temp: {unit: degC, name: Temperature}}}
assets:
- {tag: M-1, name: Machine in fast motion, class: fast_machine, site: NAB, points: {temp: {}}}
- {tag: M-2, name: Machine, class: machine, site: NAB, points: {temp: {}}}
sources:
- name: machine
  type: modbus
  connect: tcp://127.0.0.1:${OILCAN_TEST_MODBUS_PORT}
  every: 20ms
  timeout: 10s
  devices: [{unit: 1, asset: M-1, profile: machine}]
profiles:
  machine: {registers: holding, points: {temp: {at: 0, type: float32}}}
"""
TEMPLATE = "temperature-change"
"""Of the starter library; as it is there for the recording at its own pace."""
RULE = "temperature_unlike"
SPEED = 15_000
PACE = timedelta(minutes=5) / SPEED
"""From one value of the recording to the next."""
_HOURS = {"h": 1, "d": 24}

EVENTS = """
SELECT e.onset, e.raised_at, e.cleared_at FROM condition_event e JOIN asset a ON a.id = e.asset_id
WHERE a.tag = 'M-1' ORDER BY e.raised_at
"""
READINGS = """
SELECT r.ts, r.value FROM reading r JOIN point p ON p.id = r.point_id
WHERE p.tag = 'M-1.temp' AND r.value IS NOT NULL ORDER BY r.ts
"""
ORDERS = """
SELECT o.number FROM work_order o JOIN asset a ON a.id = o.asset_id WHERE a.tag = 'M-1'
"""


@dataclass(frozen=True)
class Reading:
    at: datetime
    value: float


def recorded() -> list[Reading]:
    with RECORDED.open() as lines:
        rows = [
            Reading(
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), float(row["value"])
            )
            for row in csv.DictReader(lines)
        ]
    # An hour of it is there twice.
    return list({row.at: row for row in rows}.values())


def hurried(rules: str) -> str:
    """A rule file whose windows and delays in hours and days are as much shorter as time is faster."""

    def shorter(found: re.Match[str]) -> str:
        return f"{int(found[1]) * _HOURS[found[2]] * 3_600_000 // SPEED}ms"

    return re.sub(r"\b(\d+)([hd])\b", shorter, rules)


class Machine:
    """A Modbus server that plays the recording from the first poll on, however often it is asked."""

    def __init__(self, port: int, values: Sequence[float]) -> None:
        self._port = port
        self._values = values
        self.began: datetime | None = None
        self._begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._begun.wait(20)

    @property
    def done(self) -> bool:
        """Is the last value reached?"""
        return self.began is not None and datetime.now(UTC) >= self.time_of(len(self._values) - 1)

    def time_of(self, place: int) -> datetime:
        """When it comes to a value."""
        assert self.began is not None
        return self.began + place * PACE

    def close(self) -> None:
        assert self._loop is not None
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        words = SimData(0, count=2, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=[words], action=self._answer)
        server = ModbusTcpServer(device, address=("127.0.0.1", self._port))
        await server.serve_forever(background=True)
        self._begun.set()
        await self._ended.wait()
        await server.shutdown()

    async def _answer(
        self,
        _function: int,
        _start: int,
        _address: int,
        _count: int,
        registers: list[int],
        _written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        now = datetime.now(UTC)
        self.began = self.began or now
        value = self._values[min(int((now - self.began) / PACE), len(self._values) - 1)]
        registers[:2] = struct.unpack(">HH", struct.pack(">f", value))
        return None


@dataclass(frozen=True)
class Site:
    """A running `oilcan up`, its folder, and how to ask its database."""

    folder: Path
    environment: Mapping[str, str]

    def ask(self, sql: str) -> list[tuple[datetime, ...]]:
        given = self.environment.get("OILCAN_DATABASE_URL", "")
        url = find_database_url(Settings(home=self.folder / "home", database_url=given))
        with psycopg.connect(url) as connection:
            return list(connection.execute(sql.encode()))

    def oilcan(self, *words: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "oilcan", *map(str, words), "--home", self.folder / "home"],
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def everything_up(folder: Path, port: int, database_url: str) -> Iterator[Site]:
    """`oilcan up` on the plant, stopped at the end."""
    plant = folder / "plant"
    plant.mkdir()
    (plant / "plant.yaml").write_text(PLANT)
    template = find_template(TEMPLATE)
    (plant / "real.yaml").write_text(rule_file(template))
    (plant / "fast.yaml").write_text(hurried(rule_file(template, Adaptation("fast_machine"))))
    environment = {**os.environ, "OILCAN_TEST_MODBUS_PORT": str(port), "TERM": "dumb"}
    if database_url:
        environment["OILCAN_DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "oilcan", "up", str(plant), "--home", str(folder / "home")]
    process = subprocess.Popen(
        [*command, "--http-port", "0", "--mqtt-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("Oilcan is up")
        yield Site(folder, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def test_an_order_is_raised_before_the_breakdown_and_a_backtest_finds_the_same(
    tmp_path: Path,
) -> None:
    rows = [row for row in recorded() if row.at >= FROM]
    rows = [row for row in rows if row.at <= FAILED + timedelta(hours=4)]
    breakdown = next(number for number, row in enumerate(rows) if row.at >= FAILED)
    port = free_port()
    machine = Machine(port, [row.value for row in rows])
    try:
        with given_database_url("machine") as url, everything_up(tmp_path, port, url) as site:
            wait_until(lambda: machine.done, "the recording is read", 120)
            wait_until(lambda: bool(site.ask(ORDERS)), "an order", 60)
            end = machine.time_of(len(rows) - 1)
            wait_until(lambda: site.ask(READINGS)[-1][0] >= end, "readings stored", 60)
            live = site.ask(EVENTS)
            stored = site.ask(READINGS)
            since = (stored[0][0] - timedelta(seconds=1)).isoformat()
            told = site.oilcan(
                *("rules", "backtest", "--rule", f"fast_machine/{RULE}", "--json"),
                *("--from", since),
            )
            _the_whole_recording_is_held_against_the_failure(site)
    finally:
        machine.close()

    assert live[0][1] < machine.time_of(breakdown), "the order came after the breakdown"
    (variant,) = json.loads(told)["variants"]
    found = [
        tuple(
            event[name] and datetime.fromisoformat(event[name])
            for name in ("onset", "raised_at", "cleared_at")
        )
        for event in variant["events"]
    ]
    assert found == [tuple(event) for event in live]
    assert variant["orders_made"] == 1


def _the_whole_recording_is_held_against_the_failure(site: Site) -> None:
    """Ten weeks of it as they were, moved to where history is still kept."""
    rows = recorded()
    later = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1) - rows[-1].at
    history, failures = site.folder / "history.csv", site.folder / "failures.csv"
    history.write_text(
        "time,M-2.temp\n" + "".join(f"{(row.at + later).isoformat()},{row.value}\n" for row in rows)
    )
    failures.write_text(f"asset,time,failure_mode\nM-2,{(FAILED + later).isoformat()},PDE\n")
    site.oilcan("import", "readings", history)
    told = site.oilcan(
        *("rules", "backtest", "--rule", f"machine/{RULE}", "--asset", "M-2", "--json"),
        *("--failures", failures, "--from", (rows[0].at + later).isoformat(), "--window", "3d"),
    )
    (variant,) = json.loads(told)["variants"]
    (failure,) = variant["failures"]
    assert failure["caught"]
    assert failure["lead_hours"] > 12
    raised = [
        (datetime.fromisoformat(event["raised_at"]) - later).strftime("%m-%d")
        for event in variant["events"]
    ]
    # NAB labels 12-11, 12-16, 01-28 and the breakdown: each but the second within a day of these.
    assert raised == ["12-10", "01-05", "01-13", "01-24", "01-27", "02-07"]
    assert variant["by_order"]["recall"] == 1.0
