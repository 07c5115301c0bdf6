"""Downtime begins, ends, and is taken back: one function, one transaction.

Nothing is said of the assets above: a line that stands because its pump does is down when somebody
says so, and its interval is its own.
"""

from datetime import datetime

from psycopg.errors import CheckViolation, ExclusionViolation, ForeignKeyViolation

from config.database import Connection
from maintenance.errors import DowntimeEnded, DowntimeOverlaps, NotFound, RegisterConflict
from maintenance.register.downtime import queries, store
from maintenance.register.downtime.interval import Downtime, NewDowntime


async def record_downtime(
    connection: Connection, new: NewDowntime, *, actor: str, at: datetime
) -> Downtime:
    """Record that an asset is down, or was. `at` is the present: nothing lies after it.

    Raises `RegisterConflict` for times that cannot be, `DowntimeOverlaps`, `NotFound`.
    """
    _refuse_impossible(new, at)
    try:
        async with connection.transaction():
            made = await store.insert(connection, new, actor=actor)
            return await queries.get_downtime(connection, made)
    except ExclusionViolation:
        await _refuse_overlap(connection, new)
        raise
    except ForeignKeyViolation as error:
        raise NotFound("asset", str(new.asset_id)) from error


async def end_downtime(
    connection: Connection, downtime_id: int, *, ended_at: datetime, actor: str, at: datetime
) -> Downtime:
    """Give an open interval its end. Raises `NotFound`, `DowntimeEnded`, `RegisterConflict`."""
    if ended_at > at:
        raise RegisterConflict("ended_at", "it lies in the future")
    try:
        async with connection.transaction():
            present = await queries.get_downtime(connection, downtime_id)
            if not await store.end(connection, downtime_id, actor=actor, at=ended_at):
                ended = present.ended_at or at
                raise DowntimeEnded(downtime_id, f"has ended at {_told(ended)}")
            return await queries.get_downtime(connection, downtime_id)
    except CheckViolation as error:
        raise RegisterConflict("ended_at", "it lies before the start") from error


async def withdraw_downtime(
    connection: Connection, downtime_id: int, *, reason: str, actor: str, at: datetime
) -> None:
    """Take back an interval that was recorded by mistake; it stays, and counts for nothing.

    Raises `NotFound`.
    """
    async with connection.transaction():
        done = await store.withdraw(connection, downtime_id, reason=reason, actor=actor, at=at)
        if not done:
            raise NotFound("downtime", str(downtime_id))


def _refuse_impossible(new: NewDowntime, at: datetime) -> None:
    if new.started_at > at:
        raise RegisterConflict("started_at", "it lies in the future")
    if new.ended_at is not None and new.ended_at > at:
        raise RegisterConflict("ended_at", "it lies in the future; leave it out while it lasts")
    if new.ended_at is not None and new.ended_at <= new.started_at:
        raise RegisterConflict("ended_at", "it has to be after the start")


async def _refuse_overlap(connection: Connection, new: NewDowntime) -> None:
    present = await queries.overlapping(connection, new.asset_id, new.started_at, new.ended_at)
    if present is None:
        return
    until = f"to {_told(present.ended_at)}" if present.ended_at else "and has not ended"
    raise DowntimeOverlaps(
        present.asset, present.id, f"is down from {_told(present.started_at)} {until}"
    )


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"
