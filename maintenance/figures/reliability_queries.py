"""MTBF, MTTR, mean downtime, availability: out of downtime, operating states and repairs.

An asset is observed from its entry into the register until it is retired. It operates while it is
observed, in state `operating`, and not down. A failure is an unplanned downtime that begins in the
period; what began before counts with its time alone. An open downtime lasts until the period's end.
"""

from typing import Final, LiteralString

from config.database import Connection
from maintenance.figures.figure import Measured, Period, Scope, per
from maintenance.figures.reading import given, of_scope, row_of, rows_of

_HOUR_S = 3600.0

# Times that overlap (a standby asset that is down too) are lost once: ranges are put together
# first. Only what is not operation is read, so the cost follows events and not assets.
TIMES: Final[LiteralString] = of_scope("""
, observed AS (
    SELECT count(*) AS assets,
           coalesce(sum(extract(epoch FROM
               least(coalesce(retired_at, %(end)s), %(end)s) - greatest(created_at, %(start)s)
           )), 0)::float8 AS seconds
    FROM scope
    WHERE created_at < %(end)s AND (retired_at IS NULL OR retired_at > %(start)s)
), elsewhere AS (
    SELECT asset_id, 'idle' AS kind, tstzrange(since, until) AS time FROM asset_state
    WHERE state <> 'operating' AND since < %(end)s AND (until IS NULL OR until > %(start)s)
    UNION ALL
    SELECT asset_id, kind, tstzrange(started_at, ended_at) FROM downtime
    WHERE withdrawn_at IS NULL AND started_at < %(end)s
      AND (ended_at IS NULL OR ended_at > %(start)s)
), clipped AS (
    SELECT e.kind, e.asset_id, e.time * tstzrange(
        greatest(scope.created_at, %(start)s), least(coalesce(scope.retired_at, %(end)s), %(end)s)
    ) AS time
    FROM elsewhere e JOIN scope ON scope.id = e.asset_id
    WHERE scope.created_at < %(end)s AND (scope.retired_at IS NULL OR scope.retired_at > %(start)s)
), joined AS (
    SELECT asset_id, range_agg(time) AS all_of_it,
           range_agg(time) FILTER (WHERE kind IN ('planned', 'unplanned')) AS down,
           range_agg(time) FILTER (WHERE kind = 'unplanned') AS unplanned
    FROM clipped WHERE NOT isempty(time)
    GROUP BY asset_id
), lost AS (
    SELECT coalesce(sum(seconds_of(all_of_it)), 0) AS not_operating,
           coalesce(sum(seconds_of(down)), 0) AS down,
           coalesce(sum(seconds_of(unplanned)), 0) AS unplanned
    FROM joined
)
SELECT observed.assets, observed.seconds AS observed,
       observed.seconds - lost.not_operating AS operating, lost.down, lost.unplanned
FROM observed, lost
""")

COUNT_FAILURES: Final[LiteralString] = of_scope("""
SELECT count(*) FILTER (WHERE d.kind = 'unplanned' AND d.withdrawn_at IS NULL) AS failures,
       count(*) FILTER (WHERE d.kind = 'planned' AND d.withdrawn_at IS NULL) AS planned,
       count(*) FILTER (WHERE d.withdrawn_at IS NOT NULL) AS withdrawn
FROM downtime d JOIN scope ON scope.id = d.asset_id
WHERE d.started_at >= %(start)s AND d.started_at < %(end)s
""")

FAILURES: Final[LiteralString] = of_scope("""
SELECT scope.tag AS asset, d.started_at, d.ended_at, o.number AS work_order, d.reason
FROM downtime d
JOIN scope ON scope.id = d.asset_id
LEFT JOIN work_order o ON o.id = d.work_order_id
WHERE d.kind = 'unplanned' AND d.withdrawn_at IS NULL
  AND d.started_at >= %(start)s AND d.started_at < %(end)s
ORDER BY d.started_at DESC
LIMIT %(most)s
""")

RESTORED: Final[LiteralString] = of_scope("""
SELECT count(*) AS restored,
       coalesce(sum(extract(epoch FROM d.ended_at - d.started_at)), 0)::float8 AS seconds
FROM downtime d JOIN scope ON scope.id = d.asset_id
WHERE d.kind = 'unplanned' AND d.withdrawn_at IS NULL
  AND d.ended_at > %(start)s AND d.ended_at <= %(end)s
""")

RESTORED_ROWS: Final[LiteralString] = of_scope("""
SELECT scope.tag AS asset, d.started_at, d.ended_at,
       (extract(epoch FROM d.ended_at - d.started_at) / 3600)::float8 AS hours, d.reason
FROM downtime d JOIN scope ON scope.id = d.asset_id
WHERE d.kind = 'unplanned' AND d.withdrawn_at IS NULL
  AND d.ended_at > %(start)s AND d.ended_at <= %(end)s
ORDER BY d.ended_at DESC
LIMIT %(most)s
""")

OPEN_DOWNTIME: Final[LiteralString] = of_scope("""
SELECT count(*) AS open FROM downtime d JOIN scope ON scope.id = d.asset_id
WHERE d.kind = 'unplanned' AND d.withdrawn_at IS NULL
  AND d.started_at < %(end)s AND (d.ended_at IS NULL OR d.ended_at > %(end)s)
""")

# Active repair: the stretches of a repair in state in_progress, holds left out, as its history has
# them; the last one ends with the completion.
_REPAIRS: Final[LiteralString] = of_scope("""
, repair AS MATERIALIZED (
    SELECT o.id, o.number, scope.tag AS asset, o.completed_at
    FROM work_order o JOIN scope ON scope.id = o.asset_id
    WHERE o.type = 'corrective' AND o.state IN ('completed', 'closed')
      AND o.completed_at >= %(start)s AND o.completed_at < %(end)s
), stretch AS (
    SELECT repair.id, c.to_state, c.at,
           lead(c.at, 1, repair.completed_at) OVER (PARTITION BY repair.id ORDER BY c.version)
               AS until
    FROM repair JOIN work_order_change c ON c.work_order_id = repair.id
), active AS (
    SELECT id, sum(extract(epoch FROM least(until, completed_at) - at))::float8 AS seconds
    FROM stretch JOIN repair USING (id)
    WHERE to_state = 'in_progress' AND at < completed_at
    GROUP BY id
)
""")

REPAIR_TIME: Final[LiteralString] = (
    _REPAIRS
    + """
SELECT count(active.id) AS repairs, coalesce(sum(active.seconds), 0) AS seconds,
       count(*) FILTER (WHERE active.id IS NULL) AS not_started
FROM repair LEFT JOIN active USING (id)
"""
)

REPAIR_ROWS: Final[LiteralString] = (
    _REPAIRS
    + """
SELECT repair.number AS work_order, repair.asset, repair.completed_at,
       active.seconds / 3600 AS hours
FROM repair JOIN active USING (id)
ORDER BY repair.completed_at DESC
LIMIT %(most)s
"""
)


async def failures(connection: Connection, scope: Scope, period: Period) -> Measured:
    """How many failures began in the period."""
    asked = given(scope, period)
    counted = await row_of(connection, COUNT_FAILURES, asked)
    left_out = {"planned downtime": counted["planned"], "withdrawn": counted["withdrawn"]}
    rows = await rows_of(connection, FAILURES, asked)
    return Measured(float(counted["failures"]), counted["failures"], left_out, rows)


async def mtbf(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Hours of operation for each failure; None without one."""
    asked = given(scope, period)
    times = await row_of(connection, TIMES, asked)
    found = await failures(connection, scope, period)
    value = per(times["operating"] / _HOUR_S, found.population)
    return Measured(value, found.population, found.excluded, found.rows)


async def mttr(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Hours of active work for each repair that was completed in the period."""
    asked = given(scope, period)
    time = await row_of(connection, REPAIR_TIME, asked)
    value = per(time["seconds"] / _HOUR_S, time["repairs"])
    left_out = {"never in progress": time["not_started"]}
    return Measured(value, time["repairs"], left_out, await rows_of(connection, REPAIR_ROWS, asked))


async def mean_downtime(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Hours from failure to restoration, of those that were restored in the period."""
    asked = given(scope, period)
    time = await row_of(connection, RESTORED, asked)
    still = await row_of(connection, OPEN_DOWNTIME, asked)
    value = per(time["seconds"] / _HOUR_S, time["restored"])
    rows = await rows_of(connection, RESTORED_ROWS, asked)
    return Measured(value, time["restored"], {"down at the end": still["open"]}, rows)


async def availability(connection: Connection, scope: Scope, period: Period) -> Measured:
    """Share of the observed time that was not downtime of either kind."""
    return await _available(connection, scope, period, lost="down")


async def inherent_availability(connection: Connection, scope: Scope, period: Period) -> Measured:
    """The same with unplanned downtime alone."""
    return await _available(connection, scope, period, lost="unplanned")


async def _available(
    connection: Connection, scope: Scope, period: Period, *, lost: str
) -> Measured:
    asked = given(scope, period)
    times = await row_of(connection, TIMES, asked)
    observed = times["observed"]
    value = 1 - times[lost] / observed if observed else None
    rows = await rows_of(connection, FAILURES, asked)
    return Measured(value, times["assets"], {}, rows)
