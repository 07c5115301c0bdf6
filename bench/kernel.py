"""Readings per second through the rule kernel, beside NumPy that does nothing but hysteresis.

The reference holds the same rows as a matrix (time by series) and finds for each rule the last
decisive reading with `maximum.accumulate`. It has no timers, no lateness, no unknown readings, no
events and no evidence, and needs every series sampled at the same times; the kernel does all of it
on rows in log order.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from bench.harness import in_turn, publish, table
from conditions.kernel import advance
from conditions.tables import (
    FOREVER,
    GREATER,
    INSTANCE,
    LESS,
    LEVEL,
    SERIES,
    TIMER,
    Machine,
    Rows,
    make_machine,
)

RUNS = 5
ROUNDS = 10
SECOND = 1_000_000
RAISE, CLEAR = 95.0, 90.0
CASES = ((100_000, 1, 0.0), (100_000, 1, 0.01), (100_000, 10, 0.0), (10_000, 100, 0.0))
"""Points, rules on each, and the share of readings that raise."""


def build(points: int, rules: int) -> Machine:
    """A machine with one level in each rule, both delays five seconds."""
    count = points * rules
    series, instances = np.zeros(points, SERIES), np.zeros(count, INSTANCE)
    levels, timers = np.zeros(count, LEVEL), np.zeros(count, TIMER)
    for kind in ("instance", "level"):
        series[f"first_{kind}"] = np.arange(points) * rules
        series[f"end_{kind}"] = np.arange(1, points + 1) * rules
    instances["max_age"] = FOREVER
    instances["first_level"], instances["end_level"] = np.arange(count), np.arange(1, count + 1)
    levels["raise_at"], levels["raise_op"] = RAISE, GREATER
    timers["instance"] = np.arange(count)
    timers["clear_at"], timers["clear_op"] = CLEAR, LESS
    timers["for_us"] = timers["clear_for_us"] = 5 * SECOND
    timers["severity"] = 3
    return make_machine(series, instances, levels, timers)


def make_rows(points: int, share: float) -> Rows:
    """ROUNDS readings of every point, each round in the points' order, one second apart."""
    count = points * ROUNDS
    random = np.random.default_rng(1)
    value = np.where(random.random(count) < share, 99.0, random.random(count) * CLEAR)
    ts = np.repeat(np.arange(1, ROUNDS + 1) * SECOND, points)
    return Rows(np.tile(np.arange(points), ROUNDS), ts, value, np.zeros(count, np.uint8))


def kernel_subject(rows: Rows, points: int, rules: int) -> Callable[[], float]:
    """Each call takes in the rows once more, later in time."""
    machine = build(points, rules)
    state = {"rows": rows}
    advance(machine, Rows(*(column[:points] for column in rows)), lateness_us=SECOND)

    def run() -> float:
        now = state["rows"]._replace(ts=state["rows"].ts + ROUNDS * SECOND)
        state["rows"] = now
        started = perf_counter()
        advance(machine, now, lateness_us=SECOND)
        return perf_counter() - started

    return run


def numpy_subject(rows: Rows, points: int, rules: int) -> Callable[[], float]:
    """Hysteresis alone, with NumPy."""
    values = rows.value.reshape(ROUNDS, points)
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
    for points, rules, share in CASES:
        rows = make_rows(points, share)
        kernel, plain = in_turn(
            RUNS,
            points * ROUNDS,
            [
                ("kernel", kernel_subject(rows, points, rules)),
                ("numpy", numpy_subject(rows, points, rules)),
            ],
        )
        lines.append(
            [
                f"{points:,} points, {rules} rules each, {share:.0%} of readings raise",
                f"{kernel.rate / 1e6:.1f} M",
                f"{plain.rate / 1e6:.1f} M",
                f"{kernel.rate / plain.rate:.1f}",
            ]
        )
    head = ["", "kernel, readings/s", "NumPy, readings/s", "ratio"]
    text = f"Rule kernel. {(__doc__ or '').split(chr(10), 2)[2].strip()}\n\n{table(head, lines)}"
    publish("kernel", "python -m bench.kernel", text)
    print(text)


if __name__ == "__main__":
    main()
