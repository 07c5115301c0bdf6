"""What could not be stored waits for someone, is put again exactly once, or is given up."""

import pytest

from config.clock import now_us
from config.database import connect, find_level
from config.migrate import load_migrations
from edge.reading import ReadingBatch, SensorAlarm
from edge.wire import encode_alarms, encode_readings

pytestmark = pytest.mark.store

NOW = now_us()
OURS = 9
INSERT_AS_BEFORE = """
INSERT INTO dead_letter (reader, partition, stream, sequence, batch, reason, rows, data)
VALUES ('ingest', 0, 'log', 1, 'edge-1:run:1', 'refused', %s, %s)
"""


async def test_letters_of_an_older_oilcan_are_told_apart(empty_database_url: str) -> None:
    connection = await connect(empty_database_url, autocommit=True)
    migrations = load_migrations(await find_level(connection))
    for migration in migrations:
        if migration.number < OURS:
            await connection.execute(migration.sql.encode())
    readings = encode_readings(ReadingBatch.from_rows([("P-1.severity", NOW, 1.0, 0)]))
    alarms = encode_alarms((SensorAlarm("P-1", "quality", NOW, True, 500, "tag value"),))
    for rows, data in ((1, readings), (1, alarms), (None, b""), (None, b"severity" * 99)):
        await connection.execute(INSERT_AS_BEFORE, [rows, data])
    await connection.execute(next(each.sql for each in migrations if each.number == OURS).encode())
    cursor = await connection.execute("SELECT kind, edge, state FROM dead_letter ORDER BY id")
    assert await cursor.fetchall() == [
        ("readings", "edge-1", "open"),
        ("alarms", "edge-1", "open"),
        ("record", "edge-1", "open"),
        ("record", "edge-1", "open"),
    ]
    await connection.close()
