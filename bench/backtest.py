"""Rules over one year of one machine at one reading a second, through the engine that runs live.

The history is in memory, as columns; how long reading it takes is measured with the store. Where there
are more cores than one the rules are shared out among them. Medians of three.
"""

import sys
from statistics import median
from time import perf_counter

import numpy as np

from bench.harness import publish, table
from bench.rules import HEAD, LEVELS, READ, SECOND, SEVEN, make_plant
from conditions.backtest.replay import Replay
from conditions.backtest.shares import cores
from conditions.binding import Plant
from edge.reading import ReadingBatch

YEAR_S = 31_536_000
_RUNS = 3
ONE = HEAD + '- {id: high, raise: "vib > 95", clear: "vib < 90", for: 5m, clear_for: 5m}'
CASES = (
    ("one rule on one input", ONE, ("vib",)),
    ("seven rules on three inputs", SEVEN, READ),
)


def history(roles: tuple[str, ...], seconds: int) -> ReadingBatch:
    """One reading of each point a second, all points in turn."""
    count = seconds * len(roles)
    random = np.random.default_rng(1)
    noise = np.resize(random.standard_normal(1 << 20), count)
    noise *= 0.0005 * np.resize([LEVELS[role] for role in roles], count)
    noise += np.resize([LEVELS[role] for role in roles], count)
    return ReadingBatch(
        tuple(f"P-000000.{role}" for role in roles),
        np.resize(np.arange(len(roles), dtype=np.int32), count),
        np.repeat(np.arange(1, seconds + 1) * SECOND, len(roles)),
        noise,
        np.zeros(count, np.uint8),
    )


def _taken_s(plant: Plant, batch: ReadingBatch, threads: int) -> tuple[float, int]:
    """Median of the seconds for a history, and the changes in it."""
    found: list[float] = []
    for _ in range(_RUNS):
        replay = Replay(plant, 0, threads=threads)
        replay.end(0)
        started = perf_counter()
        replay.feed(batch)
        found.append(perf_counter() - started)
    return median(found), len(replay.changes)


def main() -> None:
    """Measure and write the page; the length of the history in seconds may be given."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else YEAR_S
    lines = []
    for name, text, roles in CASES:
        plant, batch = make_plant(text, 1, roles), history(roles, seconds)
        row = [name, f"{len(batch):,}"]
        for threads in (1, cores()):
            taken, found = _taken_s(plant, batch, threads)
            row += [f"{taken:.2f} s", f"{len(batch) / taken / 1e6:.1f} M"]
        lines.append([*row, f"{found:,}"])
    beside = f"{cores()} cores"
    head = ["", "readings", "one core", "readings/s", beside, "readings/s", "changes of events"]
    text = f"Backtest. {(__doc__ or '').strip()}\n\n{table(head, lines)}"
    publish("backtest", "python -m bench.backtest", text)
    print(text)


if __name__ == "__main__":
    main()
