"""Orders that are parts of larger work, and how far all of it is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.order import (
    OrderBody,
    ParentBody,
    ProgressBody,
)
from api.bodies.page import Page
from api.entity_tag import etag, version_of
from api.errors import (
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import Reader, require
from api.problems import documented
from api.services import ConnectionOf
from api.v1.orders import Held, Number
from maintenance.commands.editing import set_parent
from maintenance.errors import (
    FamilyRefused,
    NotFound,
    StaleVersion,
)
from maintenance.orders.family import children_of, progress_of
from maintenance.orders.queries import get_order
from maintenance.orders.work_order import Particulars

router = APIRouter(prefix="/api/v1/work-orders", tags=["Work orders"])


@router.put(
    "/{number}/parent",
    summary="Make an order a part of larger work",
    responses=documented(
        NotFound, StaleVersion, FamilyRefused, PreconditionMissing, PreconditionInvalid
    ),
)
async def put_parent(
    connection: ConnectionOf,
    caller: Annotated[Caller, Depends(require(Permission.APPROVE))],
    held: Annotated[Held, Depends()],
    said: ParentBody,
    response: Response,
) -> OrderBody:
    """Or of none. `If-Match` holds the ETag that was read."""
    order = await set_parent(
        connection,
        held.number,
        said.parent,
        expected_version=version_of(held.if_match),
        given=Particulars(caller.name, said.reason),
    )
    response.headers["ETag"] = etag(order.version)
    return OrderBody.of(order)


@router.get(
    "/{number}/children",
    summary="Orders that are parts of an order",
    responses=documented(NotFound),
)
async def get_parts(connection: ConnectionOf, _: Reader, number: Number) -> Page[OrderBody]:
    """The orders that are parts of it."""
    order = await get_order(connection, number)
    return Page(items=[OrderBody.of(part) for part in await children_of(connection, order)])


@router.get("/{number}/progress", summary="How far its parts are", responses=documented(NotFound))
async def get_progress(connection: ConnectionOf, _: Reader, number: Number) -> ProgressBody:
    """Parts and theirs, down to the last."""
    order = await get_order(connection, number)
    return ProgressBody.model_validate(await progress_of(connection, order))
