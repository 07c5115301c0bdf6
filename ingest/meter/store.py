"""A meter's facts, its days, and how far it is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from config.clock import from_us, to_us
from config.database import Connection, fetch_one
from ingest.meter.counting import Count, Doubt, Notice, NoticeKind
from ingest.meter.days import MeterDay
from ingest.meter.fact import Fact, FactKind, NewFact
from ingest.meter.rules import Rules

# One statement: what is marked and what is stored are seen at the same moment. Days of other rules
# do not hold, nor do those that end after what is marked.
SELECT_METER = """
WITH own AS MATERIALIZED (
    SELECT mp.*, least(%(end)s, (SELECT min(since) FROM meter_due WHERE point_id = %(point)s),
                       (SELECT min(hour) FROM rollup_due WHERE point_id = %(point)s)) AS holds_to
    FROM meter_point mp WHERE mp.point_id = %(point)s
)
SELECT own.rollover, own.resolution, own.jitter, own.max_per_hour, own.time_zone,
       own.holds_to, d.day, d.ends_at, d.usage, d.corrected, d.life_to_date, d.notices, d.kept_out,
       d.held, d.seen_at, d.doubted, d.doubted_at
FROM own
LEFT JOIN meter m ON m.point_id = own.point_id AND m.rules = own.rules
LEFT JOIN meter_day d ON d.point_id = m.point_id AND d.ends_at <= own.holds_to
 AND d.day >= coalesce((SELECT max(e.day) FROM meter_day e
                        WHERE e.point_id = %(point)s AND e.day < %(first)s
                          AND e.ends_at <= own.holds_to), '-infinity')
ORDER BY d.day
"""

# The facts that hold: not withdrawn, and no withdrawals.
SELECT_HOLDING = """
SELECT f.id, f.kind, f.at, f.amount, f.end_count, f.start_count, f.withdraws, f.reason, f.actor,
       f.recorded_at, NULL::bigint
FROM meter_fact f
WHERE f.point_id = %s AND f.kind <> 'withdrawal' AND f.at >= %s AND f.at < %s
  AND NOT EXISTS (SELECT FROM meter_fact w WHERE w.withdraws = f.id)
ORDER BY f.at, f.id
"""

SELECT_FACTS = """
SELECT f.id, f.kind, f.at, f.amount, f.end_count, f.start_count, f.withdraws, f.reason, f.actor,
       f.recorded_at, (SELECT w.id FROM meter_fact w WHERE w.withdraws = f.id)
FROM meter_fact f WHERE f.point_id = %s AND (%s::bigint IS NULL OR f.id < %s)
ORDER BY f.id DESC LIMIT %s
"""

SELECT_FACT = """
SELECT f.id, f.kind, f.at, f.amount, f.end_count, f.start_count, f.withdraws, f.reason, f.actor,
       f.recorded_at, (SELECT w.id FROM meter_fact w WHERE w.withdraws = f.id)
FROM meter_fact f WHERE f.point_id = %s AND f.id = %s
"""

INSERT_FACT = """
INSERT INTO meter_fact (point_id, kind, at, amount, end_count, start_count, withdraws, reason, actor)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (withdraws) DO NOTHING RETURNING id
"""

INSERT_DUE = "INSERT INTO meter_due (point_id, since) VALUES (%s, %s)"

# Of a point's hours that are summed up again; others than counters have no meter.
INSERT_DUE_HOURS = """
INSERT INTO meter_due (point_id, since)
SELECT due.point_id, min(due.hour)
FROM unnest(%s::integer[], %s::timestamptz[]) AS due (point_id, hour)
JOIN point p ON p.id = due.point_id WHERE p.kind = 'counter'
GROUP BY due.point_id
"""

SELECT_FIRST = """
SELECT least((SELECT min(bucket) FROM rollup_hour WHERE point_id = %(point)s),
             (SELECT min(hour) FROM rollup_due WHERE point_id = %(point)s),
             (SELECT min(at) FROM meter_fact WHERE point_id = %(point)s),
             (SELECT r.ts FROM rollup_state s CROSS JOIN LATERAL (
                  SELECT ts FROM reading WHERE point_id = %(point)s AND ts >= s.rolled_to
                  ORDER BY ts LIMIT 1) AS r))
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """How a meter counts, in which time zone, and those of its days that hold, in order.

    None that ends after `holds_to` is among them.
    """

    rules: Rules
    zone: ZoneInfo
    holds_to: datetime
    days: Sequence[MeterDay]


async def stored_meter(
    connection: Connection, point_id: int, *, first: date, end: datetime
) -> Stored | None:
    """Days that end by `end`, from the last one before `first` on; None: it is no counter."""
    cursor = await connection.execute(SELECT_METER, {"point": point_id, "first": first, "end": end})
    found = await cursor.fetchall()
    if not found:
        return None
    days = [day_of(row[6:]) for row in found if row[6] is not None]
    return Stored(Rules(*found[0][:4]), ZoneInfo(found[0][4]), found[0][5], days)


async def first_moment(connection: Connection, point_id: int) -> datetime | None:
    """The first reading's hour, or the first fact; None where there is neither."""
    cursor = await connection.execute(SELECT_FIRST, {"point": point_id})
    row = await cursor.fetchone()
    return row[0] if row else None


async def holding_facts(
    connection: Connection, point_id: int, start_us: int, end_us: int
) -> list[Fact]:
    """The facts in [start, end) that hold, by time."""
    cursor = await connection.execute(
        SELECT_HOLDING, [point_id, from_us(start_us), from_us(end_us)]
    )
    return [_fact(row) for row in await cursor.fetchall()]


async def facts_of(
    connection: Connection, point_id: int, *, before: int | None = None, limit: int = 100
) -> list[Fact]:
    """Every fact, the newest first; `before` is the id of the last one on the page before."""
    cursor = await connection.execute(SELECT_FACTS, [point_id, before, before, limit])
    return [_fact(row) for row in await cursor.fetchall()]


async def get_fact(connection: Connection, point_id: int, fact_id: int) -> Fact | None:
    """One fact of a meter."""
    row = await fetch_one(connection, SELECT_FACT, [point_id, fact_id])
    return _fact(row) if row else None


async def insert_fact(
    connection: Connection,
    point_id: int,
    fact: NewFact,
    *,
    actor: str,
    withdraws: int | None = None,
) -> int | None:
    """Record a fact, and mark the days from its time on; its id, or None: withdrawn before."""
    row = await fetch_one(
        connection,
        INSERT_FACT,
        [
            point_id,
            fact.kind,
            fact.at,
            fact.amount,
            fact.end_count,
            fact.start_count,
            withdraws,
            fact.reason,
            actor,
        ],
    )
    await connection.execute(INSERT_DUE, [point_id, fact.at])
    return row[0] if row else None


async def mark_hours(connection: Connection, marks: Sequence[tuple[int, datetime]]) -> None:
    """Mark meters whose readings of these hours (point id, hour) are other than they were."""
    points, hours = [point for point, _ in marks], [hour for _, hour in marks]
    await connection.execute(INSERT_DUE_HOURS, [points, hours])


def day_of(row: Sequence[Any]) -> MeterDay:
    """A day from its columns: day, ends_at, usage, … doubted_at."""
    day, ends_at, usage, corrected, life, notices, kept_out, *where = row
    return MeterDay(
        day=day,
        ends_us=to_us(ends_at),
        usage=usage,
        corrected=corrected,
        life_to_date=life,
        count=_count(*where),
        notices=tuple(Notice(NoticeKind(kind), *rest) for kind, *rest in notices),
        kept_out=kept_out,
    )


def columns_of(day: MeterDay) -> list[Any]:
    """The same columns of a day."""
    count = day.count
    doubt = count.doubt if count else None
    return [
        day.day,
        from_us(day.ends_us),
        day.usage,
        day.corrected,
        day.life_to_date,
        Jsonb([[each.kind, each.ts_us, each.before, each.after] for each in day.notices]),
        day.kept_out,
        count.held if count else None,
        from_us(count.seen_us) if count else None,
        doubt.value if doubt else None,
        from_us(doubt.ts_us) if doubt else None,
    ]


def _count(
    held: float | None, seen: datetime | None, doubted: float | None, at: datetime | None
) -> Count | None:
    if held is None or seen is None:
        return None
    doubt = None if doubted is None or at is None else Doubt(to_us(at), doubted)
    return Count(held, to_us(seen), doubt)


def _fact(row: TupleRow) -> Fact:
    number, kind, *rest = row
    return Fact(number, FactKind(kind), *rest)
