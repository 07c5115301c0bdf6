"""Release: open orders, nested work, absence of the scheduler, decisions of people."""

import asyncio
from datetime import UTC, datetime

import pytest

from maintenance.errors import OccurrenceSettled, TooEarly
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Action, Origin, State
from maintenance.plans.closing import close_occurrences
from maintenance.plans.releasing import release_due
from maintenance.plans.service import (
    Ahead,
    Said,
    complete_occurrence,
    pause_plan,
    release_occurrence,
    resume_plan,
    skip_occurrence,
)
from tests.maintenance.plans.planner import MONTHLY, WEEKLY, Planner

WORK = {"craft": "mechanical", "estimated_minutes": 45, "job_plan": "grease", "priority": 4}


async def test_an_order_is_made_so_long_before_the_work_is_due(planner: Planner) -> None:
    await planner.save(time=MONTHLY, lead="7d", work=WORK)
    await planner.at("2026-03-24T03:59")
    assert await planner.orders() == []
    await planner.at("2026-03-24T04:01")
    (number,) = await planner.orders()
    order = await get_order(planner.connection, number)
    assert (order.origin, order.state, order.priority) == (Origin.PLAN, State.APPROVED, 4)
    assert (order.craft, order.estimated_minutes, order.job_plan) == ("mechanical", 45, "grease")
    assert order.due_at == datetime(2026, 3, 31, 4, tzinfo=UTC)


async def test_an_order_that_is_to_be_approved_by_somebody_is_a_draft(planner: Planner) -> None:
    await planner.save(time=WEEKLY, work={"approved": False})
    await planner.at("2026-03-03")
    order = await get_order(planner.connection, (await planner.orders())[0])
    assert order.state is State.DRAFT


@pytest.mark.parametrize(
    ("policy", "orders", "states"),
    [
        ("skip", 1, ["03-02 released", "03-09 skipped"]),
        ("coalesce", 1, ["03-02 released", "03-09 released"]),
        ("stack", 2, ["03-02 released", "03-09 released"]),
        ("supersede", 2, ["03-02 missed", "03-09 released"]),
    ],
)
async def test_work_that_is_due_while_an_order_is_open_follows_the_policy(
    planner: Planner, policy: str, orders: int, states: list[str]
) -> None:
    await planner.save(time=WEEKLY, open_order_policy=policy, horizon_days=10)
    await planner.at("2026-03-03")
    await planner.at("2026-03-10")
    assert (len(await planner.orders()), await planner.told()) == (orders, states)


async def test_the_reason_names_the_open_order(planner: Planner) -> None:
    await planner.save(time=WEEKLY, horizon_days=10)
    await planner.at("2026-03-03")
    await planner.at("2026-03-10")
    assert (await planner.occurrences())[1]["reason"] == "WO-000001 of the same plan is open"


async def test_a_superseded_order_is_cancelled_unless_work_on_it_has_begun(
    planner: Planner,
) -> None:
    await planner.save(time=WEEKLY, open_order_policy="supersede", horizon_days=20)
    await planner.at("2026-03-03")
    await planner.at("2026-03-10")
    first, second = await planner.orders()
    assert (await get_order(planner.connection, first)).state is State.CANCELLED
    await planner.move(second, Action.START)
    await planner.at("2026-03-17")
    assert await planner.orders() == [first, second]
    assert (await planner.occurrences())[2]["order"] == second


async def test_joined_work_is_done_with_its_order(planner: Planner) -> None:
    await planner.save(time=WEEKLY, open_order_policy="coalesce", horizon_days=10)
    await planner.at("2026-03-03")
    await planner.at("2026-03-10")
    await planner.finish("WO-000001")
    await planner.tick()
    assert await planner.told() == ["03-02 done", "03-09 done"]


async def test_what_is_not_due_yet_waits_for_the_open_order(planner: Planner) -> None:
    await planner.save(time=WEEKLY, lead="14d", horizon_days=16)
    await planner.at("2026-03-03")
    assert await planner.told() == ["03-02 released", "03-09 forecast", "03-16 forecast"]
    await planner.finish("WO-000001")
    await planner.tick()
    assert await planner.told() == ["03-02 done", "03-09 released", "03-16 forecast"]


async def test_a_scheduler_that_was_away_releases_the_last_and_tells_the_others(
    planner: Planner,
) -> None:
    await planner.save(time=WEEKLY, horizon_days=30)
    await planner.at("2026-03-24")
    assert await planner.told() == [
        *("03-02 missed", "03-09 missed", "03-16 missed", "03-23 released", "03-30 forecast")
    ]
    assert "later ones were due" in (await planner.occurrences())[0]["reason"]


YEARLY = {"rule": "FREQ=YEARLY", "start": "2025-04-02T06:00"}


async def nested(planner: Planner) -> None:
    await planner.save(
        "monthly", time=MONTHLY, nesting={"group": "p", "rank": 1, "within": "7d"}, horizon_days=70
    )
    await planner.save(
        "yearly", time=YEARLY, nesting={"group": "p", "rank": 2, "within": "7d"}, horizon_days=70
    )


async def test_the_yearly_absorbs_the_monthly_within_its_window(planner: Planner) -> None:
    await nested(planner)
    assert await planner.told(plan="monthly") == ["03-31 suppressed", "04-30 forecast"]
    await planner.at("2026-04-03")
    assert await planner.told() == ["03-31 suppressed", "04-30 forecast", "04-02 released"]
    assert (await planner.occurrences())[0]["reason"] == "absorbed by yearly, due on 2026-04-02"


async def test_work_comes_back_when_what_absorbs_it_is_skipped(planner: Planner) -> None:
    await nested(planner)
    (yearly,) = await planner.occurrences(plan="yearly")
    await skip_occurrence(planner.connection, Ahead("yearly", yearly["id"]), Said("kim", "shut"))
    await planner.generate()
    assert await planner.told(plan="monthly") == ["03-31 forecast", "04-30 forecast"]


async def test_a_paused_plan_makes_no_orders_and_says_why(planner: Planner) -> None:
    await planner.save(time=WEEKLY, horizon_days=20)
    await pause_plan(planner.connection, "service", actor="kim", reason="shutdown")
    await planner.at("2026-03-03")
    assert (await planner.occurrences())[0]["reason"] == "the plan is paused"
    await resume_plan(planner.connection, "service", actor="kim")
    await planner.at("2026-03-10")
    assert await planner.told() == ["03-02 skipped", "03-09 released", "03-16 forecast"]


async def test_somebody_skips_what_is_ahead_and_it_does_not_come_back(planner: Planner) -> None:
    await planner.save(time=WEEKLY, horizon_days=10)
    (first, _) = await planner.occurrences()
    await skip_occurrence(planner.connection, Ahead("service", first["id"]), Said("kim", "shut"))
    await planner.generate()
    await planner.at("2026-03-03")
    assert await planner.told() == ["03-02 skipped", "03-09 forecast"]
    with pytest.raises(OccurrenceSettled):
        await skip_occurrence(planner.connection, Ahead("service", first["id"]), Said("kim", "x"))


async def test_somebody_has_the_work_done_now(planner: Planner) -> None:
    await planner.save(time=MONTHLY, horizon_days=40)
    (first,) = await planner.occurrences()
    number = await release_occurrence(
        planner.connection, Ahead("service", first["id"]), Said("kim"), clock=planner.clock
    )
    await planner.finish(number)
    await planner.at("2026-04-01")
    assert (await planner.orders(), await planner.told()) == ([number], ["03-31 done"])


async def test_early_work_counts_within_its_tolerance_and_is_not_asked_for_again(
    planner: Planner,
) -> None:
    """OCA#161: done early, the next date unchanged."""
    await planner.save(time=MONTHLY, early="5d", horizon_days=70)
    first, *_ = await planner.occurrences()
    ahead, said = Ahead("service", first["id"]), Said("kim", "with the shutdown")
    too_early = datetime(2026, 3, 20, tzinfo=UTC)
    with pytest.raises(TooEarly):
        await complete_occurrence(planner.connection, ahead, said, done_at=too_early)
    await complete_occurrence(
        planner.connection, ahead, said, done_at=datetime(2026, 3, 28, tzinfo=UTC)
    )
    await planner.generate()
    await planner.at("2026-04-01")
    assert await planner.orders() == []
    assert await planner.told() == ["03-31 done", "04-30 forecast"]


async def test_late_work_says_how_late_and_how_many_dates_were_left_out(planner: Planner) -> None:
    await planner.save(time=WEEKLY, horizon_days=30)
    for day in ("03-03", "03-10", "03-17"):
        await planner.at(f"2026-{day}")
    await planner.finish("WO-000001")
    await planner.tick()
    done = (await planner.occurrences())[0]
    assert done["reason"] == (
        "done 15 days after it was due; 2 further due dates were left out meanwhile"
    )


async def test_a_cancelled_order_skips_its_occurrence_with_the_reason(planner: Planner) -> None:
    await planner.save(time=WEEKLY, horizon_days=10)
    await planner.at("2026-03-03")
    await planner.move("WO-000001", Action.CANCEL)
    await planner.tick()
    first = (await planner.occurrences())[0]
    assert (first["state"], first["reason"]) == ("skipped", "WO-000001 was cancelled: a reason")


async def test_two_schedulers_make_one_order(planner: Planner, open_connection: object) -> None:
    """Two schedulers, by force: both see the same work ahead."""
    await planner.save(time=WEEKLY, horizon_days=10, applies_to={"classes": ["centrifugal_pump"]})
    planner.now = datetime(2026, 3, 3, tzinfo=UTC)
    others = [await open_connection() for _ in range(3)]  # type: ignore[operator]
    for _ in range(3):
        await asyncio.gather(*(release_due(each, clock=planner.clock) for each in others))
    assert len(await planner.orders()) == 3


async def test_two_processes_close_once(planner: Planner, open_connection: object) -> None:
    await planner.save(
        time={"rule": "FREQ=WEEKLY", "start": "2026-03-02T08:00", "basis": "floating"}
    )
    await planner.at("2026-03-03")
    await planner.finish("WO-000001")
    others = [await open_connection() for _ in range(3)]  # type: ignore[operator]
    closed = await asyncio.gather(
        *(close_occurrences(each, clock=planner.clock) for each in others)
    )
    assert sum(closed) == 1
    assert await planner.told() == ["03-02 done", "03-10 forecast"]


async def test_a_crash_while_an_order_is_made_leaves_neither_order_nor_decision(
    planner: Planner,
) -> None:
    await planner.save(time=WEEKLY, horizon_days=10)
    await planner.connection.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF NEW.work_order_id IS NOT NULL THEN RAISE integrity_constraint_violation; END IF;"
        " RETURN NEW; END'"
    )
    await planner.connection.execute(
        "CREATE TRIGGER crash BEFORE UPDATE ON plan_occurrence FOR EACH ROW"
        " EXECUTE FUNCTION crash()"
    )
    await planner.at("2026-03-03")
    assert (await planner.orders(), (await planner.told())[0]) == ([], "03-02 forecast")
    await planner.connection.execute("DROP TRIGGER crash ON plan_occurrence")
    await planner.tick()
    await planner.tick()
    assert len(await planner.orders()) == 1
