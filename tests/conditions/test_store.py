"""Rules, parameters and events in the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from conditions import event_store, store
from conditions.alarm_service import Saying, acknowledge
from conditions.change import Change
from conditions.engine import Engine
from conditions.errors import AssetUnknown, EventNotFound, RuleNotFound
from conditions.event import EventState, Severity, Silence
from conditions.event_queries import EventFilter, count_open_events, find_events, get_event
from conditions.queries import load_plant
from conditions.rule_queries import find_rules, rule_versions
from conditions.rule_service import apply_parameters, apply_rules
from config.database import Connection, connect
from tests.conditions.plants import RULES, S, readings, register, rows, rules

pytestmark = pytest.mark.store

VIB = "P-1.vibration"


async def engine_of(connection: Connection) -> Engine:
    return Engine(await load_plant(connection, partition=0, partitions=1), lateness_us=0)


async def raised(connection: Connection, *values: tuple[float, float]) -> Sequence[Change]:
    """Register a pump with rules, feed its vibration and store what comes of it."""
    await register(connection, {VIB: "mm/s"})
    await apply_rules(connection, rules())
    changes = (await engine_of(connection)).feed([readings(VIB, *values)])
    async with connection.transaction():
        await event_store.save_changes(connection, changes)
    return changes


async def test_rules_are_applied_as_a_diff(connection: Connection) -> None:
    first = await apply_rules(connection, rules())
    assert first.added == ["pump/hot", "pump/trip", "pump/zone"]
    again = await apply_rules(connection, rules())
    assert (again.added, again.changed, again.retired) == ([], [], [])
    assert again.unchanged == first.added
    other = rules(RULES.replace("temp > 85", "temp > 90").replace("id: trip", "id: tripped"))
    diff = await apply_rules(connection, other)
    assert (diff.added, diff.changed, diff.retired) == (
        ["pump/tripped"],
        ["pump/hot"],
        ["pump/trip"],
    )


async def test_a_changed_rule_is_a_new_version_and_the_old_one_stays(
    connection: Connection,
) -> None:
    await apply_rules(connection, rules())
    await apply_rules(connection, rules(RULES.replace("temp > 85", "temp > 90")))
    versions = await rule_versions(connection, "pump/hot")
    assert [(one.version, one.state) for one in versions] == [(2, "active"), (1, "retired")]
    assert versions[1].definition["rules"][0]["raise"] == "temp > 85"


async def test_a_rule_that_moved_in_its_file_keeps_its_version(connection: Connection) -> None:
    await apply_rules(connection, rules())
    await apply_rules(connection, rules("\n\n" + RULES))
    (hot, *_) = await find_rules(connection)
    assert (hot.version, hot.line) == (1, 17)


async def test_rules_are_found_by_name_in_pages(connection: Connection) -> None:
    await apply_rules(connection, rules())
    page = await find_rules(connection, limit=2)
    assert [rule.rule for rule in page] == ["pump/hot", "pump/trip"]
    assert [rule.rule for rule in await find_rules(connection, after="pump/trip")] == ["pump/zone"]
    assert await find_rules(connection, asset_class="fan") == []
    with pytest.raises(RuleNotFound):
        await rule_versions(connection, "pump/none")


async def test_parameters_are_applied_as_a_diff(connection: Connection) -> None:
    await register(connection, {VIB: "mm/s", "P-2.vibration": "mm/s"})
    wanted = {("P-1", "trip"): (9.0, "assets.yaml:3"), ("P-2", "trip"): (8.0, "assets.yaml:9")}
    assert (await apply_parameters(connection, wanted)).added == ["P-1.trip", "P-2.trip"]
    diff = await apply_parameters(connection, {("P-1", "trip"): (9.5, "assets.yaml:3")})
    assert (diff.changed, diff.removed) == (["P-1.trip"], ["P-2.trip"])
    assert (await load_plant(connection, partition=0, partitions=1)).parameters == {
        ("P-1", "trip"): 9.5
    }


async def test_a_parameter_of_an_unknown_asset_is_refused(connection: Connection) -> None:
    with pytest.raises(AssetUnknown):
        await apply_parameters(connection, {("P-9", "trip"): (1.0, "f")})


async def test_an_event_is_stored_with_all_that_it_says(connection: Connection) -> None:
    (change,) = await raised(connection, (0, 1), (1, 5))
    (event,) = await find_events(connection)
    assert (event.rule, event.asset, event.state) == ("pump/zone", "P-1", EventState.ACTIVE)
    assert event.evidence == change.evidence
    assert event.work_order == change.work_order
    assert (event.severity, event.value, event.key) == (Severity.MEDIUM, 5.0, change.key)
    assert await get_event(connection, event.id) == event


async def test_a_replay_changes_nothing(connection: Connection) -> None:
    changes = await raised(connection, (0, 5), (1, 8), (4, 8), (5, 5), (11, 5), (12, 1))
    before = await rows(connection, "SELECT * FROM condition_event, condition_outbox")
    async with connection.transaction():
        await event_store.save_changes(connection, changes)
    assert await rows(connection, "SELECT * FROM condition_event, condition_outbox") == before
    kinds = await rows(connection, "SELECT kind FROM condition_outbox ORDER BY id")
    assert [kind for (kind,) in kinds] == ["raised", "escalated", "deescalated", "cleared"]
    (event,) = await find_events(connection)
    assert (event.state, event.peak_severity) == (EventState.CLEARED, Severity.HIGH)


async def test_a_replayed_older_change_does_not_undo_a_newer_one(connection: Connection) -> None:
    changes = await raised(connection, (0, 5), (1, 8), (4, 8), (5, 5), (11, 5))
    async with connection.transaction():
        await event_store.save_changes(connection, changes[:2])
    (event,) = await find_events(connection)
    assert event.severity is Severity.MEDIUM


async def test_changes_are_told_when_they_are_committed(
    connection: Connection, database_url: str
) -> None:
    other = await connect(database_url, autocommit=True)
    await other.execute("LISTEN condition_outbox")
    await other.execute("LISTEN condition_event")
    await raised(connection, (0, 5))
    heard = {notice.channel async for notice in other.notifies(timeout=5, stop_after=2)}
    await other.close()
    assert heard == {"condition_outbox", "condition_event"}


async def test_events_are_found_by_what_they_are_in_pages(connection: Connection) -> None:
    await raised(connection, (0, 5), (1, 1), (2, 8), (3, 1), (4, 5))
    events = await find_events(connection)
    assert [event.raised_at.second for event in events] == [4, 2, 0]
    page = await find_events(
        connection, before=(events[0].severity, events[0].raised_at, events[0].id), limit=1
    )
    assert page == [events[1]]
    assert await find_events(connection, EventFilter(state=EventState.ACTIVE)) == [events[0]]
    assert await find_events(connection, EventFilter(asset="P-2")) == []
    assert await find_events(connection, EventFilter(severity=Severity.HIGH)) == []
    assert len(await find_events(connection, EventFilter(rule="pump/zone"))) == 3
    assert await count_open_events(connection) == 1


async def test_the_first_acknowledgement_of_an_event_stays(connection: Connection) -> None:
    await raised(connection, (0, 5))
    (event,) = await find_events(connection)
    await acknowledge(connection, event.id, Saying("ann"))
    await acknowledge(connection, event.id, Saying("bob"))
    seen = await get_event(connection, event.id)
    assert seen.acknowledged_by == "ann"
    assert replace(seen, acknowledged_at=None, acknowledged_by=None) == event
    with pytest.raises(EventNotFound):
        await acknowledge(connection, event.id + 1, Saying("ann"))


async def test_a_partition_has_one_engine_at_a_time(
    connection: Connection, database_url: str
) -> None:
    first = await connect(database_url, autocommit=True)
    assert await store.try_lock_partition(first, 0)
    assert not await store.try_lock_partition(connection, 0)
    assert await store.try_lock_partition(connection, 1)
    await first.close()
    taken = [await store.try_lock_partition(connection, 0)]
    for _ in range(100):
        if taken[-1]:
            break
        await asyncio.sleep(0.02)
        taken.append(await store.try_lock_partition(connection, 0))
    assert taken[-1]


async def test_what_a_rule_file_says_of_latch_and_suppression_holds_for_its_events(
    connection: Connection,
) -> None:
    text = RULES.replace(
        "severity: high}", "severity: high, latch: true, suppress: [{asset_state: [standby]}]}"
    )
    await register(connection, {VIB: "mm/s", "P-1.temp": "degC", "P-2.temp": "degC"})
    await connection.execute("UPDATE asset SET operating_state = 'standby' WHERE tag = 'P-2'")
    await apply_rules(connection, rules(text))
    engine = await engine_of(connection)
    hot = [readings(f"{asset}.temp", (0, 90), (1, 70)) for asset in ("P-1", "P-2")]
    async with connection.transaction():
        await event_store.save_changes(connection, engine.feed(hot))
    events = {event.asset: event for event in await find_events(connection)}
    assert [events[asset].latched for asset in ("P-1", "P-2")] == [True, True]
    assert [events[asset].silenced for asset in ("P-1", "P-2")] == [(), (Silence.SUPPRESSED,)]
    told = "SELECT count(*) FROM condition_outbox WHERE annunciated"
    assert await rows(connection, told) == [(2,)]


async def test_a_stored_event_knows_its_rule_version(connection: Connection) -> None:
    await raised(connection, (S, 5))
    found = await rows(
        connection,
        "SELECT r.rule FROM condition_event e JOIN rule_version r ON r.id = e.rule_version_id",
    )
    assert found == [("pump/zone",)]
