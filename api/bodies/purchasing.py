"""Requisitions, purchases, contracts and external work as the API shows and takes them."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from api.bodies.page import FromDomain, PageQuery
from api.bodies.stock import Amount, Moved, example


class RequisitionBody(FromDomain):
    """What was asked for, why, and what was decided."""

    number: str = Field(examples=["RQ-000001"])
    part: str
    part_name: str
    unit: str
    storeroom: str
    quantity: Decimal
    cause: str = Field(description="`reorder`, `order` or `person`")
    state: str
    version: int
    needed_by: date | None
    estimate_minor: int | None
    reason: str
    work_order: str | None
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str
    purchase_order: str | None


class NewRequisitionBody(BaseModel):
    """A part that somebody asks for."""

    model_config = example(part="SEAL-40", storeroom="MAIN", quantity="1", reason="for the stop")

    part: str = Field(min_length=1)
    storeroom: str = Field(min_length=1)
    quantity: Moved
    needed_by: date | None = None
    reason: str = Field(min_length=1, max_length=2000)


class DecisionBody(BaseModel):
    """What is decided, and why."""

    model_config = example(reason="needed for the stop in June")

    reason: str = Field(default="", max_length=2000)
    vendor: str | None = Field(default=None, description="To order: who it is ordered from.")


class PurchaseBody(FromDomain):
    """A purchase order."""

    number: str = Field(examples=["PO-000001"])
    vendor: str
    vendor_name: str
    storeroom: str
    state: str
    version: int
    created_by: str
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    reason: str
    lines: int
    amount_minor: int


class PurchaseLineBody(FromDomain):
    """A line of a purchase order."""

    id: int
    part: str
    part_name: str
    unit: str
    quantity: Decimal
    received: Decimal
    cancelled: Decimal
    outstanding: Decimal
    price_minor: int
    per: Decimal
    promised_on: date | None
    choice: str = Field(description="Why this vendor.")


class PurchaseReceiptBody(FromDomain):
    """A delivery of a line."""

    id: int
    line_id: int
    part: str
    quantity: Decimal
    amount_minor: int
    difference_minor: int = Field(description="What it cost more than was agreed.")
    delivery_note: str
    reason: str
    actor: str
    at: datetime
    reversed: bool


class PurchaseDetail(PurchaseBody):
    """A purchase order with its lines and what came of them."""

    order_lines: list[PurchaseLineBody]
    receipts: list[PurchaseReceiptBody]


class DeliveryBody(BaseModel):
    """What came of a line."""

    model_config = example(line_id=1, quantity="4", delivery_note="LS 4711")

    line_id: int = Field(ge=1)
    quantity: Moved
    amount_minor: Amount | None = Field(default=None, description="Left out: what was agreed.")
    bin: str | None = None
    delivery_note: str = Field(default="", max_length=200)
    accepted: str = Field(
        default="", max_length=2000, description="Why more, or a higher price, is taken."
    )


class ContractBody(FromDomain):
    """A service contract and what is left of it."""

    code: str = Field(examples=["SC-2026-014"])
    name: str
    vendor: str
    vendor_name: str
    valid_from: date
    valid_to: date
    value_minor: int | None
    minutes: int | None
    rate_minor_per_hour: int
    response_minutes: int | None
    classes: list[str]
    assets: list[str]
    terms: str
    kept_in: str
    version: int
    called_off_minor: int
    called_off_minutes: int
    left_minor: int | None
    left_minutes: int | None


class ExternalWorkBody(FromDomain):
    """Work of a vendor on an order."""

    id: int
    vendor: str
    contract: str | None
    description: str
    agreed_minor: int
    agreed_minutes: int
    state: str
    respond_by: datetime | None
    created_by: str
    created_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    accepted_minor: int


class NewWorkBody(BaseModel):
    """What a vendor is to do."""

    model_config = example(description="Balance the rotor", contract="SC-2026-014", minutes=120)

    description: str = Field(min_length=1, max_length=2000)
    vendor: str | None = Field(default=None, description="Without a contract.")
    contract: str | None = None
    amount_minor: Amount | None = Field(
        default=None, description="Left out: the minutes at the contract's rate."
    )
    minutes: int = Field(default=0, ge=0, le=10**6)


class AcceptanceBody(BaseModel):
    """What was done and is paid for."""

    model_config = example(amount_minor=18400, minutes=120)

    amount_minor: Amount
    minutes: int = Field(default=0, ge=0, le=10**6)
    last: bool = Field(default=True, description="Nothing more comes of this work.")
    reason: str = Field(default="", max_length=2000)


class EntryBody(BaseModel):
    """The entry that was made."""

    entry_id: int


class RequisitionQuery(PageQuery):
    """Filters of the list of requisitions and purchase orders."""

    state: list[str] = Field(default_factory=list, description="Any of these; may be repeated.")
