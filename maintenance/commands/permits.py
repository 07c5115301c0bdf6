"""Permits to work: what has to be in place before work starts, and gone before it is complete."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.clock import ClockUs, from_us, now_us
from config.database import Connection
from maintenance.commands.gates import readiness_of
from maintenance.commands.recording import Step, held, recorded
from maintenance.errors import NotFound, PermitRefused
from maintenance.orders import permit_store, store
from maintenance.orders.permit import (
    IsolationStep,
    NewPermit,
    Permit,
    PermitStep,
    check_isolation_step,
    check_permit_step,
)
from maintenance.orders.permit_queries import permits_of
from maintenance.orders.work_order import FINAL_STATES, Particulars, State, WorkOrder


@dataclass(frozen=True, slots=True)
class AtPermit:
    """A permit of an order, by the order's number and its own id."""

    number: str
    permit_id: int


async def require_permit(
    connection: Connection, number: str, new: NewPermit, *, actor: str, clock: ClockUs = now_us
) -> Permit:
    """Say that an order's work needs a permit.

    While work is in progress it needs one at once: hold the work first. Raises `NotFound`,
    `PermitRefused`.
    """
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, number)
        if order.state in FINAL_STATES - {State.CLOSED} or order.state is State.IN_PROGRESS:
            raise PermitRefused(f"{number} is {order.state}: it takes no new permit now")
        tags = [point.tag for point in new.isolations]
        if len(tags) != len(set(tags)):
            raise PermitRefused("an isolation point stands in a permit once")
        permit_id = await permit_store.insert_permit(connection, order, new, actor=actor, at=at)
        details = {"permit": permit_id, "kind": new.kind.value, "isolations": tags}
        await _told(connection, order, "require_permit", actor, details, at)
        return await _permit(connection, order, permit_id)


async def step_permit(
    connection: Connection,
    where: AtPermit,
    step: PermitStep,
    *,
    actor: str,
    valid_until: datetime | None = None,
    clock: ClockUs = now_us,
) -> Permit:
    """Issue a permit, hand it back, or withdraw it. Raises `NotFound`, `PermitRefused`."""
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, where.number)
        permit = await _permit(connection, order, where.permit_id)
        check_permit_step(permit, step)
        if valid_until is not None and valid_until <= at:
            raise PermitRefused("a permit is valid until a time to come")
        await permit_store.step_permit(
            connection, permit.id, step, actor=actor, at=at, valid_until=valid_until
        )
        details: dict[str, Any] = {"permit": permit.id, "kind": permit.kind.value}
        if valid_until is not None:
            details["valid_until"] = valid_until.isoformat()
        await _told(connection, order, f"{step}_permit", actor, details, at)
        return await _permit(connection, order, permit.id)


async def step_isolation(
    connection: Connection,
    where: AtPermit,
    tag: str,
    step: IsolationStep,
    *,
    actor: str,
    clock: ClockUs = now_us,
) -> Permit:
    """Apply, verify or remove an isolation. Raises `NotFound`, `PermitRefused`."""
    at = from_us(clock())
    async with connection.transaction():
        order = await held(connection, where.number)
        permit = await _permit(connection, order, where.permit_id)
        point = next((one for one in permit.isolations if one.tag == tag), None)
        if point is None:
            raise NotFound("isolation point", f"{where.number}/{permit.id}/{tag}")
        policy = (await readiness_of(connection, order, now=at)).policy
        check_isolation_step(permit, point, step, actor=actor, verifier=policy.isolation_verifier)
        await permit_store.step_isolation(connection, point.id, step, actor=actor, at=at)
        details = {"permit": permit.id, "isolation": tag}
        await _told(connection, order, f"{step}_isolation", actor, details, at)
        return await _permit(connection, order, permit.id)


async def _permit(connection: Connection, order: WorkOrder, permit_id: int) -> Permit:
    for permit in await permits_of(connection, order.id):
        if permit.id == permit_id:
            return permit
    raise NotFound("permit", f"{order.number}/{permit_id}")


async def _told(
    connection: Connection,
    order: WorkOrder,
    action: str,
    actor: str,
    details: dict[str, Any],
    at: datetime,
) -> None:
    version = await store.touch(connection, order, at=at)
    step = Step(action, order.state, Particulars(actor), details)
    await recorded(connection, order, version, step, at)
