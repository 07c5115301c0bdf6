"""Requisitions and purchase orders: from what is needed to what came."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import Page, cut, decode_cursor
from api.bodies.purchasing import (
    DecisionBody,
    DeliveryBody,
    EntryBody,
    NewRequisitionBody,
    PurchaseBody,
    PurchaseDetail,
    PurchaseLineBody,
    PurchaseReceiptBody,
    RequisitionBody,
    RequisitionQuery,
)
from api.bodies.stock import ReasonBody
from api.entity_tag import etag, version_of
from api.errors import (
    CursorInvalid,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.repeatable import IdempotencyKey, repeatable
from config.clock import from_us, now_us
from config.database import Connection
from config.settings import load_settings
from maintenance.errors import (
    BookingRefused,
    DeliveryRefused,
    LimitExceeded,
    NotFound,
    PriceMissing,
    RequirementMissing,
    StaleVersion,
    StockShort,
    TransitionRefused,
)
from maintenance.materials.ledger import Place, Said
from maintenance.procurement import purchasing, requisitions
from maintenance.procurement.queries import (
    find_purchases,
    find_requisitions,
    get_purchase,
    get_requisition,
    lines_of,
    receipts_of,
)
from maintenance.procurement.requisitions import Approver, Cause, Need

router = APIRouter(prefix="/api/v1", tags=["Procurement"])

Buyer = Annotated[Caller, Depends(require(Permission.PROCURE))]
Worker = Annotated[Caller, Depends(require(Permission.WORK))]
Number = Annotated[str, Path(max_length=40, examples=["PO-000001"])]
Asked = Annotated[str, Path(max_length=40, examples=["RQ-000001"])]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]
IfMatch = Annotated[str | None, Header(description="The ETag as it was read.", examples=['"3"'])]


class Decision(StrEnum):
    """What is done with a requisition."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    ORDER = "order"


@router.get("/requisitions", summary="List requisitions", responses=documented(CursorInvalid))
async def get_requisitions(
    connection: ConnectionOf, _: Reader, query: Annotated[RequisitionQuery, Query()]
) -> Page[RequisitionBody]:
    """Newest first."""
    before = decode_cursor(query.cursor, int)
    found = await find_requisitions(
        connection,
        states=frozenset(query.state),
        before=before[0] if before else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[RequisitionBody.model_validate(one) for one in page], next=following)


@router.post(
    "/requisitions",
    status_code=201,
    summary="Ask for a part",
    responses=documented(NotFound, BookingRefused, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_requisition(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Worker,
    sent: NewRequisitionBody,
    key: IdempotencyKey = None,
) -> RequisitionBody:
    """Somebody who may spend that much decides."""

    async def make() -> RequisitionBody:
        place = Place(sent.part, sent.storeroom)
        need = Need(place, sent.quantity, Cause.PERSON, needed_by=sent.needed_by)
        said = _said(services, caller, sent.reason)
        number = await requisitions.require(connection, need, said=said)
        return RequisitionBody.model_validate(await get_requisition(connection, number or ""))

    return await repeatable(connection, caller, key, ("requisitions", sent), make)


@router.get("/requisitions/{number}", summary="One requisition", responses=documented(NotFound))
async def get_one_requisition(
    connection: ConnectionOf, _: Reader, number: Asked, response: Response
) -> RequisitionBody:
    """The ETag is its version."""
    found = await get_requisition(connection, number)
    response.headers["ETag"] = etag(found.version)
    return RequisitionBody.model_validate(found)


@router.post(
    "/requisitions/{number}/{decision}",
    summary="Decide about a requisition",
    responses=documented(
        NotFound,
        StaleVersion,
        TransitionRefused,
        LimitExceeded,
        PriceMissing,
        PreconditionMissing,
        PreconditionInvalid,
    ),
)
async def post_decision(
    connection: ConnectionOf,
    caller: Buyer,
    number: Asked,
    decision: Decision,
    if_match: IfMatch = None,
    sent: DecisionBody | None = None,
) -> RequisitionBody:
    """Approved, it stands on the draft of the vendor with the best offer. `If-Match` holds the ETag."""
    told = sent or DecisionBody()
    said = Said(caller.name, from_us(now_us()), told.reason)
    await _decide(connection, caller, number, decision, (version_of(if_match), told.vendor, said))
    return RequisitionBody.model_validate(await get_requisition(connection, number))


@router.get("/purchase-orders", summary="List purchase orders", responses=documented(CursorInvalid))
async def get_purchases(
    connection: ConnectionOf, _: Reader, query: Annotated[RequisitionQuery, Query()]
) -> Page[PurchaseBody]:
    """Newest first."""
    before = decode_cursor(query.cursor, int)
    found = await find_purchases(
        connection,
        states=frozenset(query.state),
        before=before[0] if before else None,
        limit=query.limit + 1,
    )
    page, following = cut(found, query.limit, lambda one: [one.id])
    return Page(items=[PurchaseBody.model_validate(one) for one in page], next=following)


@router.get(
    "/purchase-orders/{number}", summary="One purchase order", responses=documented(NotFound)
)
async def get_one_purchase(
    connection: ConnectionOf, _: Reader, number: Number, response: Response
) -> PurchaseDetail:
    """With its lines and what came of them."""
    detail = await _detail(connection, number)
    response.headers["ETag"] = etag(detail.version)
    return detail


@router.post(
    "/purchase-orders/{number}/send",
    summary="Order what stands on a draft",
    responses=documented(
        NotFound, StaleVersion, TransitionRefused, PreconditionMissing, PreconditionInvalid
    ),
)
async def post_send(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Buyer,
    number: Number,
    if_match: IfMatch = None,
) -> PurchaseDetail:
    """From now on deliveries are taken in. `If-Match` holds the ETag that was read."""
    said = _said(services, caller, "")
    await purchasing.send(connection, number, expected_version=version_of(if_match), said=said)
    return await _detail(connection, number)


@router.post(
    "/purchase-orders/{number}/cancel",
    summary="Cancel a purchase order",
    responses=documented(NotFound, TransitionRefused, RequirementMissing),
)
async def post_cancel(
    connection: ConnectionOf, services: ServicesOf, caller: Buyer, number: Number, sent: ReasonBody
) -> PurchaseDetail:
    """What was asked for and did not come is open again."""
    await purchasing.cancel(connection, number, said=_said(services, caller, sent.reason))
    return await _detail(connection, number)


@router.post(
    "/purchase-orders/{number}/receipts",
    status_code=201,
    summary="Take a delivery in",
    responses=documented(
        NotFound,
        TransitionRefused,
        DeliveryRefused,
        BookingRefused,
        IdempotencyKeyInFlight,
        IdempotencyKeyReused,
    ),
)
async def post_delivery(
    connection: ConnectionOf,
    caller: Buyer,
    number: Number,
    sent: DeliveryBody,
    key: IdempotencyKey = None,
) -> EntryBody:
    """All of a line or a part of it; more, or a higher price, with the reason why it is accepted."""

    async def take() -> EntryBody:
        delivery = purchasing.Delivery(**sent.model_dump())
        said = Said(caller.name, from_us(now_us()))
        return EntryBody(entry_id=await purchasing.deliver(connection, number, delivery, said=said))

    return await repeatable(connection, caller, key, (f"receipts {number}", sent), take)


@router.post(
    "/purchase-orders/{number}/lines/{line_id}/close-short",
    summary="The rest of a line will not come",
    responses=documented(NotFound, BookingRefused, RequirementMissing),
)
async def post_close_short(
    connection: ConnectionOf, caller: Buyer, number: Number, line_id: Id, sent: ReasonBody
) -> PurchaseDetail:
    """With all lines done the order is closed."""
    said = Said(caller.name, from_us(now_us()), sent.reason)
    await purchasing.close_short(connection, number, line_id, said=said)
    return await _detail(connection, number)


@router.post(
    "/purchase-receipts/{receipt_id}/reversal",
    summary="Send a delivery back",
    responses=documented(NotFound, BookingRefused, StockShort, RequirementMissing),
)
async def post_take_back(
    connection: ConnectionOf, services: ServicesOf, caller: Buyer, receipt_id: Id, sent: ReasonBody
) -> EntryBody:
    """Its parts leave the stock, and are still to come."""
    said = _said(services, caller, sent.reason)
    await purchasing.take_receipt_back(connection, receipt_id, said=said)
    return EntryBody(entry_id=receipt_id)


async def _decide(
    connection: Connection,
    caller: Caller,
    number: str,
    decision: Decision,
    told: tuple[int, str | None, Said],
) -> None:
    version, vendor, said = told
    if decision is Decision.APPROVE:
        unlimited = caller.may(Permission.SPEND)
        limit = None if unlimited else load_settings().purchase_limit_minor
        approver = Approver(caller.name, limit)
        await requisitions.approve(
            connection, number, approver, expected_version=version, said=said
        )
    elif decision is Decision.ORDER:
        if not vendor:
            raise RequirementMissing(
                number, action="order", field="vendor", message="say who it is ordered from"
            )
        await requisitions.order_from(
            connection, number, vendor, expected_version=version, said=said
        )
    elif decision is Decision.REJECT:
        await requisitions.refuse(connection, number, expected_version=version, said=said)
    else:
        await requisitions.withdraw(connection, number, expected_version=version, said=said)


async def _detail(connection: Connection, number: str) -> PurchaseDetail:
    purchase = await get_purchase(connection, number)
    lines = await lines_of(connection, purchase)
    receipts = await receipts_of(connection, purchase)
    return PurchaseDetail(
        **PurchaseBody.model_validate(purchase).model_dump(),
        order_lines=[PurchaseLineBody.model_validate(one) for one in lines],
        receipts=[PurchaseReceiptBody.model_validate(one) for one in receipts],
    )


def _said(services: Services, caller: Caller, reason: str) -> Said:
    return Said(caller.name, from_us(services.clock()), reason)
