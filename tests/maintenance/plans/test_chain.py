"""What follows from work that was done: floating plans, and plans of several triggers."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.plans.chain import Closed, Raised, Surroundings, Usage, next_due, projected
from maintenance.plans.plan import MaintenancePlan, WorkDays
from maintenance.plans.slots import SiteTime
from tests.maintenance.plans.planner import shape

if TYPE_CHECKING:
    from maintenance.plans.file import PlanShape

BERLIN = SiteTime(ZoneInfo("Europe/Berlin"), WorkDays())
NOW = datetime(2026, 3, 1, tzinfo=UTC)
QUARTERLY = {"rule": "FREQ=MONTHLY;INTERVAL=3", "start": "2026-03-31T06:00", "basis": "floating"}
MONTH_ENDS = {"rule": "FREQ=MONTHLY", "start": "2026-01-31T06:00"}
HOURS = {"meter": "hours", "every": 500, "basis": "floating"}


def plan(**given: Any) -> MaintenancePlan:
    found: PlanShape = shape(**given)
    return found.plan()


def around(life: float | None = None, rate: float = 10.0, *raised: Raised) -> Surroundings:
    usage = {} if life is None else {"hours": Usage(life, NOW, (rate,) * 28)}
    return Surroundings(BERLIN, usage, raised)


def closed(day: str, *, due: str | None = None, count: float | None = None) -> Closed:
    """The first work, done on a day at noon."""
    done = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    due_at = datetime.fromisoformat(f"{due}T04:00").replace(tzinfo=UTC) if due else done
    return Closed(1, done, due_at, count)


def day_of(found: Any) -> str | None:
    return None if found is None or found.at is None else f"{found.at:%Y-%m-%d}"


BEGINNING = Closed(0, NOW)


def test_a_floating_plan_begins_at_its_start() -> None:
    assert day_of(next_due(plan(time=QUARTERLY), BEGINNING, around())) == "2026-03-31"


@pytest.mark.parametrize(
    ("done", "expected"),
    [("2026-03-20", "2026-06-20"), ("2026-05-31", "2026-08-31"), ("2026-11-30", "2027-02-28")],
)
def test_a_floating_plan_counts_from_the_day_of_the_work(done: str, expected: str) -> None:
    found = next_due(plan(time=QUARTERLY), closed(done, due="2026-03-31"), around())
    assert day_of(found) == expected


def test_the_day_of_the_work_is_the_one_of_the_site_and_not_of_who_closes_it() -> None:
    late = Closed(1, datetime(2026, 3, 31, 22, 30, tzinfo=UTC), NOW)
    assert day_of(next_due(plan(time=QUARTERLY), late, around())) == "2026-07-01"


def test_a_floating_plan_ends_with_its_count() -> None:
    counted = plan(time=QUARTERLY | {"rule": "FREQ=MONTHLY;COUNT=2"})
    assert next_due(counted, closed("2026-03-20"), around()) is not None
    assert next_due(counted, Closed(2, NOW, NOW), around()) is None


def test_a_chain_ends_with_its_last_day_whichever_way_work_was_completed() -> None:
    """ERPNext: an end date blanks the next one, or is left out on completion."""
    until = QUARTERLY | {"rule": "FREQ=MONTHLY;INTERVAL=3;UNTIL=20260930"}
    assert day_of(next_due(plan(time=until), closed("2026-03-20"), around())) == "2026-06-20"
    assert next_due(plan(time=until), closed("2026-07-20"), around()) is None


def test_a_floating_date_moves_into_its_season_and_off_closed_days() -> None:
    given = QUARTERLY | {"seasons": ["07-01..09-30"], "closed_days": "skip"}
    site = SiteTime(
        ZoneInfo("Europe/Berlin"),
        WorkDays({date(2026, 6, 20): "Saturday", date(2026, 6, 21): "Sunday"}),
    )
    found = next_due(plan(time=given), closed("2026-01-05"), Surroundings(site, {}))
    assert day_of(found) == "2026-07-01"
    weekend = QUARTERLY | {"closed_days": "skip"}
    found = next_due(plan(time=weekend), closed("2026-03-20"), Surroundings(site, {}))
    assert day_of(found) == "2026-06-22"


def test_time_or_meter_the_first_wins_and_both_begin_again() -> None:
    """ServiceNow: time and meter schedules replace a cartridge twice in the same week."""
    both = plan(time=QUARTERLY, meter=HOURS)
    found = next_due(both, closed("2026-03-01", count=1000), around(1000))
    assert (day_of(found), found and found.because) == ("2026-04-20", "at 1500 on hours")
    slow = next_due(both, closed("2026-03-01", count=1000), around(1000, 1.0))
    assert day_of(slow) == "2026-06-01"
    assert slow is not None
    assert slow.target == 1500


def test_all_of_them_wait_for_the_last() -> None:
    every = plan(time=QUARTERLY, meter=HOURS, match="all")
    assert day_of(next_due(every, closed("2026-03-01", count=1000), around(1000))) == "2026-06-01"
    still = around(1000, 0.0)
    assert day_of(next_due(every, closed("2026-03-01", count=1000), still)) is None


def test_an_event_makes_work_due_at_once() -> None:
    watched = plan(time=QUARTERLY, conditions=[{"rule": "pump/wear", "severity": 2}])
    event = Raised(7, "pump/wear", 2, datetime(2026, 4, 9, tzinfo=UTC))
    found = next_due(watched, closed("2026-03-20"), around(None, 0, event))
    assert (day_of(found), found and found.because) == ("2026-04-09", "event 7 of pump/wear")


@pytest.mark.parametrize(
    "event",
    [
        Raised(7, "pump/wear", 1, datetime(2026, 4, 9, tzinfo=UTC)),
        Raised(7, "pump/other", 3, datetime(2026, 4, 9, tzinfo=UTC)),
        Raised(7, "pump/wear", 3, datetime(2026, 3, 19, tzinfo=UTC)),
    ],
)
def test_an_event_that_is_mild_other_or_old_makes_no_work(event: Raised) -> None:
    watched = plan(time=QUARTERLY, conditions=[{"rule": "pump/wear", "severity": 2}])
    found = next_due(watched, closed("2026-03-20"), around(None, 0, event))
    assert day_of(found) == "2026-06-20"


def fixed(**given: Any) -> MaintenancePlan:
    """Month ends or an event that never comes."""
    return plan(time=MONTH_ENDS, conditions=[{"rule": "pump/never"}], **given)


def test_a_fixed_date_is_not_repeated_for_early_work() -> None:
    early = closed("2026-03-28", due="2026-03-28")
    assert day_of(next_due(fixed(early="5d"), early, around())) == "2026-04-30"
    assert day_of(next_due(fixed(), early, around())) == "2026-03-31"


def test_late_work_skips_dates_and_says_how_many() -> None:
    found = next_due(fixed(), closed("2026-06-10", due="2026-03-31"), around())
    assert day_of(found) == "2026-06-30"
    assert found is not None
    assert found.because == "by the calendar; 2 passed while the work before was open"


@pytest.mark.parametrize(
    ("count", "target"),
    [(1400, 2000), (1390, 1500), (1500, 2000), (1999.9, 2500), (2600, 3000)],
)
def test_a_fixed_count_is_not_repeated_for_work_within_its_tolerance(
    count: float, target: float
) -> None:
    by_count = plan(
        meter={"meter": "hours", "every": 500, "tolerance": 100},
        conditions=[{"rule": "pump/never"}],
    )
    found = next_due(by_count, closed("2026-03-01", count=count), around(count))
    assert found is not None
    assert found.target == target


def test_counts_are_decimals() -> None:
    """Atlas keeps thresholds as whole numbers."""
    tenth = plan(meter={"meter": "hours", "every": 0.1}, conditions=[{"rule": "pump/never"}])
    found = next_due(tenth, closed("2026-03-01", count=0.3), around(0.3))
    assert found is not None
    assert found.target == pytest.approx(0.4)


def test_what_would_come_follows_as_if_each_were_done_when_it_is_due() -> None:
    floating = plan(time=QUARTERLY)
    first = next_due(floating, BEGINNING, around())
    assert first is not None
    last = NOW + timedelta(days=366)
    found = [f"{at:%Y-%m-%d}" for at in projected(floating, first, BEGINNING, around(), last=last)]
    assert found == ["2026-06-30", "2026-09-30", "2026-12-30"]


@settings(max_examples=60)
@given(st.integers(0, 400), st.integers(0, 30), st.integers(1, 6))
def test_the_next_date_is_after_the_work_and_the_date_before(
    late_days: int, early_days: int, months: int
) -> None:
    rule = {"rule": f"FREQ=MONTHLY;INTERVAL={months}", "start": "2026-01-31T06:00"}
    due = datetime(2026, 1, 31, 5, tzinfo=UTC)
    done = due + timedelta(days=late_days - 10)
    chained = plan(time=rule, conditions=[{"rule": "pump/never"}], early=f"{early_days}d")
    found = next_due(chained, Closed(1, done, due), around())
    assert found is not None
    assert found.at is not None
    assert found.at > max(due, done)
