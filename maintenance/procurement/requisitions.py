"""Commands on requisitions: one function, one transaction.

What is asked for is approved by somebody who may spend that much, and then stands on a draft of the
vendor who was chosen for it. A requisition without a price waits, approved, for an agreement.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from config.database import Connection
from maintenance.errors import (
    LimitExceeded,
    NotFound,
    PriceMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.materials.booking import moved_quantity
from maintenance.materials.ledger import Place, Said
from maintenance.procurement import store
from maintenance.procurement.offer import Choice, choose_offer
from maintenance.procurement.store import HeldRequisition, LowStock


class Cause(StrEnum):
    """What asked for a part."""

    REORDER = "reorder"
    ORDER = "order"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be bought, and for what; the reservation that lacks it asks once."""

    place: Place
    quantity: Decimal
    cause: Cause
    needed_by: date | None = None
    work_order_id: int | None = None
    reservation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Approver:
    """Who decides, and up to how much; None: any amount."""

    name: str
    limit_minor: int | None


async def require(connection: Connection, need: Need, *, said: Said) -> str | None:
    """Ask for a part; gives the requisition's number, None where the same is asked for already.

    Raises `NotFound` for a part or a storeroom, `BookingRefused` for a quantity that cannot be.
    """
    async with connection.transaction():
        quantity = moved_quantity(need.quantity)
        choice = await _choice(connection, need.place.part, quantity, said, need.needed_by)
        given = {
            "part": need.place.part,
            "storeroom": need.place.storeroom,
            "quantity": quantity,
            "cause": need.cause.value,
            "work_order_id": need.work_order_id,
            "reservation_id": need.reservation_id,
            "needed_by": need.needed_by,
            "estimate_minor": choice.amount_minor if choice else None,
            "reason": said.reason,
            "actor": said.actor,
            "at": said.at,
        }
        number = await store.insert_requisition(connection, given)
        if number is None and need.cause is Cause.PERSON:
            raise NotFound("part in a storeroom:", f"{need.place.part} in {need.place.storeroom}")
        if number is not None:
            await store.tell(connection, "requisition.opened", number, said.reason)
        return number


async def reorder(connection: Connection, *, said: Said) -> list[str]:
    """Ask for every part that is at its reorder point; gives the numbers of new requisitions.

    Safe to run twice and in two processes at once: a stock has one such line open at a time.
    """
    made = []
    for low in await store.low_stocks(connection, said.at):
        quantity = low.maximum - (low.on_hand + low.asked + low.coming - low.wanted)
        if quantity > 0:
            need = Need(Place(low.part, low.storeroom), quantity, Cause.REORDER)
            told = Said(said.actor, said.at, _why_low(low))
            number = await require(connection, need, said=told)
            made += [number] if number else []
    return made


async def approve(
    connection: Connection, number: str, approver: Approver, *, expected_version: int, said: Said
) -> str | None:
    """Approve a requisition and put it on the draft of its vendor; gives the draft's number.

    None where nobody has agreed on a price yet. Raises `NotFound`, `StaleVersion`,
    `TransitionRefused`, and `LimitExceeded` where it costs more than the approver may spend, or
    where what it costs is not known and the approver has a limit.
    """
    async with connection.transaction():
        held = await _held(connection, number, expected_version)
        choice = await _choice(connection, held.part, held.quantity, said, held.needed_by)
        _within_limit(held, approver, choice)
        await _decide(connection, held, "approved", ("open",), said)
        return await _place(connection, held, choice, said)


async def refuse(connection: Connection, number: str, *, expected_version: int, said: Said) -> None:
    """Say no to what was asked for. Raises `NotFound`, `StaleVersion`, `TransitionRefused`."""
    async with connection.transaction():
        held = await _held(connection, number, expected_version)
        await _decide(connection, held, "rejected", ("open", "approved"), said)


async def withdraw(
    connection: Connection, number: str, *, expected_version: int, said: Said
) -> None:
    """Nobody needs it any more. Raises `NotFound`, `StaleVersion`, `TransitionRefused`."""
    async with connection.transaction():
        held = await _held(connection, number, expected_version)
        await _decide(connection, held, "cancelled", ("open", "approved"), said)


async def order_waiting(connection: Connection, *, said: Said) -> list[str]:
    """Put what was approved without a price on drafts, once there is one; gives their numbers."""
    placed = []
    for number in await store.waiting(connection):
        async with connection.transaction():
            held = await store.hold_requisition(connection, number)
            if held is not None and held.state == "approved":
                choice = await _choice(connection, held.part, held.quantity, said, held.needed_by)
                draft = await _place(connection, held, choice, said)
                placed += [draft] if draft else []
    return placed


async def order_from(
    connection: Connection, number: str, vendor: str, *, expected_version: int, said: Said
) -> str:
    """Order what was approved from a vendor that a person chose; gives the draft's number.

    Raises `PriceMissing` where that vendor has none, else as `approve`.
    """
    async with connection.transaction():
        held = await _held(connection, number, expected_version)
        if held.state != "approved":
            raise _refused(held, "order", ("approved",))
        found = await store.offers(connection, held.part, vendor=vendor)
        choice = choose_offer(found, held.quantity, on=said.at.date())
        if choice is None:
            raise PriceMissing(f"{vendor} has no price for {held.part} today")
        told = f"{vendor}: chosen by {said.actor}; {choice.offer.lead_time_days} days."
        chosen = Choice(choice.offer, choice.amount_minor, choice.arrives_on, told)
        return await _place(connection, held, chosen, said) or ""


async def _held(connection: Connection, number: str, expected_version: int) -> HeldRequisition:
    held = await store.hold_requisition(connection, number)
    if held is None:
        raise NotFound("requisition", number)
    if held.version != expected_version:
        raise StaleVersion(number, expected=expected_version, present=held.version)
    return held


async def _decide(
    connection: Connection,
    held: HeldRequisition,
    state: str,
    sources: tuple[str, ...],
    said: Said,
) -> None:
    given = {
        "state": state,
        "sources": list(sources),
        "actor": said.actor,
        "at": said.at,
        "decision": said.reason,
    }
    if not await store.decide(connection, held, given):
        raise _refused(held, state, sources)


def _refused(held: HeldRequisition, action: str, sources: tuple[str, ...]) -> TransitionRefused:
    open_ways = ("approve", "reject", "cancel") if held.state == "open" else ()
    allowed = ("order", "reject", "cancel") if held.state == "approved" else open_ways
    words = {"approved": "approve", "rejected": "reject", "cancelled": "cancel"}
    return TransitionRefused(
        held.number, action=words.get(action, action), state=held.state, allowed=allowed
    )


async def _choice(
    connection: Connection, part: str, quantity: Decimal, said: Said, needed_by: date | None
) -> Choice | None:
    found = await store.offers(connection, part)
    return choose_offer(found, quantity, on=said.at.date(), needed_by=needed_by)


def _within_limit(held: HeldRequisition, approver: Approver, choice: Choice | None) -> None:
    """What it costs is not known before a price is: that takes somebody without a limit."""
    limit = approver.limit_minor
    if limit is None:
        return
    amount = choice.amount_minor if choice else None
    if amount is None:
        raise PriceMissing(
            f"nobody has a price for {held.part}: agree on one, or ask somebody without a limit"
        )
    if amount > limit:
        raise LimitExceeded(held.number, amount_minor=amount, limit_minor=limit)


async def _place(
    connection: Connection, held: HeldRequisition, choice: Choice | None, said: Said
) -> str | None:
    if choice is None:
        return None
    draft, line_id = await store.add_line(connection, held, choice, actor=said.actor, at=said.at)
    await store.put_on_line(connection, held, line_id)
    return draft


def _why_low(low: LowStock) -> str:
    return (
        f"{low.storeroom} has {low.on_hand.normalize():f} of {low.part}, "
        f"{(low.asked + low.coming).normalize():f} are on their way and "
        f"{low.wanted.normalize():f} are reserved: at or below the reorder point "
        f"{low.reorder_point.normalize():f}, filled up to {low.maximum.normalize():f}."
    )
