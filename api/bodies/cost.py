"""Costs as the API shows and takes them: minor units of the plant's currency."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.bodies.page import FromDomain
from api.bodies.stock import Amount, example
from maintenance.costs.cost import Hint
from maintenance.costs.queries import RollUp


class CostsBody(FromDomain):
    """Costs by kind."""

    labour_minor: int
    material_minor: int
    service_minor: int
    other_minor: int
    total_minor: int


class CostEntryBody(FromDomain):
    """One entry of an order's costs; it never changes."""

    kind: str
    booked_in: str = Field(description="The table that it stands in.")
    entry_id: int
    amount_minor: int
    at: datetime
    actor: str
    description: str


class OrderCostsBody(BaseModel):
    """What an order cost so far. Labour is booked when it is completed."""

    currency: str = Field(examples=["EUR"])
    costs: CostsBody
    entries: list[CostEntryBody]


class CostRowBody(FromDomain):
    """Costs of one asset, class, site or month."""

    key: str
    name: str
    costs: CostsBody
    orders: int = Field(description="How many orders they come from.")


class RollUpBody(BaseModel):
    """Costs added up, and what was looked at."""

    currency: str
    by: RollUp
    since: datetime
    until: datetime
    formula: str
    rows: list[CostRowBody]
    total: CostRowBody


class CostQuery(BaseModel):
    """Which costs to add up, and by what."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[RollUp, Field(description="What a row stands for.")] = RollUp.ASSET
    since: Annotated[
        datetime | None, Field(description="Booked from then on; default: a year.")
    ] = None
    until: Annotated[datetime | None, Field(description="Booked before then; default: now.")] = None
    site: Annotated[str | None, Field(description="Where the work was done.")] = None
    asset_class: Annotated[str | None, Field(description="Code of a class.")] = None
    asset: Annotated[str | None, Field(description="With all below it, as the tree is now.")] = None


class NewCostBody(BaseModel):
    """A cost that is neither labour nor parts nor a service."""

    model_config = example(amount_minor=990, description="Road toll")

    amount_minor: Amount = Field(gt=0)
    description: str = Field(min_length=1, max_length=2000)


class ReplacementValueBody(BaseModel):
    """What a like asset would cost today."""

    model_config = example(amount_minor=1250000)

    amount_minor: Amount = Field(gt=0)


class ReplacementBody(FromDomain):
    """Whether a repair is still worth it; a hint, not a decision."""

    hint: Hint
    spent_minor: int
    years: int
    replacement_minor: int | None
    reason: str
