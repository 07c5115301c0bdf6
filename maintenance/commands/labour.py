"""Time that people work: timers, entries by hand, corrections."""

from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.recording import Step, held, recorded
from maintenance.errors import LabourRefused, NotFound
from maintenance.orders import labour_store, store
from maintenance.orders.labour import LabourEntry, TimeWorked, refusal, whole_minutes
from maintenance.orders.labour_queries import entry_of
from maintenance.orders.work_order import UNDER_WAY, Particulars, State, WorkOrder

_TAKES_TIME = UNDER_WAY | {State.COMPLETED}
"""What was worked may still be written down after the end of the work, until it is closed."""


async def start_timer(
    connection: Connection,
    number: str,
    *,
    person: str,
    craft: str | None = None,
    actor: str,
    clock: ClockUs = now_us,
) -> LabourEntry:
    """Let a person's time on an order run from now.

    Raises `NotFound`, `LabourRefused` unless work is in progress, `TimeOverlaps` where the person's
    timer runs already, here or elsewhere.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        if order.state is not State.IN_PROGRESS:
            raise LabourRefused(
                f"a timer runs while work is in progress: {number} is {order.state}"
            )
        worked = TimeWorked(person, started_at=at, craft=craft)
        return await _entered(connection, order, worked, "start_timer", actor=actor, at=at)


async def stop_timer(
    connection: Connection, number: str, *, person: str, actor: str, clock: ClockUs = now_us
) -> LabourEntry:
    """End a person's timer. Raises `NotFound`, `LabourRefused` if none of theirs runs there."""
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        stopped = await labour_store.stop_timers(connection, order.id, person=person, at=at)
        if not stopped:
            raise LabourRefused(f"no timer of {person} runs on {number}")
        entry_id, _, minutes = stopped[0]
        details = {"entry": entry_id, "person": person, "minutes": minutes}
        await _told(
            connection, order, Step("stop_timer", order.state, Particulars(actor), details), at
        )
        return await _entry(connection, number, entry_id)


async def enter_time(
    connection: Connection, number: str, worked: TimeWorked, *, actor: str, clock: ClockUs = now_us
) -> LabourEntry:
    """Write down time that was worked, from and to or in minutes.

    Raises `NotFound`, `LabourRefused`, `TimeOverlaps`.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        if order.state not in _TAKES_TIME:
            raise LabourRefused(
                f"time is recorded from the start of work until it is closed: "
                f"{number} is {order.state}"
            )
        if why := refusal(worked, at):
            raise LabourRefused(why)
        return await _entered(connection, order, _whole(worked), "enter_time", actor=actor, at=at)


async def reverse_time(
    connection: Connection,
    number: str,
    entry_id: int,
    *,
    given: Particulars,
    clock: ClockUs = now_us,
) -> LabourEntry:
    """Take an entry back by one that reverses it; both stay to be seen.

    Raises `NotFound`, `LabourRefused` for what runs, was taken back or reverses another, without a
    reason, and where the order is closed.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        entry = await _entry(connection, number, entry_id)
        if order.state not in _TAKES_TIME:
            raise LabourRefused(f"{number} is {order.state}: its time stands")
        if not entry.reversible:
            raise LabourRefused(f"entry {entry_id} runs, was taken back, or is a correction itself")
        if not given.reason.strip():
            raise LabourRefused("say why the entry is wrong")
        reversal = await labour_store.reverse_entry(
            connection, entry, note=given.reason, actor=given.actor, at=at
        )
        details = {"entry": entry_id, "person": entry.person, "minutes": entry.minutes}
        await _told(connection, order, Step("reverse_time", order.state, given, details), at)
        return await _entry(connection, number, reversal)


async def _entered(
    connection: Connection,
    order: WorkOrder,
    worked: TimeWorked,
    action: str,
    *,
    actor: str,
    at: datetime,
) -> LabourEntry:
    entry_id = await labour_store.insert_entry(connection, order, worked, actor=actor, at=at)
    details = {"entry": entry_id, "person": worked.person, "minutes": worked.minutes}
    await _told(connection, order, Step(action, order.state, Particulars(actor), details), at)
    return await _entry(connection, order.number, entry_id)


async def _told(connection: Connection, order: WorkOrder, step: Step, at: datetime) -> None:
    version = await store.touch(connection, order, at=at)
    await recorded(connection, order, version, step, at)


async def _entry(connection: Connection, number: str, entry_id: int) -> LabourEntry:
    entry = await entry_of(connection, number, entry_id)
    if entry is None:
        raise NotFound("entry of time", f"{number}/{entry_id}")
    return entry


def _whole(worked: TimeWorked) -> TimeWorked:
    if worked.started_at is None or worked.finished_at is None:
        return worked
    minutes = whole_minutes(worked.started_at, worked.finished_at)
    return TimeWorked(
        worked.person,
        worked.started_at,
        worked.finished_at,
        minutes,
        craft=worked.craft,
        note=worked.note,
    )
