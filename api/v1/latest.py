"""The newest reading of every point of a site, at once."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.guard import Reader
from api.services import ConnectionOf
from api.tables import send_columns
from ingest.history.site import site_latest

router = APIRouter(prefix="/api/v1/latest-readings", tags=["Points"])


class LatestReadings(BaseModel):
    """The newest readings in columns, by tag; nulls where a point has none."""

    tag: list[str] = Field(examples=[["P-101.de_vibration"]])
    ts: list[int | None] = Field(description="µs since 1970-01-01 UTC.")
    value: list[float | None] = Field(description="In the point's unit.")
    quality: list[int | None] = Field(
        description="OPC UA style: 0-63 good, 64-127 uncertain, 128-255 bad."
    )


@router.get("", summary="Newest readings of all points", response_model=LatestReadings)
async def get_latest(
    connection: ConnectionOf,
    _: Reader,
    site: Annotated[str | None, Query(description="Code of the site; left out: all.")] = None,
) -> Response:
    """Of every point that is not retired, in one piece: there are no pages."""
    found = await site_latest(connection, site)
    ts: list[int | None] = found.ts.tolist()
    quality: list[int | None] = found.quality.tolist()
    for row in np.flatnonzero(~found.known).tolist():
        ts[row] = quality[row] = None
    return send_columns(
        LatestReadings.model_construct(
            tag=found.tag, ts=ts, value=found.value.tolist(), quality=quality
        )
    )
