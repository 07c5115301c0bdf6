"""Commands on alarms; each runs in the caller's transaction and writes its row of the audit trail.

What changes whether an event is annunciated ends in `settle`, which compares what silences each open
event with what is written on it. The clock does the same each second, so that nothing is told twice
and nothing is forgotten, however many processes look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from conditions import alarm_store
from conditions.alarm_life import silenced
from conditions.alarm_store import Change, NewShelf, Scope
from conditions.errors import (
    AlreadyOutOfService,
    AssetUnknown,
    EventClosed,
    NotInForce,
    NotShelved,
    ResetRefused,
    RuleUnknown,
    ShelfTooLong,
)
from conditions.event import ConditionEvent, EventState, Severity, Silence
from conditions.event_queries import get_event
from conditions.event_store import Held, hold_open, save_silence
from conditions.facts import load_facts
from conditions.silence import Alarm, Facts, Silences, silences_of
from conditions.suppression import Suppression
from config.database import Connection, fetch_one

LONGEST_SHELF: Mapping[Severity, timedelta] = MappingProxyType(
    {
        Severity.LOW: timedelta(days=7),
        Severity.MEDIUM: timedelta(days=7),
        Severity.HIGH: timedelta(days=1),
        Severity.CRITICAL: timedelta(hours=8),
    }
)
"""How long an event may be shelved at a time; ISA-18.2 wants a limit, the worse the tighter."""

_CLOCK = "conditions"

SELECT_ASSET_ID = "SELECT id FROM asset WHERE tag = %s AND retired_at IS NULL"

# By its full name, or where `by_id` by what stands behind the class. Codes of devices are not known
# before they come.
SELECT_RULE_KNOWN = """
SELECT starts_with(%(rule)s, 'alarm/') OR EXISTS (
    SELECT FROM rule_version
    WHERE rule = %(rule)s OR (%(by_id)s AND split_part(rule, '/', 2) = %(rule)s)
)
"""

SELECT_OPEN_ALARMS = """
SELECT id, key, asset_id, rule, silenced, silenced_why
FROM condition_event WHERE state = 'active' OR latched
"""


@dataclass(frozen=True, slots=True)
class Saying:
    """Who does something, and why."""

    by: str
    reason: str = ""


async def acknowledge(connection: Connection, event_id: int, said: Saying) -> None:
    """Note that a person has seen an event; the first one stays. Raises `EventNotFound`."""
    await get_event(connection, event_id)
    if scope := await alarm_store.acknowledge(connection, event_id, said.by):
        await _record(connection, "acknowledge", said, event_id=event_id, scope=scope)


async def reset(connection: Connection, event_id: int, said: Saying) -> None:
    """Close an event that returned to normal and is latched.

    Raises `EventNotFound`, `ResetRefused`.
    """
    event = await get_event(connection, event_id)
    if (scope := await alarm_store.reset(connection, event_id, said.by)) is None:
        raise ResetRefused(f"event {event_id} cannot be reset: {_why_not(event)}")
    await _record(connection, "reset", said, event_id=event_id, scope=scope)


async def shelve(
    connection: Connection,
    event_id: int,
    said: Saying,
    *,
    now: datetime,
    until: datetime | None = None,
    one_shot: bool = False,
) -> None:
    """Put an event aside: for a time with all that its rule raises on its asset, or this one alone.

    Without `until` as long as is allowed. Raises `EventNotFound`, `EventClosed`, `ShelfTooLong`.
    """
    event = await get_event(connection, event_id)
    if not event.open:
        raise EventClosed(f"event {event_id} has cleared: there is nothing to shelve")
    latest = now + LONGEST_SHELF[event.severity]
    end = until or latest
    if not now < end <= latest:
        hours = LONGEST_SHELF[event.severity] // timedelta(hours=1)
        raise ShelfTooLong(f"shelve a {event.severity.label} event for at most {hours} hours")
    before = await alarm_store.shelved_until(connection, event_id)
    shelf = NewShelf(event_id, end, one_shot, said.reason, said.by)
    await alarm_store.save_shelf(connection, shelf)
    change = Change(
        "shelve",
        said.by,
        said.reason,
        event_id,
        event.asset_id,
        event.rule,
        before={"shelved_until": before and before.isoformat()},
        after={"shelved_until": end.isoformat(), "one_shot": one_shot},
    )
    await alarm_store.record(connection, change)
    await settle(connection, now=now)


async def unshelve(connection: Connection, event_id: int, said: Saying, *, now: datetime) -> None:
    """Take an event from its shelf. Raises `EventNotFound`, `NotShelved`."""
    event = await get_event(connection, event_id)
    until = await alarm_store.end_shelf(connection, event_id, said.by)
    if until is None:
        raise NotShelved(f"event {event_id} is not shelved")
    change = Change(
        "unshelve",
        said.by,
        said.reason,
        event_id,
        event.asset_id,
        event.rule,
        before={"shelved_until": until.isoformat()},
        after={"shelved_until": None},
    )
    await alarm_store.record(connection, change)
    await settle(connection, now=now)


async def take_out_of_service(
    connection: Connection, asset: str, rule: str | None, said: Saying, *, now: datetime
) -> int:
    """Take the alarms of an asset and its parts out of service, or those of one rule on the asset.

    Gives the id by which they are returned. Raises `AssetUnknown`, `RuleUnknown`,
    `AlreadyOutOfService`.
    """
    asset_id = await _asset_id(connection, asset)
    await _demand_rule(connection, rule)
    scope = (asset_id, rule)
    outage_id = await alarm_store.insert_outage(connection, scope, reason=said.reason, by=said.by)
    if outage_id is None:
        raise AlreadyOutOfService(f"{rule or 'every alarm'} of {asset} is out of service already")
    await _record(connection, "take_out_of_service", said, scope=scope)
    await settle(connection, now=now)
    return outage_id


async def return_to_service(
    connection: Connection, outage_id: int, said: Saying, *, now: datetime
) -> None:
    """Return what was taken out of service. Raises `NotInForce`."""
    scope = await alarm_store.end_outage(connection, outage_id, said.by)
    if scope is None:
        raise NotInForce(f"nothing is out of service under {outage_id}")
    await _record(connection, "return_to_service", said, scope=scope)
    await settle(connection, now=now)


async def suppress(
    connection: Connection,
    what: Suppression,
    said: Saying,
    *,
    asset: str | None,
    rule: str | None = None,
    now: datetime,
) -> int:
    """Put a suppression into force, for an asset with its parts or for all, for a rule or for all.

    Gives its id. Raises `AssetUnknown`, `RuleUnknown`.
    """
    await _demand_rule(connection, rule)
    await _demand_rule(connection, what.rule, by_id=True)
    scope = (None if asset is None else await _asset_id(connection, asset), rule)
    suppression_id = await alarm_store.insert_suppression(
        connection, scope, what, reason=said.reason, by=said.by
    )
    await _record(connection, "suppress", said, scope=scope)
    await settle(connection, now=now)
    return suppression_id


async def end_suppression(
    connection: Connection, suppression_id: int, said: Saying, *, now: datetime
) -> None:
    """End a suppression. Raises `NotInForce`."""
    scope = await alarm_store.end_suppression(connection, suppression_id, said.by)
    if scope is None:
        raise NotInForce(f"no suppression {suppression_id} is in force")
    await _record(connection, "end_suppression", said, scope=scope)
    await settle(connection, now=now)


async def settle(connection: Connection, *, now: datetime) -> int:
    """Make every open event what shelves, outages and suppressions make of it at this moment.

    What nothing silences any more is annunciated, once: an event is locked before it is judged, and
    one that another transaction holds is left to the next call. Gives how many events changed.
    """
    await alarm_store.expire_shelves(connection, now)
    found = await (await connection.execute(SELECT_OPEN_ALARMS)).fetchall()
    facts = await load_facts(connection, {(row[2], row[3]) for row in found}, now=now)
    differ = [
        event_id
        for event_id, key, asset_id, rule, names, why in found
        if _written(silences_of(Alarm(key, asset_id, rule), facts, now)) != (set(names), why)
    ]
    if not differ:
        return 0
    held = await hold_open(connection, differ)
    # Read again behind the locks: what is judged is at least as new as what is written.
    alarms = {(one.alarm.asset_id, one.alarm.rule) for one in held}
    facts = await load_facts(connection, alarms, now=now)
    return sum([await _settle_one(connection, one, facts, now) for one in held])


async def _settle_one(connection: Connection, held: Held, facts: Facts, now: datetime) -> bool:
    silences = silences_of(held.alarm, facts, now)
    step = silenced(held.life, silences)
    await save_silence(connection, held, step, silences, at=now)
    if set(silences) == held.life.silences:
        return False
    change = Change(
        "annunciate" if step.told else "silence",
        _CLOCK,
        "; ".join(silences.values()),
        held.id,
        held.alarm.asset_id,
        held.alarm.rule,
        before={"silenced": sorted(held.life.silences)},
        after={"silenced": sorted(silences)},
    )
    await alarm_store.record(connection, change)
    return True


def _written(silences: Silences) -> tuple[set[Silence], str]:
    return set(silences), "; ".join(why for why in silences.values() if why)


def _why_not(event: ConditionEvent) -> str:
    if not event.latched:
        return "its condition holds" if event.state is EventState.ACTIVE else "it is not latched"
    return "acknowledge it first"


async def _asset_id(connection: Connection, tag: str) -> int:
    row = await fetch_one(connection, SELECT_ASSET_ID, [tag])
    if row is None:
        raise AssetUnknown(f"there is no asset {tag!r}")
    return int(row[0])


async def _demand_rule(connection: Connection, rule: str | None, *, by_id: bool = False) -> None:
    """A misspelt rule would silence nothing, and nobody would know why."""
    if not rule:
        return
    row = await fetch_one(connection, SELECT_RULE_KNOWN, {"rule": rule, "by_id": by_id})
    if row is None or not row[0]:
        raise RuleUnknown(f"there is no rule {rule!r}; a device's alarm is written alarm/CODE")


async def _record(
    connection: Connection,
    action: str,
    said: Saying,
    *,
    scope: Scope,
    event_id: int | None = None,
) -> None:
    asset_id, rule = scope
    change = Change(action, said.by, said.reason, event_id, asset_id, rule)
    await alarm_store.record(connection, change)
