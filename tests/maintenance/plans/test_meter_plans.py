"""Plans by meters, with readings as devices send them: counted on, and never by what is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from config.clock import to_us
from ingest.chunks import DAY_US, ensure_days
from ingest.meter.fact import FactKind, NewFact
from ingest.meter_service import record_fact
from maintenance.orders.work_order import Action
from maintenance.plans.watching import watch_meters
from tests.maintenance.plans.planner import Planner
from tests.maintenance.scene import Plant

EVERY_500 = {"meter": "hours", "every": 500}
POINT = """
INSERT INTO point (tag, asset_id, role, unit, kind)
SELECT 'P-101.hours', id, 'hours', 'h', 'counter' FROM asset WHERE tag = 'P-101' RETURNING id
"""
READING = "INSERT INTO reading (point_id, ts, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


class Meter:
    """The running hours of P-101."""

    def __init__(self, planner: Planner, point: int) -> None:
        self.planner = planner
        self.point = point

    async def read(self, at: datetime, *values: float) -> None:
        """Readings from a moment on, each minute."""
        async with self.planner.connection.transaction():
            await ensure_days(self.planner.connection, [to_us(at) // DAY_US])
            for number, value in enumerate(values):
                moment = at + timedelta(minutes=number)
                await self.planner.connection.execute(READING, [self.point, moment, value])

    async def days(self, first: datetime, values: list[float]) -> None:
        """Two readings at noon of each day."""
        for number, value in enumerate(values):
            await self.read(first + timedelta(days=number), value, value)


@pytest.fixture
async def meter(planner: Planner) -> Meter:
    """Twenty days of 10 h each, up to 1,200 h on February 28."""
    row = await (await planner.connection.execute(POINT)).fetchone()
    assert row is not None
    found = Meter(planner, row[0])
    await found.days(datetime(2026, 2, 9, 12, tzinfo=UTC), [1010 + 10.0 * n for n in range(20)])
    await record_fact(
        planner.connection,
        found.point,
        NewFact(FactKind.INITIAL, datetime(2026, 2, 9, 11, tzinfo=UTC), "began", amount=1010.0),
        actor="kim",
        now_us=planner.clock(),
    )
    return found


async def test_counts_ahead_have_dates_with_their_bounds(planner: Planner, meter: Meter) -> None:
    await planner.save(meter=EVERY_500, horizon_days=60)
    rows = await planner.occurrences()
    assert [row["key"] for row in rows] == ["m:1500", "m:2000"]
    assert rows[0]["due_at"].date().isoformat() == "2026-03-31"
    assert rows[0]["due_p10"] <= rows[0]["due_at"] <= rows[0]["due_p90"]


async def test_dates_move_with_usage_until_an_order_is_made(planner: Planner, meter: Meter) -> None:
    """SAP will not reschedule orders already called: before that, dates are forecasts."""
    await planner.save(meter=EVERY_500, horizon_days=20)
    before = (await planner.occurrences())[0]
    planner.now += timedelta(days=10)
    await meter.days(datetime(2026, 3, 1, 12, tzinfo=UTC), [1220 + 30.0 * n for n in range(8)])
    await watch_meters(planner.connection, clock=planner.clock)
    await planner.generate()
    after = (await planner.occurrences())[0]
    assert (after["key"], after["id"]) == (before["key"], before["id"])
    assert after["due_at"] < before["due_at"]


async def test_a_meter_that_stands_still_has_no_date_and_no_order(
    planner: Planner, meter: Meter
) -> None:
    await planner.connection.execute("UPDATE reading SET value = 1010")
    await planner.save(meter=EVERY_500)
    await planner.at("2027-03-01")
    (row,) = await planner.occurrences()
    assert (row["state"], row["due_at"]) == ("forecast", None)
    assert row["due_because"] == "at 1500 on hours; hours stands still"


async def test_a_count_that_is_reached_becomes_an_order(planner: Planner, meter: Meter) -> None:
    await planner.save(meter=EVERY_500, horizon_days=1)
    await meter.read(datetime(2026, 3, 2, 12, tzinfo=UTC), 1501, 1501)
    planner.now = datetime(2026, 3, 2, 13, tzinfo=UTC)
    await planner.generate()
    await planner.tick()
    assert [row["order"] for row in await planner.occurrences()][:1] == ["WO-000001"]


async def test_a_count_that_is_overdue_is_not_forgotten_by_a_generation(
    planner: Planner, meter: Meter
) -> None:
    await planner.save(meter=EVERY_500, horizon_days=1)
    await meter.read(datetime(2026, 3, 2, 12, tzinfo=UTC), 1501, 1501)
    planner.now = datetime(2026, 3, 2, 13, tzinfo=UTC)
    await planner.generate()
    assert [row["key"] for row in await planner.occurrences()][:2] == ["m:1500", "m:2000"]


async def test_a_display_that_is_reset_or_replaced_brings_no_work_forward(
    planner: Planner, meter: Meter
) -> None:
    """OCA takes the largest reading for the present one, wrong after a reset."""
    await planner.save(meter=EVERY_500, horizon_days=60)
    before = await planner.occurrences()
    await meter.read(datetime(2026, 3, 1, 10, tzinfo=UTC), 0.0, 0.1, 0.2)
    await planner.generate()
    after = await planner.occurrences()
    assert [row["key"] for row in after] == [row["key"] for row in before]
    assert abs(after[0]["due_at"] - before[0]["due_at"]) < timedelta(days=3)


async def test_a_backdated_reading_moves_what_is_ahead(planner: Planner, meter: Meter) -> None:
    await planner.save(meter=EVERY_500, horizon_days=20)
    before = (await planner.occurrences())[0]
    planner.now += timedelta(days=3)
    await meter.read(datetime(2026, 2, 28, 18, tzinfo=UTC), 1300, 1300)
    await planner.generate()
    assert (await planner.occurrences())[0]["due_at"] < before["due_at"]


async def test_a_floating_count_goes_on_from_the_count_at_which_work_was_done(
    planner: Planner, meter: Meter
) -> None:
    await planner.save(meter=EVERY_500 | {"basis": "floating"}, horizon_days=30)
    (first,) = await planner.occurrences()
    assert first["target"] == 1700
    await meter.read(datetime(2026, 3, 2, 10, tzinfo=UTC), 1720, 1720)
    planner.now = datetime(2026, 3, 2, 11, tzinfo=UTC)
    await planner.generate()
    await planner.tick()
    await meter.read(datetime(2026, 3, 3, 10, tzinfo=UTC), 1750, 1750)
    planner.now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    await planner.finish("WO-000001")
    await planner.tick()
    assert [row["target"] for row in await planner.occurrences()] == [1700, 2250]


FLOATING = {"rule": "FREQ=MONTHLY", "start": "2026-03-02T08:00", "basis": "floating"}


async def test_reopening_and_closing_again_adds_no_second_successor(planner: Planner) -> None:
    """Atlas chains another job at every completion; odoo at every done stage."""
    await planner.save(time=FLOATING)
    await planner.at("2026-03-03")
    await planner.finish("WO-000001")
    for _ in range(3):
        await planner.tick()
    await planner.connection.execute("UPDATE work_order SET state = 'in_progress', reopened = 1")
    await planner.at("2026-03-05")
    assert await planner.told() == ["03-02 released", "04-03 forecast"]
    await planner.connection.execute(
        "UPDATE work_order SET state = 'completed', completed_at = '2026-03-05T10:00Z'"
    )
    await planner.at("2026-03-06")
    assert await planner.told() == ["03-02 done", "04-05 forecast"]


async def test_a_skipped_link_is_followed_from_its_date(planner: Planner) -> None:
    await planner.save(time=FLOATING)
    await planner.at("2026-03-03")
    await planner.move("WO-000001", Action.CANCEL)
    await planner.tick()
    assert await planner.told() == ["03-02 skipped", "04-02 forecast"]


async def test_an_event_of_a_rule_becomes_one_order(planner: Planner, plant: Plant) -> None:
    await planner.save(conditions=[{"rule": "centrifugal_pump/wear", "severity": 2}])
    plant.now = planner.now + timedelta(hours=1)
    await plant.raise_event(rule="centrifugal_pump/wear", work_order=None)
    await plant.raise_event(rule="centrifugal_pump/other", work_order=None)
    planner.now += timedelta(hours=2)
    for _ in range(3):
        await planner.tick()
        await planner.generate()
    assert [row["state"] for row in await planner.occurrences()] == ["released"]
    assert len(await planner.orders()) == 1


async def test_an_event_makes_a_chain_due_sooner(planner: Planner, plant: Plant) -> None:
    await planner.save(time=FLOATING, conditions=[{"rule": "centrifugal_pump/wear"}])
    await planner.at("2026-03-03")
    await planner.finish("WO-000001")
    await planner.tick()
    planner.now += timedelta(days=1)
    plant.now = planner.now
    await plant.raise_event(rule="centrifugal_pump/wear", work_order=None)
    planner.now += timedelta(hours=1)
    await planner.tick()
    assert await planner.told() == ["03-02 done", "03-04 released"]
