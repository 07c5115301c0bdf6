"""Streams and rules for the kernel's tests, and the kernel's answer in the reference's words."""

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from conditions.kernel import advance
from conditions.tables import (
    FOREVER,
    INSTANCE,
    LEVEL,
    SERIES,
    TIMER,
    Changes,
    Machine,
    Rows,
    make_machine,
)
from tests.conditions.reference import Change, InstanceRule, LevelRule, Row


def build(rules: Sequence[InstanceRule], series_count: int) -> Machine:
    """A machine for rules that are sorted by series."""
    levels = [(number, level) for number, rule in enumerate(rules) for level in rule.levels]
    instances, hot = np.zeros(len(rules), INSTANCE), np.zeros(len(levels), LEVEL)
    timers, series = np.zeros(len(levels), TIMER), np.zeros(series_count, SERIES)
    owner = np.array([number for number, _ in levels], np.int64)
    of_series = np.array([rule.series for rule in rules], np.int64)
    ages = [FOREVER if math.isinf(rule.max_age) else int(rule.max_age) for rule in rules]
    instances["max_age"] = ages
    instances["first_level"] = np.searchsorted(owner, np.arange(len(rules)))
    instances["end_level"] = np.searchsorted(owner, np.arange(len(rules)), "right")
    series["first_instance"] = np.searchsorted(of_series, np.arange(series_count))
    series["end_instance"] = np.searchsorted(of_series, np.arange(series_count), "right")
    series["first_level"] = np.searchsorted(owner, series["first_instance"])
    series["end_level"] = np.searchsorted(owner, series["end_instance"])
    timers["instance"] = owner
    for index, (_, level) in enumerate(levels):
        hot[index] = (level.raise_at, level.raise_op, 0)
        timers[index]["severity"] = level.severity
        timers[index]["clear_op"], timers[index]["clear_at"] = level.clear_op, level.clear_at
        timers[index]["for_us"], timers[index]["clear_for_us"] = level.hold, level.clear_hold
    return make_machine(series, instances, hot, timers)


def columns(rows: Sequence[Row]) -> Rows:
    return Rows(
        np.array([row.series for row in rows], np.int64),
        np.array([row.ts for row in rows], np.int64),
        np.array([row.value for row in rows], np.float64),
        np.array([row.quality for row in rows], np.uint8),
    )


def told(found: Changes) -> list[Change]:
    """What the kernel found, as the reference would say it."""
    return [
        Change(
            int(change["at"]),
            int(change["instance"]),
            int(change["before"]),
            int(change["after"]),
            int(change["onset"]),
            float(change["value"]),
            tuple((int(ts), float(v), int(q)) for ts, v, q in rows[: change["rows"]]),
        )
        for change, rows in zip(found.changes, found.evidence, strict=True)
    ]


def run(machine: Machine, rows: Sequence[Row], lateness: int = 0) -> list[Change]:
    """Give a machine one batch."""
    return told(advance(machine, columns(rows), lateness_us=lateness))


SERIES_COUNT = 3
VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, math.nan, math.inf])
HOLDS = st.sampled_from([0, 0, 1, 2, 5, 9])


@st.composite
def level_rules(draw: st.DrawFn, severity: int) -> LevelRule:
    return LevelRule(
        severity,
        draw(st.integers(0, 5)),
        draw(st.sampled_from([1.0, 2.0, 3.0])),
        draw(st.integers(0, 5)),
        draw(st.sampled_from([1.0, 2.0, 3.0])),
        draw(HOLDS),
        draw(HOLDS),
    )


@st.composite
def instance_rules(draw: st.DrawFn) -> InstanceRule:
    severities = sorted(draw(st.sets(st.integers(1, 4), min_size=1, max_size=3)))
    levels = tuple(draw(level_rules(severity)) for severity in severities)
    age = draw(st.sampled_from([math.inf, math.inf, 1, 3, 6]))
    return InstanceRule(draw(st.integers(0, SERIES_COUNT - 1)), levels, age)


RULES = st.lists(instance_rules(), min_size=1, max_size=4).map(
    lambda rules: sorted(rules, key=lambda rule: rule.series)
)


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Rows that go forward in time by and large, some of them late, doubled or unknown.

    Some series have slow or fast clocks, and some rows come as a backlog.
    """
    rows, now = [], 0
    clocks = draw(st.lists(st.sampled_from([0, 0, 4, -4, 20]), min_size=4, max_size=4))
    for _ in range(draw(st.integers(0, 60))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 3, 7]))
        series = draw(st.integers(-1, SERIES_COUNT - 1))
        ts = now - clocks[series] - draw(st.sampled_from([0, 0, 0, 0, 1, 3, 6, 30]))
        quality = draw(st.sampled_from([0, 0, 0, 0x40, 0x83]))
        rows.append(Row(series, ts, draw(VALUES), quality))
    return rows
