"""From a register that changes to the rows in the database, while 50,000 readings a second go by.

Everything of `oilcan up` runs as in a plant, each role a process of its own. A hundred Modbus devices are
polled; one register after the other changes, each raises an event and asks for a work order. Beside them
the readings of 5,000 points come to the log each 100 ms, and a rule watches each of their machines. The
clock runs from the change, and from the answer that told it: what lies between is the poll interval. It
stops when another session of the database sees the row, looked for each 5 ms. The stages between say where
the time goes: until another reader of the log has the reading, from there to the event, from it to the order.
"""

import argparse
import asyncio
import json
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import psycopg
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bench.engines import temporary_home
from bench.harness import publish, table
from config.clock import now_us
from config.log import BatchId, Kind, Position, close_log, connect_log, read
from config.log import publish as append
from config.settings import Settings
from edge.reading import ReadingBatch
from edge.wire import decode_readings, encode_readings
from oilcan.engines.process import free_port
from oilcan.settings import EngineSettings
from oilcan.supervisor import UpOptions, up

MACHINES, SIGNALS, TICK_S = 500, 10, 0.1
_SETTLE_S, _PATIENCE_S, _LOOK_S = 10.0, 30.0, 0.005
_EVENTS = "SELECT a.tag FROM condition_event e JOIN asset a ON a.id = e.asset_id"
_ORDERS = "SELECT a.tag FROM work_order o JOIN asset a ON a.id = o.asset_id"


@dataclass(slots=True)
class Gates:
    """The devices: when each register changed, and when an answer first told of it."""

    port: int
    count: int
    changed: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)

    async def serve(self, stop: threading.Event) -> None:
        words = SimData(0, count=1, values=0, datatype=DataType.REGISTERS)
        devices = [
            SimDevice(unit, simdata=[words], action=self._answer_of(f"G-{unit}"))
            for unit in range(1, self.count + 1)
        ]
        server = ModbusTcpServer(devices, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        await asyncio.to_thread(stop.wait)
        await server.shutdown()

    def _answer_of(self, tag: str):
        async def answer(*request) -> ExcCodes | None:
            if tag in self.changed:
                request[4][0] = 1
                self.told.setdefault(tag, perf_counter())
            return None

        return answer


def write_plant(folder: Path, gates: Gates, every: str) -> None:
    """The plant files: gates that are polled, and machines that only the log knows."""
    folder.mkdir()
    signals = [f"v{n}" for n in range(SIGNALS)]
    roles = {name: {"unit": "1", "kind": "gauge"} for name in ("flag", *signals)}
    place = {"class": "thing", "site": "S", "location": "H", "criticality": "B"}
    assets = [
        {"tag": f"G-{unit}", "name": "Gate", **place, "points": {"flag": {}}}
        for unit in range(1, gates.count + 1)
    ]
    assets += [
        {"tag": f"B-{n}", "name": "Machine", **place, "points": {name: {} for name in signals}}
        for n in range(MACHINES)
    ]
    hall = {"code": "H", "name": "H", "level": "area"}
    plant = {
        "sites": [{"code": "S", "name": "S", "time_zone": "UTC", "locations": [hall]}],
        "asset_classes": [{"code": "thing", "name": "Thing", "roles": roles}],
        "assets": assets,
    }
    rules = {
        "asset_class": "thing",
        "inputs": {
            "flag": {"point": "flag", "unit": "1", "max_age": "1h"},
            "value": {"point": "v0", "unit": "1", "max_age": "1h"},
        },
        "rules": [
            {
                "id": "open",
                "severity": "high",
                "raise": "flag > 0.5",
                "clear": "flag < 0.5",
                "work_order": {"type": "corrective", "cooldown": "0s"},
            },
            {"id": "high", "raise": "avg(value, 10m) > 90", "clear": "avg(value, 10m) < 80"},
        ],
    }
    source = {
        "name": "gates",
        "type": "modbus",
        "connect": f"tcp://127.0.0.1:{gates.port}",
        "every": every,
        "devices": [
            {"unit": unit, "asset": f"G-{unit}", "profile": "gate"}
            for unit in range(1, gates.count + 1)
        ],
    }
    profiles = {"gate": {"points": {"flag": {"at": 0}}}}
    for name, document in {
        "plant": plant,
        "rules": rules,
        "sources": {"sources": [source], "profiles": profiles},
    }.items():
        (folder / f"{name}.yaml").write_text(json.dumps(document))


async def go_by(log_url: str, published: list[int]) -> None:
    """Publish a reading of every point of the machines each tick, until cancelled."""
    client = await connect_log(log_url, name="bench")
    tags = tuple(f"B-{n}.v{k}" for n in range(MACHINES) for k in range(SIGNALS))
    index, quality = np.arange(len(tags), dtype=np.int32), np.zeros(len(tags), np.uint8)
    generator, session, at = np.random.default_rng(1), str(now_us()), perf_counter()
    try:
        for number in range(1, 1 << 40):
            value = 50 + generator.standard_normal(len(tags))
            batch = ReadingBatch(tags, index, np.full(len(tags), now_us()), value, quality)
            identity = BatchId("bench", session, number)
            await append(client.jetstream(), Kind.READINGS, 0, identity, encode_readings(batch))
            published[0] += len(tags)
            at += TICK_S
            await asyncio.sleep(max(0.0, at - perf_counter()))
    finally:
        await close_log(client)


async def watch_log(log_url: str, seen: dict[str, float]) -> None:
    """Note when the changed register of each gate can be read from the log, until cancelled."""
    client = await connect_log(log_url, name="bench-watch")
    try:
        async for records in read(client, None, Position()):
            now = perf_counter()
            for record in records:
                if record.kind is not Kind.READINGS or record.batch.edge == "bench":
                    continue
                batch = decode_readings(record.data)
                for row in np.flatnonzero(batch.value > 0):
                    seen.setdefault(batch.tags[batch.tag_index[row]].partition(".")[0], now)
    finally:
        await close_log(client)


async def watch(url: str, query: str, seen: dict[str, float], count: int) -> None:
    """Note when the row of each gate is there, until all are, or none has come for long."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        last = perf_counter()
        while len(seen) < count and perf_counter() - last < _PATIENCE_S:
            rows = await (await connection.execute(query)).fetchall()  # type: ignore[call-overload]
            now = perf_counter()
            for (tag,) in rows:
                if tag not in seen:
                    seen[tag] = last = now
            await asyncio.sleep(_LOOK_S)


async def change(gates: Gates) -> None:
    """Let one register after the other change, at no fixed beat."""
    beat = random.Random(1)  # noqa: S311
    for unit in range(1, gates.count + 1):
        await asyncio.sleep(beat.uniform(0.1, 0.5))
        gates.changed[f"G-{unit}"] = perf_counter()


def line(name: str, begun: dict[str, float], seen: dict[str, float], bar: str) -> list[str]:
    """Quantiles of what lies between, in ms."""
    taken = np.array([seen[tag] - begun[tag] for tag in seen if tag in begun]) * 1e3
    if not len(taken):
        return [name, "-", "-", "-", f"{len(begun)} lost", bar]
    p50, p99 = np.quantile(taken, [0.5, 0.99])
    lost = len(begun) - len(taken)
    return [name, f"{p50:.0f}", f"{p99:.0f}", f"{taken.max():.0f}", str(lost), bar]


async def measure(home: Path, gates: Gates, every: str) -> str:
    """The table."""
    write_plant(home / "plant", gates, every)
    options = UpOptions(
        Settings(home=home / "oilcan", http_port=free_port()),
        EngineSettings(mqtt_port=0),
        plant=home / "plant",
    )
    events: dict[str, float] = {}
    orders: dict[str, float] = {}
    logged: dict[str, float] = {}
    published = [0]
    async with up(options) as running:
        beside = asyncio.gather(
            go_by(running.log_url, published), watch_log(running.log_url, logged)
        )
        await asyncio.sleep(_SETTLE_S)
        began, before = perf_counter(), published[0]
        await asyncio.gather(
            watch(running.database_url, _EVENTS, events, gates.count),
            watch(running.database_url, _ORDERS, orders, gates.count),
            change(gates),
        )
        rate = (published[0] - before) / (perf_counter() - began)
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
    head = ["", "p50, ms", "p99, ms", "most, ms", "never seen", "bar, ms"]
    rows = [
        line("change -> event row", gates.changed, events, ""),
        line("answer -> event row", gates.told, events, "p99 250"),
        line("change -> work order row", gates.changed, orders, ""),
        line("answer -> work order row", gates.told, orders, "p50 100, p99 500"),
        line("of it: answer -> log", gates.told, logged, ""),
        line("of it: log -> event row", logged, events, ""),
        line("of it: event row -> work order row", events, orders, ""),
    ]
    beat = f"{gates.count} changes, polled each {every}, beside {rate:,.0f} readings/s."
    return f"{beat}\n\n{table(head, rows)}"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--every", default="500ms", help="the poll interval")
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    gates, stop = Gates(free_port(), options.changes), threading.Event()
    serving = threading.Thread(target=lambda: asyncio.run(gates.serve(stop)))
    serving.start()
    try:
        with temporary_home() as home:
            text = asyncio.run(measure(home, gates, options.every))
    finally:
        stop.set()
        serving.join()
    text = f"{(__doc__ or '').strip()}\n\n{text}"
    print(text)
    if not options.dry:
        publish("reaction", "python -m bench.reaction", text)


if __name__ == "__main__":
    main()
