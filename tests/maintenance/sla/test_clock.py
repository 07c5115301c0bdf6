"""Clocks of service levels: what went wrong elsewhere, and an oracle that asks every minute."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.calendars.calendar import (
    ALL_DAYS,
    EVER,
    Calendar,
    CalendarHistory,
    CalendarVersion,
    DayException,
    Shift,
    Weekday,
)
from maintenance.calendars.working_time import is_working
from maintenance.sla.agreement import Agreement, ClockKind, Measure, Target
from maintenance.sla.clock import Change, Clock, ClockState, Timekeeper, clock_of, moment_of

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = frozenset(Weekday) - {Weekday.SAT, Weekday.SUN}
OFFICE = Calendar("office", "Office", "Europe/Berlin", (Shift("day", WEEK, time(8), time(16)),))
NIGHTS = Calendar(
    "nights", "Nights", "Europe/Berlin", (Shift("night", ALL_DAYS, time(22), time(6)),)
)
DAY = Agreement("day", "Day", calendar="office", response=Target(120), resolution=Target(480))
RESPONSE, RESOLUTION = ClockKind.RESPONSE, ClockKind.RESOLUTION
H = 3600


def at(day: int, clock: str = "08:00", month: int = 3) -> datetime:
    """A moment of 2026 in Berlin; 2 March is a Monday."""
    hour, minute = clock.split(":")
    return datetime(2026, month, day, int(hour), int(minute), tzinfo=BERLIN).astimezone(UTC)


def hold(moment: datetime, reason: str = "waiting_access", *, pauses: bool = True) -> Change:
    return Change(moment, "on_hold", reason, pauses)


def clock(
    kind: ClockKind,
    changes: list[Change],
    now: datetime,
    *,
    agreement: Agreement = DAY,
    calendar: Calendar | CalendarHistory = OFFICE,
) -> Clock:
    history = calendar if isinstance(calendar, CalendarHistory) else CalendarHistory.of(calendar)
    found = clock_of(kind, agreement, changes, calendar=history, now=now)
    assert found is not None
    return found


CREATED = Change(at(2), "draft")
STARTED = Change(at(2, "09:00"), "in_progress")


def test_the_response_is_given_when_work_begins_and_not_by_an_approval() -> None:
    approved = [CREATED, Change(at(2, "08:30"), "approved")]
    assert clock(RESPONSE, approved, at(2, "09:00")).state is ClockState.RUNNING
    begun = clock(RESPONSE, [*approved, STARTED], at(3))
    assert (begun.state, begun.used_s, begun.finished_at) == (ClockState.MET, H, STARTED.at)


def test_a_target_that_is_used_up_to_the_last_second_is_met() -> None:
    done = Change(at(2, "16:00"), "completed")
    assert clock(RESOLUTION, [CREATED, STARTED, done], at(9)).state is ClockState.MET


def test_what_is_done_late_stays_breached_and_says_since_when() -> None:
    done = Change(at(3, "09:00"), "completed")
    late = clock(RESOLUTION, [CREATED, STARTED, done], at(9))
    assert (late.state, late.breached_at, late.left_s) == (
        ClockState.BREACHED,
        at(2, "16:00"),
        -H,
    )


def test_glpi_a_hold_over_a_night_is_not_counted_twice() -> None:
    changes = [CREATED, STARTED, hold(at(2, "15:00")), Change(at(3, "09:00"), "in_progress")]
    found = clock(RESOLUTION, changes, at(3, "10:00"))
    assert (found.used_s, found.due_at) == (8 * H, at(3, "10:00"))


def test_a_hold_over_a_weekend_takes_no_working_time_and_none_is_given_back() -> None:
    changes = [CREATED, STARTED, hold(at(6, "15:00")), Change(at(9, "09:00"), "in_progress")]
    week = replace(DAY, resolution=Target(41 * 60))
    found = clock(RESOLUTION, changes, at(9, "10:00"), agreement=week)
    assert found.used_s == (4 * 8 + 7 + 1) * H


def test_a_hold_for_another_reason_does_not_pause() -> None:
    parts = hold(at(2, "10:00"), "waiting_parts", pauses=False)
    assert clock(RESOLUTION, [CREATED, STARTED, parts], at(2, "12:00")).used_s == 4 * H


def test_an_agreement_that_names_its_pauses_does_not_ask_for_marks() -> None:
    own = replace(DAY, pauses=("waiting_parts",))
    parts = hold(at(2, "10:00"), "waiting_parts", pauses=False)
    paused = clock(RESOLUTION, [CREATED, STARTED, parts], at(2, "12:00"), agreement=own)
    assert (paused.state, paused.used_s, paused.due_at) == (ClockState.PAUSED, 2 * H, None)
    marked = hold(at(2, "10:00"))
    assert clock(RESOLUTION, [CREATED, marked], at(2, "12:00"), agreement=own).used_s == 4 * H


def test_helpdesk_from_paused_to_resolved_directly_the_pause_is_not_counted() -> None:
    changes = [CREATED, STARTED, hold(at(2, "12:00")), Change(at(4, "12:00"), "completed")]
    found = clock(RESOLUTION, changes, at(9))
    assert (found.state, found.used_s) == (ClockState.MET, 4 * H)


def test_another_reason_during_a_hold_ends_the_pause() -> None:
    changes = [CREATED, hold(at(2, "09:00")), hold(at(2, "10:00"), "waiting_parts", pauses=False)]
    assert clock(RESOLUTION, changes, at(2, "12:00")).used_s == 3 * H


def test_a_reopened_order_goes_on_from_where_it_was_and_was_not_worked_on_meanwhile() -> None:
    changes = [
        CREATED,
        STARTED,
        Change(at(2, "12:00"), "completed"),
        Change(at(4, "08:00"), "in_progress"),
    ]
    found = clock(RESOLUTION, changes, at(4, "10:00"))
    assert (found.state, found.used_s, found.due_at) == (
        ClockState.RUNNING,
        6 * H,
        at(4, "12:00"),
    )
    assert clock(RESPONSE, changes, at(4, "10:00")).finished_at == STARTED.at


def test_closing_what_is_completed_ends_it_when_it_was_completed() -> None:
    done = at(2, "12:00")
    changes = [CREATED, STARTED, Change(done, "completed"), Change(at(9), "closed")]
    assert clock(RESOLUTION, changes, at(10)).finished_at == done


def test_an_order_made_out_of_hours_begins_to_count_with_the_next_shift() -> None:
    made = Change(at(6, "22:00"), "draft")
    waiting = clock(RESPONSE, [made], at(8, "12:00"))
    assert (waiting.state, waiting.used_s, waiting.counting) == (ClockState.RUNNING, 0, False)
    assert waiting.due_at == at(9, "10:00")


def test_what_is_begun_outside_of_the_shift_is_responded_to_with_nothing_used() -> None:
    made, begun = Change(at(6, "22:00"), "draft"), Change(at(7, "03:00"), "in_progress")
    found = clock(RESPONSE, [made, begun], at(9, "12:00"))
    assert (found.state, found.used_s) == (ClockState.MET, 0)


def history(*versions: tuple[datetime, Calendar]) -> CalendarHistory:
    return CalendarHistory(
        tuple(CalendarVersion(number, *each) for number, each in enumerate(versions, 1))
    )


def test_a_holiday_edited_mid_clock_counts_from_the_edit_and_leaves_what_was_counted() -> None:
    free = (DayException(date(2026, 3, 2), "Closed"), DayException(date(2026, 3, 3), "Closed"))
    edited = history((EVER, OFFICE), (at(2, "12:00"), replace(OFFICE, exceptions=free)))
    found = clock(RESOLUTION, [CREATED], at(4, "09:00"), calendar=edited)
    assert (found.used_s, found.due_at) == (5 * H, at(4, "12:00"))


def test_a_night_shift_over_the_change_to_summer_time_gives_an_hour_less() -> None:
    made = Change(at(28, "22:00"), "draft")
    nights = replace(DAY, calendar="nights", resolution=Target(480))
    found = clock(RESOLUTION, [made], at(29, "12:00"), agreement=nights, calendar=NIGHTS)
    assert (found.used_s, found.due_at) == (7 * H, at(29, "23:00"))


def test_elapsed_time_over_the_change_to_summer_time_is_that_of_the_clock_of_the_world() -> None:
    round_the_clock = replace(DAY, resolution=Target(24 * 60, Measure.ELAPSED))
    made = Change(at(28, "12:00"), "draft")
    found = clock(RESOLUTION, [made], at(28, "13:00"), agreement=round_the_clock)
    assert found.due_at == at(29, "13:00")


def test_another_agreement_while_paused_counts_the_whole_life_once_and_stays_paused() -> None:
    changes = [CREATED, STARTED, hold(at(2, "12:00"))]
    before = clock(RESOLUTION, changes, at(3))
    after = clock(RESOLUTION, changes, at(3), agreement=replace(DAY, resolution=Target(180)))
    assert (before.state, before.left_s) == (ClockState.PAUSED, 4 * H)
    assert (after.state, after.used_s, after.breached_at) == (
        ClockState.BREACHED,
        before.used_s,
        at(2, "11:00"),
    )


def test_a_cancelled_order_is_not_judged_unless_it_was_late_already() -> None:
    soon = clock(RESOLUTION, [CREATED, Change(at(2, "09:00"), "cancelled")], at(9))
    late = clock(RESOLUTION, [CREATED, Change(at(4, "09:00"), "cancelled")], at(9))
    assert (soon.state, late.state) == (ClockState.VOID, ClockState.BREACHED)


def test_nothing_agreed_is_no_clock() -> None:
    none = replace(DAY, response=None)
    assert clock_of(RESPONSE, none, [CREATED], calendar=None, now=at(3)) is None


def test_a_warning_is_due_when_its_part_of_the_target_is_used() -> None:
    keeper = Timekeeper(Measure.WORKING, CalendarHistory.of(OFFICE))
    found = clock(RESOLUTION, [Change(at(2, "12:00"), "draft")], at(2, "12:00"))
    assert moment_of(found, 75, keeper) == at(3, "10:00")
    assert moment_of(found, 100, keeper) == found.due_at == at(3, "12:00")


MINUTE = timedelta(minutes=1)
STATES = st.sampled_from(
    [
        ("approved", None, False),
        ("in_progress", None, False),
        ("on_hold", "waiting_access", True),
        ("on_hold", "waiting_parts", False),
        ("completed", None, False),
        ("closed", None, False),
        ("cancelled", None, False),
    ]
)
ZONED = [
    OFFICE,
    NIGHTS,
    Calendar("all", "All", "America/New_York", (Shift("x", ALL_DAYS, time(0), time(0)),)),
    Calendar("odd", "Odd", "Australia/Lord_Howe", (Shift("x", ALL_DAYS, time(1, 45), time(9)),)),
]
BEGINNINGS = st.sampled_from(
    [
        datetime(2026, 3, 28, 20, tzinfo=UTC),
        datetime(2026, 10, 24, 20, tzinfo=UTC),
        datetime(2026, 4, 4, 10, tzinfo=UTC),
        datetime(2026, 3, 6, 12, tzinfo=UTC),
    ]
)


def slow_clock(
    kind: ClockKind,
    agreement: Agreement,
    changes: list[Change],
    calendar: CalendarHistory,
    minutes: int,
) -> tuple[int, datetime | None]:
    """Minutes used, and when more than the target was: each minute of the life asked by itself."""
    target = agreement.target(kind)
    assert target is not None
    used, breached, over = 0, None, False
    for number in range(minutes):
        moment = changes[0].at + number * MINUTE
        current = [change for change in changes if change.at <= moment][-1]
        begun = any(
            change.state in {"in_progress", "completed", "closed", "cancelled"}
            for change in changes
            if change.at <= moment
        )
        over = over or (kind is RESPONSE and begun)
        pausing = current.state == "on_hold" and (
            current.pauses if agreement.pauses is None else current.hold_reason in agreement.pauses
        )
        stopped = over or current.state in {"completed", "closed", "cancelled"}
        counts = target.measure is Measure.ELAPSED or is_working(calendar, moment)
        if counts and not pausing and not stopped:
            if used == target.minutes:
                breached = breached or moment
            used += 1
    return used, breached


@settings(max_examples=120)
@given(
    kind=st.sampled_from(ClockKind),
    measure=st.sampled_from(Measure),
    target=st.integers(1, 900),
    pauses=st.sampled_from([None, (), ("waiting_parts",)]),
    start=BEGINNINGS,
    steps=st.lists(st.tuples(st.integers(0, 500), STATES), max_size=6),
    calendars=st.lists(
        st.tuples(st.integers(0, 1500), st.sampled_from(ZONED)), min_size=1, max_size=3
    ),
    tail=st.integers(1, 700),
)
def test_a_clock_is_that_of_an_oracle_that_asks_every_minute(
    kind: ClockKind,
    measure: Measure,
    target: int,
    pauses: tuple[str, ...] | None,
    start: datetime,
    steps: list[tuple[int, tuple[str, str | None, bool]]],
    calendars: list[tuple[int, Calendar]],
    tail: int,
) -> None:
    goal = Target(target, measure)
    agreement = Agreement("a", "A", response=goal, resolution=goal, pauses=pauses)
    changes = [Change(start, "draft")]
    for minutes, (state, reason, marked) in steps:
        changes.append(Change(changes[-1].at + minutes * MINUTE, state, reason, marked))
        if state == "cancelled":
            break
    edits = sorted(dict(calendars[1:]).items())
    versions = history(
        (EVER, calendars[0][1]), *((start + minutes * MINUTE, each) for minutes, each in edits)
    )
    total = (changes[-1].at - start) // MINUTE + tail
    found = clock_of(kind, agreement, changes, calendar=versions, now=start + total * MINUTE)
    used, breached = slow_clock(kind, agreement, changes, versions, total)
    assert found is not None
    assert found.used_s == used * 60
    if breached is None:
        assert found.breached_at is None
    else:
        # The target was passed at the end of the last minute that it had.
        assert found.breached_at is not None
        assert found.breached_at <= breached
        keeper = Timekeeper(measure, versions)
        assert keeper.seconds(found.breached_at, breached) == 0
    assert (found.state is ClockState.BREACHED) == (breached is not None)


@settings(max_examples=60)
@given(st.integers(1, 3000), st.integers(0, 4000), st.sampled_from(ZONED), BEGINNINGS)
def test_the_moment_that_a_running_clock_foretells_is_when_it_is_used_up(
    target: int, later: int, calendar: Calendar, start: datetime
) -> None:
    agreement = Agreement("a", "A", resolution=Target(target))
    changes = [Change(start, "draft")]
    now = start + later * MINUTE
    found = clock(RESOLUTION, changes, now, agreement=agreement, calendar=calendar)
    assert found.due_at is not None
    then = clock(RESOLUTION, changes, found.due_at, agreement=agreement, calendar=calendar)
    assert then.used_s == pytest.approx(target * 60)
    assert then.due_at == found.due_at
