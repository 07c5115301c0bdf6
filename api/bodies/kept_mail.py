"""Mails that could not be made requests, as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.requests.mail.kept import KeptState, Outcome


class KeptMailBody(FromDomain):
    """A mail that waits for a person, or waited."""

    id: int = Field(examples=[1])
    sender: str = Field(description="Empty where it cannot be read.", examples=["lee@example.com"])
    subject: str = Field(examples=["P-101 drips"])
    reason: str = Field(description="Why it was kept aside.", examples=["it is encrypted"])
    size: int = Field(description="Bytes.", examples=[2048])
    is_whole: bool = Field(description="false: only its head is here, it was too large.")
    state: KeptState
    request: str | None = Field(description="The request that it became.", examples=["WR-000001"])
    kept_at: datetime
    settled_at: datetime | None
    settled_by: str | None


class KeptMailQuery(PageQuery):
    """Which mails to list."""

    state: Annotated[KeptState | None, Field(description="Left out: all.")] = KeptState.WAITING


class ReadMailBody(BaseModel):
    """What came of reading a mail again."""

    outcome: Outcome
    request: str | None = Field(examples=["WR-000001"])
