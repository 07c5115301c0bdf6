"""What is stored of a meter is right or known to be wanting: late readings, facts, crashes, two workers."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from config.clock import from_us
from config.database import Connection, connect, fetch_one
from ingest.column import accept_columns
from ingest.meter.counting import Counting
from ingest.meter.fact import FactKind
from ingest.meter.keeper import keep_meter, keep_meters
from ingest.meter.rules import Rules
from ingest.meters import daily_usage, life_to_date
from ingest.rollup import roll_up
from tests.ingest.meter.conftest import NOW_US, Meter, hourly, moment, time
from tests.ingest.meter.oracle import usage

pytestmark = pytest.mark.store

HOUR_US = 3_600_000_000
DAY = timedelta(days=1)
NEVER = time(NOW_US)


async def life(meter: Meter, at: datetime = NEVER) -> float | None:
    return await life_to_date(meter.connection, meter.id, at)


async def test_days_are_stored_once_they_are_over(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T21:30:00Z", [5, 8, 10]))
    await meter.keep("2026-05-05T12:00:00Z")
    # 21:30 UTC is the 4th in Berlin, 22:30 the 5th; the 5th is not over.
    assert await meter.stored_days() == [("2026-05-04", 0, 0)]
    assert await life(meter) == 5
    await meter.keep("2026-05-06T12:00:00Z")
    assert await meter.stored_days() == [("2026-05-04", 0, 0), ("2026-05-05", 5, 5)]
    assert await life(meter) == 5


async def test_the_tail_is_counted_when_it_is_asked_for(meter: Meter) -> None:
    await meter.write(("2026-05-04T10:00:00Z", 5), ("2026-05-04T11:00:00Z", 7.5))
    assert await life(meter) == 2.5
    assert await life(meter, time("2026-05-04T11:00:00Z")) == 2.5
    assert await life(meter, time("2026-05-04T10:59:59Z")) == 0
    assert await life(meter, time("2026-05-04T09:00:00Z")) is None


async def test_a_late_reading_recomputes_the_days_from_its_own_on(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(0, 96, 2)))
    await meter.keep()
    before = await meter.stored_days()
    # Between two readings: nothing of the total changes, but the meter was reset in between.
    await meter.write(("2026-05-05T10:10:00Z", 1), ("2026-05-05T10:20:00Z", 2))
    for keep in (False, True, True):
        if keep:
            await meter.keep()
        assert await life(meter) == 94 + 48
    after = await meter.stored_days()
    assert after[0] == before[0]
    assert [day[2] for day in after[1:]] == [day[2] + 48 for day in before[1:]]


async def test_a_reading_before_all_others_is_counted_from(meter: Meter) -> None:
    await meter.write(("2026-05-04T10:00:00Z", 50), ("2026-05-06T10:00:00Z", 60))
    await meter.keep()
    await meter.write(("2026-05-01T10:00:00Z", 20))
    assert await life(meter) == 40
    await meter.keep()
    assert await meter.stored_days() == [
        ("2026-05-01", 0, 0),
        ("2026-05-04", 30, 30),
        ("2026-05-06", 10, 40),
    ]


async def test_two_readings_of_one_day_both_count(meter: Meter) -> None:
    await meter.write(("2026-05-04T10:00:00Z", 5), ("2026-05-04T10:00:01Z", 9))
    await meter.write(("2026-05-04T12:00:00Z", 11))
    await meter.keep()
    assert await meter.stored_days() == [("2026-05-04", 6, 6)]


async def test_the_newest_count_serves_after_a_reset_not_the_greatest(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [900, 910, 3, 8, 9]))
    await meter.keep()
    assert await life(meter) == 10 + 9


async def test_bad_readings_and_those_without_a_number_count_for_nothing(meter: Meter) -> None:
    await meter.write(("2026-05-04T10:00:00Z", 5), ("2026-05-04T12:00:00Z", 7))
    await meter.write(("2026-05-04T12:30:00Z", float("nan")))
    await meter.write_bad(("2026-05-04T11:00:00Z", 9_999), ("2026-05-04T13:00:00Z", 0))
    assert await life(meter) == 2
    await meter.keep()
    assert await life(meter) == 2


async def test_days_on_which_clocks_change_have_23_and_25_hours(meter: Meter) -> None:
    # The night of 2026-03-29 loses an hour in Berlin, that of 2026-10-25 has one twice.
    await meter.write(*hourly("2026-03-28T23:00:00Z", range(48)))
    await meter.write(*hourly("2026-10-24T22:00:00Z", range(100, 148)))
    await meter.keep()
    spring = await daily_usage(meter.connection, meter.id, date(2026, 3, 29), date(2026, 3, 30))
    assert [day.usage for day in spring] == [22, 24]
    autumn = await daily_usage(meter.connection, meter.id, date(2026, 10, 25), date(2026, 10, 25))
    # The 24 steps within it, and that from March.
    assert [day.usage for day in autumn] == [53 + 24]


async def test_days_of_half_hour_zones_begin_at_their_midnight(meter: Meter) -> None:
    await meter.connection.execute("UPDATE site SET time_zone = 'Asia/Kolkata'")
    # Midnight in Kolkata is 18:30 UTC.
    await meter.write(
        ("2026-05-04T18:00:00Z", 5), ("2026-05-04T18:29:59Z", 7), ("2026-05-04T18:30:00Z", 8)
    )
    await meter.keep()
    assert await meter.stored_days() == [("2026-05-04", 2, 2), ("2026-05-05", 1, 3)]


async def test_counting_again_changes_nothing(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [1, 5, 2, 3, 90, 91]))
    await meter.keep()
    before = await meter.stored_days()
    await meter.connection.execute(
        "INSERT INTO meter_due SELECT %s, '2026-05-04T12:00Z' FROM generate_series(1, 3)",
        [meter.id],
    )
    assert await life(meter) == before[-1][2]
    await meter.keep()
    assert await meter.stored_days() == before


async def test_other_rules_count_everything_again(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [250, 255, 4, 8]))
    await meter.keep()
    assert await life(meter) == 5 + 8
    await meter.set(rollover=255)
    assert await life(meter) == 5 + 5 + 4
    await meter.keep()
    assert (await meter.stored_days())[-1][2] == 14


async def test_days_whose_readings_are_gone_stand(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [250, 255, 4, 8]))
    await meter.write(*hourly("2026-06-04T10:00:00Z", [8, 9]))
    await meter.keep()
    await meter.connection.execute("DELETE FROM reading WHERE ts < '2026-05-20'")
    await meter.set(rollover=255)
    await meter.keep()
    assert await meter.stored_days() == [("2026-05-04", 13, 13), ("2026-06-04", 1, 14)]


async def test_a_transaction_that_is_cut_off_leaves_what_was_there(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(60)))
    await meter.keep()
    before = await meter.stored_days()
    await meter.write(("2026-05-04T10:30:00Z", 0.5))
    await roll_up(meter.connection, lambda: NOW_US)
    with pytest.raises(RuntimeError):
        await _cut_off(meter)
    assert await meter.stored_days() == before
    assert await life(meter) == 59
    await keep_meters(meter.connection)
    assert await meter.stored_days() == before
    assert await fetch_one(meter.connection, "SELECT count(*) FROM meter_due") == (0,)


async def _cut_off(meter: Meter) -> None:
    async with meter.connection.transaction():
        await keep_meter(meter.connection, meter.id)
        raise RuntimeError


async def test_two_workers_do_no_harm(meter: Meter, database_url: str) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(0, 200, 2)))
    other = await connect(database_url, autocommit=True)
    try:
        accept_columns(other)
        await roll_up(meter.connection, lambda: NOW_US)
        await asyncio.gather(keep_meters(meter.connection), keep_meters(other))
        await meter.write(("2026-05-05T10:30:00Z", 1), ("2026-05-05T10:31:00Z", 1.5))
        expected = await life(meter)
        await roll_up(meter.connection, lambda: NOW_US)
        await asyncio.gather(keep_meters(other), keep_meters(meter.connection))
    finally:
        await other.close()
    await keep_meters(meter.connection)
    assert (await meter.stored_days())[-1][2] == await life(meter) == expected


async def test_a_mark_that_comes_while_days_are_counted_stays(
    meter: Meter, database_url: str
) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(100, 130)))
    await meter.keep()
    other = await connect(database_url, autocommit=True)
    try:
        accept_columns(other)
        async with other.transaction():
            await keep_meter(other, meter.id)
            await meter.write(("2026-05-04T12:10:00Z", 1), ("2026-05-04T12:20:00Z", 2))
        assert await life(meter) == 2 + 2 + 101 + 26
        await meter.keep()
    finally:
        await other.close()
    assert (await meter.stored_days())[-1][2] == 131


async def test_a_meter_without_readings_is_asked_for_once(meter: Meter) -> None:
    await meter.keep("2026-05-04T12:00:00Z")
    assert not await keep_meter(meter.connection, meter.id)
    assert await life(meter) is None
    await meter.write(("2026-05-03T10:00:00Z", 5), ("2026-05-03T11:00:00Z", 6))
    await meter.keep("2026-05-04T12:00:00Z")
    assert await meter.stored_days() == [("2026-05-03", 1, 1)]


async def test_years_are_stored_in_several_steps(meter: Meter) -> None:
    readings = [
        (moment("2025-01-01T11:00:00Z") + n * 24 * HOUR_US, float(n)) for n in range(0, 400, 3)
    ]
    await meter.write(*readings)
    await meter.keep()
    assert len(await meter.stored_days()) == len(readings)
    assert await life(meter) == readings[-1][1]


RULES = (
    Rules(),
    Rules(rollover=255, resolution=1),
    Rules(max_per_hour=20, jitter=2),
    Rules(rollover=255, max_per_hour=60),
)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_arrival_counts_the_same(meter: Meter, rules: Rules, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - cases, no secrets
    await meter.set(rollover=rules.rollover, jitter=rules.jitter, max_per_hour=rules.max_per_hour)
    await meter.connection.execute(
        "UPDATE point SET resolution = %s WHERE id = %s", [rules.resolution, meter.id]
    )
    readings = _readings(chance, rules)
    arriving = chance.sample(readings, len(readings))
    arrived = list[tuple[int, float]]()
    while arriving:
        size = chance.choice([1, 20, 60])
        part, arriving = arriving[:size], arriving[size:]
        await meter.write(*part)
        arrived += part
        if chance.random() < 0.6:
            await meter.keep(chance.choice([readings[100][0], readings[150][0], NOW_US]))
        at = chance.choice([NEVER, from_us(chance.choice(readings)[0])])
        seen = [reading for reading in arrived if from_us(reading[0]) <= at]
        assert await life(meter, at) == (usage(seen, rules) if seen else None)
    await meter.keep()
    assert (await meter.stored_days())[-1][2] == usage(readings, rules)


@pytest.mark.parametrize("seed", range(3))
async def test_facts_at_any_time_and_in_any_order_count_the_same(meter: Meter, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - cases, no secrets
    await meter.set(max_per_hour=20, jitter=2)
    readings = _readings(chance, Rules())
    places = chance.sample(readings[1:], 6)
    facts = [(ts + chance.choice([-1, 0, 1]), float(chance.randrange(99))) for ts, _ in places]
    late, known = readings[50:60], readings[:50] + readings[60:]
    await meter.write(*known)
    for number, (ts, amount) in enumerate(facts):
        if chance.random() < 0.5:
            await meter.keep()
        at = from_us(ts).isoformat()
        if number % 2:
            await meter.say(FactKind.REPLACEMENT, at, start_count=amount)
        else:
            await meter.say(FactKind.CORRECTION, at, amount=amount)
    await meter.write(*late)
    counting = Counting(Rules(max_per_hour=20, jitter=2))
    replaced = [(ts, 0, amount) for number, (ts, amount) in enumerate(facts) if number % 2]
    for ts, what, value in sorted([*replaced, *((ts, 1, value) for ts, value in readings)]):
        if what:
            counting.add_one(ts, value)
        else:
            counting.replace_meter(ts, end=None, start=value)
    corrected = sum(amount for number, (_, amount) in enumerate(facts) if not number % 2)
    assert await life(meter) == counting.usage + corrected
    await meter.keep()
    assert (await meter.stored_days())[-1][2] == await life(meter) == counting.usage + corrected


def _readings(chance: random.Random, rules: Rules) -> list[tuple[int, float]]:
    """Some days of a meter with everything that happens to meters."""
    ts, value, found = moment("2026-05-04T10:00:00Z"), 100.0, list[tuple[int, float]]()
    for _ in range(200):
        ts += chance.choice([1_000_000, 40_000_000, 900_000_000, HOUR_US, 5 * HOUR_US])
        what = chance.random()
        if what < 0.9:
            value += chance.randrange(9)
        elif what < 0.96:
            value = max(0.0, value - chance.randrange(4))
        else:
            value = float(chance.randrange(1_000))
        if rules.rollover is not None:
            value %= rules.rollover + 1
        found.append((ts, value))
    return found


async def test_facts_are_counted_from_their_time_on(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(60)))
    await meter.keep()
    await meter.say(FactKind.INITIAL, "2026-05-04T15:30:00Z", amount=1_000)
    await meter.say(FactKind.CORRECTION, "2026-05-05T15:30:00Z", amount=-4)
    for keep in (False, True):
        if keep:
            await meter.keep()
        assert await life(meter, time("2026-05-04T15:29:59Z")) == 5
        assert await life(meter, time("2026-05-04T15:30:00Z")) == 1_000
        assert await life(meter, time("2026-05-05T15:00:00Z")) == 1_000 + 24
        assert await life(meter) == 1_000 + 54 - 4
    days = await daily_usage(meter.connection, meter.id, date(2026, 5, 4), date(2026, 5, 7))
    assert sum(day.usage for day in days) == 59
    assert [day.corrected for day in days] == [0, -4, 0, 0]


async def test_an_initial_value_may_be_older_than_every_reading(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", [3, 5]))
    await meter.keep()
    await meter.say(FactKind.INITIAL, "2020-01-01T00:00:00Z", amount=12_000)
    await meter.keep()
    assert await life(meter) == 12_002
    assert await life(meter, time("2020-06-01T00:00:00Z")) == 12_000


async def test_a_replacement_splits_the_hour_it_lies_in(meter: Meter) -> None:
    await meter.write(
        ("2026-05-04T10:00:00Z", 100),
        ("2026-05-04T10:20:00Z", 102),
        ("2026-05-04T10:40:00Z", 110),
        ("2026-05-04T11:40:00Z", 112),
    )
    await meter.keep()
    await meter.say(FactKind.REPLACEMENT, "2026-05-04T10:30:00Z", end_count=103, start_count=107)
    assert await life(meter) == 2 + 1 + 3 + 2
    await meter.keep()
    assert await life(meter) == 8


async def test_a_late_reading_before_a_replacement_belongs_to_the_old_meter(meter: Meter) -> None:
    await meter.write(("2026-05-04T10:00:00Z", 100), ("2026-05-04T12:00:00Z", 2))
    await meter.say(FactKind.REPLACEMENT, "2026-05-04T11:00:00Z", start_count=0)
    await meter.keep()
    assert await life(meter) == 2
    await meter.write(("2026-05-04T10:50:00Z", 108))
    assert await life(meter) == 10
    await meter.keep()
    assert await life(meter) == 10


async def test_usage_reads_stored_and_counted_days_alike(meter: Meter) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(200)))
    first, last = date(2026, 5, 3), date(2026, 5, 13)
    fresh = await daily_usage(meter.connection, meter.id, first, last)
    for until in ("2026-05-06T12:00:00Z", "2026-05-08T12:00:00Z", NOW_US):
        await meter.keep(until)
        assert await daily_usage(meter.connection, meter.id, first, last) == fresh
    assert [day.seen for day in fresh] == [False, *[True] * 9, False]
    assert fresh[-1].life_to_date == 199
    part = await daily_usage(meter.connection, meter.id, date(2026, 5, 6), date(2026, 5, 7))
    assert part == fresh[3:5]


def test_times_of_the_tests_are_in_the_past() -> None:
    assert from_us(NOW_US) == datetime(2026, 11, 1, tzinfo=UTC)


async def test_no_mark_is_left_behind(meter: Meter, connection: Connection) -> None:
    await meter.write(*hourly("2026-05-04T10:00:00Z", range(30)))
    await meter.keep()
    await meter.write(("2026-05-04T10:30:00Z", 0.5))
    await meter.keep()
    assert await fetch_one(connection, "SELECT count(*) FROM meter_due") == (0,)
