"""What the sources of all protocols have in common in a plant's files."""

import re
from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from config.durations import parse_duration
from edge.filter import Deadband, Report, parse_deadband
from edge.stamps import ClockLimits

DurationUs = Annotated[
    int,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    Field(description="A duration such as 500ms, 2s, 5m, 1h."),
]
"""Written as `500ms`, held as microseconds."""

_TAG = re.compile(r"[^\s.{}/#+>*]+(\.[^\s{}/#+>*]+)+")
_ASSET = re.compile(r"[^\s.{}/#+>*]+")


_LONGEST_TAG = 200


def _storable(text: str) -> bool:
    """Can every database hold it, and every page show it?"""
    return text.isprintable() and len(text) <= _LONGEST_TAG


def check_tag(text: str) -> str:
    """`text`, if it is a tag `ASSET.point`; else raises `ValueError` with problem and remedy."""
    if _TAG.fullmatch(text) is None or not _storable(text):
        raise ValueError(f"{text!r} is not a tag | Write ASSET.point, such as P-101.de_vibration")
    return text


def check_asset(text: str) -> str:
    """`text`, if it can be an asset's tag; else raises `ValueError` with problem and remedy."""
    if _ASSET.fullmatch(text) is None or not _storable(text):
        raise ValueError(f"{text!r} is not an asset's tag | Write it without dots and spaces")
    return text


Tag = Annotated[str, AfterValidator(check_tag)]
"""A point's tag `ASSET.point`."""

AssetTag = Annotated[str, AfterValidator(check_asset)]
"""An asset's tag, the part of a point's tag before the first dot."""


class FileModel(BaseModel):
    """A part of a source file: unknown keys are refused, and it never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportFields(FileModel):
    """When a point's readings are sent; without a deadband all of them are."""

    deadband: (
        Annotated[Deadband, BeforeValidator(parse_deadband, json_schema_input_type=float | str)]
        | None
    ) = Field(
        default=None,
        description="A value that moved by no more than this from the last one sent is not sent: "
        "in the point's unit, or a share of that last value such as 1%. Left out: all are sent.",
        examples=[0.5],
    )
    heartbeat_us: DurationUs = Field(
        default=60_000_000,
        alias="heartbeat",
        ge=10_000,
        description="With a deadband: a value that does not move is sent this often all the same. "
        "Keep it below the `max_age` of every rule that reads the point.",
        examples=["60s"],
    )

    @model_validator(mode="after")
    def _heartbeat_has_deadband(self) -> Self:
        if self.deadband is None and "heartbeat_us" in self.model_fields_set:
            raise ValueError("heartbeat without a deadband | Add `deadband:`, 0 sends each change")
        return self

    @property
    def report(self) -> Report | None:
        """What is news of the point; None where every reading is."""
        return None if self.deadband is None else Report(self.deadband, self.heartbeat_us)


class SourceFields(FileModel):
    """Fields that every source has."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_-]+$",
        description="The source's name, unique in the plant; it shows in status and messages.",
        examples=["hall-1"],
    )
    clock_ahead_us: DurationUs = Field(
        default=2_000_000,
        alias="clock_ahead",
        description="A source's own time further than this after the time of receipt is not "
        "believed: the reading gets the time of receipt and quality uncertain (clock).",
        examples=["2s"],
    )
    clock_behind_us: DurationUs = Field(
        default=3_600_000_000,
        alias="clock_behind",
        description="The same for one further than this before the time of receipt. A device that "
        "buffers while it is cut off needs as much as it buffers.",
        examples=["1h"],
    )

    @property
    def clock_limits(self) -> ClockLimits:
        """How far the source's clock is believed."""
        return ClockLimits(self.clock_ahead_us, self.clock_behind_us)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source listens, and who we are to it."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None


def parse_address(text: str, *, scheme: str, port: int) -> Address:
    """The address in `scheme://[user:password@]host[:port]`; `port` stands where none is given.

    Raises `ValueError` with problem and remedy; the message never holds the password.
    """
    remedy = f"Write {scheme}://host:{port}"
    try:
        parts = urlsplit(text)
        found = parts.port
    except ValueError as error:
        raise ValueError(f"is not an address ({error}) | {remedy}") from None
    if parts.scheme != scheme or not parts.hostname or found == 0:
        raise ValueError(f"is not an address of the form {scheme}://host:port | {remedy}")
    secret = [unquote(part) if part else None for part in (parts.username, parts.password)]
    return Address(scheme, parts.hostname, found or port, *secret)
