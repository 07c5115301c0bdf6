"""What plans have ahead, in a real database: made once, moved, taken away."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Connection
from maintenance.plans.generation import generate
from tests.maintenance.plans.planner import MONTHLY, WEEKLY, Planner

CLASS = {"classes": ["centrifugal_pump"]}


async def test_a_plan_has_an_occurrence_for_each_slot_up_to_its_horizon(planner: Planner) -> None:
    await planner.save(time=MONTHLY, horizon_days=100)
    rows = await planner.occurrences()
    assert [row["key"] for row in rows] == [
        "t:2026-03-31T06:00",
        "t:2026-04-30T06:00",
        "t:2026-05-31T06:00",
    ]
    # 06:00 in Berlin, in summer time.
    assert {f"{row['due_at']:%H:%M}" for row in rows} == {"04:00"}


async def test_a_plan_over_a_class_has_occurrences_of_each_asset(planner: Planner) -> None:
    await planner.save(time=MONTHLY, horizon_days=31, applies_to=CLASS)
    assert [row["asset"] for row in await planner.occurrences()] == ["P-101", "P-102", "P-103"]


async def test_a_plan_has_no_past_of_its_own(planner: Planner) -> None:
    await planner.save(time={"rule": "FREQ=DAILY", "start": "2015-01-01T06:00"}, horizon_days=2)
    assert await planner.told() == ["03-02 forecast", "03-03 forecast"]


async def test_generating_again_changes_nothing(planner: Planner) -> None:
    await planner.save(time=WEEKLY, applies_to=CLASS)
    before = await planner.occurrences()
    await planner.generate()
    assert await planner.occurrences() == before


async def test_retired_assets_have_nothing_ahead(planner: Planner) -> None:
    """OCA#242: retired assets still generate."""
    await planner.save(time=MONTHLY, horizon_days=31, applies_to=CLASS)
    await planner.connection.execute("UPDATE asset SET retired_at = now() WHERE tag = 'P-102'")
    await planner.generate()
    assert [row["asset"] for row in await planner.occurrences()] == ["P-101", "P-103"]


async def test_an_asset_that_retires_after_generation_gets_no_order(planner: Planner) -> None:
    await planner.save(time=MONTHLY, horizon_days=31)
    await planner.connection.execute("UPDATE asset SET retired_at = now()")
    await planner.at("2026-04-01")
    assert await planner.orders() == []
    assert [row["reason"] for row in await planner.occurrences()] == ["the asset is retired"]


async def test_a_changed_plan_replaces_what_is_ahead_and_keeps_what_was_decided(
    planner: Planner,
) -> None:
    await planner.save(time=WEEKLY, horizon_days=20)
    await planner.at("2026-03-03")
    await planner.save(time=MONTHLY, horizon_days=60, version=1)
    assert await planner.told() == ["03-02 released", "03-31 forecast", "04-30 forecast"]


async def test_a_calendar_that_changes_moves_what_is_ahead_and_its_identity_stays(
    planner: Planner,
) -> None:
    await planner.save(time=MONTHLY, horizon_days=31)
    before = await planner.occurrences()
    await planner.connection.execute("UPDATE site SET time_zone = 'America/New_York'")
    await planner.generate()
    after = await planner.occurrences()
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert f"{after[0]['due_at']:%H:%M}" == "10:00"


async def test_what_a_plan_lacks_is_told_with_it(planner: Planner) -> None:
    await planner.save(meter={"meter": "running_hours", "every": 500})
    await planner.save("nobody", time=WEEKLY, applies_to={"classes": ["ghost"]})
    cursor = await planner.connection.execute(
        "SELECT code, trouble FROM maintenance_plan ORDER BY code"
    )
    assert await cursor.fetchall() == [
        ("nobody", "it has no assets"),
        ("service", "P-101 has no running_hours"),
    ]


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 60)), min_size=1, max_size=5))
async def test_generation_in_any_order_of_steps_and_horizons_gives_the_same(
    planner: Planner, steps: list[tuple[int, int]]
) -> None:
    begin = planner.now
    await planner.connection.execute(
        "TRUNCATE maintenance_plan, maintenance_plan_change, plan_asset, plan_occurrence,"
        " plan_projection CASCADE"
    )
    daily = {"rule": "FREQ=DAILY;INTERVAL=3", "start": "2026-01-01T02:30"}
    await planner.save("a", time=daily, applies_to=CLASS, horizon_days=1)
    await planner.save("b", time=WEEKLY, nesting={"group": "g", "rank": 1}, horizon_days=1)
    for days, horizon in steps:
        planner.now += timedelta(days=days)
        await planner.generate(timedelta(days=horizon))
    end = planner.now
    await planner.generate(timedelta(days=60))
    stepped = [
        (row["plan"], row["asset"], row["key"], row["due_at"])
        for row in await planner.occurrences()
    ]
    planner.now = begin
    await planner.connection.execute("DELETE FROM plan_occurrence")
    await planner.connection.execute(
        "UPDATE maintenance_plan SET generated_at = NULL, generated_version = NULL"
    )
    await planner.generate(end - begin + timedelta(days=60))
    whole = [
        (row["plan"], row["asset"], row["key"], row["due_at"])
        for row in await planner.occurrences()
    ]
    assert stepped == whole


async def test_a_crash_in_the_middle_of_a_generation_takes_all_of_it_back(
    planner: Planner, connection: Connection
) -> None:
    """A crash between insert and advance: one transaction, so there is no between."""
    await planner.save(time=WEEKLY, horizon_days=30)
    before = await planner.occurrences()
    planner.now += timedelta(days=10)
    await connection.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF NEW.generated_at > OLD.generated_at THEN RAISE EXCEPTION ''crash''; END IF;"
        " RETURN NEW; END'"
    )
    await connection.execute(
        "CREATE TRIGGER crash BEFORE UPDATE ON maintenance_plan FOR EACH ROW"
        " EXECUTE FUNCTION crash()"
    )
    with pytest.raises(Exception, match="crash"):
        await generate(connection, clock=planner.clock)
    assert await planner.occurrences() == before
    await connection.execute("DROP TRIGGER crash ON maintenance_plan")
    await generate(connection, clock=planner.clock)
    keys = [row["key"] for row in await planner.occurrences()]
    assert len(keys) == len(set(keys)) == 6
