"""The next link of chains: made once what it follows from is closed, and moved until it is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from config.database import Connection
from maintenance.plans.chain import (
    Closed,
    Raised,
    Surroundings,
    key_after,
    next_due,
    projected,
)
from maintenance.plans.chain_store import ProjectionRow, chain_ends, events_since, keep_projections
from maintenance.plans.occurrence_store import ForecastRow, keep_rows
from maintenance.plans.plan import (
    ConditionTrigger,
    MaintenancePlan,
    MeterTrigger,
    OccurrenceState,
)
from maintenance.plans.slots import SiteTime
from maintenance.plans.usage import AssetMeter, Meters, count_at

Pair = tuple[int, int]
"""Ids of a plan and of an asset."""


@dataclass(frozen=True, slots=True)
class Link:
    """A chain: the plan on one asset, and how far it is planned."""

    plan_id: int
    asset_id: int
    plan: MaintenancePlan
    site: SiteTime
    effective_at: datetime
    until: datetime

    @property
    def pair(self) -> Pair:
        """What it is the chain of."""
        return self.plan_id, self.asset_id


async def advance_links(
    connection: Connection, links: Sequence[Link], meters: Meters, *, now: datetime
) -> list[ForecastRow]:
    """Make or move what each chain has next, and what would come after; gives the former."""
    ends = await chain_ends(connection, [link.pair for link in links])
    raised = await _raised(connection, links, ends)
    began = await _began(connection, links, ends)
    rows: list[ForecastRow] = []
    projections: list[ProjectionRow] = []
    for link in links:
        end = ends.get(link.pair)
        around = Surroundings(link.site, meters.of(link.asset_id), raised.get(link.asset_id, ()))
        closed, key, after_id = _place(link, end, began)
        if end is not None and end["state"] == OccurrenceState.RELEASED:
            projections += _after_open(link, end, around, now)
            continue
        row, ahead = _link(link, closed, around, key=key, after_id=after_id)
        rows += [row] if row else []
        projections += ahead
    await keep_rows(connection, rows)
    await keep_projections(connection, [link.pair for link in links], projections)
    return rows


def _place(
    link: Link, end: Mapping[str, Any] | None, began: Mapping[AssetMeter, float | None]
) -> tuple[Closed, str, int | None]:
    """What the next occurrence follows from, its key, and the id of the one before."""
    if end is not None and end["decided_at"] is not None:
        return _closed(end), key_after(end["id"]), end["id"]
    if end is not None and end["after_id"] is not None:
        return _closed_before(end), end["slot_key"], end["after_id"]
    count = next(
        (
            began.get((link.asset_id, trigger.meter))
            for trigger in link.plan.triggers
            if isinstance(trigger, MeterTrigger)
        ),
        None,
    )
    # The count at which a chain began holds once it is written down.
    if end is not None and end["meter_target"] is not None:
        count = _count_behind(link.plan, end["meter_target"])
    return Closed(0, link.effective_at, count=count), key_after(None), None


def _count_behind(plan: MaintenancePlan, target: float) -> float | None:
    """The count that leads to a target which was found before."""
    return next(
        (target - each.every for each in plan.triggers if isinstance(each, MeterTrigger)), None
    )


def _closed(end: Mapping[str, Any]) -> Closed:
    at = end["done_at"] or end["due_at"] or end["decided_at"]
    return Closed(end["ordinal"], at, end["due_at"], end["done_count"], end["meter_target"])


def _closed_before(end: Mapping[str, Any]) -> Closed:
    at = end["before_done_at"] or end["before_due_at"] or end["before_decided_at"]
    return Closed(
        end["ordinal"] - 1, at, end["before_due_at"], end["before_count"], end["before_target"]
    )


def _link(
    link: Link, closed: Closed, around: Surroundings, *, key: str, after_id: int | None
) -> tuple[ForecastRow | None, list[ProjectionRow]]:
    due = next_due(link.plan, closed, around)
    if due is None:
        return None, []
    ordinal = closed.ordinal + 1
    row = ForecastRow(
        link.plan_id,
        link.asset_id,
        key,
        due.at,
        due.p10,
        due.p90,
        due.because,
        due.target,
        ordinal,
        after_id,
    )
    later = projected(link.plan, due, closed, around, last=link.until)
    ahead = [
        ProjectionRow(link.plan_id, link.asset_id, ordinal + number, at)
        for number, at in enumerate(later, start=1)
    ]
    return row, ahead


def _after_open(
    link: Link, end: Mapping[str, Any], around: Surroundings, now: datetime
) -> list[ProjectionRow]:
    """What would come if the work under way were done when it is due, or now where it is late."""
    done = max(end["due_at"] or now, now)
    closed = replace(_closed(end), at=done, target=end["meter_target"])
    due = next_due(link.plan, closed, replace(around, raised=()))
    if due is None or due.at is None or due.at >= link.until:
        return []
    later = projected(link.plan, due, closed, around, last=link.until)
    first = ProjectionRow(link.plan_id, link.asset_id, closed.ordinal + 1, due.at)
    return [
        first,
        *(
            ProjectionRow(link.plan_id, link.asset_id, closed.ordinal + 1 + number, at)
            for number, at in enumerate(later, start=1)
        ),
    ]


async def _raised(
    connection: Connection, links: Sequence[Link], ends: Mapping[Pair, Mapping[str, Any]]
) -> dict[int, list[Raised]]:
    """Events that the chains' conditions may be about, by asset."""
    rules = {
        trigger.rule
        for link in links
        for trigger in link.plan.triggers
        if isinstance(trigger, ConditionTrigger)
    }
    if not rules:
        return {}
    watched = [link for link in links if _has_condition(link.plan)]
    since = min(_since(link, ends.get(link.pair)) for link in watched)
    assets = sorted({link.asset_id for link in watched})
    found: dict[int, list[Raised]] = {}
    for row in await events_since(connection, assets, sorted(rules), since):
        event = Raised(row["id"], row["rule"], row["peak_severity"], row["raised_at"])
        found.setdefault(row["asset_id"], []).append(event)
    return found


def _has_condition(plan: MaintenancePlan) -> bool:
    return any(isinstance(trigger, ConditionTrigger) for trigger in plan.triggers)


def _since(link: Link, end: Mapping[str, Any] | None) -> datetime:
    return _place(link, end, {})[0].at


async def _began(
    connection: Connection, links: Sequence[Link], ends: Mapping[Pair, Mapping[str, Any]]
) -> dict[AssetMeter, float | None]:
    """Where the meters of new chains stood when their plans took effect."""
    found: dict[AssetMeter, float | None] = {}
    new = [link for link in links if _is_unknown(ends.get(link.pair))]
    by_moment: dict[datetime, list[AssetMeter]] = {}
    for link in new:
        for trigger in link.plan.triggers:
            if isinstance(trigger, MeterTrigger):
                meter = (link.asset_id, trigger.meter)
                by_moment.setdefault(link.effective_at, []).append(meter)
    for moment, meters in by_moment.items():
        found |= await count_at(connection, meters, moment)
    return found


def _is_unknown(end: Mapping[str, Any] | None) -> bool:
    """Whether a chain has no count yet to go on from."""
    return end is None or (
        end["slot_key"] == key_after(None)
        and end["decided_at"] is None
        and end["meter_target"] is None
    )
