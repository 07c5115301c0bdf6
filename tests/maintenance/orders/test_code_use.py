"""How often hold reasons and failure codes are used."""

import pytest

from config.database import Connection
from maintenance.orders.code_use import failure_code_use, hold_reason_use
from tests.maintenance.scene import build_plant

pytestmark = pytest.mark.store

NEW = """
INSERT INTO work_order (asset_id, site_id, type, origin, title, priority, priority_reason,
    created_by, state, hold_reason)
SELECT id, site_id, 'corrective', 'person', 'Look', 3, '', 'ana', 'on_hold', 'weather'
FROM asset WHERE tag = 'P-101' RETURNING id
"""


async def test_each_code_says_how_often_it_is_used(connection: Connection) -> None:
    await build_plant(connection)
    await connection.execute(
        "INSERT INTO failure_code (kind, code, asset_class, name) VALUES"
        " ('mode', 'VIB', 'centrifugal_pump', 'Of a pump'), ('mode', 'VIB', 'belt', 'Of a belt')"
    )
    cursor = await connection.execute(NEW)
    row = await cursor.fetchone()
    assert row is not None
    await connection.execute(
        "INSERT INTO failure_report (work_order_id, failure_mode, cause, reported_by, reported_at)"
        " VALUES (%s, 'VIB', '3.4', 'ana', now())",
        [row[0]],
    )
    waiting = {one.code: one.waiting for one in await hold_reason_use(connection)}
    assert (waiting["weather"], waiting["waiting_parts"]) == (1, 0)
    times = {(one.code, one.asset_class): one.times for one in await failure_code_use(connection)}
    assert (times["VIB", None], times["VIB", "centrifugal_pump"], times["VIB", "belt"]) == (1, 1, 0)
    assert (times["3.4", None], times["OHE", None]) == (1, 0)
