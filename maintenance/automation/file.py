"""Channels and automations in plant files."""

import base64
from datetime import time
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

import apprise
from pydantic import AfterValidator, BeforeValidator, Field, field_serializer, model_validator

from config.durations import parse_duration
from maintenance.automation.channel import Channel, ChannelKind, Digest
from maintenance.automation.definition import AutomationDefinition
from maintenance.automation.happening import MOVE_FACTS, ORDER_FACTS
from maintenance.automation.mail_server import REMEDY, parse_mail_server
from maintenance.automation.rule import Role
from maintenance.orders.work_order import OrderType
from maintenance.register.file import Code, FileShape, Name, TimeZone

_SHORTEST_SECRET = 24  # bytes, says the specification of Standard Webhooks

FactValue = str | int | float | bool | None

FACTS = frozenset({*ORDER_FACTS, *MOVE_FACTS})
"""What is known of a happening that is about an order."""


def _secret(text: str) -> str:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < _SHORTEST_SECRET:
        raise ValueError(
            "a secret is base64 of 24 bytes or more, perhaps after whsec_ | "
            "Make one with `openssl rand -base64 32`"
        )
    return text


def _check_mail_server(address: str) -> None:
    try:
        parse_mail_server(address)
    except ValueError as error:
        raise ValueError(f"{error} | {REMEDY}") from error


class ChannelShape(FileShape):
    """Where messages go, under `channels:`."""

    code: Code = Field(description="Its code; automations name it.", examples=["shift-phone"])
    name: Name = Field(description="What people call it.", examples=["Phone of the shift"])
    kind: ChannelKind = Field(
        description="apprise: mail, chat and push services; webhook: signed JSON by HTTP POST; "
        "people: letters to people at their own addresses.",
        examples=["apprise"],
    )
    address: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="Apprise address, the webhook's URL, or the mail server of letters to people "
        "(`smtp://user:password@host?from=oilcan@example.com`: STARTTLS, `smtps://`: TLS). Take "
        "passwords from the environment.",
        examples=["mailto://oilcan:${SMTP_PASSWORD}@mail.example.com?to=shift@example.com"],
    )
    secret: Annotated[str, AfterValidator(_secret)] | None = Field(
        default=None,
        description="Webhook: base64 secret that signs each message (Standard Webhooks).",
        examples=["${WEBHOOK_SECRET}"],
    )
    time_zone: TimeZone = Field(
        default="UTC", description="Whose wall clock the times follow.", examples=["Europe/Berlin"]
    )
    quiet_from: time | None = Field(
        default=None, description="From when only urgent messages are sent.", examples=["22:00"]
    )
    quiet_to: time | None = Field(
        default=None,
        description="Until when; what came meanwhile is sent then.",
        examples=["06:00"],
    )
    urgent_priority: Annotated[int, Field(ge=0, le=5)] = Field(
        default=1,
        description="Orders of this priority or a more urgent one are told at once; 0: none.",
        examples=[2],
    )
    digest: Digest = Field(
        default=Digest.NONE,
        description="Gather what is not urgent into one message: none, hourly or daily.",
        examples=["daily"],
    )
    digest_at: time = Field(
        default=time(6), description="When the daily one is sent.", examples=["06:00"]
    )

    @model_validator(mode="after")
    def _fits(self) -> "ChannelShape":
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours have two ends | Give quiet_from and quiet_to, or neither")
        if self.kind is ChannelKind.WEBHOOK:
            if self.secret is None:
                raise ValueError(
                    "a webhook needs a secret | Make one with `openssl rand -base64 32`"
                )
            parts = urlsplit(self.address)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("this is no URL of a webhook | Write https://host/path")
        elif self.kind is ChannelKind.PEOPLE:
            _check_mail_server(self.address)
        elif apprise.Apprise.instantiate(self.address) is None:
            raise ValueError(
                "Apprise does not know this address | Write it as its documentation says, such as "
                "mailto://user:password@host?to=somebody@host"
            )
        if self.kind is not ChannelKind.WEBHOOK and self.secret is not None:
            raise ValueError("only a webhook is signed | Remove `secret:`")
        return self

    def definition(self) -> Channel:
        """The channel as it is wanted."""
        return Channel(**self.model_dump())


class NotifyShape(FileShape):
    """Send a message."""

    channels: tuple[Code, ...] = Field(
        min_length=1, description="Codes of channels.", examples=[["shift-phone"]]
    )
    title: Annotated[str, Field(max_length=200)] | None = Field(
        default=None,
        description="One line; `{number}`, `{asset}` and other facts are replaced.",
        examples=["{number}: {title}"],
    )
    text: Annotated[str, Field(max_length=5000)] | None = Field(
        default=None, description="The same for the text.", examples=["{asset_name} at {site}"]
    )
    to: tuple[Role, ...] | None = Field(
        default=None,
        min_length=1,
        description="Whom channels of people tell: assignee, team, planner, requester; left out: "
        "the assignee.",
        examples=[["assignee", "planner"]],
    )


class ApproveShape(FileShape):
    """Approve the order."""


class AssignShape(FileShape):
    """Give the order to somebody, unless somebody has it."""

    to: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="Code of a person.", examples=["kim"]
    )


class CommentShape(FileShape):
    """Write a remark on the order."""

    text: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="The remark; facts in braces are replaced.", examples=["Tell the shift lead."]
    )


class FollowUpShape(FileShape):
    """Make another order for the same asset."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="Its title; facts in braces are replaced.", examples=["Align after {number}"]
    )
    type: OrderType = Field(
        default=OrderType.INSPECTION, description="Its type.", examples=["inspection"]
    )
    job_plan: Code | None = Field(
        default=None, description="Code of its job plan.", examples=["check-alignment"]
    )


def _microseconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


class CloseShape(FileShape):
    """Close the completed order once every condition behind it has been clear for a time."""

    clear_for: Annotated[int, BeforeValidator(_microseconds), Field(gt=0)] = Field(
        description="For how long they have to be clear.",
        examples=["24h"],
        json_schema_extra={"type": "string"},
    )


class RequestPartsShape(FileShape):
    """Reserve parts for the order, and ask for those that lack."""

    parts: dict[Code, Annotated[Decimal, Field(gt=0, le=1_000_000)]] = Field(
        default_factory=dict,
        description="Quantity of each part; left out: the parts of the order's job plan.",
        examples=[{"BRG-6309": 2}],
    )


class ActionShape(FileShape):
    """One thing to do; exactly one key."""

    notify: NotifyShape | None = Field(default=None, description="Send a message.")
    approve: ApproveShape | None = Field(
        default=None, description="Approve the order.", examples=[{}]
    )
    assign: AssignShape | None = Field(default=None, description="Give it to somebody.")
    comment: CommentShape | None = Field(default=None, description="Write a remark on it.")
    follow_up: FollowUpShape | None = Field(default=None, description="Make another order.")
    close: CloseShape | None = Field(default=None, description="Close it when it is verified.")
    request_parts: RequestPartsShape | None = Field(
        default=None, description="Reserve parts for it.", examples=[{}]
    )

    @model_validator(mode="after")
    def _one(self) -> "ActionShape":
        if len(self.given()) != 1:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"an action is one thing | Give one of {names}")
        return self

    def given(self) -> dict[str, Any]:
        """The action as `maintenance.automation.definition` reads it."""
        found = self.model_dump(mode="json", exclude_none=True)
        if "close" in found:
            found["close"] = {"clear_for_us": found["close"]["clear_for"]}
        return found


class BoundsShape(FileShape):
    """A number within bounds, both inclusive."""

    at_least: float | None = Field(default=None, description="No smaller.", examples=[1])
    at_most: float | None = Field(default=None, description="No greater.", examples=[2])

    @model_validator(mode="after")
    def _some(self) -> "BoundsShape":
        if self.at_least is None and self.at_most is None:
            raise ValueError("these are no bounds | Give at_least, at_most or both")
        return self


Wanted = BoundsShape | list[FactValue] | FactValue


class AutomationShape(FileShape):
    """When something happens, and it is so, then do this; under `automations:`."""

    code: Code = Field(description="Its code.", examples=["urgent-to-shift"])
    when: Annotated[str, Field(pattern=r"^[a-z_*]+(\.[a-z_*]+)*$", max_length=100)] = Field(
        description="What happens: a topic such as `work_order.create`; `*` is any part of it.",
        examples=["work_order.create"],
    )
    if_: dict[str, Wanted] = Field(
        default_factory=dict,
        alias="if",
        description="Facts that all have to be so: a value, a list of values, or bounds.",
        examples=[{"priority": {"at_most": 2}, "site": "berlin"}],
    )
    unless: dict[str, Wanted] = Field(
        default_factory=dict,
        description="Facts of which none may be so.",
        examples=[{"type": "inspection"}],
    )
    then: tuple[ActionShape, ...] = Field(
        min_length=1,
        description="What to do, in this order.",
        examples=[[{"notify": {"channels": ["shift-phone"]}}]],
    )

    @field_serializer("then")
    def _actions(self, then: tuple[ActionShape, ...]) -> list[dict[str, Any]]:
        return [action.given() for action in then]

    def definition(self) -> AutomationDefinition:
        """The automation as the database keeps it."""
        return AutomationDefinition(
            self.code, self.model_dump(mode="json", by_alias=True, exclude={"code"})
        )
