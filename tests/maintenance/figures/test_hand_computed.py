"""Figures against examples that were worked out by hand, hour by hour.

Three pumps, P-101, P-102 and P-103, are in the register from 1 March 00:00. The period is the ten days
from 1 to 11 March: 240 h each, 720 h in all.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from config.database import Connection
from maintenance.calendars.calendar import Calendar, Shift, Weekday
from maintenance.calendars.service import apply_calendars
from maintenance.errors import NotFound
from maintenance.figures.breakdown_queries import ParetoBy, pareto, team_load
from maintenance.figures.catalogue import DEFINITIONS, take, trend
from maintenance.figures.figure import Measured, Period, Scope, steps
from maintenance.people.service import apply_staff
from maintenance.people.staff import Staff
from tests.maintenance.scene import Plant

DAY_1 = datetime(2026, 3, 1, tzinfo=UTC)
TEN_DAYS = Period(DAY_1, DAY_1 + timedelta(days=10))
ALL = Scope()


def hour(number: float) -> datetime:
    """So many hours into the period."""
    return DAY_1 + timedelta(hours=number)


class Book:
    """Writes down what happened, by hours into the period."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def run(self, sql: str, *given: Any) -> Any:
        cursor = await self.connection.execute(sql.encode(), given)
        return (await cursor.fetchone() or (None,))[0] if cursor.description else None

    async def down(
        self, asset: str, start: float, end: float | None, kind: str = "unplanned", order: str = ""
    ) -> None:
        await self.run(
            "INSERT INTO downtime (asset_id, kind, started_at, ended_at, actor, work_order_id) "
            "SELECT id, %s, %s, %s, 'kim', (SELECT id FROM work_order WHERE number = %s) "
            "FROM asset WHERE tag = %s",
            kind, hour(start), None if end is None else hour(end), order, asset,
        )  # fmt: skip

    async def state(self, asset: str, state: str, start: float, end: float) -> None:
        await self.run(
            "INSERT INTO asset_state (asset_id, state, since, until, actor) "
            "SELECT id, %s, %s, %s, 'kim' FROM asset WHERE tag = %s",
            state, hour(start), hour(end), asset,
        )  # fmt: skip

    async def order(self, asset: str = "P-101", **given: Any) -> str:
        """A corrective order of these columns; moments are hours."""
        moments = ("created_at", "started_at", "completed_at", "finished_at")
        row = {"type": "corrective", "origin": "person", "state": "closed", "created_at": 0.0}
        row |= given
        row |= {name: hour(row[name]) for name in moments if row.get(name) is not None}
        names = ", ".join(row)
        marks = ", ".join(["%s"] * len(row))
        number = await self.run(
            f"INSERT INTO work_order (asset_id, site_id, title, priority, priority_reason, created_by,"  # noqa: S608
            f" {names}) SELECT id, site_id, 't', 3, '', 'kim', {marks} FROM asset WHERE tag = %s"
            " RETURNING number",
            *row.values(), asset,
        )  # fmt: skip
        return str(number)

    async def history(self, number: str, *steps_: tuple[float, str]) -> None:
        """States that an order came to."""
        for version, (at, state) in enumerate(steps_, 1):
            await self.run(
                "INSERT INTO work_order_change (work_order_id, version, action, to_state, actor, at) "
                "SELECT id, %s, 'move', %s, 'kim', %s FROM work_order WHERE number = %s",
                version, state, hour(at), number,
            )  # fmt: skip

    async def take(self, name: str, period: Period = TEN_DAYS, scope: Scope = ALL) -> Measured:
        return await take(self.connection, name, scope, period)


@pytest.fixture
async def book(plant: Plant) -> Book:
    await plant.connection.execute("DELETE FROM asset_state")
    await plant.connection.execute("UPDATE asset SET created_at = %s", [DAY_1])
    return Book(plant.connection)


async def test_mtbf_is_operation_for_each_failure(book: Book) -> None:
    """720 h less 10 + 2 h down, less 20 h standby of which 2 h were down too: 690 h; 2 failures."""
    await book.down("P-101", 10, 20)
    await book.down("P-102", 30, 32)
    await book.state("P-102", "standby", 30, 50)
    found = await book.take("mtbf")
    assert found.value == pytest.approx((720 - 10 - 20) / 2)
    assert found.population == 2
    assert [row["asset"] for row in found.rows] == ["P-102", "P-101"]


async def test_downtime_that_is_not_over_counts_to_the_end_and_is_a_failure(book: Book) -> None:
    await book.down("P-101", 200, None)
    assert (await book.take("mtbf")).value == pytest.approx(720 - 40)
    assert (await book.take("availability")).value == pytest.approx(1 - 40 / 720)


async def test_downtime_is_clipped_at_both_ends_and_began_only_once(book: Book) -> None:
    await book.connection.execute("UPDATE asset SET created_at = %s", [hour(-100)])
    await book.down("P-101", -20, 10)
    await book.down("P-102", 230, 300)
    found = await book.take("mtbf")
    assert (found.value, found.population) == (pytest.approx(720 - 10 - 10), 1)
    before = await book.take("failures", Period(hour(-50), DAY_1))
    assert before.value == 1


async def test_without_a_failure_there_is_no_mtbf_and_no_crash(book: Book) -> None:
    found = await book.take("mtbf")
    assert (found.value, found.population) == (None, 0)
    assert (await book.take("mttr")).value is None
    assert (await book.take("mean_downtime")).value is None


async def test_planned_downtime_is_no_failure_but_is_no_operation(book: Book) -> None:
    await book.down("P-101", 0, 100, "planned")
    await book.down("P-102", 0, 20)
    found = await book.take("mtbf")
    assert (found.value, found.population) == (pytest.approx(720 - 120), 1)
    assert found.excluded["planned downtime"] == 1
    assert (await book.take("availability")).value == pytest.approx(1 - 120 / 720)
    assert (await book.take("inherent_availability")).value == pytest.approx(1 - 20 / 720)


async def test_an_asset_is_observed_from_its_entry_until_it_is_retired(book: Book) -> None:
    await book.run("UPDATE asset SET created_at = %s WHERE tag = 'P-102'", hour(40))
    await book.run("UPDATE asset SET retired_at = %s WHERE tag = 'P-103'", hour(60))
    await book.down("P-103", 50, 100)
    found = await book.take("availability")
    observed = 240 + 200 + 60
    assert found.value == pytest.approx(1 - 10 / observed)


async def test_the_downtime_of_a_part_is_not_its_parents(book: Book) -> None:
    await book.run(
        "UPDATE asset SET parent_id = (SELECT id FROM asset WHERE tag = 'P-101') "
        "WHERE tag = 'P-102'"
    )
    await book.down("P-102", 0, 24)
    only = await book.take("availability", scope=Scope(below="P-102"))
    tree = await book.take("availability", scope=Scope(below="P-101"))
    assert only.value == pytest.approx(1 - 24 / 240)
    assert tree.value == pytest.approx(1 - 24 / 480)


async def test_mttr_is_active_work_and_not_the_life_of_the_order(book: Book) -> None:
    """Order 1: in progress 10 to 12 and 20 to 21, held between: 3 h. Order 2: 1 h. Mean 2 h."""
    first = await book.order(completed_at=21.0)
    await book.history(first, (0, "draft"), (10, "in_progress"), (12, "on_hold"),
                       (20, "in_progress"), (21, "completed"), (30, "closed"))  # fmt: skip
    second = await book.order(asset="P-102", completed_at=5.0, state="completed")
    await book.history(second, (0, "draft"), (4, "in_progress"), (5, "completed"))
    await book.order(asset="P-103", type="preventive", completed_at=5.0)
    await book.order(asset="P-103", completed_at=6.0)
    found = await book.take("mttr")
    assert (found.value, found.population) == (pytest.approx(2.0), 2)
    assert found.excluded == {"never in progress": 1}


async def test_a_reopened_repair_counts_once_with_all_of_its_work(book: Book) -> None:
    number = await book.order(completed_at=30.0, reopened=1)
    await book.history(number, (0, "draft"), (1, "in_progress"), (3, "completed"),
                       (28, "in_progress"), (30, "completed"))  # fmt: skip
    found = await book.take("mttr")
    assert (found.value, found.population) == (pytest.approx(4.0), 1)
    assert (await book.take("reopened")).value == 1.0


async def test_mean_downtime_is_from_failure_to_restoration(book: Book) -> None:
    await book.down("P-101", -10, 10)
    await book.down("P-102", 5, 15)
    await book.down("P-103", 200, None)
    found = await book.take("mean_downtime")
    assert (found.value, found.population) == (pytest.approx(15.0), 2)
    assert found.excluded == {"down at the end": 1}


async def test_withdrawn_downtime_counts_for_nothing(book: Book) -> None:
    await book.down("P-101", 0, 24)
    await book.run("UPDATE downtime SET withdrawn_at = now()")
    assert (await book.take("failures")).value == 0
    assert (await book.take("availability")).value == 1


_PLAN = """
INSERT INTO maintenance_plan (code, name, definition, kept_in, effective_at, chain)
VALUES ('grease', 'Grease', '{}', 'database', %s, false) RETURNING id
"""
_OCCURRENCE = """
INSERT INTO plan_occurrence (plan_id, asset_id, slot_key, state, due_at, latest_at, work_order_id)
SELECT %s, asset.id, %s, %s, %s, %s, (SELECT id FROM work_order WHERE number = %s)
FROM asset WHERE tag = 'P-101'
"""


async def occurrences(book: Book, *rows: tuple[str, float, float, str | None]) -> None:
    """Occurrences of a plan: state, due, latest, and the number of the order."""
    plan = await book.run(_PLAN, DAY_1)
    for index, (state, due, latest, number) in enumerate(rows):
        await book.run(_OCCURRENCE, plan, f"s{index}", state, hour(due), hour(latest), number)


async def test_what_was_never_done_counts_against_compliance(book: Book) -> None:
    """Due: in time, late, never done (missed), released and overdue: 1 of 4. Others are left out."""
    in_time = await book.order(type="preventive", origin="plan", completed_at=30.0)
    late = await book.order(type="preventive", origin="plan", completed_at=60.0)
    unfinished = await book.order(type="preventive", origin="plan", state="approved")
    await occurrences(
        book,
        ("done", 24, 36, in_time),
        ("done", 24, 36, late),
        ("missed", 48, 60, None),
        ("released", 72, 84, unfinished),
        ("skipped", 96, 108, None),
        ("suppressed", 96, 108, None),
        ("released", 239, 300, None),
        ("forecast", 300, 320, None),
    )
    found = await book.take("pm_compliance")
    assert (found.value, found.population) == (0.25, 4)
    assert found.excluded == {
        "skipped with a reason": 1,
        "absorbed by other work": 1,
        "tolerance not over": 1,
    }
    assert len(found.rows) == 7


async def test_schedule_is_kept_by_what_was_done_in_its_week(book: Book) -> None:
    done = await book.order(completed_at=50.0)
    late = await book.order(asset="P-102", completed_at=230.0)
    never = await book.order(asset="P-103", state="scheduled")
    gone = await book.order(asset="P-103", state="cancelled")
    freeze = await book.run(
        "INSERT INTO schedule_freeze (site_id, week, starts_at, ends_at, frozen_by, frozen_at) "
        "SELECT id, '2026-03-02', %s, %s, 'kim', %s FROM site RETURNING id",
        hour(24), hour(192), hour(20),
    )  # fmt: skip
    for number in (done, late, never, gone):
        await book.run(
            "INSERT INTO schedule_freeze_line (freeze_id, work_order_id, planned_start) "
            "SELECT %s, id, %s FROM work_order WHERE number = %s",
            freeze, hour(40), number,
        )  # fmt: skip
    found = await book.take("schedule_compliance")
    assert (found.value, found.population) == (pytest.approx(1 / 3), 3)
    assert found.excluded == {"cancelled": 1, "week not over": 0}


async def clock(book: Book, number: str, kind: str, **given: Any) -> None:
    row = {"phase": "finished", "target_s": 3600, "used_s": 60.0} | given
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    await book.run(
        f"INSERT INTO sla_clock (work_order_id, kind, {names}) "  # noqa: S608
        f"SELECT id, %s, {marks} FROM work_order WHERE number = %s",
        kind, *row.values(), number,
    )  # fmt: skip


async def test_service_levels_count_each_clock_when_it_is_decided(book: Book) -> None:
    """Met, breached while it runs, breached and done later (decided before the period): 1 of 2."""
    number = await book.order()
    other = await book.order(asset="P-102")
    await clock(book, number, "response", finished_at=hour(1))
    await clock(book, number, "resolution", phase="running", breached_at=hour(9))
    await clock(book, other, "response", breached_at=hour(-5), finished_at=hour(3))
    await clock(book, other, "resolution", phase="void", breached_at=None)
    found = await book.take("sla_compliance")
    assert (found.value, found.population) == (0.5, 2)


async def test_first_response_and_resolution_leave_out_what_was_planned(book: Book) -> None:
    await book.order(created_at=0.0, started_at=2.0, completed_at=10.0)
    await book.order(asset="P-102", created_at=10.0, started_at=16.0, completed_at=30.0)
    await book.order(
        asset="P-103", origin="plan", type="preventive", started_at=100.0, completed_at=101.0
    )
    response, resolved = await book.take("first_response"), await book.take("resolution")
    assert (response.value, response.population) == (pytest.approx(4.0), 2)
    assert (resolved.value, resolved.population) == (pytest.approx(15.0), 2)
    assert sum(response.excluded.values()) == sum(resolved.excluded.values()) == 1


async def test_cost_is_what_was_booked_in_the_period_less_what_was_taken_back(book: Book) -> None:
    number = await book.order()
    book_cost = (
        "INSERT INTO cost_entry (work_order_id, kind, amount_minor, description, actor, at) "
        "SELECT id, 'labour', %s, 'l', 'kim', %s FROM work_order WHERE number = %s"
    )
    for amount, at in ((10_000, 5), (-2_500, 6), (99_900, 500)):
        await book.run(book_cost, amount, hour(at), number)
    found = await book.take("cost")
    assert (found.value, found.population) == (75.0, 1)
    assert found.rows[0]["labour"] == 75.0


async def test_backlog_without_people_has_no_weeks_and_says_what_waits(book: Book) -> None:
    await book.order(state="approved", estimated_minutes=120, craft="mechanical")
    await book.order(asset="P-102", state="approved")
    found = await book.take("backlog")
    assert (found.value, found.population) == (None, 1)
    assert found.excluded == {"without an estimate": 1}
    assert found.rows[-1]["hours"] == 2.0


async def test_backlog_is_hours_by_what_a_week_gives(book: Book) -> None:
    """Kim works Monday to Friday, 6:00 to 14:00: 40 h a week. 60 h of work are one week and a half."""
    early = Shift("early", frozenset(list(Weekday)[:5]), time(6), time(14))
    await apply_calendars(book.connection, [Calendar("day", "Day", "UTC", (early,))])
    kim = Staff("kim", "Kim", craft="mechanical", calendar="day")
    await apply_staff(book.connection, [kim, Staff("lee", "Lee", craft="electrical")])
    await book.order(state="approved", estimated_minutes=3600, craft="mechanical")
    await book.order(asset="P-102", state="draft", estimated_minutes=600)
    found = await book.take("backlog")
    assert (found.value, found.population) == (pytest.approx(1.5), 1)
    assert [row["craft"] for row in found.rows] == ["mechanical"]


async def rate(book: Book, order: str, rating: int | None, at: float, requester: str) -> None:
    """A request that led to an order, and what its requester said of the work."""
    moment = None if rating is None else hour(at)
    await book.run(
        "INSERT INTO work_request (title, urgency, requester, channel, state, work_order_id, rating, "
        "rated_at, created_at, updated_at) SELECT 't', 'normal', %s, 'api', 'accepted', id, %s, %s, "
        "created_at, created_at FROM work_order WHERE number = %s",
        requester, rating, moment, order,
    )  # fmt: skip


async def test_satisfaction_is_the_mean_of_what_was_rated_in_the_period(book: Book) -> None:
    """Two of one order, 5 and 2, and 4 of another: 11 / 3. One is silent, one spoke later."""
    first = await book.order(completed_at=10.0)
    second = await book.order(asset="P-102", completed_at=20.0)
    open_one = await book.order(asset="P-103", state="in_progress")
    await rate(book, first, 5, 12, "ann")
    await rate(book, first, 2, 13, "bob")
    await rate(book, second, 4, 22, "ann")
    await rate(book, second, None, 0, "bob")
    await rate(book, second, 1, 300, "cal")
    await rate(book, open_one, None, 0, "cal")
    found = await book.take("satisfaction")
    assert (found.value, found.population) == (pytest.approx(11 / 3), 3)
    assert found.excluded == {"done and not rated": 1}
    assert [row["requester"] for row in found.rows] == ["ann", "bob", "ann"]
    part = await book.take("satisfaction", scope=Scope(below="P-102"))
    assert (part.value, part.population) == (4.0, 1)


_LABOUR = """
INSERT INTO labour_entry (work_order_id, person, started_at, finished_at, minutes, entered_by,
                          entered_at, reverses_id, reversed_at)
SELECT id, %s, %s, %s, %s, 'kim', %s, %s, %s FROM work_order WHERE number = %s RETURNING id
"""


async def test_wrench_time_is_recorded_time_of_what_calendars_give(book: Book) -> None:
    """Kim has Monday 2 to Friday 6 March and Monday 9, Tuesday 10: 7 days of 8 h, one away: 48 h.

    She worked 6 h, 2 h of the 4 h that reach over the end, and 4 h that were only entered: 12 h.
    """
    early = Shift("early", frozenset(list(Weekday)[:5]), time(6), time(14))
    await apply_calendars(book.connection, [Calendar("day", "Day", "UTC", (early,))])
    kim = Staff("kim", "Kim", calendar="day")
    await apply_staff(book.connection, [kim, Staff("lee", "Lee")])
    await book.run(
        "INSERT INTO staff_absence (staff_id, starts_at, ends_at, created_by, created_at) "
        "SELECT id, %s, %s, 'kim', %s FROM staff WHERE code = 'kim'",
        hour(48), hour(72), DAY_1,
    )  # fmt: skip
    number = await book.order(state="in_progress")

    async def worked(
        person: str, span: tuple[float, float | None] | None, minutes: int | None, **more: Any
    ) -> Any:
        begun, ended = span or (None, None)
        return await book.run(
            _LABOUR, person, None if begun is None else hour(begun),
            None if ended is None else hour(ended), minutes, hour(more.get("entered", 100)),
            more.get("reverses"), more.get("reversed"), number,
        )  # fmt: skip

    await worked("kim", (30, 36), 360)
    await worked("kim", (238, 242), 240, entered=243)
    await worked("kim", None, 240)
    await worked("kim", None, 240, entered=300)
    wrong = await worked("kim", (60, 64), 240, reversed=hour(70))
    await worked("kim", (60, 64), -240, reverses=wrong)
    await worked("lee", None, 60)
    found = await book.take("wrench_time")
    assert (found.value, found.population) == (pytest.approx(12 / 48), 1)
    assert found.excluded == {
        "people without a calendar": 1,
        "others who recorded time": 1,
        "timers that run": 0,
    }
    assert found.rows == [{"person": "kim", "hours": 12.0, "available_hours": 48.0, "orders": 1}]


async def test_without_recorded_time_there_is_no_wrench_time(book: Book) -> None:
    assert (await book.take("wrench_time")).value is None
    assert (await book.take("satisfaction")).value is None


async def test_pareto_puts_the_heaviest_first_and_adds_up_to_all(book: Book) -> None:
    for mode, count in (("VIB", 3), ("ELP", 1)):
        for _ in range(count):
            await book.order(failure_mode=mode)
    number = await book.order(failure_mode="OHE", state="cancelled")
    await book.down("P-101", 0, 12, order="WO-000001")
    rows = await pareto(book.connection, ParetoBy.FAILURE_MODE, ALL, TEN_DAYS)
    assert [(row["key"], row["orders"]) for row in rows] == [("VIB", 3), ("ELP", 1)]
    assert [row["cumulative"] for row in rows] == [0.75, 1.0]
    assert rows[0]["downtime_h"] == pytest.approx(12.0)
    assert number == "WO-000005"


async def test_every_way_of_pareto_answers(book: Book) -> None:
    await book.order(failure_mode="VIB")
    for by in ParetoBy:
        (row,) = await pareto(book.connection, by, ALL, TEN_DAYS)
        assert row["cumulative"] == 1.0


async def test_team_load_takes_reversals_back(book: Book) -> None:
    number = await book.order(state="in_progress", assignee="kim", estimated_minutes=30)
    enter = (
        "INSERT INTO labour_entry (work_order_id, person, minutes, entered_by, entered_at, "
        "reverses_id) SELECT id, 'kim', %s, 'kim', %s, %s FROM work_order WHERE number = %s "
        "RETURNING id"
    )
    first = await book.run(enter, 90, hour(2), None, number)
    await book.run(enter, 60, hour(3), None, number)
    await book.run(enter, -90, hour(4), first, number)
    (row,) = await team_load(book.connection, ALL, TEN_DAYS)
    assert (row["person"], row["hours"], row["open_orders"], row["open_hours"]) == (
        "kim",
        1.0,
        1,
        0.5,
    )


async def test_a_trend_is_cut_at_the_first_of_each_month(book: Book) -> None:
    period = Period(datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC))
    await book.down("P-101", 10, 20)
    found = await trend(book.connection, "failures", ALL, period)
    assert [(part.start.day, one.value) for part, one in found] == [(20, 0.0), (1, 1.0), (1, 0.0)]
    assert found[-1][0].end == period.end
    assert steps(TEN_DAYS) == [TEN_DAYS]


async def test_every_figure_of_an_empty_plant_answers(connection: Connection) -> None:
    nowhere = Scope("no", "no", "no")
    found = {name: await take(connection, name, nowhere, TEN_DAYS) for name in DEFINITIONS}
    assert {each.population for each in found.values()} == {0}
    assert {each.value for each in found.values()} == {None, 0.0}


async def test_an_unknown_figure_is_not_there(connection: Connection) -> None:
    with pytest.raises(NotFound, match="there is no figure luck"):
        await take(connection, "luck", ALL, TEN_DAYS)
