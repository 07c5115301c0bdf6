"""The pages of the register: the tree of assets, and labels to print; what an asset's page tells."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from pydantic import BaseModel, Field

from api.access.caller import Caller
from api.access.roles import Permission
from api.bodies.page import cut, decode_cursor
from api.guard import Reader
from api.labels import label_svg
from api.pages.places import load_places
from api.pages.render import render
from api.pages.stock import money
from api.services import ConnectionOf, Services, services_of
from api.v1.assets import existing_asset
from config.clock import from_us
from config.currency import plant_currency
from config.database import Connection
from maintenance.attachments.attachment import Subject, SubjectKind
from maintenance.attachments.media_type import SHOWN
from maintenance.attachments.queries import attachments_of
from maintenance.costs.queries import replacement_hint
from maintenance.register.asset import Asset, KeptIn, OperatingState
from maintenance.register.downtime.queries import downtimes_of, open_downtime
from maintenance.register.history import changes_of_asset, states_of
from maintenance.register.queries import (
    AssetFilters,
    above,
    count_children,
    list_asset_classes,
    list_assets,
    list_locations,
)
from maintenance.register.warranty import warranties_of, warranty_of

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 100
_LABELS = 200
_SHOWN = 12
_YEARS = 3

Tag = Annotated[str | None, Query(max_length=100)]


class RegisterQuery(BaseModel):
    """Which assets are shown: parts of one, what words find, or what is retired."""

    q: Annotated[str, Field(max_length=200)] = ""
    parent: Annotated[str | None, Field(max_length=100)] = None
    retired: bool = False
    cursor: Annotated[str | None, Field(max_length=300)] = None


@router.get("/register")
async def get_register(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    query: Annotated[RegisterQuery, Query()],
) -> Response:
    """The tree, level by level: what is part of nothing, or of one asset; or what words find."""
    after = decode_cursor(query.cursor, str)
    q, parent, retired = query.q, query.parent, query.retired
    searching = bool(q.strip()) or retired
    filters = AssetFilters(
        parent=None if searching else parent,
        subtree=parent if searching and not retired else None,
        words=q,
        roots=parent is None and not searching,
        retired=retired,
    )
    found = await list_assets(
        connection, filters, after=after[0] if after else None, limit=_ON_A_PAGE + 1
    )
    page, following = cut(found, _ON_A_PAGE, lambda asset: [asset.tag])
    return render(
        request,
        "register.html",
        caller=caller,
        places=await load_places(connection),
        assets=page,
        counts=await count_children(connection, [asset.tag for asset in page]),
        parent=await existing_asset(connection, parent) if parent else None,
        line=await above(connection, parent) if parent else [],
        classes=await list_asset_classes(connection),
        q=q,
        retired=retired,
        cursor=query.cursor,
        following=following,
        may_keep=caller.may(Permission.KEEP_REGISTER),
    )


@router.get("/labels")
async def get_labels(
    request: Request,
    connection: ConnectionOf,
    caller: Reader,
    asset: Annotated[list[str], Query(max_length=_LABELS)] = [],  # noqa: B006 - FastAPI copies it
    subtree: Tag = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """A sheet of labels to print, of some assets or of one with everything below it."""
    after = decode_cursor(cursor, str)
    if asset:
        found = [await existing_asset(connection, tag) for tag in asset]
    else:
        found = await list_assets(
            connection,
            AssetFilters(subtree=subtree),
            after=after[0] if after else None,
            limit=_LABELS + 1,
        )
    page, following = cut(found, _LABELS, lambda each: [each.tag])
    base = services_of(request).public_url or str(request.base_url)
    return render(
        request,
        "labels.html",
        caller=caller,
        places=await load_places(connection),
        # Made by ourselves, with what comes from outside escaped.
        labels=[Markup(label_svg(base, each.tag, each.name)) for each in page],  # noqa: S704
        subtree=subtree,
        following=following,
    )


async def register_context(
    connection: Connection, services: Services, caller: Caller, asset: Asset
) -> dict[str, Any]:
    """What the register tells on an asset's page, and what the caller may do there."""
    at = from_us(services.clock())
    classes = {each.code: each for each in await list_asset_classes(connection)}
    kept_here = asset.kept_in is KeptIn.DATABASE
    return {
        "line": await above(connection, asset.tag),
        "asset_class": classes.get(asset.asset_class),
        "warranty": await warranty_of(connection, asset.id, at),
        "warranties": await warranties_of(connection, asset.id),
        "down": await open_downtime(connection, asset.id),
        "downtimes": await downtimes_of(connection, asset.id, limit=_SHOWN),
        "documents": await attachments_of(connection, Subject(SubjectKind.ASSET, asset.id)),
        "shown_types": SHOWN,
        "worth": await replacement_hint(connection, asset.tag, until=at, years=_YEARS),
        "money": money,
        "currency": plant_currency(),
        "may_buy": caller.may(Permission.PROCURE) and asset.retired_at is None,
        "changes": await changes_of_asset(connection, asset.id, limit=_SHOWN),
        "states": await states_of(connection, asset.id, limit=_SHOWN),
        "operating_states": list(OperatingState),
        "locations": await list_locations(connection, site=asset.site),
        "may_work": caller.may(Permission.WORK) and asset.retired_at is None,
        "may_attach": caller.may(Permission.CREATE),
        "may_keep": caller.may(Permission.KEEP_REGISTER),
        "may_edit": caller.may(Permission.KEEP_REGISTER) and kept_here,
    }
