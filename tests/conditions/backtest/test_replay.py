"""Rules replayed over batches: the same events as live, variants apart, figures and differences."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.backtest.difference import compare_events
from conditions.backtest.figures import CHATTER_US, figures_of
from conditions.backtest.history import plants_by_asset
from conditions.backtest.replay import Event, Replay, events_of, labels, of_variant, warm_up_us
from conditions.backtest.shares import share_out
from conditions.binding import Plant
from conditions.engine import Engine
from conditions.event import Severity
from conditions.term import Op, Term
from conditions.variant import variant
from edge.reading import ReadingBatch
from tests.conditions.plants import S, plant, readings, rules

VIB = "P-1.vibration"
MANY = plant("""
asset_class: pump
inputs:
  vib: {point: vibration, unit: mm/s, max_age: 20s}
  temp: {point: temp, unit: degC}
rules:
- {id: mean, raise: "avg(vib, 10s) > 4", clear: "avg(vib, 10s) < 3", for: 2s}
- {id: both, raise: "avg(vib, 10s) > 2 and temp > 5", for: 3s, clear_for: 2s}
- {id: rise, raise: "rate(temp, 64s) > 0.5", clear: "rate(temp, 64s) < 0.1"}
- {id: spread, raise: "stddev(temp, 64s) > 1 and coverage(temp, 64s) > 0.02 and vib > 1"}
- {id: silent, raise: "age(vib) > 15s"}
- {id: chatter, raise: "rises(vib > 6, 60s) >= 2", clear: "rises(vib > 6, 60s) < 1"}
- {id: held, raise: "held(vib > 2, 4s) and temp > 1", on_unknown: clear}
""")
VALUE = st.integers(0, 9).map(float)
VALUES = [(t, float(v)) for t, v in enumerate((0, 5, 2, 8, 8, 8, 8, 1, 1, 5, 0, 9, 9, 9))]


@st.composite
def histories(draw: st.DrawFn) -> ReadingBatch:
    """Readings of both points of a pump, by time."""
    steps = draw(st.lists(st.tuples(st.integers(0, 12), st.booleans(), VALUE), min_size=1))
    at, rows = 0, []
    for step, hot, value in steps:
        at += step
        rows.append(("P-1.temp" if hot else VIB, at * S, value, 0))
    return ReadingBatch.from_rows(rows)


def replayed(
    *parts: list[tuple[float, float]], of: Plant | None = None, start_us: int = 0
) -> Replay:
    replay = Replay(of or plant(), start_us)
    for part in parts:
        replay.feed(readings(VIB, *part))
    replay.end(30 * S)
    return replay


@given(st.sets(st.integers(1, len(VALUES) - 1)))
def test_events_do_not_depend_on_how_history_is_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(VALUES)]
    parts = [VALUES[a:b] for a, b in pairwise(edges)]
    assert events_of(replayed(*parts).changes) == events_of(replayed(VALUES).changes)


@given(histories(), st.integers(2, 4))
def test_changes_do_not_depend_on_how_many_threads_share_the_rules(
    batch: ReadingBatch, threads: int
) -> None:
    one, several = (Replay(MANY, 0, threads=count) for count in (1, threads))
    for replay in (one, several):
        replay.feed(batch)
        replay.end(int(batch.ts[-1]) + 3600 * S)
    assert several.changes == one.changes


def test_rules_are_shared_out_evenly_and_no_share_is_empty() -> None:
    shares = share_out(MANY.rules, 3)
    assert sorted(one.rule.id for share in shares for one in share) == sorted(
        one.rule.id for one in MANY.rules
    )
    assert {len(share) for share in shares} <= {2, 3}
    assert len(share_out(MANY.rules, 99)) == len(MANY.rules)
    assert share_out([], 4) == [[]]


def test_a_large_batch_is_taken_in_parts() -> None:
    count = (1 << 20) + 5
    values = np.zeros(count)
    values[-5:] = 9.0
    batch = ReadingBatch(
        (VIB,),
        np.zeros(count, np.int32),
        np.arange(count) * S,
        values,
        np.zeros(count, np.uint8),
    )
    replay = Replay(plant(), 0, threads=2)
    replay.feed(batch)
    assert (replay.readings, {change.onset_us for change in replay.changes}) == (
        count,
        {(count - 5) * S},
    )


def test_events_are_those_that_the_engine_finds_live() -> None:
    live = Engine(plant(), lateness_us=0).feed([readings(VIB, *VALUES)])
    assert [c.key for c in replayed(VALUES).changes if c.kind == "raised"] == [
        c.key for c in live if c.kind == "raised"
    ]


def test_an_event_has_its_raise_its_peak_and_its_end() -> None:
    first, *_, last = events_of(replayed(VALUES).changes)
    assert (first.onset_us, first.raised_us, first.cleared_us) == (S, S, 2 * S)
    assert (last.cleared_us, last.severity, last.peak) == (None, Severity.MEDIUM, Severity.HIGH)


def test_what_was_raised_before_the_range_is_left_out() -> None:
    events = events_of(replayed(VALUES, start_us=3 * S).changes)
    assert min(event.raised_us for event in events) >= 3 * S


def test_evidence_is_not_kept() -> None:
    assert {change.evidence is None for change in replayed(VALUES).changes} == {True}


def test_variants_are_replayed_in_one_pass_and_told_apart() -> None:
    base = plant()
    low, high = (
        replace(active, rule=variant(active.rule, f"trip={at}", {"trip": at}))
        for at in (5.0, 8.5)
        for active in base.rules
        if active.rule.id == "zone"
    )
    changes = replayed(VALUES, of=replace(base, rules=[low, high])).changes
    assert sorted(labels(changes)) == ["trip=5.0", "trip=8.5"]
    for active in (low, high):
        label = active.rule.id.partition("@")[2]
        alone = replayed(VALUES, of=replace(base, rules=[active])).changes
        assert of_variant(changes, label) == of_variant(alone, label)
    assert {change.rule for change in of_variant(changes, "trip=5.0")} == {"pump/zone"}


def test_history_before_the_range_is_as_long_as_the_longest_delay() -> None:
    assert warm_up_us(rules()) == 5 * S
    assert warm_up_us([]) == 0


def test_windows_within_windows_reach_further_back() -> None:
    vib = Term(Op.INPUT, name="vib")
    mean = Term(Op.AVG, (vib,), window_us=10 * S)
    eta = Term(Op.ETA, (mean, Term(Op.NUMBER, value=7.0)), window_us=60 * S)
    (level,) = rules()[1].levels
    rule = replace(rules()[1], levels=(replace(level, raise_when=eta),))  # type: ignore[arg-type]
    assert warm_up_us([rule]) == 70 * S


def test_each_asset_has_a_plant_of_the_points_that_its_rules_read() -> None:
    base = plant(parameters={("P-1", "trip"): 6.0, ("P-2", "trip"): 9.0})
    zone = [active for active in base.rules if active.rule.id == "zone"]
    (one, first), (other, _) = plants_by_asset(base, zone, None)
    assert (one, other) == ("P-1", "P-2")
    assert [point.tag for point in first.points] == [VIB]
    assert first.parameters == {("P-1", "trip"): 6.0}
    assert [tag for tag, _ in plants_by_asset(base, zone, {"P-2"})] == ["P-2"]


def event(raised: int, cleared: int | None, **changed: object) -> Event:
    usual = Event(
        "pump/zone", "P-1", "VIB", raised, raised, cleared, Severity.HIGH, Severity.HIGH, "", 1.0
    )
    return replace(usual, **changed)  # type: ignore[arg-type]


def test_hours_in_alarm_end_with_the_range() -> None:
    figures = figures_of([event(0, 10), event(50, None)], end_us=100)
    assert (figures.alarm_us, figures.longest_us, figures.open) == (60, 50, 1)


@pytest.mark.parametrize(("gap", "chatter"), [(CHATTER_US, 1), (CHATTER_US + 1, 0)])
def test_a_raise_soon_after_a_clearing_is_chatter(gap: int, chatter: int) -> None:
    events = [event(0, 10), event(10 + gap, 20 + gap), event(20 + gap, None, asset="P-2")]
    assert figures_of(events, end_us=10**12).chatter == chatter


def test_versions_differ_by_events_of_one_alone_and_by_shifted_ones() -> None:
    before = [event(0, 10), event(20, 30), event(40, 50)]
    after = [event(0, 10), event(22, 30), event(60, 70)]
    found = compare_events(before, after, end_us=100)
    assert found.same == 1
    assert [(pair.before.raised_us, pair.raised_by_us) for pair in found.shifted] == [(20, 2)]
    assert [one.raised_us for one in found.only_before] == [40]
    assert [one.raised_us for one in found.only_after] == [60]


def test_an_event_that_falls_apart_is_one_pair_and_events_of_the_other_alone() -> None:
    found = compare_events([event(0, 100)], [event(0, 10), event(20, 30)], end_us=100)
    assert (len(found.shifted), len(found.only_after), len(found.only_before)) == (1, 1, 0)


def test_an_event_is_never_paired_with_one_of_another_asset() -> None:
    found = compare_events([event(0, 9)], [event(0, 9, asset="P-2")], end_us=100)
    assert (found.same, len(found.only_before), len(found.only_after)) == (0, 1, 1)
