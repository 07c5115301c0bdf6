"""Walks of inspection rounds as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain
from maintenance.orders.work_order import State


class MissedBody(BaseModel):
    """A stop that nobody looked at, or not at everything."""

    stop: int
    asset: str = Field(examples=["P-101"])
    place: str
    whole: bool = Field(description="Was nothing at all looked at there?")
    steps: list[str] = Field(description="What was not looked at.")
    reasons: list[str] = Field(description="Why, as far as somebody said so.")


class WalkBody(FromDomain):
    """One walk of a round."""

    number: str = Field(description="Number of its work order.", examples=["WO-000001"])
    state: State
    assignee: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    steps: int
    done: int
    failed: int
    missed: list[MissedBody] = Field(description="Told once it is over.")
