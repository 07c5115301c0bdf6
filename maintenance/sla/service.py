"""Commands on service levels: one function, one transaction (in a caller's: a savepoint of it)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from config.difference import Difference
from config.settings import Settings
from maintenance.calendars import kept
from maintenance.calendars.calendar import CalendarHistory
from maintenance.calendars.kept import Kept
from maintenance.calendars.queries import histories
from maintenance.errors import NotFound
from maintenance.orders.work_order import FINAL_STATES, WorkOrder
from maintenance.sla import queries, store
from maintenance.sla.agreement import Agreement, ClockKind, Facts, choose
from maintenance.sla.clock import Clock, Timekeeper, clock_of, moment_of
from maintenance.sla.queries import Binding, OrderFacts, Version

BY_THE_CLOCK = "service levels"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What an order is under, and its clocks as of a moment."""

    binding: Binding
    calendar: CalendarHistory | None
    clocks: tuple[Clock, ...]


async def apply_agreements(
    connection: Connection, wanted: Sequence[Agreement], *, clock: ClockUs = now_us
) -> Difference[Agreement]:
    """Bring the agreements that files keep in line with them; a changed one gets a new version."""
    by_code = {agreement.code: agreement for agreement in wanted}
    return await kept.apply_files(connection, _SHELF, by_code, at=from_us(clock()))


async def save_agreement(
    connection: Connection,
    agreement: Agreement,
    *,
    expected_version: int | None = None,
    clock: ClockUs = now_us,
) -> None:
    """Make an agreement or its next version, for orders from now on.

    Raises `NotFound` for a calendar that is not there, `KeptInFiles`, `StaleVersion`.
    """
    if agreement.calendar and agreement.calendar not in await histories(connection):
        raise NotFound("calendar", agreement.calendar)
    await kept.save(
        connection,
        _SHELF,
        agreement.code,
        agreement,
        expected_version=expected_version,
        at=from_us(clock()),
    )


async def retire_agreement(connection: Connection, code: str, *, clock: ClockUs = now_us) -> None:
    """Let no further order come under an agreement. Raises `NotFound`, `KeptInFiles`."""
    await kept.retire(connection, _SHELF, code, at=from_us(clock()))


async def prepare_service_level(connection: Connection, order: WorkOrder, at: datetime) -> None:
    """Put a new order under the agreement that fits it best, and start its clocks."""
    await _bind(connection, order.id, actor=BY_THE_CLOCK, at=at)
    await derive_clocks(connection, order.id, at=at)


async def rebind(
    connection: Connection, order_id: int, *, actor: str, clock: ClockUs = now_us
) -> None:
    """Put an order under the agreement that fits it best now; its whole life counts by it."""
    at = from_us(clock())
    async with connection.transaction():
        await _bind(connection, order_id, actor=actor, at=at)
        await derive_clocks(connection, order_id, at=at)


async def derive_clocks(connection: Connection, order_id: int, *, at: datetime) -> None:
    """Keep what an order's history comes to; another priority may put it under another agreement.

    Nothing happens to an order that was never looked at.
    """
    async with connection.transaction():
        if not await store.hold_bound(connection, order_id):
            return
        order = await queries.facts_of(connection, order_id)
        binding = await queries.binding_of(connection, order_id)
        if binding is None or binding.facts != order.facts:
            await _bind(connection, order_id, actor=BY_THE_CLOCK, at=at)
        level = await service_level(connection, order_id, at=at)
        await _keep(connection, order_id, order, level)


async def service_level(
    connection: Connection, order_id: int, *, at: datetime
) -> ServiceLevel | None:
    """What an order is under, and its clocks as of a moment; None: it was never looked at."""
    binding = await queries.binding_of(connection, order_id)
    if binding is None:
        return None
    if binding.version is None:
        return ServiceLevel(binding, None, ())
    agreement = binding.version.agreement
    calendar = await _calendar(connection, agreement)
    changes = await queries.state_changes(connection, order_id)
    clocks = [clock_of(kind, agreement, changes, calendar=calendar, now=at) for kind in ClockKind]
    return ServiceLevel(binding, calendar, tuple(clock for clock in clocks if clock is not None))


async def keep_service_levels(connection: Connection, _: Settings, clock: ClockUs) -> None:
    """By the clock: derive anew what changed unseen, and tell what has come due, each step once."""
    now = from_us(clock())
    for order_id in await store.stale_orders(connection, limit=_AT_ONCE):
        await derive_clocks(connection, order_id, at=now)
    while await _tell_next(connection, now):
        pass


async def _tell_next(connection: Connection, now: datetime) -> bool:
    """Tell what is due of one order; False: nothing is due of any."""
    async with connection.transaction():
        order_id = await store.hold_next_due(connection, now=now)
        if order_id is None:
            return False
        order = await queries.facts_of(connection, order_id)
        level = await service_level(connection, order_id, at=now)
        if level is not None and level.binding.version is not None:
            told = {"agreement": level.binding.version.agreement.code, "at": now}
            for step in _steps(level):
                if step.due <= now:
                    await store.tell(connection, order_id, order, step, told=told)
        await _keep(connection, order_id, order, level)
        return True


async def _bind(connection: Connection, order_id: int, *, actor: str, at: datetime) -> None:
    order = await queries.facts_of(connection, order_id)
    binding = await best_binding(connection, order.facts)
    version = order.version
    await store.bind(connection, order_id, binding, order_version=version, actor=actor, at=at)


async def best_binding(connection: Connection, facts: Facts) -> Binding:
    """The agreement in force that fits best, with the sentence that says why."""
    versions = {each.agreement: each for each in await queries.agreements_in_force(connection)}
    choice = choose(tuple(versions), facts)
    found: Version | None = versions[choice.agreement] if choice.agreement else None
    return Binding(found, choice.reason, facts)


async def _keep(
    connection: Connection, order_id: int, order: OrderFacts, level: ServiceLevel | None
) -> None:
    if level is None:
        return
    told = await store.told_steps(connection, order_id)
    rows = [_row(order_id, clock, level, told) for clock in level.clocks]
    await store.write_clocks(connection, order_id, rows)
    await store.set_seen(
        connection,
        order_id,
        order,
        calendar_version=level.calendar.newest.version if level.calendar else 0,
        is_open=order.state not in FINAL_STATES,
    )


def _row(
    order_id: int, clock: Clock, level: ServiceLevel, told: set[tuple[str, str]]
) -> store.ClockRow:
    steps = [step for step in _steps(level) if step.kind is clock.kind]
    waiting = [step for step in steps if (step.kind, step.escalation.step) not in told]
    return store.ClockRow(
        order_id=order_id,
        kind=clock.kind,
        target_s=clock.target.seconds,
        phase=_phase(clock),
        used_s=clock.used_s,
        warn_at=min((step.due for step in steps), default=clock.due_at),
        due_at=clock.due_at,
        breached_at=clock.breached_at,
        finished_at=clock.finished_at,
        next_at=min((step.due for step in waiting), default=None),
    )


def _phase(clock: Clock) -> str:
    if clock.finished_at is not None:
        return "finished"
    if clock.runs:
        return "running"
    return "paused" if clock.segments and clock.segments[-1].part == "paused" else "void"


def _steps(level: ServiceLevel) -> Iterator[store.Step]:
    """The steps of the clocks that run, with the moment at which each comes due."""
    if level.binding.version is None:
        return
    for clock in level.clocks:
        keeper = Timekeeper(clock.target.measure, level.calendar)
        for escalation in level.binding.version.agreement.chain:
            due = moment_of(clock, escalation.at_percent, keeper)
            if due is not None:
                yield store.Step(clock.kind, escalation, due)


async def _calendar(connection: Connection, agreement: Agreement) -> CalendarHistory | None:
    if agreement.calendar is None:
        return None
    return (await histories(connection, [agreement.calendar])).get(agreement.calendar)


async def _held(connection: Connection) -> dict[str, Kept[Agreement]]:
    await store.hold_agreements(connection)
    return await queries.stored_agreements(connection)


_SHELF = kept.Shelf("agreement", _held, store.write_agreement, store.retire_agreements)
