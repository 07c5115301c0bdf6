"""Work requests as the API shows them and takes them in."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.orders.work_order import OrderType
from maintenance.requests.request import (
    TEXT_LENGTH,
    TITLE_LENGTH,
    Channel,
    RequestAction,
    RequestState,
    Urgency,
    WorkRequest,
    allowed_actions,
)


class RequestBody(FromDomain):
    """A work request as it stands."""

    number: str = Field(examples=["WR-000001"])
    asset: str | None = Field(examples=["P-101"])
    asset_name: str | None
    site: str | None
    location: str | None
    place: str = Field(description="Where, in the requester's own words.")
    title: str
    description: str
    failure_mode: str | None = Field(description="The requester's guess (ISO 14224).")
    urgency: Urgency = Field(description="As the requester sees it.")
    requester: str
    contact: str
    channel: Channel
    external_id: str | None
    state: RequestState
    version: int = Field(description="Counts its changes; the ETag of the request.")
    reason: str
    triaged_by: str | None
    triaged_at: datetime | None
    work_order: str | None = Field(description="The order that it led to or joined.")
    duplicate_of: str | None
    fixed: bool | None
    rating: int | None
    remark: str
    created_at: datetime
    updated_at: datetime
    allowed_transitions: list[RequestAction]

    @classmethod
    def of(cls, request: WorkRequest) -> "RequestBody":
        """From the domain's request."""
        names = set(cls.model_fields) - {"allowed_transitions"}
        fields = {name: getattr(request, name) for name in names}
        return cls(**fields, allowed_transitions=list(allowed_actions(request.state)))


class RequestChangeBody(FromDomain):
    """One row of the audit trail."""

    version: int
    action: str
    from_state: RequestState | None
    to_state: RequestState
    actor: str
    reason: str
    details: dict[str, Any]
    at: datetime


class RequestQuery(PageQuery):
    """Filters of the list of requests; all that are given have to fit."""

    state: Annotated[
        list[RequestState],
        Field(default_factory=list, description="Any of these; may be repeated."),
    ]
    channel: Annotated[Channel | None, Field(description="How it came.")] = None
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    requester: Annotated[str | None, Field(description="Who asked.")] = None


class SimilarQuery(BaseModel):
    """What is being reported, as far as it is written."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=TEXT_LENGTH, description="Title and description.")]
    asset: Annotated[str | None, Field(description="Tag of the asset.")] = None
    failure_mode: Annotated[str | None, Field(max_length=20, description="ISO 14224.")] = None
    but: Annotated[str | None, Field(description="Number of a request to leave out.")] = None


class SimilarBody(FromDomain):
    """An open order or a new request that may be about the same."""

    number: str = Field(examples=["WO-000001"])
    title: str
    asset: str | None
    state: str
    at: datetime
    share: float = Field(description="How alike, 0 to 1.")
    why: str = Field(examples=["the same asset; both say seal, drips"])


class NewRequestBody(BaseModel):
    """What is wrong, and where."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"asset": "P-101", "title": "Seal drips", "urgency": "normal"}]
        },
    )

    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    description: str = Field(default="", max_length=TEXT_LENGTH)
    asset: str | None = Field(default=None, max_length=100, description="Tag of the asset.")
    site: str | None = Field(default=None, max_length=100, description="Of the location.")
    location: str | None = Field(default=None, max_length=100, description="Code of a location.")
    place: str = Field(
        default="", max_length=TITLE_LENGTH, description="Where, if neither is known."
    )
    failure_mode: str | None = Field(default=None, max_length=20, description="ISO 14224.")
    urgency: Urgency = Urgency.NORMAL
    contact: str = Field(default="", max_length=TITLE_LENGTH)
    external_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="What it is called where it comes from; leads to one request only.",
    )


class DecisionBody(BaseModel):
    """How a request becomes work; what is left out is taken as the requester said it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"failure_mode": "ELP", "priority": 2}]}
    )

    asset: str | None = Field(default=None, max_length=100)
    title: str | None = Field(default=None, min_length=1, max_length=TITLE_LENGTH)
    description: str | None = Field(default=None, max_length=TEXT_LENGTH)
    failure_mode: str | None = Field(default=None, max_length=20)
    type: OrderType = OrderType.CORRECTIVE
    priority: int | None = Field(default=None, ge=1, le=5)
    job_plan: str | None = Field(default=None, max_length=100)
    work_order: str | None = Field(
        default=None, max_length=40, description="Join this open order.", examples=["WO-000001"]
    )
    reason: str = Field(default="", max_length=2000)


class RejectionBody(BaseModel):
    """Why a request is declined; the requester reads it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "It is replaced next week"}]}
    )

    reason: str = Field(min_length=1, max_length=2000)


class JoinBody(BaseModel):
    """What a request is a duplicate of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"first": "WR-000001"}]}
    )

    first: str = Field(
        max_length=40,
        description="Number of a request or of an open order.",
        examples=["WO-000007"],
    )


class RequestCommentBody(BaseModel):
    """A word on a request; the requester and the order's trail have it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "It drips faster now"}]}
    )

    text: str = Field(min_length=1, max_length=2000)


class ConfirmationBody(BaseModel):
    """Whether the work helped."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"fixed": False, "remark": "It drips still"}]},
    )

    fixed: bool = Field(description="false: the order is reopened, or the request triaged anew.")
    remark: str = Field(default="", max_length=2000)


class RatingBody(BaseModel):
    """What the requester thinks of the work."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"rating": 5, "remark": "Quick"}]}
    )

    rating: int = Field(ge=1, le=5, description="5 is the best.")
    remark: str = Field(default="", max_length=2000)


class IntakeQuery(BaseModel):
    """How a file is taken in."""

    model_config = ConfigDict(extra="forbid")

    dry_run: Annotated[bool, Field(description="Check it all and write nothing.")] = False


class IntakeBody(FromDomain):
    """What a file of requests led to."""

    new: int = Field(description="Rows that did not come before.")
    made: list[str] = Field(description="Numbers of the new requests; none on a dry run.")
    known: list[str] = Field(description="Numbers of those that came before.")
