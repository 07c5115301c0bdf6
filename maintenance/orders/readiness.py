"""The facts that guards ask about, read in one query while the order is held."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from config.database import Connection
from maintenance.orders.lack import Lack
from maintenance.orders.policy_json import policy_of_json
from maintenance.orders.transitions import Readiness
from maintenance.orders.work_order import Action, State, WorkOrder

READINESS: Final[LiteralString] = """
SELECT
    (SELECT definition FROM work_policy WHERE site IN (%(site)s, '*')
     ORDER BY site = '*' LIMIT 1) AS policy,
    ARRAY(SELECT person FROM labour_entry
          WHERE work_order_id = %(id)s AND minutes IS NULL ORDER BY id) AS running_timers,
    ARRAY(SELECT kind FROM permit
          WHERE work_order_id = %(id)s AND withdrawn_at IS NULL AND issued_at IS NULL
          ORDER BY id) AS permits_to_issue,
    ARRAY(SELECT kind FROM permit
          WHERE work_order_id = %(id)s AND withdrawn_at IS NULL AND closed_at IS NULL
            AND valid_until <= %(now)s ORDER BY id) AS permits_expired,
    ARRAY(SELECT DISTINCT kind FROM permit gone
          WHERE work_order_id = %(id)s AND withdrawn_at IS NULL AND closed_at IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM permit
                WHERE work_order_id = %(id)s AND kind = gone.kind AND withdrawn_at IS NULL
                  AND closed_at IS NULL
            )) AS permits_lapsed,
    ARRAY(SELECT kind FROM permit
          WHERE work_order_id = %(id)s AND withdrawn_at IS NULL AND issued_at IS NOT NULL
            AND closed_at IS NULL ORDER BY id) AS permits_open,
    ARRAY(SELECT point.tag FROM isolation_point point JOIN permit ON permit.id = point.permit_id
          WHERE permit.work_order_id = %(id)s AND permit.withdrawn_at IS NULL
            AND permit.closed_at IS NULL
            AND (point.verified_at IS NULL OR point.removed_at IS NOT NULL)
          ORDER BY point.id) AS isolations_to_verify,
    ARRAY(SELECT point.tag FROM isolation_point point JOIN permit ON permit.id = point.permit_id
          WHERE permit.work_order_id = %(id)s AND point.applied_at IS NOT NULL
            AND point.removed_at IS NULL ORDER BY point.id) AS isolations_in_place,
    ARRAY(SELECT number FROM work_order
          WHERE parent_id = %(id)s AND state NOT IN ('closed', 'cancelled')
          ORDER BY id) AS unfinished_children,
    (SELECT parent.state FROM work_order o JOIN work_order parent ON parent.id = o.parent_id
     WHERE o.id = %(id)s) AS parent_state,
    (SELECT number FROM work_order
     WHERE problem = %(problem)s AND id <> %(id)s
       AND state NOT IN ('completed', 'closed', 'cancelled')) AS other_order,
    EXISTS (SELECT FROM failure_report WHERE work_order_id = %(id)s) AS failure_reported,
    ARRAY(SELECT DISTINCT person FROM labour_entry
          WHERE work_order_id = %(id)s AND reversed_at IS NULL AND reverses_id IS NULL
         ) || ARRAY(SELECT completed_by FROM work_order
                    WHERE id = %(id)s AND completed_by IS NOT NULL) AS performers
"""


async def read_readiness(
    connection: Connection,
    order: WorkOrder,
    *,
    now: datetime,
    elsewhere: Mapping[Action, tuple[Lack, ...]],
) -> Readiness:
    """What guards ask about an order as of now; `elsewhere` is what other rooms miss."""
    given = {"id": order.id, "site": order.site, "problem": order.problem, "now": now}
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(READINESS, given)
        row = await cursor.fetchone()
    assert row is not None, "a query without FROM has one row"  # noqa: S101 - SQL says so
    return _of_row(row, now=now, elsewhere=elsewhere)


def _of_row(
    row: dict[str, Any], *, now: datetime, elsewhere: Mapping[Action, tuple[Lack, ...]]
) -> Readiness:
    plain = {
        name: tuple(row[name])
        for name in (
            "running_timers",
            "permits_to_issue",
            "permits_expired",
            "permits_lapsed",
            "permits_open",
            "isolations_to_verify",
            "isolations_in_place",
            "unfinished_children",
        )
    }
    return Readiness(
        now=now,
        policy=policy_of_json(row["policy"]),
        parent_state=State(row["parent_state"]) if row["parent_state"] else None,
        other_order=row["other_order"],
        failure_reported=row["failure_reported"],
        performers=frozenset(row["performers"]),
        elsewhere=elsewhere,
        **plain,
    )
