"""Reads of costs: of one order, and rolled up. Amounts are minor units of the plant's currency.

A cost belongs to the asset and the site of its order, as they were when the order was made. A
subtree is the tree as it stands now, over all of its history: what an asset cost moves with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.costs.cost import Costs, Replacement, repair_or_replace

ENTRIES_OF_ORDER: Final[LiteralString] = """
SELECT cost.kind, cost.booked_in, cost.entry_id, cost.amount_minor, cost.at, cost.actor,
       CASE cost.booked_in
           WHEN 'stock_ledger' THEN (
               SELECT l.kind || ' ' || trim_scale(abs(l.quantity)) || ' ' || part.unit || ' '
                      || part.code
               FROM stock_ledger l JOIN part_stock s ON s.id = l.part_stock_id
               JOIN part ON part.id = s.part_id WHERE l.id = cost.entry_id)
           WHEN 'service_entry' THEN (
               SELECT vendor.code || ': ' || w.description
               FROM service_entry e JOIN external_work w ON w.id = e.external_work_id
               JOIN vendor ON vendor.id = w.vendor_id WHERE e.id = cost.entry_id)
           ELSE (SELECT description FROM cost_entry WHERE id = cost.entry_id)
       END AS description
FROM order_cost cost
WHERE cost.work_order_id = %(order_id)s
ORDER BY cost.at, cost.booked_in, cost.entry_id
"""

_sums: Final[LiteralString] = """
       coalesce(sum(cost.amount_minor) FILTER (WHERE cost.kind = 'labour'), 0)::bigint AS labour,
       coalesce(sum(cost.amount_minor) FILTER (WHERE cost.kind = 'material'), 0)::bigint AS material,
       coalesce(sum(cost.amount_minor) FILTER (WHERE cost.kind = 'service'), 0)::bigint AS service,
       coalesce(sum(cost.amount_minor) FILTER (WHERE cost.kind = 'other'), 0)::bigint AS other,
       count(DISTINCT cost.work_order_id) AS orders
FROM order_cost cost
JOIN work_order o ON o.id = cost.work_order_id
JOIN asset ON asset.id = o.asset_id
JOIN asset_class class ON class.id = asset.class_id
JOIN site ON site.id = o.site_id
"""

_where: Final[LiteralString] = """
WHERE cost.at >= %(since)s AND cost.at < %(until)s
  AND (%(site)s::text IS NULL OR site.code = %(site)s)
  AND (%(asset_class)s::text IS NULL OR class.code = %(asset_class)s)
  AND (%(asset)s::text IS NULL OR asset.id IN (SELECT id FROM below))
"""

# UNION, not UNION ALL: it would end even if the register had a ring.
_below: Final[LiteralString] = """
WITH RECURSIVE below AS (
    SELECT id FROM asset WHERE tag = %(asset)s
    UNION
    SELECT child.id FROM asset child JOIN below ON child.parent_id = below.id
)
"""

BY_ASSET: Final[LiteralString] = (
    _below
    + "SELECT asset.tag AS key, asset.name AS name,"
    + _sums
    + _where
    + " GROUP BY asset.tag, asset.name ORDER BY sum(cost.amount_minor) DESC, asset.tag"
)

BY_CLASS: Final[LiteralString] = (
    _below
    + "SELECT class.code AS key, class.name AS name,"
    + _sums
    + _where
    + " GROUP BY class.code, class.name ORDER BY sum(cost.amount_minor) DESC, class.code"
)

BY_SITE: Final[LiteralString] = (
    _below
    + "SELECT site.code AS key, site.name AS name,"
    + _sums
    + _where
    + " GROUP BY site.code, site.name ORDER BY sum(cost.amount_minor) DESC, site.code"
)

BY_MONTH: Final[LiteralString] = (
    _below
    + "SELECT to_char(cost.at AT TIME ZONE site.time_zone, 'YYYY-MM') AS key, '' AS name,"
    + _sums
    + _where
    + " GROUP BY 1 ORDER BY 1"
)

IN_ALL: Final[LiteralString] = _below + "SELECT '' AS key, '' AS name," + _sums + _where

# From the orders, each with its few costs: a filter of the time alone would read those of all the plant.
SPENT_BELOW: Final[LiteralString] = (
    _below  # noqa: S608 - two literals, joined
    + """
SELECT coalesce(sum(cost.amount_minor), 0)::bigint AS spent_minor
FROM work_order o
CROSS JOIN LATERAL (
    SELECT one.amount_minor FROM order_cost one
    WHERE one.work_order_id = o.id AND one.at >= %(since)s AND one.at < %(until)s
    OFFSET 0
) AS cost
WHERE o.asset_id = ANY (ARRAY(SELECT id FROM below))
"""
)

REPLACEMENT: Final[LiteralString] = """
SELECT asset.tag, (
    SELECT amount_minor FROM replacement_value WHERE asset_id = asset.id
) AS replacement_minor
FROM asset WHERE asset.tag = %(asset)s
"""


class RollUp(StrEnum):
    """What costs are added up by."""

    ASSET = "asset"
    ASSET_CLASS = "asset_class"
    SITE = "site"
    MONTH = "month"
    """Of the site's time zone."""


@dataclass(frozen=True, slots=True)
class CostEntry:
    """One entry of an order's costs, wherever it is booked; it never changes."""

    kind: str
    booked_in: str
    entry_id: int
    amount_minor: int
    at: datetime
    actor: str
    description: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """Costs of one asset, class, site or month, and how many orders they come from."""

    key: str
    name: str
    costs: Costs
    orders: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which costs to add up: booked from `since` up to `until`; `asset` with all below it now."""

    since: datetime
    until: datetime
    site: str | None = None
    asset_class: str | None = None
    asset: str | None = None


async def entries_of_order(connection: Connection, order_id: int) -> list[CostEntry]:
    """Every entry of an order's costs, oldest first."""
    rows = await fetch_dicts(connection, ENTRIES_OF_ORDER, {"order_id": order_id})
    return [CostEntry(**row) for row in rows]


def total(entries: list[CostEntry]) -> Costs:
    """The entries added up by kind."""
    sums: dict[str, int] = dict.fromkeys(("labour", "material", "service", "other"), 0)
    for entry in entries:
        sums[entry.kind] += entry.amount_minor
    return Costs(sums["labour"], sums["material"], sums["service"], sums["other"])


async def roll_up(connection: Connection, by: RollUp, scope: Scope) -> list[CostRow]:
    """Costs in a scope, the largest first; months in their order."""
    statements: Mapping[RollUp, LiteralString] = {
        RollUp.ASSET: BY_ASSET,
        RollUp.ASSET_CLASS: BY_CLASS,
        RollUp.SITE: BY_SITE,
        RollUp.MONTH: BY_MONTH,
    }
    return [_cost_row(row) for row in await fetch_dicts(connection, statements[by], _given(scope))]


async def in_all(connection: Connection, scope: Scope) -> CostRow:
    """Everything in a scope."""
    return _cost_row((await fetch_dicts(connection, IN_ALL, _given(scope)))[0])


async def replacement_hint(
    connection: Connection, asset: str, *, until: datetime, years: int
) -> Replacement | None:
    """Whether a repair is still worth it, by what the asset and all below it cost; None: no asset."""
    rows = await fetch_dicts(connection, REPLACEMENT, {"asset": asset})
    if not rows:
        return None
    try:
        since = until.replace(year=until.year - years)
    except ValueError:
        since = until.replace(year=until.year - years, day=28)
    [spent] = await fetch_dicts(
        connection, SPENT_BELOW, {"asset": asset, "since": since, "until": until}
    )
    return repair_or_replace(spent["spent_minor"], rows[0]["replacement_minor"], years=years)


def _given(scope: Scope) -> dict[str, Any]:
    return {
        "since": scope.since,
        "until": scope.until,
        "site": scope.site,
        "asset_class": scope.asset_class,
        "asset": scope.asset,
    }


def _cost_row(row: Mapping[str, Any]) -> CostRow:
    costs = Costs(row["labour"], row["material"], row["service"], row["other"])
    return CostRow(row["key"], row["name"], costs, row["orders"])
