"""What plans have ahead of them, worked out anew: slots, forecasts, links of chains, projections.

A group of plans is one transaction, and a second one changes nothing: what is there is compared
with what should be there, and what was decided stays. Two processes take different plans; should
they take the same one after another, or should one end anywhere, nothing is doubled or lost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.plans.advance import Link, advance_links
from maintenance.plans.chain import meter_due, multiple_after
from maintenance.plans.chain_store import chains_of
from maintenance.plans.file import PlanShape
from maintenance.plans.generation_store import (
    Member,
    Taken,
    find_members,
    keep_members,
    mark_generated,
    take_plans,
)
from maintenance.plans.meter_forecast import forecast_due
from maintenance.plans.nesting_store import suppress
from maintenance.plans.occurrence_store import (
    ForecastRow,
    SlotRow,
    delete_other_kinds,
    delete_stale_rows,
    keep_rows,
    keep_slots,
    known_targets,
)
from maintenance.plans.plan import MaintenancePlan, MeterTrigger, TimeTrigger
from maintenance.plans.recurrence import parse
from maintenance.plans.slots import SiteTime, fixed_slots
from maintenance.plans.usage import Meters, present_of, usage_of
from maintenance.plans.work_days import work_days_of

GROUP = 100
"""Plans in one transaction."""

EVERY = timedelta(hours=20)
"""A plan is generated at least once a night."""

SiteCalendar = tuple[str, str | None]
"""Code of a site, and of the calendar that a plan names."""

_AROUND = timedelta(days=40)
_MOST_COUNTS = 1_000


@dataclass(slots=True)
class Generated:
    """What a generation went through."""

    plans: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Group:
    """Plans that are generated together, with all that they need."""

    taken: Sequence[Taken]
    plans: Mapping[int, MaintenancePlan]
    members: Sequence[Member]
    sites: Mapping[SiteCalendar, SiteTime]
    now: datetime
    horizon: timedelta | None

    def until(self, plan: MaintenancePlan) -> datetime:
        """How far a plan is planned."""
        return self.now + (self.horizon or timedelta(days=plan.horizon_days))

    def pairs(self, kind: "_Kind") -> Iterator[tuple[Taken, MaintenancePlan, Member]]:
        """The plans of a kind with each of their assets."""
        taken = {each.id: each for each in self.taken}
        for member in self.members:
            plan = self.plans[member.plan_id]
            if _kind(plan) == kind:
                yield taken[member.plan_id], plan, member

    def of_kind(self, kind: "_Kind") -> list[int]:
        """Ids of the plans of a kind."""
        return [number for number, plan in self.plans.items() if _kind(plan) == kind]


_Kind = str


def _kind(plan: MaintenancePlan) -> _Kind:
    """How the keys of a plan's occurrences begin."""
    if plan.is_chain:
        return "after"
    if isinstance(plan.triggers[0], TimeTrigger):
        return "t"
    return "m" if isinstance(plan.triggers[0], MeterTrigger) else "c"


async def generate(
    connection: Connection,
    *,
    clock: ClockUs = now_us,
    ids: Sequence[int] | None = None,
    horizon: timedelta | None = None,
    most: int | None = None,
) -> Generated:
    """Generate the plans whose turn it is, or (by id) those that are named; in autocommit mode.

    `horizon` takes the place of the plans' own; after `most` plans, others have their turn.
    """
    now, done, after = from_us(clock()), Generated(), 0
    numbers = list[int]()
    while True:
        async with connection.transaction():
            taken = await take_plans(
                connection,
                after=after,
                before=now - EVERY,
                ids=ids,
                limit=GROUP,
            )
            if taken:
                done.troubles |= await _generate(connection, taken, now=now, horizon=horizon)
        done.plans += len(taken)
        numbers += [each.id for each in taken]
        if not taken or (most is not None and done.plans >= most):
            break
        after = taken[-1].id
    if numbers:
        async with connection.transaction():
            await suppress(connection, numbers)
    return done


async def _generate(
    connection: Connection,
    taken: Sequence[Taken],
    *,
    now: datetime,
    horizon: timedelta | None,
) -> dict[str, str]:
    """Generate held plans; gives what could not be done, by code."""
    plans = {each.id: PlanShape.model_validate(each.definition).plan() for each in taken}
    selections = {number: plan.applies_to for number, plan in plans.items()}
    members = await find_members(connection, selections)
    await keep_members(connection, list(plans), members)
    sites = await site_times(connection, plans, members, taken=taken, now=now)
    group = _Group(taken, plans, members, sites, now, horizon)
    await delete_other_kinds(
        connection, taken, {number: _kind(plan) for number, plan in plans.items()}
    )
    await _by_calendar(connection, group)
    meters = await usage_of(connection, _wanted(group), at=now)
    await _by_count(connection, group, meters)
    await _in_chains(connection, group, meters)
    troubles = _troubles(group, meters)
    await mark_generated(
        connection, {each.id: troubles.get(each.code, "") for each in taken}, at=now
    )
    return troubles


async def advance(
    connection: Connection, pairs: Sequence[tuple[int, int]], *, now: datetime
) -> None:
    """Make or move the next link of chains (plan, asset), in the caller's transaction."""
    chains = await chains_of(connection, pairs)
    if not chains:
        return
    taken = {plan.id: plan for plan, _ in chains}
    plans = {
        number: PlanShape.model_validate(each.definition).plan() for number, each in taken.items()
    }
    members = [member for _, member in chains]
    sites = await site_times(connection, plans, members, taken=list(taken.values()), now=now)
    group = _Group(list(taken.values()), plans, members, sites, now, None)
    meters = await present_of(connection, _wanted(group), at=now)
    await advance_links(connection, _links(group), meters, now=now)


async def site_times(
    connection: Connection,
    plans: Mapping[int, MaintenancePlan],
    members: Sequence[Member],
    *,
    taken: Sequence[Taken],
    now: datetime,
) -> dict[SiteCalendar, SiteTime]:
    """Time zone and working days for each site and calendar that the plans go by."""
    zones = {
        (member.site, plans[member.plan_id].calendar): ZoneInfo(member.time_zone)
        for member in members
    }
    furthest = max((plan.horizon_days for plan in plans.values()), default=0)
    first = min((each.since for each in taken), default=now) - _AROUND
    last = now + timedelta(days=furthest) + _AROUND
    calendars = [calendar for _, calendar in zones]
    days = await work_days_of(connection, calendars, first=min(first, now), last=last)
    return {each: SiteTime(zone, days[each[1]]) for each, zone in zones.items()}


async def _by_calendar(connection: Connection, group: _Group) -> None:
    """Expand each rule once for each site, and bring the occurrences in line."""
    wanted = {
        (taken.id, member.site_id): (taken, plan, member)
        for taken, plan, member in group.pairs("t")
    }
    slots = [row for each in wanted.values() for row in _slots(group, *each)]
    since = {each.id: each.since for each in group.taken if each.id in set(group.of_kind("t"))}
    await keep_slots(connection, since, slots)


def _slots(group: _Group, taken: Taken, plan: MaintenancePlan, member: Member) -> Iterator[SlotRow]:
    trigger = plan.triggers[0]
    assert isinstance(trigger, TimeTrigger)  # noqa: S101 - a plan of this kind has no other
    site = group.sites[member.site, plan.calendar]
    rule = parse(trigger.rule, trigger.start)
    for slot in fixed_slots(trigger, rule, site, first=taken.since, last=group.until(plan)):
        yield SlotRow(taken.id, member.site_id, slot.key, slot.nominal_at, slot.due_at, slot.reason)


def _wanted(group: _Group) -> set[tuple[int, str]]:
    """The meters that the plans go by."""
    return {
        (member.asset_id, trigger.meter)
        for member in group.members
        for trigger in group.plans[member.plan_id].triggers
        if isinstance(trigger, MeterTrigger)
    }


async def _by_count(connection: Connection, group: _Group, meters: Meters) -> None:
    """Make the counts up to the horizon, at least the next one, with their forecasts."""
    plans = group.of_kind("m")
    known = await known_targets(connection, plans)
    rows = [
        row
        for taken, plan, member in group.pairs("m")
        for row in _counts(group, plan, member, meters, known.get((taken.id, member.asset_id)))
    ]
    await delete_stale_rows(connection, plans, rows)
    await keep_rows(connection, rows)


def _counts(
    group: _Group,
    plan: MaintenancePlan,
    member: Member,
    meters: Meters,
    known: tuple[float | None, float | None] | None,
) -> Iterator[ForecastRow]:
    trigger = plan.triggers[0]
    assert isinstance(trigger, MeterTrigger)  # noqa: S101 - a plan of this kind has no other
    usage = meters.usage.get((member.asset_id, trigger.meter))
    if usage is None or usage.life_to_date is None:
        return
    target = multiple_after(trigger, _beginning(trigger, usage.life_to_date, known))
    for _ in range(_MOST_COUNTS):
        found = forecast_due(target - usage.life_to_date, usage.daily, usage.at)
        due = meter_due(trigger, target, usage, found)
        yield ForecastRow(
            member.plan_id,
            member.asset_id,
            f"m:{target:.12g}",
            due.at,
            due.p10,
            due.p90,
            due.because,
            target,
        )
        if due.at is None or due.at >= group.until(plan):
            return
        target = multiple_after(trigger, target)


def _beginning(
    trigger: MeterTrigger, life: float, known: tuple[float | None, float | None] | None
) -> float:
    """The count behind which the next one lies: what is overdue is not forgotten."""
    decided, ahead = known or (None, None)
    if decided is not None:
        return decided
    return life if ahead is None else min(life, ahead - trigger.every / 2)


async def _in_chains(connection: Connection, group: _Group, meters: Meters) -> None:
    rows = await advance_links(connection, _links(group), meters, now=group.now)
    await delete_stale_rows(connection, group.of_kind("after"), rows)


def _links(group: _Group) -> list[Link]:
    return [
        Link(
            taken.id,
            member.asset_id,
            plan,
            group.sites[member.site, plan.calendar],
            taken.effective_at,
            group.until(plan),
        )
        for taken, plan, member in group.pairs("after")
    ]


def _troubles(group: _Group, meters: Meters) -> dict[str, str]:
    """What keeps plans from being due on assets of theirs."""
    found: dict[str, list[str]] = {}
    for member in group.members:
        plan = group.plans[member.plan_id]
        for trigger in plan.triggers:
            if isinstance(trigger, MeterTrigger) and (
                (member.asset_id, trigger.meter) in meters.missing
            ):
                found.setdefault(plan.code, []).append(f"{member.tag} has no {trigger.meter}")
    empty = set(group.plans) - {member.plan_id for member in group.members}
    troubles = {code: _some(said) for code, said in found.items()}
    return troubles | {group.plans[number].code: "it has no assets" for number in empty}


def _some(said: Iterable[str]) -> str:
    """The first few of many."""
    listed = list(said)
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return "; ".join(listed[:5]) + more
