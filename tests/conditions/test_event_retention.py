"""Cleared events past their time are dropped, but none that something still speaks of."""

from datetime import timedelta

import pytest

from conditions import event_store
from conditions.alarm_queries import find_shelves
from conditions.alarm_service import Saying, acknowledge
from conditions.engine import Engine
from conditions.event_retention import drop_events
from conditions.queries import load_plant
from conditions.rule_service import apply_rules
from config.clock import from_us
from config.database import Connection
from tests.conditions.plants import S, readings, register, rows, rules

pytestmark = pytest.mark.store

VIB = "P-1.vibration"
LATER = from_us(1000 * S) + timedelta(days=1)


async def three_events(connection: Connection) -> list[int]:
    """Ids of two events that cleared and one that is open, by the time of their raise."""
    await register(connection, {VIB: "mm/s"})
    await apply_rules(connection, rules())
    engine = Engine(await load_plant(connection, partition=0, partitions=1), lateness_us=0)
    values = [(1, 0), (2, 5), (3, 0), (100, 5), (101, 0), (500, 5)]
    async with connection.transaction():
        await event_store.save_changes(connection, engine.feed([readings(VIB, *values)]))
    await connection.execute("UPDATE condition_outbox SET handled_at = now()")
    return await ids(connection)


async def ids(connection: Connection) -> list[int]:
    found = await rows(connection, "SELECT id FROM condition_event ORDER BY raised_at")
    return [int(row[0]) for row in found]


async def test_what_cleared_before_the_time_goes_with_its_changes(connection: Connection) -> None:
    _, second, still_open = await three_events(connection)
    assert await drop_events(connection, before=from_us(50 * S)) == 1
    assert await ids(connection) == [second, still_open]
    assert await drop_events(connection, before=LATER, at_once=1) == 1
    assert await ids(connection) == [still_open]
    told = await rows(connection, "SELECT DISTINCT event_id FROM condition_outbox")
    assert told == [(still_open,)]


async def test_an_event_whose_changes_wait_stays(connection: Connection) -> None:
    first, _, still_open = await three_events(connection)
    await connection.execute(
        "UPDATE condition_outbox SET handled_at = NULL WHERE event_id = %s AND kind = 'cleared'",
        [first],
    )
    await drop_events(connection, before=LATER)
    assert await ids(connection) == [first, still_open]


async def test_an_acknowledged_event_goes_and_its_audit_trail_stays(
    connection: Connection,
) -> None:
    first, second, still_open = await three_events(connection)
    async with connection.transaction():
        await acknowledge(connection, first, Saying("ann", "seen"))
    assert await drop_events(connection, before=from_us(50 * S)) == 1
    assert await ids(connection) == [second, still_open]
    done = await rows(connection, "SELECT event_id, rule, action, actor, reason FROM alarm_change")
    assert done == [(first, "pump/zone", "acknowledge", "ann", "seen")]


async def test_a_shelved_event_stays_until_its_shelf_has_ended(connection: Connection) -> None:
    first, _second, still_open = await three_events(connection)
    await connection.execute(
        "INSERT INTO alarm_shelf (asset_id, rule, event_id, one_shot, until, reason, actor)"
        " SELECT asset_id, rule, id, false, now(), 'nuisance', 'ann' FROM condition_event"
        " WHERE id = %s",
        [first],
    )
    assert await drop_events(connection, before=LATER) == 1
    assert await ids(connection) == [first, still_open]
    await connection.execute("UPDATE alarm_shelf SET ended_at = now(), ended_by = 'ann'")
    assert await drop_events(connection, before=LATER) == 1
    (shelf,) = await find_shelves(connection, ended=True)
    assert (shelf.event_id, shelf.message, shelf.reason) == (first, None, "nuisance")


async def test_an_event_that_an_order_names_stays(connection: Connection) -> None:
    _first, second, still_open = await three_events(connection)
    await connection.execute(
        "WITH made AS (INSERT INTO work_order"
        " (asset_id, site_id, type, priority, title, origin, priority_reason, created_by)"
        " SELECT a.id, a.site_id, 'corrective', 3, 't', 'person', '', 'ann'"
        " FROM condition_event e JOIN asset a ON a.id = e.asset_id WHERE e.id = %s RETURNING id)"
        " INSERT INTO work_order_event (event_id, work_order_id, relation, reason)"
        " SELECT %s, id, 'raised', 'r' FROM made",
        [second, second],
    )
    assert await drop_events(connection, before=LATER) == 1
    assert await ids(connection) == [second, still_open]


async def test_every_table_that_refers_to_events_is_looked_at(connection: Connection) -> None:
    found = await rows(
        connection,
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = 'condition_event'::regclass",
    )
    looked_at = event_store.DELETE_CLEARED
    assert [table for (table,) in found if table not in looked_at] == []
