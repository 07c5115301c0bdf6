"""The register in a plant's files: sites, locations, asset classes and assets."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config.suggestion import did_you_mean
from ingest.point import PointKind
from ingest.point_file import RoleName, Unit
from maintenance.register.asset import Criticality, LocationLevel


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


class AssetClassShape(FileShape):
    """A class of like assets (ISO 14224), under `asset_classes:`."""

    code: Code = Field(description="Its code; rule files name it.", examples=["centrifugal_pump"])
    name: Name = Field(description="What people call it.", examples=["Centrifugal pump"])
    roles: dict[RoleName, RoleShape] = Field(
        default_factory=dict,
        description="What is measured on an asset of this class: role and unit.",
        examples=[{"de_vibration": {"unit": "mm/s"}}],
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
