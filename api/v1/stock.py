"""What moves and what is reserved: receipts, issues, returns, transfers, counts, reservations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.stock import (
    AdjustmentBody,
    CountBody,
    CountedBody,
    EntriesBody,
    IssueBody,
    IssuedBody,
    NewReservationBody,
    OrderPartsBody,
    ReasonBody,
    ReceiptBody,
    ReservationBody,
    ReturnBody,
    TransferBody,
)
from api.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from api.guard import Reader, demand, require
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.repeatable import IdempotencyKey, repeatable
from config.clock import from_us
from maintenance.errors import BookingRefused, NotFound, StockShort
from maintenance.materials import correction, service
from maintenance.materials.ledger import Permit, Place, Said
from maintenance.materials.queries import (
    get_reservation,
    issues_of_order,
    reservations_of_order,
)
from maintenance.materials.reservations import WhenShort, Wish, release, reserve
from maintenance.orders.queries import get_order

router = APIRouter(prefix="/api/v1", tags=["Stock"])

Worker = Annotated[Caller, Depends(require(Permission.WORK))]
Keeper = Annotated[Caller, Depends(require(Permission.KEEP_STOCK))]
Number = Annotated[str, Path(description="Number of the order.", examples=["WO-000001"])]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]

_BOOKED = documented(
    NotFound, BookingRefused, StockShort, IdempotencyKeyInFlight, IdempotencyKeyReused
)


@router.post("/stock/receipts", status_code=201, summary="Take parts in", responses=_BOOKED)
async def post_receipt(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    sent: ReceiptBody,
    key: IdempotencyKey = None,
) -> EntriesBody:
    """Without a purchase order. Orders that wait get their share."""

    async def book() -> EntriesBody:
        said = _said(services, caller, sent.reason)
        entry = await service.receive(
            connection, sent.place(), sent.quantity, value_minor=sent.value_minor, said=said
        )
        return EntriesBody(entries=[entry.id])

    return await repeatable(connection, caller, key, ("receipts", sent), book)


@router.post("/stock/issues", status_code=201, summary="Issue parts to an order", responses=_BOOKED)
async def post_issue(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    sent: IssueBody,
    key: IdempotencyKey = None,
) -> EntriesBody:
    """At their average cost of now, which the order then bears whatever prices do later."""
    permit = None
    if sent.permit_reason is not None:
        demand(caller, Permission.OVERDRAW_STOCK)
        permit = Permit(caller.name, sent.permit_reason)

    async def book() -> EntriesBody:
        said = _said(services, caller, sent.reason)
        entries = await service.issue(
            connection, sent.work_order, sent.place(), sent.quantity, said=said, permit=permit
        )
        return EntriesBody(entries=[entry.id for entry in entries])

    return await repeatable(connection, caller, key, ("issues", sent), book)


@router.post("/stock/returns", status_code=201, summary="Return parts", responses=_BOOKED)
async def post_return(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    sent: ReturnBody,
    key: IdempotencyKey = None,
) -> EntriesBody:
    """What an order did not use, at the cost at which it went out."""

    async def book() -> EntriesBody:
        said = _said(services, caller, sent.reason)
        entry = await service.give_back(
            connection, sent.issue_id, sent.quantity, said=said, bin_code=sent.bin
        )
        return EntriesBody(entries=[entry.id])

    return await repeatable(connection, caller, key, ("returns", sent), book)


@router.post("/stock/transfers", status_code=201, summary="Move parts", responses=_BOOKED)
async def post_transfer(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    sent: TransferBody,
    key: IdempotencyKey = None,
) -> EntriesBody:
    """To another bin or storeroom, with their value."""

    async def book() -> EntriesBody:
        target = Place(sent.part, sent.to_storeroom, sent.to_bin)
        said = _said(services, caller, sent.reason)
        entries = await service.transfer(connection, sent.place(), target, sent.quantity, said=said)
        return EntriesBody(entries=[entry.id for entry in entries])

    return await repeatable(connection, caller, key, ("transfers", sent), book)


@router.post("/stock/adjustments", status_code=201, summary="Put books right", responses=_BOOKED)
async def post_adjustment(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    sent: AdjustmentBody,
    key: IdempotencyKey = None,
) -> EntriesBody:
    """By a signed quantity, with a reason."""

    async def book() -> EntriesBody:
        said = _said(services, caller, sent.reason)
        entry = await correction.adjust(connection, sent.place(), sent.quantity, said=said)
        return EntriesBody(entries=[entry.id])

    return await repeatable(connection, caller, key, ("adjustments", sent), book)


@router.post("/stock/counts", status_code=201, summary="Book a count", responses=_BOOKED)
async def post_count(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    sent: CountBody,
    key: IdempotencyKey = None,
) -> CountedBody:
    """The difference to what was there at `position` is adjusted; what moved since stays."""

    async def book() -> CountedBody:
        said = _said(services, caller, sent.reason)
        found = await correction.count(
            connection, sent.place(), sent.counted, position=sent.position, said=said
        )
        entry = found.adjustment.id if found.adjustment else None
        return CountedBody(expected=found.expected, counted=found.counted, entry_id=entry)

    return await repeatable(connection, caller, key, ("counts", sent), book)


@router.post(
    "/stock/entries/{entry_id}/reversal",
    status_code=201,
    summary="Take an entry back",
    responses=documented(NotFound, BookingRefused, StockShort),
)
async def post_reversal(
    connection: ConnectionOf, services: ServicesOf, caller: Keeper, entry_id: Id, sent: ReasonBody
) -> EntriesBody:
    """Once, by an entry of the opposite quantity and value."""
    said = _said(services, caller, sent.reason)
    return EntriesBody(entries=[(await correction.reverse(connection, entry_id, said=said)).id])


@router.get(
    "/work-orders/{number}/parts", summary="Parts of an order", responses=documented(NotFound)
)
async def get_order_parts(connection: ConnectionOf, _: Reader, number: Number) -> OrderPartsBody:
    """What is reserved for it, and what it has taken."""
    order = await get_order(connection, number)
    reserved = await reservations_of_order(connection, order.id)
    issued = await issues_of_order(connection, order.id)
    return OrderPartsBody(
        reservations=[ReservationBody.model_validate(one) for one in reserved],
        issued=[IssuedBody.model_validate(one) for one in issued],
    )


@router.post(
    "/work-orders/{number}/reservations",
    status_code=201,
    summary="Reserve parts for an order",
    responses=_BOOKED,
)
async def post_reservation(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    number: Number,
    sent: NewReservationBody,
    key: IdempotencyKey = None,
) -> ReservationBody:
    """Firmly, so that nobody else takes them, or as a plan."""

    async def make() -> ReservationBody:
        when_short = WhenShort.WAIT if sent.wait else WhenShort.REFUSE
        wish = Wish(sent.place(), sent.quantity, sent.strength, when_short, sent.expires_at)
        said = _said(services, caller, sent.reason)
        made = await reserve(connection, number, wish, said=said)
        found = await get_reservation(connection, made.id if made else 0)
        return ReservationBody.model_validate(found)

    return await repeatable(connection, caller, key, (f"reservations {number}", sent), make)


@router.post(
    "/reservations/{reservation_id}/release",
    summary="Give a reservation free",
    responses=documented(NotFound, BookingRefused),
)
async def post_release(
    connection: ConnectionOf, services: ServicesOf, caller: Worker, reservation_id: Id
) -> ReservationBody:
    """What it held goes to those who wait."""
    await release(connection, reservation_id, said=_said(services, caller, ""))
    return ReservationBody.model_validate(await get_reservation(connection, reservation_id))


def _said(services: Services, caller: Caller, reason: str) -> Said:
    return Said(caller.name, from_us(services.clock()), reason)
