"""Rules as the API shows them and takes them in."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain, PageQuery
from conditions.rule_life import RuleAction, RuleState


class RuleBody(FromDomain):
    """One immutable version of a rule."""

    rule: str = Field(description="`asset_class/rule_id`.", examples=["centrifugal_pump/vibration"])
    version: int
    asset_class: str = Field(examples=["centrifugal_pump"])
    state: RuleState = Field(examples=["active"])
    definition: dict[str, Any] = Field(description="The rule with its inputs and parameters.")
    file: str = Field(description="Where it was written.", examples=["rules/pump.yaml"])
    line: int
    created_by: str = Field(description="`plant files`, or who drafted it.")
    created_at: datetime
    retired_at: datetime | None
    allowed_transitions: list[RuleAction] = Field(description="What may be done with it next.")


class RuleDetail(RuleBody):
    """The newest version of a rule, and all of them."""

    versions: list[RuleBody]


class RuleQuery(PageQuery):
    """Filters of the list of rules."""

    asset_class: Annotated[str | None, Field(description="Code of the class.")] = None
    every: Annotated[
        bool, Field(description="Also rules without an active version: the one on trial, or last.")
    ] = False


class VersionQuery(PageQuery):
    """Filters of the list of versions."""

    rule: Annotated[str | None, Field(description="`asset_class/rule_id`.")] = None
    asset_class: Annotated[str | None, Field(description="Code of the class.")] = None
    state: Annotated[RuleState | None, Field(description="Versions in this state.")] = None


class VersionChangeBody(FromDomain):
    """A step in a version's life."""

    version: int
    from_state: RuleState | None
    to_state: RuleState
    actor: str
    reason: str
    at: datetime


class VersionDetail(RuleBody):
    """A version, what it has found so far, and the steps of its life, latest first."""

    events: int = Field(description="Events that it found, live or in shadow.")
    open_events: int = Field(description="Those of them that hold.")
    changes: list[VersionChangeBody]


class ShadowEventBody(FromDomain):
    """What a version in shadow found; nobody was alarmed by it."""

    id: int
    rule: str
    version: int
    asset: str
    state: str
    severity: str
    peak_severity: str
    message: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    value: float | None


class DraftBody(BaseModel):
    """A rule to keep as a draft: a rule file as JSON, with this rule alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "definition": {
                        "asset_class": "centrifugal_pump",
                        "inputs": {"temp": {"point": "de_bearing_temp", "unit": "degC"}},
                        "rules": [{"id": "hot", "raise": "temp > 80", "for": "10m"}],
                    },
                    "reason": "Try a lower threshold",
                }
            ]
        },
    )

    definition: dict[str, Any]
    reason: str = Field(default="", max_length=2000, description="Why; it stays on record.")


class ReasonBody(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Three weeks in shadow"}]}
    )

    reason: str = Field(default="", max_length=2000, description="It stays on record.")


class CheckedBody(BaseModel):
    """A rule in which no mistake was found."""

    rule: str = Field(description="`asset_class/rule_id`.")
    parameters: dict[str, float] = Field(description="Those that it uses, with their defaults.")
