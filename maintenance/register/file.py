"""The register in a plant's files: sites, locations, asset classes and assets."""

from datetime import date
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    model_validator,
)

from config.suggestion import did_you_mean
from ingest.point import PointKind
from ingest.point_file import RoleName, Unit
from maintenance.register.asset import Criticality, LocationLevel
from maintenance.register.attribute import AttributeKind


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        remedy = did_you_mean(text, _time_zones())
        known = remedy if remedy.startswith("Did") else "Write it as in Europe/Berlin or UTC"
        raise ValueError(f"{text!r} is not a time zone | {known}")
    return text


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A name of the IANA time zone database."""

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Short name of a site, location or class: letters, digits, `_` and `-`."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""What people call it."""

AssetTag = Annotated[str, Field(pattern=r"^[^\s.{}/#+>*]{1,100}$")]
"""Tag of an asset. It is part of a point's tag and of subjects and topics, hence no `. / # + > *`."""


class FileShape(BaseModel):
    """A part of a plant file: unknown keys are refused, and it never changes once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LocationShape(FileShape):
    """A place within a site."""

    code: Code = Field(description="Its code, unique within the site.", examples=["hall-1"])
    name: Name = Field(description="What people call it.", examples=["Pump hall"])
    level: LocationLevel = Field(
        default=LocationLevel.AREA,
        description="Equipment level (ISA-95): area, work_center or work_unit.",
        examples=["area"],
    )
    parent: Code | None = Field(
        default=None,
        description="Code of the location that it is in; left out: the site itself.",
        examples=["utilities"],
    )


class SiteShape(FileShape):
    """A plant at one place, under `sites:`."""

    code: Code = Field(description="Its code, unique among sites.", examples=["berlin"])
    name: Name = Field(description="What people call it.", examples=["Works Berlin"])
    time_zone: TimeZone = Field(
        default="UTC",
        description="Time zone that its calendars and schedules follow (IANA name).",
        examples=["Europe/Berlin"],
    )
    locations: tuple[LocationShape, ...] = Field(
        default=(),
        description="Places within it.",
        examples=[[{"code": "hall-1", "name": "Pump hall"}]],
    )


class RoleShape(FileShape):
    """What points of one role measure on every asset of the class."""

    unit: Unit = Field(
        description="Unit of its readings; 1 for a number without one.", examples=["mm/s"]
    )
    kind: PointKind = Field(
        default=PointKind.GAUGE,
        description="gauge: a measured value; counter: only grows until it rolls over; "
        "state: one of few numbers, such as a bit.",
        examples=["gauge"],
    )
    name: str = Field(
        default="",
        max_length=200,
        description="What people call it; left out: the role itself.",
        examples=["Drive end vibration"],
    )


class AttributeShape(FileShape):
    """Something that is stated of every asset of the class, such as its rated power."""

    kind: AttributeKind = Field(
        default=AttributeKind.NUMBER,
        description="What its value is: number, text, boolean, date or choice.",
        examples=["number"],
    )
    name: str = Field(
        default="",
        max_length=200,
        description="What people call it; left out: the attribute itself.",
        examples=["Rated power"],
    )
    unit: Unit | None = Field(default=None, description="Unit of a number.", examples=["kW"])
    required: bool = Field(
        default=False, description="Has every asset of the class to have a value?", examples=[True]
    )
    choices: tuple[str, ...] = Field(
        default=(),
        description="What a value of kind choice can be.",
        examples=[["mechanical seal", "packing"]],
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "AttributeShape":
        if (self.kind is AttributeKind.CHOICE) != bool(self.choices):
            raise ValueError("kind choice and `choices` go together | Give both or neither")
        if self.unit is not None and self.kind is not AttributeKind.NUMBER:
            raise ValueError(f"a {self.kind} has no unit | Remove `unit:` or write `kind: number`")
        return self


class WarrantyShape(FileShape):
    """What a vendor answers for; the days are both included."""

    vendor: Name = Field(description="Who answers for it.", examples=["Sterling"])
    starts_on: date = Field(alias="from", description="First day.", examples=["2025-03-01"])
    ends_on: date = Field(alias="until", description="Last day.", examples=["2027-02-28"])
    terms: str = Field(
        default="",
        max_length=2000,
        description="What is covered, and what has to be done for it.",
        examples=["Parts and labour; yearly service by the vendor"],
    )

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "WarrantyShape":
        if self.ends_on < self.starts_on:
            raise ValueError("`until` lies before `from` | Write the last day of the warranty")
        return self


def _text_of_number(value: object) -> object:
    """A serial number without letters is a number to YAML."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text_of_day(value: object) -> object:
    """A day without quotes is a date to YAML."""
    return value.isoformat() if type(value) is date else value


PlateText = Annotated[str, BeforeValidator(_text_of_number), Field(min_length=1, max_length=200)]

Value = Annotated[
    StrictBool | FiniteFloat | Annotated[str, Field(min_length=1, max_length=500)],
    BeforeValidator(_text_of_day),
]
"""Value of an attribute."""

ExternalId = Annotated[str, BeforeValidator(_text_of_number), Field(min_length=1, max_length=500)]


class AssetClassShape(FileShape):
    """A class of like assets (ISO 14224), under `asset_classes:`."""

    code: Code = Field(description="Its code; rule files name it.", examples=["centrifugal_pump"])
    name: Name = Field(description="What people call it.", examples=["Centrifugal pump"])
    roles: dict[RoleName, RoleShape] = Field(
        default_factory=dict,
        description="What is measured on an asset of this class: role and unit.",
        examples=[{"de_vibration": {"unit": "mm/s"}}],
    )
    equipment: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}(/[A-Z]{2})?$",
        description="Equipment class and type of ISO 14224; `oilcan assets taxonomy` lists them.",
        examples=["PU/CE"],
    )
    attributes: dict[RoleName, AttributeShape] = Field(
        default_factory=dict,
        description="What is stated of every asset of this class.",
        examples=[{"rated_power": {"kind": "number", "unit": "kW", "required": True}}],
    )
    failure_modes: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Name] = Field(
        default_factory=dict,
        description="How assets of this class fail: code of ISO 14224 and short name.",
        examples=[{"VIB": "Vibration", "ELP": "External leakage, process medium"}],
    )


class AssetShape(FileShape):
    """A maintained item, under `assets:`."""

    tag: AssetTag = Field(
        description="Its tag, unique in the plant; no dots, spaces or any of {}/#+>*.",
        examples=["P-101"],
    )
    name: Name = Field(description="What people call it.", examples=["Cooling water pump 1"])
    asset_class: Code = Field(
        alias="class", description="Code of its class.", examples=["centrifugal_pump"]
    )
    site: Code = Field(description="Code of its site.", examples=["berlin"])
    location: Code | None = Field(
        default=None,
        description="Code of its location within the site.",
        examples=["hall-1"],
    )
    parent: AssetTag | None = Field(
        default=None,
        description="Tag of the asset that it is a part of.",
        examples=["U-100"],
    )
    criticality: Criticality = Field(
        default=Criticality.B,
        description="How much the plant depends on it: A most, then B, C.",
        examples=["A"],
    )
    manufacturer: PlateText | None = Field(
        default=None, description="Nameplate: who made it.", examples=["Sterling"]
    )
    model: PlateText | None = Field(
        default=None, description="Nameplate: type or model.", examples=["ZLND 065-160"]
    )
    serial: PlateText | None = Field(
        default=None, description="Nameplate: serial number.", examples=["4711-0815"]
    )
    year: int | None = Field(
        default=None, ge=1800, le=2200, description="Nameplate: year of make.", examples=[2019]
    )
    attributes: dict[RoleName, Value] = Field(
        default_factory=dict,
        description="Values of its class's attributes.",
        examples=[{"rated_power": 45}],
    )
    external_ids: dict[Code, ExternalId] = Field(
        default_factory=dict,
        description="What it is called elsewhere, by system: a node of OPC UA, a topic of MQTT, a "
        "number of an ERP.",
        examples=[{"opcua": "ns=2;s=P101", "sap": "10004711"}],
    )
    warranties: tuple[WarrantyShape, ...] = Field(
        default=(),
        description="Who answers for it, and until when.",
        examples=[[{"vendor": "Sterling", "from": "2025-03-01", "until": "2027-02-28"}]],
    )
