"""What silences an event at a moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.event import Silence
from conditions.silence import (
    Alarm,
    Facts,
    Outage,
    Place,
    Shelf,
    Standing,
    silences_of,
)
from conditions.suppression import DateWindow, Suppression, SuppressionKind, WeeklyWindow

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"
# 1 the station, 2 and 3 its pumps, 4 the motor of pump 2.
PLACES = {
    1: Place("PS-1", None, "operating", BERLIN),
    2: Place("P-1", 1, "operating", BERLIN),
    3: Place("P-2", 1, "operating", BERLIN),
    4: Place("M-1", 2, "operating", BERLIN),
}
MOTOR = Alarm("key", 4, "motor/hot")
PARENT, STATE, WINDOW = SuppressionKind
SUPPRESSED = {Silence.SUPPRESSED}


def silences(facts: Facts, alarm: Alarm = MOTOR, now: datetime = NOW) -> set[Silence]:
    places = facts.places or PLACES
    return set(silences_of(alarm, replace(facts, places=places), now))


def weekly(days: str, starts: str, ends: str) -> WeeklyWindow:
    """`days` as digits: 0 is Monday."""
    first, last = time.fromisoformat(starts), time.fromisoformat(ends)
    return WeeklyWindow(frozenset(map(int, days)), first, last)


def in_window(window: WeeklyWindow | DateWindow) -> Facts:
    """Everything is suppressed in a window."""
    return Facts(standing=[Standing(1, None, None, Suppression(WINDOW, window=window))])


def holds(window: WeeklyWindow | DateWindow, moment: datetime) -> bool:
    return silences(in_window(window), now=moment) == SUPPRESSED


def test_nothing_silences_an_event_without_a_reason() -> None:
    assert silences(Facts()) == set()


def test_a_timed_shelf_holds_for_its_rule_on_its_asset_alone() -> None:
    facts = Facts(shelves=[Shelf(1, 4, "motor/hot", None)])
    assert silences(facts) == {Silence.SHELVED}
    assert silences(facts, Alarm("key", 4, "motor/current")) == set()
    assert silences(facts, Alarm("key", 2, "motor/hot")) == set()


def test_a_shelf_for_once_holds_for_its_event_alone() -> None:
    facts = Facts(shelves=[Shelf(1, 4, "motor/hot", "key")])
    assert silences(facts) == {Silence.SHELVED}
    assert silences(facts, Alarm("later", 4, "motor/hot")) == set()


def test_an_asset_out_of_service_takes_its_parts_with_it() -> None:
    facts = Facts(outages=[Outage(1, 2, None)])
    assert silences(facts) == {Silence.OUT_OF_SERVICE}
    assert silences(facts, Alarm("key", 3, "pump/hot")) == set()


def test_a_rule_out_of_service_leaves_the_others_of_its_asset() -> None:
    facts = Facts(outages=[Outage(1, 4, "motor/hot")])
    assert silences(facts) == {Silence.OUT_OF_SERVICE}
    assert silences(facts, Alarm("key", 4, "motor/current")) == set()


def test_an_asset_below_one_under_maintenance_is_suppressed() -> None:
    places = PLACES | {1: Place("PS-1", None, "maintenance", BERLIN)}
    found = silences_of(MOTOR, Facts(places=places), NOW)
    assert found == {Silence.SUPPRESSED: "PS-1 is under maintenance"}


def test_a_state_suppresses_where_it_is_said() -> None:
    places = PLACES | {2: Place("P-1", 1, "standby", BERLIN)}
    facts = Facts(places=places)
    on_standby = Standing(1, None, None, Suppression(STATE, states=frozenset({"standby"})))
    assert silences(facts) == set()
    assert silences(replace(facts, standing=[on_standby])) == SUPPRESSED
    elsewhere = replace(on_standby, asset_id=3)
    assert silences(replace(facts, standing=[elsewhere])) == set()
    other_rule = replace(on_standby, rule="motor/current")
    assert silences(replace(facts, standing=[other_rule])) == set()


@pytest.mark.parametrize("named", ["", "power", "station/power"])
def test_an_active_event_above_suppresses_and_one_beside_or_of_itself_does_not(named: str) -> None:
    facts = Facts(of_rule={"motor/hot": [Suppression(PARENT, rule=named)]})
    assert silences(replace(facts, active=frozenset({(1, "station/power")}))) == SUPPRESSED
    assert silences(replace(facts, active=frozenset({(3, "station/power")}))) == set()
    assert silences(replace(facts, active=frozenset({(4, "station/power")}))) == set()
    above = replace(facts, active=frozenset({(1, "station/power")}))
    assert silences(above, Alarm("key", 4, "motor/current")) == set()


def test_an_event_above_of_another_rule_does_not_suppress() -> None:
    facts = Facts(of_rule={"motor/hot": [Suppression(PARENT, rule="power")]})
    assert silences(replace(facts, active=frozenset({(1, "station/door")}))) == set()


def test_a_circle_in_the_register_ends() -> None:
    places = {1: Place("A", 2, "operating", "UTC"), 2: Place("B", 1, "operating", "UTC")}
    assert silences(Facts(places=places), Alarm("key", 1, "r")) == set()


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-03-02T21:59:59.999999", False),
        ("2026-03-02T22:00:00", True),
        ("2026-03-03T00:00:00", True),
        ("2026-03-03T05:59:59.999999", True),
        ("2026-03-03T06:00:00", False),
        ("2026-03-03T22:00:00", False),
    ],
)
def test_hours_over_midnight_belong_to_the_day_they_began_on(moment: str, inside: bool) -> None:
    monday_night = weekly("0", "22:00", "06:00")
    local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(BERLIN))
    assert holds(monday_night, local.astimezone(UTC)) is inside


def test_hours_follow_the_clock_on_the_wall_over_a_day_of_23_hours() -> None:
    morning = weekly("6", "01:30", "03:30")
    night = datetime(2026, 3, 29, tzinfo=UTC)
    inside = [m for m in range(24 * 60) if holds(morning, night + timedelta(minutes=m))]
    # 01:30 CET is 00:30 UTC; 02:00 becomes 03:00 CEST, so that 03:30 is 01:30 UTC.
    assert (inside[0], inside[-1], len(inside)) == (30, 89, 60)


def test_hours_hold_twice_where_the_clock_is_put_back_over_a_day_of_25_hours() -> None:
    morning = weekly("6", "02:00", "03:00")
    night = datetime(2026, 10, 25, tzinfo=UTC)
    inside = [m for m in range(24 * 60) if holds(morning, night + timedelta(minutes=m))]
    assert (inside[0], inside[-1], len(inside)) == (0, 119, 120)


def test_a_window_of_days_holds_from_the_first_midnight_of_the_site_to_the_last() -> None:
    christmas = DateWindow(date(2026, 12, 24), date(2026, 12, 26))
    start = datetime(2026, 12, 23, 23, tzinfo=UTC)
    end = start + timedelta(days=3)
    step = timedelta(microseconds=1)
    moments = (start - step, start, end - step, end)
    assert [holds(christmas, moment) for moment in moments] == [False, True, True, False]


@given(st.integers(0, 2 * 365 * 86_400), st.times(), st.times())
def test_a_window_and_what_lies_between_make_a_whole_day(
    second: int, starts: time, ends: time
) -> None:
    every_day, moment = frozenset(range(7)), NOW + timedelta(seconds=second)
    within = holds(WeeklyWindow(every_day, starts, ends), moment)
    between = holds(WeeklyWindow(every_day, ends, starts), moment)
    assert (within, between) == (True, True) if starts == ends else within != between


def test_a_window_is_in_the_time_of_the_assets_site() -> None:
    facts = in_window(weekly("0123456", "07:00", "08:00"))
    assert silences(facts) == SUPPRESSED
    in_utc = {4: Place("M-1", None, "operating", "UTC")}
    assert silences(replace(facts, places=in_utc)) == set()
