"""Parts and storerooms in plant files, and as the API and CSV files take them."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from ingest.point_file import Unit
from maintenance.materials.part import (
    ManufacturerNumber,
    NegativeStock,
    PartDefinition,
    Stocking,
    StoreroomDefinition,
)
from maintenance.register.file import AssetTag, Code, FileShape, Name

PartCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
"""Code of a part: letters, digits, `_`, `-` and `.`."""

BinCode = Annotated[str, Field(pattern=r"^[^\s;,]{1,40}$")]
"""Code of a bin, as it stands on the shelf."""

Quantity = Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=3)]
"""A quantity in the part's unit, exact to a thousandth."""

Amount = Annotated[Decimal, Field(ge=0, le=10**11, decimal_places=2)]
"""An amount of money in the plant's currency."""


class StoreroomShape(FileShape):
    """A place where parts are kept, under `storerooms:`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "MAIN", "name": "Main store", "site": "berlin"}]}
    )

    code: Code = Field(description="Its code, unique among storerooms.", examples=["MAIN"])
    name: Name = Field(description="What people call it.", examples=["Main store"])
    site: Code = Field(description="Code of its site.", examples=["berlin"])
    bins: tuple[BinCode, ...] = Field(
        default=("MAIN",), min_length=1, description="Its bins.", examples=[["A-01", "A-02"]]
    )
    negative_stock: NegativeStock = Field(
        default=NegativeStock.REFUSED,
        description="permitted: who has the permission may take out more than the books say is "
        "there, and says why; refused: nobody may.",
        examples=["permitted"],
    )

    def definition(self) -> StoreroomDefinition:
        """As the program has it."""
        return StoreroomDefinition(self.code, self.name, self.site, self.bins, self.negative_stock)


class StockingShape(FileShape):
    """How much of a part a storeroom wants."""

    storeroom: Code = Field(description="Code of the storeroom.", examples=["MAIN"])
    bin: BinCode = Field(
        default="MAIN", description="Where it belongs; a new bin is made.", examples=["A-01"]
    )
    minimum: Quantity | None = Field(
        default=None, description="Less than this is told.", examples=["1"]
    )
    reorder_point: Quantity | None = Field(
        default=None, description="At this much or less it is ordered.", examples=["2"]
    )
    maximum: Quantity | None = Field(
        default=None, description="It is ordered up to this.", examples=["6"]
    )

    opening: Quantity | None = Field(
        default=None,
        description="What lay there when the books were opened. Booked once, at the part's standard "
        "cost; later changes of it change nothing.",
        examples=["4"],
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        levels = (self.minimum, self.reorder_point, self.maximum)
        present = [level for level in levels if level is not None]
        if present != sorted(present):
            raise ValueError(
                "the levels are not in order | Give minimum <= reorder_point <= maximum"
            )
        if self.reorder_point is not None and self.maximum is None:
            raise ValueError("up to how much is ordered? | Give `maximum:` too")
        return self

    def definition(self) -> Stocking:
        """As the program has it."""
        return Stocking(
            self.storeroom,
            self.bin,
            self.minimum,
            self.maximum,
            self.reorder_point,
            self.opening,
        )


class ManufacturerNumberShape(FileShape):
    """What a manufacturer calls the part."""

    manufacturer: Name = Field(description="Who makes it.", examples=["SKF"])
    number: Name = Field(description="Its number there.", examples=["6309-2RS1/C3"])


class PartShape(FileShape):
    """A spare part or a material, under `parts:`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "BRG-6309", "name": "Bearing 6309", "standard_cost": "42.50"}]
        }
    )

    code: PartCode = Field(description="Its code, unique among parts.", examples=["BRG-6309"])
    name: Name = Field(description="What people call it.", examples=["Deep groove bearing 6309"])
    unit: Unit = Field(
        default="1", description="What quantities count; 1 for pieces.", examples=["l"]
    )
    classes: tuple[Code, ...] = Field(
        default=(),
        description="Codes of asset classes that it fits, every asset of them.",
        examples=[["centrifugal_pump"]],
    )
    assets: tuple[AssetTag, ...] = Field(
        default=(), description="Tags of single assets that it fits.", examples=[["P-101"]]
    )
    manufacturer_numbers: tuple[ManufacturerNumberShape, ...] = Field(
        default=(),
        description="What manufacturers call it.",
        examples=[[{"manufacturer": "SKF", "number": "6309-2RS1/C3"}]],
    )
    alternatives: tuple[PartCode, ...] = Field(
        default=(),
        description="Codes of parts that may be used in its place, the best first.",
        examples=[["BRG-6309-FAG"]],
    )
    lead_time_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        description="Days until it comes, where no agreement says another number.",
        examples=[5],
    )
    standard_cost: Amount = Field(
        default=Decimal(0),
        description="What one costs until a receipt says so.",
        examples=["42.50"],
    )
    stock: tuple[StockingShape, ...] = Field(
        default=(),
        description="Where it is kept, and how much of it.",
        examples=[[{"storeroom": "MAIN", "bin": "A-01", "reorder_point": "2", "maximum": "6"}]],
    )

    def definition(self) -> PartDefinition:
        """As the program has it."""
        return PartDefinition(
            code=self.code,
            name=self.name,
            unit=self.unit,
            classes=self.classes,
            assets=self.assets,
            manufacturer_numbers=tuple(
                ManufacturerNumber(one.manufacturer, one.number)
                for one in self.manufacturer_numbers
            ),
            alternatives=self.alternatives,
            lead_time_days=self.lead_time_days,
            standard_cost_minor=int(self.standard_cost * 100),
            stock=tuple(one.definition() for one in self.stock),
        )
