"""Pitfalls that others fell into, where they concern the life of an event; each is named.

The numbers are those of the field notes on conditions, section 6.
"""

from datetime import timedelta

import pytest

from conditions.alarm_service import acknowledge, shelve
from conditions.event import ChangeKind, EventState, Severity
from conditions.event_queries import get_event
from config.database import Connection
from tests.conditions.alarms import ANN, START, Plant

pytestmark = pytest.mark.store

CLEARED, RAISED = ChangeKind.CLEARED, ChangeKind.RAISED
ESCALATED, DEESCALATED = ChangeKind.ESCALATED, ChangeKind.DEESCALATED


@pytest.fixture
async def plant(connection: Connection) -> Plant:
    return await Plant(connection).build()


async def shelved(plant: Plant, event_id: int) -> None:
    until = plant.now + timedelta(hours=1)
    await shelve(plant.connection, event_id, ANN, now=plant.now, until=until)


async def test_1_a_restart_neither_fires_again_nor_loses_the_clearing(plant: Plant) -> None:
    """Grafana 68162 loses resolves, and fires again after a crash; Kapacitor 744 never says OK."""
    changes = [await plant.change(RAISED)]
    plant.later(minutes=1)
    changes.append(await plant.change(CLEARED, onset=START))
    await plant.save(changes[0])
    await plant.save(*changes)
    await plant.save(*changes)
    event = await plant.value("SELECT id FROM condition_event")
    assert await plant.told(event) == ["raised", "cleared"]


async def test_1_a_replay_of_the_last_change_adds_nothing(plant: Plant) -> None:
    event = await plant.find(severity=Severity.LOW)
    plant.later(minutes=1)
    worse = await plant.change(ESCALATED, Severity.HIGH, onset=START)
    await plant.save(worse)
    await plant.save(worse)
    assert await plant.value("SELECT count(*) FROM condition_outbox") == 2
    assert await plant.told(event) == ["raised", "escalated"]


async def test_1_a_replay_does_not_tell_what_a_shelf_held_back(plant: Plant) -> None:
    await shelved(plant, await plant.find())
    await plant.find(CLEARED, onset=START)
    plant.later(minutes=5)
    second = await plant.change(RAISED)
    await plant.save(second)
    plant.later(hours=2)
    await plant.tick()
    await plant.save(second)
    event = await plant.value("SELECT id FROM condition_event WHERE key = %s", second.key)
    assert await plant.told(event) == ["raised"]


async def test_2_a_shelved_event_is_not_resolved_when_its_shelf_ends(plant: Plant) -> None:
    """Prometheus 17482, Alertmanager 2264: what is not heard of counts as resolved."""
    event = await plant.find()
    await shelved(plant, event)
    plant.later(hours=2)
    await plant.tick()
    assert (await get_event(plant.connection, event)).state is EventState.ACTIVE
    assert "cleared" not in await plant.told(event)


async def test_3_the_clearing_of_a_flapping_event_is_told_though_it_is_shelved(
    plant: Plant,
) -> None:
    """Kapacitor suppresses events while flapping, and the last OK is never emitted."""
    event = await plant.find()
    await shelved(plant, event)
    for _ in range(3):
        plant.later(seconds=5)
        await plant.find(ESCALATED, Severity.CRITICAL, onset=START)
        plant.later(seconds=5)
        await plant.find(DEESCALATED, Severity.HIGH, onset=START)
    plant.later(seconds=5)
    await plant.find(CLEARED, onset=START)
    assert await plant.told(event) == ["raised", "cleared"]


async def test_4_one_event_escalates_and_deescalates(plant: Plant) -> None:
    """ThingsBoard 11803 never de-escalates; it is one event all along."""
    event = await plant.find(severity=Severity.LOW)
    for kind, severity in (
        (ESCALATED, Severity.CRITICAL),
        (DEESCALATED, Severity.MEDIUM),
        (CLEARED, Severity.MEDIUM),
    ):
        plant.later(minutes=1)
        assert await plant.find(kind, severity, onset=START) == event
    assert await plant.told(event) == ["raised", "escalated", "deescalated", "cleared"]
    found = await get_event(plant.connection, event)
    assert (found.severity, found.peak_severity) == (Severity.MEDIUM, Severity.CRITICAL)


async def test_4_what_got_worse_has_to_be_acknowledged_again(plant: Plant) -> None:
    event = await plant.find(severity=Severity.LOW)
    await acknowledge(plant.connection, event, ANN)
    plant.later(minutes=1)
    await plant.find(ESCALATED, Severity.CRITICAL, onset=START)
    assert (await get_event(plant.connection, event)).acknowledged_by is None


async def test_8_the_same_raise_twice_is_one_event_and_one_telling(plant: Plant) -> None:
    """Alertmanager 4108, 3865, 2222: a replica's restart notifies once more."""
    change = await plant.change(RAISED)
    await plant.save(change, change)
    await plant.save(change)
    assert await plant.value("SELECT count(*) FROM condition_event") == 1
    assert await plant.value("SELECT count(*) FROM condition_outbox") == 1


async def test_11_a_cleared_event_is_not_used_again(plant: Plant) -> None:
    """ThingsBoard 7811 goes on with a cleared alarm: its onset and its acknowledgement are old."""
    first = await plant.find()
    await acknowledge(plant.connection, first, ANN)
    plant.later(minutes=1)
    await plant.find(CLEARED, onset=START)
    plant.later(minutes=1)
    second = await plant.find()
    assert second != first
    found = await get_event(plant.connection, second)
    assert (found.onset, found.acknowledged_by) == (plant.now, None)


async def test_11_a_new_version_of_a_rule_keeps_its_shelf(plant: Plant) -> None:
    """Kapacitor 908 forgets all state when a task is updated; a shelf is of the rule, not of its
    version."""
    await shelved(plant, await plant.find(rule="pump/trip"))
    await plant.find(CLEARED, rule="pump/trip", onset=START)
    plant.latching = None
    plant.later(minutes=1)
    assert await plant.told(await plant.find(rule="pump/trip")) == []
