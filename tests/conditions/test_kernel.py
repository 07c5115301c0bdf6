"""What the kernel means, case by case, and against the reference on any stream."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.kernel import relist
from conditions.tables import ACTIVE, PENDING, Machine
from tests.conditions.reference import Change, InstanceRule, LevelRule, Row, accept, interpret
from tests.conditions.streams import RULES, SERIES_COUNT, build, run, streams

S = 1_000_000
GREATER, LESS, EQUAL, NOT_EQUAL = 0, 2, 4, 5
HIGH = LevelRule(3, GREATER, 7.0, LESS, 6.0, 2 * S, 5 * S)
MEDIUM = LevelRule(2, GREATER, 4.0, LESS, 3.0, 0, 0)
AT_ONCE = LevelRule(3, GREATER, 7.0, LESS, 6.0, 0, 0)
BAD = 0x83
UNCERTAIN = 0x40


def machine(*levels: LevelRule, max_age: float = math.inf) -> Machine:
    return build([InstanceRule(0, levels, max_age)], 1)


def rows(*values: tuple[float, float] | tuple[float, float, int]) -> list[Row]:
    """Rows of series 0 from (seconds, value[, quality])."""
    return [Row(0, round(row[0] * S), float(row[1]), *map(int, row[2:])) for row in values]


def pair(level: LevelRule) -> Machine:
    """One rule on each of two series."""
    return build([InstanceRule(series, (level,)) for series in range(2)], 2)


def late(one: Machine) -> int:
    return int(one.clock["late_rows"][0])


def tick(seconds: float) -> Row:
    return Row(-1, round(seconds * S))


def steps(changes: Sequence[Change]) -> list[tuple[float, int, int]]:
    """(seconds, severity before, after)"""
    return [(change.at / S, change.before, change.after) for change in changes]


def test_a_condition_that_held_long_enough_is_stamped_when_it_had() -> None:
    (change,) = run(machine(HIGH), rows((0, 1), (1, 8), (2, 9), (10, 8)))
    assert (change.at, change.onset, change.after) == (3 * S, 1 * S, 3)


def test_the_readings_up_to_the_raise_are_its_evidence() -> None:
    (change,) = run(machine(HIGH), rows((0, 1), (1, 8), (2, 9), (10, 8)))
    assert change.evidence == ((0, 1.0, 0), (S, 8.0, 0), (2 * S, 9.0, 0))


def test_evidence_ends_with_the_causing_reading_and_is_bounded() -> None:
    (change,) = run(machine(AT_ONCE), rows(*((n, 1) for n in range(200)), (200, 8)))
    assert len(change.evidence) == 128
    assert change.evidence[-1] == (200 * S, 8.0, 0)
    assert change.evidence[0] == (73 * S, 1.0, 0)


def test_without_on_delay_the_reading_itself_raises() -> None:
    assert steps(run(machine(AT_ONCE), rows((0, 1), (1, 8)))) == [(1, 0, 3)]


def test_the_watermark_ends_a_timer_where_no_reading_comes() -> None:
    one = machine(HIGH)
    assert run(one, rows((1, 8)), 5 * S) == []
    assert run(one, [tick(7.9)], 5 * S) == []
    assert steps(run(one, [tick(8)], 5 * S)) == [(3, 0, 3)]


def test_in_the_dead_band_a_pending_condition_drops() -> None:
    assert run(machine(HIGH), rows((0, 8), (1, 6.5), (1.5, 8), (3, 8))) == []


def test_in_the_dead_band_an_active_condition_stays() -> None:
    assert steps(run(machine(AT_ONCE), rows((0, 8), (1, 6.5), (9, 6.5)))) == [(0, 0, 3)]


def test_a_condition_clears_after_its_off_delay() -> None:
    found = run(machine(HIGH), rows((0, 8), (3, 5), (5, 5), (20, 5)))
    assert steps(found) == [(2, 0, 3), (8, 3, 0)]


def test_a_reading_in_the_dead_band_ends_clearing() -> None:
    found = run(machine(HIGH), rows((0, 8), (3, 5), (5, 6.5), (20, 6.5)))
    assert steps(found) == [(2, 0, 3)]


def test_missing_data_is_not_clear() -> None:
    one = machine(HIGH, max_age=4 * S)
    found = run(one, [*rows((0, 8), (2, 8), (3, 5)), tick(1000)])
    assert steps(found) == [(2, 0, 3)]
    assert steps(run(one, rows((2000, 5), (2004, 5)))) == [(2001, 3, 0)]


def test_unknown_time_does_not_count_into_a_timer() -> None:
    found = run(machine(HIGH), rows((0, 8), (1, 0, BAD), (100, 8), (100.5, 8), (102, 8)))
    assert steps(found) == [(101, 0, 3)]
    assert found[0].onset == 0


def test_a_timer_never_ends_inside_an_unknown_stretch() -> None:
    one = machine(HIGH, max_age=1 * S)
    assert run(one, [*rows((0, 8)), tick(50)]) == []
    assert steps(run(one, [*rows((60, 8)), tick(61)])) == [(61, 0, 3)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_never_fires(value: float) -> None:
    low = LevelRule(3, LESS, 1.0, GREATER, 2.0, 0, 0)
    differs = LevelRule(3, NOT_EQUAL, 1.0, EQUAL, 1.0, 0, 0)
    for level in (AT_ONCE, low, differs):
        assert run(machine(level), rows((0, value), (1, value))) == []


def test_a_bad_reading_never_fires() -> None:
    assert run(machine(AT_ONCE), rows((0, 99, BAD))) == []


def test_an_uncertain_reading_counts() -> None:
    assert steps(run(machine(AT_ONCE), rows((0, 8, UNCERTAIN)))) == [(0, 0, 3)]


def test_zero_is_a_value() -> None:
    low = LevelRule(3, LESS, 1.0, GREATER, 2.0, 0, 0)
    assert steps(run(machine(low), rows((0, 5), (1, 0.0)))) == [(1, 0, 3)]
    assert steps(run(machine(AT_ONCE), rows((0, 8), (1, 0.0)))) == [(0, 0, 3), (1, 3, 0)]


def test_severity_goes_up_and_comes_down() -> None:
    found = run(machine(MEDIUM, AT_ONCE), rows((0, 5), (1, 8), (2, 5), (3, 1)))
    assert steps(found) == [(0, 0, 2), (1, 2, 3), (2, 3, 2), (3, 2, 0)]
    assert {change.onset for change in found} == {0}


def test_two_timers_that_end_at_once_make_one_change() -> None:
    medium = LevelRule(2, GREATER, 4.0, LESS, 3.0, 2 * S, 0)
    assert steps(run(machine(medium, HIGH), [*rows((0, 8)), tick(9)])) == [(2, 0, 3)]


def test_late_readings_change_nothing_and_are_counted() -> None:
    one = machine(AT_ONCE)
    found = run(one, rows((10, 8), (11, 8), (5, 0), (10.5, 0), (11, 0), (12, 8)))
    assert steps(found) == [(10, 0, 3)]
    assert late(one) == 3


def test_a_device_with_a_slow_clock_is_evaluated() -> None:
    two = pair(HIGH)
    stream = [row for n in range(20) for row in (Row(0, n * S, 1.0), Row(1, (n - 60) * S, 8.0))]
    assert steps(run(two, stream, 5 * S)) == [(-58, 0, 3)]
    assert late(two) == 0


def test_a_slow_clock_shortens_no_delay() -> None:
    two = pair(HIGH)
    spike = [8.0 if n in {5, 9} else 1.0 for n in range(20)]
    for n, value in enumerate(spike):
        assert run(two, [Row(0, n * S, 1.0), Row(1, (n - 60) * S, value)], 5 * S) == []
    assert late(two) == 0


def test_a_device_with_a_fast_clock_silences_no_other() -> None:
    two = pair(HIGH)
    stream = [row for n in range(20) for row in (Row(0, (n + 120) * S, 1.0), Row(1, n * S, 8.0))]
    assert steps(run(two, stream, 5 * S)) == [(2, 0, 3)]
    assert late(two) == 0


def test_a_slow_series_that_falls_silent_has_its_timers_ended_as_time_goes_on() -> None:
    two = pair(HIGH)
    assert run(two, [Row(0, 100 * S, 1.0), Row(1, 40 * S, 8.0)], 5 * S) == []
    assert run(two, [tick(106.9)], 5 * S) == []
    assert steps(run(two, [tick(107)], 5 * S)) == [(42, 0, 3)]


def test_a_running_timer_is_due_earlier_once_its_series_lags_less() -> None:
    two = pair(replace(HIGH, hold=30 * S))
    run(two, [Row(0, 100 * S, 1.0), Row(1, 40 * S, 8.0)], 5 * S)
    assert run(two, [Row(1, 60 * S, 8.0), tick(114.9)], 5 * S) == []
    assert steps(run(two, [tick(115)], 5 * S)) == [(70, 0, 3)]


def test_the_backlog_of_a_gateway_that_was_cut_off_raises_its_event() -> None:
    one = machine(HIGH)
    run(one, [*rows((0, 1)), tick(3600)], 5 * S)
    backlog = rows(*((n, 8.0 if 10 <= n < 15 else 1.0) for n in range(1, 60)))
    found = run(one, backlog, 5 * S)
    assert steps(found) == [(12, 0, 3), (20, 3, 0)]
    assert (found[0].onset, late(one)) == (10 * S, 0)


def test_a_spike_in_a_backlog_raises_nothing() -> None:
    one = machine(HIGH)
    run(one, [*rows((0, 1)), tick(3600)], 5 * S)
    for row in rows((10, 1), (11, 8), (12, 1), (13, 8), (14, 1)):
        assert run(one, [row], 5 * S) == []
    assert late(one) == 0


def test_a_row_older_than_a_timer_that_has_ended_is_late_and_changes_nothing() -> None:
    one = machine(HIGH)
    assert steps(run(one, [*rows((0, 8)), tick(7)], 5 * S)) == [(2, 0, 3)]
    assert run(one, rows((1, 1), (1.999999, 1)), 5 * S) == []
    assert late(one) == 2
    assert steps(run(one, rows((2, 1), (7, 1)), 5 * S)) == [(7, 3, 0)]
    assert late(one) == 2


def test_a_row_that_comes_in_one_batch_with_the_end_of_a_timer_is_as_late() -> None:
    one = machine(HIGH)
    assert steps(run(one, [*rows((0, 8)), tick(7), *rows((1, 1))], 5 * S)) == [(2, 0, 3)]
    assert late(one) == 1


def test_an_unknown_stretch_in_a_backlog_stops_its_timers() -> None:
    one = machine(HIGH, max_age=1 * S)
    run(one, [tick(3600)], 5 * S)
    found = run(one, [*rows((0, 8), (50, 0, BAD), (60, 8)), tick(3700)], 5 * S)
    assert steps(found) == [(61, 0, 3)]
    assert late(one) == 0


def test_a_backfilled_reading_does_not_fire_a_timer_by_the_wall_clock() -> None:
    assert run(machine(HIGH), rows((0, 8), (1, 8))) == []


@pytest.mark.parametrize("ts", [2**63 - 1, -(2**63), 2**61])
def test_an_impossible_time_is_refused_and_spoils_nothing(ts: int) -> None:
    one = machine(AT_ONCE)
    assert run(one, [Row(0, ts, 8.0), Row(-1, ts)]) == []
    assert steps(run(one, rows((0, 8)))) == [(0, 0, 3)]


def test_an_overlapping_dead_band_does_not_flap() -> None:
    inverted = LevelRule(3, GREATER, 5.0, LESS, 8.0, 0, 0)
    assert steps(run(machine(inverted), rows(*((n, 6) for n in range(9))))) == [(0, 0, 3)]


def test_more_changes_than_there_is_room_for_are_all_found() -> None:
    count = 3000
    rules = [
        InstanceRule(s, (AT_ONCE, LevelRule(2, GREATER, 1.0, LESS, 1.0, S, S)))
        for s in range(count)
    ]
    one = build(rules, count)
    stream = [Row(s, t * S, 8.0 if t % 4 < 2 else 0.0) for t in range(12) for s in range(count)]
    assert run(one, stream) == interpret(rules, stream, 0)


@settings(max_examples=400, deadline=None)
@given(RULES, streams(), st.sampled_from([0, 2, 8]))
def test_the_kernel_does_what_the_reference_says(
    rules: list[InstanceRule], stream: list[Row], lateness: int
) -> None:
    one = build(rules, SERIES_COUNT)
    assert repr(run(one, stream, lateness)) == repr(interpret(rules, stream, lateness))
    assert late(one) == accept(rules, stream, lateness).late


@settings(max_examples=400, deadline=None)
@given(RULES, streams(), st.sampled_from([0, 2, 8]), st.data())
def test_any_split_gives_the_same_changes_and_the_same_state(
    rules: list[InstanceRule], stream: list[Row], lateness: int, data: st.DataObject
) -> None:
    whole, parts = build(rules, SERIES_COUNT), build(rules, SERIES_COUNT)
    expected = run(whole, stream, lateness)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found: list[Change] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += run(parts, stream[start:end], lateness)
    found.sort(key=lambda change: (change.at, change.instance))
    assert repr(found) == repr(expected)
    for name in ("series", "instances", "levels", "timers", "tail"):
        one, other = getattr(whole, name), getattr(parts, name)
        fields = [field for field in one.dtype.names if field != "timed"]
        for field in fields:
            assert one[field].tobytes() == other[field].tobytes(), (name, field)
    for field in ("highest_ts", "late_rows", "taken_rows"):
        assert whole.clock[field] == parts.clock[field]


def test_a_relisted_machine_goes_on_where_it_was() -> None:
    one = machine(HIGH)
    run(one, rows((0, 8)))
    assert int(one.levels["phase"][0]) == PENDING
    one.clock["listed"] = 0
    one.series["timed"] = 0
    relist(one)
    assert steps(run(one, [tick(9)])) == [(2, 0, 3)]
    assert int(one.levels["phase"][0]) == ACTIVE
    assert np.count_nonzero(one.series["timed"]) == 0
