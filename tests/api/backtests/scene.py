"""Two pumps with a day of history in a database, and the failure that one of them came to."""

from datetime import UTC, datetime, timedelta

import numpy as np

from api.backtests import store
from api.backtests.request import BacktestRequest
from conditions.rule_service import apply_rules
from config.clock import to_us
from config.database import Connection
from ingest.chunks import DAY_US, ensure_days
from tests.conditions.plants import register, rules

DAY = datetime(2026, 3, 2, tzinfo=UTC)
FAILED = DAY + timedelta(hours=20)
POINTS = {"P-1.vibration": "mm/s", "P-1.temp": "degC", "P-2.vibration": "mm/s"}
FAILURE = {"asset": "P-1", "time": FAILED.isoformat(), "failure_mode": "VIB"}
READINGS = """
INSERT INTO reading (point_id, ts, value, quality)
SELECT p.id, %s::timestamptz + given.n * interval '1 minute', given.value, 0
FROM point p, unnest(%s::float8[]) WITH ORDINALITY AS given (value, n) WHERE p.tag = %s
"""
MINUTES = 24 * 60


def vibration(*excursions: tuple[float, float, float]) -> list[float]:
    """A value for each minute of the day: 2 mm/s, and (hour, hours, value) above it."""
    value = np.full(MINUTES, 2.0)
    for hour, hours, high in excursions:
        value[round(hour * 60) : round((hour + hours) * 60)] = high
    return [float(one) for one in value]


async def store_day(connection: Connection) -> None:
    """P-1 has a false alarm at 2:00, and warnings at 12:00 and 18:00 of its failure at 20:00."""
    await register(connection, POINTS)
    await apply_rules(connection, rules())
    await ensure_days(connection, [to_us(DAY) // DAY_US])
    given = {
        "P-1.vibration": vibration((2, 0.5, 5), (12, 1, 5), (18, 4, 8)),
        "P-1.temp": [60.0] * MINUTES,
        "P-2.vibration": vibration(),
    }
    for tag, values in given.items():
        await connection.execute(READINGS, [DAY - timedelta(minutes=1), values, tag])


def asked(**more: object) -> BacktestRequest:
    """A request over the day, with the failure and a window of nine hours."""
    usual = {
        "start": DAY - timedelta(hours=1),
        "end": DAY + timedelta(days=1),
        "failures": [FAILURE],
        "window": "9h",
        "work_takes": "3h",
        "aftermath": "2h",
    }
    return BacktestRequest.model_validate({**usual, **more})


async def keep(connection: Connection, request: BacktestRequest) -> int:
    """Keep a request as one that waits; returns its id."""
    return await store.insert(connection, request.kind, request.model_dump(mode="json"), by="kim")
