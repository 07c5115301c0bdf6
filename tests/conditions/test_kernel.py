"""What the kernel means, case by case, and against the reference on any stream."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditions.deadlines import rouse
from conditions.rule import Level, OnUnknown, Rule
from conditions.tables import ACTIVE, PENDING
from conditions.term import Op, Term
from tests.conditions.reference import Change, Row, interpret
from tests.conditions.streams import (
    ASSETS,
    ROLES,
    Kernel,
    X,
    build,
    level,
    number,
    rule,
    some_rules,
    streams,
)

S = 1_000_000
GREATER, LESS, EQUAL, NOT_EQUAL = Op.GREATER, Op.LESS, Op.EQUAL, Op.NOT_EQUAL
HIGH = level(3, GREATER, 7.0, LESS, 6.0, 2 * S, 5 * S)
MEDIUM = level(2, GREATER, 4.0, LESS, 3.0)
AT_ONCE = level(3, GREATER, 7.0, LESS, 6.0)
BAD = 0x83
UNCERTAIN = 0x40


def machine(*levels: Level, max_age: int | None = None) -> Kernel:
    """One rule on one series."""
    ages = {} if max_age is None else {"a": max_age}
    return build([rule(0, levels, value=X, max_age=ages)], 1, ["a"])


def run(one: Kernel, rows: Sequence[Row], lateness: int = 0) -> list[Change]:
    """Give it one batch."""
    return one.take(rows, lateness)


def rows(*values: tuple[float, float] | tuple[float, float, int]) -> list[Row]:
    """Rows of series 0 from (seconds, value[, quality])."""
    return [Row(0, round(row[0] * S), float(row[1]), *map(int, row[2:])) for row in values]


def pair(one: Level) -> Kernel:
    """One rule on each of two series."""
    return build([rule(0, [one], value=X)], 2, ["a"])


def late(one: Kernel) -> int:
    return one.late


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
    assert change.evidence == (((0, 1.0, 0), (S, 8.0, 0), (2 * S, 9.0, 0)),)


def test_evidence_ends_with_the_causing_reading_and_is_bounded() -> None:
    (change,) = run(machine(AT_ONCE), rows(*((n, 1) for n in range(200)), (200, 8)))
    (readings,) = change.evidence
    assert len(readings) == 128
    assert readings[-1] == (200 * S, 8.0, 0)
    assert readings[0] == (73 * S, 1.0, 0)


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
    low = level(3, LESS, 1.0, GREATER, 2.0)
    differs = level(3, NOT_EQUAL, 1.0, EQUAL, 1.0)
    for one in (AT_ONCE, low, differs):
        assert run(machine(one), rows((0, value), (1, value))) == []


def test_a_bad_reading_never_fires() -> None:
    assert run(machine(AT_ONCE), rows((0, 99, BAD))) == []


def test_an_uncertain_reading_counts() -> None:
    assert steps(run(machine(AT_ONCE), rows((0, 8, UNCERTAIN)))) == [(0, 0, 3)]


def test_zero_is_a_value() -> None:
    low = level(3, LESS, 1.0, GREATER, 2.0)
    assert steps(run(machine(low), rows((0, 5), (1, 0.0)))) == [(1, 0, 3)]
    assert steps(run(machine(AT_ONCE), rows((0, 8), (1, 0.0)))) == [(0, 0, 3), (1, 3, 0)]


def test_severity_goes_up_and_comes_down() -> None:
    found = run(machine(MEDIUM, AT_ONCE), rows((0, 5), (1, 8), (2, 5), (3, 1)))
    assert steps(found) == [(0, 0, 2), (1, 2, 3), (2, 3, 2), (3, 2, 0)]
    assert {change.onset for change in found} == {0}


def test_two_timers_that_end_at_once_make_one_change() -> None:
    medium = level(2, GREATER, 4.0, LESS, 3.0, 2 * S, 0)
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
    two = pair(replace(HIGH, for_us=30 * S))
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


def test_a_row_from_before_a_delay_that_has_ended_is_evaluated_at_its_end() -> None:
    one = machine(HIGH)
    assert steps(run(one, [*rows((0, 8)), tick(7)], 5 * S)) == [(2, 0, 3)]
    assert run(one, rows((1, 1), (1.5, 1)), 5 * S) == []
    assert late(one) == 0
    assert steps(run(one, rows((3, 1), (7, 1)), 5 * S)) == [(7, 3, 0)]


def test_what_was_decided_stays_decided_within_one_batch_too() -> None:
    one = machine(HIGH)
    found = run(one, [*rows((0, 8)), tick(7), *rows((1, 1), (9, 1))], 5 * S)
    assert steps(found) == [(2, 0, 3), (7, 3, 0)]


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
    inverted = level(3, GREATER, 5.0, LESS, 8.0)
    assert steps(run(machine(inverted), rows(*((n, 6) for n in range(9))))) == [(0, 0, 3)]


def test_more_changes_than_there_is_room_for_are_all_found() -> None:
    assets = 1500
    rules = [rule(0, [AT_ONCE, level(2, GREATER, 1.0, LESS, 1.0, S, S)], value=X)]
    stream = [Row(s, t * S, 8.0 if t % 4 < 2 else 0.0) for t in range(12) for s in range(assets)]
    expected = interpret_quickly(rules, stream, assets)
    for sort_from in (1, 1 << 40):
        one = build(rules, assets, ["a"])
        assert one.take(stream, sort_from=sort_from) == expected


def interpret_quickly(rules: Sequence[Rule], stream: Sequence[Row], assets: int) -> list[Change]:
    """The reference for assets that all do the same: it tells of the first, said for each."""
    first = [replace(row, ts=row.ts // S) for row in stream if row.series == 0]
    in_seconds = [
        replace(
            one,
            levels=tuple(
                replace(each, for_us=each.for_us // S, clear_for_us=each.clear_for_us // S)
                for each in one.levels
            ),
        )
        for one in rules
    ]
    told = interpret(in_seconds, ["a"], 1, first, 0).changes
    found = [
        replace(
            change,
            asset=asset,
            at=change.at * S,
            onset=change.onset * S,
            evidence=tuple(
                tuple((ts * S, value, quality) for ts, value, quality in some)
                for some in change.evidence
            ),
        )
        for change in told
        for asset in range(assets)
    ]
    return sorted(found, key=lambda change: (change.at, change.asset))


def term(op: Op, *operands: Term, window: int = 0) -> Term:
    return Term(op, operands, window_us=window)


A, B = X, Term(Op.INPUT, name="b")
TWO = ["a", "b"]


def one_rule(raised: Term, cleared: Term | None = None, **given: object) -> Kernel:
    """A rule over a and b of one asset that raises and clears at once."""
    cleared = cleared or term(Op.NOT, raised)
    levels = [Level(AT_ONCE.severity, raised, cleared, 0, 0)]
    return build([rule(0, levels, **given)], 1, TWO)  # type: ignore[arg-type]


def both(*values: tuple[float, str, float]) -> list[Row]:
    """Rows from (seconds, input, value)."""
    return [Row(TWO.index(name), round(ts * S), float(value)) for ts, name, value in values]


def above(operand: Term, limit: float) -> Term:
    return term(GREATER, operand, number(limit))


def test_two_inputs_are_judged_by_what_each_was_last() -> None:
    one = one_rule(term(Op.AND, above(A, 7), above(B, 3)))
    found = run(one, both((0, "a", 8), (1, "b", 1), (2, "b", 4), (3, "a", 1)))
    assert steps(found) == [(2, 0, 3), (3, 3, 0)]


def test_an_input_that_was_never_read_neither_raises_nor_clears() -> None:
    one = one_rule(term(Op.AND, above(A, 7), above(B, 3)))
    assert run(one, both((0, "a", 8), (1, "a", 9))) == []


def test_a_difference_of_inputs_with_one_too_old_is_unknown() -> None:
    one = one_rule(above(term(Op.SUBTRACT, A, B), 5), max_age={"b": 2 * S})
    found = run(one, both((0, "b", 1), (1, "a", 8), (4, "a", 0), (5, "b", 1)))
    assert steps(found) == [(1, 0, 3), (5, 3, 0)]


def test_a_slow_clock_of_one_input_makes_no_row_late() -> None:
    one = one_rule(term(Op.AND, above(A, 7), above(B, 3)))
    stream = [row for n in range(9) for row in both((100 + n, "a", 8), (40 + n, "b", n))]
    assert steps(run(one, stream, 5 * S)) == [(104, 0, 3)]
    assert late(one) == 0


def test_silence_raises_by_itself_at_the_very_microsecond() -> None:
    one = one_rule(above(Term(Op.AGE, (A,)), 1800.0))
    assert run(one, [*both((0, "a", 1)), tick(1805)], 5 * S) == []
    found = run(one, [tick(1806)], 5 * S)
    assert [(change.at, change.after) for change in found] == [(1800 * S + 1, 3)]
    assert steps(run(one, both((1900, "a", 1)), 5 * S)) == [(1900, 3, 0)]


def test_the_backlog_of_a_silent_point_is_evaluated_in_its_own_time_by_other_rules() -> None:
    stale = Level(
        MEDIUM.severity,
        above(Term(Op.AGE, (A,)), 1800.0),
        term(LESS, Term(Op.AGE, (A,)), number(1800.0)),
        0,
        0,
    )
    one = build([rule(0, [stale]), rule(1, [HIGH], value=X)], 1, ["a"])
    assert [c.rule for c in run(one, [*rows((0, 1)), tick(3600)], 5 * S)] == [0]
    found = run(one, rows(*((n, 8.0 if 10 <= n < 15 else 1.0) for n in range(1, 60))), 5 * S)
    assert steps([change for change in found if change.rule == 1]) == [(12, 0, 3), (20, 3, 0)]
    assert late(one) == 0


def test_a_truth_that_has_held_raises_without_a_reading() -> None:
    one = one_rule(term(Op.HELD, above(A, 7), window=60 * S))
    run(one, both((0, "a", 1), (10, "a", 8)))
    assert run(one, [tick(74)], 5 * S) == []
    assert steps(run(one, [tick(75)], 5 * S)) == [(70, 0, 3)]


def test_an_unknown_stretch_does_not_count_into_what_has_held() -> None:
    one = one_rule(term(Op.HELD, above(A, 7), window=60 * S), max_age={"a": 10 * S})
    stream = [*both((0, "a", 1)), *both(*((10 + n, "a", 8) for n in range(0, 31, 5)))]
    assert run(one, [*stream, tick(1000)]) == []
    later = both(*((1000 + n, "a", 8) for n in range(0, 31, 5)))
    assert steps(run(one, later)) == [(1020, 0, 3)]


def test_a_rule_that_is_not_enabled_is_not_raised_and_clears_after_its_delay() -> None:
    levels = [HIGH]
    one = build([rule(0, levels, value=X, enabled_when=above(B, 300))], 1, TWO)
    assert run(one, both((0, "a", 8), (5, "a", 8))) == []
    found = run(one, both((6, "b", 900), (9, "a", 8), (10, "b", 0), (20, "a", 8)))
    assert steps(found) == [(8, 0, 3), (15, 3, 0)]


@pytest.mark.parametrize(
    ("on_unknown", "told"),
    [
        (OnUnknown.HOLD, []),
        (OnUnknown.CLEAR, [(10.000001, 3, 0)]),
        (OnUnknown.RAISE, []),
    ],
)
def test_an_open_condition_whose_input_falls_silent(
    on_unknown: OnUnknown, told: list[tuple[float, int, int]]
) -> None:
    one = build(
        [rule(0, [AT_ONCE], value=X, on_unknown=on_unknown, max_age={"a": 10 * S})], 1, ["a"]
    )
    run(one, rows((0, 8)))
    assert steps(run(one, [tick(60)])) == told


def test_unknown_raises_where_the_rule_says_so() -> None:
    given = {"on_unknown": OnUnknown.RAISE, "max_age": {"a": 10 * S}}
    one = build([rule(0, [AT_ONCE], value=X, **given)], 1, ["a"])  # type: ignore[arg-type]
    assert steps(run(one, [*rows((0, 1)), tick(60)])) == [(10.000001, 0, 3)]


def test_a_window_reaches_back_to_a_pane() -> None:
    average = term(Op.AVG, A, window=64 * S)
    one = one_rule(above(average, 5), term(LESS, average, number(1)))
    rise = [(0, "a", 100), *((n, "a", 0) for n in range(1, 10))]
    fall = [(n, "a", 0) for n in range(10, 70)]
    found = run(one, both(*rise, *fall))
    assert steps(found) == [(0, 0, 3), (64, 3, 0)]
    assert found[0].value is None


def test_a_window_forgets_while_its_input_is_silent() -> None:
    coverage = term(Op.COVERAGE, A, window=64 * S)
    one = one_rule(term(Op.AND, term(LESS, coverage, number(0.5)), above(B, 0)))
    stream = both(*((n, "a", 1) for n in range(64)), *((n, "b", 1) for n in range(64, 128)))
    assert steps(run(one, stream)) == [(96, 0, 3)]


def test_a_counter_that_starts_again_has_counted_on() -> None:
    increase = term(Op.INCREASE, A, window=100 * S)
    one = one_rule(above(increase, 29))
    found = run(one, both((0, "a", 100), (1, "a", 120), (2, "a", 3), (3, "a", 10)))
    assert steps(found) == [(3, 0, 3)]


def test_a_straight_line_tells_when_it_reaches_its_limit() -> None:
    eta = term(Op.ETA, A, number(100), window=640 * S)
    one = build(
        [
            rule(
                0,
                [Level(AT_ONCE.severity, term(LESS, eta, number(60.0)), above(eta, 90.0), 0, 0)],
                value=eta,
            )
        ],
        1,
        ["a"],
    )
    (raised,) = run(one, rows(*((n, n / 10) for n in range(960))))
    assert raised.at == 941 * S
    assert raised.value == pytest.approx(59, abs=1)


def test_what_moves_away_from_its_limit_never_reaches_it() -> None:
    eta = term(Op.ETA, A, number(100), window=640 * S)
    one = one_rule(term(LESS, eta, number(1e9)))
    assert run(one, both(*((n, "a", -n) for n in range(960)))) == []


def test_noise_is_no_line() -> None:
    eta = term(Op.ETA, A, number(100), window=640 * S)
    one = one_rule(term(LESS, eta, number(1e9)))
    assert run(one, both(*((n, "a", (n * 7919) % 13) for n in range(960)))) == []


def test_stddev_is_small_beside_a_large_mean() -> None:
    spread = term(Op.STDDEV, A, window=640 * S)
    one = build([rule(0, [level(3, LESS, 1e-3, GREATER, 2e-3, of=spread)], value=spread)], 1, ["a"])
    found = run(one, rows(*((n, 1e7 + (n % 2) * 1e-4) for n in range(100))))
    assert [change.after for change in found] == [3]
    assert found[0].value == pytest.approx(7.07e-5, rel=1e-2)


same_settings = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def told(changes: Sequence[Change]) -> list[tuple[object, ...]]:
    """Changes without their values, whose last bits depend on how they are reckoned."""
    return [(c.at, c.asset, c.rule, c.before, c.after, c.onset, repr(c.evidence)) for c in changes]


def values(changes: Sequence[Change]) -> list[float]:
    return [math.nan if change.value is None else change.value for change in changes]


@same_settings
@given(some_rules(), streams(), st.sampled_from([0, 2, 8]))
def test_the_kernel_does_what_the_reference_says(
    rules: list[Rule], stream: list[Row], lateness: int
) -> None:
    expected = interpret(rules, ROLES, ASSETS, stream, lateness).changes
    for sort_from in (1, 1 << 40):
        found = build(rules, ASSETS).take(stream, lateness, sort_from=sort_from)
        assert told(found) == told(expected)
        assert values(found) == pytest.approx(values(expected), nan_ok=True, abs=1e-9)


@same_settings
@given(some_rules(), streams(), st.sampled_from([0, 2, 8]), st.data())
def test_any_split_gives_the_same_changes_and_the_same_state(
    rules: list[Rule], stream: list[Row], lateness: int, data: st.DataObject
) -> None:
    whole, parts = build(rules, ASSETS), build(rules, ASSETS)
    expected = whole.take(stream, lateness)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found: list[Change] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        sort_from = data.draw(st.sampled_from([1, 1 << 40]))
        found += parts.take(stream[start:end], lateness, sort_from=sort_from)
    found.sort(key=lambda change: (change.at, change.asset, change.rule))
    assert repr(found) == repr(expected)
    assert state_bytes(whole) == state_bytes(parts)


def state_bytes(one: Kernel) -> dict[str, bytes]:
    """All that decides what comes next; `wake` only says when to look."""
    found: dict[str, bytes] = {}
    for table in one.machine.state._fields:
        array = getattr(one.machine.state, table)
        for name in array.dtype.names or ("",):
            if name != "wake":
                found[f"{table}.{name}"] = (array[name] if name else array).tobytes()
    for name in ("highest_ts", "late_rows", "taken_rows"):
        found[name] = one.machine.clock[name].tobytes()
    return found


def test_a_machine_that_was_filled_from_outside_goes_on_where_it_was() -> None:
    one = machine(HIGH)
    run(one, rows((0, 8)))
    state = one.machine.state
    assert int(state.levels["phase"][0]) == PENDING
    rouse(one.machine)
    assert steps(run(one, [tick(9)])) == [(2, 0, 3)]
    assert int(state.levels["phase"][0]) == ACTIVE
