"""Disturb a whole line by chance for a while, and count what is lost or doubled.

    python -m bench.faults --minutes 30 --seed 1

With `--minutes 0` each fault strikes once, which takes some four minutes.

Takes the faults of the tests, and longer ones, in an order by chance, while a device of each
protocol publishes numbers; after each fault the line recovers and everything is compared with the
store. Nothing is timed here. A fault that ends otherwise is told with its numbers, and the program
fails.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.harness import publish, table
from tests.acceptance.faults.faults import LONG, Fault
from tests.acceptance.faults.ledger import Verdict
from tests.acceptance.faults.line import Line, running_line


@dataclass
class Tally:
    """What came of a fault, over all the times that it struck."""

    times: int = 0
    numbers: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, numbers: int, verdicts: Mapping[str, Verdict]) -> None:
        """Count one more time."""
        self.times += 1
        self.numbers += numbers
        for verdict in verdicts.values():
            for name in ("lost", "doubled", "reordered", "invented", "missed", "repeated"):
                self.counts[name] += len(getattr(verdict, name))


def strike(line: Line, fault: Fault, chance: Random, tally: Tally) -> bool:
    """Strike once and count; was everything right? What is not is told on the terminal."""
    print(fault.name, flush=True)
    with line.watching() as watch:
        fault.strike(line, chance)
    tally.add(watch.numbers, watch.verdicts)
    wrong = {tag: verdict for tag, verdict in watch.verdicts.items() if verdict.faults}
    for tag, verdict in wrong.items():
        print(f"  {tag}: {verdict}", flush=True)
    return not wrong


def run(minutes: float, seed: int) -> tuple[dict[str, Tally], bool]:
    """Strike by chance until the time is over, each fault at least once."""
    chance = Random(seed)  # noqa: S311 - chance that can be repeated
    tallies: dict[str, Tally] = defaultdict(Tally)
    right = True
    with (
        tempfile.TemporaryDirectory(prefix="oilcan-faults-") as home,
        running_line(Path(home)) as line,
    ):
        able = [fault for fault in LONG if not fault.lacks(line)]
        queue, end = list(able), time.monotonic() + 60 * minutes
        chance.shuffle(queue)
        while queue or time.monotonic() < end:
            fault = queue.pop() if queue else chance.choice(able)
            right &= strike(line, fault, chance, tallies[fault.name])
    return tallies, right


def page(tallies: Mapping[str, Tally]) -> str:
    """The table, in the order of the faults."""
    head = ["", "times", "readings", "lost", "wrong", "not promised", "not known again"]
    rows: Sequence[Sequence[str]] = [
        [
            fault.name,
            str(tally.times),
            f"{tally.numbers:,}",
            str(tally.counts["lost"]),
            str(tally.counts["doubled"] + tally.counts["reordered"] + tally.counts["invented"]),
            str(tally.counts["missed"]),
            str(tally.counts["repeated"]),
        ]
        for fault in LONG
        if (tally := tallies.get(fault.name)) is not None
    ]
    return table(head, rows)


def main() -> int:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry", action="store_true", help="print the table only")
    options = parser.parse_args()
    tallies, right = run(options.minutes, options.seed)
    text = page(tallies)
    print(text)
    if not options.dry:
        publish("faults", "python -m bench.faults", text)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
