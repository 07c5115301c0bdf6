"""Meters, read: life to date, usage by the day, and the pace at which a meter counts.

What is stored by the day serves where it holds; the rest is counted when it is asked for, from the
last day before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.clock import from_us, to_us
from config.database import Connection
from ingest.errors import NotAMeter
from ingest.history.edges import day_edges
from ingest.meter.counted import beginning, count_from
from ingest.meter.counting import Count
from ingest.meter.days import MeterDay
from ingest.meter.store import Stored, first_moment, stored_meter

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MeterState:
    """A meter at a moment; None in `life_to_date` and `count`: it had no reading and no fact by then.

    `today` is the usage of the day of that moment, so far, in the site's time zone.
    """

    life_to_date: float | None
    day: date
    today: float
    count: Count | None


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Usage of a day of the site's time zone, in the point's unit; `seen`: with a reading or a fact.

    What was counted while nobody looked belongs to the day of the next reading.
    """

    day: date
    usage: float
    corrected: float
    life_to_date: float | None
    kept_out: int
    seen: bool


async def life_to_date(connection: Connection, point_id: int, at: datetime) -> float | None:
    """All that a meter has counted up to and with a moment, in the point's unit.

    Over rollovers, resets, replacements and corrections; None before its first reading or fact.
    Raises `NotAMeter`.
    """
    return (await meter_state(connection, point_id, at)).life_to_date


async def meter_state(connection: Connection, point_id: int, at: datetime) -> MeterState:
    """Where a meter stands at a moment. Raises `NotAMeter`."""
    stored, days = await _counted(connection, point_id, first=date.max, end_us=to_us(at) + 1)
    today = at.astimezone(stored.zone).date()
    if not days:
        return MeterState(None, today, 0.0, None)
    last = days[-1]
    usage = last.usage if last.day == today else 0.0
    return MeterState(last.life_to_date, today, usage, last.count)


async def daily_usage(
    connection: Connection, point_id: int, first_day: date, last_day: date
) -> list[DayUsage]:
    """Usage of each day, first and last among them. Raises `NotAMeter`."""
    end_us = await _end_of(connection, point_id, last_day)
    _, days = await _counted(connection, point_id, first=first_day, end_us=end_us)
    return _filled(days, first_day, last_day)


async def average_usage(
    connection: Connection, point_id: int, days: int, at: datetime
) -> float | None:
    """Usage per day over the last full days before a moment; of those since the meter is known.

    None where it is not known for a full day. Never negative. Raises `NotAMeter`.
    """
    stored = await _stored(connection, point_id, date.max, from_us(0))
    last_day = at.astimezone(stored.zone).date() - _DAY
    first = await first_moment(connection, point_id)
    if first is None:
        return None
    first_day = max(last_day - (days - 1) * _DAY, first.astimezone(stored.zone).date() + _DAY)
    if first_day > last_day:
        return None
    found = await daily_usage(connection, point_id, first_day, last_day)
    return sum(day.usage for day in found) / len(found)


async def recent_days(
    connection: Connection, point_id: int, days: int, at: datetime
) -> list[MeterDay]:
    """Those of the last days that had a reading or a fact, with their notices, oldest first."""
    stored = await _stored(connection, point_id, date.max, from_us(0))
    first = at.astimezone(stored.zone).date() - (days - 1) * _DAY
    _, found = await _counted(connection, point_id, first=first, end_us=to_us(at) + 1)
    return [day for day in found if day.day >= first]


async def _end_of(connection: Connection, point_id: int, day: date) -> int:
    stored = await _stored(connection, point_id, date.max, from_us(0))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=stored.zone)
    return int(day_edges(to_us(noon), to_us(noon) + 1, days=1, zone=stored.zone)[-1])


async def _stored(connection: Connection, point_id: int, first: date, end: datetime) -> Stored:
    found = await stored_meter(connection, point_id, first=first, end=end)
    if found is None:
        raise NotAMeter("the point is no counter: only counters have a meter")
    return found


async def _counted(
    connection: Connection, point_id: int, *, first: date, end_us: int
) -> tuple[Stored, Sequence[MeterDay]]:
    """The days up to an end, from the last one before `first` on: stored ones, then counted ones."""
    stored = await _stored(connection, point_id, first, from_us(end_us))
    last = stored.days[-1] if stored.days else None
    start_us = last.ends_us if last else await beginning(connection, point_id, stored)
    if start_us is None or start_us >= end_us:
        return stored, stored.days
    tail = await count_from(connection, point_id, stored, bounds=(start_us, end_us))
    return stored, [*stored.days, *tail]


def _filled(days: Sequence[MeterDay], first_day: date, last_day: date) -> list[DayUsage]:
    """Every day, also those without a row."""
    by_day = {day.day: day for day in days}
    before = [day.life_to_date for day in days if day.day < first_day]
    life = before[-1] if before else None
    found = list[DayUsage]()
    for number in range((last_day - first_day).days + 1):
        day = first_day + number * _DAY
        row = by_day.get(day)
        if row is None:
            found.append(DayUsage(day, 0.0, 0.0, life, 0, seen=False))
            continue
        life = row.life_to_date
        found.append(DayUsage(day, row.usage, row.corrected, life, row.kept_out, seen=True))
    return found
