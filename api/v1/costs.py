"""Contracts, work of vendors, and what orders and assets cost."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.cost import (
    CostEntryBody,
    CostQuery,
    CostRowBody,
    CostsBody,
    NewCostBody,
    OrderCostsBody,
    ReplacementBody,
    ReplacementValueBody,
    RollUpBody,
)
from api.bodies.page import Page
from api.bodies.purchasing import (
    AcceptanceBody,
    ContractBody,
    EntryBody,
    ExternalWorkBody,
    NewWorkBody,
)
from api.bodies.stock import ReasonBody
from api.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, ResourceMissing
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.repeatable import IdempotencyKey, repeatable
from config.clock import from_us
from config.currency import plant_currency
from maintenance.costs import service
from maintenance.costs.queries import (
    Scope,
    entries_of_order,
    in_all,
    replacement_hint,
    roll_up,
    total,
)
from maintenance.errors import BookingRefused, ContractRefused, KeptInFiles, NotFound
from maintenance.materials.ledger import Said
from maintenance.orders.queries import get_order
from maintenance.procurement import services as external
from maintenance.procurement.definitions import save_contract, save_vendor
from maintenance.procurement.file import ContractShape, VendorShape
from maintenance.procurement.queries import list_contracts, work_of_order

router = APIRouter(prefix="/api/v1", tags=["Costs and contracts"])

Buyer = Annotated[Caller, Depends(require(Permission.PROCURE))]
Number = Annotated[str, Path(description="Number of the order.", examples=["WO-000001"])]
Code = Annotated[str, Path(max_length=64, examples=["SC-2026-014"])]
Tag = Annotated[str, Path(max_length=100, examples=["P-101"])]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]

FORMULA = (
    "labour (minutes at the rate of the day, frozen at completion) + materials (at their cost when "
    "issued, less returns) + accepted services + other costs; by the time of booking; each belongs to "
    "the asset and site of its order; a subtree is the tree of now"
)
_BOOKED = documented(
    NotFound, BookingRefused, ContractRefused, IdempotencyKeyInFlight, IdempotencyKeyReused
)


@router.get(
    "/work-orders/{number}/costs", summary="Costs of an order", responses=documented(NotFound)
)
async def get_order_costs(connection: ConnectionOf, _: Reader, number: Number) -> OrderCostsBody:
    """Every entry, and what they add up to."""
    order = await get_order(connection, number)
    entries = await entries_of_order(connection, order.id)
    return OrderCostsBody(
        currency=plant_currency(),
        costs=CostsBody.model_validate(total(entries)),
        entries=[CostEntryBody.model_validate(one) for one in entries],
    )


@router.post(
    "/work-orders/{number}/costs", status_code=201, summary="Add a cost", responses=_BOOKED
)
async def post_cost(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Buyer,
    number: Number,
    sent: NewCostBody,
    key: IdempotencyKey = None,
) -> EntryBody:
    """One that is neither labour nor parts nor a service."""

    async def make() -> EntryBody:
        made = await service.add_cost(
            connection,
            number,
            sent.amount_minor,
            sent.description,
            actor=caller.name,
            at=from_us(services.clock()),
        )
        return EntryBody(entry_id=made)

    return await repeatable(connection, caller, key, (f"costs {number}", sent), make)


@router.post(
    "/costs/{entry_id}/reversal", summary="Take a cost back", responses=documented(BookingRefused)
)
async def post_cost_reversal(
    connection: ConnectionOf, services: ServicesOf, caller: Buyer, entry_id: Id, sent: ReasonBody
) -> EntryBody:
    """Once, with a reason; also of a closed order."""
    at = from_us(services.clock())
    made = await service.reverse_cost(connection, entry_id, sent.reason, actor=caller.name, at=at)
    return EntryBody(entry_id=made)


@router.get("/costs", summary="Costs added up")
async def get_costs(
    connection: ConnectionOf, services: ServicesOf, _: Reader, query: Annotated[CostQuery, Query()]
) -> RollUpBody:
    """By asset, class, site or month, with what they were added up from."""
    until = query.until or from_us(services.clock())
    since = query.since or until - timedelta(days=365)
    scope = Scope(since, until, query.site, query.asset_class, query.asset)
    rows = await roll_up(connection, query.by, scope)
    return RollUpBody(
        currency=plant_currency(),
        by=query.by,
        since=since,
        until=until,
        formula=FORMULA,
        rows=[CostRowBody.model_validate(row) for row in rows],
        total=CostRowBody.model_validate(await in_all(connection, scope)),
    )


@router.put(
    "/assets/{tag}/replacement-value",
    summary="Say what a like asset would cost",
    responses=documented(NotFound),
)
async def put_replacement_value(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Buyer,
    tag: Tag,
    sent: ReplacementValueBody,
) -> ReplacementBody:
    """The hint to repair or replace rests on it."""
    at = from_us(services.clock())
    await service.set_replacement_value(
        connection, tag, sent.amount_minor, actor=caller.name, at=at
    )
    found = await replacement_hint(connection, tag, until=at, years=3)
    return ReplacementBody.model_validate(found)


@router.get(
    "/assets/{tag}/replacement-hint",
    summary="Repair or replace?",
    responses=documented(ResourceMissing),
)
async def get_replacement_hint(
    connection: ConnectionOf,
    services: ServicesOf,
    _: Reader,
    tag: Tag,
    years: Annotated[int, Query(ge=1, le=20)] = 3,
) -> ReplacementBody:
    """What the asset and all below it cost in the last years, against what a like one would cost."""
    until = from_us(services.clock())
    found = await replacement_hint(connection, tag, until=until, years=years)
    if found is None:
        raise ResourceMissing(f"there is no asset {tag!r}")
    return ReplacementBody.model_validate(found)


@router.get("/contracts", summary="List service contracts")
async def get_contracts(connection: ConnectionOf, _: Reader) -> Page[ContractBody]:
    """With what is left of each; the one that ends first at the top."""
    found = await list_contracts(connection)
    return Page(items=[ContractBody.model_validate(one) for one in found])


@router.put(
    "/contracts/{code}",
    summary="Make or change a service contract",
    responses=documented(KeptInFiles, NotFound),
)
async def put_contract(
    connection: ConnectionOf, _: Buyer, code: Code, sent: ContractShape
) -> ContractBody:
    """The code in the address holds."""
    await save_contract(connection, sent.model_copy(update={"code": code}).definition())
    found = await list_contracts(connection)
    return ContractBody.model_validate(next(one for one in found if one.code == code))


@router.put(
    "/vendors/{code}",
    summary="Make or change a vendor with its prices",
    responses=documented(KeptInFiles, NotFound),
)
async def put_vendor(
    connection: ConnectionOf, _: Buyer, code: Code, sent: VendorShape
) -> VendorShape:
    """Its prices replace those before; what was ordered keeps its price."""
    vendor = sent.model_copy(update={"code": code})
    await save_vendor(connection, vendor.definition())
    return vendor


@router.get(
    "/work-orders/{number}/external-work",
    summary="Work of vendors on an order",
    responses=documented(NotFound),
)
async def get_external_work(
    connection: ConnectionOf, _: Reader, number: Number
) -> Page[ExternalWorkBody]:
    """Oldest first."""
    order = await get_order(connection, number)
    found = await work_of_order(connection, order.id)
    return Page(items=[ExternalWorkBody.model_validate(one) for one in found])


@router.post(
    "/work-orders/{number}/external-work",
    status_code=201,
    summary="Have a vendor do something",
    responses=_BOOKED,
)
async def post_external_work(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Buyer,
    number: Number,
    sent: NewWorkBody,
    key: IdempotencyKey = None,
) -> EntryBody:
    """Called off by a contract, or agreed for an amount."""

    async def make() -> EntryBody:
        new = external.NewWork(**sent.model_dump())
        said = _said(services, caller, "")
        return EntryBody(entry_id=await external.agree(connection, number, new, said=said))

    return await repeatable(connection, caller, key, (f"work {number}", sent), make)


@router.post(
    "/external-work/{work_id}/acceptances",
    status_code=201,
    summary="Accept work of a vendor",
    responses=_BOOKED,
)
async def post_acceptance(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Buyer,
    work_id: Id,
    sent: AcceptanceBody,
    key: IdempotencyKey = None,
) -> EntryBody:
    """The order bears its cost from now on."""

    async def make() -> EntryBody:
        done = external.Acceptance(sent.amount_minor, sent.minutes, sent.last)
        said = _said(services, caller, sent.reason)
        return EntryBody(entry_id=await external.accept(connection, work_id, done, said=said))

    return await repeatable(connection, caller, key, (f"acceptances {work_id}", sent), make)


@router.post(
    "/external-work/{work_id}/cancel",
    summary="Cancel work of a vendor",
    responses=documented(NotFound, BookingRefused),
)
async def post_work_cancel(
    connection: ConnectionOf, services: ServicesOf, caller: Buyer, work_id: Id
) -> EntryBody:
    """What it held of its contract is free again."""
    await external.cancel(connection, work_id, said=_said(services, caller, ""))
    return EntryBody(entry_id=work_id)


@router.post(
    "/acceptances/{entry_id}/reversal",
    summary="Take an acceptance back",
    responses=documented(NotFound, BookingRefused),
)
async def post_acceptance_reversal(
    connection: ConnectionOf, services: ServicesOf, caller: Buyer, entry_id: Id, sent: ReasonBody
) -> EntryBody:
    """Once, with a reason; also of a closed order."""
    said = _said(services, caller, sent.reason)
    return EntryBody(entry_id=await external.reverse_acceptance(connection, entry_id, said=said))


def _said(services: Services, caller: Caller, reason: str) -> Said:
    return Said(caller.name, from_us(services.clock()), reason)
