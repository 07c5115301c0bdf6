"""What is done to one asset: made, changed, moved, its state said, retired, revived."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.asset import (
    AssetBody,
    AssetChangesBody,
    MoveBody,
    NewAssetBody,
    ReasonBody,
    StateBody,
)
from api.entity_tag import etag, version_of
from api.errors import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionInvalid,
    PreconditionMissing,
)
from api.guard import require
from api.idempotency import Answer, once
from api.problems import documented
from api.services import ConnectionOf, Services, ServicesOf
from api.v1.assets import Tag, existing_asset
from api.v1.repeatable import IdempotencyKey
from config.clock import from_us
from maintenance.errors import (
    AssetRetired,
    KeptInFiles,
    NotFound,
    RegisterConflict,
    StaleVersion,
)
from maintenance.register.asset import Asset, By
from maintenance.register.editing import (
    change_asset,
    create_asset,
    retire_asset,
    revive_asset,
    set_operating_state,
)

router = APIRouter(prefix="/api/v1/assets", tags=["Assets"])

Keeper = Annotated[Caller, Depends(require(Permission.KEEP_REGISTER))]

_CHANGED = documented(
    NotFound,
    StaleVersion,
    KeptInFiles,
    AssetRetired,
    RegisterConflict,
    PreconditionMissing,
    PreconditionInvalid,
)


@dataclass(frozen=True, slots=True)
class HeldAsset:
    """An asset as a caller read it: its tag, and its ETag then."""

    tag: Tag
    if_match: Annotated[
        str | None, Header(description="The asset's ETag as it was read.", examples=['"3"'])
    ] = None


@router.post(
    "",
    status_code=201,
    summary="Make an asset",
    responses=documented(RegisterConflict, IdempotencyKeyInFlight, IdempotencyKeyReused),
)
async def post_asset(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    new: NewAssetBody,
    response: Response,
    key: IdempotencyKey = None,
) -> AssetBody:
    """The database keeps it: it is changed here, and plant files leave it alone."""

    async def create() -> Answer:
        made = await create_asset(
            connection, new.to_domain(), by=by_of(caller, services, new.reason)
        )
        return Answer(201, AssetBody.model_validate(made).model_dump(mode="json"))

    request = new.model_dump_json().encode()
    answer = await once(connection, caller.identity, key, request, create)
    body = AssetBody.model_validate(answer.body)
    response.headers["ETag"] = etag(body.version)
    response.headers["Location"] = f"{router.prefix}/{body.tag}"
    return body


@router.patch("/{tag}", summary="Change an asset", responses=_CHANGED)
async def patch_asset(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    held: Annotated[HeldAsset, Depends()],
    said: AssetChangesBody,
    response: Response,
) -> AssetBody:
    """What is left out stays as it is; where it stands is changed by a move."""
    version = version_of(held.if_match)
    changes = said.changes(await existing_asset(connection, held.tag))
    by = by_of(caller, services, said.reason)
    changed = await change_asset(connection, held.tag, changes, expected_version=version, by=by)
    return _answered(changed, response)


@router.post("/{tag}/move", summary="Move an asset", responses=_CHANGED)
async def post_move(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    held: Annotated[HeldAsset, Depends()],
    said: MoveBody,
    response: Response,
) -> AssetBody:
    """To another site, location or parent, with everything below it; the history keeps the way."""
    by = by_of(caller, services, said.reason)
    moved = await change_asset(
        connection, held.tag, said.changes(), expected_version=version_of(held.if_match), by=by
    )
    return _answered(moved, response)


@router.post(
    "/{tag}/state",
    summary="Say what state an asset is in",
    responses=documented(NotFound, StaleVersion, AssetRetired, PreconditionInvalid),
)
async def post_state(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Annotated[Caller, Depends(require(Permission.WORK))],
    held: Annotated[HeldAsset, Depends()],
    said: StateBody,
    response: Response,
) -> AssetBody:
    """Wherever the asset is kept. Alarms of an asset under maintenance are suppressed."""
    changed = await set_operating_state(
        connection,
        held.tag,
        said.state,
        expected_version=None if held.if_match is None else version_of(held.if_match),
        by=by_of(caller, services, said.reason),
    )
    return _answered(changed, response)


@router.post("/{tag}/retire", summary="Take an asset out of use", responses=_CHANGED)
async def post_retire(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    held: Annotated[HeldAsset, Depends()],
    said: ReasonBody,
    response: Response,
) -> AssetBody:
    """Its history stays; it takes no work and no plan makes any for it."""
    by = by_of(caller, services, said.reason)
    retired = await retire_asset(
        connection, held.tag, expected_version=version_of(held.if_match), by=by
    )
    return _answered(retired, response)


@router.post("/{tag}/revive", summary="Bring a retired asset back", responses=_CHANGED)
async def post_revive(
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    held: Annotated[HeldAsset, Depends()],
    said: ReasonBody,
    response: Response,
) -> AssetBody:
    """As it was, with its history; the database keeps it from then on."""
    by = by_of(caller, services, said.reason)
    revived = await revive_asset(
        connection, held.tag, expected_version=version_of(held.if_match), by=by
    )
    return _answered(revived, response)


def by_of(caller: Caller, services: Services, reason: str = "") -> By:
    """Who does something to the register now, and why."""
    return By(caller.name, from_us(services.clock()), reason)


def _answered(asset: Asset, response: Response) -> AssetBody:
    response.headers["ETag"] = etag(asset.version)
    return AssetBody.model_validate(asset)
