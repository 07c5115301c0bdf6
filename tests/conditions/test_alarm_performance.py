"""Figures of alarm performance, counted by hand on small lists, and on the logs of real machines."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.alarm_performance import (
    INTERVAL_US,
    Annunciation,
    Figure,
    Period,
    average_rate,
    chattering,
    fleeting,
    flood_share,
    intervals,
    peak_rate,
    performance,
    priorities,
    stale,
    time_to_acknowledge,
    top_ten,
)
from conditions.event import Severity

S = 1_000_000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_772_000_000 * S
LOW, MEDIUM, HIGH, CRITICAL = Severity
ALPI = Path(__file__).parents[2].parent / "shared" / "data" / "alpi" / "all_alarms.npz"
needs_alpi = pytest.mark.skipif(not ALPI.exists(), reason="shared/data/alpi is not here")


def alarm(
    at: int,
    *,
    rule: str = "pump/hot",
    severity: Severity = LOW,
    lasted: int | None = None,
    seen: int | None = None,
    event: int = 0,
) -> Annunciation:
    """An alarm some µs after the start, active for `lasted`, acknowledged after `seen`."""
    when = START + at
    return Annunciation(
        event or at,
        "P-1",
        rule,
        severity,
        when,
        when,
        None if lasted is None else when + lasted,
        None if seen is None else when + seen,
    )


def period(length: int) -> Period:
    return Period(START, START + length)


def test_the_average_is_by_hour_and_operator() -> None:
    within = [alarm(n * MINUTE) for n in range(30)]
    figure = average_rate(within, period(3 * HOUR), operators=2)
    assert (figure.value, figure.population) == (5.0, 30)
    assert figure.rows == [{"start_us": START, "alarms": 30}]


def test_a_period_without_length_has_no_average() -> None:
    assert average_rate([], period(0), operators=1).value is None


def test_the_peak_is_the_fullest_ten_minutes() -> None:
    within = [alarm(0), *(alarm(11 * MINUTE + n * S) for n in range(7)), alarm(20 * MINUTE)]
    figure = peak_rate(within, period(HOUR), operators=1)
    assert figure.value == 7
    assert [row["alarms"] for row in figure.rows] == [7, 1, 1]


def flood(*counts: int) -> list[bool]:
    """Which intervals are in flood, by how many alarms each has."""
    within = [
        alarm(number * INTERVAL_US + n * S)
        for number, count in enumerate(counts)
        for n in range(count)
    ]
    rows = intervals(within, period(len(counts) * INTERVAL_US))
    assert [row["alarms"] for row in rows] == list(counts)
    return [row["flood"] for row in rows]


@pytest.mark.parametrize(
    ("counts", "flooded"),
    [
        ((10, 10), [False, False]),
        ((11, 4), [True, False]),
        ((11, 5, 5, 4, 5), [True, True, True, False, False]),
        ((4, 11, 0, 11), [False, True, False, True]),
    ],
)
def test_a_flood_begins_above_ten_and_ends_below_five(
    counts: tuple[int, ...], flooded: list[bool]
) -> None:
    assert flood(*counts) == flooded


def test_the_share_of_floods_counts_the_time_that_the_period_has() -> None:
    # 25 minutes: two intervals, and five minutes of a third one in flood.
    within = [alarm(20 * MINUTE + n * S) for n in range(11)]
    figure = flood_share(within, period(25 * MINUTE))
    assert figure.value == pytest.approx(5 / 25)
    assert [row["seconds"] for row in figure.rows] == [300.0]


def test_what_lies_outside_the_period_is_not_counted() -> None:
    listed = [alarm(-1), alarm(0), alarm(HOUR - 1), alarm(HOUR)]
    figures = {figure.name: figure for figure in performance(listed, period(HOUR))}
    assert figures["average_rate"].population == 2
    assert figures["top_ten"].population == 2


def test_the_top_ten_come_with_their_share() -> None:
    within = [alarm(n, rule=f"pump/{min(n, 11):02}") for n in range(24)]
    figure = top_ten(within)
    # Eleven rules came once, the twelfth thirteen times.
    assert figure.value == pytest.approx((13 + 9) / 24)
    assert (len(figure.rows), figure.rows[0]["rule"], figure.rows[0]["alarms"]) == (
        10,
        "pump/11",
        13,
    )


@pytest.mark.parametrize(
    ("seconds", "chatters"),
    [((0, 30, 60), 3), ((0, 30, 61), 0), ((0, 30, 59, 80, 200), 4), ((0, 1), 0), ((5, 0, 3), 3)],
)
def test_three_within_a_minute_are_chatter(seconds: tuple[int, ...], chatters: int) -> None:
    figure = chattering([alarm(at * S) for at in seconds])
    assert figure.value == (1 if chatters else 0)
    assert sum(row["alarms"] for row in figure.rows) == chatters


def test_two_alarms_do_not_chatter_together() -> None:
    within = [alarm(0), alarm(S, rule="pump/cold"), alarm(2 * S)]
    assert chattering(within).value == 0


def test_what_clears_within_ten_seconds_is_fleeting() -> None:
    within = [alarm(0, lasted=10 * S - 1), alarm(1, lasted=10 * S), alarm(2)]
    figure = fleeting(within)
    assert (figure.value, figure.population, figure.excluded) == (0.5, 2, {"still active": 1})
    assert [row["event_id"] for row in figure.rows] == [0]


def stale_ids(*listed: Annunciation, length: int = 2 * DAY) -> list[int]:
    return [row["event_id"] for row in stale(listed, period(length)).rows]


def test_stale_is_what_was_active_for_more_than_a_day_in_the_period() -> None:
    assert stale_ids(alarm(0, event=1)) == [1]
    assert stale_ids(alarm(0, event=1, lasted=DAY)) == []
    assert stale_ids(alarm(0, event=1, lasted=DAY + 1)) == [1]
    assert stale_ids(alarm(0, event=1), length=DAY) == []


def test_stale_counts_what_was_raised_before_the_period_and_reaches_into_it() -> None:
    assert stale_ids(alarm(-DAY, event=1, lasted=DAY + 1)) == [1]
    assert stale_ids(alarm(-2 * DAY, event=1, lasted=2 * DAY)) == []
    assert stale_ids(alarm(-3 * DAY, event=1, lasted=2 * DAY)) == []


def test_an_event_that_was_told_twice_is_stale_once() -> None:
    again = Annunciation(1, "P-1", "pump/hot", LOW, START + HOUR, START)
    assert stale_ids(alarm(0, event=1), again) == [1]


def test_severities_are_held_against_eighty_fifteen_five() -> None:
    severities = [LOW] * 60 + [MEDIUM] * 30 + [HIGH] * 6 + [CRITICAL] * 4
    figure = priorities([alarm(n, severity=one) for n, one in enumerate(severities)])
    assert [row["share"] for row in figure.rows] == [0.60, 0.30, 0.10]
    assert figure.value == pytest.approx(0.20)


def test_the_time_to_acknowledge_is_a_median_and_leaves_out_what_nobody_saw() -> None:
    within = [alarm(0, seen=10 * S), alarm(1, seen=30 * S), alarm(2, seen=90 * S), alarm(3)]
    figure = time_to_acknowledge(within)
    assert (figure.value, figure.population, figure.excluded) == (30.0, 3, {"not acknowledged": 1})
    assert time_to_acknowledge(within[:2]).value == 20.0


def test_nothing_is_a_figure_without_a_value_or_zero() -> None:
    found = {figure.name: figure.value for figure in performance([], period(HOUR))}
    assert found == {
        "average_rate": 0.0,
        "peak_rate": 0.0,
        "flood_share": 0.0,
        "top_ten": None,
        "chattering": 0.0,
        "fleeting": None,
        "stale": 0.0,
        "priorities": None,
        "time_to_acknowledge": None,
    }


@given(st.lists(st.integers(0, DAY - 1), max_size=200), st.integers(1, DAY))
def test_intervals_cover_the_period_and_hold_every_alarm_once(
    times: list[int], length: int
) -> None:
    within = [alarm(at) for at in times if at < length]
    rows = intervals(within, period(length))
    assert sum(row["alarms"] for row in rows) == len(within)
    assert sum(row["seconds"] for row in rows) == pytest.approx(length / S)


@given(st.lists(st.tuples(st.integers(-DAY, 2 * DAY), st.sampled_from("abc")), max_size=60))
def test_every_figure_says_how_it_was_taken(listed: list[tuple[int, str]]) -> None:
    found = [alarm(at, rule=f"pump/{rule}") for at, rule in listed]
    for figure in performance(found, period(DAY)):
        assert isinstance(figure, Figure)
        assert figure.formula
        assert 0 <= figure.population <= len(found)


def machine_log() -> tuple[list[Annunciation], Period]:
    """The alarms of one packaging machine: windows of 28 h 40 min in order, one behind another.

    The log has the order of the alarms and no times: within a window they come every 5 s.
    """
    with np.load(ALPI) as log:
        windows = log["x_test"][log["stratify_test"] == log["stratify_test"][0]][:50]
    width = 1720 * MINUTE
    found = [
        alarm(number * width + place * 5 * S, rule=f"machine/{code}", event=number * 1000 + place)
        for number, window in enumerate(windows)
        for place, code in enumerate(window[window > 0])
    ]
    return found, period(len(windows) * width)


@needs_alpi
def test_a_packaging_machines_worst_ten_alarms_are_nearly_all_of_them() -> None:
    found, whole = machine_log()
    codes = Counter(one.rule for one in found)
    figure = top_ten(found)
    worst = sum(count for _, count in codes.most_common(10))
    assert figure.value == pytest.approx(worst / len(found))
    assert figure.value > 0.8
    assert average_rate(found, whole, operators=1).value == pytest.approx(
        len(found) / (50 * 1720 / 60)
    )


@needs_alpi
def test_a_packaging_machine_floods_and_chatters_as_counted_in_columns() -> None:
    found, whole = machine_log()
    at = np.array([one.at_us - START for one in found])
    counts = np.bincount(at // INTERVAL_US)
    assert peak_rate(found, whole, operators=1).value == counts.max()
    alone = (counts > 10) & (np.concatenate(([0], counts[:-1])) < 5)
    flooded = flood_share(found, whole).rows
    assert len(flooded) >= alone.sum() > 0
    chatter = set()
    for code in {one.rule for one in found}:
        times = np.sort(np.array([one.at_us for one in found if one.rule == code]))
        if len(times) > 2 and (times[2:] - times[:-2] <= MINUTE).any():
            chatter.add(code)
    assert {row["rule"] for row in chattering(found).rows} == chatter != set()
