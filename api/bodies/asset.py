"""Assets as the API shows them."""

from typing import Annotated

from pydantic import Field

from api.bodies.page import FromDomain, PageQuery
from maintenance.register.asset import Criticality, OperatingState


class AssetBody(FromDomain):
    """A maintained item of the register."""

    tag: str = Field(examples=["P-101"])
    name: str = Field(examples=["Feed pump"])
    asset_class: str = Field(examples=["centrifugal_pump"])
    site: str = Field(examples=["harbour"])
    location: str | None = Field(examples=["pump-house"])
    parent: str | None = Field(description="Tag of the asset that this one is part of.")
    criticality: Criticality = Field(description="How much the plant depends on it; A most.")
    operating_state: OperatingState = Field(description="State of the item (EN 13306).")
    version: int


class AssetQuery(PageQuery):
    """Filters of the list of assets; all that are given have to fit."""

    site: Annotated[str | None, Field(description="Code of the site.")] = None
    asset_class: Annotated[str | None, Field(description="Code of the class.")] = None
    parent: Annotated[str | None, Field(description="Tag of the asset above.")] = None
