"""Rules as the API shows them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.bodies.page import FromDomain, PageQuery


class RuleBody(FromDomain):
    """One immutable version of a rule."""

    rule: str = Field(description="`asset_class/rule_id`.", examples=["centrifugal_pump/vibration"])
    version: int
    asset_class: str = Field(examples=["centrifugal_pump"])
    state: str = Field(description="draft, shadow, active or retired.", examples=["active"])
    definition: dict[str, Any] = Field(description="The rule with its inputs and parameters.")
    file: str = Field(description="Where it was written.", examples=["rules/pump.yaml"])
    line: int
    created_at: datetime
    retired_at: datetime | None


class RuleDetail(RuleBody):
    """The newest version of a rule, and all of them."""

    versions: list[RuleBody]


class RuleQuery(PageQuery):
    """Filters of the list of rules."""

    asset_class: Annotated[str | None, Field(description="Code of the class.")] = None
