"""A counter point at a site in Berlin, and readings written as ingest writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from edge.reading import Quality
from ingest.chunks import DAY_US, ensure_days
from ingest.column import accept_columns
from ingest.footing import join_as_owner
from ingest.meter.fact import FactKind, NewFact
from ingest.meter.keeper import keep_meters
from ingest.meter_service import record_fact
from ingest.rollup import mark_due, roll_up
from ingest.sorting import Rows
from ingest.store import insert_rows

NOW_US = to_us(datetime.fromisoformat("2026-11-01T00:00:00Z"))


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter in the test's database."""

    connection: Connection
    id: int

    async def write(self, *readings: tuple[str | int, float], quality: int = 0) -> None:
        """As ingest does: readings (ISO time or µs, value) and marks in one transaction."""
        size = len(readings)
        ts = np.array([moment(at) for at, _ in readings], np.int64)
        rows = Rows(
            np.full(size, self.id, np.int32),
            ts,
            np.array([value for _, value in readings], np.float64),
            np.full(size, quality, np.uint8),
            np.arange(size),
        )
        async with self.connection.transaction():
            await ensure_days(self.connection, np.unique(ts // DAY_US).tolist())
        async with self.connection.transaction():
            footing = await join_as_owner(self.connection)
            await mark_due(self.connection, rows)
            await insert_rows(self.connection, rows, footing)

    async def write_bad(self, *readings: tuple[str | int, float]) -> None:
        """The same, of bad quality."""
        await self.write(*readings, quality=int(Quality.BAD))

    async def say(self, kind: FactKind, at: str, **what: float) -> int:
        """Record a fact; gives its id."""
        fact = NewFact(kind, datetime.fromisoformat(at), "because", **what)
        async with self.connection.transaction():
            found = await record_fact(
                self.connection, self.id, fact, actor="person:kim", now_us=NOW_US
            )
        return found.id

    async def keep(self, until: str | int = "2026-11-01T00:00:00Z") -> None:
        """What the ingest worker does from time to time."""
        await roll_up(self.connection, lambda: moment(until))
        await keep_meters(self.connection)

    async def set(self, **columns: float | None) -> None:
        """Change the point, as `oilcan apply` does."""
        for name, value in columns.items():
            await self.connection.execute(
                {
                    "rollover": "UPDATE point SET rollover = %s WHERE id = %s",
                    "jitter": "UPDATE point SET jitter = %s WHERE id = %s",
                    "max_per_hour": "UPDATE point SET max_per_hour = %s WHERE id = %s",
                }[name],
                [value, self.id],
            )

    async def stored_days(self) -> list[tuple[str, float, float]]:
        """Day, usage and life to date as they are stored."""
        cursor = await self.connection.execute(
            "SELECT day::text, usage, life_to_date FROM meter_day WHERE point_id = %s ORDER BY day",
            [self.id],
        )
        return [(str(day), usage, life) for day, usage, life in await cursor.fetchall()]


def moment(at: str | int) -> int:
    """µs since 1970."""
    return at if isinstance(at, int) else to_us(datetime.fromisoformat(at))


def time(at: str | int) -> datetime:
    """The same as a datetime."""
    return from_us(moment(at))


@pytest.fixture
async def meter(connection: Connection, points: dict[str, int]) -> Meter:
    """P-101.temp as a counter."""
    accept_columns(connection)
    await connection.execute("UPDATE site SET time_zone = 'Europe/Berlin'")
    row = await fetch_one(
        connection, "UPDATE point SET kind = 'counter' WHERE tag = 'P-101.temp' RETURNING id"
    )
    assert row is not None
    return Meter(connection, row[0])


def hourly(start: str, values: Sequence[float]) -> list[tuple[int, float]]:
    """Readings an hour apart."""
    return [(moment(start) + n * 3_600_000_000, value) for n, value in enumerate(values)]
