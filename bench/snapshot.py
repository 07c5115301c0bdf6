"""Snapshots of the rule engine at 100,000 points: the design's seven rules on 33,333 machines.

Every window has been filled. What is measured is what the worker does: it copies the state, makes bytes
of it, stores them in PostgreSQL, begins anew from them, and goes on with rules that were edited. `Stands
still` is the longest time for which nothing else had its turn in the process meanwhile: heartbeats, and
notices of the database.
"""

import argparse
import asyncio
import statistics
from collections.abc import Awaitable, Callable
from time import perf_counter

import numpy as np

from bench.engines import migrated_database, temporary_home
from bench.harness import publish, table
from bench.rules import LEVELS, READ, SECOND, SEVEN, make_plant
from conditions import store
from conditions.binding import Plant
from conditions.engine import Engine
from conditions.snapshot import encode
from config.database import Connection, connect
from config.log import Position
from edge.reading import ReadingBatch

_LATENESS_US = 5 * SECOND
# Nothing is silent for so long that a rule tells of it.
_FILL_S, _FILLS = 1_500, 70
_LOOK_S = 0.001
EDITED = SEVEN.replace('rate(temp, 15m) > 0.5"', 'rate(temp, 15m) > 0.6"')


class Engines:
    """An engine with a past, and what is done to it."""

    def __init__(self, machines: int, connection: Connection) -> None:
        self._connection = connection
        self.plant, self.edited = (make_plant(text, machines, READ) for text in (SEVEN, EDITED))
        self.engine = _with_a_past(self.plant, machines)
        self.bytes = 0

    async def keep(self) -> None:
        """Copy, encode and store, as the worker does."""
        memory = await asyncio.to_thread(self.engine.memory)
        state = await asyncio.to_thread(encode, memory)
        self.bytes = len(state)
        async with self._connection.transaction():
            snapshot = store.Snapshot(Position("bench", 1), {}, state)
            await store.save_snapshot(self._connection, 0, snapshot)

    async def copy(self) -> None:
        await asyncio.to_thread(self.engine.memory)

    async def begin_anew(self) -> None:
        """Load what is kept into an engine that has seen nothing."""
        engine = await asyncio.to_thread(Engine, self.plant, lateness_us=_LATENESS_US)
        snapshot = await store.load_snapshot(self._connection, 0)
        assert snapshot is not None
        await asyncio.to_thread(engine.restore, snapshot.state)

    async def edit(self) -> None:
        """Go on with one rule changed, and then back."""
        self.plant, self.edited = self.edited, self.plant
        await asyncio.to_thread(self.engine.reload, self.plant)


def _with_a_past(plant: Plant, machines: int) -> Engine:
    engine = Engine(plant, lateness_us=_LATENESS_US)
    tags = tuple(f"P-{number:06}.{role}" for number in range(machines) for role in READ)
    random = np.random.default_rng(1)
    middle = np.tile([LEVELS[role] for role in READ], machines)
    for fill in range(_FILLS):
        value = middle * (1 + 0.0005 * random.standard_normal(len(tags)))
        ts = np.full(len(tags), (1 + fill * _FILL_S) * SECOND)
        index = np.arange(len(tags), dtype=np.int32)
        engine.feed([ReadingBatch(tags, index, ts, value, np.zeros(len(tags), np.uint8))])
    return engine


async def timed(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Seconds that something takes, and the longest of them in which nothing else had a turn."""
    still = 0.0

    async def look() -> None:
        nonlocal still
        while True:
            began = perf_counter()
            await asyncio.sleep(_LOOK_S)
            still = max(still, perf_counter() - began - _LOOK_S)

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    began = perf_counter()
    await work()
    taken = perf_counter() - began
    await asyncio.sleep(2 * _LOOK_S)
    looking.cancel()
    return taken, still


async def measure(url: str, machines: int, runs: int) -> str:
    """The table."""
    connection = await connect(url, autocommit=True)
    engines = Engines(machines, connection)
    rows = []
    for name, work in (
        ("the state is copied", engines.copy),
        ("copied, made bytes of and stored", engines.keep),
        ("begun anew from what is stored", engines.begin_anew),
        ("reloaded with one of the rules edited", engines.edit),
    ):
        found = [await timed(work) for _ in range(runs)]
        taken, still = (statistics.median(each) for each in zip(*found, strict=True))
        rows.append([name, f"{taken:.2f}", f"{still * 1e3:.0f}"])
    await connection.close()
    size = f"A snapshot has {engines.bytes / 1e6:,.0f} MB. Medians of {runs}."
    return (
        f"{machines * len(READ):,} points. {size}\n\n{table(['', 's', 'stands still, ms'], rows)}"
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=33_333)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only, write no page")
    options = parser.parse_args()
    with temporary_home() as home, migrated_database(home) as url:
        text = asyncio.run(measure(url, options.machines, options.runs))
    text = f"{(__doc__ or '').strip()}\n\n{text}"
    print(text)
    if not options.dry:
        publish("snapshot", "python -m bench.snapshot", text)


if __name__ == "__main__":
    main()
