"""Changes of the alarms that devices raised by themselves, as they were stored."""

from collections.abc import Sequence

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from edge.reading import SensorAlarm

# With the last change of each alarm up to the start: what it was by then.
SELECT_ALARM_HISTORY = """
SELECT asset_tag, code, ts, active, severity, message, acknowledged_by, id FROM sensor_alarm
WHERE asset_tag = %(asset)s AND code = ANY(%(codes)s) AND ts > %(start)s AND ts <= %(end)s
UNION ALL
SELECT before.* FROM unnest(%(codes)s::text[]) AS wanted (code), LATERAL (
    SELECT asset_tag, code, ts, active, severity, message, acknowledged_by, id FROM sensor_alarm
    WHERE asset_tag = %(asset)s AND code = wanted.code AND ts <= %(start)s
    ORDER BY ts DESC, active DESC LIMIT 1
) AS before
ORDER BY ts, id
"""

SELECT_ALARM_SEEN = """
SELECT EXISTS (
    SELECT FROM asset a JOIN asset_class c ON c.id = a.class_id
    JOIN sensor_alarm s ON s.asset_tag = a.tag
    WHERE c.code = %s AND s.code = %s AND s.ts <= %s
)
"""


async def alarm_history(
    connection: Connection, asset: str, codes: Sequence[str], *, start_us: int, end_us: int
) -> list[SensorAlarm]:
    """Changes of an asset's alarms in (start, end] by time, before them the last one of each."""
    given = {
        "asset": asset,
        "codes": list(dict.fromkeys(codes)),
        "start": from_us(start_us),
        "end": from_us(end_us),
    }
    cursor = await connection.execute(SELECT_ALARM_HISTORY, given)
    return [
        SensorAlarm(tag, code, to_us(ts), *said)
        for tag, code, ts, *said, _ in await cursor.fetchall()
    ]


async def alarm_was_seen(
    connection: Connection, asset_class: str, code: str, *, until_us: int
) -> bool:
    """Has any device of an asset class told of an alarm by then?"""
    row = await fetch_one(connection, SELECT_ALARM_SEEN, [asset_class, code, from_us(until_us)])
    return bool(row and row[0])
