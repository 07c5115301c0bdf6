"""Readings per second through the rule kernel: the design's seven rules, and thresholds.

The readings are of 100,000 points, a second apart, in log order, 1,000,000 a batch; every window has
been filled before. Beside it stands NumPy with hysteresis alone on the same readings as a matrix
(time by series): no timers, no lateness, no unknown readings, no windows, no events, no evidence.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from bench.harness import in_turn, publish, table
from bench.rules import HEAD, READ, SECOND, SEVEN, make_plant, make_rows
from conditions.binding import bind
from conditions.kernel import advance
from conditions.machine import Layout, build_machine
from conditions.tables import Machine, Rows

RUNS = 5
ROUNDS = 10
RAISE, CLEAR = 95.0, 90.0
# Long enough for a window of 14 days to have a reading in each pane.
_FILL_S, _FILLS = 18_000, 70
CASES = (
    ("the seven rules, 3 inputs on 33,333 machines", SEVEN, 33_333, READ, 1),
    ("1 threshold on each of 100,000 points", 1, 100_000, ("vib",), 1),
    ("10 thresholds on each of 100,000 points", 10, 100_000, ("vib",), 10),
    ("100 thresholds on each of 10,000 points", 100, 10_000, ("vib",), 100),
)


def thresholds(count: int) -> str:
    """Rules that compare a reading, both delays five seconds."""
    rule = '- {{id: r{n}, raise: "vib > {high}", clear: "vib < {low}", for: 5s, clear_for: 5s}}'
    return HEAD + "\n".join(rule.format(n=n, high=RAISE, low=CLEAR) for n in range(count))


def build(text: str, assets: int, roles: tuple[str, ...]) -> tuple[Machine, Layout]:
    """A machine for some rules over as many pumps."""
    plant = make_plant(text, assets, roles)
    layout = Layout(bind(plant, []))
    return build_machine(layout, plant.parameters), layout


def kernel_subject(machine: Machine, rows: Rows, *, at: int) -> Callable[[], float]:
    """Each call takes in the rows once more, later in time."""
    state = {"ts": rows.ts + at}

    def run() -> float:
        state["ts"] = state["ts"] + ROUNDS * SECOND
        started = perf_counter()
        advance(machine, rows._replace(ts=state["ts"]), lateness_us=5 * SECOND)
        return perf_counter() - started

    return run


def fill(machine: Machine, rows: Rows) -> int:
    """Give every pane of the longest window a reading; returns the time after them, in µs."""
    one = Rows(*(column[: len(rows.ts) // ROUNDS] for column in rows))
    for number in range(_FILLS):
        late = number * _FILL_S * SECOND
        advance(machine, one._replace(ts=one.ts + late), lateness_us=5 * SECOND)
    return _FILLS * _FILL_S * SECOND


def numpy_subject(rows: Rows, rules: int) -> Callable[[], float]:
    """Hysteresis alone, with NumPy."""
    values = rows.value.reshape(ROUNDS, -1)
    places = np.arange(ROUNDS)[:, None]

    def run() -> float:
        started = perf_counter()
        for _ in range(rules):
            raised = values > RAISE
            decisive = np.maximum.accumulate(np.where(raised | (values < CLEAR), places, 0))
            np.count_nonzero(np.take_along_axis(raised, decisive, axis=0))
        return perf_counter() - started

    return run


def main() -> None:
    """Measure every case and write the page."""
    lines = []
    for name, text, assets, roles, rules in CASES:
        said = text if isinstance(text, str) else thresholds(text)
        machine, layout = build(said, assets, roles)
        rows = make_rows(layout.numbers, assets, ROUNDS, [r for r in roles if r in READ])
        kernel, plain = in_turn(
            RUNS,
            len(rows.ts),
            [
                ("kernel", kernel_subject(machine, rows, at=fill(machine, rows))),
                ("numpy", numpy_subject(rows, rules)),
            ],
        )
        size = sum(table.nbytes for table in machine.state)
        lines.append(
            [
                name,
                f"{kernel.rate / 1e6:.1f} M",
                f"{plain.rate / 1e6:.1f} M",
                f"{size / 1e6:,.0f} MB",
            ]
        )
    head = ["", "kernel, readings/s", "NumPy, readings/s", "state"]
    text = f"Rule kernel. {(__doc__ or '').split(chr(10), 2)[2].strip()}\n\n{table(head, lines)}"
    publish("kernel", "python -m bench.kernel", text)
    print(text)


if __name__ == "__main__":
    main()
