"""A plant with years of work behind it, made by the server itself (generate_series).

Orders are spread evenly over `YEARS`, so a plant ten times as large has ten times as many of them in
a month. Nine of ten are closed; the open ones lie among the newest, but for a share that was
forgotten for years. Keys are not checked while it is made: what is made here is whole.
"""

from dataclasses import dataclass

from config.database import Connection

YEARS = 6

REGISTER = """
WITH site AS (
    INSERT INTO site (code, name) SELECT 'site-' || n, 'Site ' || n FROM generate_series(1, 5) n
    RETURNING id
), class AS (
    INSERT INTO asset_class (code, name)
    SELECT 'class-' || n, 'Class ' || n FROM generate_series(1, 20) n RETURNING id
)
INSERT INTO asset (tag, name, class_id, site_id, criticality, created_at)
SELECT CASE WHEN n %% 1000 = 0 THEN 'AREA-' WHEN n %% 50 = 0 THEN 'UNIT-' ELSE 'P-' END || n,
       (ARRAY['Pump', 'Fan', 'Motor', 'Valve', 'Conveyor'])[1 + n %% 5] || ' ' || n,
       (SELECT min(id) FROM class) + n %% 20, (SELECT min(id) FROM site) + (n / 1000) %% 5,
       (ARRAY['A', 'B', 'C'])[1 + n %% 3], now() - make_interval(years => %(years)s)
FROM generate_series(0, %(assets)s - 1) n
"""

# Areas of twenty units, units of fifty machines.
TREE = """
UPDATE asset SET parent_id = CASE
    WHEN (asset.id - first.id) % 1000 = 0 THEN NULL
    WHEN (asset.id - first.id) % 50 = 0 THEN asset.id - (asset.id - first.id) % 1000
    ELSE asset.id - (asset.id - first.id) % 50 END
FROM (SELECT min(id) AS id FROM asset) AS first
"""

ORDERS = """
INSERT INTO work_order (
    asset_id, site_id, type, origin, title, description, priority, priority_reason, state,
    created_by, created_at, updated_at, assignee, craft, estimated_minutes, failure_mode, due_at,
    planned_start, planned_finish, approved_at, started_at, finished_at, completed_at, closed_at,
    reopened
)
SELECT asset.id, asset.site_id, kind.type,
       CASE kind.type WHEN 'preventive' THEN 'plan' ELSE 'person' END,
       (ARRAY['Seal drips', 'Bearing runs hot', 'Motor hums', 'Grease the bearings'])[1 + n %% 4]
           || ' at ' || asset.tag,
       'Reported by the shift, number ' || md5(n::text), 1 + n %% 5, 'Priority: given.', kind.state,
       'bench', made.at, made.at,
       CASE WHEN n %% 2 = 0 THEN 'person-' || n %% 200 END,
       (ARRAY['mechanical', 'electrical', 'instruments'])[1 + n %% 3],
       CASE WHEN n %% 10 > 0 THEN 30 + n %% 7 * 15 END,
       CASE kind.type WHEN 'corrective' THEN (ARRAY['VIB', 'OHE', 'NOI', 'ELP', 'BRD'])[1 + n %% 5] END,
       made.at + interval '14 days',
       CASE WHEN kind.state IN ('scheduled', 'closed') THEN made.at + interval '6 days' END,
       CASE WHEN kind.state IN ('scheduled', 'closed') THEN made.at + interval '6 days 2 hours' END,
       CASE WHEN kind.state <> 'draft' THEN made.at + interval '1 day' END,
       CASE WHEN kind.state = 'closed' THEN made.at + make_interval(hours => 1 + n %% 150) END,
       CASE WHEN kind.state = 'closed' THEN made.at + make_interval(hours => 4 + n %% 150) END,
       CASE WHEN kind.state = 'closed' THEN made.at + make_interval(hours => 4 + n %% 150) END,
       CASE WHEN kind.state = 'closed' THEN made.at + interval '8 days' END,
       CASE WHEN n %% 50 = 7 THEN 1 ELSE 0 END
FROM generate_series(1, %(orders)s) n
CROSS JOIN LATERAL (
    SELECT now() - make_interval(years => %(years)s) * ((%(orders)s - n) / %(orders)s::float8) AS at
) made
CROSS JOIN LATERAL (
    SELECT (ARRAY['corrective', 'preventive', 'inspection'])[1 + n / 7 %% 3] AS type,
           CASE WHEN n > %(orders)s * 0.95 OR n %% 20 = 0
                THEN (ARRAY['draft', 'approved', 'scheduled', 'approved'])[1 + n %% 4]
                ELSE 'closed' END AS state
) kind
JOIN asset ON asset.id = (SELECT min(id) FROM asset) + (n::bigint * 7919) %% %(assets)s
ORDER BY n
"""

CHANGES = """
INSERT INTO work_order_change (work_order_id, version, action, from_state, to_state, actor, at)
SELECT o.id, step.version, step.action, step.from_state, step.to_state, 'bench', step.at
FROM work_order o
CROSS JOIN LATERAL (VALUES
    (1, 'create', NULL, 'draft', o.created_at),
    (2, 'approve', 'draft', 'approved', o.approved_at),
    (3, 'start', 'approved', 'in_progress', o.started_at),
    (4, 'complete', 'in_progress', 'completed', o.completed_at),
    (5, 'close', 'completed', 'closed', o.closed_at)
) AS step (version, action, from_state, to_state, at)
WHERE step.at IS NOT NULL
"""

REPORTS = """
INSERT INTO failure_report (work_order_id, failure_mode, mechanism, cause, reported_by, reported_at)
SELECT id, failure_mode, (ARRAY['1.1', '2.4', '2.7'])[1 + id % 3], (ARRAY['2', '3', '3.4'])[1 + id % 3],
       'bench', completed_at
FROM work_order WHERE type = 'corrective' AND completed_at IS NOT NULL AND id % 4 > 0
"""

DOWNTIME = """
INSERT INTO downtime (asset_id, kind, started_at, ended_at, actor, work_order_id)
SELECT asset_id, CASE WHEN id % 5 = 0 THEN 'planned' ELSE 'unplanned' END, created_at, completed_at,
       'bench', id
FROM work_order WHERE type = 'corrective' AND state = 'closed' AND id % 3 = 0
"""

STANDBY = """
INSERT INTO asset_state (asset_id, state, since, until, actor)
SELECT id, 'standby', now() - interval '1 day' * (id % 2000), now() - interval '1 day' * (id % 2000)
       + interval '30 hours', 'bench'
FROM asset WHERE id % 10 = 0
"""

CLOCKS = """
INSERT INTO sla_clock (
    work_order_id, kind, target_s, phase, used_s, warn_at, due_at, breached_at, finished_at
)
SELECT o.id, kind.name, kind.target_s,
       CASE WHEN kind.ended IS NULL THEN 'running' ELSE 'finished' END, 3600,
       CASE WHEN kind.ended IS NULL THEN o.created_at + make_interval(secs => kind.target_s * 0.8) END,
       CASE WHEN kind.ended IS NULL THEN o.created_at + make_interval(secs => kind.target_s) END,
       CASE WHEN coalesce(kind.ended, now()) > o.created_at + make_interval(secs => kind.target_s)
            THEN o.created_at + make_interval(secs => kind.target_s) END,
       kind.ended
FROM work_order o
CROSS JOIN LATERAL (VALUES
    ('response', 200000, o.started_at), ('resolution', 400000, o.completed_at)
) AS kind (name, target_s, ended)
WHERE o.type <> 'preventive' AND o.state <> 'draft'
"""

LABOUR = """
INSERT INTO labour_entry (work_order_id, person, craft, started_at, finished_at, minutes, entered_by, entered_at)
SELECT id, 'person-' || id % 200, craft,
       CASE WHEN id % 4 = 0 THEN started_at END,
       CASE WHEN id % 4 = 0 THEN started_at + make_interval(mins => 20 + (id % 7)::integer) END,
       20 + id % 7, 'bench', completed_at
FROM work_order WHERE completed_at IS NOT NULL
ON CONFLICT DO NOTHING
"""

COSTS = """
INSERT INTO cost_entry (work_order_id, kind, amount_minor, source, description, actor, at)
SELECT work_order_id, 'labour', minutes * 80, 'labour/' || id, 'Labour', 'bench', entered_at
FROM labour_entry
"""

SHELF = """
WITH room AS (
    INSERT INTO storeroom (code, name, site_id, bins)
    SELECT 'S' || id, 'Stores', id, ARRAY['A1'] FROM site RETURNING id
), bin AS (
    INSERT INTO bin (storeroom_id, code) SELECT id, 'A1' FROM room RETURNING id, storeroom_id
), part AS (
    INSERT INTO part (code, name)
    SELECT 'PART-' || n, (ARRAY['Bearing', 'Seal', 'Belt', 'Filter'])[1 + n % 4] || ' ' || n
    FROM generate_series(1, 10000) n RETURNING id
)
INSERT INTO part_stock (part_id, storeroom_id, bin_id, stocked, reorder_point, on_hand, value_minor)
SELECT part.id, bin.storeroom_id, bin.id, true, part.id % 20, 10 + part.id % 30, 10000
FROM part JOIN bin ON part.id % 5 = bin.storeroom_id % 5
"""

LEDGER = """
INSERT INTO stock_ledger (
    part_stock_id, position, bin_id, kind, quantity, value_minor, on_hand_after, value_after_minor,
    bin_after, work_order_id, actor, at
)
SELECT stock.id, o.id, stock.bin_id, 'issue', -1, -1990, 10, 10000, 10, o.id, 'bench', o.completed_at
FROM work_order o
JOIN part_stock stock ON stock.id = (SELECT min(id) FROM part_stock) + o.id % 10000
WHERE o.completed_at IS NOT NULL AND o.id % 3 = 1
"""

PLANS = """
WITH plan AS (
    INSERT INTO maintenance_plan (code, name, definition, kept_in, effective_at, chain)
    SELECT 'plan-' || n, 'Plan ' || n, %(definition)s, 'database', now(), false
    FROM generate_series(1, %(plans)s) n RETURNING id
)
INSERT INTO plan_asset (plan_id, asset_id)
SELECT plan.id, (SELECT min(id) FROM asset) + (plan.id * 4 + each) %% %(assets)s
FROM plan, generate_series(0, 3) AS each
ON CONFLICT DO NOTHING
"""

OCCURRENCES = """
INSERT INTO plan_occurrence (
    plan_id, asset_id, slot_key, slot_at, state, due_at, latest_at, work_order_id, decided_at, done_at
)
SELECT (SELECT min(id) FROM maintenance_plan) + o.id %% %(plans)s, o.asset_id, 't:' || o.id, o.due_at,
       CASE WHEN o.completed_at IS NOT NULL THEN 'done' WHEN o.id %% 60 = 0 THEN 'missed'
            ELSE 'released' END,
       o.created_at + interval '3 days', o.created_at + interval '5 days', o.id, o.created_at,
       o.completed_at
FROM work_order o WHERE o.type = 'preventive'
UNION ALL
SELECT m.plan_id, m.asset_id, 'a:' || n, at, 'forecast', at, at + interval '2 days', NULL, NULL, NULL
FROM plan_asset m, generate_series(1, 15) AS n, LATERAL (SELECT now() + n * interval '24 days') AS d (at)
"""

WEEKS = """
INSERT INTO schedule_freeze (site_id, week, starts_at, ends_at, frozen_by, frozen_at)
SELECT site.id, week::date, week, week + interval '7 days', 'bench', week
FROM site, generate_series(
    date_trunc('week', now()) - make_interval(years => %(years)s), now() - interval '7 days', '7 days'
) AS week
"""

LINES = """
INSERT INTO schedule_freeze_line (freeze_id, work_order_id, planned_start, planned_finish)
SELECT f.id, o.id, o.planned_start, o.planned_finish
FROM work_order o
JOIN schedule_freeze f ON f.site_id = o.site_id AND o.planned_start >= f.starts_at
    AND o.planned_start < f.ends_at
WHERE o.planned_start IS NOT NULL AND o.id % 3 = 0
"""

REQUESTS = """
INSERT INTO work_request (
    asset_id, title, urgency, requester, channel, state, work_order_id, rating, rated_at, created_at,
    updated_at
)
SELECT asset_id, title, 'normal', 'requester-' || id % 1000, 'portal',
       CASE WHEN completed_at IS NULL AND id % 2 = 0 THEN 'new' ELSE 'accepted' END, id,
       CASE WHEN completed_at IS NOT NULL AND id % 2 = 0 THEN 1 + id % 5 END,
       CASE WHEN completed_at IS NOT NULL AND id % 2 = 0 THEN completed_at END, created_at, created_at
FROM work_order WHERE origin = 'person' AND id % 5 = 0
"""

CALENDAR = """
WITH calendar AS (
    INSERT INTO work_calendar (code, kept_in) VALUES ('day', 'database') RETURNING id
), version AS (
    INSERT INTO work_calendar_version (calendar_id, version, effective_from, definition)
    SELECT id, 1, '2000-01-01', %(calendar)s FROM calendar
)
INSERT INTO staff (code, kind, name, site_id, craft, calendar_id, kept_in)
SELECT 'person-' || n, 'person', 'Person ' || n, (SELECT min(id) FROM site) + n %% 5,
       (ARRAY['mechanical', 'electrical', 'instruments'])[1 + n %% 3], calendar.id, 'database'
FROM generate_series(0, 199) n, calendar
"""

FAST = "SET session_replication_role = replica"
SAFE = "SET session_replication_role = DEFAULT"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a plant is."""

    orders: int
    assets: int
    plans: int


async def fill(connection: Connection, size: Size, *, definition: str, calendar: str) -> None:
    """Make the plant, and let the server know its tables. `definition` is every plan's, as JSON."""
    given = {"years": YEARS, "orders": size.orders, "assets": size.assets, "plans": size.plans}
    await connection.execute(FAST)
    await connection.execute(REGISTER, given)
    await connection.execute(TREE)
    await connection.execute("ANALYZE")
    await connection.execute(ORDERS, given)
    await connection.execute("ANALYZE work_order")
    for statement in (CHANGES, REPORTS, DOWNTIME, STANDBY, CLOCKS, LABOUR, COSTS, SHELF, LEDGER):
        await connection.execute(statement)
    await connection.execute(PLANS, given | {"definition": definition})
    await connection.execute(OCCURRENCES, given)
    await connection.execute(WEEKS, given)
    await connection.execute(LINES)
    await connection.execute(REQUESTS)
    await connection.execute(CALENDAR, {"calendar": calendar})
    await connection.execute(SAFE)
    await connection.execute("VACUUM (ANALYZE)")
