"""What the register knows, in the words of ISO 14224, EN 13306 and ISA-95."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingest.point import PointKind
from maintenance.register.attribute import Attribute, AttributeValue
from maintenance.register.warranty_terms import WarrantyTerms


class LocationLevel(StrEnum):
    """Equipment levels below the site (ISA-95)."""

    AREA = "area"
    WORK_CENTER = "work_center"
    WORK_UNIT = "work_unit"


class KeptIn(StrEnum):
    """Where a thing is kept, and so where alone it is changed."""

    FILES = "files"
    DATABASE = "database"


class Criticality(StrEnum):
    """How much the plant depends on an asset; A most."""

    A = "A"
    B = "B"
    C = "C"


class OperatingState(StrEnum):
    """States of an item (EN 13306)."""

    OPERATING = "operating"
    STANDBY = "standby"
    IDLE = "idle"
    DOWN = "down"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class By:
    """Who does something to the register, when, and why."""

    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A plant at one place; calendars and schedules of its assets follow its time zone."""

    code: str
    name: str
    time_zone: str
    kept_in: KeptIn = KeptIn.FILES


@dataclass(frozen=True, slots=True)
class Location:
    """A place within a site; `code` is unique there, `parent` the code of the enclosing one."""

    site: str
    code: str
    name: str
    level: LocationLevel
    parent: str | None
    kept_in: KeptIn = KeptIn.FILES


@dataclass(frozen=True, slots=True)
class Role:
    """What a point of this role measures on every asset of a class."""

    name: str
    unit: str
    kind: PointKind


@dataclass(frozen=True, slots=True)
class AssetClass:
    """A class of like assets (ISO 14224): rules are written against its roles.

    `equipment` is its class and type in the taxonomy, such as PU/CE; `failure_modes` are short names
    by code.
    """

    code: str
    name: str
    roles: Mapping[str, Role]
    equipment: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    failure_modes: Mapping[str, str] = field(default_factory=dict)
    kept_in: KeptIn = KeptIn.FILES


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What the maker wrote on it."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class AssetDefinition:
    """What is said of an asset; its operating state and its history are the plant's own.

    `attributes` are those of its class; `external_ids` say what it is called elsewhere, by system.
    """

    tag: str
    name: str
    asset_class: str
    site: str
    location: str | None
    parent: str | None
    criticality: Criticality
    nameplate: Nameplate = Nameplate()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    external_ids: Mapping[str, str] = field(default_factory=dict)
    warranties: tuple[WarrantyTerms, ...] = ()
    kept_in: KeptIn = KeptIn.FILES


@dataclass(frozen=True, slots=True)
class Asset:
    """A maintained item: class, site and location by code, parent by tag."""

    id: int
    tag: str
    name: str
    asset_class: str
    site: str
    location: str | None
    parent: str | None
    criticality: Criticality
    operating_state: OperatingState
    version: int
    retired_at: datetime | None
    kept_in: KeptIn = KeptIn.FILES
    nameplate: Nameplate = Nameplate()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    external_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What decides about work for an asset: how much depends on it, and whether it takes any."""

    tag: str
    name: str
    criticality: str
    retired: bool
