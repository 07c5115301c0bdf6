"""Parts, stock and reservations as the API shows and takes them. Quantities are decimal texts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.bodies.page import FromDomain, PageQuery
from maintenance.materials.ledger import Place
from maintenance.materials.part import Strength

Amount = Annotated[int, Field(ge=0, le=10**13, description="Minor units (cents).")]
Moved = Annotated[
    Decimal, Field(gt=0, le=10**9, decimal_places=3, description="In the part's unit.")
]


def example(**values: JsonValue) -> ConfigDict:
    """A body that takes these keys alone, with an example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [dict(values)]})


class PartBody(FromDomain):
    """A part with what lies of it in all storerooms."""

    code: str = Field(examples=["BRG-6309"])
    name: str
    unit: str = Field(description="What quantities count; 1 for pieces.")
    classes: list[str]
    assets: list[str]
    manufacturer_numbers: list[dict[str, str]]
    alternatives: list[str]
    lead_time_days: int
    standard_cost_minor: int
    kept_in: str = Field(description="`files` or `database`: where it is changed.")
    version: int = Field(description="Counts its changes; the ETag of the part.")
    retired_at: datetime | None
    on_hand: Decimal
    committed: Decimal = Field(description="Held for orders.")
    available: Decimal
    value_minor: int
    low: bool = Field(description="Some storeroom is at its reorder point or minimum.")


class StockBody(FromDomain):
    """A part in one storeroom."""

    storeroom: str
    storeroom_name: str
    site: str
    home_bin: str
    minimum: Decimal | None
    reorder_point: Decimal | None
    maximum: Decimal | None
    on_hand: Decimal
    committed: Decimal
    available: Decimal
    value_minor: int
    position: int = Field(description="Number of the newest entry; a count says which it saw.")
    waiting: Decimal = Field(description="What open reservations lack.")
    on_order: Decimal
    bins: list[dict[str, str]]


class LedgerBody(FromDomain):
    """An entry of the stock ledger; it never changes."""

    id: int
    storeroom: str
    bin: str
    position: int
    kind: str
    quantity: Decimal
    value_minor: int
    on_hand_after: Decimal
    value_after_minor: int
    work_order: str | None
    returns_id: int | None
    reverses_id: int | None
    permit: str | None = Field(description="Who let the stock fall below nothing, and why.")
    reason: str
    actor: str
    at: datetime
    reversed: bool


class ReservationBody(FromDomain):
    """What an order wants of a part."""

    id: int
    work_order: str
    part: str
    part_name: str
    unit: str
    storeroom: str
    bin: str
    strength: Strength
    quantity: Decimal
    committed: Decimal = Field(description="Held for sure.")
    issued: Decimal
    lacking: Decimal
    state: str
    expires_at: datetime | None
    reason: str
    made_by: str
    made_at: datetime


class IssuedBody(FromDomain):
    """Parts that went out to an order, at the value that was frozen then."""

    id: int
    part: str
    part_name: str
    unit: str
    storeroom: str
    bin: str
    issued: Decimal
    value_minor: int
    actor: str
    at: datetime
    still_out: Decimal


class StoreroomBody(FromDomain):
    """A storeroom."""

    code: str = Field(examples=["MAIN"])
    name: str
    site: str
    bins: list[str]
    negative_stock: str
    kept_in: str
    version: int


class PartDetail(PartBody):
    """A part with its storerooms and those who wait for it."""

    stock: list[StockBody]
    reservations: list[ReservationBody]


class OrderPartsBody(BaseModel):
    """What an order has reserved and taken."""

    reservations: list[ReservationBody]
    issued: list[IssuedBody]


class PlaceBody(BaseModel):
    """A part in a storeroom; without a bin where it belongs, or wherever it lies."""

    part: str = Field(min_length=1)
    storeroom: str = Field(min_length=1)
    bin: str | None = None

    def place(self) -> Place:
        """As the program has it."""
        return Place(self.part, self.storeroom, self.bin)


class ReceiptBody(PlaceBody):
    """Parts that come in without a purchase order."""

    model_config = example(part="BRG-6309", storeroom="MAIN", quantity="2", value_minor=8500)

    quantity: Moved
    value_minor: Amount = Field(description="What all of them cost.")
    reason: str = Field(default="", max_length=2000)


class IssueBody(PlaceBody):
    """Parts for an order."""

    model_config = example(work_order="WO-000001", part="BRG-6309", storeroom="MAIN", quantity="1")

    work_order: str
    quantity: Moved
    reason: str = Field(default="", max_length=2000)
    permit_reason: str | None = Field(
        default=None,
        max_length=2000,
        description="Why more may be taken than the books say is there, where the storeroom and the "
        "caller's role allow it.",
    )


class ReturnBody(BaseModel):
    """What an order did not use."""

    model_config = example(issue_id=17, quantity="1")

    issue_id: int = Field(ge=1, description="The ledger's entry by which it went out.")
    quantity: Moved
    bin: str | None = Field(default=None, description="Left out: where it came from.")
    reason: str = Field(default="", max_length=2000, description="Needed for a closed order.")


class TransferBody(PlaceBody):
    """Parts that go to another bin or storeroom."""

    model_config = example(part="BRG-6309", storeroom="MAIN", to_storeroom="LINE-3", quantity="1")

    to_storeroom: str
    to_bin: str | None = None
    quantity: Moved
    reason: str = Field(default="", max_length=2000)


class AdjustmentBody(PlaceBody):
    """Books that are put right by a signed quantity."""

    model_config = example(part="BRG-6309", storeroom="MAIN", quantity="-1", reason="rusted")

    quantity: Decimal = Field(decimal_places=3, description="Negative: less.")
    reason: str = Field(min_length=1, max_length=2000)


class CountBody(PlaceBody):
    """What somebody counted in a bin."""

    model_config = example(
        part="BRG-6309", storeroom="MAIN", bin="A-01", counted="3", position=12, reason="year end"
    )

    counted: Decimal = Field(ge=0, le=10**9, decimal_places=3)
    position: int | None = Field(
        default=None,
        ge=0,
        description="The newest entry when it was counted; what moved later stays as booked.",
    )
    reason: str = Field(min_length=1, max_length=2000)


class CountedBody(BaseModel):
    """What a count found, and the entry that put the books right; null: they were."""

    expected: Decimal
    counted: Decimal
    entry_id: int | None


class ReasonBody(BaseModel):
    """Why."""

    model_config = example(reason="booked twice")

    reason: str = Field(min_length=1, max_length=2000)


class EntriesBody(BaseModel):
    """The entries of the ledger that were made."""

    entries: list[int]


class NewReservationBody(PlaceBody):
    """What an order is to have."""

    model_config = example(part="BRG-6309", storeroom="MAIN", quantity="2")

    quantity: Moved
    strength: Strength = Strength.HARD
    wait: bool = Field(
        default=False,
        description="Hold what there is and wait for the rest; false: all or nothing.",
    )
    expires_at: datetime | None = None
    reason: str = Field(default="", max_length=2000)


class PartQuery(PageQuery):
    """Filters of the list of parts; all that are given have to fit."""

    q: Annotated[str | None, Field(max_length=100, description="In code, name or numbers.")] = None
    asset_class: Annotated[str | None, Field(description="Code of a class that it fits.")] = None
    asset: Annotated[str | None, Field(description="Tag of an asset that it fits.")] = None
    storeroom: Annotated[str | None, Field(description="Quantities of this one alone.")] = None
    low: Annotated[bool, Field(description="Only what is at its reorder point.")] = False


class LedgerQuery(PageQuery):
    """Which page of the ledger."""

    storeroom: Annotated[str | None, Field(description="Code of a storeroom.")] = None


class CsvBody(BaseModel):
    """Parts as CSV text."""

    model_config = example(csv="code,name,storeroom,bin\nBRG-6309,Bearing 6309,MAIN,A-01\n")

    csv: str = Field(max_length=5_000_000, description="With a header; `;` joins lists.")
    dry_run: bool = Field(default=True, description="Only say what would happen.")


class ImportedPartBody(FromDomain):
    """What becomes of a part of the file."""

    line: int
    code: str
    outcome: str = Field(description="added, changed, unchanged or refused")
    problem: str


class ImportBody(BaseModel):
    """What was imported, or would be; where one is refused, nothing is."""

    applied: bool
    parts: list[ImportedPartBody]
