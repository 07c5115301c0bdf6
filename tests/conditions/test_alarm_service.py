"""Alarms in the database: seen, shelved, reset, out of service, suppressed; told once."""

import asyncio
from datetime import time, timedelta

import pytest

from conditions.alarm_queries import find_outages, find_shelves, find_suppressions
from conditions.alarm_service import (
    LONGEST_SHELF,
    Saying,
    acknowledge,
    end_suppression,
    reset,
    return_to_service,
    settle,
    shelve,
    suppress,
    take_out_of_service,
    unshelve,
)
from conditions.alarm_worker import settle_again_and_again
from conditions.errors import (
    AlreadyOutOfService,
    AssetUnknown,
    EventClosed,
    EventNotFound,
    NotInForce,
    NotShelved,
    ResetRefused,
    ShelfTooLong,
)
from conditions.event import ChangeKind, Severity
from conditions.event_queries import (
    EventCounts,
    EventFilter,
    EventFlag,
    EventOrder,
    count_events,
    find_events,
    get_event,
    history_of,
)
from conditions.suppression import Suppression, SuppressionKind, WeeklyWindow
from config.database import Connection, connect
from tests.conditions.alarms import ANN, START, Plant

pytestmark = pytest.mark.store

CLEARED, ESCALATED = ChangeKind.CLEARED, ChangeKind.ESCALATED
HOUR = timedelta(hours=1)
BY_PARENT = Suppression(SuppressionKind.PARENT, rule="station/power")


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await Plant(connection).build()


async def shelved(plant: Plant, event_id: int, *, one_shot: bool = False) -> None:
    """Shelve an event for an hour."""
    await shelve(
        plant.connection, event_id, ANN, now=plant.now, until=plant.now + HOUR, one_shot=one_shot
    )


async def test_a_new_event_is_told(plant: Plant) -> None:
    assert await plant.told(await plant.find()) == ["raised"]


async def test_a_shelved_event_that_is_still_active_is_told_once_when_its_time_is_over(
    plant: Plant,
) -> None:
    event = await plant.find()
    await shelved(plant, event)
    assert await plant.silenced(event) == ["shelved"]
    plant.later(minutes=59)
    assert await plant.tick() == 0
    plant.later(minutes=1)
    assert [await plant.tick(), await plant.tick()] == [1, 0]
    assert await plant.told(event) == ["raised", "raised"]
    assert await plant.actions(event) == [
        ("shelve", "ann"),
        ("silence", "conditions"),
        ("shelf_expired", "conditions"),
        ("annunciate", "conditions"),
    ]


async def test_what_a_shelf_held_back_altogether_is_told_when_it_is_over(plant: Plant) -> None:
    await shelved(plant, await plant.find())
    await plant.find(CLEARED, onset=START)
    plant.later(minutes=5)
    second = await plant.find()
    assert (await plant.told(second), await plant.silenced(second)) == ([], ["shelved"])
    plant.later(hours=1)
    await plant.tick()
    assert await plant.told(second) == ["raised"]


async def test_a_shelf_for_once_ends_with_its_event(plant: Plant) -> None:
    event = await plant.find()
    await shelved(plant, event, one_shot=True)
    plant.later(minutes=5)
    await plant.find(CLEARED, onset=START)
    assert await find_shelves(plant.connection) == []
    assert await plant.told(await plant.find()) == ["raised"]
    assert await plant.told(event) == ["raised", "cleared"]


async def test_a_shelf_that_is_renewed_lasts_to_its_new_end(plant: Plant) -> None:
    event = await plant.find()
    await shelved(plant, event)
    plant.later(minutes=30)
    await shelved(plant, event)
    plant.later(minutes=45)
    assert await plant.tick() == 0
    (shelf,) = await find_shelves(plant.connection)
    assert shelf.until == START + timedelta(minutes=90)


async def test_unshelving_tells_at_once_and_needs_a_new_acknowledgement(plant: Plant) -> None:
    event = await plant.find()
    await acknowledge(plant.connection, event, ANN)
    await shelved(plant, event)
    assert (await get_event(plant.connection, event)).acknowledged_by == "ann"
    plant.later(minutes=1)
    await unshelve(plant.connection, event, ANN, now=plant.now)
    assert await plant.told(event) == ["raised", "raised"]
    assert (await get_event(plant.connection, event)).acknowledged_by is None
    with pytest.raises(NotShelved):
        await unshelve(plant.connection, event, ANN, now=plant.now)


async def test_the_worse_an_event_the_shorter_its_shelf(plant: Plant) -> None:
    event = await plant.find(severity=Severity.CRITICAL)
    longest = LONGEST_SHELF[Severity.CRITICAL]
    for until in (plant.now + longest + timedelta(seconds=1), plant.now):
        with pytest.raises(ShelfTooLong, match="at most 8 hours"):
            await shelve(plant.connection, event, ANN, now=plant.now, until=until)
    await shelve(plant.connection, event, ANN, now=plant.now)
    (shelf,) = await find_shelves(plant.connection)
    assert shelf.until == plant.now + longest


async def test_what_has_cleared_is_not_shelved(plant: Plant) -> None:
    event = await plant.find()
    await plant.find(CLEARED, onset=START)
    with pytest.raises(EventClosed):
        await shelved(plant, event)
    with pytest.raises(EventNotFound):
        await shelved(plant, event + 9)


async def test_an_event_is_evaluated_while_it_is_shelved(plant: Plant) -> None:
    event = await plant.find(severity=Severity.LOW)
    await shelved(plant, event)
    plant.later(minutes=1)
    await plant.find(ESCALATED, Severity.CRITICAL, onset=START)
    found = await get_event(plant.connection, event)
    assert (found.severity, await plant.told(event)) == (Severity.CRITICAL, ["raised"])
    history = await history_of(plant.connection, event)
    assert [(e.action, e.annunciated) for e in history if e.annunciated is not None] == [
        ("raised", True),
        ("escalated", False),
    ]


async def test_a_latching_event_stays_open_until_it_is_seen_and_reset(plant: Plant) -> None:
    event = await plant.find(rule="pump/trip")
    with pytest.raises(ResetRefused, match="its condition holds"):
        await reset(plant.connection, event, ANN)
    plant.later(minutes=1)
    await plant.find(CLEARED, rule="pump/trip", onset=START)
    found = await get_event(plant.connection, event)
    assert (found.state, found.latched, found.open) == ("cleared", True, True)
    assert await find_events(plant.connection, EventFilter(open=True)) == [found]
    with pytest.raises(ResetRefused, match="acknowledge it first"):
        await reset(plant.connection, event, ANN)
    await acknowledge(plant.connection, event, ANN)
    await reset(plant.connection, event, ANN)
    assert await find_events(plant.connection, EventFilter(open=True)) == []
    assert await plant.told(event) == ["raised", "cleared"]
    with pytest.raises(ResetRefused, match="not latched"):
        await reset(plant.connection, event, ANN)


async def test_a_rule_that_raises_again_takes_the_place_of_its_latched_event(plant: Plant) -> None:
    first = await plant.find(rule="pump/trip")
    await plant.find(CLEARED, rule="pump/trip", onset=START)
    plant.later(minutes=1)
    second = await plant.find(rule="pump/trip")
    events = await find_events(plant.connection, EventFilter(open=True))
    assert [event.id for event in events] == [second]
    assert await plant.actions(first) == [("reset", "conditions")]


async def test_a_station_out_of_service_keeps_its_pumps_silent_until_it_is_returned(
    plant: Plant,
) -> None:
    before = await plant.find()
    outage = await take_out_of_service(plant.connection, "PS-1", None, ANN, now=plant.now)
    plant.later(minutes=1)
    after = await plant.find(asset="P-2")
    assert await plant.silenced(before) == await plant.silenced(after) == ["out_of_service"]
    with pytest.raises(AlreadyOutOfService):
        await take_out_of_service(plant.connection, "PS-1", None, ANN, now=plant.now)
    await return_to_service(plant.connection, outage, ANN, now=plant.now)
    assert [await plant.told(event) for event in (before, after)] == [
        ["raised", "raised"],
        ["raised"],
    ]
    with pytest.raises(NotInForce):
        await return_to_service(plant.connection, outage, ANN, now=plant.now)
    assert [one.ended_by for one in await find_outages(plant.connection, ended=True)] == ["ann"]


async def test_an_unknown_asset_is_refused(plant: Plant) -> None:
    with pytest.raises(AssetUnknown):
        await take_out_of_service(plant.connection, "P-9", None, ANN, now=plant.now)


async def test_an_event_above_silences_those_below_it_until_it_clears(plant: Plant) -> None:
    await suppress(plant.connection, BY_PARENT, ANN, asset=None, now=plant.now)
    before = await plant.find()
    station = await plant.find(asset="PS-1", rule="station/power")
    after = await plant.find(asset="P-2")
    await plant.tick()
    assert await plant.silenced(before) == await plant.silenced(after) == ["suppressed"]
    assert await plant.told(station) == ["raised"]
    plant.later(minutes=1)
    await plant.find(CLEARED, asset="P-2", onset=START)
    await plant.find(CLEARED, asset="PS-1", rule="station/power", onset=START)
    assert [await plant.tick(), await plant.tick()] == [1, 0]
    assert [await plant.told(event) for event in (before, after)] == [["raised", "raised"], []]


async def test_events_of_one_transaction_are_silenced_by_one_that_comes_before_them(
    plant: Plant,
) -> None:
    await suppress(plant.connection, BY_PARENT, ANN, asset="PS-1", now=plant.now)
    await plant.save(
        await plant.change(ChangeKind.RAISED, asset="PS-1", rule="station/power"),
        await plant.change(ChangeKind.RAISED, asset="P-1"),
        await plant.change(ChangeKind.RAISED, asset="P-2"),
    )
    counts = await count_events(plant.connection)
    assert (counts.open, counts.annunciated, counts.suppressed) == (3, 1, 2)


async def test_an_event_out_of_service_silences_nothing_below_it(plant: Plant) -> None:
    await suppress(plant.connection, BY_PARENT, ANN, asset=None, now=plant.now)
    await take_out_of_service(plant.connection, "PS-1", "station/power", ANN, now=plant.now)
    await plant.find(asset="PS-1", rule="station/power")
    assert await plant.told(await plant.find()) == ["raised"]


async def test_an_asset_under_maintenance_tells_nothing_until_it_operates_again(
    plant: Plant,
) -> None:
    state = "UPDATE asset SET operating_state = %s WHERE tag = 'P-1'"
    await plant.connection.execute(state, ["maintenance"])
    event = await plant.find()
    assert await plant.told(event) == []
    found = await get_event(plant.connection, event)
    assert found.silenced_why == "P-1 is under maintenance"
    await plant.connection.execute(state, ["operating"])
    assert await plant.tick() == 1
    assert await plant.told(event) == ["raised"]


async def test_a_window_ends_by_the_clock_of_the_site(plant: Plant) -> None:
    # 07:00 in Berlin, a Monday.
    window = WeeklyWindow(frozenset({0}), time(7), time(7, 30))
    weekly = Suppression(SuppressionKind.WINDOW, window=window)
    suppression = await suppress(plant.connection, weekly, ANN, asset="P-1", now=plant.now)
    event = await plant.find()
    assert await plant.silenced(event) == ["suppressed"]
    plant.later(minutes=30)
    await plant.tick()
    assert await plant.told(event) == ["raised"]
    (kept,) = await find_suppressions(plant.connection)
    assert (kept.id, kept.weekdays, kept.starts) == (suppression, [0], time(7))
    await end_suppression(plant.connection, suppression, ANN, now=plant.now)
    with pytest.raises(NotInForce):
        await end_suppression(plant.connection, suppression, ANN, now=plant.now)


async def test_what_a_rule_says_of_itself_suppresses_too(plant: Plant) -> None:
    await plant.connection.execute(
        """
        UPDATE rule_version
        SET definition = '{"rules": [{"id": "trip", "suppress": [{"parent": "power"}]}]}'
        """
    )
    await plant.find(asset="PS-1", rule="station/power")
    event = await plant.find(rule="pump/trip")
    found = await get_event(plant.connection, event)
    assert (await plant.told(event), found.silenced_why) == (
        [],
        "station/power of PS-1 is active",
    )


async def test_two_clocks_do_not_both_tell(plant: Plant, database_url: str) -> None:
    events = [await plant.find(rule=f"pump/r{number}") for number in range(8)]
    for event in events:
        await shelved(plant, event)
    plant.later(hours=2)
    clocks = [await connect(database_url, autocommit=True) for _ in range(4)]

    async def tick(connection: Connection) -> int:
        async with connection.transaction():
            return await settle(connection, now=plant.now)

    total = sum(await asyncio.gather(*map(tick, clocks)))
    for connection in clocks:
        total += await tick(connection)
        await connection.close()
    assert total == len(events)
    assert [await plant.told(event) for event in events] == [["raised", "raised"]] * len(events)


async def test_the_clock_does_not_wait_for_an_event_that_the_engine_holds(
    plant: Plant, database_url: str
) -> None:
    held, free = await plant.find(), await plant.find(asset="P-2")
    await shelved(plant, held)
    await shelved(plant, free)
    plant.later(hours=2)
    engine = await connect(database_url, autocommit=True)
    async with engine.transaction():
        await engine.execute("SELECT FROM condition_event WHERE id = %s FOR NO KEY UPDATE", [held])
        assert await plant.tick() == 1
    await engine.close()
    assert await plant.told(held) == ["raised"]
    assert await plant.tick() == 1
    assert await plant.told(held) == ["raised", "raised"]


async def test_a_shelf_outlives_the_process_that_it_was_put_up_in(
    plant: Plant, database_url: str
) -> None:
    event = await plant.find()
    await shelved(plant, event)
    plant.later(hours=2)
    clock = asyncio.create_task(
        settle_again_and_again(database_url, every_s=0.05, clock=plant.clock)
    )
    for _ in range(400):
        if await plant.told(event) == ["raised", "raised"]:
            break
        await asyncio.sleep(0.05)
    clock.cancel()
    await asyncio.wait([clock])
    assert await plant.told(event) == ["raised", "raised"]


async def test_counts_say_what_is_before_people_and_what_is_kept_from_them(plant: Plant) -> None:
    seen = await plant.find()
    await acknowledge(plant.connection, seen, ANN)
    await plant.find(rule="pump/current")
    await shelved(plant, await plant.find(asset="P-2"))
    await plant.find(rule="pump/trip")
    await plant.find(CLEARED, rule="pump/trip", onset=START)
    assert await count_events(plant.connection) == EventCounts(4, 3, 2, 1, 1, 0, 0)


async def test_events_are_found_by_flags_by_tree_and_by_severity(plant: Plant) -> None:
    low = await plant.find(severity=Severity.LOW)
    plant.later(minutes=1)
    high = await plant.find(asset="P-2")
    station = await plant.find(asset="PS-1", rule="station/power", severity=Severity.LOW)
    await shelved(plant, station)

    async def ids(order: EventOrder = EventOrder.RAISED, **wanted: object) -> list[int]:
        asked = EventFilter(**wanted)  # type: ignore[arg-type]
        return [event.id for event in await find_events(plant.connection, asked, order=order)]

    assert await ids() == [station, high, low]
    assert await ids(EventOrder.SEVERITY) == [high, station, low]
    assert await ids(below="PS-1") == [station, high, low]
    assert await ids(below="P-1") == [low]
    assert await ids(flags=frozenset({EventFlag.SHELVED})) == [station]
    assert await ids(flags=frozenset({EventFlag.ANNUNCIATED})) == [high, low]
    worst = await find_events(plant.connection, order=EventOrder.SEVERITY, limit=1)
    before = (worst[0].severity, worst[0].raised_at, worst[0].id)
    rest = await find_events(plant.connection, order=EventOrder.SEVERITY, before=before)
    assert [event.id for event in rest] == [station, low]


async def test_the_third_in_a_minute_is_chattering(plant: Plant) -> None:
    found = []
    for _ in range(4):
        found.append(await plant.find())
        await plant.find(CLEARED, onset=plant.now)
        plant.later(seconds=20)
    plant.later(minutes=2)
    found.append(await plant.find())
    chattering = [(await get_event(plant.connection, event)).chattering for event in found]
    assert chattering == [False, False, True, True, False]


async def test_a_devices_own_alarm_is_shelved_like_any_other(plant: Plant) -> None:
    event = await plant.find(rule="alarm/MOTOR_TRIP")
    await shelved(plant, event)
    await plant.find(CLEARED, rule="alarm/MOTOR_TRIP", onset=START)
    plant.later(minutes=1)
    assert await plant.told(await plant.find(rule="alarm/MOTOR_TRIP")) == []
    assert await plant.told(event) == ["raised", "cleared"]


async def test_a_second_acknowledgement_changes_nothing_and_is_not_written_down(
    plant: Plant,
) -> None:
    event = await plant.find()
    await acknowledge(plant.connection, event, ANN)
    await acknowledge(plant.connection, event, Saying("bob"))
    assert await plant.actions(event) == [("acknowledge", "ann")]
