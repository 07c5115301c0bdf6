"""Commands of assignment: one function, one transaction (in a caller's: a savepoint of it)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference
from maintenance.assignment import queries, store
from maintenance.assignment.choice import Decision, decide
from maintenance.assignment.rule import Rule, fitting
from maintenance.calendars import kept
from maintenance.calendars.kept import Kept
from maintenance.errors import NotFound, ScheduleFrozen
from maintenance.orders import store as orders
from maintenance.orders.work_order import WorkOrder
from maintenance.people.queries import holder_of_code
from maintenance.register.queries import list_sites

BY_RULE = "assignment"
"""Who the audit trail says it was where a rule decided."""

_TOKEN_BYTES = 24


async def apply_assignment_rules(
    connection: Connection, wanted: Sequence[Rule], *, clock: ClockUs = now_us
) -> Difference[Rule]:
    """Bring the rules that files keep in line with them."""
    by_code = {rule.code: rule for rule in wanted}
    return await kept.apply_files(connection, _SHELF, by_code, at=from_us(clock()))


async def save_rule(
    connection: Connection,
    rule: Rule,
    *,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make or change a rule.

    Raises `NotFound` for somebody who is not there, `KeptInFiles`, `StaleVersion`.
    """
    for code in (*rule.candidates, *filter(None, [rule.otherwise])):
        await existing_holder(connection, code)
    await kept.save(
        connection,
        _SHELF,
        rule.code,
        rule,
        expected_version=expected_version,
        at=from_us(clock()),
    )


async def retire_rule(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let a rule no longer decide. Raises `NotFound`, `KeptInFiles`."""
    await kept.retire(connection, _SHELF, code, at=from_us(clock()))


async def prepare_assignment(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """Give a new order to whom the rules choose, with the reason in its audit trail.

    An order that has somebody keeps them; where there are no rules nothing is written.
    """
    if order.assignee is None:
        await assign_by_rule(connection, order, at=at)


async def assign_by_rule(
    connection: Connection, order: WorkOrder, *, at: datetime
) -> Decision | None:
    """Give an order to whom the rules choose now; None: that is not for the rules to decide.

    What a person decided stands: rules never take an order from whom a person gave it to.
    """
    rules = [each.rule for each in await queries.list_rules(connection)]
    if not rules or not order.is_open:
        return None
    async with connection.transaction():
        if await queries.last_assigned_by(connection, order.id) not in (None, BY_RULE):
            return None
        decision = await decide_for(connection, order.id, rules, at=at)
        version = None
        if decision.assignee is not None and decision.assignee != order.assignee:
            version = await _assign(connection, order, decision, at)
            if version is None:
                return None
        await store.insert_decision(
            connection, order.id, decision, version=version, actor=BY_RULE, at=at
        )
        return decision


async def suggest(connection: Connection, order: WorkOrder, *, at: datetime) -> Decision:
    """Whom the rules would choose now, and why; nothing is written."""
    rules = [each.rule for each in await queries.list_rules(connection)]
    return await decide_for(connection, order.id, rules, at=at)


async def decide_for(
    connection: Connection, order_id: int, rules: Sequence[Rule], *, at: datetime
) -> Decision:
    """Whom these rules choose for an order."""
    job = await queries.job_of(connection, order_id, at)
    named = fitting(rules, job)
    crew = await queries.crew(connection, at=job.at, rules=named, site=job.site, without=order_id)
    return decide(named, crew, job)


async def existing_holder(connection: Connection, code: str) -> str:
    """What has a code: `person`, `vendor` or `team`. Raises `NotFound`."""
    holder = await holder_of_code(connection, code)
    if holder is None:
        raise NotFound("person, team or vendor", code)
    return holder


async def freeze_week(
    connection: Connection, site: str, monday: date, *, actor: str, clock: ClockUs = now_us
) -> int:
    """Keep a week's schedule as it stands, for ever; gives how many orders it has.

    Raises `NotFound` for the site, `ScheduleFrozen` where the week was frozen before.
    """
    week = await week_of(connection, site, monday)
    async with connection.transaction():
        count = await store.freeze_week(connection, week, actor=actor, at=from_us(clock()))
        if count is None:
            raise ScheduleFrozen(site, week.monday)
        return count


async def week_of(connection: Connection, site: str, day: date) -> store.Week:
    """The week of a day, by the clock of a site. Raises `NotFound`."""
    zones = {each.code: each.time_zone for each in await list_sites(connection)}
    if site not in zones:
        raise NotFound("site", site)
    monday = day - timedelta(days=day.weekday())
    zone = ZoneInfo(zones[site])
    starts, ends = (
        datetime(each.year, each.month, each.day, tzinfo=zone)
        for each in (monday, monday + timedelta(days=7))
    )
    return store.Week(site, monday, starts, ends)


async def open_feed(
    connection: Connection, holder: str, *, actor: str, clock: ClockUs = now_us
) -> str:
    """A secret word that leads calendar programs to somebody's work; it is told once.

    Raises `NotFound`.
    """
    await existing_holder(connection, holder)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    async with connection.transaction():
        await store.insert_feed(
            connection, holder, token_hash(token), actor=actor, at=from_us(clock())
        )
    return token


async def close_feeds(connection: Connection, holder: str, *, clock: ClockUs = now_us) -> int:
    """Let every such word of somebody lead nowhere; gives how many there were."""
    async with connection.transaction():
        return await store.revoke_feeds(connection, holder, at=from_us(clock()))


def token_hash(token: str) -> bytes:
    """What is kept of a word: it is long and random, so that a plain hash hides it."""
    return hashlib.sha256(token.encode()).digest()


async def _assign(
    connection: Connection, order: WorkOrder, decision: Decision, at: datetime
) -> int | None:
    version = await orders.assign(connection, order, decision.assignee, at=at)
    if version is None:
        return None
    details = {"from": order.assignee, "to": decision.assignee, "rule": decision.rule}
    change = orders.Record(
        order_id=order.id,
        number=order.number,
        version=version,
        action="assign",
        from_state=order.state,
        to_state=order.state,
        actor=BY_RULE,
        at=at,
        reason=decision.explanation,
        details=details,
    )
    await orders.record(connection, change)
    return version


async def _held(connection: Connection) -> dict[str, Kept[Rule]]:
    await store.hold_rules(connection)
    return await queries.stored_rules(connection)


_SHELF = kept.Shelf("assignment rule", _held, store.write_rule, store.retire_rules)
