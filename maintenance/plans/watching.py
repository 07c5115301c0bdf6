"""What makes work due between two generations: events of rules, and meters that go on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from config.clock import ClockUs, from_us, now_us
from config.database import Connection, fetch_dicts
from maintenance.plans.chain import meter_due
from maintenance.plans.file import PlanShape
from maintenance.plans.generation import advance
from maintenance.plans.meter_forecast import forecast_due
from maintenance.plans.occurrence_store import ForecastRow, keep_rows
from maintenance.plans.plan import MeterTrigger
from maintenance.plans.usage import Meters, present_of

# An event is looked for as long as the rules may still raise it late, or make it worse.
_LOOK_BACK = timedelta(days=8)
_NEAR = timedelta(days=3)

# One occurrence for an event, whoever finds it and however often.
TAKE_EVENTS: Final[LiteralString] = """
INSERT INTO plan_occurrence (
    plan_id, asset_id, slot_key, slot_at, state, due_at, due_because, latest_at, release_at
)
SELECT DISTINCT ON (p.id, e.asset_id, e.id)
       p.id, e.asset_id, 'c:' || e.id, e.raised_at, 'forecast', e.raised_at,
       'event ' || e.id || ' of ' || e.rule,
       e.raised_at + p.window_min * interval '1 minute', e.raised_at
FROM maintenance_plan p
CROSS JOIN LATERAL unnest(p.rules, p.severities) AS wanted (rule, severity)
JOIN condition_event e ON e.rule = wanted.rule AND e.peak_severity >= wanted.severity
 AND e.raised_at > %(since)s AND e.raised_at >= p.effective_at
JOIN plan_asset m ON m.plan_id = p.id AND m.asset_id = e.asset_id
WHERE NOT p.chain AND p.retired_at IS NULL AND p.rules <> '{}'
ON CONFLICT (plan_id, asset_id, slot_key) DO NOTHING
"""

# Chains that an event may make due sooner, or at all.
CHAINS_OF_EVENTS: Final[LiteralString] = """
SELECT DISTINCT p.id, e.asset_id
FROM maintenance_plan p
CROSS JOIN LATERAL unnest(p.rules, p.severities) AS wanted (rule, severity)
JOIN condition_event e ON e.rule = wanted.rule AND e.peak_severity >= wanted.severity
 AND e.raised_at > %(since)s AND e.raised_at > p.effective_at
JOIN plan_occurrence o ON o.plan_id = p.id AND o.asset_id = e.asset_id AND o.decided_at IS NULL
LEFT JOIN plan_occurrence b ON b.id = o.after_id
WHERE p.chain AND p.retired_at IS NULL AND p.rules <> '{}'
  AND (o.due_at IS NULL OR o.due_at > e.raised_at)
  AND e.raised_at > coalesce(b.done_at, b.due_at, b.decided_at, p.effective_at)
"""

# The next count of each meter that is near, or cannot be foreseen.
NEAR_COUNTS: Final[LiteralString] = """
SELECT DISTINCT ON (o.plan_id, o.asset_id)
       o.plan_id, o.asset_id, o.slot_key, o.meter_target, o.ordinal, o.after_id, p.definition,
       p.chain
FROM plan_occurrence o
JOIN maintenance_plan p ON p.id = o.plan_id AND p.retired_at IS NULL
WHERE o.decided_at IS NULL AND o.meter_target IS NOT NULL
  AND (o.due_at IS NULL OR o.due_p10 IS NULL OR o.due_p10 <= %(near)s OR o.release_at <= %(near)s)
ORDER BY o.plan_id, o.asset_id, o.meter_target
"""


async def take_events(connection: Connection, *, clock: ClockUs = now_us) -> int:
    """Make occurrences of what conditions raised, in one transaction; gives how many."""
    now = from_us(clock())
    given = {"since": now - _LOOK_BACK}
    async with connection.transaction():
        made = await connection.execute(TAKE_EVENTS, given)
        cursor = await connection.execute(CHAINS_OF_EVENTS, given)
        pairs = [(plan, asset) for plan, asset in await cursor.fetchall()]
        if pairs:
            await advance(connection, pairs, now=now)
    return made.rowcount


async def watch_meters(connection: Connection, *, clock: ClockUs = now_us) -> int:
    """Forecast anew the counts that are near, from readings up to now; gives how many."""
    now = from_us(clock())
    async with connection.transaction():
        rows = await _near(connection, now)
        chains = [(row["plan_id"], row["asset_id"]) for row in rows if row["chain"]]
        if chains:
            await advance(connection, chains, now=now)
        singles = [(row, _meter(row)) for row in rows if not row["chain"]]
        wanted = {(row["asset_id"], meter.meter) for row, meter in singles}
        meters = await present_of(connection, wanted, at=now)
        moved = [_moved(row, meter, meters) for row, meter in singles]
        await keep_rows(connection, [row for row in moved if row is not None])
    return len(rows)


def _meter(row: Mapping[str, Any]) -> MeterTrigger:
    shape = PlanShape.model_validate(row["definition"]).meter
    assert shape is not None  # noqa: S101 - it has a count to reach
    return shape.trigger()


def _moved(row: Mapping[str, Any], trigger: MeterTrigger, meters: Meters) -> ForecastRow | None:
    usage = meters.usage.get((row["asset_id"], trigger.meter))
    if usage is None or usage.life_to_date is None:
        return None
    target = row["meter_target"]
    found = forecast_due(target - usage.life_to_date, usage.daily, usage.at)
    due = meter_due(trigger, target, usage, found)
    return ForecastRow(
        row["plan_id"],
        row["asset_id"],
        row["slot_key"],
        due.at,
        due.p10,
        due.p90,
        due.because,
        target,
        row["ordinal"],
        row["after_id"],
    )


async def _near(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    return await fetch_dicts(connection, NEAR_COUNTS, {"near": now + _NEAR})
