"""Record what people know of a meter; each runs in the caller's transaction."""

from datetime import datetime, timedelta

from config.clock import from_us, to_us
from config.database import Connection
from ingest.errors import FactMissing, FactRefused
from ingest.meter.fact import Fact, FactKind, NewFact
from ingest.meter.keeper import standing_to
from ingest.meter.rules import follow
from ingest.meter.store import get_fact, insert_fact, stored_meter
from ingest.meters import meter_state

_MOMENT = timedelta(microseconds=1)


async def record_fact(
    connection: Connection, point_id: int, fact: NewFact, *, actor: str, now_us: int
) -> Fact:
    """Record a fact of a meter; from its time on the meter is counted anew.

    Raises `NotAMeter`, and `FactRefused` where it cannot be so.
    """
    if not 0 < to_us(fact.at) <= now_us:
        raise FactRefused("at: it lies in the future, or before 1970")
    await _demand_kept(connection, point_id, fact.at)
    if fact.kind is FactKind.REPLACEMENT:
        await _demand_possible(connection, point_id, fact)
    number = await insert_fact(connection, point_id, fact, actor=actor)
    return await _recorded(connection, point_id, number)


async def withdraw_fact(
    connection: Connection, point_id: int, fact_id: int, *, reason: str, actor: str
) -> Fact:
    """Take a fact back: the meter is counted as if it had never been recorded.

    Gives the withdrawal. Raises `FactMissing`, and `FactRefused` where it is withdrawn already.
    """
    found = await get_fact(connection, point_id, fact_id)
    if found is None:
        raise FactMissing(f"the meter has no fact {fact_id}")
    if found.kind is FactKind.WITHDRAWAL:
        raise FactRefused(f"fact {fact_id} is a withdrawal: record the fact itself again")
    await _demand_kept(connection, point_id, found.at)
    new = NewFact(FactKind.WITHDRAWAL, found.at, reason)
    number = await insert_fact(connection, point_id, new, actor=actor, withdraws=fact_id)
    if number is None:
        raise FactRefused(f"fact {fact_id} is withdrawn already")
    return await _recorded(connection, point_id, number)


async def _recorded(connection: Connection, point_id: int, number: int | None) -> Fact:
    fact = None if number is None else await get_fact(connection, point_id, number)
    assert fact is not None  # noqa: S101 - it was written just now
    return fact


async def _demand_kept(connection: Connection, point_id: int, at: datetime) -> None:
    """Days whose readings are gone cannot be counted again."""
    standing = await standing_to(connection, point_id)
    if standing is not None and at < standing:
        raise FactRefused(
            f"at: readings before {standing:%Y-%m-%d} are no longer kept, so those days stand as "
            "they are; record a correction with a later date"
        )


async def _demand_possible(connection: Connection, point_id: int, fact: NewFact) -> None:
    """The old meter ended where its readings may have led, and no meter stands above its range."""
    count = (await meter_state(connection, point_id, fact.at - _MOMENT)).count
    stored = await stored_meter(connection, point_id, first=fact.at.date(), end=from_us(0))
    if stored is None:
        return
    for name, value in (("end_count", fact.end_count), ("start_count", fact.start_count)):
        if value is not None and not 0 <= value < stored.rules.range:
            raise FactRefused(f"{name}: {value:g} is not between 0 and the rollover of the point")
    if count is None or fact.end_count is None:
        return
    before = [(count.held, count.seen_us)]
    if count.doubt is not None:
        before.append((count.doubt.value, count.doubt.ts_us))
    for held, seen_us in before:
        if follow(held, fact.end_count, to_us(fact.at) - seen_us, stored.rules) is not None:
            return
    raise FactRefused(
        f"end_count: the meter stood at {count.held:g} before, it cannot have ended at "
        f"{fact.end_count:g}; leave it out to count up to the last reading"
    )
