"""Commands on purchase orders: one function, one transaction; a purchase is held before any stock."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from config.database import Connection
from maintenance.errors import (
    BookingRefused,
    DeliveryRefused,
    NotFound,
    RequirementMissing,
    StaleVersion,
    TransitionRefused,
)
from maintenance.materials.booking import moved_quantity
from maintenance.materials.correction import take_back
from maintenance.materials.ledger import Place, Said
from maintenance.materials.part import THOUSANDTH
from maintenance.materials.service import existing_entry, receive
from maintenance.procurement import store
from maintenance.procurement.offer import amount_of
from maintenance.procurement.store import HeldLine, HeldPurchase

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a line. `amount_minor` is what it cost in all; None: what was agreed.

    `accepted` says why more came, or why it cost more, than was agreed.
    """

    line_id: int
    quantity: Decimal
    amount_minor: int | None = None
    bin: str | None = None
    delivery_note: str = ""
    accepted: str = ""


async def send(connection: Connection, number: str, *, expected_version: int, said: Said) -> None:
    """Order what stands on a draft. Raises `NotFound`, `StaleVersion`, `TransitionRefused`."""
    async with connection.transaction():
        held = await _held(connection, number)
        if held.version != expected_version:
            raise StaleVersion(number, expected=expected_version, present=held.version)
        if held.state != "draft":
            raise _refused(held, "send")
        await store.move_purchase(connection, held, "sent", reason="", at=said.at)
        await store.tell(connection, "purchase_order.sent", number, held.vendor)


async def cancel(connection: Connection, number: str, *, said: Said) -> None:
    """Nothing more of it will come: what was asked for and did not come is open again.

    Raises `NotFound`, `RequirementMissing` without a reason, `TransitionRefused`.
    """
    async with connection.transaction():
        held = await _held(connection, number)
        if held.state not in {"draft", "sent"}:
            raise _refused(held, "cancel")
        _reason_given(held, "cancel", said)
        for line in await store.lines_of(connection, held):
            await store.set_line(connection, line.id, cancelled=line.outstanding)
        await store.free_requisitions(connection, held, f"{number} was cancelled: {said.reason}")
        await store.move_purchase(connection, held, "cancelled", reason=said.reason, at=said.at)


async def deliver(connection: Connection, number: str, delivery: Delivery, *, said: Said) -> int:
    """Take a delivery in, a part of a line or all of it; gives the id of the receipt.

    Stock is worth what it really cost. Raises `NotFound`, `TransitionRefused` unless it was sent,
    and `DeliveryRefused` where more came than is taken without asking, or it cost more than was
    agreed, and nobody accepted that.
    """
    quantity = moved_quantity(delivery.quantity)
    async with connection.transaction():
        held = await _held(connection, number)
        if held.state != "sent":
            raise _refused(held, "receive")
        line = await _line(connection, held, delivery.line_id)
        agreed = amount_of(line.price_minor, line.per, quantity)
        amount = agreed if delivery.amount_minor is None else delivery.amount_minor
        _acceptable(held, line, quantity, amount - agreed, delivery)
        place = Place(line.part, held.storeroom, delivery.bin)
        told = Said(said.actor, said.at, f"{number} {delivery.delivery_note}".strip())
        entry = await receive(
            connection, place, quantity, value_minor=amount, said=told, purchase_line_id=line.id
        )
        await store.set_line(connection, line.id, received=quantity)
        receipt = {
            "line_id": line.id,
            "ledger_id": entry.id,
            "quantity": quantity,
            "amount_minor": amount,
            "difference_minor": amount - agreed,
            "delivery_note": delivery.delivery_note,
            "reason": delivery.accepted,
            "actor": said.actor,
            "at": said.at,
        }
        receipt_id = await store.insert_receipt(connection, receipt)
        await _close_if_done(connection, held, said)
        return receipt_id


async def close_short(connection: Connection, number: str, line_id: int, *, said: Said) -> None:
    """The rest of a line will not come. Raises `NotFound`, `RequirementMissing`, `BookingRefused`."""
    async with connection.transaction():
        held = await _held(connection, number)
        _reason_given(held, "close short", said)
        line = await _line(connection, held, line_id)
        if held.state != "sent" or not line.outstanding:
            raise BookingRefused(f"nothing of line {line_id} of {number} is still to come")
        await store.set_line(connection, line.id, cancelled=line.outstanding)
        await _close_if_done(connection, held, said)


async def take_receipt_back(connection: Connection, receipt_id: int, *, said: Said) -> None:
    """Send a delivery back: its parts leave the stock, and are still to come.

    Raises `NotFound`, `StockShort` where they are not there any more, `BookingRefused` for a
    receipt that was taken back before.
    """
    async with connection.transaction():
        receipt = await store.find_receipt(connection, receipt_id)
        if receipt is None:
            raise NotFound("receipt", str(receipt_id))
        held = await _held(connection, receipt["number"])
        _reason_given(held, "take the receipt back", said)
        entry = await existing_entry(connection, receipt["ledger_id"])
        await take_back(connection, entry, said=said)
        await store.set_line(connection, receipt["purchase_line_id"], received=-receipt["quantity"])
        if held.state == "closed":
            await store.move_purchase(connection, held, "sent", reason=said.reason, at=said.at)


async def _held(connection: Connection, number: str) -> HeldPurchase:
    held = await store.hold_purchase(connection, number)
    if held is None:
        raise NotFound("purchase order", number)
    return held


async def _line(connection: Connection, held: HeldPurchase, line_id: int) -> HeldLine:
    for line in await store.lines_of(connection, held):
        if line.id == line_id:
            return line
    raise NotFound("line", f"{line_id} of {held.number}")


def _acceptable(
    held: HeldPurchase, line: HeldLine, quantity: Decimal, dearer_minor: int, delivery: Delivery
) -> None:
    if delivery.accepted.strip():
        return
    tolerated = line.quantity * held.over_delivery_percent / _PERCENT
    most = line.outstanding + tolerated.quantize(THOUSANDTH, rounding=ROUND_DOWN)
    if quantity > most:
        raise DeliveryRefused(
            f"{quantity.normalize():f} of {line.part} are more than the {most.normalize():f} "
            f"that {held.number} still takes"
        )
    if dearer_minor > 0:
        raise DeliveryRefused(
            f"{line.part} cost {dearer_minor} minor units more than {held.vendor} agreed on"
        )


async def _close_if_done(connection: Connection, held: HeldPurchase, said: Said) -> None:
    lines = await store.lines_of(connection, held)
    if not any(line.outstanding for line in lines):
        await store.move_purchase(connection, held, "closed", reason="", at=said.at)


def _reason_given(held: HeldPurchase, action: str, said: Said) -> None:
    if not said.reason.strip():
        raise RequirementMissing(
            held.number, action=action, field="reason", message="it needs a reason"
        )


def _refused(held: HeldPurchase, action: str) -> TransitionRefused:
    ways = {"draft": ("send", "cancel"), "sent": ("receive", "close-short", "cancel")}
    return TransitionRefused(
        held.number, action=action, state=held.state, allowed=ways.get(held.state, ())
    )
