"""Channels, automations, what they did and what was sent, as the API shows them and takes them in."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.automation.channel import ChannelKind, Digest, masked
from maintenance.automation.delivery import DeliveryState
from maintenance.automation.file import AutomationShape, ChannelShape
from maintenance.automation.queries import KeptAutomation, KeptChannel


class ChannelBody(BaseModel):
    """Where messages go. Of the address its scheme and host are shown; the secret never is."""

    code: str = Field(examples=["shift-phone"])
    name: str
    kind: ChannelKind
    address: str = Field(examples=["mailto://mail.example.com/…"])
    time_zone: str
    quiet_from: str | None = Field(examples=["22:00"])
    quiet_to: str | None
    urgent_priority: int
    digest: Digest
    digest_at: str
    kept_in: str = Field(description="files or database.")
    disabled_at: datetime | None = Field(
        description="Its end said that it is gone; write the channel anew to enable it."
    )
    disabled_why: str | None

    @classmethod
    def of(cls, kept: KeptChannel) -> "ChannelBody":
        """From the domain's channel."""
        one = kept.channel
        return cls(
            code=one.code,
            name=one.name,
            kind=one.kind,
            address=masked(one.address),
            time_zone=one.time_zone,
            quiet_from=f"{one.quiet_from:%H:%M}" if one.quiet_from else None,
            quiet_to=f"{one.quiet_to:%H:%M}" if one.quiet_to else None,
            urgent_priority=one.urgent_priority,
            digest=one.digest,
            digest_at=f"{one.digest_at:%H:%M}",
            kept_in=kept.kept_in,
            disabled_at=kept.disabled_at,
            disabled_why=kept.disabled_why,
        )


class AutomationBody(BaseModel):
    """A rule: when something happens, and it is so, then do this."""

    code: str = Field(examples=["urgent-to-shift"])
    version: int
    definition: dict[str, Any] = Field(
        description="`when`, `if`, `unless` and `then`, as in plant files.",
        examples=[{"when": "work_order.create", "if": {"priority": 1}, "then": [{"approve": {}}]}],
    )
    kept_in: str = Field(description="files or database.")
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, kept: KeptAutomation) -> "AutomationBody":
        """From the domain's automation."""
        return cls(
            code=kept.automation.code,
            version=kept.version,
            definition=dict(kept.definition),
            kept_in=kept.kept_in,
            created_by=kept.created_by,
            created_at=kept.created_at,
        )


class NewChannelBody(ChannelShape):
    """A channel as it is wanted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "shift-mail",
                    "name": "Mail of the shift",
                    "kind": "apprise",
                    "address": "mailtos://oilcan:password@mail.example.com?to=shift@example.com",
                    "quiet_from": "22:00",
                    "quiet_to": "06:00",
                    "time_zone": "Europe/Berlin",
                }
            ]
        }
    )


class NewAutomationBody(AutomationShape):
    """An automation as it is wanted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "urgent-to-shift",
                    "when": "work_order.create",
                    "if": {"priority": {"at_most": 2}},
                    "then": [{"notify": {"channels": ["shift-mail"]}}],
                }
            ]
        }
    )


class RunBody(FromDomain):
    """What an automation did: done, refused (and why), or waiting."""

    id: int
    code: str
    version: int
    what: str = Field(examples=["notify"])
    outcome: str = Field(examples=["done"])
    detail: str
    due_at: datetime | None
    number: str | None = Field(description="The work order that it is about.")
    at: datetime


class RunQuery(PageQuery):
    """Which runs to list."""

    code: Annotated[str | None, Field(description="Of this automation.")] = None


class MessageBody(FromDomain):
    """A message and what became of it."""

    id: UUID
    channel: str
    topic: str
    title: str
    text: str
    state: DeliveryState
    attempts: int
    not_before: datetime
    created_at: datetime
    settled_at: datetime | None
    error: str
    recipient: str | None = Field(description="Of a channel of people: whom it is for.")


class MessageQuery(PageQuery):
    """Which messages to list; all that are given have to fit."""

    state: DeliveryState | None = None
    channel: Annotated[str | None, Field(description="Code of the channel.")] = None
