"""Downtime as the API shows and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.bodies.asset import Reason
from api.bodies.page import FromDomain, PageQuery
from maintenance.register.downtime.interval import DowntimeKind


class DowntimeBody(FromDomain):
    """When an asset could not do its work."""

    id: int
    asset: str = Field(examples=["P-101"])
    kind: DowntimeKind
    started_at: datetime
    ended_at: datetime | None = Field(description="Null: it is down still.")
    reason: str
    work_order: str | None = Field(examples=["WO-000012"])
    actor: str
    ended_by: str | None


class NewDowntimeBody(BaseModel):
    """That an asset is down, or was."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "unplanned",
                    "started_at": "2026-11-23T06:40:00Z",
                    "reason": "Seal failed",
                    "work_order": "WO-000012",
                }
            ]
        },
    )

    kind: DowntimeKind
    started_at: AwareDatetime | None = Field(
        default=None, description="Since when; left out: now.", examples=["2026-11-23T06:40:00Z"]
    )
    ended_at: AwareDatetime | None = Field(
        default=None, description="Until when; left out: it is down still."
    )
    reason: Reason = ""
    work_order: str | None = Field(default=None, description="Number of the order about it.")


class EndBody(BaseModel):
    """When an asset could work again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"ended_at": "2026-11-23T09:10:00Z"}]},
    )

    ended_at: AwareDatetime | None = Field(default=None, description="Left out: now.")


class DowntimeQuery(PageQuery):
    """Which intervals are wanted: those that touch the time from `start` to `end`."""

    start: Annotated[AwareDatetime | None, Field(description="Not over before this.")] = None
    end: Annotated[AwareDatetime | None, Field(description="Begun before this.")] = None
