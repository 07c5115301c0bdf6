"""The shapes of the starter library's files: what a template says of itself, and zones of vibration."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

Text = Annotated[str, BeforeValidator(lambda value: " ".join(str(value).split()))]
"""Text whose line breaks mean nothing."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RoleNote(_Shape):
    """A role that a template reads, and the unit that it reckons in."""

    unit: str
    what: Text


class RuleNote(_Shape):
    """What a rule of a template says to a person."""

    means: Text
    check_first: list[Text] = Field(min_length=1)
    source: Text


class About(_Shape):
    """What stands before the rules of a template.

    `group` is the machine group whose vibration zones it has where no other is asked for. `sources`
    says of each parameter where its number comes from.
    """

    title: Text
    group: str | None = None
    set_for_each_asset: list[str] = []
    roles: dict[str, RoleNote]
    sources: dict[str, Text]
    rules: dict[str, RuleNote]


class ZoneGroup(_Shape):
    """The boundaries of one group of machines, and where they come from."""

    group: str
    machine: Text
    standard: Text
    limits: dict[str, FiniteFloat]
    checked: Text
    note: Text = ""


class ZoneTable(_Shape):
    """Boundaries between zones of vibration, all in `unit`."""

    unit: str
    groups: list[ZoneGroup]
