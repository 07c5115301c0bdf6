"""Reads of service levels: agreements, what orders are under, and which orders run out of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from config.database import Connection, fetch_dicts
from maintenance.calendars.kept import Kept, KeptIn
from maintenance.sla.agreement import Agreement, ClockKind, Facts
from maintenance.sla.clock import Change
from maintenance.sla.form import agreement_from_json

Row = Mapping[str, Any]

AGREEMENTS: Final[LiteralString] = """
SELECT agreement.id, newest.version, newest.definition, agreement.kept_in,
       agreement.retired_at IS NOT NULL AS retired
FROM sla_agreement agreement
JOIN LATERAL (
    SELECT version, definition FROM sla_agreement_version WHERE agreement_id = agreement.id
    ORDER BY version DESC LIMIT 1
) newest ON true
ORDER BY agreement.code
"""

FACTS: Final[LiteralString] = """
SELECT o.type, o.priority, site.code AS site, class.code AS asset_class, o.version, o.state,
       o.number, o.title, asset.tag AS asset
FROM work_order o
JOIN asset ON asset.id = o.asset_id
JOIN asset_class class ON class.id = asset.class_id
JOIN site ON site.id = o.site_id
WHERE o.id = %(id)s
"""

BINDING: Final[LiteralString] = """
SELECT bound.agreement_id, bound.agreement_version AS version, one.definition, bound.reason,
       bound.facts
FROM sla_order bound
LEFT JOIN sla_agreement_version one
  ON one.agreement_id = bound.agreement_id AND one.version = bound.agreement_version
WHERE bound.work_order_id = %(id)s
"""

# A row for each change of state; of a hold with its reason, and whether that was marked as a pause.
STATES: Final[LiteralString] = """
SELECT at, to_state AS state,
       CASE WHEN to_state = 'on_hold' THEN coalesce(details ->> 'hold_reason', reason) END
           AS hold_reason,
       coalesce((details ->> 'pauses_sla')::boolean, false) AS pauses
FROM work_order_change
WHERE work_order_id = %(id)s AND (from_state IS NULL OR from_state <> to_state)
ORDER BY version
"""

BINDINGS: Final[LiteralString] = """
SELECT agreement.code AS agreement, one.agreement_version AS version, one.reason, one.actor, one.at
FROM sla_binding one LEFT JOIN sla_agreement agreement ON agreement.id = one.agreement_id
WHERE one.work_order_id = %(id)s ORDER BY one.id
"""

NOTICES: Final[LiteralString] = """
SELECT kind, step, notify, due, at FROM sla_notice WHERE work_order_id = %(id)s ORDER BY at, step
"""

# Running clocks past their first warning, the one that runs out first at the top.
AT_RISK: Final[LiteralString] = """
SELECT clock.work_order_id AS id, o.number, o.title, asset.tag AS asset, site.code AS site,
       o.priority, o.state, o.assignee, clock.kind, clock.due_at, clock.breached_at
FROM sla_clock clock
JOIN work_order o ON o.id = clock.work_order_id
JOIN asset ON asset.id = o.asset_id
JOIN site ON site.id = o.site_id
WHERE clock.phase = 'running' AND clock.warn_at <= %(now)s AND clock.due_at IS NOT NULL
  AND (%(site)s::text IS NULL OR site.code = %(site)s)
  AND (%(due_at)s::timestamptz IS NULL
       OR (clock.due_at, clock.work_order_id, clock.kind)
          > (%(due_at)s, %(id)s::bigint, %(kind)s::text))
ORDER BY clock.due_at, clock.work_order_id, clock.kind
LIMIT %(limit)s
"""

COUNT_AT_RISK: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE breached_at IS NULL AND due_at > %(now)s) AS warned,
       count(*) FILTER (WHERE breached_at IS NOT NULL OR due_at <= %(now)s) AS breached
FROM sla_clock WHERE phase = 'running' AND warn_at <= %(now)s
"""


@dataclass(frozen=True, slots=True)
class Version:
    """An agreement with its version's key."""

    agreement_id: int
    version: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is known of an order, its state as text."""

    facts: Facts
    version: int
    state: str
    number: str
    title: str
    asset: str


@dataclass(frozen=True, slots=True)
class Binding:
    """What an order is under (None: no agreement fitted), why, and what decided then."""

    version: Version | None
    reason: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A running clock that has warned, with its order."""

    id: int
    number: str
    title: str
    asset: str
    site: str
    priority: int
    state: str
    assignee: str | None
    kind: ClockKind
    due_at: datetime
    breached_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A step that was told: when it came due, and when it was told."""

    kind: ClockKind
    step: str
    notify: tuple[str, ...]
    due: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class PastBinding:
    """An agreement (None: none) that an order was put under."""

    agreement: str | None
    version: int | None
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CurrentAgreement:
    """An agreement in force, where it is kept, and its version."""

    agreement: Agreement
    kept_in: KeptIn
    version: int


async def agreements_in_force(connection: Connection) -> list[Version]:
    """The newest version of every agreement that is not retired, by code."""
    return [
        Version(row["id"], row["version"], agreement_from_json(row["definition"]))
        for row in await fetch_dicts(connection, AGREEMENTS, {})
        if not row["retired"]
    ]


async def list_agreements(connection: Connection) -> list[CurrentAgreement]:
    """Every agreement in force, by code."""
    return [
        CurrentAgreement(
            agreement_from_json(row["definition"]), KeptIn(row["kept_in"]), row["version"]
        )
        for row in await fetch_dicts(connection, AGREEMENTS, {})
        if not row["retired"]
    ]


async def stored_agreements(connection: Connection) -> dict[str, Kept[Agreement]]:
    """Every agreement by code, the retired ones too."""
    found: dict[str, Kept[Agreement]] = {}
    for row in await fetch_dicts(connection, AGREEMENTS, {}):
        agreement = agreement_from_json(row["definition"])
        found[agreement.code] = Kept(
            agreement, KeptIn(row["kept_in"]), row["retired"], row["version"]
        )
    return found


async def facts_of(connection: Connection, order_id: int) -> OrderFacts:
    """What decides about an order that is there."""
    [row] = await fetch_dicts(connection, FACTS, {"id": order_id})
    facts = Facts(row["type"], row["priority"], row["site"], row["asset_class"])
    rest = (row[name] for name in ("version", "state", "number", "title", "asset"))
    return OrderFacts(facts, *rest)


async def binding_of(connection: Connection, order_id: int) -> Binding | None:
    """What an order is under; None: it was never looked at."""
    rows = await fetch_dicts(connection, BINDING, {"id": order_id})
    if not rows:
        return None
    row = rows[0]
    version = None
    if row["agreement_id"] is not None:
        agreement = agreement_from_json(row["definition"])
        version = Version(row["agreement_id"], row["version"], agreement)
    return Binding(version, row["reason"], Facts(**row["facts"]))


async def state_changes(connection: Connection, order_id: int) -> list[Change]:
    """The states that an order came to, oldest first."""
    return [Change(**row) for row in await fetch_dicts(connection, STATES, {"id": order_id})]


async def bindings_of(connection: Connection, order_id: int) -> list[PastBinding]:
    """Every agreement that an order was put under, oldest first."""
    return [PastBinding(**row) for row in await fetch_dicts(connection, BINDINGS, {"id": order_id})]


async def notices_of(connection: Connection, order_id: int) -> list[Notice]:
    """What was told of an order's clocks, oldest first."""
    rows = await fetch_dicts(connection, NOTICES, {"id": order_id})
    return [
        Notice(ClockKind(row["kind"]), row["step"], tuple(row["notify"]), row["due"], row["at"])
        for row in rows
    ]


async def orders_at_risk(
    connection: Connection,
    *,
    now: datetime,
    site: str | None = None,
    after: tuple[datetime, int, str] | None = None,
    limit: int = 50,
) -> list[AtRisk]:
    """Running clocks past their first warning, the one that runs out first at the top.

    `after` is due moment, order id and kind of the last one that the caller has.
    """
    due_at, order_id, kind = after or (None, None, None)
    given = {"now": now, "site": site, "due_at": due_at, "id": order_id, "kind": kind}
    rows = await fetch_dicts(connection, AT_RISK, {**given, "limit": limit})
    return [AtRisk(**{**row, "kind": ClockKind(row["kind"])}) for row in rows]


async def count_at_risk(connection: Connection, *, now: datetime) -> tuple[int, int]:
    """How many running clocks have warned, and how many are past their target."""
    [row] = await fetch_dicts(connection, COUNT_AT_RISK, {"now": now})
    return row["warned"], row["breached"]
