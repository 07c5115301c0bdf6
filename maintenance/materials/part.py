"""What is kept in stock, and where. Amounts are minor units of the plant's currency. Pure."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

THOUSANDTH = Decimal("0.001")
"""Quantities are exact to this."""


class NegativeStock(StrEnum):
    """Whether somebody with the permission may take out more than the books say is there."""

    REFUSED = "refused"
    PERMITTED = "permitted"


@dataclass(frozen=True, slots=True)
class ManufacturerNumber:
    """What a manufacturer calls the part."""

    manufacturer: str
    number: str


@dataclass(frozen=True, slots=True)
class Stocking:
    """How much of a part a storeroom wants: at `reorder_point` it is filled up to `maximum`.

    `opening` is what lay there when the books were opened; it is booked once.
    """

    storeroom: str
    bin: str
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    reorder_point: Decimal | None = None
    opening: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PartDefinition:
    """A spare or a material. `unit` is what quantities count; `1` for pieces.

    It fits every asset of `classes` and each of `assets`; `alternatives` are codes of parts that
    may be used in its place, the best first. `stock` is in the order of storerooms.
    """

    code: str
    name: str
    unit: str = "1"
    classes: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    manufacturer_numbers: tuple[ManufacturerNumber, ...] = ()
    alternatives: tuple[str, ...] = ()
    lead_time_days: int = 0
    standard_cost_minor: int = 0
    stock: tuple[Stocking, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreroomDefinition:
    """A place where parts are kept, with its bins in order; the site by code."""

    code: str
    name: str
    site: str
    bins: tuple[str, ...]
    negative_stock: NegativeStock = NegativeStock.REFUSED


class Strength(StrEnum):
    """How firm a reservation is."""

    SOFT = "soft"
    """Planned: it shows in what will be needed and takes nothing from others."""
    HARD = "hard"
    """Committed: what it holds is not available to others."""


class ReservationState(StrEnum):
    """Whether a reservation still wants something, and how it ended."""

    OPEN = "open"
    ISSUED = "issued"
    RELEASED = "released"
    EXPIRED = "expired"
