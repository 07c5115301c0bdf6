"""Vendors with their prices and service contracts in plant files, and as the API takes them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from maintenance.materials.file import Amount, PartCode, Quantity
from maintenance.procurement.vendor import ContractDefinition, PriceAgreement, VendorDefinition
from maintenance.register.file import AssetTag, Code, FileShape, Name

Days = Annotated[int, Field(ge=0, le=3650)]
"""Whole days."""


class PriceShape(FileShape):
    """A vendor's price of a part."""

    part: PartCode = Field(description="Code of the part.", examples=["BRG-6309"])
    price: Amount = Field(description="Price of `per` of it.", examples=["38.90"])
    per: Quantity = Field(
        default=Decimal(1), gt=0, description="So many for the price.", examples=["100"]
    )
    from_quantity: Quantity = Field(
        default=Decimal(0), description="From this quantity upwards.", examples=["10"]
    )
    valid_from: date = Field(description="First day of the agreement.", examples=["2026-01-01"])
    valid_to: date | None = Field(
        default=None, description="Last day of the agreement.", examples=["2026-12-31"]
    )
    lead_time_days: Days | None = Field(
        default=None, description="Days until it comes; left out: the vendor's.", examples=[3]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("it ends before it begins | Correct one of the two days")
        return self

    def definition(self) -> PriceAgreement:
        """As the program has it."""
        return PriceAgreement(
            part=self.part,
            price_minor=int(self.price * 100),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            from_quantity=self.from_quantity,
            per=self.per,
            lead_time_days=self.lead_time_days,
        )


class VendorShape(FileShape):
    """A firm that parts are bought from, or that does work, under `vendors:`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "bearing-trade", "name": "Bearing Trade Ltd"}]}
    )

    code: Code = Field(
        description="Its code; that of a vendor under `people:` where it does work.",
        examples=["bearing-trade"],
    )
    name: Name = Field(description="What people call it.", examples=["Bearing Trade Ltd"])
    email: str | None = Field(
        default=None, max_length=200, description="For orders.", examples=["orders@trade.example"]
    )
    lead_time_days: Days = Field(default=0, description="Days until it delivers.", examples=[4])
    over_delivery_percent: int = Field(
        default=0,
        ge=0,
        le=100,
        description="How much more than ordered is taken without asking, in per cent.",
        examples=[5],
    )
    prices: tuple[PriceShape, ...] = Field(
        default=(),
        description="What it has agreed on.",
        examples=[[{"part": "BRG-6309", "price": "38.90", "valid_from": "2026-01-01"}]],
    )

    def definition(self) -> VendorDefinition:
        """As the program has it."""
        return VendorDefinition(
            self.code,
            self.name,
            self.email,
            self.lead_time_days,
            self.over_delivery_percent,
            tuple(one.definition() for one in self.prices),
        )


class ContractShape(FileShape):
    """A service contract with a vendor, under `contracts:`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "SC-2026-014",
                    "name": "Compressor service",
                    "vendor": "airtech",
                    "valid_from": "2026-01-01",
                    "valid_to": "2026-12-31",
                }
            ]
        }
    )

    code: Code = Field(description="Its code, unique among contracts.", examples=["SC-2026-014"])
    name: Name = Field(description="What it is about.", examples=["Compressor service"])
    vendor: Code = Field(description="Code of the vendor.", examples=["airtech"])
    valid_from: date = Field(description="First day of its term.", examples=["2026-01-01"])
    valid_to: date = Field(description="Last day of its term.", examples=["2026-12-31"])
    value: Amount | None = Field(
        default=None,
        description="What may be called off in all; left out: no bound.",
        examples=["12000"],
    )
    hours: Annotated[Decimal, Field(ge=0, le=10**5, decimal_places=2)] | None = Field(
        default=None, description="Hours that may be called off in all.", examples=["80"]
    )
    rate_per_hour: Amount = Field(
        default=Decimal(0), description="Cost of an hour by it.", examples=["92.00"]
    )
    response_minutes: int | None = Field(
        default=None, gt=0, description="Within how long somebody comes.", examples=[240]
    )
    classes: tuple[Code, ...] = Field(
        default=(),
        description="Codes of asset classes that it is for; with no `assets` either: every asset.",
        examples=[["screw_compressor"]],
    )
    assets: tuple[AssetTag, ...] = Field(
        default=(), description="Tags of single assets that it is for.", examples=[["C-201"]]
    )
    terms: str = Field(
        default="", max_length=10_000, description="What else was agreed.", examples=["Net 30 days"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError("it ends before it begins | Correct one of the two days")
        return self

    def definition(self) -> ContractDefinition:
        """As the program has it."""
        return ContractDefinition(
            code=self.code,
            name=self.name,
            vendor=self.vendor,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            value_minor=None if self.value is None else int(self.value * 100),
            minutes=None if self.hours is None else round(self.hours * 60),
            rate_minor_per_hour=int(self.rate_per_hour * 100),
            response_minutes=self.response_minutes,
            classes=self.classes,
            assets=self.assets,
            terms=self.terms,
        )
