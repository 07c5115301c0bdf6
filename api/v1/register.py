"""The register around the assets: sites, locations, classes; and all assets as a table."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.bodies.page import Page
from api.bodies.register import AssetClassBody, ImportedBody, LocationBody, SiteBody
from api.guard import Reader
from api.problems import documented
from api.services import ConnectionOf, ServicesOf
from api.v1.asset_edits import Keeper, by_of
from maintenance.errors import FileTooLarge, ImportRefused
from maintenance.register.exchange import ImportMode, export_assets, import_assets
from maintenance.register.queries import list_asset_classes, list_locations, list_sites

router = APIRouter(prefix="/api/v1", tags=["Register"])

_CSV = "text/csv"
_TABLE = {
    "requestBody": {
        "required": True,
        "description": "CSV in UTF-8, one row an asset; `/asset-table` gives one to start from.",
        "content": {_CSV: {"schema": {"type": "string"}}},
    }
}


@router.get("/sites", summary="Sites")
async def get_sites(connection: ConnectionOf, _: Reader) -> Page[SiteBody]:
    """Every site, by code."""
    return Page(items=[SiteBody.model_validate(each) for each in await list_sites(connection)])


@router.get("/locations", summary="Locations")
async def get_locations(
    connection: ConnectionOf,
    _: Reader,
    site: Annotated[str | None, Query(description="Code of the site.")] = None,
) -> Page[LocationBody]:
    """Every location, or those of one site, by site and code."""
    found = await list_locations(connection, site=site)
    return Page(items=[LocationBody.model_validate(each) for each in found])


@router.get("/asset-classes", summary="Classes of assets")
async def get_classes(connection: ConnectionOf, _: Reader) -> Page[AssetClassBody]:
    """Every class with its roles, attributes and failure modes, by code."""
    found = await list_asset_classes(connection)
    return Page(items=[AssetClassBody.of(each) for each in found])


@router.get(
    "/asset-table",
    summary="All assets as a table",
    responses={200: {"content": {_CSV: {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def get_table(connection: ConnectionOf, _: Reader) -> Response:
    """CSV with one row for each asset in use; sent back, it changes nothing."""
    return Response(
        await export_assets(connection),
        media_type=_CSV,
        headers={"Content-Disposition": 'attachment; filename="assets.csv"'},
    )


@router.post(
    "/asset-table",
    summary="Make and change assets from a table",
    responses=documented(ImportRefused, FileTooLarge),
    openapi_extra=_TABLE,
)
async def post_table(
    request: Request,
    connection: ConnectionOf,
    services: ServicesOf,
    caller: Keeper,
    dry_run: Annotated[
        bool, Query(description="Say what would change, and change nothing.")
    ] = False,
) -> ImportedBody:
    """By tag. A table with a wrong row is refused whole, and every wrong row is named.

    Columns that it lacks stay as they are, empty cells clear, assets that it lacks stay.
    """
    text = await _text(request, services.largest_file)
    mode = ImportMode.DRY_RUN if dry_run else ImportMode.COMMIT
    done = await import_assets(
        connection, text, by=by_of(caller, services, "From a table"), mode=mode
    )
    return ImportedBody.of(done, dry_run=dry_run)


async def _text(request: Request, most: int) -> str:
    """The body as text. Raises `FileTooLarge`, and `ImportRefused` where it is no UTF-8."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > most:
            raise FileTooLarge(most)
    try:
        return read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefused(["row 1, column -: it is no UTF-8. Save it as CSV UTF-8"]) from error
