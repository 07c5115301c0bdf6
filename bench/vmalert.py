"""A backtest beside `vmalert -replay` of VictoriaMetrics: one rule over the same readings, CPU of both.

The rule is one that both can express: above a limit for a minute. vmalert asks VictoriaMetrics for
the history chunk by chunk and writes what fired back; the CPU of both its processes counts, up to
the end of the replay, and not that of taking the readings in. Ours reads nothing: the columns are in
memory, as they are once history is read (`oilcan rules backtest` tells the reading time by itself).

Needs Debian's package victoria-metrics, or its programs in OILCAN_BENCH_VICTORIA.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np

from bench.harness import cpu_s, in_turn, publish, table
from conditions.backtest.reading import ROWS
from conditions.backtest.replay import Replay, events_of
from conditions.binding import ActiveRule, Asset, Plant
from conditions.rule_file import rule_from_definition
from config.clock import from_us
from edge.reading import Float64s, Int64s, ReadingBatch
from ingest.point import Point, PointKind
from oilcan.engines.process import free_port

SECOND = 1_000_000
START = 1_767_571_200
"""2026-01-05T00:00Z."""
LIMIT, HOLD_S = 90.0, 60
CHUNK = 10_000
BAR = 5.0
RULE = {
    "asset_class": "pump",
    "inputs": {"temp": {"point": "temp", "unit": "degC"}},
    "rules": [{"id": "hot", "raise": f"temp > {LIMIT:g}", "for": f"{HOLD_S}s"}],
}
GROUPS = f"""
groups:
- name: bench
  interval: 1s
  rules: [{{alert: hot, expr: "temp > {LIMIT:g}", for: {HOLD_S}s}}]
"""
# Each excursion is so long, and comes so often, in seconds.
CASES = {"hardly ever fires": (600, 86_400), "fires a third of the time": (300, 900)}


@dataclass(frozen=True, slots=True)
class History:
    """Readings of one point, one a second."""

    seconds: Int64s
    value: Float64s


def make_history(samples: int, length: int, every: int) -> History:
    """Noise around 60, and excursions to 95."""
    seconds = START + np.arange(samples, dtype=np.int64)
    high = (np.arange(samples) % every) >= every - length
    noise = np.random.default_rng(1).normal(0, 1, samples).round(2)
    return History(seconds, np.where(high, 95.0, 60.0) + np.clip(noise, -4, 4))


def program(name: str) -> str:
    """A program of the package, wherever it is."""
    found = shutil.which(name, path=os.environ.get("OILCAN_BENCH_VICTORIA") or None)
    if found is None:
        raise SystemExit(f"{name} is missing: apt-get install victoria-metrics")
    return found


@contextmanager
def victoria(folder: Path) -> Iterator[tuple[str, int]]:
    """A VictoriaMetrics of its own; gives its address and process id."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        *(program("victoria-metrics"), f"-storageDataPath={folder}", "-retentionPeriod=100y"),
        f"-httpListenAddr=127.0.0.1:{port}",
    ]
    with (folder.parent / "victoria.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(30)


def take_in(address: str, history: History) -> None:
    """Put the readings into VictoriaMetrics."""
    for first in range(0, len(history.seconds), 50_000):
        some = slice(first, first + 50_000)
        line = {
            "metric": {"__name__": "temp", "point": "P-1.temp"},
            "values": history.value[some].tolist(),
            "timestamps": (history.seconds[some] * 1000).tolist(),
        }
        data = json.dumps(line).encode() + b"\n"
        httpx.post(f"{address}/api/v1/import", content=data, timeout=60)
    httpx.get(f"{address}/internal/force_flush", timeout=60)


def replay_theirs(folder: Path, history: History) -> tuple[float, Int64s]:
    """CPU seconds of vmalert and VictoriaMetrics for a replay, and the seconds at which it fired."""
    store = folder / "store"
    rules = folder / "rules.yaml"
    rules.write_text(GROUPS)
    with victoria(store) as (address, number):
        take_in(address, history)
        before = cpu_s([number])
        first, last = (from_us(int(history.seconds[n]) * SECOND) for n in (0, -1))
        process = subprocess.Popen(
            [
                *(program("vmalert"), f"-rule={rules}", f"-datasource.url={address}"),
                *(f"-remoteWrite.url={address}", "-remoteWrite.maxQueueSize=10000000"),
                *("-datasource.queryStep=1s", "-evaluationInterval=1s", "-replay.rulesDelay=0s"),
                *(f"-replay.timeFrom={first:%Y-%m-%dT%H:%M:%SZ}",),
                *(f"-replay.timeTo={last:%Y-%m-%dT%H:%M:%SZ}",),
                *(f"-replay.maxDatapointsPerQuery={CHUNK}", "-replay.disableProgressBar"),
                f"-httpListenAddr=127.0.0.1:{free_port()}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "vmalert.log").open("wb"),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        spent = used.ru_utime + used.ru_stime + cpu_s([number]) - before
        assert process.returncode == 0, (folder / "vmalert.log").read_text()
        httpx.get(f"{address}/internal/force_flush", timeout=60)
        fired = fired_at(address)
    shutil.rmtree(store)
    return spent, fired


def fired_at(address: str) -> Int64s:
    """The seconds at which the alert fired, as vmalert wrote them."""
    match = {"match[]": '{__name__="ALERTS",alertstate="firing"}'}
    answer = httpx.post(f"{address}/api/v1/export", data=match, timeout=60)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    times = [np.array(line["timestamps"], np.int64) // 1000 for line in lines]
    return np.unique(np.concatenate([np.empty(0, np.int64), *times]))


def replay_ours(history: History) -> tuple[float, Int64s]:
    """CPU seconds of a backtest of the same rule, and the seconds at which its event was open."""
    rule = rule_from_definition(RULE, file="bench", line=1)
    point = Point(
        1, "P-1.temp", 1, "P-1", "pump", "temp", "", "degC", PointKind.GAUGE, *(None,) * 4
    )
    plant = Plant([ActiveRule(rule, 1, None)], [point], {"P-1": Asset(1, "P-1", "pump")}, {})
    batch = ReadingBatch(
        ("P-1.temp",),
        np.zeros(len(history.seconds), np.int32),
        history.seconds * SECOND,
        history.value,
        np.zeros(len(history.seconds), np.uint8),
    )
    pieces = [
        batch.take(np.arange(first, min(first + ROWS, len(batch))))
        for first in range(0, len(batch), ROWS)
    ]
    replay = Replay(plant, 0)
    started = time.process_time()
    for piece in pieces:
        replay.feed(piece)
    last = int(history.seconds[-1])
    replay.end(last * SECOND)
    spent = time.process_time() - started
    spans = [
        np.arange(one.raised_us // SECOND, (one.cleared_us or (last + 1) * SECOND) // SECOND)
        for one in events_of(replay.changes)
    ]
    return spent, np.concatenate([np.empty(0, np.int64), *spans])


def explained(theirs: Int64s, ours: Int64s) -> tuple[int, int]:
    """Seconds that one has and the other has not: within the delay after a chunk's start, or else.

    vmalert begins `for` anew with each chunk that it asks for, so an alert that goes on over a chunk's
    start stops firing for as long; that is its own.
    """
    odd = np.setxor1d(theirs, ours)
    near = (odd - START) % CHUNK <= HOLD_S + 1
    return int(near.sum()), int((~near).sum())


def spans_of(seconds: Int64s) -> int:
    """How many intervals the seconds make."""
    return sum(after - before > 1 for before, after in pairwise(seconds.tolist())) + bool(
        len(seconds)
    )


def main() -> None:
    """Measure every case and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=3_600_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    replay_ours(make_history(10, 1, 10))
    rows = []
    for name, (length, every) in CASES.items():
        history = make_history(given.samples, length, every)
        seen: dict[str, Int64s] = {}

        def theirs(history: History = history, seen: dict[str, Int64s] = seen) -> float:
            with tempfile.TemporaryDirectory() as folder:
                spent, seen["theirs"] = replay_theirs(Path(folder), history)
            return spent

        def ours(history: History = history, seen: dict[str, Int64s] = seen) -> float:
            spent, seen["ours"] = replay_ours(history)
            return spent

        one, other = in_turn(given.runs, given.samples, [("vmalert", theirs), ("oilcan", ours)])
        at_borders, odd = explained(seen["theirs"], seen["ours"])
        rows.append(
            [
                *(name, f"{one.rate / 1e6:.2f}", f"{other.rate / 1e6:.1f}"),
                f"{other.rate / one.rate:.0f}",
                f"{spans_of(seen['theirs']):,} / {spans_of(seen['ours']):,}",
                f"{len(seen['theirs']):,} / {len(seen['ours']):,}",
                f"{at_borders:,}",
                f"{odd:,}",
                f"{one.spread:.2f}, {other.spread:.2f}",
            ]
        )
    head = [
        *("rule", "vmalert, M samples/CPU s", "oilcan", "ratio", "intervals", "seconds firing"),
        *("differ after a chunk's start", "differ elsewhere", "spreads"),
    ]
    publish(
        "vmalert",
        "python -m bench.vmalert",
        f"{given.samples:,} readings, one a second; `temp > {LIMIT:g}` for {HOLD_S} s; CPU of vmalert"
        f" and VictoriaMetrics together against ours; medians of {given.runs}; bar {BAR:g}; vmalert"
        f" restarts `for` at each chunk of {CHUNK:,} samples\n\n{table(head, rows)}",
    )


if __name__ == "__main__":
    main()
