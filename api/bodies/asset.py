"""Assets as the API shows and takes them."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.bodies.page import FromDomain, PageQuery
from maintenance.register.asset import (
    Asset,
    AssetDefinition,
    Criticality,
    KeptIn,
    Nameplate,
    OperatingState,
)
from maintenance.register.file import AssetTag, Code, ExternalId, Name, PlateText, Value
from maintenance.register.history import AssetThen
from maintenance.register.warranty import Warranty
from maintenance.register.warranty_terms import WarrantyTerms

Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]

_PLATE = ("manufacturer", "model", "serial", "year")


class NameplateBody(FromDomain):
    """What the maker wrote on it."""

    manufacturer: str | None
    model: str | None
    serial: str | None
    year: int | None


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
    nameplate: NameplateBody
    attributes: dict[str, Any] = Field(description="Values of the attributes of its class.")
    external_ids: dict[str, str] = Field(description="What it is called elsewhere, by system.")
    kept_in: KeptIn = Field(description="Where it is changed: the plant's files, or here.")
    retired_at: datetime | None = Field(description="Retired assets take no work.")
    version: int


class AssetThenBody(FromDomain):
    """An asset as it was at a moment."""

    as_of: datetime
    site: str
    location: str | None
    parent: str | None
    criticality: Criticality | None
    operating_state: OperatingState | None
    parts: list[str] = Field(description="Tags of the assets directly below it then.")

    @classmethod
    def of(cls, then: AssetThen, at: datetime) -> "AssetThenBody":
        """From the history."""
        return cls(
            as_of=at,
            site=then.site,
            location=then.location,
            parent=then.parent,
            criticality=then.criticality,
            operating_state=then.operating_state,
            parts=list(then.parts),
        )


class AssetQuery(PageQuery):
    """Filters of the list of assets; all that are given have to fit."""

    q: Annotated[
        str, Field(max_length=200, description="Fragments of tag or name.", examples=["pump 10"])
    ] = ""
    site: Annotated[str | None, Field(description="Code of the site.")] = None
    location: Annotated[str | None, Field(description="Code of the location.")] = None
    asset_class: Annotated[str | None, Field(description="Code of the class.")] = None
    parent: Annotated[str | None, Field(description="Tag of the asset above.")] = None
    subtree: Annotated[
        str | None, Field(description="Tag of an asset: it and everything below it.")
    ] = None
    criticality: Criticality | None = None
    operating_state: OperatingState | None = None
    roots: Annotated[bool, Field(description="Only assets that are part of no other.")] = False
    retired: Annotated[bool, Field(description="Retired ones instead of those in use.")] = False


class _Fields(BaseModel):
    """What can be said of an asset."""

    model_config = ConfigDict(extra="forbid")

    manufacturer: PlateText | None = None
    model: PlateText | None = None
    serial: PlateText | None = None
    year: int | None = Field(default=None, ge=1800, le=2200)


class NewAssetBody(_Fields):
    """An asset to be made, kept by the database."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "tag": "P-103",
                    "name": "Sump pump",
                    "asset_class": "centrifugal_pump",
                    "site": "harbour",
                    "location": "pump-house",
                    "criticality": "C",
                    "serial": "4711",
                    "attributes": {"rated_power": 7.5},
                }
            ]
        },
    )

    tag: AssetTag
    name: Name
    asset_class: Code
    site: Code
    location: Code | None = None
    parent: AssetTag | None = None
    criticality: Criticality = Criticality.B
    attributes: dict[str, Value] = Field(default_factory=dict)
    external_ids: dict[Code, ExternalId] = Field(default_factory=dict)
    reason: Reason = Field(default="", description="Why; it is kept with who and when.")

    def to_domain(self) -> AssetDefinition:
        """The asset that is wanted."""
        return AssetDefinition(
            tag=self.tag,
            name=self.name,
            asset_class=self.asset_class,
            site=self.site,
            location=self.location,
            parent=self.parent,
            criticality=self.criticality,
            nameplate=Nameplate(self.manufacturer, self.model, self.serial, self.year),
            attributes=self.attributes,
            external_ids=self.external_ids,
            kept_in=KeptIn.DATABASE,
        )


class AssetChangesBody(_Fields):
    """Fields that get other values; what is left out stays, what is null is cleared."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"criticality": "A", "reason": "Its spare has been scrapped"}]
        },
    )

    name: Name | None = None
    asset_class: Code | None = None
    criticality: Criticality | None = None
    attributes: dict[str, Value | None] | None = Field(
        default=None, description="Attributes that change; null takes one away."
    )
    external_ids: dict[Code, ExternalId | None] | None = Field(
        default=None, description="External ids that change; null takes one away."
    )
    reason: Reason = Field(default="", description="Why; it is kept with who and when.")

    def changes(self, present: Asset) -> dict[str, Any]:
        """What changes of a definition."""
        said = self.model_dump(exclude_unset=True, exclude={"reason"})
        plain = {
            name: said[name]
            for name in ("name", "asset_class", "criticality")
            if said.get(name) is not None
        }
        plate = {name: said[name] for name in _PLATE if name in said}
        if plate:
            was = {name: getattr(present.nameplate, name) for name in _PLATE}
            plain["nameplate"] = Nameplate(**{**was, **plate})
        for name in ("attributes", "external_ids"):
            if said.get(name) is not None:
                whole = {**getattr(present, name), **said[name]}
                plain[name] = {key: value for key, value in whole.items() if value is not None}
        return plain


class MoveBody(BaseModel):
    """Where an asset goes; what is left out stays, what is null is cleared."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"location": "hall-2", "parent": None, "reason": "Taken to the store"}]
        },
    )

    site: Code | None = Field(default=None, description="Code of the site; it cannot be cleared.")
    location: Code | None = Field(default=None, description="Code of the location there.")
    parent: AssetTag | None = Field(default=None, description="Tag of the asset it is part of.")
    reason: Reason = Field(default="", description="Why; it is kept with who and when.")

    def changes(self) -> dict[str, Any]:
        """What changes of a definition."""
        said = self.model_dump(exclude_unset=True, exclude={"reason"})
        return {name: to for name, to in said.items() if name != "site" or to is not None}


class StateBody(BaseModel):
    """The state that an asset is in from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "maintenance", "reason": "Seal is changed"}]},
    )

    state: OperatingState = Field(description="State of the item (EN 13306).")
    reason: Reason = Field(default="", description="Why; it is kept with who and when.")


class ReasonBody(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Scrapped"}]}
    )

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)
    ] = Field(description="It is kept with who and when.")


class PlacementBody(FromDomain):
    """Where an asset stood from `since` until before `until`."""

    site: str
    location: str | None
    parent: str | None
    since: datetime
    until: datetime | None = Field(description="Null: it stands there still.")
    actor: str
    reason: str


class StateSegmentBody(FromDomain):
    """The operating state that an asset was in from `since` until before `until`."""

    state: OperatingState
    since: datetime
    until: datetime | None = Field(description="Null: it is in that state still.")
    actor: str
    reason: str


class CriticalityBody(FromDomain):
    """How much depended on an asset from `since` until before `until`."""

    criticality: Criticality
    since: datetime
    until: datetime | None
    actor: str
    reason: str


class FieldChangeBody(BaseModel):
    """A field that got another value."""

    name: str = Field(examples=["location"])
    old: Any
    new: Any


class AssetChangeBody(FromDomain):
    """One row of an asset's audit trail."""

    id: int
    version: int
    action: str = Field(examples=["moved"])
    fields: list[FieldChangeBody]
    actor: str
    reason: str
    at: datetime


class WarrantyBody(BaseModel):
    """A warranty of an asset."""

    id: int
    vendor: str = Field(examples=["Sterling"])
    starts_on: date
    ends_on: date = Field(description="Its last day, in the time zone of the site.")
    terms: str
    kept_in: KeptIn

    @classmethod
    def of(cls, warranty: Warranty) -> "WarrantyBody":
        """From what is kept of it."""
        said = warranty.terms
        return cls(
            id=warranty.id,
            vendor=said.vendor,
            starts_on=said.starts_on,
            ends_on=said.ends_on,
            terms=said.terms,
            kept_in=warranty.kept_in,
        )


class NewWarrantyBody(BaseModel):
    """What a vendor answers for, and how long; both days are included."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"vendor": "Sterling", "starts_on": "2025-03-01", "ends_on": "2027-02-28"}]
        },
    )

    vendor: Name
    starts_on: date
    ends_on: date
    terms: str = Field(default="", max_length=2000)

    def to_domain(self) -> WarrantyTerms:
        """The terms that are given."""
        return WarrantyTerms(self.vendor, self.starts_on, self.ends_on, self.terms)
